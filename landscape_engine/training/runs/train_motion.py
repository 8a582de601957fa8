"""Train the motion predictor and its encoder, on clips (Algorithm 2) and on known flow.

Of a clip only frames are known: the flow is right when it warps one into the next. The encoder is
shown the clip's common motion field. Of a scene the flow is known; the encoder is shown its wind
over *another* layout, so that a code can only carry the motion: where things move, the predictor
must read from the picture. A setting says which share of the samples comes from where.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from ...networks.encoder import Encoder
from ...networks.motion import MotionPredictor
from ...settings import (
    MotionClipSettings,
    RegularizerSettings,
    TrainingLoopSettings,
    TrainMotionSettings,
)
from ..data import stills
from ..data.common_fields import ENCODER_SIZE, CommonFields, measure_all
from ..data.footage import Film, Footage
from ..losses import flow_losses as losses
from ..losses import regularizers
from ..losses.regularizers import FREE
from ..scenes import drawn_scenes as scenes
from ..scenes import relit, wind
from . import motion_sheet
from .mixing import clip_sample
from .training_loop import Losses, Run

CODE_SIZE = 8
NO_FILM = Film((), MotionClipSettings())


class MotionScenes(Dataset):
    """Numbered samples: picture, known flow, and the same wind over a bare layout."""

    def __init__(self, size: int, seed: int, photos: stills.Stills | None) -> None:
        self.size, self.seed, self.photos = size, seed, photos

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Picture [3, S, S] in [-1, 1], flow × beta, water [1, S, S], bare flow × beta."""
        rng = np.random.default_rng((self.seed, index))
        torch.manual_seed(rng.integers(2**31))
        scene = stills.scene(rng, self.size, self.photos)
        breeze = wind.random_wind(rng)
        image = scenes.grade(rng, relit.at_some_hour(rng, scene))
        flow = wind.backward_flow(breeze, scene.masks, scene.horizon)
        shown = wind.bare_flow(breeze, rng, ENCODER_SIZE)
        return image * 2 - 1, flow, scene.masks[1:2], shown

    def __len__(self) -> int:
        """The number of samples: practically unlimited."""
        return 2**31


class MotionPairs(Dataset):
    """Numbered samples: a frame, the next one, and their clip's number.

    Each epoch takes every clip once, in an order of its own, and of it one pair (section 4.3).
    """

    def __init__(self, clips: Sequence[Footage], seed: int) -> None:
        self.clips, self.seed = clips, seed

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, int]:
        """Two pictures [3, S, S] in [-1, 1] and a number."""
        epoch, place = divmod(index, len(self.clips))
        order = np.random.default_rng((self.seed, epoch, 2)).permutation(len(self.clips))
        clip = int(order[place])
        rng = np.random.default_rng((self.seed, index, 3))
        before, after = self.clips[clip].pair(int(rng.integers(len(self.clips[clip].pairs))))
        return before, after, clip

    def __len__(self) -> int:
        """The number of samples: practically unlimited."""
        return 2**31


class MotionSamples(Dataset):
    """Pairs of clips and scenes of known flow, mixed evenly by the pairs' share.

    Each sample is the picture, the next frame, the known flow × beta, water, what the encoder is
    shown of a scene, Gaussian noise of a code's size, and the clip's number: -1 for a scene. What a
    sample's kind lacks is zero.
    """

    def __init__(self, known: MotionScenes, pairs: MotionPairs, share: float) -> None:
        self.known, self.pairs = known, pairs
        self.share = share if pairs.clips else 0.0

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        """One sample of either kind."""
        rng = np.random.default_rng((self.known.seed, index, 1))
        noise = torch.from_numpy(rng.standard_normal(CODE_SIZE, np.float32))
        number = clip_sample(index, self.share)
        if number is not None:
            image, target, clip = self.pairs[number]
            flow, water = torch.zeros_like(image[:2]), torch.zeros_like(image[:1])
            shown = torch.zeros(2, ENCODER_SIZE, ENCODER_SIZE)
        else:
            image, flow, water, shown = self.known[index]
            target, clip = torch.zeros_like(image), -1
        return image, target, flow, water, shown, noise, torch.tensor(clip)

    def __len__(self) -> int:
        """The number of samples: practically unlimited."""
        return 2**31


def build(settings: TrainMotionSettings, regularizer: RegularizerSettings = FREE) -> nn.ModuleDict:
    """The networks that are trained together; `vae` has a head more, which no bundle keeps."""
    encoder = Encoder(2, settings.encoder_width, norm="none")
    modules = nn.ModuleDict(
        {"motion_predictor": MotionPredictor(settings.width), "motion_encoder": encoder}
    )
    if regularizer.regularizer == "vae":
        modules["motion_spread"] = regularizers.spread_of(encoder)
    return modules


