"""The animator: one landscape picture in, frames out; each step gives a value that the next takes.

animator = load_animator()
image = load_image("lake.jpg")
motion = animator.predict_motion(image)
write_sequence(animator.render(image, motion), "out/")
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from . import checkpoints, images, region_files, rendering
from .checkpoints import ModelBundle
from .codebook import resample
from .errors import CodeError, SettingsError
from .ops import looping, motion_fields, moving_water, warping
from .ops import regions as regions_of
from .ops.motion_fields import MotionField, MovingPart
from .ops.regions import Region
from .rendering import Light, Stopwatch
from .settings import (
    AppearanceSettings,
    ClipSettings,
    DeviceName,
    LoopSettings,
    MotionSettings,
    RegionSettings,
)

PREDICTOR_SIZE = 256  # side of the predictors' input, pixels (paper, section 4.3)
ENCODER_SIZE = 128
CALM = 0.15  # least usual speed of what moves, as a share of the predictor's fastest step
PROBE_SIZE = 128  # side of the picture then, pixels; twice that says the same
PROBES = 6  # codes of the codebook, evenly, under which a picture is asked what of it moves


def load_animator(
    bundle: Path | str | ModelBundle | None = None, device: DeviceName | torch.device = "auto"
) -> Animator:
    """Load a bundle onto a device.

    Args:
        bundle: a bundle's folder, a loaded bundle, or None for the one that ships.
        device: "auto" takes CUDA, then Apple's MPS, then the CPU.

    Raises:
        BundleError: the bundle can't be used.
        SettingsError: the device isn't there.
    """
    loaded = bundle if isinstance(bundle, ModelBundle) else None
    if loaded is None:
        loaded = checkpoints.load(checkpoints.DEFAULT if bundle is None else bundle)
    return Animator(loaded, choose_device(device))


def choose_device(name: DeviceName | torch.device) -> torch.device:
    """The device of a name; the only place where that is decided.

    Raises:
        SettingsError: there is no such device on this machine.
    """
    if isinstance(name, torch.device):
        return name
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, found in there.items() if found))
    if name not in there:
        raise SettingsError(f"--device is '{name}'; expected auto, cpu, cuda or mps.")
    if not there[name]:
        found = ", ".join(kind for kind, is_there in there.items() if is_there)
        raise SettingsError(
            f"this machine has no {name} device (it has: {found}); use --device auto."
        )
    return torch.device(name)


class Animator:
    """Predicts motion and appearance with one bundle on one device."""

    def __init__(self, bundle: ModelBundle, device: torch.device) -> None:
        """Move the bundle's networks to the device."""
        self.bundle = bundle
        self.device = device
        for network in bundle.networks.values():
            network.to(device)

    # ------------------------------------------------------------------ codes

    def motion_code(self, settings: MotionSettings, seed: int = 0) -> Tensor:  # [1, Z]
        """The latent code that the settings name.

        Raises:
            CodeError: the position is outside 0..1, or the file holds no such code.
        """
        predictor = self.bundle.network("motion_predictor")
        size = predictor.trunk.conv1.in_channels - 3
        position = _position(settings.code, seed, "motion", len(self.bundle.motion_codebook or ()))
        if position is None:
            codes = _read_codes(Path(settings.code), size)
            if len(codes) != 1:
                raise CodeError(
                    f"{settings.code} holds {len(codes)} codes; a motion code is one vector."
                )
            return codes.to(self.device)
        return self.bundle.motion_codebook.at(position).to(self.device)

    def appearance_codes(self, settings: AppearanceSettings, seed: int = 0) -> Tensor:  # [K, Z]
        """The sequence of key codes that the settings name.

        Raises:
            CodeError: the position is outside 0..1, or the file holds no such codes.
        """
        predictor = self.bundle.network("appearance_predictor")
        size = predictor.trunk.conv1.in_channels - 3
        book = self.bundle.appearance_codebook or ()
        position = _position(settings.code, seed, "appearance", len(book))
        if position is None:
            codes = _read_codes(Path(settings.code), size)
        else:
            codes = self.bundle.appearance_codebook.at(position)
        return (codes if settings.codes is None else resample(codes, settings.codes)).to(
            self.device
        )

    # ----------------------------------------------------------------- motion

    @torch.inference_mode()
    def predict_motion(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        settings: MotionSettings | None = None,
        code: Tensor | None = None,  # [1, Z]
        seed: int = 0,
        regions: Sequence[Region] | None = None,
    ) -> MotionField:
        """Predict how a picture moves.

        Args:
            image: the picture.
            settings: kind, code and speed.
            code: a latent code of one's own, instead of the one that the settings name.
            seed: draws the code where the settings say 'random'.
            regions: what moves, from `find_regions`, which is asked if they aren't given; an empty
                list moves the whole picture by the predicted field as it comes. Steady motion only.
        """
        settings = settings or MotionSettings()
        code = self.motion_code(settings, seed) if code is None else code.to(self.device)
        step = self._predict_step(image, code, settings.speed)
        if settings.kind == "steady":
            if regions is None:
                regions = self.find_regions(image)
            if not regions:
                return motion_fields.steady_motion(step)
            parts = [self._move(image, region, step, settings, seed) for region in regions]
            parts = moving_water.answer(parts, settings)
            return motion_fields.motion_of_parts(parts, self._network_input(image))

        def accumulate() -> Iterator[Tensor]:
            return self._recur(image.to(self.device), code, settings.speed)

        return MotionField(step, accumulate, steady=False)

    @torch.inference_mode()
    def find_regions(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        settings: RegionSettings | None = None,
    ) -> list[Region]:
        """Find what moves; the artist's masks and regions come before what the network says.

        The result depends on the picture alone: keep it while codes and speeds are tried out.

        Raises:
            RegionError: a mask or a region's file can't be used, or nothing is left that moves.
        """
        settings = settings or RegionSettings()
        if not settings.clean:
            return []
        height, width = regions_of.mask_size(*image.shape[2:])
        small = images.to_uint8(images.resize(image[:, :3], width, height))
        found = []
        if not settings.moving_mask:
            found = regions_of.find(self._label(image, settings.horizon), small, self.device)
        grid = (PREDICTOR_SIZE, PREDICTOR_SIZE)
        return region_files.apply(settings, found, (height, width), grid, self.device)

    def _label(self, image: Tensor, horizon: float | None) -> np.ndarray:  # uint8 [256, 256]
        inputs = images.resize(image[:, :3], PROBE_SIZE, PROBE_SIZE).clamp(-1, 1).to(self.device)
        size = (PREDICTOR_SIZE, PREDICTOR_SIZE)
        if "scene_network" in self.bundle.networks:
            log_odds = self.bundle.network("scene_network")(inputs)
            log_odds = interpolate(log_odds, size, mode="bilinear", align_corners=True)
            return regions_of.label_by_scene(log_odds, horizon)
        book, network = self.bundle.motion_codebook, self.bundle.network("motion_predictor")
        codes = [book.at(k / (PROBES - 1)).to(self.device) for k in range(PROBES)]
        flows = torch.cat([network(inputs, code) for code in codes]) * network.beta
        flows = interpolate(flows, size, mode="bilinear", align_corners=True)
        return regions_of.label_by_answers(flows, horizon)

    def _move(
        self, image: Tensor, region: Region, step: Tensor, settings: MotionSettings, seed: int
    ) -> MovingPart:
        guide = region.guide
        if guide.code is not None:
            code = self.motion_code(replace(settings, code=guide.code), seed)
            step = self._predict_step(image, code, settings.speed)
        calm = CALM / self.bundle.network("motion_predictor").beta * abs(settings.speed)
        return MovingPart(region, regions_of.motion_within(region, step, calm=calm) * guide.speed)

    def _predict_step(self, image: Tensor, code: Tensor, speed: float) -> Tensor:  # [1, 2, h, w]
        predictor = self.bundle.network("motion_predictor")
        return predictor(self._network_input(image), code) * speed

    def _recur(self, image: Tensor, code: Tensor, speed: float) -> Iterator[Tensor]:
        """Algorithm 1, lines 2 to 8: each step is predicted from the frame before.

        The accumulated flow is kept on the predictor's grid and resized to warp the picture.
        """
        height, width = image.shape[2:]
        frame, flow = image, None
        while True:
            # never yield in inference mode: it would leak into the caller
            with torch.inference_mode():
                step = self._predict_step(frame, code, speed)
                flow = step if flow is None else warping.compose(step, flow)
            yield flow
            with torch.inference_mode():
                frame = warping.warp(image[:, :3], warping.enlarge(flow, height, width))

    # ------------------------------------------------------------- appearance

    @torch.inference_mode()
    def predict_color_map(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        code: Tensor,  # [1, Z]
    ) -> Tensor:  # [1, 6, 256, 256]
        """Predict the color transfer map of one appearance code (section 4.2)."""
        return self.bundle.network("appearance_predictor")(self._network_input(image), code)

    @torch.inference_mode()
    def encode_appearance(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    ) -> Tensor:  # [1, Z]
        """Encode the appearance of a picture (E^A, Table 2)."""
        small = images.resize(image[:, :3], ENCODER_SIZE, ENCODER_SIZE).clamp(-1, 1)
        return self.bundle.network("appearance_encoder")(small.to(self.device))

    def _network_input(self, image: Tensor) -> Tensor:  # [1, 3, 256, 256]
        # resized where the picture lies, so that a huge one need not go to the device for this
        small = images.resize(image[:, :3], PREDICTOR_SIZE, PREDICTOR_SIZE).clamp(-1, 1)
        return small.to(self.device)

    # ----------------------------------------------------------------- frames

    def render(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        motion: MotionField,
        appearance: AppearanceSettings | None = None,
        loop: LoopSettings | None = None,
        clip: ClipSettings | None = None,
        stopwatch: Stopwatch | None = None,
        codes: Tensor | None = None,  # [K, Z]
    ) -> Iterator[Tensor]:  # each [1, 3 or 4, H, W] in [-1, 1], on the animator's device
        """Render the clip's frames, one at a time.

        Frame n + L equals frame n, L being the motion loop's period, or the length of the light's
        cycle where the light changes and the clip is a whole number of loops.

        Args:
            image: the picture, at the size of the output.
            motion: how it moves, from `predict_motion`.
            appearance: how the light changes.
            loop: how the motion closes.
            clip: how many frames, from which seed.
            stopwatch: counts the seconds of each stage.
            codes: key codes of one's own, instead of those that the settings name.
        """
        appearance = appearance or AppearanceSettings()
        loop = loop or LoopSettings()
        clip = clip or ClipSettings()
        stopwatch = stopwatch or Stopwatch()
        picture = image.to(self.device)
        if appearance.kind == "off":
            codes = None
        elif codes is None:
            codes = self.appearance_codes(appearance, clip.seed)
        if codes is not None:
            codes = codes.to(self.device)
        return rendering.frames(
            picture,
            looping.frames(motion, loop, loop.period(clip.frames)),
            None if codes is None else Light(self.predict_color_map, picture, codes),
            appearance,
            clip.frames,
            stopwatch,
        )


