"""Draw docs/gallery, each control on the example picture: `python examples/make_gallery.py`."""

from __future__ import annotations

import json
import tempfile
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import landscape_engine as le
from landscape_engine import images
from landscape_engine.animator import Animator
from landscape_engine.landscape import Landscape
from landscape_engine.light import color_maps, cycles
from landscape_engine.light import looks as light_looks
from landscape_engine.light.tone_curves import shade
from landscape_engine.loops import looping
from landscape_engine.motion.fields import MotionField
from landscape_engine.ops import flow_colors, warping
from landscape_engine.rendering.compositing import render_frame
from landscape_engine.settings import (
    AppearanceSettings,
    ClipSettings,
    LoopSettings,
    MotionSettings,
    RegionSettings,
)

EXAMPLE = Path(le.__file__).parent / "data" / "example.jpg"
GALLERY = Path(__file__).parents[1] / "docs" / "gallery"
WIDTH, HEIGHT = 640, 360
TILE = (320, 180)
PERIOD = 100
WHITE = (255, 255, 255)


def main() -> None:
    """Draw them all."""
    GALLERY.mkdir(parents=True, exist_ok=True)
    animator = le.load_animator(device="cpu")
    lake = animator.look_at(le.resize(le.load_image(EXAMPLE)[:, :3], WIDTH, HEIGHT))
    for draw in (regions, codes, arrows, region_file, water, loops, days, patches, reference, keys):
        rows = draw(animator, lake)
        Image.fromarray(_sheet(rows)).save(GALLERY / f"{draw.__name__}.jpg", quality=88)
        print(GALLERY / f"{draw.__name__}.jpg")


def regions(animator: Animator, lake: Landscape) -> list[list[np.ndarray]]:
    """What was found to move: sky and water painted over the picture."""
    painted = images.to_uint8(lake.image).astype(np.float32) * 0.6
    for region in lake.regions():
        color = (90, 130, 255) if region.name == "sky" else (60, 230, 160)
        alpha = warping.enlarge(region.alpha, HEIGHT, WIDTH)[0, 0, :, :, None].numpy()
        painted = painted + 0.4 * alpha * np.array(color)
    return [[_tile(lake.image), _fit(painted.clip(0, 255).astype(np.uint8))]]


def codes(animator: Animator, lake: Landscape) -> list[list[np.ndarray]]:
    """Six codes of the codebook: their fields, and frame 40 of each."""
    motions = [animator.move(lake, MotionSettings(code=str(k / 5))) for k in range(6)]
    return [
        [_field(lake.image, m) for m in motions[:3]],
        [_field(lake.image, m) for m in motions[3:]],
        [_tile(_frame(lake.image, m, 40)) for m in motions[:3]],
    ]


def arrows(animator: Animator, lake: Landscape) -> list[list[np.ndarray]]:
    """One arrow, one up and away, and two that disagree within one sky."""
    drawn = [
        ("0.35,0.2,0.65,0.2",),
        ("0.45,0.25,0.6,0.08",),
        ("0.1,0.15,0.3,0.15", "0.9,0.15,0.7,0.15"),
    ]
    rows = []
    for mode in ("code", "field"):
        made = [animator.move(lake, MotionSettings(arrows=a, arrows_as=mode)) for a in drawn]
        rows.append([_arrows(_field(lake.image, m), a) for m, a in zip(made, drawn, strict=True)])
    return rows


