"""Footage: clips in motion and the pairs of their frames that are learnt from (section 6.1).

A clip is a video, an animation or a folder of frames in the order of their names. It is held small,
squeezed into a square as the paper does, on the CPU.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from ... import images
from ...errors import PictureError, TrainingError
from ...images import clips, kinds
from ...settings import MotionClipSettings
from . import data_folders
from .lit_clips import shrink

MEASURED_PAIRS = 40  # pairs of a clip whose optical flow is taken at most
STILL = 0.1  # share of the fastest motion below which a measured vector is noise


@dataclass(frozen=True)
class Footage:
    """One clip and the pairs to learn from.

    Attributes:
        name: the file's or the folder's; mirrored clips end in " mirrored".
        frames: [T, 3, S, S] uint8.
        pairs: [P, 2] indices of frames that follow one another.
    """

    name: str
    frames: Tensor
    pairs: Tensor

    def pair(self, index: int) -> Tensor:  # [2, 3, S, S] in [-1, 1]
        """A frame and the one after it."""
        return self.frames[self.pairs[index]].float() / 127.5 - 1

    def mirrored(self) -> Footage:
        """The same clip seen in a mirror, in which things move the other way."""
        return Footage(f"{self.name} mirrored", self.frames.flip(3), self.pairs)


@dataclass(frozen=True)
class Film:
    """The clips that a training learns from, and how.

    Attributes:
        clips: in the order of their names, each followed by its mirrored self.
        settings: by which they were chosen.
        remarks: a sentence for each thing that was left out.
    """

    clips: Sequence[Footage]
    settings: MotionClipSettings
    remarks: Sequence[str] = ()


def load(folder: Path, size: int, settings: MotionClipSettings) -> Film:
    """Read the clips of a folder at `size` × `size` pixels; one that holds frames is one clip.

    Raises:
        TrainingError: there is no folder, or no pair of frames to learn from in it.
    """
    data_folders.check(folder, "clips")
    inside = sorted(path for path in folder.iterdir() if not kinds.is_hidden(path))
    places = [p for p in inside if p.is_dir() or kinds.is_video(p)]
    if not places and any(map(kinds.is_picture, inside)):
        places = [folder]
    found: list[Footage] = []
    remarks: list[str] = []
    for place in places:
        clip = _clip(place, size, settings, remarks)
        if clip is not None:
            found += [clip, clip.mirrored()] if settings.mirror else [clip]
    if not found:
        raise TrainingError(
            f"{folder} holds no clips to learn motion from; expected videos, animations or folders "
            "of frames in which something moves"
            + (f" ({remarks[0].rstrip('.')})." if remarks else ".")
        )
    return Film(found, settings, remarks)


def _clip(
    place: Path, size: int, settings: MotionClipSettings, remarks: list[str]
) -> Footage | None:
    frames = list(_folder(place, size, remarks) if place.is_dir() else _video(place, size, remarks))
    trained = frames[: max(2, round(len(frames) * (1 - settings.held_out)))]
    kept = trained[:: settings.every]
    usable = {t: frame for t, frame in enumerate(kept) if frame is not None}
    good = list(usable)
    if len(good) < 2:
        remarks.append(f"{place} was left out: it gives {len(good)} frames; expected two or more.")
        return None
    places = {t: k for k, t in enumerate(good)}
    shown = torch.stack(list(usable.values()))
    follow = [(places[t], places[u]) for t, u in pairwise(good) if u == t + 1]
    pairs = [p for p in follow if _moves(shown, p, settings)]
    if not pairs:
        remarks.append(
            f"{place} was left out: none of its {len(follow)} pairs of frames changes by "
            f"{settings.least_change:g} to {settings.most_change:g}; set --least-change."
        )
        return None
    return Footage(place.name, shown, torch.tensor(pairs))


def _moves(frames: Tensor, pair: tuple[int, int], settings: MotionClipSettings) -> bool:
    before, after = (frames[t].float() / 127.5 for t in pair)
    return settings.least_change <= float((after - before).abs().mean()) <= settings.most_change


def _folder(place: Path, size: int, remarks: list[str]) -> Iterator[Tensor | None]:
    """The frames of a folder; None stands for an unusable one, which keeps its time."""
    first = None
    for path in clips.frame_paths(place):
        try:
            picture = images.load_image(path)[0]
        except PictureError as error:
            remarks.append(f"a frame was left out: {error}")
            yield None
            continue
        height, width = picture.shape[1:]
        first = first or (height, width)
        if (height, width) != first:
            remarks.append(
                f"{path} was left out: it has {width} × {height} pixels; "
                f"expected {first[1]} × {first[0]} as in the clip's first frame."
            )
            yield None
            continue
        yield shrink((picture + 1) * 127.5, size)


def _video(place: Path, size: int, remarks: list[str]) -> Iterator[Tensor | None]:
    """The frames of a video; None stands for what can't be decoded."""
    count = 0
    try:
        for frame in clips.decode(place):
            if isinstance(frame, clips.Damage):
                remarks.append(f"a frame of {place} was left out, after {count}: {frame.reason}.")
                yield None
                continue
            count += 1
            yield shrink(frame.pixels(), size)
    except PictureError as error:
        reason = error.__cause__ or error
        remarks.append(f"{place} was left out after {count} frames: it can't be read ({reason}).")


def measure(clip: Footage) -> Tensor:  # [2, S, S] backward, normalised
    """The common optical flow of the clip's pairs: the median, pixel by pixel."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    step = -(-len(clip.pairs) // MEASURED_PAIRS)
    flows = []
    for pair in clip.pairs[::step]:
        before, after = (
            cv2.cvtColor(clip.frames[t].permute(1, 2, 0).numpy().copy(), cv2.COLOR_RGB2GRAY)
            for t in pair
        )
        # None: no first guess, which OpenCV's types leave out
        flows.append(flow.calc(after, before, None))  # type: ignore[call-overload]
    field = torch.from_numpy(np.median(np.stack(flows), 0)).permute(2, 0, 1)
    length = field.norm(dim=0)
    moving = length > STILL * length.flatten().quantile(0.95)
    return field * moving * (2 / (clip.frames.shape[3] - 1))