def _position(text: str, seed: int, what: str, count: int) -> float | None:
    """The position that a setting names among `count` entries; None where it names a file."""
    if text == "random":
        # one stream a part, so that motion stays the same when appearance is turned off; an entry,
        # since halfway between two opposite motions there is none
        stream = {"motion": 0, "appearance": 1}[what]
        entry = np.random.default_rng((seed, stream)).integers(max(count, 1))
        return float(entry) / max(count - 1, 1)
    try:
        position = float(text)
    except ValueError:
        return None
    if not 0 <= position <= 1:
        raise CodeError(f"--{what}-code is {text}; expected a position from 0 to 1.")
    return position


def _read_codes(path: Path, size: int) -> Tensor:  # [K, Z]
    """Read one code, or a list of them, from a .json or .npy file."""
    if not path.is_file():
        raise CodeError(
            f"the latent code '{path}' is no number, no file and not 'random'; expected one."
        )
    try:
        if path.suffix == ".npy":
            values = np.load(path, allow_pickle=False)
        else:
            values = np.asarray(json.loads(path.read_text(encoding="utf-8")), dtype=np.float32)
        codes = torch.from_numpy(np.atleast_2d(values).astype(np.float32))
    except (OSError, ValueError, TypeError) as error:
        raise CodeError(f"{path} can't be read as a latent code ({error}).") from error
    if codes.dim() != 2 or codes.shape[1] != size or not len(codes):
        raise CodeError(
            f"{path} holds numbers of shape {list(values.shape)}; expected codes of {size} numbers."
        )
    if not bool(torch.isfinite(codes).all()):
        raise CodeError(f"{path} holds a code that isn't finite; write it anew.")
    return codes
