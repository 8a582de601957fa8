"""Train the appearance networks on pairs of one scene under two lights (Algorithm 3).

By default the pairs are taken as aligned, so that colors can be compared place by place (Equation 8
with a weight of 1) and the style and content losses, which need a perceptual network, are left out.
The preset "paper" weighs the terms as section 4.3 does.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset

from ...networks.appearance import AppearancePredictor
from ...networks.encoder import Encoder
from ...networks.perceptual import VGG16, PerceptualNetwork, load_perceptual
from ...ops import color
from ...settings import (
    DrawKind,
    RegularizerSettings,
    TrainAppearanceSettings,
    TrainingLoopSettings,
)
from ..data import distinct_lights as lights
from ..data import lit_clips as clips
from ..data import stills
from ..data.lit_clips import Clip
from ..losses import flow_losses as losses
from ..losses import regularizers, style
from ..losses.regularizers import FREE
from ..scenes import hours, relit
from ..scenes.relit import RelitPairs
from .mixing import clip_sample
from .training_loop import Losses, Run

ENCODER_SIZE = 128
EXAMPLES = 16  # pictures that give the perceptual features their units
LONGEST_SEQUENCE = 16
MADE_DAYS, MADE_CODES, MADE_SCENES = 12, 8, 6  # of the codebook's made-up days
CODE_SIZE, NOISE_STREAM = 8, 6
MARGIN = 1.15  # clips are held this much larger than the crops taken from them


class LightPairs(Dataset):
    """Numbered samples: a picture, and the same view of it under another light.

    Args:
        scenes: what pairs are drawn from.
        size: side of the pictures.
        seed: of all that is drawn.
        draw: "sources", or "clips": one pair of each clip in every epoch, as in the paper.
    """

    def __init__(
        self, scenes: list[Clip], size: int, seed: int, draw: DrawKind = "sources"
    ) -> None:
        self.scenes, self.size, self.seed, self.draw = scenes, size, seed, draw
        # many clips of one source (a mosaic) should not drown those of the others
        sources = [clip.name.split("#")[0] for clip in scenes]
        share = np.array([1 / np.sqrt(sources.count(s)) for s in sources])
        self.share = share / share.sum()

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Two pictures [3, S, S] in [-1, 1]; the second is also what the encoder is shown."""
        rng = np.random.default_rng((self.seed, index))
        if self.draw == "clips":
            epoch, place = divmod(index, len(self.scenes))
            order = np.random.default_rng((self.seed, epoch, len(self.scenes)))
            frames = self.scenes[order.permutation(len(self.scenes))[place]].frames
        else:
            frames = self.scenes[rng.choice(len(self.scenes), p=self.share)].frames
        same = self.draw == "clips" or rng.random() < 0.05  # may both be one frame
        pair = frames[torch.from_numpy(rng.choice(len(frames), 2, replace=same))]
        pair = pair.float() / 127.5 - 1
        crop = int(pair.shape[2] * rng.uniform(0.6, 1))
        y, x = rng.integers(0, pair.shape[2] - crop + 1, 2)
        pair = pair[:, :, y : y + crop, x : x + crop]
        if rng.random() < 0.5:
            pair = pair.flip(3)
        pair = F.interpolate(pair, (self.size, self.size), mode="bilinear", align_corners=False)
        return pair[0], pair[1]

    def __len__(self) -> int:
        """The number of samples: practically unlimited."""
        return 2**31


class LightSamples(Dataset):
    """Pairs of clips and of relit scenes, mixed evenly by the clips' share."""

    def __init__(self, pairs: LightPairs, made: RelitPairs, share: float) -> None:
        self.pairs, self.made, self.share = pairs, made, share

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """A picture, its target and what the encoder is shown, each [3, S, S] in [-1, 1]; noise.

        The noise, [Z] Gaussian, is for the codes' regularizer.
        """
        rng = np.random.default_rng((self.pairs.seed, index, NOISE_STREAM))
        noise = torch.from_numpy(rng.standard_normal(CODE_SIZE)).float()
        number = clip_sample(index, self.share)
        if number is None:
            return (*self.made[index], noise)
        source, target = self.pairs[number]
        return source, target, target, noise

    def __len__(self) -> int:
        """The number of samples: practically unlimited."""
        return 2**31


def build(
    settings: TrainAppearanceSettings, regularizer: RegularizerSettings = FREE
) -> nn.ModuleDict:
    """The two networks that are trained together; for `vae` its head, too."""
    encoder = Encoder(3, settings.encoder_width, norm="none")
    modules = {
        "appearance_predictor": AppearancePredictor(settings.width),
        "appearance_encoder": encoder,
    }
    if regularizer.regularizer == "vae":
        modules["appearance_spread"] = regularizers.spread_of(encoder)
    return nn.ModuleDict(modules)


