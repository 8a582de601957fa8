"""Augmentation by camera, lens and file artifacts, so that networks learn to ignore them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .drawn_scenes import grade

GREY = 0.12  # share of the pictures without color
SOFT, GRAINY, PACKED = 0.25, 0.25, 0.3  # shares out of focus, with noise, as a poor JPEG


def shoot(
    rng: np.random.Generator,
    image: Tensor,  # [3, H, W] in 0..1
) -> Tensor:  # [3, H, W] in 0..1
    """A picture in another exposure and white balance, at times grey, soft, grainy or packed."""
    image = grade(rng, image)
    if rng.random() < 0.5:  # another white balance, far off at times
        gain = np.exp(rng.normal(0, 0.18, (3, 1, 1)))
        gain = gain / gain.mean() * np.exp(rng.normal(0, 0.2))
        image = (image * torch.from_numpy(gain.astype(np.float32))).clamp(0, 1)
    if rng.random() < GREY:
        image = image.mean(0, keepdim=True).expand(3, -1, -1)
    pixels = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
    return torch.from_numpy(np.ascontiguousarray(_degrade(rng, pixels).transpose(2, 0, 1)))


def _degrade(rng: np.random.Generator, pixels: np.ndarray) -> np.ndarray:  # float32 [H, W, 3]
    import cv2

    if rng.random() < SOFT:
        pixels = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.4, 1.8))
    if rng.random() < GRAINY:
        noise = rng.standard_normal(pixels.shape, np.float32)
        pixels = pixels + noise * np.float32(rng.uniform(0.01, 0.06))
    if rng.random() < PACKED:
        file = (pixels.clip(0, 1) * 255).round().astype(np.uint8)
        quality = int(rng.integers(15, 80))
        _, packed = cv2.imencode(".jpg", file, [cv2.IMWRITE_JPEG_QUALITY, quality])
        opened = cv2.imdecode(packed, cv2.IMREAD_COLOR)
        assert opened is not None
        pixels = opened.astype(np.float32) / 255
    return pixels.clip(0, 1)
