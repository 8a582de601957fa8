"""Daylight: whether a clip's light is physically plausible for sun and sky.

Grey things (snow, cloud, rock) show the color of the light that falls on them. From a low sun to
the blue hour that color lies on one line in CIE a*b*, the daylight locus; beside it lie green on
one side and magenta on the other. This judges what the engine makes by formulas of its own.

Legend: N colors of the locus, P pixels, H W pixels.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from . import light_reach as light

WARMEST_K, COOLEST_K = 2500, 20000
BLACK_BODY_K = 4000  # CIE's formula of daylight begins here; below, the light is a black body's
GREY = 8.0  # CIE chroma of the input below which a pixel is grey
DARKEST, LIGHTEST = 25.0, 99.0  # L* of the input between which a pixel has a color to be told
FAINTEST = 5.0  # L* of a frame below which a pixel has none
MOST = 20000  # grey pixels that are asked, evenly, where there are more
LEAST = 1e-3  # share of the picture that has to be grey
WHITE_X, WHITE_Y, WHITE_Z = 0.95047, 1.0, 1.08883  # D65


def neutrals(
    image: Tensor,  # [1, 3, H, W] in [-1, 1]
) -> Tensor:  # [1, 1, H, W] bool
    """The grey pixels of the input: `C* < GREY`, neither nearly black nor clipped."""
    lightness, a, b = light.lab(image).split(1, 1)
    shown = (lightness > DARKEST) & (lightness < LIGHTEST)
    return shown & (torch.hypot(a, b) < GREY)


def cast(
    frame: Tensor,  # [1, 3, H, W] in [-1, 1] the input in another light
    image: Tensor,  # [1, 3, H, W] in [-1, 1] the input
    grey: Tensor,  # [1, 1, H, W] bool `neutrals` of the input
) -> float | None:
    """How far a frame's light leaves the daylight locus, ΔE in CIE a*b*; 0 is daylight.

    Mean over the grey pixels of the least distance between (Δa*, Δb*), by which the pixel's color
    differs from the input's, and the locus at the frame's L*, from 2500 K through D65 to 20000 K:
    what the input itself lacks of grey is not held against the frame. A clip's cast is the greatest
    of its frames, with nothing moving. None where less than `LEAST` of the picture is grey.
    """
    if float(grey.float().mean()) < LEAST:
        return None
    places = grey[0, 0].nonzero().T
    y, x = places[:, :: -(-places.shape[1] // MOST)]
    before, after = (light.lab(one[:, :, y, x, None])[0, :, :, 0] for one in (image, frame))
    told = after[0] > FAINTEST
    if not bool(told.any()):  # night: nothing has a color
        return 0.0
    shift = (after - before)[1:, told]
    # at another lightness the locus is as much narrower as the cube root of luminance is less
    scale = (after[0, told] + 16) / 116
    return float((beside(shift / scale) * scale).mean())


def beside(
    shift: Tensor,  # [2, P] a*, b* of something white
) -> Tensor:  # [P]
    """The least distance from the polyline of the locus at L* = 100."""
    line = torch.tensor(locus(), dtype=shift.dtype, device=shift.device)  # [N, 2]
    start, along = line[:-1], line[1:] - line[:-1]
    best = torch.full_like(shift[0], torch.inf)
    for (a, b), (da, db) in zip(start.tolist(), along.tolist(), strict=True):
        x, y = shift[0] - a, shift[1] - b
        t = ((x * da + y * db) / (da * da + db * db)).clamp(0, 1)
        best = torch.minimum(best, torch.hypot(x - t * da, y - t * db))
    return best


@cache
def locus() -> tuple[tuple[float, float], ...]:  # N of a*, b*
    """a* and b* of white under daylight, at L* = 100, evenly in mireds from warm to cool."""
    count = 36
    warm, cool = 1e6 / WARMEST_K, 1e6 / COOLEST_K
    mireds = [warm + (cool - warm) * k / (count - 1) for k in range(count)]
    return tuple(_ab(1e6 / mired) for mired in mireds)


def _ab(kelvin: float) -> tuple[float, float]:
    x = _x_of_black_body(kelvin) if kelvin < BLACK_BODY_K else _x_of_daylight(kelvin)
    y = _y_of_black_body(x) if kelvin < BLACK_BODY_K else -3.0 * x * x + 2.870 * x - 0.275
    cube_x = (x / y / WHITE_X) ** (1 / 3)
    cube_z = ((1 - x - y) / y / WHITE_Z) ** (1 / 3)
    return 500 * (cube_x - 1), 200 * (1 - cube_z)


def _x_of_daylight(kelvin: float) -> float:
    """CIE 15: the chromaticity of daylight, 4000 K to 25000 K."""
    t = 1e3 / kelvin
    if kelvin <= 7000:
        return -4.6070 * t**3 + 2.9678 * t**2 + 0.09911 * t + 0.244063
    return -2.0064 * t**3 + 1.9018 * t**2 + 0.24748 * t + 0.237040


def _x_of_black_body(kelvin: float) -> float:
    """Kim et al. 2002, 1667 K to 4000 K."""
    t = 1e3 / kelvin
    return -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910


def _y_of_black_body(x: float) -> float:
    """The same from 2222 K on."""
    return -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
