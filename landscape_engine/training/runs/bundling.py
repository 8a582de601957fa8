"""Write trained networks into a bundle; its other half stays as it is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from ...bundles import checkpoints
from ...bundles.checkpoints import ModelBundle
from ...bundles.codebook import AppearanceCodebook, MotionCodebook
from ...networks.code_lstm import CodeLSTM
from ...settings import (
    TrainAppearanceSettings,
    TrainCodesSettings,
    TrainedPairSettings,
    TrainMotionSettings,
    TrainSceneSettings,
)
from ...settings.checks import check_installed
from ..data.footage import Film
from ..data.lit_clips import Clip
from . import train_appearance, train_motion, train_scene

MOST_MOTION_CODES = 100  # that the training's are clustered to
MOST_FILMED = 36  # … of clips, where there are winds too
CANDIDATES = 2000
THUMBNAIL_SEED = 19  # of a scene with clouds, water, rocks and boats, to draw thumbnails on


def add_motion(
    folder: Path,
    networks: nn.ModuleDict,
    settings: TrainMotionSettings,
    film: Film = train_motion.NO_FILM,
) -> None:
    """Write the motion networks and their codebook into a bundle, made if missing.

    Args:
        folder: the bundle's.
        networks: as `train_motion.train` gives them, with the clips' common motion fields.
        settings: what was trained.
        film: the clips that were trained on.
    """
    codes = motion_codes(networks, alone=film.settings.clip_share == 1 and bool(film.clips))
    bundle = _open(folder)
    _put(bundle, "motion", networks, settings, encoder_channels=2)
    bundle.motion_codebook = MotionCodebook.ordered(codes)
    checkpoints.save(bundle, folder)


def add_appearance(
    folder: Path,
    networks: nn.ModuleDict,
    settings: TrainAppearanceSettings,
    scenes: list[Clip],
    photos_folder: Path | None = None,
) -> None:
    """Write the appearance networks and their codebook into a bundle, made if missing.

    The codebook holds the days of the clips and, unless these were trained on alone, made-up days.
    """
    sequences = train_appearance.collect_sequences(networks, scenes, settings.code_change)
    if settings.clip_share < 1:
        made = train_appearance.relit_pairs(settings.size, 0, photos_folder)
        sequences += train_appearance.made_sequences(networks, made)
    bundle = _open(folder)
    _put(bundle, "appearance", networks, settings, encoder_channels=3)
    bundle.about["appearance"] = train_appearance.describe(settings)
    bundle.appearance_codebook = AppearanceCodebook.ordered(sequences)
    checkpoints.save(bundle, folder)


def add_scene(folder: Path, networks: nn.ModuleDict, settings: TrainSceneSettings) -> None:
    """Write the scene network, or the parser, into a bundle, made if missing."""
    bundle = _open(folder)
    name = train_scene.name_of(settings)
    part = name if settings.part == "parser" else "scene"
    _fill(bundle, part, networks, settings, {name: train_scene.built(settings)})
    checkpoints.save(bundle, folder)


def add_codes(folder: Path, networks: nn.ModuleDict, settings: TrainCodesSettings) -> None:
    """Write the code LSTM into a bundle; all else in it stays to the byte."""
    lstm = cast(CodeLSTM, networks["code_lstm"])
    built = {
        "code_size": lstm.fc_in.in_features,
        "hidden_size": settings.hidden_size,
        "day": settings.day,
    }
    checkpoints.add_network(folder, "code_lstm", lstm, built, {"codes": asdict(settings)})


def motion_codes(networks: nn.ModuleDict, alone: bool) -> Tensor:  # [at most 100, Z]
    """The codes of the clips trained on and, unless these were trained on alone, of drawn winds."""
    filmed = train_motion.clip_codes(networks)
    if alone:
        return cluster(filmed, MOST_MOTION_CODES)
    filmed = cluster(filmed, MOST_FILMED)
    winds = train_motion.collect_codes(networks, CANDIDATES)
    return torch.cat([filmed, cluster(winds, MOST_MOTION_CODES - len(filmed))])


def check_target(folder: Path) -> None:
    """Refuse, before the first step, a folder that no network could be added to after the last.

    Raises:
        BundleError: it holds other things, can't be written to, or holds a bundle that is damaged.
    """
    checkpoints.check_target(folder)
    _open(folder)


def check_clustering() -> None:
    """Refuse to train where the codebook couldn't be clustered in the end.

    Raises:
        SettingsError: scipy isn't installed.
    """
    check_installed("scipy", "the codebook of a motion training is clustered", "train")


def cluster(
    codes: Tensor,  # [n, Z]
    count: int,
) -> Tensor:  # [count or fewer, Z]
    """The codes nearest to the centres of `count` clusters: true codes, not averages."""
    from scipy.cluster.vq import kmeans2

    if len(codes) <= count:
        return codes
    centres, _ = kmeans2(codes.double().numpy(), count, minit="++", seed=0)
    nearest = torch.cdist(torch.from_numpy(centres).float(), codes).argmin(1)
    return codes[nearest.unique()]


def _open(folder: Path) -> ModelBundle:
    if (folder / "bundle.json").exists():
        return checkpoints.load(folder)
    return ModelBundle({}, {})


def _put(
    bundle: ModelBundle,
    part: str,  # motion or appearance
    networks: nn.ModuleDict,
    settings: TrainedPairSettings,
    encoder_channels: int,
) -> None:
    """Put one half's predictor and encoder into a bundle, and how they were trained."""
    encoder = {"in_channels": encoder_channels, "width": settings.encoder_width, "norm": "none"}
    built: dict[str, dict[str, Any]] = {
        f"{part}_predictor": {"width": settings.width},
        f"{part}_encoder": encoder,
    }
    _fill(bundle, part, networks, settings, built)
    bundle.input_sizes[f"{part}_predictor"] = settings.size


def _fill(
    bundle: ModelBundle,
    part: str,
    networks: nn.ModuleDict,
    settings: TrainedPairSettings | TrainSceneSettings,
    built: dict[str, dict[str, Any]],
) -> None:
    for name, arguments in built.items():
        network = checkpoints.build(name, arguments)
        network.load_state_dict(
            {k: v.float().cpu() for k, v in networks[name].state_dict().items()}
        )
        bundle.networks[name], bundle.built[name] = network, arguments
    bundle.about[part] = asdict(settings)
    bundle.about.setdefault("thumbnail_seed", THUMBNAIL_SEED)
