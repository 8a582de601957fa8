"""Landscapes kept from one job to the next: the last pictures, at the last sizes asked for.

A picture is known by its file's path, time and size.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from pathlib import Path

from .. import images
from ..animator import Animator
from ..landscape import Landscape
from ..settings.documents import Job

KEPT = 3  # of one picture: its own size, a preview's, the thumbnails'


class KeptLandscapes:
    """The last landscapes."""

    def __init__(self, animator: Animator) -> None:
        """Cache the landscapes of an animator."""
        self._animator = animator
        self._kept: OrderedDict[Hashable, Landscape] = OrderedDict()

    def of(
        self,
        path: Path,
        size_wh: tuple[int, int] | None = None,
        upright: bool = True,
        profile: bool = True,
        wraps: bool = False,
    ) -> Landscape:
        """A picture at a size or its own; the same landscape as long as its file stays as it is."""
        state = images.stamp(path), upright, profile, wraps
        own = self._kept.get((*state, None))
        if own is None or state[0] is None:
            image = images.load_image(path, upright=upright, profile=profile)
            own = self._animator.look_at(image, wraps)
        wanted = own
        if size_wh is not None:
            kept = self._kept.get((*state, size_wh))
            wanted = kept or own.at(*size_wh)
        for size, one in ((size_wh, wanted), (None, own)):
            known_as = (*state, size)
            self._kept[known_as] = one
            self._kept.move_to_end(known_as)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return wanted

    def of_job(self, job: Job) -> tuple[Landscape, tuple[int, int]]:
        """A job's picture at the size of the output, and height and width of its file."""
        stored = job.clip.upright, job.clip.profile, job.clip.wrap
        own = self.of(job.path("picture"), None, *stored)
        wanted = self.of(job.path("picture"), job.clip.size_wh, *stored)
        return wanted, own.size_hw
