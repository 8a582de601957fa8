"""Pictures whose light is changed, and what of it changed: helpers of the tests of light."""

from __future__ import annotations

import torch

from landscape_engine.light import (
    daylight,
    relighting,
)

SHARES = torch.zeros(1, 3, 64, 64)  # sky above, land between, water below
SHARES[:, 1, :32] = SHARES[:, 0, 32:48] = SHARES[:, 2, 48:] = 1


def scene(sky=0.4, land=-0.2, water=0.1):
    """Bands that are grey in the mean, each with some texture."""
    generator = torch.Generator().manual_seed(5)
    noise = 0.1 * torch.randn(1, 1, 64, 64, generator=generator)
    tinge = 0.03 * torch.randn(1, 3, 64, 64, generator=generator)  # or it is black and white
    bands = SHARES[:, 1:2] * sky + SHARES[:, :1] * land + SHARES[:, 2:] * water
    return (bands + noise).expand(1, 3, -1, -1) + tinge


def change_of(shown, picture):
    """Changes of ln R, ln G, ln B."""
    after, before = (daylight.linear(one) + daylight.FAINT for one in (shown, picture))
    return (after / before).log()


def relit(picture, red=0.0, green=0.0, blue=0.0):
    """A picture whose light has factors exp(red), exp(green), exp(blue)."""
    factor = torch.tensor([red, green, blue]).exp()[:, None, None]
    return daylight.encoded((daylight.linear(picture) * factor).clamp(0, 1))


def natural(wanted, picture, *known, **more):
    return relighting.natural(wanted, picture, relighting.scene_of(picture, *known, **more))


def random_maps(count, size=32):
    generator = torch.Generator().manual_seed(3)
    weights = 0.7 + 0.2 * torch.randn(count, 3, size, size, generator=generator)
    return torch.cat([weights, 0.4 * torch.randn(count, 3, size, size, generator=generator)], 1)
