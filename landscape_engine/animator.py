"""The animator: one landscape picture in, frames out; each step gives a value that the next takes.

animator = load_animator()
image = load_image("lake.jpg")
motion = animator.predict_motion(image)
write_sequence(animator.render(image, motion), "out/")
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from .bundles import checkpoints, sources
from .bundles.checkpoints import ModelBundle
from .bundles.codebook import CodeCycle
from .bundles.devices import choose_device
from .fitting.annotations import read_arrows, read_patches
from .fitting.optimize import AppearanceFit, MotionFit
from .light import days, looks
from .loops import looping, travel
from .motion import codes as motion_codes
from .motion import movement
from .motion.codes import Chosen
from .motion.fields import MotionField
from .networks.inputs import predictor_input
from .ops import color
from .rendering import frames as rendering
from .rendering.lighting import Light
from .rendering.stopwatch import Stopwatch
from .scene import segmentation as scenery
from .scene.regions import Region
from .scene.skyline import Skyline
from .settings import (
    AppearanceSettings,
    ClipSettings,
    DeviceName,
    LoopSettings,
    MotionSettings,
    RegionSettings,
)


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
    if not isinstance(bundle, ModelBundle):
        bundle = checkpoints.load(checkpoints.DEFAULT if bundle is None else bundle)
    chosen = choose_device(device)
    if device == "auto" and chosen.type == "mps":
        failure = _failure_of(bundle, chosen)
        if failure is not None:
            warnings.warn(
                f"this machine's Apple GPU can't render ({failure}); the CPU renders instead. A "
                "newer torch may help; --device mps insists.",
                stacklevel=2,
            )
            chosen = torch.device("cpu")
    return Animator(bundle, chosen)


def _failure_of(bundle: ModelBundle, device: torch.device) -> str | None:
    """Why a device can't render a tiny picture; None if it can."""
    picture = torch.linspace(-1, 1, 48 * 64).view(1, 1, 48, 64).expand(-1, 3, -1, -1).contiguous()
    loop, clip = LoopSettings(frames=4), ClipSettings(frames=4)
    try:
        animator = Animator(bundle, device)
        motion = animator.predict_motion(picture)
        frames = list(animator.render(picture, motion, loop=loop, clip=clip))
    except (RuntimeError, NotImplementedError, TypeError, AssertionError) as error:  # torch's
        return str(error).strip().split("\n")[0][:200]
    # the loop begins with the picture, on every device
    far = float((frames[0][:, :3].cpu() - picture).abs().max())
    return None if far < 0.02 else f"its first frame is {far * 127.5:.0f} of 255 off the picture"


