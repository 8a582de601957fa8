"""Another checkout beside this one: the paper's job, the first frame and the preview, by turns.

`python benchmarks/two_checkouts.py CHECKOUT [--pairs N] [--only job|first|preview] [-- FLAG…]`. The
first frame is a command of one frame at 1920×1080, cold: all that is made once per picture. Each
run is a process of its own, with the engine of one checkout; theirs and ours take turns, so that
what else the machine does falls on both. A ratio is that of a pair, ours over theirs: above 1 ours
is slower. CPU time (user and system) is less disturbed by other programs than wall time, least with
OMP_NUM_THREADS=1 and OMP_WAIT_POLICY=PASSIVE: threads that wait for each other count as busy.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from paper_job import FRAMES, HEIGHT, WIDTH

OURS = Path(__file__).resolve().parent.parent
FIRST = "1920x1080"
STAGE = re.compile(r"^(?P<name>.+?)\s+(?P<seconds>\d+\.\d+)$", re.MULTILINE)


class Run(NamedTuple):
    """One process: its seconds by what was measured, and what it printed."""

    seconds: dict[str, float]
    printed: str


def run(checkout: Path, command: Sequence[str]) -> Run:
    """Run Python with a checkout's engine, in an empty folder."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *command], cwd=folder, env=environment, stdout=output, stderr=output
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        printed = output.read()
    if process.returncode:
        raise SystemExit(f"{checkout}: {' '.join(command)} failed\n{printed}")
    return Run({"wall": wall, "CPU": used.ru_utime + used.ru_stime}, printed)


def job(checkout: Path, flags: Sequence[str]) -> Run:
    """The paper's cinemagraph, by the command."""
    picture = str(checkout / "landscape_engine" / "data" / "example.jpg")
    command = ["-m", "landscape_engine", "animate", picture, "--frames", str(FRAMES), *flags]
    return run(checkout, [*command, "--size", f"{WIDTH}x{HEIGHT}", "--out", "job.mp4"])


def first(checkout: Path, flags: Sequence[str]) -> Run:
    """One frame of a large picture, by the command."""
    picture = str(checkout / "landscape_engine" / "data" / "example.jpg")
    command = ["-m", "landscape_engine", "animate", picture, "--frames", "1", *flags]
    return run(checkout, [*command, "--size", FIRST, "--out", "first.mp4"])


def preview(checkout: Path, flags: Sequence[str]) -> Run:
    """The stages of a preview, by the checkout's own benchmark of them."""
    done = run(checkout, [str(checkout / "benchmarks" / "preview.py"), *flags])
    stages = {match["name"]: float(match["seconds"]) for match in STAGE.finditer(done.printed)}
    return Run({**done.seconds, **stages}, done.printed)


WHAT = {"job": job, "first": first, "preview": preview}


def engine_of(checkout: Path) -> Path:
    """Where the engine lies that a checkout's processes import."""
    found = run(checkout, ["-c", "import landscape_engine; print(landscape_engine.__file__)"])
    return Path(found.printed.splitlines()[-1]).resolve()


def table(theirs: Sequence[Run], ours: Sequence[Run]) -> str:
    """Medians, and the median ratio with its quartiles, of what both measured; a line each."""
    lines = [f"{'seconds, medians':34} {'theirs':>8} {'ours':>8} {'ratio':>7}   its quartiles"]
    for name in [name for name in theirs[0].seconds if name in ours[0].seconds]:
        before, after = ([one.seconds[name] for one in runs] for runs in (theirs, ours))
        if not min(before):
            continue
        ratios = [ours / theirs for theirs, ours in zip(before, after, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
        medians = f"{statistics.median(before):8.2f} {statistics.median(after):8.2f}"
        lines.append(f"{name:34} {medians} {middle:7.3f}   {low:.3f} to {high:.3f}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path, help="the other checkout's folder")
    parser.add_argument("--pairs", type=int, default=7, help="runs of each (7), at least 2")
    parser.add_argument("--only", choices=WHAT, help="one of them alone")
    parser.add_argument("flags", nargs="*", help="after --: for each run of a command")
    options = parser.parse_args()
    other = options.checkout.resolve()
    if options.pairs < 2:
        parser.error("--pairs: expected 2 or more, for a spread")
    for checkout in (other, OURS):
        if checkout not in engine_of(checkout).parents:
            raise SystemExit(f"{checkout} holds no engine: another one is imported there")
    for what in [options.only] if options.only else WHAT:
        theirs: list[Run] = []
        ours: list[Run] = []
        for _ in range(options.pairs):
            for checkout, runs in ((other, theirs), (OURS, ours)):
                runs.append(WHAT[what](checkout, options.flags if what != "preview" else ()))
                print(f"{what}, {checkout.name}: {runs[-1].seconds['CPU']:.1f} s", file=sys.stderr)
        print(f"{what}, {options.pairs} pairs\n{table(theirs, ours)}\n", flush=True)


if __name__ == "__main__":
    main()
