"""Facts of warping: identity, composition, inversion, stillness, strips."""

from __future__ import annotations

import pytest
import torch

from landscape_engine.ops import warping
from tests.conftest import make_picture


def swirl(height: int, width: int, strength: float) -> torch.Tensor:
    grid = warping.identity_grid(height, width, torch.device("cpu"))
    x, y = grid[:, 0], grid[:, 1]
    window = (1 - x**2) * (1 - y**2)
    return strength * torch.stack([-y * window, x * window], dim=1)


def displacement_px(flow: torch.Tensor) -> torch.Tensor:
    height, width = flow.shape[2:]
    return (flow * warping.pixels_per_unit(height, width)).square().sum(1).sqrt()


def test_zero_flow_is_the_identity_over_500_frames():
    zero = torch.zeros(1, 2, 60, 107)
    flow = zero
    for _ in range(500):
        flow = warping.compose(zero, flow)
    assert displacement_px(flow).max() <= 0.05
    picture = make_picture(243, 431)
    assert torch.equal(warping.warp(picture, warping.enlarge(flow, 243, 431)), picture)


def test_a_constant_flow_moves_by_its_pixels():
    picture = make_picture(40, 64)
    flow = torch.zeros(1, 2, 40, 64)
    flow[:, 0] = 3 * 2 / 63  # three pixels to the right in the source: the picture moves left
    moved = warping.warp(picture, flow)
    assert torch.allclose(moved[..., :-3], picture[..., 3:], atol=1e-4)


def test_composition_accumulates_displacement():
    step = torch.zeros(1, 2, 32, 32)
    step[:, 1] = 0.01
    flow = step
    for _ in range(9):
        flow = warping.compose(step, flow)
    assert torch.allclose(flow, 10 * step, atol=1e-6)


def test_composed_with_its_inverse_a_flow_returns():
    flow = swirl(128, 128, 0.2)
    there_and_back = warping.compose(warping.invert(flow), flow)
    assert displacement_px(there_and_back).max() < 0.05
    assert displacement_px(flow).max() > 4


def test_outside_the_plane_is_reflected_about_the_border_pixels_centres():
    picture = torch.arange(8.0).view(1, 1, 1, 8).expand(1, 1, 8, 8)
    flow = torch.zeros(1, 2, 8, 8)
    flow[:, 0] = -2 * 2 / 7
    assert torch.allclose(
        warping.warp(picture, flow)[0, 0, 0], torch.tensor([2.0, 1, 0, 1, 2, 3, 4, 5]), atol=1e-5
    )


def test_still_pixels_are_copied_bit_for_bit():
    picture = make_picture(75, 101) * 0.123456
    flow = swirl(75, 101, 0.1)
    flow[:, :, :, :40] = 1e-9
    moved = warping.warp(picture, flow)
    assert torch.equal(moved[..., :40], picture[..., :40])
    assert not torch.equal(moved, picture)


def test_rows_of_an_enlarged_field_are_those_of_the_whole():
    field = torch.randn(1, 5, 20, 30)
    whole = torch.nn.functional.interpolate(field, (97, 143), mode="bilinear", align_corners=True)
    assert torch.allclose(warping.enlarge(field, 97, 143), whole, atol=1e-5)
    strips = [warping.enlarge(field, 97, 143, slice(y, min(y + 10, 97))) for y in range(0, 97, 10)]
    assert torch.allclose(torch.cat(strips, 2), whole, atol=1e-5)


def test_a_band_is_enlarged_as_in_the_whole_and_its_ends_go_on():
    field = torch.randn(1, 2, 40, 30, generator=torch.Generator().manual_seed(0))
    band = warping.Band(10, 21, 40)
    held = field[:, :, band.rows]
    ends = [held[:, :, :1].expand(-1, -1, 10, -1), held, held[:, :, -1:].expand(-1, -1, 19, -1)]
    whole = warping.enlarge(torch.cat(ends, 2), 97, 143)
    for rows in (slice(0, 9), slice(9, 50), slice(50, 97)):
        found = warping.enlarge(held, 97, 143, rows, band)
        torch.testing.assert_close(found, whole[:, :, rows], atol=1e-5, rtol=0)


def test_gradients_pass_whoever_has_enlarged_before():
    field = torch.randn(1, 2, 6, 8, requires_grad=True)
    with torch.inference_mode():
        warping.enlarge(field, 31, 37)
    warping.enlarge(field, 31, 37).sum().backward()
    assert field.grad is not None and abs(float(field.grad.sum()) - 2 * 31 * 37) < 0.1


def test_enlarging_shrinks_too():
    field = torch.ones(1, 2, 64, 64)
    assert torch.equal(warping.enlarge(field, 20, 30), torch.ones(1, 2, 20, 30))


@pytest.mark.parametrize("size", [(40, 70), (3, 9), (1, 1)])
@pytest.mark.parametrize("reach", [0.5, 1.0, 1.1, 3.0])
def test_bicubic_sampling_is_torchs_by_reflection_at_borders_too(size, reach):
    values = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(1))
    positions = torch.rand(1, 2, 50, 60, generator=torch.Generator().manual_seed(2)) * 2 - 1
    positions = reach * positions
    positions[:, :, 0] = reach  # at the border's very centre, where reach is 1
    wanted = torch.nn.functional.grid_sample(
        values, positions.permute(0, 2, 3, 1), "bicubic", "reflection", align_corners=True
    )
    found = warping.sample(values, positions, "bicubic")
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)
