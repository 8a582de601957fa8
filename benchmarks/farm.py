"""What a farm costs: workers against the plain loop, and 10,000 sleeping plates on 200 workers.

python benchmarks/farm.py scaling [--plates 12] [--size 640x360] [--frames 60]
python benchmarks/farm.py simulate [--plates 10000] [--workers 200] [--sleep 5]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from landscape_engine import images
from landscape_engine.farm import batch, batch_report, clusters, manifests
from landscape_engine.farm.outcomes import End, Plan
from landscape_engine.farm.roots import Roots

PROCESSES = 8  # that the simulated workers share
PLAIN = """
import sys, time
from pathlib import Path
import torch
from landscape_engine.animator import load_animator
from landscape_engine.farm import manifests
from landscape_engine.farm.roots import Roots
from landscape_engine.jobs.animate import animate

torch.set_num_threads(1)
plates, out, job = map(Path, sys.argv[1:])
items = manifests.read(plates, Roots.named([plates], out), job)
animator = load_animator()
started = time.monotonic()
for item in items:
    animate(item.job, animator=animator)
print(time.monotonic() - started)
"""
CROWD = """
import asyncio, sys
from distributed import Worker
import landscape_engine.farm.ledger  # with torch, which a worker loads once
address, count, scratch = sys.argv[1], int(sys.argv[2]), sys.argv[3]

async def main():
    workers = [Worker(address, nthreads=1, dashboard=False, local_directory=f"{scratch}/{n}",
                      memory_limit=0) for n in range(count)]
    await asyncio.gather(*workers)
    await asyncio.gather(*(worker.finished() for worker in workers))

asyncio.run(main())
"""


class Quiet:
    """Hears how a batch goes, and says nothing."""

    def __init__(self) -> None:
        self.first: float | None = None

    def ended(self, end: End, done: int, of: int) -> None:
        """Note when the first item ended."""
        self.first = self.first or time.monotonic()

    def moved(self, name: str, frame: int, frames: int) -> None:
        """Frames are no matter here."""

    def noted(self, sentence: str) -> None:
        """Print it."""
        print(sentence, file=sys.stderr)


def cpu_s() -> float:
    """CPU seconds of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(words: list[object], env: dict[str, str]) -> tuple[float, float, str]:
    """Wall and CPU seconds of a process with all its children, and what it printed."""
    started, used = time.monotonic(), cpu_s()
    done = subprocess.run([*map(str, words)], check=True, capture_output=True, text=True, env=env)
    return time.monotonic() - started, cpu_s() - used, done.stdout


def scaling(options: argparse.Namespace) -> None:
    """The plain loop, then a batch by 1, 2 and 3 workers, each of one thread."""
    import landscape_engine

    example = Path(landscape_engine.__file__).parent / "data" / "example.jpg"
    env = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        plates = home / "plates"
        plates.mkdir()
        picture = images.load_image(example)[:, :3]
        for number in range(options.plates):
            images.save_image(picture.roll(7 * number, 3), plates / f"plate{number:02d}.jpg")
        job = home / "job.json"
        clip = {"frames": options.frames, "size": options.size}
        job.write_text(json.dumps({"version": 1, "clip": clip, "output": {"format": "mp4"}}))

        def plain() -> tuple[float, float, float]:
            words = [sys.executable, "-c", PLAIN, plates, home / "plain", job]
            _, used, said = measured(words, env)
            shutil.rmtree(home / "plain")
            return float(said), float(said), used

        def farmed(workers: int) -> tuple[float, float, float]:
            out = home / f"out{workers}"
            words = [sys.executable, "-m", "landscape_engine", "batch", plates, "--out", out]
            words += ["--job", job, "--workers", workers, "--threads", 1, "--json"]
            _, used, said = measured(words, env)
            report = json.loads(said.splitlines()[-1])
            assert report["counts"]["made"] == options.plates
            shutil.rmtree(out)
            own = sum(item["seconds"] for item in report["items"])
            return report["seconds"], own, used

        print("                     wall s  plates' own s   CPU s")
        loops = []
        for name, run in (
            ("plain loop", plain),
            ("batch, 1 worker", partial(farmed, 1)),
            ("plain loop again", plain),
            ("batch, 2 workers", partial(farmed, 2)),
            ("batch, 3 workers", partial(farmed, 3)),
        ):
            wall, own, used = run()
            loops.append((wall, own))
            print(f"{name:18} {wall:8.1f} {own:14.1f} {used:7.1f}", flush=True)
        base = (loops[0][0] + loops[2][0]) / 2
        print(f"a plate in the plain loop: {base / options.plates:.2f} s")
        print(f"1 worker / plain loop: {loops[1][1] / base:.3f} of plates alone")
        print(f"... and {loops[1][0] - loops[1][1]:.1f} s in all to start, hand out and end")
        print(f"2 workers: {base / loops[3][0]:.2f} times as fast; 3: {base / loops[4][0]:.2f}")


