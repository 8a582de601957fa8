"""Relit scenes: one landscape under two synthetic lights, as pairs to learn from.

`relight` gives a scene whose regions are known the colors that a `Look` says. What is particular to
the picture, its clouds, waves and textures, stays as the difference from the region's smooth
course, and takes the new light's contrast and color. One look over two scenes gives two pictures
that should share one code.

Legend: H W pixels; colors are sRGB in 0..1, [3].
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ..data import stills
from .drawn_scenes import Scene
from .hours import Look, random_look

DARKEST = 0.04  # mean lightness of land below which its texture is no longer lifted
OWN, SAME = 0.2, 0.1  # shares of pairs that go to the picture's own light, that stay as they are
ELSEWHERE = 0.3
RELIT = 0.35  # of the scenes that teach motion and regions


def relight(scene: Scene, look: Look) -> Tensor:  # [3, H, W] in 0..1
    """A scene in another light."""
    image, (sky, water) = scene.image, scene.masks
    height, width = image.shape[1:]
    y = torch.linspace(0, 1, height)[:, None].expand(height, width)
    x = torch.linspace(0, 1, width)[None].expand(height, width)
    horizon = min(max(scene.horizon, 0.1), 1.0)
    up = ((horizon - y) / horizon).clamp(0, 1)  # 0 at the horizon, 1 at the top
    down = ((y - horizon) / max(1 - horizon, 0.2)).clamp(0, 1)

    def course(t: Tensor) -> Tensor:  # [3, H, W] the sky's smooth color
        return torch.lerp(_plane(look.low), _plane(look.zenith), t.clamp(0, 1) ** 0.7)

    land = (1 - sky - water).clamp(0, 1)
    lit = course(up) + _detail(image, sky, y, _mean(look.zenith, look.low), look.sky_contrast) * (
        _plane(look.cloud)
    )
    mirror = float(look.mirror[0])
    still = torch.lerp(_plane(look.water), course(down) * 0.9, mirror)
    waves = _detail(image, water, y, _mean(look.water, look.low), look.sky_contrast)
    still = still + waves * (_plane(look.low) / max(_mean(look.low), 0.05))
    ground = _ground(image, land, look)
    near = torch.exp(-(y - horizon).abs() / 0.08) * float(look.haze[0])
    ground = torch.lerp(ground, _plane(look.low), near)
    if look.glow.any():
        sun_x, sun_y = float(look.glow_at[0]), horizon - float(look.glow_at[1])
        size = float(look.glow_size[0])
        halo = torch.exp(-(((x - sun_x) / size) ** 2 + ((y - sun_y) / (0.6 * size)) ** 2))
        streak = torch.exp(-(((x - sun_x) / (0.4 * size)) ** 2)) * (1 - 0.6 * down) * mirror
        lit = lit + _plane(look.glow) * halo
        still = still + _plane(look.glow) * streak * 0.8
        ground = ground + _plane(look.glow) * halo * 0.25
    return (sky * lit + water * still + land * ground).clamp(0, 1)


def _plane(color: np.ndarray) -> Tensor:  # [3, 1, 1]
    return torch.from_numpy(np.asarray(color, np.float32)).view(3, 1, 1)


def _mean(*colors: np.ndarray) -> float:
    return float(np.mean(colors))


def _detail(
    image: Tensor, mask: Tensor, y: Tensor, lightness: float, contrast: np.ndarray
) -> Tensor:  # [3, H, W]
    """The light and shade of a region without its smooth vertical gradient.

    The course is the least-squares line over the rows. A darker light has less of it.
    """
    total = mask.sum().clamp(min=1.0)
    centre = (mask * y).sum() / total
    away = y - centre
    mean = (image * mask).sum((1, 2), keepdim=True) / total
    slope = ((image - mean) * mask * away).sum((1, 2), keepdim=True) / (
        (mask * away * away).sum().clamp(min=1e-3)
    )
    rest = image - (mean + slope * away)
    grey = rest.mean(0, keepdim=True)
    before = float(mean.mean())
    factor = float(contrast[0]) * min((lightness / max(before, 0.1)) ** 0.7, 1.6)
    return factor * torch.lerp(grey.expand_as(rest), rest, 0.3)


def _ground(image: Tensor, land: Tensor, look: Look) -> Tensor:  # [3, H, W]
    """Land in the look's color, its texture multiplied in."""
    total = land.sum().clamp(min=1.0)
    grey = image.mean(0, keepdim=True)
    mean = ((grey * land).sum() / total).clamp(min=DARKEST)
    texture = (torch.lerp(grey.expand_as(image), image, float(look.own_color[0])) / mean).clamp(
        min=0.0
    )
    lifted = texture.clamp(min=1e-3) ** float(look.land_contrast[0])
    return _plane(look.land) * lifted


def at_some_hour(rng: np.random.Generator, scene: Scene) -> Tensor:  # [3, H, W] in 0..1
    """A scene's picture, in a share `RELIT` of the draws in another light."""
    return relight(scene, random_look(rng)) if rng.random() < RELIT else scene.image


class RelitPairs(Dataset):
    """Numbered samples: a picture, the same view in another light, and what the encoder is shown.

    The picture's own light is among those it goes from and to. In a share `ELSEWHERE` of the
    lights made up the encoder is shown another scene in that light, so that a code can't carry
    the scene.

    Args:
        size: side of the pictures.
        seed: of all that is drawn.
        photos: stills with regions; None: procedural scenes alone.
    """

    def __init__(self, size: int, seed: int, photos: stills.Stills | None) -> None:
        self.size, self.seed, self.photos = size, seed, photos

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        """Three pictures [3, S, S] in [-1, 1]."""
        rng = np.random.default_rng((self.seed, index, 5))
        torch.manual_seed(rng.integers(2**31))
        scene = self.scene(rng)
        look = random_look(rng)
        kind = rng.random()
        if kind < OWN:  # back to its own light
            pair = relight(scene, look), scene.image
        elif kind < OWN + SAME:
            image = scene.image if rng.random() < 0.5 else relight(scene, look)
            pair = image, image
        else:
            own = rng.random() < 0.6
            source = scene.image if own else relight(scene, random_look(rng))
            pair = source, relight(scene, look)
        shown = pair[1]
        if kind >= OWN + SAME and rng.random() < ELSEWHERE:
            shown = relight(self.scene(rng), look)
        return pair[0] * 2 - 1, pair[1] * 2 - 1, shown * 2 - 1

    def scene(self, rng: np.random.Generator) -> Scene:
        """Draw one to be relit."""
        return stills.scene(rng, self.size, self.photos)

    def __len__(self) -> int:
        """The number of samples: practically unlimited."""
        return 2**31
