"""What comes in at a picture's border goes on along its streaks."""

from __future__ import annotations

import pytest
import torch

from landscape_engine.loops.borders import Borders
from landscape_engine.ops import warping

SIDE = 64


def streaks(slope: float) -> torch.Tensor:  # [1, 3, h, w]
    """Waves whose lines of equal color have a slope dy/dx."""
    y, x = torch.meshgrid(torch.arange(float(SIDE)), torch.arange(float(SIDE)), indexing="ij")
    wave = 0.4 * torch.sin((y - slope * x) / 4)
    return wave.expand(1, 3, SIDE, SIDE).contiguous()


def beyond(picture: torch.Tensor, x: float, led: bool) -> torch.Tensor:  # [h]
    """What is found in a column beyond the border, as it is mirrored and led there."""
    core = torch.ones(1, 1, SIDE, SIDE, dtype=torch.bool)
    pixels = warping.pixels_per_unit(SIDE, SIDE)
    source = warping.identity_grid(SIDE, SIDE, "cpu")
    source = torch.stack([torch.full_like(source[:, 0], 2 * x / (SIDE - 1) - 1), source[:, 1]], 1)
    if led:
        source = source + Borders(core, picture).along(source, pixels)
    return warping.sample(picture, source)[0, 0, :, 0]


@pytest.mark.parametrize("x", [-5.0, SIDE + 4.0])
@pytest.mark.parametrize("slope", [-0.5, 0.4, 0.0])
def test_bands_go_on_straight(x, slope):
    picture = streaks(slope)
    y = torch.arange(float(SIDE))
    wanted = 0.4 * torch.sin((y - slope * x) / 4)
    inner = slice(10, SIDE - 10)
    mirrored, led = (
        float((beyond(picture, x, led) - wanted)[inner].abs().mean()) for led in (False, True)
    )
    assert led < 0.06
    assert slope == 0 or mirrored > 3 * led


def test_what_has_no_direction_is_another_form_and_sources_in_the_picture_stay():
    flat = torch.zeros(1, 3, SIDE, SIDE)
    core = torch.ones(1, 1, SIDE, SIDE, dtype=torch.bool)
    pixels = warping.pixels_per_unit(SIDE, SIDE)
    identity = warping.identity_grid(SIDE, SIDE, "cpu")
    led = Borders(core, flat).along(identity + torch.tensor([0.3, 0]).view(1, 2, 1, 1), pixels)
    assert not led[..., : SIDE // 2].any() and not led[:, 0].any()
    along = led[0, 1, :, -1] * pixels[0, 1, 0, 0]
    assert along.abs().mean() > 5 and along.std() > 2
