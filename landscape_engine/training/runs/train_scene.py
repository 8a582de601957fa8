"""Train the scene network, or the scene parser, on pictures whose land, sky and water are known."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from ... import staging
from ...errors import TrainingError
from ...networks.blocks import channels_last
from ...networks.mosaic import SceneParser
from ...networks.scene import SceneNetwork
from ...settings import TrainSceneLoopSettings, TrainSceneSettings
from ..data import labelled, stills
from ..data.labelled import LabelledStill
from ..losses import flow_losses as losses
from ..scenes import air, cameras, rare_scenes, relit, things
from . import ranks, scoring, trunks
from .training_loop import Losses, Run

HELD_OUT = "held_out.json"  # how well it does on stills that were held out
SCENES_SEEN = 0.9, 1.4  # as `labelled.SEEN`: scenes are drawn at the size of a sample
PARSER_SEEN = 0.7, 1.6  # … of the parser, which is asked about whole pictures
RARE = 0.3  # share of the scenes that are of a rare kind
WHITE_WEIGHT = 0.3  # of telling white water from other water
DECAY = 1e-2  # AdamW's, of the weights
FIRST_RATE = 0.04  # share of the highest rate that a run begins with


class LabelledScenes(Dataset):
    """Numbered samples: a picture, and how much of each pixel is land, sky and water.

    Args:
        settings: the side of the samples, how many of them are stills, how many scenes there are.
        seed: of all that is drawn.
        learnt: stills to learn from.
        textures: stills whose parts the scenes take; None: procedural scenes alone.
    """

    def __init__(
        self,
        settings: TrainSceneSettings,
        seed: int,
        learnt: list[LabelledStill],
        textures: stills.Stills | None = None,
    ) -> None:
        self.settings, self.seed, self.learnt, self.textures = settings, seed, learnt, textures
        self.white = [still for still in learnt if still.white is not None]
        self._drawn: dict[int, LabelledStill] = {}

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Picture [3, S, S] in [-1, 1]; its shares [4, S, S], as `labelled.crop` gives them."""
        rng = np.random.default_rng((self.seed, index))
        torch.manual_seed(rng.integers(2**31))
        white = False
        if self.learnt and rng.random() < self.settings.still_share:
            white = bool(self.white) and rng.random() < self.settings.white_share
            stills_of = self.white if white else self.learnt
            seen = PARSER_SEEN if self.settings.part == "parser" else labelled.SEEN
            still = stills_of[rng.integers(len(stills_of))]
        else:
            still, seen = self._scene(int(rng.integers(self.settings.scenes))), SCENES_SEEN
        image, shares = labelled.crop(rng, self.settings.size, still, seen, white)
        textures = self.textures or stills.Stills([], [], [])
        for share, what in ((self.settings.air_share, air), (self.settings.things_share, things)):
            if rng.random() < share:
                image, shares = what.put_before(rng, image, shares, textures)
        return cameras.shoot(rng, image) * 2 - 1, shares

    def _scene(self, number: int) -> LabelledStill:
        """One of the scenes; one takes as long to draw as to learn from, so they are kept."""
        if number not in self._drawn:
            self._drawn[number] = self._draw(number)
        return self._drawn[number]

    def _draw(self, number: int) -> LabelledStill:
        rng = np.random.default_rng((self.seed, number, 1))
        state = torch.get_rng_state()
        torch.manual_seed(rng.integers(2**31))
        size = self.settings.size
        if rng.random() < RARE:
            scene = rare_scenes.scene(rng, size, self.textures)
        else:
            scene = stills.scene(rng, size, self.textures)
        image = relit.at_some_hour(rng, scene)
        torch.set_rng_state(state)
        sky, water = scene.masks.numpy()
        label = np.select([sky > 0.5, water > 0.5], [labelled.SKY, labelled.WATER], labelled.LAND)
        if scene.known is not None:
            label[scene.known.numpy() < 0.5] = labelled.UNKNOWN
        pixels = (image * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
        return LabelledStill(f"scene {number}", pixels, label.astype(np.uint8))

    def __len__(self) -> int:
        """The number of samples: practically unlimited."""
        return 2**31


def name_of(settings: TrainSceneSettings) -> str:
    """The name in a bundle of what is trained."""
    return f"scene_{settings.part}"


def built(settings: TrainSceneSettings) -> dict[str, Any]:
    """The arguments that build the network that is trained."""
    if settings.part == "parser":
        return {"kind": "tiny" if settings.trunk == "tiny" else "mosaic"}
    return {"width": settings.width, "trunk": settings.trunk, "context": True, "white": True}


def build(settings: TrainSceneSettings) -> nn.ModuleDict:
    """The network that is trained, by its name."""
    kind = SceneParser if settings.part == "parser" else SceneNetwork
    return nn.ModuleDict({name_of(settings): channels_last(kind(**built(settings)))})


def optimizer_of(
    network: nn.Module, settings: TrainSceneSettings, highest: float
) -> torch.optim.AdamW:
    """AdamW with a smaller rate for the trunk, which knows pictures already."""
    trunk = list(cast(nn.Module, network.trunk).parameters()) if settings.part == "network" else []
    own = {id(p) for p in trunk}
    rest = [p for p in network.parameters() if id(p) not in own]
    groups = [
        {"params": trunk, "lr": highest * settings.trunk_rate},
        {"params": rest, "lr": highest},
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]], weight_decay=DECAY)


