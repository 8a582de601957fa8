"""Train the motion predictor and its encoder on scenes whose flow is known.

The encoder is shown the scene's wind over *another* layout, so that a code can only carry the
motion: where things move, the predictor must read from the picture.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset

from ..networks.encoder import Encoder
from ..networks.motion import MotionPredictor
from ..settings import TrainingLoopSettings, TrainMotionSettings
from . import losses, scenes, stills, wind
from .loop import Losses, Run

ENCODER_SIZE = 128


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
        image = scenes.grade(rng, scene.image)
        flow = wind.backward_flow(breeze, scene.masks, scene.horizon)
        shown = wind.bare_flow(breeze, rng, ENCODER_SIZE)
        return image * 2 - 1, flow, scene.masks[1:2], shown

    def __len__(self) -> int:
        """As many as one cares to draw."""
        return 2**31


def build(settings: TrainMotionSettings) -> nn.ModuleDict:
    """The two networks that are trained together."""
    return nn.ModuleDict(
        {
            "motion_predictor": MotionPredictor(settings.width),
            "motion_encoder": Encoder(2, settings.encoder_width, norm="none"),
        }
    )


def train(
    folder: Path,
    settings: TrainMotionSettings,
    loop: TrainingLoopSettings,
    photos_folder: Path | None,
    device: torch.device,
    minutes: float | None = None,
    start: Path | None = None,
) -> nn.ModuleDict:
    """Train (or resume) a run in `folder`; gives the averaged networks."""
    torch.manual_seed(loop.seed)
    photos = stills.load(photos_folder) if photos_folder else None
    modules = build(settings)
    predictor, encoder = modules["motion_predictor"], modules["motion_encoder"]

    def loss(batch: list[Tensor]) -> Losses:
        image, known, water, shown = batch
        code = encoder(shown).float()
        flow = predictor(image, code).float() * predictor.beta
        return {
            "flow": losses.flow_error(
                flow, known, water, settings.still_weight, settings.water_weight
            ),
            "tv": settings.tv_weight * losses.total_variation(flow, image),
            "code": settings.code_weight * code.square().mean(),
        }

    run = Run(folder, modules, loop, {"motion": asdict(settings)}, start)
    return run.train(MotionScenes(settings.size, loop.seed, photos), loss, device, minutes)


@torch.no_grad()
def collect_codes(modules: nn.ModuleDict, count: int = 2000, seed: int = 7) -> Tensor:  # [count, Z]
    """Codes of freshly drawn winds, for the codebook."""
    rng = np.random.default_rng(seed)
    encoder = modules["motion_encoder"].eval()
    device = next(encoder.parameters()).device
    codes = []
    for _ in range(count):
        field = wind.bare_flow(wind.random_wind(rng), rng, ENCODER_SIZE)
        codes.append(encoder(F.interpolate(field[None], (ENCODER_SIZE,) * 2).to(device)).cpu())
    return torch.cat(codes)
