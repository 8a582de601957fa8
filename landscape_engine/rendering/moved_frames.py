"""Moved frames: a loop's frames before recoloring, cached for the loop's repetitions.

They lie in a scratch file that has no name, so that memory doesn't grow with the clip and nothing
stays behind however the process ends. Where the disk has no room for them, they are made again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..loops.looping import Make
from .compositing import Drift, move
from .plates import Plates

KEPT_BYTES = 1 << 30  # frames of a loop that are kept take no more than this
IN_MEMORY = {"tmpfs", "ramfs"}
ON_DISK = (Path("/var/tmp"), Path.home() / ".cache")  # where the usual folder is memory
SHARE_OF_DISK = 0.25  # of what is free


@dataclass(frozen=True)
class MovedFrame:
    """A frame before its colors change."""

    moved: Tensor  # [1, 3 or 4, H, W], as it was prepared
    drift: Drift


class MovedFrames:
    """A loop's moved frames: rendered once, then read, as far as the scratch file reaches."""

    def __init__(
        self,
        picture: Tensor,  # [1, 3 or 4, H, W]
        period: int | None,
        recolored: bool,
        cancelled: Callable[[], bool],
        prepare: Callable[[Tensor], None] | None = None,
    ) -> None:
        """Cache a loop of this many frames; with None no frame repeats.

        Only frames that are `recolored` by a map that follows the motion need their drift. What
        recoloring would do to each frame anew, `prepare` does once, in place, strip by strip.
        """
        self.picture = picture
        self.plates = Plates(picture)
        self.recolored = recolored
        self.cancelled = cancelled
        self.prepare = prepare
        self.period = period
        self._drifts: dict[int, Drift] = {}  # of the frames that are in the file
        self._scratch = Scratch.like(picture) if period else None

    def frame(self, n: int, layers: Make) -> MovedFrame:
        """Frame n of the clip, rendered unless cached; the caller may modify it.

        Frames may be asked for from several threads at a time.
        """
        at = n % self.period if self.period else n
        if self._scratch and at in self._drifts:
            kept = self._scratch.read(at)
            if kept is not None:
                return MovedFrame(kept, self._drifts[at])
        shown = layers()
        drift = Drift.of(shown if self.recolored else ())
        made = move(self.picture, shown, self.cancelled, self.plates, self.prepare)
        frame = MovedFrame(made, drift)
        if self._scratch and not self.cancelled() and self._scratch.write(at, frame.moved):
            self._drifts[at] = drift
        return frame

    def close(self) -> None:
        """Free the disk."""
        if self._scratch:
            self._scratch.close()


def scratch_folder(mounts: Path = Path("/proc/mounts")) -> Path:
    """The folder for scratch files: the system's, unless it is in memory.

    Args:
        mounts: Linux's list of what is mounted where.
    """
    usual = Path(tempfile.gettempdir())
    try:
        lines = mounts.read_text().splitlines()
    except OSError:  # no Linux: there the folder is on a disk
        return usual
    kinds = {Path(place): kind for _, place, kind, *_ in map(str.split, lines)}
    for folder in (usual, *ON_DISK):
        kind = next((kinds[one] for one in (folder, *folder.parents) if one in kinds), "")
        if folder.is_dir() and os.access(folder, os.W_OK) and kind not in IN_MEMORY:
            return folder
    return usual


class Scratch:
    """A file without a name that holds tensors of one shape by their numbers."""

    def __init__(self, file: FileIO, shape: torch.Size, most: int) -> None:
        """Hold at most a fixed number of tensors in a file."""
        self._file = file
        self._shape = shape
        self._bytes = 4 * shape.numel()
        self._most = most
        self._turn = threading.Lock()

    @classmethod
    def like(cls, picture: Tensor) -> Scratch | None:
        """A file for float32 tensors [1, C, H, W] like this; None on a GPU or without a place."""
        if picture.device.type != "cpu":
            return None
        try:
            folder = scratch_folder()
            free = shutil.disk_usage(folder).free
            file = tempfile.TemporaryFile(prefix="landscape-", dir=folder, buffering=0)
        except OSError:
            return None
        room = min(KEPT_BYTES, int(free * SHARE_OF_DISK))
        return cls(file, picture.shape, room // (4 * picture.numel()))

    def write(self, n: int, tensor: Tensor) -> bool:
        """Keep a tensor; false if there is no room."""
        if n >= self._most:
            return False
        data = tensor.contiguous().numpy().data.cast("B")
        try:
            with self._turn:
                self._file.seek(n * self._bytes)
                while data:
                    data = data[self._file.write(data) :]
        except OSError:  # the disk is full after all
            self._most = 0
            return False
        return True

    def read(self, n: int) -> Tensor | None:
        """A copy of a stored tensor; None if it can't be read back."""
        pixels = np.empty(self._bytes // 4, np.float32)
        left = pixels.data.cast("B")
        try:
            with self._turn:
                self._file.seek(n * self._bytes)
                while left:
                    got = self._file.readinto(left)
                    if not got:
                        return None
                    left = left[got:]
        except OSError:
            return None
        return torch.from_numpy(pixels).view(self._shape)

    def close(self) -> None:
        """Free the disk."""
        self._file.close()
