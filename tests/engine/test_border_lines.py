"""A line along a picture's border doesn't travel; all other borders stay to the bit."""

from __future__ import annotations

import pytest
import torch

from landscape_engine.rendering import border_lines

SIDES = {
    "left": (..., slice(0, 2)),
    "right": (..., slice(-2, None)),
    "top": (..., slice(0, 2), slice(None)),
    "bottom": (..., slice(-2, None), slice(None)),
}


def clouds() -> torch.Tensor:  # [1, 3, 120, 160]
    noise = torch.rand(1, 3, 9, 12, generator=torch.Generator().manual_seed(3)) - 0.5
    return torch.nn.functional.interpolate(noise, (120, 160), mode="bicubic") * 0.5


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("height", [0.2, -0.15])
def test_what_lies_beside_a_line_goes_on_to_the_border(side, height):
    whole, lined = clouds(), clouds()
    lined[SIDES[side]] += height
    border_lines.remove(lined)
    assert (lined - whole).abs().max() < 0.12, "the line is gone"
    inner = (..., slice(4, -4), slice(4, -4))
    assert torch.equal(lined[inner], whole[inner])
    assert (lined - whole)[SIDES[side]].abs().mean() < 0.03


def test_clouds_that_end_at_a_border_stay():
    whole, other = clouds(), clouds()
    border_lines.remove(other)
    assert torch.equal(whole, other)
    ramp = clouds() + torch.linspace(0, 1, 160)
    other = ramp.clone()
    border_lines.remove(other)
    assert torch.equal(ramp, other), "a slope is no line"


def test_small_pictures_stay():
    small = torch.rand(1, 3, 40, 60)
    other = small.clone()
    border_lines.remove(other)
    assert torch.equal(small, other)
