"""Landscape: one picture with everything derived from it, computed once.

What is known of a picture is computed when first asked for, on the bundle's device, and kept: its
regions, its own look, its steps and color maps of codes. So a slider that is moved costs what
depends on it and no more: another speed no prediction, another code no regions, other light no
motion.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from . import images
from .bundles.checkpoints import ModelBundle, PredictorName
from .networks import inputs, mosaic, scene
from .ops.wrapping import Wrap
from .scene import falls, region_files, regions, segmentation
from .scene.regions import Region
from .settings import RegionSettings, wrapped

FINER = 2  # times the width of a small output on which its masks are found, if there is so much
KEPT_ANSWERS = 96  # of a picture; the largest, a color map, has 1.5 MiB

T = TypeVar("T")


class Landscape:
    """One picture and what one bundle predicts for it; from `Animator.look_at`.

    Attributes:
        image: [1, 3 or 4, H, W] in [-1, 1], the picture at the size of the output; under clear
            pixels are the colors around them. One that wraps is extended, by `wrap`.
        size_hw: height and width of the output.
        wrap: how the picture is laid out, if its left and right borders are one; else None.
        bundle: what is asked about it.
    """

    def __init__(
        self,
        image: Tensor,
        bundle: ModelBundle,
        finer: Tensor | None = None,
        wraps: bool = False,
    ) -> None:
        """Hold the picture; nothing is computed yet.

        Args:
            image: the picture.
            bundle: what is asked about it.
            finer: [1, 3, H', W'], a larger version of it, on which masks are found.
            wraps: whether its left and right borders are one.

        Raises:
            PictureError: it can't wrap.
        """
        self._flat = image
        self.size_hw = image.shape[2], image.shape[3]
        self.wrap = Wrap.of(image) if wraps else None
        if self.wrap:
            image = self.wrap.extend(image)
            finer = None if finer is None else self.wrap.at(finer.shape[3]).extend(finer)
        self.image = images.fill_clear(image)
        self.bundle = bundle
        self._finer = None if finer is None else images.to_uint8(finer)
        self._answers: OrderedDict[Hashable, object] = OrderedDict()
        self._turn = threading.Lock()  # frames are made, and their maps asked for, side by side

    @property
    def device(self) -> torch.device:
        """The device of the networks."""
        return self.bundle.device

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.image.shape[3] / self.image.shape[2]

    # each of these is a normal tensor, which gradients may pass beside, whoever asks first

    @cached_property
    def picture(self) -> Tensor:
        """[1, 3 or 4, H, W] the image on the device."""
        return self.image.to(self.device)

    def input_of(self, name: PredictorName) -> Tensor:  # [1, 3, S, S]
        """The colors as a predictor of the bundle takes them."""
        side = self.bundle.input_size(name)
        if side == inputs.PREDICTOR_SIZE:
            return self.small
        return self.keep(("input", side), lambda: self.square(side))

    @cached_property
    def small(self) -> Tensor:
        """[1, 3, 256, 256] the colors on the grid of fields and maps."""
        return self.square(inputs.PREDICTOR_SIZE)

    def square(self, side: int) -> Tensor:  # [1, 3, side, side]
        """The colors as a square."""
        with torch.inference_mode(False), torch.no_grad():
            return inputs.square(self.image, side, self.device)

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """uint8 [H, W, 3] the colors on which masks are found, at the size of masks or larger."""
        if self._finer is not None:
            return self._finer
        height, width = self.mask_hw
        return images.to_uint8(images.resize(self.image[:, :3], width, height))

    @property
    def mask_hw(self) -> tuple[int, int]:
        """Height and width of the masks."""
        return regions.mask_size(self.image.shape[2], self.image.shape[3])

    def at(self, width: int, height: int) -> Landscape:
        """The same picture at another size; a smaller one has its masks found at twice that.

        A wire that is clear in the picture may be less than a pixel wide in a small output.
        """
        wraps = self.wrap is not None
        flat = self._flat if wraps else self.image
        image = images.resize(flat, width, height)
        finer = min(FINER * width, flat.shape[3], regions.MASK_WIDTH)
        if finer <= width:
            return Landscape(image, self.bundle, wraps=wraps)
        larger = images.resize(flat[:, :3], finer, max(1, round(finer * height / width)))
        return Landscape(image, self.bundle, larger, wraps)

    @cached_property
    def own_look(self) -> Tensor:
        """[1, Z] the picture's appearance code (E^A, Table 2).

        Raises:
            BundleError: the bundle has no appearance encoder.
        """
        encoder = self.bundle.appearance_encoder
        with torch.inference_mode(False), torch.no_grad():
            return cast(Tensor, encoder(self.square(inputs.ENCODER_SIZE)))

    @cached_property
    def seen(self) -> Tensor | None:
        """[1, 3 or 4, h, w] shares of land, sky, water and, where it's told, of white water.

        At the picture's own aspect (`scene.asked_size`), by the scene network and, if the bundle
        has one, the scene parser; None without a scene network.
        """
        if "scene_network" not in self.bundle.networks:
            return None
        network = self.bundle.scene_network
        found = scene.ask(network, self.image, self.device)
        parsed = self._parsed
        if parsed is not None:
            with torch.inference_mode():
                told = found
                upright = falls.upright(self.image, told[:, 3:])
                found = segmentation.agreed(told, parsed[:, :3], upright)
                found = segmentation.whitened(found, told, self.image)
        return found[:, :3] if network.white is None else found

    @cached_property
    def _parsed(self) -> Tensor | None:
        """[1, 4, h, w] of land, sky, water and buildings, by the scene parser."""
        if "scene_parser" not in self.bundle.networks:
            return None
        return mosaic.ask(self.bundle.scene_parser, self.image, self.device)

    @property
    def buildings(self) -> Tensor | None:
        """[1, 1, h, w] share of buildings, their mirror images left out; None without a parser."""
        if self._parsed is None or self.seen is None:
            return None
        built = self._parsed[:, 3:]
        return torch.minimum(built, interpolate(self.seen[:, :1], built.shape[2:], mode="bilinear"))

    @cached_property
    def shares(self) -> Tensor:
        """[1, 3, 256, 256] shares of land, sky and water; without a network all is one class."""
        if self.seen is None:
            return torch.ones(1, 1, *segmentation.GRID_HW, device=self.device)
        with torch.inference_mode():
            return segmentation.on_grid(self.seen[:, :3])

    @cached_property
    def edged_shares(self) -> Tensor | None:
        """[1, 3, 256, 256] the same, corrected and refined along the picture's edges; or None."""
        return None if self.seen is None else segmentation.follow_edges(self.small, self.shares)

    @cached_property
    def starry(self) -> float:
        """The share of the sky that is full of stars, 0..1: a picture of the night."""
        return 0.0 if self.seen is None else segmentation.starry(self.pixels, self.seen[:, :3])

    def regions(self, settings: RegionSettings | None = None) -> list[Region]:
        """Segment the picture; the artist's masks and regions override the network.

        Empty where the settings turn that off: all of it moves. Of a picture without sky and water
        it is one region that holds no place: nothing moves.

        Raises:
            RegionError: a mask or a region's file can't be used, or nothing is left that moves.
            SettingsError: there are masks or regions, and the picture wraps.
        """
        settings = settings or RegionSettings()
        if self.wrap:
            wrapped.check_regions(settings)
        if not settings.clean:
            return []
        asked = ("regions", settings, *region_files.stamps(settings))
        return list(self.keep(asked, lambda: self._find(settings)))

    @property
    def skies(self) -> list[Region]:
        """The regions of the sky, as the picture shows it: whatever the artist keeps still."""
        return [region for region in self.regions() if region.kind == "sky"]

    @torch.inference_mode()
    def _find(self, settings: RegionSettings) -> list[Region]:
        white = None
        if self.seen is None:
            shares = self._shares_by_answers(settings.horizon)
        else:
            shares = self.seen[:, :3]
            white = self.seen[:, 3:] if self.seen.shape[1] > 3 else None
        size = self.mask_hw
        found = segmentation.find(self.pixels, shares, white, settings, size, self.device)
        if not found and self.seen is not None:
            return [regions.nothing(size, segmentation.GRID_HW, self.device)]
        if self.wrap:
            return [regions.closed(region, self.wrap) for region in found]
        return found

    def _shares_by_answers(self, horizon: float | None) -> Tensor:  # [1, 3, 256, 256]
        predictor, book = self.bundle.motion_predictor, self.bundle.motion_codes
        probe = self.square(segmentation.PROBE_SIZE)
        every = [k / (segmentation.PROBES - 1) for k in range(segmentation.PROBES)]
        codes = [book.at(position).to(self.device) for position in every]
        ask = lambda code: predictor(probe, code) * predictor.beta  # noqa: E731
        return segmentation.by_answers(ask, codes, horizon)

    def keeps(self, name: Hashable) -> bool:
        """Whether the value of a key is cached."""
        with self._turn:
            return name in self._answers

    def keep(self, name: Hashable, answer: Callable[[], T]) -> T:
        """Return the cached value of a key; on a miss, compute and cache it.

        The last `KEPT_ANSWERS` are kept. Several threads may ask at a time.
        """
        with self._turn:
            if name in self._answers:
                self._answers.move_to_end(name)
                return cast(T, self._answers[name])
        found = answer()
        with self._turn:
            self._answers[name] = found
            while len(self._answers) > KEPT_ANSWERS:
                self._answers.popitem(last=False)
        return found
