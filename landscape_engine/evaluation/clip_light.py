"""Clip light: the range of appearance codes on a first frame, and their distance to a later one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..animator import Animator
from ..jobs.progress import Progress
from ..light import color_maps, looks
from ..networks.perceptual import PerceptualNetwork
from ..ops import color, warping
from . import light_reach, perceptual_distance
from .clip_frames import ClipFrames


@dataclass
class LightFound:
    """The effect of the appearance codes on a clip's first frame."""

    figures: dict[str, float]
    encoded: Tensor  # [1, 3, H, W] the first frame in the look of the reference, by E^A and P^A
    corrected: Tensor  # [1, 3, H, W] the same, by what that look leaves (`light.corrections`)
    global_transfer: Tensor  # [1, 3, H, W] the same by means and deviations
    extremes: dict[str, Tensor]  # the darkest, brightest, coldest and warmest results


def evaluate(
    animator: Animator,
    frames: ClipFrames,
    count: int,
    network: PerceptualNetwork | None,
    progress: Progress,
) -> LightFound:
    """The range of light over codes, and the distance left by an encoded reference."""
    image, reference = frames.first, frames.reference
    first, later = animator.look_at(image), animator.look_at(reference)
    codes = far_apart(torch.cat(animator.bundle.days.sequences), count)
    maps = color_maps.transfer_maps(first)
    colors = [
        light_reach.mean_color(_relit(maps, image, code))
        for code in progress(iter(codes.split(1)), len(codes), "lights")
    ]
    look = later.own_look
    encoded = _relit(maps, image, look)
    meet = lambda code: looks.corrected_map(first, code, later)  # noqa: E731
    corrected = _relit(meet, image, look)
    transferred = light_reach.transfer_globally(image, reference)
    own = light_reach.mean_color(image)
    figures = {
        "lightness": own[0],
        "yellow": own[2],
        **light_reach.range_of(colors),
        "light_change": frames.light_change,
        "distance_still": light_reach.distance(image, reference),
        "distance_global": light_reach.distance(transferred, reference),
        "distance_encoded": light_reach.distance(encoded, reference),
        "distance_corrected": light_reach.distance(corrected, reference),
    }
    if network is not None:
        wanted = perceptual_distance.features(network, reference, animator.device)
        made = {"global": transferred, "encoded": encoded, "corrected": corrected}
        for name, one in {"still": image, **made}.items():
            taps = perceptual_distance.features(network, one, animator.device)
            figures[f"perceptual_{name}"] = perceptual_distance.distance(taps, wanted)
    ends = {
        "darkest": min(range(len(colors)), key=lambda k: colors[k][0]),
        "brightest": max(range(len(colors)), key=lambda k: colors[k][0]),
        "coldest": min(range(len(colors)), key=lambda k: colors[k][2]),
        "warmest": max(range(len(colors)), key=lambda k: colors[k][2]),
    }
    extremes = {name: _relit(maps, image, codes[k : k + 1]) for name, k in ends.items()}
    return LightFound(figures, encoded, corrected, transferred, extremes)


def far_apart(
    codes: Tensor,  # [n, Z]
    count: int,
) -> Tensor:  # [min(count, n), Z]
    """Select N codes, each the farthest from those before it; this includes the extremes."""
    kept = [int((codes - codes.mean(0)).norm(dim=1).argmax())]
    nearest = torch.full((len(codes),), torch.inf)
    while len(kept) < min(count, len(codes)):
        nearest = torch.minimum(nearest, (codes - codes[kept[-1]]).norm(dim=1))
        kept.append(int(nearest.argmax()))
    return codes[kept]


def _relit(maps: Callable[[Tensor], Tensor], image: Tensor, code: Tensor) -> Tensor:  # [1, 3, H, W]
    enlarged = warping.enlarge(maps(code).cpu(), *image.shape[2:])
    return color.transfer(image, enlarged)
