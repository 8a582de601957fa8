"""Reference clips: the common motion of a time-lapse, as the motion encoder expects it.

Legend: T frames, S the side of the square picture on which motion is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from .. import images
from ..errors import PictureError
from ..images import clips
from ..ops import shrinking

SIZE = 256
MOST_FRAMES = 60  # of a clip that are looked at, from its start
SAME = 0.05  # mean difference in 8-bit levels below which a frame is the one before, repeated
FASTEST = 0.95  # share of the pixels that must fit within the network's fastest step
STILL = 0.1  # share of the fastest motion below which a vector is noise


def load_clip(path: Path) -> list[Tensor]:  # T of [1, 3, S, S] in [-1, 1]
    """Read a video, or a folder of frames in the order of their names.

    Raises:
        PictureError: it can't be read, or holds fewer than two frames.
    """
    shown = islice(clips.pictures(path), MOST_FRAMES)
    frames = [images.opaque(images.resize(picture, SIZE, SIZE)) for picture in shown]
    if len(frames) < 2:
        raise PictureError(
            f"'{path}' holds {len(frames)} frames; expected a video or a folder with two or more."
        )
    return frames


def common_flow(
    frames: Sequence[Tensor],  # T of [1, 3|4, H, W] in [-1, 1]
) -> Tensor:  # [1, 2, S, S] backward, normalised, of one frame step
    """The motion that the clip's frames share: the median, pixel by pixel, over all pairs.

    Dense optical flow leads from each frame back to the one before; what comes and goes, and the
    flow's own outliers, fall out in the median. Vectors below a tenth of the fastest are rest.

    Raises:
        PictureError: no frame differs from the one before.
    """
    gray = [_gray(frame) for frame in frames]
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flows = [
        # None: no first guess, which OpenCV's types leave out
        flow.calc(after, before, None)  # type: ignore[call-overload]
        for before, after in pairwise(gray)
        if np.abs(after.astype(np.int16) - before).mean() > SAME
    ]
    if not flows:
        raise PictureError(
            "the clip's frames are all the same; expected one in which something moves."
        )
    field = torch.from_numpy(np.median(np.stack(flows), 0)).permute(2, 0, 1)[None]
    length = field.norm(dim=1, keepdim=True)
    return field * (length > STILL * length.flatten().quantile(FASTEST)) * (2 / (SIZE - 1))


def encoder_input(
    flow: Tensor,  # [1, 2, S, S] backward, normalised
    beta: float,
    size: int,
) -> Tensor:  # [1, 2, size, size] flow times beta, within ±1
    """Scale a flow for E^M; one that is too fast is slowed uniformly."""
    field = shrinking.area(flow, (size, size)) * beta
    fastest = float(field.abs().amax(1).flatten().quantile(FASTEST))
    return (field / max(fastest, 1.0)).clamp(-1, 1)


def _gray(frame: Tensor) -> np.ndarray:  # [S, S] uint8
    small = images.opaque(images.resize(frame, SIZE, SIZE))
    return cv2.cvtColor(np.ascontiguousarray(images.to_uint8(small)), cv2.COLOR_RGB2GRAY)
