"""Motion codes: named, chosen for a picture, fitted to arrows or encoded from a time-lapse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from .. import images
from ..bundles import sources
from ..bundles.checkpoints import ModelBundle
from ..fitting import optimize
from ..fitting.annotations import ArrowLike, read_arrows
from ..fitting.optimize import MotionFit
from ..images import clips
from ..landscape import Landscape
from ..networks.inputs import ENCODER_SIZE
from ..ops import shrinking
from ..scene.regions import FALLS, Region, filled
from ..settings import MotionSettings
from . import calm, reference_clips
from .moving_water import is_water

AUTO, GAUSSIAN = "auto", "gaussian"
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


def chosen(
    landscape: Landscape,
    settings: MotionSettings,
    seed: int = 0,
    regions: Sequence[Region] | None = None,
) -> Chosen:
    """The codes that move a picture: with 'auto' those that suit it, else the one named.

    Args:
        landscape: the picture.
        settings: the code and the arrows.
        seed: draws among the best (0: the best) or, where the code is 'random', among all.
        regions: what moves; found if they aren't given.

    Raises:
        CodeError: the position is outside 0..1, or the file holds no such code.
        PictureError: the file is a clip that can't be read.
        AnnotationError: an arrow is malformed or outside the picture.
    """
    if not asks_for_suitable(settings):
        return Chosen(choose(landscape, settings, seed))
    return drawn(suitable(landscape, landscape.regions() if regions is None else regions), seed)


def suitable(landscape: Landscape, regions: Sequence[Region]) -> tuple[Chosen, ...]:
    """The codebook's codes that suit a picture best, best first (`motion.calm`).

    Leftward and rightward ones take turns. Water has a code of its own, which goes the sky's way.
    Where no regions are given, the whole picture counts as sky.
    """
    regions = filled(regions)
    asked = ("suitable", *regions)  # kept, and told apart by being the same
    return landscape.keep(asked, lambda: _suitable(landscape, regions))


@torch.inference_mode()
def _suitable(landscape: Landscape, regions: Sequence[Region]) -> tuple[Chosen, ...]:
    codes = landscape.bundle.motion_codes.codes.to(landscape.device)
    if len(codes) > optimize.SEARCHED:
        codes = codes[torch.linspace(0, len(codes) - 1, optimize.SEARCHED).round().long()]
    small = landscape.square(optimize.SEARCH_SIZE)
    network = landscape.bundle.motion_predictor
    flows = torch.cat(
        [network(small.expand(len(c), -1, -1, -1), c) for c in torch.split(codes, optimize.CHUNK)]
    )
    aspect = landscape.aspect
    water = _core(flows, [region for region in regions if is_water(region)])
    led = (region for region in regions if region.kind != FALLS)  # which go down, by no code
    other = _core(flows, [region for region in led if not is_water(region)])
    if other is None and water is None:
        other = torch.ones_like(flows[:1, :1], dtype=torch.bool)
    if other is None:
        assert water is not None
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
    """The codes of least cost: the best, then alternately one in the opposite direction."""
    order = costs.argsort(stable=True).tolist()
    ways = rightward.tolist()
    same = [k for k in order if ways[k] == ways[order[0]]]
    other = [k for k in order if ways[k] != ways[order[0]]]
    turns = [k for pair in zip(same, other, strict=False) for k in pair]
    return (turns + [k for k in order if k not in turns])[:FEW]


def choose(
    landscape: Landscape,
    settings: MotionSettings,
    seed: int = 0,
) -> Tensor:  # [1, Z]
    """The code that the settings name, fitted to their arrows.

    Arrows as "code" or "both" are fitted from the code that is named, as after one was moved, or,
    where it is 'random' or 'auto', from the best of the codebook. What suits a picture is
    `suitable`'s to say: without arrows, 'auto' is as 'random' here.
    """
    state = images.stamp(settings.code)
    asked = ("code", settings.code, settings.arrows, settings.arrows_as, seed, state)
    return landscape.keep(asked, lambda: _choose(landscape, settings, seed))


def _choose(landscape: Landscape, settings: MotionSettings, seed: int) -> Tensor:  # [1, Z]
    bundle = landscape.bundle
    if not settings.arrows or settings.arrows_as == "field":
        return named(bundle, settings.code, seed)
    searched = settings.code in ("random", AUTO, GAUSSIAN)
    start = None if searched else named(bundle, settings.code, seed)
    *_, best = fit(landscape, settings.arrows, start)
    return best.code


def named(bundle: ModelBundle, name: str, seed: int = 0) -> Tensor:  # [1, Z]
    """The code of a name: 'random', 'gaussian', a position in the codebook, a clip, a code file.

    'gaussian' is a code from N(0, 1), as VAE and WAE draw their codes towards it (section 6.6).

    Raises:
        CodeError: the position is outside 0..1, or the file holds no such code.
        PictureError: the file is a clip that can't be read.
    """
    if name == GAUSSIAN:
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(1, bundle.code_size("motion"), generator=generator).to(bundle.device)
    name = "random" if name == AUTO else name
    position = sources.position(name, seed, "motion", len(bundle.motion_codebook or ()))
    if position is not None:
        return bundle.motion_codes.at(position).to(bundle.device)
    if clips.is_clip(Path(name)):
        return encode(bundle, name)
    return sources.read_code(bundle, Path(name), "motion")


def fit(
    landscape: Landscape,
    arrows: Iterable[ArrowLike],
    start: Tensor | None = None,  # [1, Z]
    steps: int | None = None,
) -> Iterator[MotionFit]:
    """Fit a code to arrows (Equation 12); the last one yielded is the result.

    Args:
        landscape: the picture.
        arrows: `Arrow`s, or anything that `read_arrow` takes; one or more.
        start: a code to go on from, without searching the codebook.
        steps: of Adam, where the default isn't wanted.

    Raises:
        AnnotationError: an arrow is malformed or outside the picture.
    """
    bundle = landscape.bundle
    return optimize.fit_motion_code(
        bundle.motion_predictor,
        landscape.input_of("motion_predictor"),
        landscape.aspect,
        read_arrows(arrows),
        bundle.motion_codes.codes.to(bundle.device),
        None if start is None else start.to(bundle.device),
        steps,
    )


@torch.inference_mode()
def encode(
    bundle: ModelBundle,
    clip: Path | str | Iterable[Tensor],  # frames [1, 3 or 4, H, W] in [-1, 1]
) -> Tensor:  # [1, Z]
    """The code of a time-lapse: its common flow through E^M (Table 2).

    Args:
        bundle: whose code.
        clip: a video, a folder of frames, or the frames.

    Raises:
        PictureError: the clip can't be read, has one frame, or doesn't move.
    """
    frames = reference_clips.load_clip(Path(clip)) if isinstance(clip, Path | str) else list(clip)
    beta = bundle.motion_predictor.beta
    flow = reference_clips.encoder_input(reference_clips.common_flow(frames), beta, ENCODER_SIZE)
    return cast(Tensor, bundle.motion_encoder(flow.to(bundle.device)))
