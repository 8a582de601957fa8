"""What is sky, water and thin in the picture: the masks that `tests/masks` keeps."""

from __future__ import annotations

import tempfile
from pathlib import Path

import bpy
import numpy as np
from nodes import Nodes
from PIL import Image

WIDTH_PX = 480
THIN = ("spar", "cover", "reeds", "cattail", "head", "grass", "needles")
NOT_COUNTED, WATER, SKY = 64, 128, 255
EDGE_PX = 2


def write_masks(scene: bpy.types.Scene, folder: Path, name: str) -> None:
    """Write the regions' mask and that of thin things; the scene's materials are spent after it."""
    covered = coverage(scene)
    thin, water, sky = np.moveaxis(covered, -1, 0)
    mask = np.full(thin.shape, NOT_COUNTED, np.uint8)
    for value, share, enough in (
        (0, 1 - water - sky, 0.94),
        (WATER, water, 0.985),
        (SKY, sky, 0.985),
    ):
        mask[box(share, EDGE_PX) > enough] = value
    # Thin is what has air or water around it: not the inside of a tree or of a meadow.
    lines = (thin > 0.12) & (box(water + sky, 2) > 0.4)
    for path, pixels in ((folder, mask), (folder / "thin", np.where(lines, 255, 0))):
        path.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(path / f"{name}.png")


def coverage(scene: bpy.types.Scene) -> np.ndarray:
    """The shares [rows, columns, 3] of each pixel that are thin things, water and sky."""
    for made in bpy.data.materials:
        color = (made.name in THIN, made.name == "water", 0, 1)
        n = Nodes(made)
        n.finish(n.add("Emission", Color=tuple(map(float, color))))
    n = Nodes(scene.world)
    n.finish(n.add("Background", Color=(0.0, 0.0, 1.0, 1.0)))
    render = scene.render
    render.resolution_y = round(render.resolution_y * WIDTH_PX / render.resolution_x)
    render.resolution_x = WIDTH_PX
    scene.cycles.samples, scene.cycles.use_denoising = 24, False
    scene.view_settings.view_transform, scene.view_settings.look = "Raw", "None"
    scene.view_settings.exposure = 0
    with tempfile.TemporaryDirectory() as folder:
        render.filepath = str(Path(folder) / "coverage.png")
        bpy.ops.render.render(write_still=True)
        return np.asarray(Image.open(render.filepath).convert("RGB")) / 255


def box(share: np.ndarray, reach: int) -> np.ndarray:
    """The mean over a square around each pixel."""
    padded = np.pad(share, reach, mode="edge")
    side = 2 * reach + 1
    rows, columns = share.shape
    shifts = np.ndindex(side, side)
    return sum(padded[j : j + rows, i : i + columns] for j, i in shifts) / side**2
