"""Peak memory: 100 against 2,000 frames at 640×360, 1920×1080, and a 7680×4320 picture."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

PROGRAM = """
import json, resource, sys
from landscape_engine.shell.cli import main
code = main(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps(peak * (1 if sys.platform == "darwin" else 1024)))
raise SystemExit(code)
"""


def peak_bytes(*arguments: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "animate", *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    import landscape_engine

    example = str(Path(landscape_engine.__file__).parent / "data" / "example.jpg")
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "clip.mp4")
        peaks = {}
        for frames in (100, 2000):
            size = ["--size", "640x360", "--frames", str(frames)]
            peaks[frames] = peak_bytes(example, "--out", out, *size)
            print(f"{frames:5} frames at 640x360: {peaks[frames] / 2**20:7.0f} MiB")
        print(f"ratio: {peaks[2000] / peaks[100]:.3f}")
        size = ["--size", "1920x1080", "--frames", "60"]
        peak = peak_bytes(example, "--out", out, *size)
        print(f"   60 frames at 1920x1080: {peak / 2**30:.2f} GiB")
        huge = Path(folder) / "huge.jpg"
        row = np.linspace(0, 255, 7680).astype(np.uint8)
        pixels = np.repeat(np.repeat(row[None, :, None], 4320, 0), 3, 2)
        Image.fromarray(pixels).save(huge)
        peak = peak_bytes(str(huge), "--out", str(Path(folder) / "huge"), "--frames", "4")
        print(f"    4 frames at 7680x4320: {peak / 2**30:.2f} GiB")


if __name__ == "__main__":
    main()