def one_cycle(done: float, rising: float) -> float:
    """A rate that rises over the share `rising` of the run, then falls to nothing, both softly."""
    if done < rising:
        return FIRST_RATE + (1 - FIRST_RATE) * (1 - np.cos(np.pi * done / rising)) / 2
    return float(1 + np.cos(np.pi * (done - rising) / max(1 - rising, 1e-6))) / 2


@torch.random.fork_rng(devices=())  # the caller's numbers go on as they were
def train(
    folder: Path,
    settings: TrainSceneSettings,
    loop: TrainSceneLoopSettings,
    photos_folder: Path | None,
    device: torch.device,
    minutes: float | None = None,
    start: Path | None = None,
) -> nn.ModuleDict:
    """Train (or resume) a run in `folder`; gives the averaged network.

    Where stills are held out, how well it does on them is written to `held_out.json` there.
    """
    torch.manual_seed(loop.seed)
    learnt, kept_out, textures = _data(photos_folder, settings)
    modules = build(settings)
    network = modules[name_of(settings)]
    fresh = start is None and not (folder / "checkpoint.pt").exists()
    if fresh and settings.trunk != "tiny":
        _begin_with_published(network)

    def loss(batch: list[Tensor]) -> Losses:
        image, shares = batch
        found = network(image.contiguous(memory_format=torch.channels_last)).float()
        wrong = {"label": losses.label_error(found[:, :3], shares[:, :3], settings.water_weight)}
        if found.shape[1] > 3:
            wrong["white"] = WHITE_WEIGHT * losses.white_error(found[:, 3:], shares[:, 2:])
        return wrong

    run = Run(
        folder,
        modules,
        loop,
        {"scene": asdict(settings)},
        start,
        optimizer=optimizer_of(network, settings, loop.learning_rate),
        schedule=lambda done: one_cycle(done, loop.decay_from),
    )
    if kept_out:
        staging.check_file(folder / HELD_OUT)
    samples = LabelledScenes(settings, loop.seed, learnt, textures)
    networks = run.train(samples, loss, device, minutes)
    if kept_out and ranks.is_first():
        found = scoring.score(networks[name_of(settings)].cpu().eval(), kept_out)
        text = json.dumps(found, indent=1) + "\n"
        place = folder / HELD_OUT
        with staging.explaining(place), staging.new_file(place) as staged:
            staged.write_text(text, encoding="utf-8")
        print(f"landscape-engine: {scoring.line(found)}", file=sys.stderr)
    return networks


def _begin_with_published(network: nn.Module) -> None:
    """Fill what was published: the scene network's trunk.

    Raises:
        TrainingError: the network is a parser, which begins with another one.
    """
    if isinstance(network, SceneParser):
        raise TrainingError(
            "a parser's weights aren't published as a package; begin with a bundle that has one "
            "(--start), as the one that comes with the engine does."
        )
    trunks.fill(cast(SceneNetwork, network).trunk, trunks.published_weights())


def _data(
    folder: Path | None, settings: TrainSceneSettings
) -> tuple[list[LabelledStill], list[LabelledStill], stills.Stills | None]:
    """Stills to learn from, stills held out, and the textures of the former."""
    if folder is None:
        return [], [], None
    every = labelled.load(folder)
    out = labelled.hold_out(len(every), settings.hold_out)
    learnt = [still for still, held in zip(every, out, strict=True) if not held]
    kept_out = [still for still, held in zip(every, out, strict=True) if held]
    if settings.hold_out and not (learnt and kept_out):
        raise TrainingError(
            f"--hold-out {settings.hold_out} of {len(every)} stills leaves none to train on, or "
            "none out; give more stills or other numbers."
        )
    return learnt, kept_out, stills.load(folder, {still.name for still in kept_out})
