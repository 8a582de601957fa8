"""Dithering before eight bits."""

import numpy as np
import torch

from landscape_engine.images import to_uint8
from landscape_engine.sequence.dither import dithered, pattern


def test_what_is_a_level_already_stays_it_and_so_does_alpha():
    levels = torch.arange(256, dtype=torch.float32).repeat(64, 1)[None, None].repeat(1, 4, 1, 1)
    frame = levels / 255 * 2 - 1
    assert np.array_equal(dithered(frame), levels[0].permute(1, 2, 0).byte().numpy())


def test_a_level_between_two_is_kept_in_the_mean_and_alike_in_each_frame():
    for between in (100.1, 100.25, 100.5, 100.8):
        frame = torch.full((1, 3, 64, 64), between / 127.5 - 1)
        pixels = dithered(frame)
        assert set(np.unique(pixels)) <= {100, 101}
        assert abs(pixels.mean() - between) < 0.03
        assert np.array_equal(pixels, dithered(frame))


def test_strips_round_as_the_whole_does_and_the_frame_is_left_as_it_was():
    frame = torch.rand(1, 4, 700, 300, generator=torch.Generator().manual_seed(0)) * 2.4 - 1.2
    before, noise = frame.clone(), pattern(700, 300, frame.device, frame.dtype)
    whole = torch.cat([frame[:, :3] + noise, frame[:, 3:]], 1).mul(127.5).add(127.5).round()
    whole = whole.clamp(0, 255).byte()[0].permute(1, 2, 0).numpy()
    found = dithered(frame)
    assert torch.equal(frame, before)
    assert np.abs(found.astype(int) - whole).max() <= 1 and (found != whole).mean() < 1e-4, "ties"
    assert np.array_equal(found[..., 3:], to_uint8(frame[:, 3:])) and found.flags.c_contiguous
