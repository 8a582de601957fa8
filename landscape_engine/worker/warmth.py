"""Warmth: the last pictures, and what was predicted of them, kept from one job to the next.

A picture is known by its file's path, time and size, and afterwards by being the same tensor. So a
slider that is moved costs what depends on it and no more: another speed no prediction, another code
no regions, other light no motion.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from .. import images
from ..animator import Animator
from ..bundles.codebook import CodeCycle
from ..motion.codes import Chosen
from ..scene.regions import Region
from ..settings import AppearanceSettings, ClipSettings, MotionSettings, RegionSettings, parse_key
from ..settings.documents import Job

KEPT_SIZES = 3  # of the last picture: its own, a preview's, the thumbnails'
KEPT_ANSWERS = 96  # of each; the largest, a color map, has 1.5 MiB

T = TypeVar("T")


class KeptPicture:
    """The last picture that was read, at its last sizes."""

    def __init__(self) -> None:
        self._stamp: Hashable = None
        self._sizes: OrderedDict[tuple[int, int] | None, Tensor] = OrderedDict()

    def read(
        self,
        path: Path,
        size_wh: tuple[int, int] | None = None,
        upright: bool = True,
    ) -> Tensor:  # [1, 3 or 4, H, W] in [-1, 1]
        """A picture, at a size or its own; the same tensor as long as its file stays as it is."""
        found = (stamp(path), upright)
        if found != self._stamp or found[0] is None:
            # one step: what can't be read, or is cut short, leaves nothing half
            own = images.load_image(path, upright=upright)
            self._stamp, self._sizes = found, OrderedDict({None: own})
        if size_wh not in self._sizes:
            self._sizes[size_wh] = images.resize(self._sizes[None], *size_wh)
        self._sizes.move_to_end(size_wh)
        self._sizes.move_to_end(None)
        while len(self._sizes) > KEPT_SIZES:
            self._sizes.popitem(last=False)
        return self._sizes[size_wh]

    def read_for(self, job: Job) -> tuple[Tensor, tuple[int, int]]:
        """What `commands.animate.read_picture` gives."""
        assert job.picture is not None
        upright = job.clip.upright
        own = self.read(job.picture, None, upright)
        image = self.read(job.picture, job.clip.size_wh, upright) if job.clip.size_wh else own
        return image, (own.shape[2], own.shape[3])


class WarmAnimator(Animator):
    """An animator that remembers what it was last asked about the last pictures."""

    def __init__(self, animator: Animator) -> None:
        """Take over an animator's bundle and device."""
        super().__init__(animator.bundle, animator.device)
        self._known: list[tuple[Tensor, OrderedDict[Hashable, Any]]] = []

    def motion_code(
        self, settings: MotionSettings, seed: int = 0, image: Tensor | None = None
    ) -> Tensor:
        """As the animator's; a clip is read, and arrows are fitted, once."""
        usual = super().motion_code
        if image is None:
            return usual(settings, seed)
        asked = (settings.code, settings.arrows, settings.arrows_as, seed, stamp(settings.code))
        return self._recall(image, asked, usual, settings, seed, image)

    def appearance_cycle(
        self, image: Tensor, settings: AppearanceSettings, clip: ClipSettings
    ) -> CodeCycle:
        """As the animator's; patches are fitted once."""
        files = [settings.code or "", *(parse_key(key)[1] for key in settings.keys)]
        asked = (settings, clip.frames, clip.seed, *map(stamp, files))
        return self._recall(image, asked, super().appearance_cycle, image, settings, clip)

    def find_regions(self, image: Tensor, settings: RegionSettings | None = None) -> list[Region]:
        """As the animator's, once for a picture and the artist's files."""
        settings = settings or RegionSettings()
        asked = (settings, *map(stamp, _files_of(settings)))
        return list(self._recall(image, asked, super().find_regions, image, settings))

    def suitable_codes(self, image: Tensor, regions: Sequence[Region]) -> tuple[Chosen, ...]:
        """As the animator's, once for a picture and its regions."""
        asked = ("suitable", *regions)  # kept, and told apart by being the same
        return self._recall(image, asked, super().suitable_codes, image, regions)

    def predict_step(self, image: Tensor, code: Tensor) -> Tensor:
        """As the animator's, once for a code."""
        return self._recall(image, ("step", _key(code)), super().predict_step, image, code)

    def color_maps(self, image: Tensor, anchored: bool = True) -> Callable[[Tensor], Tensor]:
        """As the animator's, once for a code of a picture that is known."""
        usual = super().color_maps
        if not any(of is image for of, _ in self._known):
            return usual(image, anchored)
        maps = self._recall(image, ("maps", anchored), usual, image, anchored)
        return lambda code: self._recall(image, ("map", anchored, _key(code)), maps, code)

    def tone_curves(self, image: Tensor) -> Callable[[Tensor], Tensor]:
        """As the animator's, once for a code of a picture that is known."""
        usual = super().tone_curves
        if not any(of is image for of, _ in self._known):
            return usual(image)
        curves = self._recall(image, ("curves",), usual, image)
        return lambda code: self._recall(image, ("curve", _key(code)), curves, code)

    def _recall(
        self, image: Tensor, asked: Hashable, answer: Callable[..., T], *arguments: Any
    ) -> T:
        """What is known of a picture, or the answer, which is known from then on."""
        known = next((answers for of, answers in self._known if of is image), None)
        if known is None:
            known = OrderedDict()
            self._known = [(image, known), *self._known[: KEPT_SIZES - 1]]
        if asked not in known:
            known[asked] = answer(*arguments)
        known.move_to_end(asked)
        while len(known) > KEPT_ANSWERS:
            known.popitem(last=False)
        return known[asked]


def stamp(path: Path | str) -> tuple[str, int, int] | None:
    """What tells one state of a file from another; None if there is no such file."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return str(path), found.st_mtime_ns, found.st_size


def _files_of(settings: RegionSettings) -> Sequence[Path]:
    """The files that the artist's regions are made from."""
    masks = [settings.still_mask, settings.moving_mask]
    files = [Path(name) for name in (*masks, *settings.region) if name]
    for path in map(Path, settings.region):
        try:
            named = json.loads(path.read_text(encoding="utf-8")).get("mask")
        except (OSError, ValueError, AttributeError, RecursionError):
            continue  # whoever reads it for good says what is wrong with it
        if named:
            files.append(path.parent / str(named))
    return files


def _key(code: Tensor) -> tuple[float, ...]:
    return tuple(torch.flatten(code).tolist())