def region_file(animator: Animator, lake: Landscape) -> list[list[np.ndarray]]:
    """A polygon of its own motion, and a still mask over a part of the sky."""
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "left.json"
        polygon = [[0, 0], [0.4, 0], [0.3, 0.35], [0, 0.35]]
        own.write_text(
            json.dumps({"version": 1, "polygon": polygon, "arrows": ["0.1,0.25,0.1,0.1"]})
        )
        mask = Path(folder) / "still.png"
        pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
        pixels[:, WIDTH // 2 :] = 255
        Image.fromarray(pixels).save(mask)
        settings = [
            RegionSettings(),
            RegionSettings(region=(str(own),)),
            RegionSettings(still_mask=str(mask)),
        ]
        tiles = []
        for where in settings:
            found = lake.regions(where)
            motion = animator.move(lake, MotionSettings(code="0.727"), regions=found)
            tiles.append(_field(lake.image, motion))
    return [tiles]


def water(animator: Animator, lake: Landscape) -> list[list[np.ndarray]]:
    """Water as predicted, as the mirrored sky, and with ripples (twice as large)."""
    settings = [
        MotionSettings(code="0.727"),
        MotionSettings(code="0.727", water="mirrored"),
        MotionSettings(code="0.727", water="still", ripple=4),
    ]
    motions = [animator.move(lake, s) for s in settings]
    fields = [_field(lake.image, m) for m in motions]
    crops = [_crop(_frame(lake.image, m, 30), 0.25, 0.62, 0.5) for m in motions]
    return [fields, crops]


def loops(animator: Animator, lake: Landscape) -> list[list[np.ndarray]]:
    """A ridge under a moving sky, midway through the loop: the input, before, after."""
    rows = []
    for code in ("0.1", "0.9"):
        settings = MotionSettings(code=code)
        plain = animator.move(lake, settings, regions=[])
        within = animator.move(lake, settings)
        frames = [
            lake.image,
            _frame(lake.image, plain, PERIOD // 2, LoopSettings(blend="plain")),
            _frame(lake.image, within, PERIOD // 2),
        ]
        rows.append([_crop(frame, 0.55, 0.05, 0.45) for frame in frames])
    return rows


def days(animator: Animator, lake: Landscape) -> list[list[np.ndarray]]:
    """Two days of the codebook, each at eight of its looks; the first is the picture's own."""
    rows, curves = [], color_maps.curves(lake)
    for position in ("0.532", "0.785"):
        day = AppearanceSettings(code=position, codes=8)
        looks = cycles.sequence(animator.bundle, day, 0, lake).split(1)
        with torch.inference_mode():
            lit = [render_frame(lake.picture, (), curves(c), transfer=shade) for c in looks]
        shown = [_tile(frame) for frame in lit]
        rows += [shown[:4], shown[4:]]
    return rows


def patches(animator: Animator, lake: Landscape) -> list[list[np.ndarray]]:
    """Colors asked for at two places: the light that was fitted to them, and what it left added."""
    asked = [
        ("0.5,0.12,0.05,#f2a65a", "0.5,0.8,0.05,#7a5a6a"),
        ("0.5,0.12,0.05,#3a4a78", "0.5,0.8,0.05,#1d2740"),
    ]
    rows = []
    for pair in asked:
        fit = animator.fit_light(lake, pair)
        tiles = (_lit(lake, fit.code), _corrected(lake, fit.code, pair))
        rows.append([_tile(lake.image), *(_patches(_tile(tile), pair) for tile in tiles)])
    return rows


def reference(animator: Animator, lake: Landscape) -> list[list[np.ndarray]]:
    """A picture in another light (made from the example); its look, and what it left added."""
    with torch.inference_mode():
        warm = lake.image * torch.tensor([0.8, 0.55, 0.4]).view(1, 3, 1, 1)
        warm = warm + torch.tensor([0.05, -0.15, -0.3]).view(1, 3, 1, 1)
    seen = animator.look_at(warm.flip(3))
    look = seen.own_look
    made = (_lit(lake, look), _corrected(lake, look, seen))
    return [[_tile(lake.image), _tile(seen.image)], [_tile(tile) for tile in made]]


def keys(animator: Animator, lake: Landscape) -> list[list[np.ndarray]]:
    """Two key frames in a clip of 60: the light from the input through them and back."""
    appearance = AppearanceSettings(keys=("20=0.2", "40=0.532"))
    motion, clip = animator.move(lake, MotionSettings(code="0.727")), ClipSettings(frames=60)
    light = animator.light(lake, appearance, clip)
    frames = animator.render(lake, motion, light, LoopSettings(frames=60), clip)
    shown = [_tile(frame) for n, frame in enumerate(frames) if n % 10 == 0]
    return [shown[:3], shown[3:]]


# --------------------------------------------------------------------------------------------------


def _frame(
    picture: Tensor,
    motion: MotionField,
    t: int,
    loop: LoopSettings = LoopSettings(),  # noqa: B008
) -> Tensor:
    with torch.inference_mode():
        return render_frame(picture, next(islice(looping.frames(motion, loop, PERIOD), t, None)))


def _lit(lake: Landscape, code: Tensor) -> Tensor:
    with torch.inference_mode():
        return render_frame(lake.picture, (), color_maps.transfer_maps(lake)(code))


def _corrected(lake: Landscape, code: Tensor, wanted: Landscape | tuple[str, ...]) -> Tensor:
    with torch.inference_mode():
        return render_frame(lake.picture, (), light_looks.corrected_map(lake, code, wanted))


def _field(picture: Tensor, motion: MotionField) -> np.ndarray:
    flow = warping.enlarge(motion.step, HEIGHT, WIDTH)
    flow = flow * warping.pixels_per_unit(HEIGHT, WIDTH)
    color = flow_colors.paint(flow, 4.0)
    return _tile(torch.lerp(picture, color, 0.75))


def _tile(picture: Tensor) -> np.ndarray:
    return _fit(images.to_uint8(picture))


def _fit(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize(TILE, Image.Resampling.LANCZOS))


def _crop(picture: Tensor, x: float, y: float, share: float) -> np.ndarray:
    left, top = int(x * WIDTH), int(y * HEIGHT)
    wide = int(share * WIDTH)
    high = min(int(wide * TILE[1] / TILE[0]), HEIGHT - top)
    return _fit(images.to_uint8(picture[:, :, top : top + high, left : left + wide]))


def _arrows(tile: np.ndarray, drawn: tuple[str, ...]) -> np.ndarray:
    import cv2

    tile = tile.copy()
    for arrow in drawn:
        x0, y0, x1, y1 = (float(v) for v in arrow.split(","))
        start, end = (int(x0 * TILE[0]), int(y0 * TILE[1])), (int(x1 * TILE[0]), int(y1 * TILE[1]))
        cv2.arrowedLine(tile, start, end, (0, 0, 0), 4, cv2.LINE_AA, tipLength=0.3)
        cv2.arrowedLine(tile, start, end, WHITE, 2, cv2.LINE_AA, tipLength=0.3)
    return tile


def _patches(tile: np.ndarray, drawn: tuple[str, ...]) -> np.ndarray:
    import cv2

    tile = tile.copy()
    for patch in drawn:
        x, y, radius, color = patch.split(",")
        center = (int(float(x) * TILE[0]), int(float(y) * TILE[1]))
        asked = tuple(int(color[k : k + 2], 16) for k in (1, 3, 5))
        cv2.circle(tile, (TILE[0] - 14, center[1]), 9, asked, -1, cv2.LINE_AA)
        cv2.circle(tile, (TILE[0] - 14, center[1]), 9, WHITE, 1, cv2.LINE_AA)
        cv2.circle(tile, center, int(float(radius) * TILE[0]), WHITE, 1, cv2.LINE_AA)
    return tile


def _sheet(rows: list[list[np.ndarray]], gap: int = 4) -> np.ndarray:
    columns = max(len(row) for row in rows)
    shape = (len(rows) * (TILE[1] + gap) - gap, columns * (TILE[0] + gap) - gap, 3)
    sheet = np.full(shape, 255, np.uint8)
    for i, row in enumerate(rows):
        for j, tile in enumerate(row):
            y, x = i * (TILE[1] + gap), j * (TILE[0] + gap)
            sheet[y : y + TILE[1], x : x + TILE[0]] = tile
    return sheet


if __name__ == "__main__":
    main()
