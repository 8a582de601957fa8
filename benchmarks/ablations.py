"""What each loss term and each source of data is good for: small trainings, one thing left out.

    python benchmarks/ablations.py motion --photos stills --clips film --pictures test --masks masks
    python benchmarks/ablations.py light --photos stills --clips lights --pictures test

All of a table are trained alike, from nothing, for `--steps` steps at a width of 16: figures say
what a term changes, not what the engine reaches. Motion: leak and reach of the network alone
(`landscape_engine.evaluation.metrics`), and on the end of each clip, which is not trained on, the
error of the next frame in shares of that of "nothing moves". Light: on clips that are not trained
on, the distance of an encoded reference's result from the reference in shares of what color
transfer by means and deviations leaves, and how well edges are kept.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F

from landscape_engine.evaluation import light_reach as light
from landscape_engine.evaluation import metrics, protocol
from landscape_engine.ops import color, warping
from landscape_engine.settings import (
    MotionClipSettings,
    TrainAppearanceSettings,
    TrainingLoopSettings,
    TrainMotionSettings,
)
from landscape_engine.training.data import footage
from landscape_engine.training.losses import flow_losses as losses
from landscape_engine.training.runs import train_appearance, train_motion

CPU = torch.device("cpu")
CLIPS = {"every": 1, "least_change": 0.002, "first_field": "measured", "field_rate": 0.02}
MOTION = {  # name → changes to the clips' settings, and to what is trained
    "all": ({}, {}),
    "no total variation": ({"clip_tv_weight": 0.0}, {"tv_weight": 0.0}),
    "no photometric term": ({"photometric_weight": 0.0}, {}),
    "no measured flow": ({"measured_weight": 0.0}, {}),
    "still counts once": ({}, {"still_weight": 1.0}),
    "scenes only": ({"clip_share": 0.0}, {}),
    "procedural only": ({"clip_share": 0.0}, {"photos": False}),
    "clips only": ({"clip_share": 1.0}, {}),
    "clips only, self-supervised": ({"clip_share": 1.0, "measured_weight": 0.0}, {}),
}
LIGHT = {
    "all": {},
    "no total variation": {"tv_weight": 0.0},
    "no code term": {"code_weight": 0.0},
    "clips only": {"clip_share": 1.0},
    "relit scenes only": {"clip_share": 0.0},
    "relit, procedural only": {"clip_share": 0.0, "photos": False},
}
HELD_OUT = 4  # of so many clips under changing light one isn't trained on


def main() -> None:
    parser = argparse.ArgumentParser(description="Ablations of the training.")
    parser.add_argument("part", choices=["motion", "light"])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of test stills")
    parser.add_argument("--masks", type=Path, help="their reference masks, for motion")
    parser.add_argument("--steps", type=int, default=400)
    options = parser.parse_args()
    loop = TrainingLoopSettings(
        steps=options.steps, learning_rate=1e-3, average=0.99, mixed=False, save_every=10**6
    )
    (motion if options.part == "motion" else lights)(options, loop)


# -------------------------------------------------------------------------- motion


def motion(options: argparse.Namespace, loop: TrainingLoopSettings) -> None:
    shown = [protocol.load_still(p, options.masks, 256) for p in sorted(options.pictures.iterdir())]
    base = MotionClipSettings(**CLIPS)
    size = TrainMotionSettings().size
    film = footage.load(options.clips, size, base)
    whole = footage.load(options.clips, size, replace(base, held_out=0.0, mirror=False))
    print("| trained with | leak | reach | next frame of film |\n|---|---|---|---|", flush=True)
    for name, (of_clips, changes) in MOTION.items():
        settings = MotionClipSettings(
            **{"clip_share": 0.35, "measured_weight": 1.0, **CLIPS, **of_clips}
        )
        photos = options.photos if changes.get("photos", True) else None
        weights = {k: v for k, v in changes.items() if k != "photos"}
        what = TrainMotionSettings(width=16, encoder_width=12, **weights)
        given = replace(film, settings=settings) if settings.clip_share else train_motion.NO_FILM
        with tempfile.TemporaryDirectory() as run:
            networks = train_motion.train(Path(run), what, loop, photos, CPU, film=given)
        networks.eval()
        leak, reach = of_stills(networks, shown, settings.clip_share == 1)
        ahead = of_film(networks, whole, base.held_out)
        print(f"| {name} | {leak:.2f} | {reach:.2f} | {ahead:.3f} |", flush=True)


@torch.no_grad()
def of_stills(networks: torch.nn.ModuleDict, shown: list, filmed: bool) -> tuple[float, float]:
    if filmed:
        codes = train_motion.clip_codes(networks)
    else:
        codes = train_motion.collect_codes(networks, count=16)
    leaks, reaches = [], []
    for image, mask in shown:
        small = F.interpolate(image, (256, 256), mode="area")
        flows = torch.cat([networks["motion_predictor"](small, c) for c in codes[:16].split(1)])
        speed = metrics.speed_of(metrics.in_pixels(warping.enlarge(flows, *image.shape[2:])))
        leaks.append(metrics.leak(speed, mask.land, mask.moving))
        reaches += [metrics.reach(one[None], mask.moving) for one in speed]
    known = [value for value in leaks if value is not None]
    return sum(known) / len(known), sum(reaches) / len(reaches)


@torch.no_grad()
def of_film(networks: torch.nn.ModuleDict, whole: footage.Film, held_out: float) -> float:
    """Squared error of the next frame at the end of each clip, of its own motion's code."""
    beta = networks["motion_predictor"].beta
    ours = still = 0.0
    for clip in whole.clips:
        cut = round(len(clip.pairs) * (1 - held_out))
        known = footage.Footage(clip.name, clip.frames, clip.pairs[:cut])
        field = (footage.measure(known)[None] * beta).clamp(-1, 1)
        code = networks["motion_encoder"](F.interpolate(field, (128, 128), mode="area"))
        for k in range(cut, len(clip.pairs), 4):
            before, after = clip.pair(k).split(1)
            flow = networks["motion_predictor"](before, code)
            ours += float(losses.photometric(flow, before, after))
            still += float(losses.photometric(torch.zeros_like(flow), before, after))
    return ours / still