@torch.random.fork_rng(devices=())  # the caller's numbers go on as they were
def train(
    folder: Path,
    settings: TrainMotionSettings,
    loop: TrainingLoopSettings,
    photos_folder: Path | None,
    device: torch.device,
    minutes: float | None = None,
    start: Path | None = None,
    film: Film = NO_FILM,
    regularizer: RegularizerSettings = FREE,
) -> nn.ModuleDict:
    """Train (or resume) a run in `folder`.

    Args:
        folder: the run's.
        settings: what is trained.
        loop: how long and how fast.
        photos_folder: stills with regions, for scenes with known flow.
        device: where.
        minutes: after which to stop.
        start: a run or a bundle to begin with the weights of.
        film: clips to learn from, mixed with the scenes by their share.
        regularizer: what draws the codes towards a Gaussian.

    Returns:
        The averaged networks and, as `common_fields`, the clips' fields.
    """
    torch.manual_seed(loop.seed)
    photos = stills.load(photos_folder) if photos_folder else None
    modules = build(settings, regularizer)
    predictor = cast(MotionPredictor, modules["motion_predictor"])
    encoder = cast(Encoder, modules["motion_encoder"])
    spread = cast(nn.Linear, modules["motion_spread"]) if "motion_spread" in modules else None
    clips, clip_settings = film.clips, film.settings
    fields = CommonFields(len(clips), clip_settings.field_rate)
    measured = None
    if clips and (clip_settings.first_field == "measured" or clip_settings.measured_weight):
        measured = measure_all(clips, cast(MotionPredictor, modules["motion_predictor"]).beta).to(
            device
        )
    if measured is not None and clip_settings.first_field == "measured":
        fields.begin_with(measured)

    beta, of_clips = predictor.beta, clip_settings.clip_weight

    def loss(batch: list[Tensor]) -> Losses:
        image, target, known, water, shown, noise, clip = batch
        filmed = clip >= 0
        shown = fields.put_into(shown, clip)
        code, code_loss = regularizers.encode(
            encoder, spread, shown, noise, regularizer, settings.code_weight
        )
        flow = predictor(image, code).float()
        parts = {
            "flow": _over(~filmed, _known_error(settings), flow * beta, known, water),
            "tv": _over(~filmed, losses.total_variation, flow * beta, image) * settings.tv_weight,
            "code": code_loss,
        }
        if clips:
            error = _over(filmed, losses.photometric, flow, image, target)
            tv = _over(filmed, _smoothness(clip_settings), flow, target)
            parts["photometric"] = error * clip_settings.photometric_weight * of_clips
            parts["clip_tv"] = tv * clip_settings.clip_tv_weight * of_clips
            if measured is not None and clip_settings.measured_weight:
                wanted = measured[clip.clamp(min=0)]
                error = _over(filmed, _known_error(settings), flow * beta, wanted, water)
                parts["measured"] = error * clip_settings.measured_weight
            fields.refine(clip, flow.detach() * beta)
        return parts

    def draw(networks: nn.ModuleDict, batch: list[Tensor]) -> Tensor:
        image, target, known, _, shown, _, clip = batch
        code = networks["motion_encoder"](fields.put_into(shown, clip))
        flow = networks["motion_predictor"](image, code)
        return motion_sheet.draw(image, flow, target, known / beta, clip, beta)

    described: dict[str, Any] = {"motion": asdict(settings)}
    if clips:
        described |= {"clips": asdict(clip_settings), "footage": [c.name for c in clips]}
    if regularizer.regularizer != "none":
        described["regularizer"] = asdict(regularizer)
    run = Run(folder, modules, loop, described, start, fields)
    samples = MotionSamples(
        MotionScenes(settings.size, loop.seed, photos),
        MotionPairs(clips, loop.seed),
        clip_settings.clip_share,
    )
    averaged = run.train(samples, loss, device, minutes, draw)
    return nn.ModuleDict({**averaged, "common_fields": fields})


def _over(which: Tensor, loss: Callable[..., Tensor], *values: Tensor) -> Tensor:
    """A loss over some samples of a batch, counted by their share of it; none cost nothing."""
    if not which.any():
        return values[0].new_zeros(())
    return loss(*(v[which] for v in values)) * which.float().mean()


def _known_error(settings: TrainMotionSettings) -> Callable[..., Tensor]:
    def error(flow: Tensor, known: Tensor, water: Tensor) -> Tensor:
        return losses.flow_error(flow, known, water, settings.still_weight, settings.water_weight)

    return error


def _smoothness(settings: MotionClipSettings) -> Callable[..., Tensor]:
    def smoothness(flow: Tensor, target: Tensor) -> Tensor:
        return losses.total_variation(flow, target, settings.sigma)

    return smoothness


@torch.no_grad()
def collect_codes(modules: nn.ModuleDict, count: int = 2000, seed: int = 7) -> Tensor:  # [count, Z]
    """Codes of freshly drawn winds, for the codebook."""
    rng = np.random.default_rng(seed)
    encoder = modules["motion_encoder"].eval()
    device = next(encoder.parameters()).device
    fields = (wind.bare_flow(wind.random_wind(rng), rng, ENCODER_SIZE) for _ in range(count))
    codes = []
    while batch := list(islice(fields, 32)):
        codes.append(encoder(torch.stack(batch).to(device)).float().cpu())
    return torch.cat(codes)


@torch.no_grad()
def clip_codes(modules: nn.ModuleDict) -> Tensor:  # [N, Z]
    """The codes of the clips, of their common motion fields as training left them (section 4.1)."""
    fields = cast(CommonFields, modules["common_fields"]).fields
    encoder = cast(Encoder, modules["motion_encoder"]).eval()
    if not len(fields):
        return fields.new_zeros(0, encoder.fc.out_features).cpu()
    return torch.cat([encoder(field[None]).float().cpu() for field in fields])
