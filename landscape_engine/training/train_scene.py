"""Train the scene network on pictures whose sky and water are known."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from .. import checkpoints
from ..networks.motion import MotionPredictor
from ..networks.scene import SceneNetwork
from ..settings import TrainingLoopSettings, TrainSceneSettings
from . import losses, relit, scenes, stills
from .loop import Losses, Run


class LabelledScenes(Dataset):
    """Numbered samples: a picture, and how much of each pixel is sky and water."""

    def __init__(self, size: int, seed: int, photos: stills.Stills | None) -> None:
        self.size, self.seed, self.photos = size, seed, photos

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Picture [3, S, S] in [-1, 1], sky and water [2, S, S] in 0..1."""
        rng = np.random.default_rng((self.seed, index))
        torch.manual_seed(rng.integers(2**31))
        scene = stills.scene(rng, self.size, self.photos)
        return scenes.grade(rng, relit.at_some_hour(rng, scene)) * 2 - 1, scene.masks

    def __len__(self) -> int:
        """As many as one cares to draw."""
        return 2**31


def build(settings: TrainSceneSettings) -> nn.ModuleDict:
    """The network that is trained, by its name."""
    return nn.ModuleDict({"scene_network": SceneNetwork(settings.width)})


def begin_with_motion(network: SceneNetwork, predictor: MotionPredictor) -> None:
    """Start with what a motion predictor of the same width has learnt of pictures.

    All layers but the last are alike, less the channels that its code comes in by.
    """
    state = network.state_dict()
    for name, value in predictor.state_dict().items():
        if "upconv3" not in name:
            state[name] = value[:, : state[name].shape[1]] if value.dim() == 4 else value
    network.load_state_dict(state)


def train(
    folder: Path,
    settings: TrainSceneSettings,
    loop: TrainingLoopSettings,
    photos_folder: Path | None,
    device: torch.device,
    minutes: float | None = None,
    start: Path | None = None,
) -> nn.ModuleDict:
    """Train (or resume) a run in `folder`; gives the averaged network."""
    torch.manual_seed(loop.seed)
    photos = stills.load(photos_folder) if photos_folder else None
    modules = build(settings)
    network = modules["scene_network"]
    if start and (start / "bundle.json").exists():
        bundle = checkpoints.load(start)
        if "scene_network" not in bundle.networks:
            begin_with_motion(network, bundle.network("motion_predictor"))
            start = None

    def loss(batch: list[Tensor]) -> Losses:
        image, masks = batch
        return {"label": losses.label_error(network(image).float(), masks, settings.water_weight)}

    run = Run(folder, modules, loop, {"scene": asdict(settings)}, start)
    return run.train(LabelledScenes(settings.size, loop.seed, photos), loss, device, minutes)
