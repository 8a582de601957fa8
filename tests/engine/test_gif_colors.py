"""GIF: what stands still keeps its colors while the light stays; other light gets its own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from landscape_engine.images import to_uint8
from landscape_engine.sequence import write_sequence
from landscape_engine.sequence.gif_colors import HELD
from landscape_engine.settings import OutputSettings
from tests.conftest import make_picture

from .clips import decode

HEIGHT, WIDTH, FRAMES = 90, 160, 12


def moving(count=FRAMES, rows=40):
    """A textured picture whose upper rows move."""
    wide = make_picture(HEIGHT, WIDTH + 8 * count)
    noise = torch.randn(wide.shape, generator=torch.Generator().manual_seed(0))
    wide = (wide + 0.1 * noise).clamp(-1, 1)
    for n in range(count):
        frame = wide[..., :WIDTH].clone()
        frame[:, :, :rows] = wide[:, :, :rows, 8 * n : 8 * n + WIDTH]
        yield frame


def written(frames, path):
    write_sequence(frames, path, OutputSettings(format="gif"))
    return np.stack(decode(path))


def test_what_never_changes_never_flickers(tmp_path):
    frames = list(moving())
    found = written(frames, tmp_path / "a.gif")
    meant = np.stack([to_uint8(frame) for frame in frames])
    still = (meant == meant[:1]).all((0, 3))
    assert still.mean() > 0.5
    changed = (found != found[:1]).any((0, 3))
    assert not (changed & still).any()
    errors = np.abs(found.astype(int) - meant).mean((1, 2, 3))
    assert errors.max() < 1.2 * errors[0] + 0.2


@pytest.mark.parametrize("begin", [0, 5, 15])
def test_few_flat_colors_are_kept_where_their_mixtures_come_later(tmp_path, begin):
    """The first frame's colors do for it exactly, and for no other."""
    generator = torch.Generator().manual_seed(1)
    colors = torch.rand(1, 3, HEIGHT // 10, WIDTH // 10, generator=generator) * 2 - 1
    flat = colors.repeat_interleave(10, 2).repeat_interleave(10, 3)
    frames = []
    for n in range(24):
        frame = flat.clone()
        way = 0.37 * max(0, n - begin)
        near, far = (flat.roll(int(way) + k, -1)[:, :, :60] for k in (0, 1))
        frame[:, :, :60] = torch.lerp(near, far, way % 1)
        frames.append(frame)
    found = written(frames, tmp_path / "a.gif")
    assert (found[:, 60:] == found[:1, 60:]).all()
    meant = np.stack([to_uint8(frame) for frame in frames])
    assert np.abs(found.astype(int) - meant).mean((1, 2, 3)).max() < 5


def test_what_stands_where_the_light_goes_on_is_no_reason_to_keep_all_colors(tmp_path):
    """Such as black bars above and below: the light still gets its own."""
    tint = torch.tensor([0.9, 0.2, -0.8]).view(1, 3, 1, 1)
    frames = [torch.lerp(one, tint, n / 24) for n, one in enumerate(moving(24))]
    for frame in frames:
        frame[:, :, :10] = -1
    found = written(frames, tmp_path / "a.gif")
    meant = np.stack([to_uint8(frame) for frame in frames])
    assert np.abs(found.astype(int) - meant).mean((1, 2, 3)).max() < 11


def test_changing_light_gets_new_colors(tmp_path):
    tint = torch.tensor([0.9, 0.2, -0.8]).view(1, 3, 1, 1)
    frames = [torch.lerp(one, tint, n / FRAMES) for n, one in enumerate(moving())]
    found = written(frames, tmp_path / "a.gif")
    meant = np.stack([to_uint8(frame) for frame in frames])
    alone = written(frames[-1:], tmp_path / "b.gif")
    last = [np.abs(one[-1].astype(int) - meant[-1]).mean() for one in (found, alone)]
    assert last[0] < 1.5 * last[1] + 1


def test_another_scene_gets_its_own_colors_though_a_frame_around_it_stands_still(tmp_path):
    frames, long = [], HELD + 2
    for n in range(3 * long):
        frame = torch.full((1, 3, HEIGHT, WIDTH), -0.5)
        color = torch.tensor([[1, -1, -1], [-1, 1, -1], [-1, -1, 1]])[n // long]
        ramp = torch.linspace(0, 1, WIDTH - 20).view(1, 1, 1, -1)
        frame[:, :, 10:-10, 10:-10] = color.view(1, 3, 1, 1) * ramp
        frames.append(frame)
    found = written(frames, tmp_path / "a.gif")
    meant = np.stack([to_uint8(frame) for frame in frames])
    assert np.abs(found.astype(int) - meant).mean((1, 2, 3)).max() < 3
