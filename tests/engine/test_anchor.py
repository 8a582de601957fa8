"""Maps anchored in a picture's own look."""

from __future__ import annotations

import pytest
import torch

from landscape_engine.fitting.annotations import read_patches
from landscape_engine.light import looks
from landscape_engine.light.color_maps import transfer_maps
from landscape_engine.networks.inputs import predictor_input
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


@torch.inference_mode()
def test_maps_follow_the_setting(animator, picture, landscape):
    def predict(code):
        return animator.bundle.appearance_predictor(predictor_input(picture, code.device), code)

    code = torch.zeros(1, 8)
    raw = predict(code)
    assert torch.equal(transfer_maps(landscape, anchored=False)(code), raw)
    own = landscape.own_look
    anchored = transfer_maps(landscape)(own)
    small = torch.nn.functional.interpolate(picture[:, :3], (256, 256), mode="area")
    plain = color.transfer(small, predict(own))
    kept = color.transfer(small, anchored)
    assert (kept - small).abs().mean() < 0.5 * (plain - small).abs().mean()
    del animator.bundle.networks["appearance_encoder"]
    without = transfer_maps(animator.look_at(picture))
    assert torch.equal(without(code), raw), "without an encoder: as predicted"


def test_frame_0_of_key_frames_is_the_picture(animator, picture, landscape):
    settings, clip = AppearanceSettings(keys=("2=1.0",)), ClipSettings(frames=4)
    still = animator.move(landscape, MotionSettings(speed=0.01))
    errors = {}
    for anchored in (True, False):
        asked = AppearanceSettings(keys=settings.keys, anchor=anchored)
        light = animator.light(landscape, asked, clip)
        frames = animator.render(landscape, still, light, LoopSettings(), clip)
        errors[anchored] = float((next(frames)[:, :3] - picture[:, :3]).abs().mean())
    assert errors[True] < 0.5 * errors[False]


@pytest.mark.parametrize("anchored", [True, False])
def test_patches_are_fitted_to_what_will_be_shown(picture, landscape, anchored):
    patches = read_patches(["0.5,0.3,0.1,#c08040"])
    *_, fit = looks.fit(landscape, patches, anchored=anchored)
    color_map = transfer_maps(landscape, anchored)(fit.code)
    small = torch.nn.functional.interpolate(picture[:, :3], (256, 256), mode="area")
    shown = color.transfer(small, color_map)[0, :, 60:94, 115:141].mean((1, 2))
    asked = torch.tensor([0xC0, 0x80, 0x40]) / 127.5 - 1
    assert float((shown - asked).abs().mean()) * 127.5 == pytest.approx(
        fit.errors_levels[0], abs=25
    )
