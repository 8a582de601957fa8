"""Train the appearance networks on pairs of one scene under two lights (Algorithm 3).

The pairs are aligned, so that colors can be compared place by place (Equation 8 with a weight of 1)
and the style and content losses, which need a perceptual network, are left out.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset

from ..networks.appearance import AppearancePredictor
from ..networks.encoder import Encoder
from ..ops import color
from ..settings import TrainAppearanceSettings, TrainingLoopSettings
from . import clips, losses
from .clips import Clip
from .loop import Losses, Run

ENCODER_SIZE = 128
LEAST_CHANGE = (
    0.3  # of the mean color, summed over R G B, between codes of a sequence (section 6.1)
)
LONGEST_SEQUENCE = 16
MARGIN = 1.15  # clips are held this much larger than the crops taken from them


class LightPairs(Dataset):
    """Numbered samples: a picture, and the same view of it under another light."""

    def __init__(self, scenes: list[Clip], size: int, seed: int) -> None:
        self.scenes, self.size, self.seed = scenes, size, seed
        # many clips of one source (a mosaic) should not drown those of the others
        sources = [clip.name.split("#")[0] for clip in scenes]
        share = np.array([1 / np.sqrt(sources.count(s)) for s in sources])
        self.share = share / share.sum()

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Two pictures [3, S, S] in [-1, 1]."""
        rng = np.random.default_rng((self.seed, index))
        frames = self.scenes[rng.choice(len(self.scenes), p=self.share)].frames
        pair = frames[torch.from_numpy(rng.choice(len(frames), 2, replace=rng.random() < 0.05))]
        pair = pair.float() / 127.5 - 1
        crop = int(pair.shape[2] * rng.uniform(0.6, 1))
        y, x = rng.integers(0, pair.shape[2] - crop + 1, 2)
        pair = pair[:, :, y : y + crop, x : x + crop]
        if rng.random() < 0.5:
            pair = pair.flip(3)
        pair = F.interpolate(pair, (self.size, self.size), mode="bilinear", align_corners=False)
        return pair[0], pair[1]

    def __len__(self) -> int:
        """As many as one cares to draw."""
        return 2**31


def build(settings: TrainAppearanceSettings) -> nn.ModuleDict:
    """The two networks that are trained together."""
    return nn.ModuleDict(
        {
            "appearance_predictor": AppearancePredictor(settings.width),
            "appearance_encoder": Encoder(3, settings.encoder_width, norm="none"),
        }
    )


def train(
    folder: Path,
    settings: TrainAppearanceSettings,
    loop: TrainingLoopSettings,
    scenes: list[Clip],
    device: torch.device,
    minutes: float | None = None,
    start: Path | None = None,
) -> nn.ModuleDict:
    """Train (or resume) a run in `folder`; gives the averaged networks."""
    torch.manual_seed(loop.seed)
    modules = build(settings)
    predictor, encoder = modules["appearance_predictor"], modules["appearance_encoder"]

    def loss(batch: list[Tensor]) -> Losses:
        source, target = batch
        small = F.interpolate(target, (ENCODER_SIZE,) * 2, mode="bilinear", antialias=True)
        code = encoder(small).float()
        color_map = predictor(source, code).float()
        output = color.transfer(source, color_map)
        return {
            "pooled": losses.spatial_pooling(output, target, settings.cells),
            "tv": settings.tv_weight * losses.total_variation(color_map, source),
            "code": settings.code_weight * code.square().mean(),
        }

    run = Run(folder, modules, loop, {"appearance": asdict(settings)}, start)
    return run.train(LightPairs(scenes, settings.size, loop.seed), loss, device, minutes)


@torch.no_grad()
def collect_sequences(modules: nn.ModuleDict, scenes: list[Clip]) -> list[Tensor]:  # each [K, Z]
    """The codes of every clip that is in order, for the codebook.

    Frames whose mean color hardly differs from the last kept one's are left out (section 6.1).
    """
    encoder = modules["appearance_encoder"].eval()
    device = next(encoder.parameters()).device
    sequences = []
    for clip in scenes:
        if not clip.in_order:
            continue
        frames = clip.frames.float() / 127.5 - 1
        kept = [0]
        for t in range(1, len(frames)):
            change = (frames[t].mean((1, 2)) - frames[kept[-1]].mean((1, 2))).abs().sum()
            if float(change) >= LEAST_CHANGE:
                kept.append(t)
        if len(kept) < 2:
            continue
        kept = kept[:: -(-len(kept) // LONGEST_SEQUENCE)]
        small = F.interpolate(frames[kept], (ENCODER_SIZE,) * 2, mode="bilinear", antialias=True)
        sequences.append(encoder(small.to(device)).float().cpu())
    return sequences


def load_clips(folder: Path, settings: TrainAppearanceSettings) -> list[Clip]:
    """Read the clips somewhat larger than the training pictures, which are cropped from them."""
    return clips.load(folder, round(settings.size * MARGIN))
