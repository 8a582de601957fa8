"""Dithering before eight bits."""

import numpy as np
import torch

from landscape_engine.images import to_uint8
from landscape_engine.sequence.dither import dither


def test_what_is_a_level_already_stays_it_and_so_does_alpha():
    levels = torch.arange(256, dtype=torch.float32).repeat(64, 1)[None, None].repeat(1, 4, 1, 1)
    frame = levels / 255 * 2 - 1
    assert np.array_equal(to_uint8(dither(frame)), levels[0].permute(1, 2, 0).byte().numpy())
    assert torch.equal(dither(frame)[:, 3:], frame[:, 3:])


def test_a_level_between_two_is_kept_in_the_mean_and_alike_in_each_frame():
    for between in (100.1, 100.25, 100.5, 100.8):
        frame = torch.full((1, 3, 64, 64), between / 127.5 - 1)
        pixels = to_uint8(dither(frame))
        assert set(np.unique(pixels)) <= {100, 101}
        assert abs(pixels.mean() - between) < 0.03
        assert np.array_equal(pixels, to_uint8(dither(frame)))