@torch.random.fork_rng(devices=())  # the caller's numbers go on as they were
def train(
    folder: Path,
    settings: TrainAppearanceSettings,
    loop: TrainingLoopSettings,
    scenes: list[Clip],
    device: torch.device,
    minutes: float | None = None,
    start: Path | None = None,
    photos_folder: Path | None = None,
    regularizer: RegularizerSettings = FREE,
) -> nn.ModuleDict:
    """Train (or resume) a run in `folder`; gives the averaged networks.

    Args:
        folder: the run's.
        settings: what is trained.
        loop: how long and how fast.
        scenes: clips under changing light.
        device: where.
        minutes: after which to stop.
        start: a run or a bundle to begin with the weights of.
        photos_folder: stills with regions, to be relit beside procedural scenes.
        regularizer: what draws the codes towards a Gaussian.
    """
    made = relit_pairs(settings.size, loop.seed, photos_folder)
    pairs = LightPairs(scenes, settings.size, loop.seed, settings.draw)
    samples = LightSamples(pairs, made, settings.clip_share)
    features, described = None, describe(settings)
    if settings.compares_features:
        network = load_perceptual(settings.perceptual).to(device)
        examples = torch.stack([samples[i][1] for i in range(EXAMPLES)]).to(device)
        features = style.FeatureLosses(
            network, examples, settings.style_weight, settings.content_weight
        )
        described = describe(settings, network)
    torch.manual_seed(loop.seed)
    modules = build(settings, regularizer)
    predictor = cast(AppearancePredictor, modules["appearance_predictor"])
    encoder = cast(Encoder, modules["appearance_encoder"])
    has_spread = "appearance_spread" in modules
    spread = cast(nn.Linear, modules["appearance_spread"]) if has_spread else None

    def loss(batch: list[Tensor]) -> Losses:
        source, target, shown, noise = batch
        code, code_loss = regularizers.encode(
            encoder, spread, _encoder_input(shown), noise, regularizer, settings.code_weight
        )
        color_map = predictor(source, code).float()
        output = color.transfer(source, color_map)
        parts = {
            "pooled": lambda: losses.spatial_pooling(output, target, settings.cells),
            "tv": lambda: losses.total_variation(color_map, source),
        }
        weights = {name: getattr(settings, f"{name}_weight") for name in parts}
        weighted = {k: weights[k] * part() for k, part in parts.items() if weights[k]}
        if settings.code_weight or regularizer.regularizer != "none":
            weighted["code"] = code_loss
        return weighted | (features(output, source, target) if features else {})

    known: dict[str, Any] = {"appearance": described}
    if regularizer.regularizer != "none":
        known["regularizer"] = asdict(regularizer)
    run = Run(folder, modules, loop, known, start)
    return run.train(samples, loss, device, minutes)


def relit_pairs(size: int, seed: int, photos_folder: Path | None) -> RelitPairs:
    """Relit scenes as samples, of a folder's stills and of procedural scenes, or of these alone."""
    photos = stills.load(photos_folder) if photos_folder else None
    return RelitPairs(size, seed, photos)


def describe(
    settings: TrainAppearanceSettings, perceptual: PerceptualNetwork | None = None
) -> dict[str, Any]:
    """The settings that a run and a bundle record: no local path, nothing unused."""
    described = asdict(settings)
    if not settings.compares_features:
        del described["perceptual"]
    elif perceptual is not None:
        described["perceptual"] = perceptual.name
    elif settings.perceptual != VGG16:
        described["perceptual"] = Path(settings.perceptual).name
    return described


@torch.no_grad()
def collect_sequences(
    modules: nn.ModuleDict, scenes: list[Clip], least_change: float = 0.3
) -> list[Tensor]:  # each [K, Z]
    """The codes of every clip that is in order, for the codebook.

    Frames whose mean color hardly differs from the last kept one's are left out (section 6.1).
    """
    encoder = modules["appearance_encoder"].eval()
    device = next(encoder.parameters()).device
    sequences = []
    for clip in scenes:
        kept = lights.distinct(clip.frames, least_change) if clip.in_order else []
        if len(kept) < 2:
            continue
        kept = kept[:: -(-len(kept) // LONGEST_SEQUENCE)]
        frames = clip.frames[kept].float() / 127.5 - 1
        sequences.append(encoder(_encoder_input(frames).to(device)).float().cpu())
    return sequences


@torch.no_grad()
@torch.random.fork_rng(devices=())
def made_sequences(
    modules: nn.ModuleDict, made: RelitPairs, count: int = MADE_DAYS, seed: int = 7
) -> list[Tensor]:  # each [K, Z]
    """The codes of made-up days, for the codebook; each code is the mean over some scenes."""
    encoder = modules["appearance_encoder"].eval()
    device = next(encoder.parameters()).device
    sequences = []
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        torch.manual_seed(number)
        scenes = [made.scene(rng) for _ in range(MADE_SCENES)]
        looks = hours.day(rng, MADE_CODES)
        codes = []
        for look in looks:
            views = torch.stack([relit.relight(scene, look) for scene in scenes]) * 2 - 1
            codes.append(encoder(_encoder_input(views).to(device)).float().mean(0).cpu())
        sequences.append(torch.stack(codes))
    return sequences


def _encoder_input(pictures: Tensor) -> Tensor:  # [B, 3, 128, 128]
    return F.interpolate(pictures, (ENCODER_SIZE,) * 2, mode="bilinear", antialias=True)


def load_clips(folder: Path, settings: TrainAppearanceSettings) -> list[Clip]:
    """Read the clips somewhat larger than the training pictures, and select their frames.

    Raises:
        TrainingError: no clip is there, or none whose light changes.
    """
    size = round(settings.size * MARGIN)
    return lights.select(clips.load(folder, size, lights.stride(settings)), settings)
