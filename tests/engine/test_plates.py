"""What moves brings in more of its region, never land, and is as sharp as the picture was."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch

from landscape_engine.errors import SettingsError
from landscape_engine.loops import looping
from landscape_engine.loops.layers import Layers
from landscape_engine.motion import fields as motion_fields
from landscape_engine.motion.fields import MovingPart
from landscape_engine.ops import warping
from landscape_engine.rendering import plates
from landscape_engine.rendering.compositing import render_frame
from landscape_engine.scene import regions
from landscape_engine.scene.regions import Region
from landscape_engine.settings import LoopSettings
from tests.conftest import make_picture

SIZE = (96, 144)
GRID = (64, 64)


def region_of(mask: np.ndarray) -> Region:
    return regions.region_of(mask, GRID, "sky", torch.device("cpu"))


def cross() -> np.ndarray:
    """A region whose land is thin: a cross and a ring, as masts and hulls are."""
    mask = np.ones(SIZE, np.float32)
    mask[30:80, 60:64] = 0
    mask[50:54, 20:120] = 0
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    mask[abs(np.hypot(y - 40, x - 100) - 14) < 2] = 0
    return mask


def test_nothing_of_the_land_is_in_a_plate():
    mask = cross()
    region = region_of(mask)
    picture = torch.from_numpy(mask * 1.6 - 0.8).expand(1, 3, *SIZE).clone()  # land is dark
    plate = plates.fill(picture, region.alpha)
    assert plate.min() > 0.79
    kept = region.alpha[0, 0] >= plates.INSIDE
    picture = make_picture(*SIZE)
    plate = plates.fill(picture, region.alpha)
    assert torch.equal(plate[..., kept], picture[..., kept])
    for channel in range(3):
        assert plate[:, channel].min() >= picture[:, channel].min()
        assert plate[:, channel].max() <= picture[:, channel].max()


@pytest.mark.parametrize("sampling", ["bicubic", "bilinear"])
def test_no_crack_opens_where_two_edges_are_mirrored(sampling):
    mask = cross()
    region = region_of(mask)
    picture = torch.from_numpy(mask * 1.6 - 0.8).expand(1, 3, *SIZE).clone()
    small = torch.nn.functional.interpolate(picture, GRID, mode="area")
    step = torch.tensor([0.03, 0.017]).view(1, 2, 1, 1).expand(1, 2, *GRID).clone()
    motion = motion_fields.motion_of_parts([MovingPart(region, step)], small)
    wholly = region.alpha[0, 0] == 1
    for shown in islice(looping.frames(motion, LoopSettings(sampling=sampling), 24), 24):
        assert render_frame(picture, shown)[..., wholly].min() > 0.75


def test_close_to_an_edge_a_plate_is_the_region_mirrored():
    mask = np.zeros(SIZE, np.float32)
    mask[:48] = 1
    region = region_of(mask)
    rows = torch.linspace(-1, 1, SIZE[0]).view(1, 1, -1, 1).expand(1, 3, *SIZE).clone()
    plate = plates.fill(rows, region.alpha)
    inside = plates._inside(region.alpha)
    last = int(np.nonzero(inside[:, 0])[0][-1])
    step = float(rows[0, 0, 1, 0] - rows[0, 0, 0, 0])
    assert plate[0, 0, last + 1, 70] == pytest.approx(float(rows[0, 0, last - 1, 70]), abs=step)
    farther = plate[:, :, last + 1 :]
    assert farther.diff(dim=2).abs().max() < 0.1, "no edge"
    assert (farther[:, :, -8:] - plate[:, :, last : last + 1]).abs().max() < 10 * step


def test_a_plate_is_made_once_and_only_for_a_region():
    picture = make_picture(*SIZE)
    made = plates.Plates(picture)
    region, everything = region_of(cross()), region_of(np.ones(SIZE, np.float32))
    assert made.of(None) is picture
    assert made.of(region.alpha) is made.of(region.alpha)
    assert made.of(everything.alpha) is picture


def test_a_thread_of_a_region_has_a_plate_too():
    mask = np.zeros(SIZE, np.float32)
    mask[40:44] = 1
    picture = make_picture(*SIZE)
    plate = plates.fill(picture, region_of(mask).alpha)
    assert torch.isfinite(plate).all()
    seen = picture[:, :, 38:46].amin((2, 3)) - 1e-3, picture[:, :, 38:46].amax((2, 3)) + 1e-3
    assert (plate[:, :, 60:].amin((2, 3)) >= seen[0]).all()
    assert (plate[:, :, 60:].amax((2, 3)) <= seen[1]).all()


def detail(picture: torch.Tensor) -> float:
    return float(picture[..., 8:-8, 8:-8].diff(dim=3).abs().mean())


def test_bicubic_sampling_keeps_the_sharpness_that_bilinear_takes():
    generator = torch.Generator().manual_seed(0)
    picture = torch.rand(1, 4, 40, 60, generator=generator) * 2 - 1
    flow = torch.zeros(1, 2, 40, 60)
    flow[:, 0] = 1 / 59  # half a pixel
    soft = render_frame(picture, [Layers(flow)])
    sharp = render_frame(picture, [Layers(flow, sampling="bicubic")])
    assert detail(soft) < 0.75 * detail(picture)
    assert detail(sharp) > 1.2 * detail(soft)
    assert sharp.amin() >= picture.amin() and sharp.amax() <= picture.amax()
    identity = warping.identity_grid(40, 60, torch.device("cpu"))
    assert torch.allclose(warping.sample(picture, identity, "bicubic"), picture, atol=1e-4)


def test_another_sampling_is_refused_in_one_sentence():
    with pytest.raises(SettingsError, match="--sampling .*bicubic.*bilinear"):
        LoopSettings(sampling="nearest")
