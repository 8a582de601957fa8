"""Augmentation by camera, lens and file artifacts, so that networks learn to ignore them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .drawn_scenes import grade

GREY = 0.12  # share of the pictures without color
DEVELOPED = 0.4  # share of them with the local contrast, curve and colors of a photographer's taste
SOFT, GRAINY, PACKED = 0.25, 0.25, 0.3  # shares out of focus, with noise, as a poor JPEG


def shoot(
    rng: np.random.Generator,
    image: Tensor,  # [3, H, W] in 0..1
) -> Tensor:  # [3, H, W] in 0..1
    """A picture in another exposure and white balance, at times grey, soft, grainy or packed."""
    image = grade(rng, image)
    if rng.random() < DEVELOPED:
        image = _develop(rng, image)
    if rng.random() < 0.5:  # another white balance, far off at times
        gain = np.exp(rng.normal(0, 0.18, (3, 1, 1)))
        gain = gain / gain.mean() * np.exp(rng.normal(0, 0.2))
        image = (image * torch.from_numpy(gain.astype(np.float32))).clamp(0, 1)
    if rng.random() < GREY:
        image = image.mean(0, keepdim=True).expand(3, -1, -1)
    pixels = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
    return torch.from_numpy(np.ascontiguousarray(_degrade(rng, pixels).transpose(2, 0, 1)))


def _develop(rng: np.random.Generator, image: Tensor) -> Tensor:  # [3, H, W] in 0..1
    """Change local contrast, tone curve, saturation, hue, and the colors of shadows and lights."""
    import cv2

    pixels = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
    around = cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.02, 0.1)) * pixels.shape[1])
    pixels = (pixels + float(rng.uniform(-0.4, 1.2)) * (pixels - around)).clip(0, 1)
    curve = float(rng.uniform(-0.5, 0.9))  # towards smoothstep, or away from it
    pixels = pixels + curve * (pixels * pixels * (3 - 2 * pixels) - pixels)
    hsv = cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + rng.normal(0, 9)) % 360
    hsv[..., 1] = (hsv[..., 1] * np.exp(rng.normal(0, 0.45))).clip(0, 1)
    pixels = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    light = pixels.mean(2, keepdims=True)
    shadows, lights = rng.normal(0, 0.06, (2, 3)).astype(np.float32)
    pixels = pixels + shadows * (1 - light) + lights * light
    return torch.from_numpy(np.ascontiguousarray(pixels.clip(0, 1).transpose(2, 0, 1)))


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
        pixels = cv2.imdecode(packed, cv2.IMREAD_COLOR).astype(np.float32) / 255
    return pixels.clip(0, 1)
