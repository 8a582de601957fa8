"""Skies without forms stand, whatever else differs in them from place to place; clouds go on."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from landscape_engine.motion.plain_skies import is_plain

SIZE = (360, 640)
SKY = torch.zeros(1, 1, 64, 64, dtype=torch.bool)
SKY[:, :, :40] = True


def evening(clouds: float = 0.0) -> np.ndarray:
    """A gradient with grain over dark land, and clouds of some contrast in levels."""
    rng = np.random.default_rng(2)
    y = np.linspace(0, 1, SIZE[0])[:, None, None]
    sky = np.array([60, 90, 160]) + y * np.array([180, 90, -60])
    forms = cv2.GaussianBlur(rng.normal(size=SIZE), (0, 0), sigmaX=9, sigmaY=5)
    shown = sky + clouds * (forms / forms.std())[..., None] + rng.normal(0, 1.5, (*SIZE, 1))
    shown[228:] = 25 + 12 * rng.normal(size=(SIZE[0] - 228, SIZE[1], 1))
    return shown.clip(0, 255).round().astype(np.uint8)


def test_a_gradient_with_grain_has_no_forms_and_faint_clouds_have():
    assert is_plain(evening(), SKY)
    assert not is_plain(evening(clouds=3.0), SKY)


def test_a_glow_beside_the_land_and_a_vignette_are_no_forms():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    glow = np.exp(-((y - 228) ** 2 + (x - 320) ** 2) / 9000)[..., None] * np.array([70, 45, 10])
    vignette = 1 - 0.5 * (((x / 320 - 1) ** 2 + (y / 180 - 1) ** 2) / 2)[..., None]
    lit = (evening() * vignette + glow).clip(0, 255).astype(np.uint8)
    assert is_plain(lit, SKY)


@pytest.mark.parametrize("scale", [0.5, 3])
def test_the_size_of_the_picture_does_not_matter(scale):
    size = round(SIZE[1] * scale), round(SIZE[0] * scale)
    for clouds, plain in ((0.0, True), (4.0, False)):
        picture = cv2.resize(evening(clouds), size, interpolation=cv2.INTER_AREA)
        assert is_plain(picture, SKY) == plain


def test_a_sliver_of_sky_is_not_judged():
    sliver = torch.zeros_like(SKY)
    sliver[:, :, :1] = True
    assert not is_plain(evening(), sliver)
