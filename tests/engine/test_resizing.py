"""Facts about pictures of another size."""

import pytest
import torch

from landscape_engine.images import resize


def test_unchanged_size_is_the_same_object():
    image = torch.rand(1, 3, 20, 30)
    assert resize(image, 30, 20) is image


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [(10, 7), (90, 50), (90, 7)])
def test_resized_values_stay_within_the_pictures(channels, size):
    image = (torch.rand(2, channels, 20, 30) > 0.5).float() * 2 - 1
    found = resize(image, *size)
    assert found.shape == (2, channels, size[1], size[0])
    assert found.min() >= -1 and found.max() <= 1


def test_shrinking_averages_areas():
    stripes = torch.ones(1, 3, 64, 64)
    stripes[..., ::2] = -1
    assert resize(stripes, 16, 16).abs().max() < 0.1


def test_growing_keeps_high_dynamic_range():
    assert resize(torch.full((1, 3, 20, 30), 5.0), 60, 40).min() > 4.99


def test_color_under_clear_pixels_does_not_bleed():
    image = torch.full((1, 4, 40, 40), 1.0)
    image[:, :, :, 20:] = -1  # black and clear
    found = resize(image, 15, 15)
    assert found[:, :3][(found[:, 3:] > -0.9).expand(-1, 3, -1, -1)].min() > 0.9
