"""Upright lines that fade into the sky stay whole; streaks and textures of cloud go on moving."""

from __future__ import annotations

import cv2
import numpy as np

from landscape_engine.scene import masts

HW = 300, 640
SKY = np.zeros(HW, bool)
SKY[:240] = True


def cloudy(strength: float = 30.0, grain: float = 1.0, spread: float = 9) -> np.ndarray:
    rng = np.random.default_rng(5)
    noise = cv2.GaussianBlur(rng.normal(size=HW), (0, 0), spread)
    light = 140 + strength * noise / np.abs(noise).max() + grain * rng.normal(size=HW)
    light[~SKY] = 40
    return np.repeat(light[..., None], 3, 2).round().clip(0, 255).astype(np.uint8)


def mast(x: int, top: int, foot: int, lean: int, bottom: int = 240) -> np.ndarray:  # uint8 [H, W]
    drawn = np.zeros(HW, np.uint8)
    cv2.line(drawn, (x + lean, top), (x, foot), 1, 2)
    drawn[bottom:] = 0
    return drawn


def test_a_mast_lit_in_parts_is_found_from_foot_to_top():
    picture, drawn = cloudy(8), mast(300, 80, 245, 20)
    sign = np.where((np.arange(HW[0]) // 25) % 2, 1, -1)[:, None]  # lit, in shade, lit, …
    shown = picture.astype(int) + (drawn * sign * 9)[..., None]
    found = masts.find(SKY, shown.clip(0, 255).astype(np.uint8), ~SKY)
    assert found[drawn > 0].mean() > 0.9
    around = cv2.dilate(drawn, np.ones((9, 25), np.uint8)) > 0
    assert (found & ~around).sum() < 60


def test_a_soft_stalk_out_of_focus_is_found():
    picture, drawn = cloudy(8, grain=0.6), np.zeros(HW, np.float32)
    cv2.line(drawn, (200, 100), (206, 245), 1, 5)
    soft = cv2.GaussianBlur(drawn, (0, 0), 2.0) * SKY
    shown = (picture - 22 * soft[..., None]).clip(0, 255).astype(np.uint8)
    found = masts.find(SKY, shown, ~SKY)
    assert found[(drawn > 0) & SKY].mean() > 0.5


def test_what_hangs_free_is_left_to_others():
    picture, drawn = cloudy(8), mast(300, 60, 150, 5)
    picture[drawn > 0] = 120
    assert not masts.find(SKY, picture, ~SKY).any()


def test_clouds_and_grain_move():
    for strength, grain, spread in ((40, 1.0, 9), (40, 4.0, 12), (30, 0.5, 3)):
        found = masts.find(SKY, cloudy(strength, grain, spread), ~SKY)
        assert found.mean() < 2e-3, (strength, grain, spread)


def test_a_picture_without_a_sky_has_none():
    assert not masts.find(~SKY & SKY, cloudy(), SKY).any()
