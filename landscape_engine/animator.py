"""The animator: one landscape picture in, frames out; each step gives a value that the next takes.

animator = load_animator()
lake = animator.look_at(load_image("lake.jpg"))
motion, light = animator.move(lake), animator.light(lake)
write_sequence(animator.render(lake, motion, light), "out/")
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from .bundles import checkpoints
from .bundles.checkpoints import ModelBundle
from .bundles.codebook import CodeCycle
from .bundles.devices import choose_device
from .fitting.annotations import ArrowLike, PatchLike, read_arrows
from .fitting.optimize import AppearanceFit, MotionFit
from .landscape import Landscape
from .light import cycles, looks, windows
from .light.cycles import LightCycle
from .light.stars import Stars
from .light.windows import Windows
from .loops import looping, travel
from .motion import codes as motion_codes
from .motion import movement
from .motion.codes import Chosen
from .motion.fields import MotionField
from .ops.wrapping import Wrap
from .rendering import frames as rendering
from .rendering.baked_light import looks_of
from .rendering.kits import kit_of
from .rendering.lighting import Light
from .rendering.stopwatch import Stopwatch
from .scene.regions import Region
from .scene.skyline import Skyline
from .sequence import Kit
from .settings import (
    AppearanceSettings,
    ClipSettings,
    DeviceName,
    LoopSettings,
    MotionSettings,
    wrapped,
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
                "newer torch may help; the device mps overrides this check.",
                stacklevel=2,
            )
            chosen = torch.device("cpu")
    return Animator(bundle, chosen)


def _failure_of(bundle: ModelBundle, device: torch.device) -> str | None:
    """The reason a device fails to render a tiny picture; None if it succeeds."""
    picture = torch.linspace(-1, 1, 48 * 64).view(1, 1, 48, 64).expand(-1, 3, -1, -1).contiguous()
    loop, clip = LoopSettings(frames=4), ClipSettings(frames=4)
    try:
        animator = Animator(bundle, device)
        tiny = animator.look_at(picture)
        frames = list(animator.render(tiny, animator.move(tiny), animator.light(tiny), loop, clip))
    except (RuntimeError, NotImplementedError, TypeError, AssertionError) as error:  # torch's
        return str(error).strip().split("\n")[0][:200]
    # the loop begins with the picture, on every device
    far = float((frames[0][:, :3].cpu() - picture).abs().max())
    return None if far < 0.02 else f"its first frame is {far * 127.5:.0f} of 255 off the picture"


class Animator:
    """Animates pictures with one bundle on one device."""

    def __init__(self, bundle: ModelBundle, device: torch.device) -> None:
        """Move a bundle to the device; a copy, if it is on another, so that both stay usable."""
        self.bundle = bundle.on(device)
        self.device = device

    def look_at(
        self,
        image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1], at the size of the output
        wraps: bool = False,
    ) -> Landscape:
        """Take a picture; everything derived from it is computed on first use and cached.

        Args:
            image: the picture.
            wraps: whether it is equirectangular, its left and right borders being one.

        Raises:
            PictureError: it is to wrap, and is higher than half of its width.
        """
        return Landscape(image, self.bundle, wraps=wraps)

    def fit_motion(
        self,
        landscape: Landscape,
        arrows: Iterable[ArrowLike],
        start: Tensor | None = None,  # [1, Z]
    ) -> MotionFit:
        """Fit a motion code to arrows (Equation 12); `motion.codes.fit` yields each step.

        Args:
            landscape: the picture.
            arrows: `Arrow`s, or anything that `read_arrow` takes; one or more.
            start: a code to go on from, without searching the codebook.

        Raises:
            AnnotationError: an arrow is malformed or outside the picture.
        """
        *_, best = motion_codes.fit(landscape, arrows, start)
        return best

    def fit_light(
        self,
        landscape: Landscape,
        patches: Iterable[PatchLike],
        start: Tensor | None = None,  # [1, Z]
    ) -> AppearanceFit:
        """Fit an appearance code to patches (Equation 13); `light.looks.fit` yields each step.

        Args:
            landscape: the picture.
            patches: `Patch`es, or anything that `read_patch` takes; one or more.
            start: a code to go on from, without searching the codebook.

        Raises:
            AnnotationError: a patch is malformed or outside the picture.
        """
        *_, best = looks.fit(landscape, patches, start)
        return best

    @torch.inference_mode()
    def move(
        self,
        landscape: Landscape,
        settings: MotionSettings | None = None,
        code: Tensor | Chosen | None = None,  # [1, Z]
        seed: int = 0,
        regions: Sequence[Region] | None = None,
    ) -> MotionField:
        """Predict how a picture moves.

        Args:
            landscape: the picture.
            settings: kind, code, speed and arrows.
            code: a latent code of one's own, instead of the one that the settings name or that is
                fitted to their arrows; arrows as "field" or "both" still bend its field.
            seed: draws the code where the settings say 'random', or among the best with 'auto'.
            regions: what moves, from `Landscape.regions`, which is asked if they aren't given; an
                empty list moves the whole picture by the raw predicted field. Steady motion only.

        Raises:
            AnnotationError: an arrow is malformed, outside the picture, or on what doesn't move.
            CodeError, PictureError: the code that the settings name can't be used.
            SettingsError: the picture wraps, and the settings can't (`settings.wrapped`).
        """
        settings = settings or MotionSettings()
        if landscape.wrap:
            wrapped.check_motion(settings)
        read_arrows(settings.arrows)  # refuses what is malformed
        if regions is None and settings.kind == "steady":
            regions = landscape.regions()
        if code is None:
            code = motion_codes.chosen(landscape, settings, seed, regions)
        chosen = code if isinstance(code, Chosen) else Chosen(code.to(self.device))
        step = movement.step_of(landscape, chosen.code) * settings.speed
        if settings.kind == "recurrent":
            return movement.recurrent(landscape, step, chosen.code, settings)
        if not regions:
            motion = movement.steady(landscape, step, settings)
        else:
            motion = movement.in_regions(landscape, step, regions, settings, seed, chosen)
        return movement.around(motion, landscape.wrap, landscape.size_hw[0])

    def light(
        self,
        landscape: Landscape,
        settings: AppearanceSettings | None = None,
        clip: ClipSettings | None = None,
        codes: Tensor | CodeCycle | None = None,  # [K, Z], evenly along the cycle
    ) -> LightCycle | None:
        """Predict how a picture's light changes; None where the settings turn it off.

        Args:
            landscape: the picture.
            settings: codes, keys, patches, and how they are used.
            clip: of how many frames, in which keys have their places, and the seed.
            codes: key codes of one's own, instead of those that the settings name.

        Raises:
            SettingsError: a key's frame lies beyond the light's cycle; the picture wraps, and there
                are patches.
            CodeError, PictureError, AnnotationError: a code or a key's value can't be used.
            BundleError: a day is to be predicted by a bundle without a code LSTM.
        """
        settings = settings or AppearanceSettings()
        if settings.kind == "off":
            return None
        if landscape.wrap:
            wrapped.check_light(settings)
        if codes is None:
            codes = cycles.key_codes(landscape, settings, clip or ClipSettings())
        elif isinstance(codes, Tensor):
            codes = CodeCycle.even(codes.to(self.device))
        return cycles.light(landscape, settings, codes)

    def render(
        self,
        landscape: Landscape,
        motion: MotionField,
        light: LightCycle | None = None,
        loop: LoopSettings | None = None,
        clip: ClipSettings | None = None,
        stopwatch: Stopwatch | None = None,
        every: int = 1,
    ) -> Iterator[Tensor]:  # each [1, 3 or 4, H, W] in [-1, 1], on the animator's device
        """Render the clip's frames, one at a time.

        Frame n + L equals frame n, L being the motion loop's period, or the length of the light's
        cycle where the light changes and the clip is a whole number of loops.

        Args:
            landscape: the picture.
            motion: how it moves, from `move`.
            light: how its light changes, from `light`; None: it doesn't.
            loop: how the motion closes.
            clip: how many frames.
            stopwatch: counts the seconds of each stage.
            every: every Nth frame of the clip is rendered alone; N divides the clip's frames.
        """
        loop, clip = loop or LoopSettings(), clip or ClipSettings()
        lit = None
        if light is not None:
            stars = _stars(landscape, light, clip)
            lamps = _windows(landscape, light, clip)
            lit = Light(light, landscape.picture, _skyline(motion), stars, lamps)
        period = loop.period(clip.frames, motion.steady)
        plan = islice(looping.plan(motion, loop, period), 0, None, every)
        closes = None if loop.kind == "none" or period % every else period // every
        count, watch = clip.frames // every, stopwatch or Stopwatch()
        frames = rendering.frames(landscape.picture, plan, closes, lit, count, watch)
        return _closed(frames, landscape.wrap) if landscape.wrap else frames

    @torch.inference_mode()
    def kit(
        self,
        landscape: Landscape,
        motion: MotionField,
        light: LightCycle | None = None,
        loop: LoopSettings | None = None,
        clip: ClipSettings | None = None,
    ) -> Kit:
        """The maps from which a shader plays the loop; `sequence.write_kit` writes them.

        Args:
            landscape: the picture.
            motion: how it moves, from `move`; steady.
            light: how its light changes, of which two looks are taken; None: it doesn't.
            loop: its period and phase noise; the kit's is a two-phase loop, plainly blended.
            clip: of how many frames, through which the light runs.
        """
        assert motion.steady, "a kit's flow is one for all frames"
        assert landscape.wrap is None, "a kit's maps end at the picture's borders"
        loop, clip = loop or LoopSettings(), clip or ClipSettings()
        period = loop.period(clip.frames)
        motion = travel.fit(motion, replace(loop, kind="two-phase"), period)
        looks = None
        if light is not None:
            looks = looks_of(light, landscape.picture, _skyline(motion), clip.frames)
        return kit_of(landscape.picture, motion, loop, period, clip.frames, looks)


def _closed(
    frames: Iterator[Tensor],  # each [1, C, H, W + M]
    wrap: Wrap,
) -> Iterator[Tensor]:  # each [1, C, H, W]
    """Frames of an extended picture, closed."""
    for frame in frames:
        yield wrap.close(frame)


def _skyline(motion: MotionField) -> Skyline | None:
    return Skyline.of([part.region for part in motion.parts])


def _stars(landscape: Landscape, light: LightCycle, clip: ClipSettings) -> Stars | None:
    """The stars that the light asks for; none where the picture shows no sky, or has its own."""
    if not light.stars or landscape.starry:
        return None
    skies = landscape.skies
    return Stars(landscape.picture, skies, light.stars, clip.seed) if skies else None


def _windows(landscape: Landscape, light: LightCycle, clip: ClipSettings) -> Windows | None:
    """The windows that light up, and the lamps that burn on; none where nothing tells buildings."""
    buildings = None if light.per_frame else landscape.buildings
    if buildings is None:
        return None
    pixels, picture = landscape.pixels, landscape.picture
    return windows.find(picture, pixels, buildings, light.windows, clip.seed)
