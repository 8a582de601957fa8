"""Motion codes: what settings name, what suits a picture, arrows ask for or a time-lapse shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..bundles import sources
from ..bundles.checkpoints import ModelBundle
from ..fitting import optimize
from ..fitting.annotations import read_arrows
from ..fitting.optimize import MotionFit
from ..networks.inputs import ENCODER_SIZE, predictor_input, square
from ..ops import shrinking
from ..scene.regions import FALLS, Region
from ..settings import MotionSettings
from . import calm
from . import reference_clips as clips
from .moving_water import is_water

AUTO = "auto"
FEW = 6  # of the best codes, among which the seed draws
AGAINST = 0.3  # cost of water that goes against the sky


@dataclass(frozen=True)
class Chosen:
    """The codes of a motion.

    Attributes:
        code: [1, Z] of all that moves.
        water: [1, Z] of the water that was found, if it has one of its own.
        calm: whether they suit the picture by themselves, so that its regions move at a calm pace.
    """

    code: Tensor
    water: Tensor | None = None
    calm: bool = False


def asks_for_suitable(settings: MotionSettings) -> bool:
    """Whether the settings leave the code to the picture: 'auto', and no arrows to fit one to."""
    return settings.code == AUTO and (not settings.arrows or settings.arrows_as == "field")


@torch.inference_mode()
def suitable(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    regions: Sequence[Region],
) -> tuple[Chosen, ...]:
    """Those of the codebook that suit a picture best, best first (`ops.calm`).

    Leftward and rightward ones take turns. Water has a code of its own, which goes the sky's way.
    Where no regions are given, the whole picture counts as sky.
    """
    codes = bundle.motion_codebook.codes.to(bundle.device)
    if len(codes) > optimize.SEARCHED:
        codes = codes[torch.linspace(0, len(codes) - 1, optimize.SEARCHED).round().long()]
    small = square(image, optimize.SEARCH_SIZE, bundle.device)
    network = bundle.network("motion_predictor")
    flows = torch.cat(
        [network(small.expand(len(c), -1, -1, -1), c) for c in codes.split(optimize.CHUNK)]
    )
    aspect = image.shape[3] / image.shape[2]
    water = _core(flows, [region for region in regions if is_water(region)])
    led = (region for region in regions if region.kind != FALLS)  # which go down, by no code
    other = _core(flows, [region for region in led if not is_water(region)])
    if other is None and water is None:
        other = torch.ones_like(flows[:1, :1], dtype=torch.bool)
    if other is None:
        costs, rightward = calm.water_costs(flows, water, aspect), calm.rightward(flows, water)
        return tuple(Chosen(codes[k : k + 1], calm=True) for k in _best(costs, rightward))
    best = _best(calm.sky_costs(flows, other, aspect), calm.rightward(flows, other))
    if water is None:
        return tuple(Chosen(codes[k : k + 1], calm=True) for k in best)
    costs, goes_right = calm.water_costs(flows, water, aspect), calm.rightward(flows, water)
    sky_goes_right = calm.rightward(flows, other)
    found = []
    for n, k in enumerate(best):
        against = goes_right != sky_goes_right[k]
        order = (costs + AGAINST * against).argsort(stable=True).tolist()
        own = order[min(n // 2, len(order) - 1)]
        found.append(Chosen(codes[k : k + 1], codes[own : own + 1], calm=True))
    return tuple(found)


def drawn(suited: Sequence[Chosen], seed: int) -> Chosen:
    """The one among the best that a seed draws: the best itself for 0, the next for 1, ..."""
    return suited[seed % len(suited)]


def _core(flows: Tensor, regions: Sequence[Region]) -> Tensor | None:  # [1, 1, h, w] bool
    """Where some regions lie on a smaller grid; those with a motion of their own don't count."""
    led = [r for r in regions if r.guide.code is None and not r.guide.arrows] or list(regions)
    if not led:
        return None
    whole = torch.stack([region.core for region in led]).any(0)
    core = shrinking.area(whole.float(), flows.shape[2:])
    return core > 0.5 if bool((core > 0.5).any()) else core > 0


def _best(
    costs: Tensor,  # [K]
    rightward: Tensor,  # [K] bool
) -> list[int]:
    """The few of least cost: the very best, then in turn one that goes the other way."""
    order = costs.argsort(stable=True).tolist()
    ways = rightward.tolist()
    same = [k for k in order if ways[k] == ways[order[0]]]
    other = [k for k in order if ways[k] != ways[order[0]]]
    turns = [k for pair in zip(same, other, strict=False) for k in pair]
    return (turns + [k for k in order if k not in turns])[:FEW]


def choose(
    bundle: ModelBundle,
    settings: MotionSettings,
    seed: int = 0,
    image: Tensor | None = None,  # [1, 3 or 4, H, W] in [-1, 1]
) -> Tensor:  # [1, Z]
    """The code that the settings name, fitted to their arrows if there is a picture.

    What suits a picture is `suitable`'s to say: without arrows, 'auto' is as 'random' here.
    """
    if image is None or not settings.arrows or settings.arrows_as == "field":
        return named(bundle, settings.code, seed)
    searched = settings.code in ("random", AUTO)
    start = None if searched else named(bundle, settings.code, seed)
    *_, best = fit(bundle, image, settings.arrows, start)
    return best.code


def named(bundle: ModelBundle, name: str, seed: int) -> Tensor:  # [1, Z]
    """The code of a name: 'random', a position in the codebook, a clip or a code file."""
    name = "random" if name == AUTO else name
    position = sources.position(name, seed, "motion", len(bundle.motion_codebook or ()))
    if position is not None:
        return bundle.motion_codebook.at(position).to(bundle.device)
    if clips.is_clip(Path(name)):
        return encode(bundle, name)
    return sources.read_code(bundle, Path(name), "motion")


def fit(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    arrows: Iterable[Any],
    start: Tensor | None = None,  # [1, Z]
    steps: int | None = None,
) -> Iterator[MotionFit]:
    """Fit a code to arrows (Equation 12)."""
    drawn = read_arrows(arrows)
    return optimize.fit_motion_code(
        bundle.network("motion_predictor"),
        predictor_input(image, bundle.device),
        image.shape[3] / image.shape[2],
        drawn,
        bundle.motion_codebook.codes.to(bundle.device),
        None if start is None else start.to(bundle.device),
        steps,
    )


@torch.inference_mode()
def encode(
    bundle: ModelBundle,
    clip: Path | str | Iterable[Tensor],  # frames [1, 3 or 4, H, W] in [-1, 1]
) -> Tensor:  # [1, Z]
    """The code of a time-lapse: its common flow through E^M (Table 2)."""
    frames = clips.load_clip(Path(clip)) if isinstance(clip, Path | str) else list(clip)
    beta = bundle.network("motion_predictor").beta
    flow = clips.encoder_input(clips.common_flow(frames), beta, ENCODER_SIZE)
    return bundle.network("motion_encoder")(flow.to(bundle.device))
