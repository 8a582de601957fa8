"""Light: the range of appearance codes, and the distance to a reference's light.

Colors are measured in CIELAB (sRGB, D65): L* is lightness, 0 black to 100 white; a* runs from green
to red, b* from blue (below 0) to yellow; C* = √(a*² + b*²) is chroma.

Legend: N codes, H W pixels.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

EXACT_DB = 100.0  # what a frame that is the picture itself is given
CELLS = 32  # of the grid over which colors are compared, as in Equation 8
_TO_XYZ = (  # of linear sRGB, by the white point's X, Y, Z
    (0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883),
)
_TO_LMS = (  # Reinhard et al. 2001, of RGB
    (0.3811, 0.5783, 0.0402),
    (0.1967, 0.7244, 0.0782),
    (0.0241, 0.1288, 0.8444),
)
_TO_LAB = (  # lαβ of log LMS, ibid.: means and differences, each of unit length
    (3**-0.5, 3**-0.5, 3**-0.5),
    (6**-0.5, 6**-0.5, -2 * 6**-0.5),
    (2**-0.5, -(2**-0.5), 0.0),
)


def mean_color(
    image: Tensor,  # [1, 3, H, W] in [-1, 1]
) -> tuple[float, float, float]:
    """The means of L*, a* and b* over a picture."""
    lightness, a, b = lab(image).mean((0, 2, 3)).tolist()
    return lightness, a, b


def lab(
    image: Tensor,  # [1, 3, H, W] in [-1, 1]
) -> Tensor:  # [1, 3, H, W]
    """L*, a* and b* of each pixel."""
    values = ((image + 1) / 2).clamp(0, 1)
    linear = torch.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    xyz = _mix(linear, _TO_XYZ)
    f = torch.where(xyz > (6 / 29) ** 3, xyz.clamp(min=1e-9) ** (1 / 3), xyz * 841 / 108 + 4 / 29)
    x, y, z = f.split(1, 1)
    return torch.cat([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def own_look(
    frame: Tensor,  # [1, 3, H, W] in [-1, 1] a clip's first one, with nothing moving
    image: Tensor,  # [1, 3, H, W] in [-1, 1] the input
) -> float:
    """PSNR in dB of the picture in the clip's first light, at most `EXACT_DB`.

    `10 log10 (4 / mean (O_0 - I)²)`, values being 2 apart from black to white. From 40 dB on
    nobody sees a difference.
    """
    error = float((frame - image).double().square().mean())
    return min(EXACT_DB, 10 * math.log10(4 / error)) if error > 0 else EXACT_DB


def range_of(
    colors: list[tuple[float, float, float]],  # N mean colors: L*, a*, b*
) -> dict[str, float]:
    """The range of the light over N codes, in CIELAB.

    `lightness_low` and `_high` = min and max over codes of the picture's mean L*; `cold` and `warm`
    = min and max of its mean b*; `chroma_high` = max of `√(a*² + b*²)` of those means.
    """
    lightness, yellow = [c[0] for c in colors], [c[2] for c in colors]
    return {
        "lightness_low": min(lightness),
        "lightness_high": max(lightness),
        "cold": min(yellow),
        "warm": max(yellow),
        "chroma_high": max((a * a + b * b) ** 0.5 for _, a, b in colors),
    }


def distance(
    image: Tensor,  # [1, 3, H, W] in [-1, 1]
    reference: Tensor,  # [1, 3, H, W]
) -> float:
    """`√mean (SP(I) - SP(R))²`, SP being the mean over each cell of a 32×32 grid (Equation 8).

    In 0..1. What has moved by less than a cell hardly counts, so that it is light that is compared.
    """
    cells = [F.adaptive_avg_pool2d(one, CELLS) for one in (image, reference)]
    return float((cells[0] - cells[1]).square().mean().sqrt()) / 2


def transfer_globally(
    image: Tensor,  # [1, 3, H, W] in [-1, 1]
    reference: Tensor,  # [1, 3, H, W]
) -> Tensor:  # [1, 3, H, W]
    """Color transfer by means and deviations (Reinhard et al. 2001), which takes no network.

    In lαβ, the decorrelated logarithm of cone responses: `(I - mean I) σ_R / σ_I + mean R`, channel
    by channel.
    """
    ours, theirs = (_to_decorrelated(one) for one in (image, reference))
    mean, mean_wanted = (one.mean((2, 3), keepdim=True) for one in (ours, theirs))
    deviation, wanted = (one.std((2, 3), keepdim=True) for one in (ours, theirs))
    moved = (ours - mean) * (wanted / deviation.clamp(min=1e-6)) + mean_wanted
    to_log = torch.linalg.inv(torch.tensor(_TO_LAB)).tolist()
    to_rgb = torch.linalg.inv(torch.tensor(_TO_LMS)).tolist()
    return (_mix(10 ** _mix(moved, to_log), to_rgb) * 2 - 1).clamp(-1, 1)


def _to_decorrelated(image: Tensor) -> Tensor:  # [1, 3, H, W]
    values = ((image + 1) / 2).clamp(1 / 255, 1)  # log 0 has no bottom
    return _mix(_mix(values, _TO_LMS).log10(), _TO_LAB)


def _mix(planes: Tensor, matrix: object) -> Tensor:
    weights = torch.tensor(matrix, device=planes.device, dtype=planes.dtype)
    return torch.einsum("dc,bchw->bdhw", weights, planes)