class Animator:
    """Predicts motion and appearance with one bundle on one device."""

    def __init__(self, bundle: ModelBundle, device: torch.device) -> None:
        """Move the bundle's networks to the device."""
        self.bundle = bundle
        self.device = device
        for network in bundle.networks.values():
            network.to(device)

    def motion_code(
        self,
        settings: MotionSettings,
        seed: int = 0,
        image: Tensor | None = None,  # [1, 3 or 4, H, W] in [-1, 1]
    ) -> Tensor:  # [1, Z]
        """The latent code that the settings name, fitted to their arrows if there is a picture.

        Arrows as "code" or "both" are fitted from the code that is named, as after one was moved,
        or, where it is 'random' or 'auto', from the best of the codebook. Without arrows 'auto' is
        as 'random' here: `choose_codes` says what suits a picture.

        Raises:
            CodeError: the position is outside 0..1, or the file holds no such code.
            PictureError: the file is a clip that can't be read.
            AnnotationError: an arrow is malformed or outside the picture.
        """
        return motion_codes.choose(self.bundle, settings, seed, image)

    def choose_codes(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        settings: MotionSettings,
        seed: int = 0,
        regions: Sequence[Region] | None = None,
    ) -> Chosen:
        """The codes that move a picture: with 'auto' those that suit it, else the one named.

        Args:
            image: the picture.
            settings: the code and the arrows.
            seed: draws among the best (0: the best) or, where the code is 'random', among all.
            regions: what moves, from `find_regions`, which is asked if they aren't given.

        Raises: as `motion_code`.
        """
        if not motion_codes.asks_for_suitable(settings):
            return Chosen(self.motion_code(settings, seed, image))
        if regions is None:
            regions = self.find_regions(image)
        return motion_codes.drawn(self.suitable_codes(image, regions), seed)

    def suitable_codes(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        regions: Sequence[Region],
    ) -> tuple[Chosen, ...]:
        """Those of the codebook that suit a picture best, best first: `motion_codes.suitable`."""
        return motion_codes.suitable(self.bundle, image, regions)

    def read_code(self, path: Path, kind: Literal["motion", "appearance"]) -> Tensor:  # [1, Z]
        """One code from a file.

        Raises:
            CodeError: the file holds no such code, or several.
        """
        return sources.read_code(self.bundle, path, kind)

    def appearance_codes(
        self,
        settings: AppearanceSettings,
        seed: int = 0,
        image: Tensor | None = None,  # [1, 3 or 4, H, W] in [-1, 1]
    ) -> Tensor:  # [K, Z]
        """The sequence of key codes that the settings name; their key frames have no say in it.

        With the picture given, sequences of the codebook or a file are made relative to its own
        look, unless the settings say otherwise.

        A picture gives one code, its look, which is held through the clip (Figure 11); to go there
        from the input's look and back, name it as a key frame. 'predict' gives a day that an LSTM
        goes on with from the look of `image`.

        Raises:
            CodeError: the position is outside 0..1, or the file holds no such codes.
            PictureError: the file is a picture that can't be read.
            BundleError: 'predict' is asked of a bundle without a code LSTM.
        """
        return looks.sequence(self.bundle, settings, seed, image)

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
        return looks.cycle(self.bundle, image, settings, clip)

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
        return motion_codes.fit(self.bundle, image, arrows, start, steps)

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
        return looks.fit(self.bundle, image, patches, start, steps)

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
        return motion_codes.encode(self.bundle, clip)

    def predict_day(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        count: int = days.CODES,
        seed: int | None = None,
    ) -> Tensor:  # [count, Z]
        """A day that begins with the picture's own look (Appendix B).

        Without a seed it is the paper's deterministic one; each seed, 0 too, draws a livelier one.

        Raises:
            BundleError: the bundle has no code LSTM.
        """
        return looks.predict_day(self.bundle, image, count, seed)

    @torch.inference_mode()
    def predict_motion(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        settings: MotionSettings | None = None,
        code: Tensor | Chosen | None = None,  # [1, Z]
        seed: int = 0,
        regions: Sequence[Region] | None = None,
    ) -> MotionField:
        """Predict how a picture moves.

        Args:
            image: the picture.
            settings: kind, code, speed and arrows.
            code: a latent code of one's own, instead of the one that the settings name or that is
                fitted to their arrows; arrows as "field" or "both" still bend its field.
            seed: draws the code where the settings say 'random', or among the best with 'auto'.
            regions: what moves, from `find_regions`, which is asked if they aren't given; an empty
                list moves the whole picture by the raw predicted field. Steady motion only.

        Raises:
            AnnotationError: an arrow is malformed, outside the picture, or on what doesn't move.
        """
        settings = settings or MotionSettings()
        read_arrows(settings.arrows)  # refuses what is malformed
        if regions is None and settings.kind == "steady":
            regions = self.find_regions(image)
        if code is None:
            code = self.choose_codes(image, settings, seed, regions)
        chosen = code if isinstance(code, Chosen) else Chosen(code.to(self.device))
        step = self.predict_step(image, chosen.code) * settings.speed
        if settings.kind == "recurrent":
            return movement.recurrent(self.bundle, image, step, chosen.code, settings)
        if not regions:
            return movement.steady(self.bundle, image, step, settings)
        return movement.in_regions(self.bundle, image, step, regions, settings, seed, chosen)

    @torch.inference_mode()
    def predict_step(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        code: Tensor,  # [1, Z]
    ) -> Tensor:  # [1, 2, 256, 256] backward, normalised
        """Predict the flow of one frame at the usual speed (section 4.1)."""
        return movement.predict_step(self.bundle, image, code, 1.0)

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
        return scenery.find(self.bundle, image, settings or RegionSettings())

    @torch.inference_mode()
    def predict_color_map(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        code: Tensor,  # [1, Z]
    ) -> Tensor:  # [1, 6, 256, 256]
        """Predict the color transfer map of one appearance code (section 4.2)."""
        predictor = self.bundle.network("appearance_predictor")
        return predictor(predictor_input(image, self.device), code)

    @torch.inference_mode()
    def color_maps(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        anchored: bool = True,
    ) -> Callable[[Tensor], Tensor]:
        """What gives the color transfer maps [1, 6, 256, 256] of one picture, of a code [1, Z].

        Args:
            image: the picture.
            anchored: whether the maps are corrected by what the predictor misses of the picture
                in its own look (`ops.color.anchor`); a bundle without an encoder can't.
        """
        predictor = looks.color_maps(self.bundle, image, anchored)
        small = predictor_input(image, self.device)

        def predict(code: Tensor) -> Tensor:
            with torch.inference_mode():
                return predictor(small, code.to(self.device))

        return predict

    @torch.inference_mode()
    def tone_curves(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    ) -> Callable[[Tensor], Tensor]:
        """What gives the tone curves [1, 6, 256, 256] of one picture, of a code [1, Z].

        They are what light that begins with the picture is made with (`ops.tone_curves`).
        """
        predictor = looks.curves(self.bundle, image)
        small = predictor_input(image, self.device)

        def predict(code: Tensor) -> Tensor:
            with torch.inference_mode():
                return predictor(small, code.to(self.device))

        return predict

    @torch.inference_mode()
    def correct_color_map(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        code: Tensor,  # [1, Z]
        wanted: Tensor | Iterable[Any],  # a picture [1, 3 or 4, h, w], or patches
        anchored: bool = True,
    ) -> Tensor:  # [1, 6, 256, 256]
        """The map of a code, and what it leaves of a reference's or of patches' colors.

        `render` does so by itself for keys, patches and reference pictures in its settings.

        Raises:
            AnnotationError: a patch is malformed or outside the picture.
        """
        if not isinstance(wanted, Tensor):
            wanted = read_patches(wanted)
        color_map = self.color_maps(image, anchored)(code)
        offset = looks.correction(self.bundle, image, color_map, wanted)
        return color.correct(color_map, predictor_input(image, self.device), offset)

    def fit_travel(
        self, motion: MotionField, loop: LoopSettings, clip: ClipSettings
    ) -> MotionField:
        """A motion none of whose regions travels too far in the loop; `travel.notes` says which.

        `render` does so by itself.
        """
        with torch.inference_mode():
            return travel.fit(motion, loop, loop.period(clip.frames))

    def encode_appearance(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    ) -> Tensor:  # [1, Z]
        """Encode the appearance of a picture (E^A, Table 2)."""
        return looks.encode(self.bundle, image)

    def render(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        motion: MotionField,
        appearance: AppearanceSettings | None = None,
        loop: LoopSettings | None = None,
        clip: ClipSettings | None = None,
        stopwatch: Stopwatch | None = None,
        codes: Tensor | CodeCycle | None = None,  # [K, Z], evenly along the cycle
        every: int = 1,
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
            every: every Nth frame of the clip is rendered alone; N divides the clip's frames.
        """
        appearance, loop = appearance or AppearanceSettings(), loop or LoopSettings()
        clip, stopwatch = clip or ClipSettings(), stopwatch or Stopwatch()
        picture = image.to(self.device)
        light = None
        if appearance.kind != "off":
            cycle = self.appearance_cycle(image, appearance, clip) if codes is None else codes
            cycle = looks.as_cycle(cycle, self.device)
            predict = self.predict_color_map
            if appearance.kind == "keyed":
                if cycle.relative:
                    maps = self.tone_curves(picture)
                else:
                    maps = self.color_maps(picture, appearance.anchor)
                predict = lambda _, code: maps(code)  # noqa: E731
            skyline = Skyline.of(part.region for part in motion.parts)
            light = Light(predict, picture, cycle, skyline)
        period = loop.period(clip.frames)
        plan = islice(looping.plan(motion, loop, period), 0, None, every)
        closes = None if loop.kind == "none" or period % every else period // every
        count = clip.frames // every
        return rendering.frames(picture, plan, closes, light, appearance, count, stopwatch)
