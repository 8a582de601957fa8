"""The paper's equations once more, written from its text alone and as plainly as they stand there.

A stand-in that the engine is compared with (`test_paper_parity`) where the authors' files aren't.
It takes the trunks of the two networks (Table 1) as functions; all else is numpy in float64 and
nothing of the engine's. The authors' code was not looked at. What is followed, by sections:

- 4.1: the flow is tanh of the network's answer over β, backward, in positions normalised to
  [-1, 1]²; a frame samples the picture bilinearly at `p + B(p)`.
- 4.1 and Algorithm 1, lines 2 to 8: each step is predicted from the frame before; the flows are
  warped and summed one after another, so that each frame samples the input picture once.
- 5: the networks' inputs are resized to a fixed size, what they infer to the size of the picture;
  beyond the border a plane goes on by reflection; the speed is a factor on the flow; the motion is
  looped by cross-fading; codes of appearance are linearly interpolated between key frames, and
  from the last to the first; the motion loop is repeated within one cycle of appearance.
- 4.2, Equations 5 and 6, and Algorithm 1, lines 11 to 16: each frame of the looped motion is
  recolored by a map that is predicted from itself, `O = tanh(C^w ∘ I + C^b)`.

The paper leaves open, and the engine's documents settle: that the positions -1 and 1 are the
centres of the border pixels; that pictures are made smaller by a triangle filter, as wide as the
new pixels; that a loop of T frames is made of the 2 (T - 1) frames after the input picture, and
how fast its ends are faded (`cross_fade`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Picture = np.ndarray  # float64 [H, W, 3], colors in [-1, 1]
Flow = np.ndarray  # float64 [H, W, 2], x then y, backward and normalised
Trunk = Callable[[Picture, np.ndarray], np.ndarray]  # picture [S, S, 3], code [Z] → [S, S, C]


def positions(height: int, width: int) -> Flow:
    """The normalised position of each pixel's centre."""
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    return np.stack([x, y], axis=-1)


def sample(plane: np.ndarray, at: Flow) -> np.ndarray:
    """Bilinear interpolation at normalised positions, beyond the border by reflection."""
    height, width = plane.shape[:2]
    x, y = ((at[..., 0] + 1) / 2 * (width - 1)), ((at[..., 1] + 1) / 2 * (height - 1))
    left, above = np.floor(x).astype(int), np.floor(y).astype(int)
    right_share, below_share = (x - left)[..., None], (y - above)[..., None]

    def pixel(column: np.ndarray, row: np.ndarray) -> np.ndarray:
        return plane[reflected(row, height), reflected(column, width)]

    upper = (1 - right_share) * pixel(left, above) + right_share * pixel(left + 1, above)
    lower = (1 - right_share) * pixel(left, above + 1) + right_share * pixel(left + 1, above + 1)
    return (1 - below_share) * upper + below_share * lower


def reflected(index: np.ndarray, count: int) -> np.ndarray:
    """The pixel that stands at an index beyond the border: … 2 1 | 0 1 2 … n-1 | n-2 …."""
    back = index % (2 * count - 2)
    return np.where(back < count, back, 2 * count - 2 - back)


def warp(plane: np.ndarray, flow: Flow) -> np.ndarray:
    """WARP of one flow: `O(p) = I(p + B(p))`."""
    return sample(plane, positions(*plane.shape[:2]) + flow)


def enlarged(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    """RESIZE of what a network infers, to the size of the picture."""
    return sample(plane, positions(height, width))


def shrunk(picture: Picture, side: int) -> Picture:
    """RESIZE of a picture to a network's input: the weighted mean of the pixels around each."""
    rows, columns = (shrinking_weights(count, side) for count in picture.shape[:2])
    return np.einsum("yh,hwc,xw->yxc", rows, picture, columns, optimize=True)


def shrinking_weights(before: int, after: int) -> np.ndarray:  # [after, before]
    """A triangle over each new pixel that reaches to the centres of its neighbours."""
    scale = before / after
    centre = (np.arange(after) + 0.5) * scale
    away = np.abs(np.arange(before) + 0.5 - centre[:, None]) / scale
    weights = np.clip(1 - away, 0, None)
    return weights / weights.sum(1, keepdims=True)


def motion_frames(
    picture: Picture,
    trunk: Trunk,
    code: np.ndarray,
    count: int,
    side: int,
    beta: float,
    speed: float,
    grid_hw: tuple[int, int],
) -> list[Picture]:
    """The frames after the input picture, by recurrent prediction (Algorithm 1, lines 2 to 8).

    `grid_hw` is the size at which flows are summed: the paper's is the picture's.
    """
    frame, accumulated, found = picture, None, []
    for _ in range(count):
        inferred = np.tanh(trunk(shrunk(frame, side), code)) / beta
        step = enlarged(inferred, *grid_hw) * speed
        accumulated = step if accumulated is None else step + warp(accumulated, step)
        frame = warp(picture, enlarged(accumulated, *picture.shape[:2]))
        found.append(frame)
    return found


def cross_fade(frames: list[Picture]) -> list[Picture]:
    """GENERATELOOP: a loop of T of 2 (T - 1) frames.

    The loop ends with frame T and would go on with T + 1; so these, the continuation, are faded
    into the beginning, linearly, and are gone after T - 2 frames.
    """
    period = len(frames) // 2 + 1
    loop = []
    for t in range(period):
        share = 1 - (t + 1) / (period - 1)  # of the continuation
        if share > 0:
            loop.append((1 - share) * frames[t] + share * frames[t + period])
        else:
            loop.append(frames[t])
    return loop


def code_at(codes: np.ndarray, phase: float) -> np.ndarray:  # [K, Z] → [Z]
    """INTERPOLATELATENTCODES: linear between the codes of a closed cycle, at a phase 0..1."""
    at = phase * len(codes)
    before = int(at)
    share = at - before
    return (1 - share) * codes[before] + share * codes[(before + 1) % len(codes)]


def color_transfer(picture: Picture, trunk: Trunk, code: np.ndarray, side: int) -> Picture:
    """One frame's appearance: Equation 6, with a map predicted from the frame itself."""
    color_map = enlarged(trunk(shrunk(picture, side), code), *picture.shape[:2])
    return np.tanh(color_map[..., :3] * picture + color_map[..., 3:])
