"""Tone curves at a skyline: no rim along the ridge, nothing changed elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from landscape_engine.bundles.codebook import CodeCycle
from landscape_engine.light import tone_curves
from landscape_engine.light.cycles import LightCycle
from landscape_engine.ops import masks, strips, warping
from landscape_engine.rendering import compositing
from landscape_engine.rendering.compositing import Drift
from landscape_engine.rendering.lighting import Light
from landscape_engine.scene import regions
from landscape_engine.scene.skyline import Skyline

GRID = 256
HEIGHT, WIDTH = 270, 480
IDENTITY = torch.tensor([1.0, 1, 1, 0, 0, 0, 1]).view(1, 7, 1, 1).expand(1, 7, GRID, GRID)
LEVEL = 1 / 127.5


def ridge(height: int, width: int) -> torch.Tensor:  # [1, 1, H, W] 1 in the sky
    y = torch.linspace(0, 1, height).view(-1, 1)
    x = torch.linspace(0, 1, width)
    return (y < 0.55 + 0.2 * (x - 0.5).abs() - 0.05 * (9 * x).sin()).float()[None, None]


def sky_gone_dark(sky: torch.Tensor) -> torch.Tensor:  # [1, 7, H, W]
    """Curves that darken the sky and leave the land."""
    curves = torch.tensor([1.0, 1, 1, 0, 0, 0, 1]).view(1, 7, 1, 1).repeat(1, 1, *sky.shape[2:])
    curves[:, 3:6] -= sky
    curves[:, 6:] -= 0.3 * sky
    return curves


@pytest.fixture
def sky() -> torch.Tensor:
    return ridge(HEIGHT, WIDTH)


@pytest.fixture
def mixed_curves() -> torch.Tensor:
    """The curves of that day as a predictor gives them: mixed along the ridge."""
    return masks.blur(sky_gone_dark(ridge(GRID, GRID)), 4)


def near_edge(sky: torch.Tensor, pixels: int) -> torch.Tensor:
    inside = sky > 0.5
    return (masks.depth(inside) + masks.depth(~inside)) <= pixels


def test_a_day_that_darkens_the_sky_leaves_no_rim_along_the_ridge(sky, mixed_curves):
    picture = torch.where(sky > 0, 0.7, -0.6).expand(1, 3, -1, -1)
    wanted = tone_curves.shade(picture.clone(), sky_gone_dark(sky))
    line = Skyline(sky, (GRID, GRID))

    def rim(curves: torch.Tensor) -> float:
        off = (tone_curves.shade(picture.clone(), curves) - wanted).abs().amax(1, keepdim=True)
        return float(off[near_edge(sky, 20)].max()) / LEVEL

    assert rim(warping.enlarge(mixed_curves, HEIGHT, WIDTH)) > 20, "it is there to be seen"
    assert rim(line.enlarge(line.part(mixed_curves), HEIGHT, WIDTH)) < 2


def test_the_picture_itself_stays_it_to_the_bit(sky):
    line = Skyline(sky, (GRID, GRID))
    shown = line.enlarge(line.part(IDENTITY), HEIGHT, WIDTH)
    assert torch.equal(shown, warping.enlarge(IDENTITY, HEIGHT, WIDTH))


def test_far_from_the_skyline_curves_are_enlarged_as_ever(sky):
    line = Skyline(sky, (GRID, GRID))
    curves = torch.rand(1, 7, GRID, GRID, generator=torch.Generator().manual_seed(1))
    shown = line.enlarge(line.part(curves), HEIGHT, WIDTH)
    far = ~near_edge(sky, 40)
    assert 0.2 < far.float().mean() < 0.9
    differs = (shown - warping.enlarge(curves, HEIGHT, WIDTH)).abs().amax(1, keepdim=True)
    assert differs[far].max() < 1e-6


@pytest.mark.parametrize("size", [(HEIGHT, WIDTH), (GRID, GRID), (90, 40)])
def test_strips_are_parts_of_the_whole_and_the_curves_are_left_as_they_were(
    sky, mixed_curves, size
):
    line = Skyline(sky, (GRID, GRID))
    curves = line.part(mixed_curves)
    before = curves.clone()
    whole = line.enlarge(curves, *size)
    for first in range(0, size[0], 33):
        rows = slice(first, min(first + 33, size[0]))
        part = line.enlarge(curves, *size, rows)
        assert torch.allclose(part, whole[:, :, rows], atol=1e-6)
    assert torch.equal(curves, before)


def test_a_wide_soft_border_is_no_skyline():
    fog = torch.linspace(1, 0, HEIGHT).view(1, 1, -1, 1).expand(1, 1, -1, WIDTH)
    assert not Skyline(fog, (GRID, GRID)).exists


def region_of(mask: torch.Tensor, **fields) -> regions.Region:
    made = regions.region_of(mask[0, 0].numpy(), (GRID, GRID), "cloud", mask.device)
    return replace(made, **fields)


def test_skies_alone_have_a_skyline_and_go_by_their_share_where_it_is_known(sky):
    assert Skyline.of([region_of(sky, kind="water")]) is None
    assert Skyline.of([region_of(torch.ones_like(sky), kind="sky")]) is None
    drawn = Skyline.of([region_of(sky, kind="sky")])
    assert drawn is not None and drawn.band.first < 0.6 * GRID < drawn.band.last
    higher = ridge(2 * HEIGHT, WIDTH)[:, :, HEIGHT:]
    known = Skyline.of([region_of(sky, kind="sky", share=higher)])
    assert known is not None and known.band.last < 0.5 * GRID


def test_the_papers_maps_know_no_skyline(sky, mixed_curves):
    line = Skyline(sky, (GRID, GRID))
    picture = torch.rand(1, 3, HEIGHT, WIDTH) * 2 - 1
    absolute = CodeCycle.even(torch.zeros(2, 1))
    predicted = mixed_curves[:, :6]
    light = Light(LightCycle(absolute, lambda _, code: predicted), picture, line)
    color_map = light.keyed(0.3, lambda make, k: lambda: make(k))()
    shown = light.recolor(picture.clone(), Drift.of(()), color_map, 0.3, compositing.never)
    assert torch.equal(shown, compositing.recolor(picture, predicted))


def test_a_relative_day_is_recolored_strip_by_strip_along_it(sky, mixed_curves, monkeypatch):
    line = Skyline(sky, (GRID, GRID))
    picture = torch.rand(1, 3, HEIGHT, WIDTH) * 2 - 1
    day = CodeCycle(torch.zeros(2, 1), (0.0, 0.5), relative=True)
    light = Light(LightCycle(day, lambda _, code: mixed_curves), picture, line)
    monkeypatch.setitem(strips.STRIP_PIXELS, "cpu", 37 * WIDTH)
    color_map = light.keyed(0.3, lambda make, k: lambda: make(k))()
    moved = picture.clone()
    light.prepare(moved)
    shown = light.recolor(moved, Drift.of(()), color_map, 0.3, compositing.never)
    wanted = tone_curves.shade(picture, line.enlarge(line.part(mixed_curves), HEIGHT, WIDTH))
    assert torch.allclose(shown, wanted, atol=1e-5)
