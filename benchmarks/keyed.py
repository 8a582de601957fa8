"""PSNR of the `keyed` appearance against `per-frame`, over pictures and codes."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

import landscape_engine as le
from landscape_engine import AppearanceSettings, ClipSettings, LoopSettings, MotionSettings

POSITIONS = (0.1, 0.3, 0.5, 0.7, 0.9)
FRAMES = 60


def psnr(one: list[torch.Tensor], other: list[torch.Tensor]) -> float:
    """Of 8-bit frames, over the whole clip."""
    errors = [float((a - b).mul(127.5).square().mean()) for a, b in zip(one, other, strict=True)]
    return 10 * float(torch.log10(torch.tensor(255.0**2 * len(errors) / max(sum(errors), 1e-9))))


def main() -> None:
    animator = le.load_animator()
    pictures = sys.argv[1:] or [str(Path(le.__file__).parent / "data" / "example.jpg")]
    found = []
    for picture in pictures:
        image = le.resize(le.load_image(picture)[:, :3], 640, 360)
        landscape, clip = animator.look_at(image), ClipSettings(FRAMES)
        motion = animator.move(landscape, MotionSettings(code="0.3"))
        for position in POSITIONS:
            clips = []
            for kind in ("keyed", "per-frame"):
                appearance = AppearanceSettings(kind=kind, code=str(position), anchor=False)
                light = animator.light(landscape, appearance, clip)
                frames = animator.render(
                    landscape, motion, light, LoopSettings(frames=FRAMES), clip
                )
                clips.append([f.cpu() for f in frames])
            found.append(psnr(*clips))
            print(f"{Path(picture).name:32} light {position}: {found[-1]:5.1f} dB")
    print(f"mean {sum(found) / len(found):.1f} dB, least {min(found):.1f} dB")


if __name__ == "__main__":
    main()
