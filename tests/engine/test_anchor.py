"""Maps anchored in a picture's own look."""

from __future__ import annotations

import pytest
import torch

from landscape_engine.fitting.annotations import read_patches
from landscape_engine.light import looks
from landscape_engine.ops import color
from landscape_engine.settings import AppearanceSettings, ClipSettings, LoopSettings, MotionSettings


def soft_picture(size: int = 64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    rough = torch.rand(1, 3, 8, 8, generator=generator) * 1.6 - 0.8
    return torch.nn.functional.interpolate(rough, (size, size), mode="bicubic").clamp(-0.9, 0.9)


def uniform_map(weight: float, bias: float, size: int = 64) -> torch.Tensor:
    plane = torch.ones(1, 3, size, size)
    return torch.cat([plane * weight, plane * bias], 1)


def test_a_picture_in_its_own_look_is_itself():
    picture, own = soft_picture(), uniform_map(0.9, 0.15)
    pale = color.transfer(picture, own)
    kept = color.transfer(picture, color.anchor(own, own, picture))
    assert (pale - picture).abs().mean() > 0.08
    assert (kept - picture).abs().mean() < 0.2 * (pale - picture).abs().mean()


def test_a_predictor_that_misses_nothing_is_left_alone():
    picture = soft_picture() * 0.1
    exact = uniform_map(1.0, 0.0)  # tanh is straight there
    night = uniform_map(0.4, -1.0)
    assert (color.anchor(night, exact, picture) - night).abs().max() < 0.01


def test_the_correction_fades_in_the_dark():
    picture, own = soft_picture(), uniform_map(0.9, 0.3)
    change = []
    for bias in (0.2, -0.6, -1.5):
        other = uniform_map(0.5, bias)
        before = color.transfer(picture, other)
        after = color.transfer(picture, color.anchor(other, own, picture))
        change.append(float((after - before).abs().mean()))
    assert change[0] > 2 * change[1] > 4 * change[2]


def test_maps_follow_the_setting(animator, picture):
    code = torch.zeros(1, 8)
    raw = animator.predict_color_map(picture, code)
    assert torch.equal(animator.color_maps(picture, anchored=False)(code), raw)
    own = animator.encode_appearance(picture)
    anchored = animator.color_maps(picture)(own)
    small = torch.nn.functional.interpolate(picture[:, :3], (256, 256), mode="area")
    plain = color.transfer(small, animator.predict_color_map(picture, own))
    kept = color.transfer(small, anchored)
    assert (kept - small).abs().mean() < 0.5 * (plain - small).abs().mean()
    del animator.bundle.networks["appearance_encoder"]
    assert torch.equal(animator.color_maps(picture)(code), raw), "without an encoder: as predicted"


def test_frame_0_of_key_frames_is_the_picture(animator, picture):
    settings = AppearanceSettings(keys=("2=1.0",))
    still = animator.predict_motion(picture, MotionSettings(speed=0.01))
    errors = {}
    for anchored in (True, False):
        asked = AppearanceSettings(keys=settings.keys, anchor=anchored)
        frames = animator.render(picture, still, asked, LoopSettings(), ClipSettings(frames=4))
        errors[anchored] = float((next(frames)[:, :3] - picture[:, :3]).abs().mean())
    assert errors[True] < 0.5 * errors[False]


@pytest.mark.parametrize("anchored", [True, False])
def test_patches_are_fitted_to_what_will_be_shown(animator, picture, anchored):
    patches = read_patches(["0.5,0.3,0.1,#c08040"])
    *_, fit = looks.fit(animator.bundle, picture, patches, anchored=anchored)
    color_map = animator.color_maps(picture, anchored)(fit.code)
    small = torch.nn.functional.interpolate(picture[:, :3], (256, 256), mode="area")
    shown = color.transfer(small, color_map)[0, :, 60:94, 115:141].mean((1, 2))
    asked = torch.tensor([0xC0, 0x80, 0x40]) / 127.5 - 1
    assert float((shown - asked).abs().mean()) * 127.5 == pytest.approx(
        fit.errors_levels[0], abs=25
    )
