"""Motion codes: the latent code that settings name, arrows ask for or a time-lapse shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from . import sources
from .checkpoints import ModelBundle
from .fitting import clips, optimize
from .fitting.annotations import read_arrows
from .fitting.optimize import MotionFit
from .networks.inputs import ENCODER_SIZE, predictor_input
from .settings import MotionSettings


def choose(
    bundle: ModelBundle,
    settings: MotionSettings,
    seed: int = 0,
    image: Tensor | None = None,  # [1, 3 or 4, H, W] in [-1, 1]
) -> Tensor:  # [1, Z]
    """The code that the settings name, fitted to their arrows if there is a picture."""
    if image is None or not settings.arrows or settings.arrows_as == "field":
        return named(bundle, settings.code, seed)
    start = None if settings.code == "random" else named(bundle, settings.code, seed)
    *_, best = fit(bundle, image, settings.arrows, start)
    return best.code


def named(bundle: ModelBundle, name: str, seed: int) -> Tensor:  # [1, Z]
    """The code of a name: 'random', a position in the codebook, a clip or a code file."""
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
