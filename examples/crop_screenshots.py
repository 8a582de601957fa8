"""The README's pictures of Blender, cut from what the window tests have kept.

LANDSCAPE_SCREENSHOTS=shots BLENDER="<command>" pytest tests/window/test_four_steps.py
python examples/crop_screenshots.py shots
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).resolve().parents[1] / "docs"
STEPS = {  # the README's four steps, by the names of the tests' screenshots
    "blender-1-picture": "step_1_picture",
    "blender-2-arrows": "step_2_arrows",
    "blender-3-animate": "step_3_animate",
    "blender-4-texture": "step_4_texture",
}
VIEW = (0, 28, 1052, 720)  # the 3D view of a window of 1280×800 pixels: left, top, right, bottom
WIDTH_PX = 800


def main() -> None:
    """Cut, shrink and save."""
    folder = Path(sys.argv[1])
    for name, shot in STEPS.items():
        with Image.open(folder / f"{shot}.png") as opened:
            view = opened.convert("RGB").crop(VIEW)
        view.thumbnail((WIDTH_PX, WIDTH_PX), Image.Resampling.LANCZOS)
        view.save(DOCS / f"{name}.jpg", quality=88)
        print(DOCS / f"{name}.jpg")


if __name__ == "__main__":
    main()
