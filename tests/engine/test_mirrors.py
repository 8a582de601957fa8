"""A calm lake that mirrors its far shore hardly moves; seas, and lakes under plain skies, do."""

from __future__ import annotations

import torch

from landscape_engine.motion import mirrors

SHORE, SIDE = 120, 256


def shore_and_water(mirrored: bool, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """A picture [1, 3, 256, 256] whose land stands over its water, and the water."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(1, 3, 24, 24, generator=generator)
    above = torch.nn.functional.interpolate(noise, (SHORE, SIDE), mode="bicubic") - 0.5
    waves = torch.rand(1, 3, 40, 24, generator=generator)
    below = torch.nn.functional.interpolate(waves, (SIDE - SHORE, SIDE), mode="bicubic") - 0.5
    picture = torch.cat([above, below], 2)
    if mirrored:
        rows = min(SHORE, SIDE - SHORE)
        picture[:, :, SHORE : SHORE + rows] = 0.7 * above.flip(2)[:, :, :rows] - 0.1
    water = torch.zeros(1, 1, SIDE, SIDE, dtype=torch.bool)
    water[:, :, SHORE:] = True
    return picture, water


def test_a_mirror_is_told_from_waves():
    picture, water = shore_and_water(True)
    found = mirrors.mirrored(picture, water)
    assert found[0, 0, SHORE + 5 : SHORE + 90].mean() > 0.9
    assert not found[~water].any()
    for seed in range(3):
        assert mirrors.mirrored(*shore_and_water(False, seed)).mean() < 0.05


def test_a_sea_under_an_even_sky_is_no_mirror():
    y = torch.linspace(-1, 1, SIDE)[:, None].expand(SIDE, SIDE)
    grey = 0.6 - 0.5 * y.abs()  # lighter towards the horizon, from above and from below
    picture = grey.expand(1, 3, -1, -1) + 0.01 * torch.randn(1, 3, SIDE, SIDE)
    water = (y > 0)[None, None]
    assert mirrors.mirrored(picture, water).mean() < 0.1


def test_a_mirror_whose_mask_begins_elsewhere_is_found():
    picture, _ = shore_and_water(True)
    for begins in (SHORE - 16, SHORE + 12):  # fog taken for water; a shore that was missed
        water = torch.zeros(1, 1, SIDE, SIDE, dtype=torch.bool)
        water[:, :, begins:] = True
        assert mirrors.mirrored(picture, water)[0, 0, SHORE + 15 : SHORE + 80].mean() > 0.6
