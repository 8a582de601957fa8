"""The paper's cinemagraph with our defaults: 640×360, 1,010 frames, MP4, and where the time goes.

The authors' script asks a network of the paper's width for each of 199 motion frames and 1,010
appearance frames; on one machine with two CPU cores it took 676 s. Machines differ, so the ratio
printed is that to the same passes of networks of that width, timed in the same run. A stage's floor
is what its bare operations cost in that run: nothing but the tensor kernels or the encoder, one
after the other.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOTION_FRAMES = 199
FRAMES = 1010
WIDTH, HEIGHT = 640, 360


def run_job(folder: Path, picture: str, *extra: str) -> dict:
    command = [sys.executable, "-m", "landscape_engine", "animate", picture, "--json"]
    command += ["--frames", str(FRAMES), "--size", f"{WIDTH}x{HEIGHT}"]
    command += ["--out", str(folder / "job.mp4"), *extra]
    started = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    report = json.loads(done.stdout.splitlines()[-1])
    report["seconds"]["whole process"] = time.perf_counter() - started
    return report


def measure(call, times: int = 20) -> float:
    """Milliseconds of one call."""
    call()
    started = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - started) / times * 1000


def paper_networks() -> float:
    """Seconds that the networks of the paper's width take for the frames of the authors' script."""
    import torch

    from landscape_engine.networks.appearance import AppearancePredictor
    from landscape_engine.networks.motion import MotionPredictor

    small, code = torch.rand(1, 3, 256, 256), torch.zeros(1, 8)
    with torch.inference_mode():
        motion, appearance = MotionPredictor().eval(), AppearancePredictor().eval()
        by_motion = measure(lambda: motion(small, code), 5)
        by_appearance = measure(lambda: appearance(small, code), 5)
    return (MOTION_FRAMES * by_motion + FRAMES * by_appearance) / 1000


def floors() -> dict[str, float]:
    """Milliseconds per frame of the bare operations of each stage."""
    import torch
    import torch.nn.functional as F

    from landscape_engine import load_animator, sequence
    from landscape_engine.settings import OutputSettings

    image = torch.rand(1, 3, HEIGHT, WIDTH) * 2 - 1
    field = torch.rand(1, 2, 256, 256) * 0.02
    grid = F.interpolate(field, (HEIGHT, WIDTH), mode="bilinear", align_corners=True)
    grid = grid.permute(0, 2, 3, 1)
    color_map = torch.rand(1, 6, 256, 256)
    enlarged = F.interpolate(color_map, (HEIGHT, WIDTH), mode="bilinear", align_corners=True)
    with torch.inference_mode():
        enlarge = measure(
            lambda: F.interpolate(field, (HEIGHT, WIDTH), mode="bilinear", align_corners=True)
        )
        warp = measure(
            lambda: F.grid_sample(image, grid, padding_mode="reflection", align_corners=True)
        )
        colors = measure(
            lambda: (
                F.interpolate(color_map, (HEIGHT, WIDTH), mode="bilinear", align_corners=True),
                torch.tanh(enlarged[:, :3] * image + enlarged[:, 3:]),
            )
        )
        animator = load_animator(device="cpu")
        small, code = torch.rand(1, 3, 256, 256), torch.zeros(1, 8)
        network = measure(lambda: animator.bundle.appearance_predictor(small, code), 5)
    with tempfile.TemporaryDirectory() as folder:
        stills = [image] * 200
        started = time.perf_counter()
        sequence.write_sequence(iter(stills), Path(folder) / "a.mp4", OutputSettings())
        encode = (time.perf_counter() - started) / len(stills) * 1000
    return {
        "warp (two layers)": 2 * (enlarge + warp),
        "color": colors,
        "encode": encode,
        "one network pass": network,
    }


def main() -> None:
    picture = sys.argv[1] if len(sys.argv) > 1 else None
    if picture is None:
        import landscape_engine

        picture = str(Path(landscape_engine.__file__).parent / "data" / "example.jpg")
    with tempfile.TemporaryDirectory() as folder:
        report = run_job(Path(folder), picture, *sys.argv[2:])
    seconds = report["seconds"]
    whole = seconds["whole process"]
    print(f"{FRAMES} frames at {WIDTH}x{HEIGHT}, MP4, on {report['device']}: {whole:.1f} s")
    passes = paper_networks()
    print(
        f"the paper's networks alone, {MOTION_FRAMES} motion and {FRAMES} appearance passes: "
        f"{passes:.0f} s, {passes / whole:.1f} times as long"
    )
    print("\nstage                 seconds   (render: what the main thread waited for frames)")
    for stage, value in seconds.items():
        print(f"{stage:20} {value:8.2f}")
    bare = floors()
    print("\nfloor                ms per frame    for all frames, s")
    for name, value in bare.items():
        count = 1 if name == "one network pass" else FRAMES
        print(f"{name:20} {value:12.2f} {value * count / 1000:16.2f}")
    floor = sum(v for k, v in bare.items() if k != "one network pass") * FRAMES / 1000
    print(f"\nthe job over the sum of its floors: {whole / floor:.2f}")


if __name__ == "__main__":
    main()