def sleeping(order: dict[str, Any], seconds: float) -> dict[str, Any]:
    """What a worker does with an item, but for the picture: it sleeps. Sent by value."""
    import time
    from pathlib import Path

    from landscape_engine.farm.ledger import Ledger, Record

    ledger, run = Ledger(Path(order["out"]), order["key"]), order["run"]
    said = {"name": order["name"], "worker": {"host": "", "process": 0, "loads": 0}}
    with ledger.held() as held:
        if not held:
            return {**said, "state": "busy"}
        record = ledger.finished("simulated")
        if record is not None:
            return {**said, "state": "found", "record": vars(record)}
        ledger.begin(run)
        time.sleep(seconds)
        record = Record("simulated", [], "", run, 1, 1, 1, 1, seconds, "none", [])
        ledger.finish(record)
        ledger.end(run)
    return {**said, "state": "made", "record": vars(record)}


@contextmanager
def crowd(workers: int, home: Path) -> Iterator[tuple[str, int]]:
    """A scheduler and workers in processes of their own: its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    words = [sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", str(port)]
    log = (home / "log").open("w")
    started = [subprocess.Popen([*words, "--no-dashboard"], stdout=log, stderr=log)]
    try:
        for number in range(PROCESSES):
            share = workers // PROCESSES + (number < workers % PROCESSES)
            here = [sys.executable, "-c", CROWD, address, str(share), str(home / f"w{number}")]
            started.append(subprocess.Popen(here, stdout=log, stderr=log))
        yield address, started[0].pid
    finally:
        for one in reversed(started):
            one.kill()
            one.wait()


def wait_for(connect: clusters.Connect, workers: int) -> None:
    """Wait until the scheduler is there, and all workers."""
    for _ in range(60):
        try:
            with connect() as client:
                client.wait_for_workers(workers, timeout=300)
            return
        except OSError:
            time.sleep(1)


def simulate(options: argparse.Namespace) -> None:
    """Sleeping plates: whether the manifest, the scheduler, the client or the ledger holds up."""
    import psutil

    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        plates = home / "plates"
        plates.mkdir()
        (plates / "lake.png").write_bytes(b"never read")
        manifest = plates / "plates.jsonl"
        lines = [
            json.dumps({"picture": "lake.png", "out": f"shot{n // 100:03d}/plate{n:05d}"})
            for n in range(options.plates)
        ]
        manifest.write_text("\n".join(lines))
        roots = Roots.named([plates], home / "out")
        started = time.monotonic()
        items = manifests.read(manifest, roots)
        print(f"reading the manifest of {len(items)} plates: {time.monotonic() - started:.1f} s")
        plan = Plan(items, roots)
        ideal = options.plates * options.sleep / options.workers
        with crowd(options.workers, home) as (address, scheduler):
            connect = partial(clusters.at, address, clusters.Certificates())
            wait_for(connect, options.workers)
            for name in ("all to be made", "all finished before"):
                own, others = psutil.Process().cpu_times(), psutil.Process(scheduler).cpu_times()
                heard = Quiet()
                begun = time.monotonic()
                done = batch.run(plan, connect, heard, partial(sleeping, seconds=options.sleep))
                now, then = psutil.Process().cpu_times(), psutil.Process(scheduler).cpu_times()
                assert done.problem is None, done.problem
                times = done.seconds / ideal
                states = {
                    state: sum(e.state == state for e in done.ends) for state in ("made", "found")
                }
                print(f"{name}: {done.seconds:.1f} s, {states}")
                print(f"  first end after {(heard.first or begun) - begun:.1f} s")
                if states["made"]:
                    print(f"  {times:.3f} times the {ideal:.1f} s that the sleep alone takes")
                print(
                    f"  {options.plates / done.seconds:.0f} plates a second; CPU of the scheduler "
                    f"{sum(then[:2]) - sum(others[:2]):.1f} s, of the client "
                    f"{sum(now[:2]) - sum(own[:2]):.1f} s",
                    flush=True,
                )
        started = time.monotonic()
        described = batch_report.describe(plan, done, manifest, address)
        report, page = batch_report.write(described, roots.out)
        print(
            f"writing the report: {time.monotonic() - started:.1f} s, "
            f"{report.stat().st_size / 1e6:.1f} and {page.stat().st_size / 1e6:.1f} MB"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parts = parser.add_subparsers(required=True)
    one = parts.add_parser("scaling")
    one.add_argument("--plates", type=int, default=12)
    one.add_argument("--size", default="640x360")
    one.add_argument("--frames", type=int, default=60)
    one.set_defaults(run=scaling)
    other = parts.add_parser("simulate")
    other.add_argument("--plates", type=int, default=10_000)
    other.add_argument("--workers", type=int, default=200)
    other.add_argument("--sleep", type=float, default=5.0)
    other.set_defaults(run=simulate)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
