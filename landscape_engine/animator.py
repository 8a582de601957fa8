"""The animator: one landscape picture in, frames out; each step gives a value that the next takes.

animator = load_animator()
image = load_image("lake.jpg")
motion = animator.predict_motion(image)
write_sequence(animator.render(image, motion), "out/")
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from . import checkpoints, images, region_files, rendering, sources
from .checkpoints import ModelBundle
from .codebook import CodeCycle, resample
from .errors import BundleError, CodeError, SettingsError
from .fitting import clips, days, directing, optimize
from .fitting.annotations import Arrow, read_arrows, read_patches
from .fitting.optimize import AppearanceFit, MotionFit
from .ops import hints, looping, motion_fields, moving_water, warping
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
    parse_key,
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

    def motion_code(
        self,
        settings: MotionSettings,
        seed: int = 0,
        image: Tensor | None = None,  # [1, 3 or 4, H, W] in [-1, 1]
    ) -> Tensor:  # [1, Z]
        """The latent code that the settings name, fitted to their arrows if there is a picture.

        Arrows as "code" or "both" are fitted from the code that is named, as after one was moved,
        or, where it is 'random', from the best of the codebook.

        Raises:
            CodeError: the position is outside 0..1, or the file holds no such code.
            PictureError: the file is a clip that can't be read.
            AnnotationError: an arrow is malformed or outside the picture.
        """
        if image is not None and settings.arrows and settings.arrows_as != "field":
            named = settings.code != "random"
            start = self._named_motion_code(settings, seed) if named else None
            *_, fit = self.fit_motion_code(image, settings.arrows, start)
            return fit.code
        return self._named_motion_code(settings, seed)

    def read_code(self, path: Path, kind: Literal["motion", "appearance"]) -> Tensor:  # [1, Z]
        """One code from a file.

        Raises:
            CodeError: the file holds no such code, or several.
        """
        predictor = self.bundle.network(f"{kind}_predictor")
        codes = sources.read_codes(path, predictor.trunk.conv1.in_channels - 3)
        if len(codes) != 1:
            what = "a motion code" if kind == "motion" else "this look"
            raise CodeError(f"{path} holds {len(codes)} codes; {what} is one vector.")
        return codes.to(self.device)

    def _named_motion_code(self, settings: MotionSettings, seed: int) -> Tensor:  # [1, Z]
        position = sources.position(
            settings.code, seed, "motion", len(self.bundle.motion_codebook or ())
        )
        if position is not None:
            return self.bundle.motion_codebook.at(position).to(self.device)
        if clips.is_clip(Path(settings.code)):
            return self.encode_motion_clip(settings.code)
        return self.read_code(Path(settings.code), "motion")

    def appearance_codes(
        self,
        settings: AppearanceSettings,
        seed: int = 0,
        image: Tensor | None = None,  # [1, 3 or 4, H, W] in [-1, 1]
    ) -> Tensor:  # [K, Z]
        """The sequence of key codes that the settings name; their key frames have no say in it.

        A picture gives one code, its look, which is held through the clip (Figure 11); to go there
        from the input's look and back, name it as a key frame. 'predict' gives a day that an LSTM
        goes on with from the look of `image`.

        Raises:
            CodeError: the position is outside 0..1, or the file holds no such codes.
            PictureError: the file is a picture that can't be read.
            BundleError: 'predict' is asked of a bundle without a code LSTM.
        """
        self.bundle.network("appearance_predictor")  # says so if there is none
        book = self.bundle.appearance_codebook or ()
        position = (
            None
            if settings.code == "predict"
            else sources.position(settings.code, seed, "appearance", len(book))
        )
        if position is not None:
            codes = self.bundle.appearance_codebook.at(position)
        elif settings.code == "predict":
            if image is None:
                raise CodeError("'predict' goes on from a picture's own look; give the picture.")
            return self.predict_day(image, settings.codes or days.CODES, seed)
        else:
            codes = self._read_look(Path(settings.code))
        return (codes if settings.codes is None else resample(codes, settings.codes)).to(
            self.device
        )

    def _read_look(self, path: Path) -> Tensor:  # [K, Z]; a picture's own look, K = 1
        if sources.is_picture(path) and path.is_file():
            return self.encode_appearance(images.load_image(path))
        predictor = self.bundle.network("appearance_predictor")
        return sources.read_codes(path, predictor.trunk.conv1.in_channels - 3)

    def appearance_cycle(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        settings: AppearanceSettings,
        clip: ClipSettings,
    ) -> CodeCycle:
        """The key codes of the settings, and when in the cycle of the light each is reached.

        Key frames and patches run from the input's own look (E^A of the input) at frame 0, unless
        that frame has a key, through all keys and back (Figure 17); else the sequence is even.

        Raises:
            SettingsError: a key's frame lies beyond the light's cycle, which is the clip or a share
                of it.
            CodeError, PictureError, AnnotationError: a key's value can't be used.
        """
        if not settings.keys and not settings.patches:
            return CodeCycle.even(self.appearance_codes(settings, clip.seed, image))
        length = clip.frames / settings.cycles
        keys: dict[int, Any] = dict(map(parse_key, settings.keys))
        if settings.patches:
            frame = int(length / 2) if settings.patch_frame is None else settings.patch_frame
            if frame in keys:
                raise SettingsError(
                    f"frame {frame} has a key and the patches; give another --patch-frame."
                )
            keys[frame] = read_patches(settings.patches)
        for frame in sorted(keys):
            if frame >= length:
                raise SettingsError(
                    f"the key at frame {frame} is outside the light's cycle of {length:g} frames; "
                    f"expected 0 to {-int(-length // 1) - 1} (see --frames, --appearance-cycles)."
                )
        keys.setdefault(0, "input")
        codes = [self._key_code(image, keys[frame]) for frame in sorted(keys)]
        return CodeCycle(torch.cat(codes), tuple(frame / length for frame in sorted(keys)))

    def _key_code(self, image: Tensor, value: Any) -> Tensor:  # [1, Z]
        """One look: the input's, patches, a codebook position, a picture or a code file."""
        if value == "input":
            return self.encode_appearance(image)
        if isinstance(value, str):
            position = sources.position(value, 0, "appearance", 1) if value != "random" else None
            if position is not None:
                day = self.bundle.appearance_codebook.at(position)
                # the look farthest from where the day begins and ends
                return day[len(day) // 2 :][:1].to(self.device)
            patches = sources.read_patch_file(Path(value))
            if patches is None:
                if sources.is_picture(Path(value)):
                    return self.encode_appearance(images.load_image(value))
                return self.read_code(Path(value), "appearance")
            value = patches
        *_, fit = self.fit_appearance_code(image, value)
        return fit.code

    # -------------------------------------------------------------------- fitting

    def fit_motion_code(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        arrows: Iterable[Any],
        start: Tensor | None = None,  # [1, Z]
        steps: int | None = None,
    ) -> Iterator[MotionFit]:
        """Fit a motion code to arrows (Equation 12); the last one yielded is the result.

        Args:
            image: the picture.
            arrows: `Arrow`s, or anything that `read_arrow` takes; one or more.
            start: a code to go on from, without searching the codebook.
            steps: of Adam, where the default isn't wanted.

        Raises:
            AnnotationError: an arrow is malformed or outside the picture.
        """
        drawn = read_arrows(arrows)
        return optimize.fit_motion_code(
            self.bundle.network("motion_predictor"),
            self._network_input(image),
            image.shape[3] / image.shape[2],
            drawn,
            self.bundle.motion_codebook.codes.to(self.device),
            None if start is None else start.to(self.device),
            steps,
        )

    def fit_appearance_code(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        patches: Iterable[Any],
        start: Tensor | None = None,  # [1, Z]
        steps: int | None = None,
    ) -> Iterator[AppearanceFit]:
        """Fit an appearance code to patches (Equation 13); the last one yielded is the result.

        Args:
            image: the picture.
            patches: `Patch`es, or anything that `read_patch` takes; one or more.
            start: a code to go on from, without searching the codebook.
            steps: of Adam, where the default isn't wanted.

        Raises:
            AnnotationError: a patch is malformed or outside the picture.
        """
        placed = read_patches(patches)
        return optimize.fit_appearance_code(
            self.bundle.network("appearance_predictor"),
            self._network_input(image),
            image.shape[3] / image.shape[2],
            placed,
            torch.cat(self.bundle.appearance_codebook.sequences).to(self.device),
            None if start is None else start.to(self.device),
            steps,
        )

    @torch.inference_mode()
    def encode_motion_clip(
        self,
        clip: Path | str | Iterable[Tensor],  # frames [1, 3 or 4, H, W] in [-1, 1]
    ) -> Tensor:  # [1, Z]
        """The motion code of a time-lapse: its common flow through E^M (Table 2).

        Args:
            clip: a video, a folder of frames, or the frames.

        Raises:
            PictureError: the clip can't be read, has one frame, or doesn't move.
        """
        frames = clips.load_clip(Path(clip)) if isinstance(clip, Path | str) else list(clip)
        beta = self.bundle.network("motion_predictor").beta
        flow = clips.encoder_input(clips.common_flow(frames), beta, ENCODER_SIZE)
        return self.bundle.network("motion_encoder")(flow.to(self.device))

    @torch.inference_mode()
    def predict_day(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        count: int = days.CODES,
        seed: int = 0,
    ) -> Tensor:  # [count, Z]
        """A day that begins with the picture's own look (Appendix B); seeds other than 0 vary it.

        Raises:
            BundleError: the bundle has no code LSTM.
        """
        if "code_lstm" not in self.bundle.networks:
            raise BundleError(
                "--appearance-code predict needs a bundle with a code LSTM and this one has none; "
                "name a position of the codebook instead."
            )
        lstm = self.bundle.network("code_lstm")
        return days.predict_day(lstm, self.encode_appearance(image), count, seed)

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
            settings: kind, code, speed and arrows.
            code: a latent code of one's own, instead of the one that the settings name or that is
                fitted to their arrows; arrows as "field" or "both" still bend its field.
            seed: draws the code where the settings say 'random'.
            regions: what moves, from `find_regions`, which is asked if they aren't given; an empty
                list moves the whole picture by the predicted field as it comes. Steady motion only.

        Raises:
            AnnotationError: an arrow is malformed, outside the picture, or on what doesn't move.
        """
        settings = settings or MotionSettings()
        code = self.motion_code(settings, seed, image) if code is None else code.to(self.device)
        arrows = read_arrows(settings.arrows)
        step = self._predict_step(image, code, settings.speed)
        if settings.kind == "steady":
            if regions is None:
                regions = self.find_regions(image)
            if not regions:
                return motion_fields.steady_motion(self._direct(image, step, arrows, settings))
            directing.check_moving(arrows, sum(r.core.float() for r in regions))
            parts = []
            for region in regions:
                with region_files.naming(region):
                    parts.append(self._move(image, region, step, settings, seed))
            parts = moving_water.answer(parts, settings)
            return motion_fields.motion_of_parts(parts, self._network_input(image))

        def accumulate() -> Iterator[Tensor]:
            return self._recur(image.to(self.device), code, settings)

        step = self._direct(image, step, arrows, settings)
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
        guide, own = region.guide, read_arrows(region.guide.arrows)
        as_code = settings.arrows_as != "field"
        if guide.code is not None or (own and as_code):
            wanted = replace(settings, code=guide.code or settings.code, arrows=guide.arrows)
            code = self.motion_code(wanted, seed, image)
            step = self._predict_step(image, code, settings.speed)
        calm = CALM / self.bundle.network("motion_predictor").beta * abs(settings.speed)
        field = regions_of.motion_within(region, step, calm=calm)
        core, every = region.core.float(), own or read_arrows(settings.arrows)
        directing.check_moving(own, core)
        if settings.arrows_as != "code":
            here = directing.lying_in(every, core)
            # beyond the region the field goes on, for what comes in from there
            field = self._follow(image, field, torch.ones_like(core), here, settings, every)
        return MovingPart(region, field * guide.speed)

    def _predict_step(self, image: Tensor, code: Tensor, speed: float) -> Tensor:  # [1, 2, h, w]
        predictor = self.bundle.network("motion_predictor")
        return predictor(self._network_input(image), code) * speed

    def _direct(
        self, image: Tensor, step: Tensor, arrows: Sequence[Arrow], settings: MotionSettings
    ) -> Tensor:  # [1, 2, h, w]
        """Let a field of the whole picture follow the arrows, where it moves by itself."""
        if not arrows:
            return step
        moving = hints.moving_part(step)
        directing.check_moving(arrows, moving)
        if settings.arrows_as == "code":
            return step
        return self._follow(image, step, moving, arrows, settings)

    def _follow(
        self,
        image: Tensor,
        field: Tensor,
        moving: Tensor,
        arrows: Sequence[Arrow],
        settings: MotionSettings,
        among: Sequence[Arrow] = (),
    ) -> Tensor:  # [1, 2, h, w]
        aspect = image.shape[3] / image.shape[2]
        beta = self.bundle.network("motion_predictor").beta
        return directing.direct(field, moving, arrows, aspect, beta, settings.speed, among)

    def _recur(self, image: Tensor, code: Tensor, settings: MotionSettings) -> Iterator[Tensor]:
        """Algorithm 1, lines 2 to 8: each step is predicted from the frame before.

        The accumulated flow is kept on the predictor's grid and resized to warp the picture.
        """
        height, width = image.shape[2:]
        arrows = read_arrows(settings.arrows if settings.arrows_as != "code" else ())
        frame, flow = image, None
        while True:
            # never yield in inference mode: it would leak into the caller
            with torch.inference_mode():
                step = self._predict_step(frame, code, settings.speed)
                if arrows:  # where each frame moves; one that has come to rest leaves an arrow idle
                    moving = hints.moving_part(step)
                    step = self._follow(image, step, moving, arrows, settings)
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
        codes: Tensor | CodeCycle | None = None,  # [K, Z], evenly along the cycle
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
            codes = self.appearance_cycle(image, appearance, clip)
        if isinstance(codes, Tensor):
            codes = CodeCycle.even(codes.to(self.device))
        return rendering.frames(
            picture,
            looping.frames(motion, loop, loop.period(clip.frames)),
            None if codes is None else Light(self.predict_color_map, picture, codes),
            appearance,
            clip.frames,
            stopwatch,
        )