# --------------------------------------------------------------------------- light


def lights(options: argparse.Namespace, loop: TrainingLoopSettings) -> None:
    scenes = train_appearance.load_clips(options.clips, TrainAppearanceSettings())
    held_out, known = scenes[::HELD_OUT], [c for i, c in enumerate(scenes) if i % HELD_OUT]
    shown = [protocol.load_still(p, None, 256)[0] for p in sorted(options.pictures.iterdir())]
    print("| trained with | encoded reference | edges |\n|---|---|---|", flush=True)
    for name, changes in LIGHT.items():
        photos = options.photos if changes.get("photos", True) else None
        weights = {k: v for k, v in changes.items() if k != "photos"}
        what = TrainAppearanceSettings(width=16, encoder_width=12, cells=64, **weights)
        with tempfile.TemporaryDirectory() as run:
            networks = train_appearance.train(
                Path(run), what, loop, known, CPU, photos_folder=photos
            )
        networks.eval()
        apart, kept = of_references(networks, held_out, shown)
        print(f"| {name} | {apart:.2f} | {kept:.3f} |", flush=True)


@torch.no_grad()
def of_references(networks: torch.nn.ModuleDict, clips: list, shown: list) -> tuple[float, float]:
    def relit(image: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
        side = image.shape[2] // 8 * 8, image.shape[3] // 8 * 8
        small = F.interpolate(image, side, mode="area")
        color_map = networks["appearance_predictor"](small, code)
        return color.transfer(image, warping.enlarge(color_map, *image.shape[2:]))

    ours, theirs, kept = 0.0, 0.0, []
    for clip in clips:
        frames = clip.frames[[0, len(clip.frames) // 2]].float() / 127.5 - 1
        first, second = F.interpolate(frames, (128, 128), mode="area").split(1)
        for image, wanted in ((first, second), (second, first)):
            code = networks["appearance_encoder"](wanted)
            ours += light.distance(relit(image, code), wanted)
            theirs += light.distance(light.transfer_globally(image, wanted), wanted)
        for image in shown[:: max(1, len(shown) // 2)]:
            kept.append(metrics.edges(image, relit(image, code)))
    return ours / theirs, sum(v for v in kept if v is not None) / max(len(kept), 1)


if __name__ == "__main__":
    main()
