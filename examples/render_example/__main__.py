"""Render the example landscape that ships in the package: clouds, snow, a lake and a boat.

Everything is procedural and seeded, so the picture is ours and can be made again:

    python examples/render_example --out landscape_engine/data/example.jpg

Units are metres, the camera looks along +y, z is up. The clouds are marched through a noise volume
in numpy and become the world's picture; rivers carve the mountains; trees, rocks, reeds and the
boat are meshes; Cycles does the light and the water. `width` sets the detail of everything, so that
a tiny picture takes seconds. `--masks tests/masks` also writes what is sky, water and thin.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import bpy
from masks import write_masks
from PIL import Image
from scene import build_scene


def main() -> None:
    """Render, and save with Pillow, which writes nothing but the pixels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the picture to write")
    parser.add_argument("--width", type=int, default=1280, help="pixels")
    parser.add_argument("--height", type=int, default=720, help="pixels")
    parser.add_argument("--samples", type=int, default=12, help="light paths per pixel")
    parser.add_argument("--masks", type=Path, help="a folder for masks of regions, thin things")
    options = parser.parse_args()
    scene = build_scene(options.width, options.height, options.samples)
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "render.png")
        bpy.ops.render.render(write_still=True)
        picture = Image.open(scene.render.filepath).convert("RGB")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    picture.save(options.out, quality=90)
    if options.masks:
        write_masks(scene, options.masks, options.out.stem)


if __name__ == "__main__":
    main()
