"""Light above white survives whatever changes the light, and the paths of motion."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from landscape_engine.images import load_image, save_image, to_linear_float16
from landscape_engine.light import highlights, tone_curves
from landscape_engine.ops import color
from landscape_engine.settings import (
    AppearanceSettings,
    ClipSettings,
    LoopSettings,
    MotionSettings,
)
from tests.conftest import make_picture
from tests.engine.picture_files import write_exr

FRAMES = 4
LIGHT = 4.0


@pytest.fixture
def bright(picture, tmp_path):
    """The picture as an EXR with a bright patch and a small sun."""
    light = to_linear_float16(picture).astype(np.float32)
    light[20:50, 40:90] = LIGHT
    light[70:73, 20:23] = (8, 6, 2)
    write_exr(tmp_path / "bright.exr", {"RGB": light})
    return load_image(tmp_path / "bright.exr")


def rendered(animator, image, appearance, **loop):
    landscape = animator.look_at(image)
    motion = animator.move(landscape, MotionSettings(code="0.4"))
    light = animator.light(landscape, appearance, ClipSettings(FRAMES))
    frames = animator.render(
        landscape, motion, light, LoopSettings(frames=FRAMES, **loop), ClipSettings(FRAMES)
    )
    return [to_linear_float16(frame).astype(np.float32) for frame in frames]


SETTINGS = {
    "the default": {},
    "a sequence": {"code": "0.3"},
    "an absolute one": {"code": "0.3", "relative": False},
    "a key": {"keys": ("2=0.4",)},
    "a key, not anchored": {"keys": ("2=0.4",), "anchor": False},
    "a patch": {"patches": ("0.5,0.3,0.1,#ffd080",)},
    "each frame": {"kind": "per-frame", "code": "0.3"},
    "stars": {"stars": 1.0},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_light_above_white_survives(animator, bright, name):
    for frame in rendered(animator, bright, AppearanceSettings(**SETTINGS[name])):
        assert np.isfinite(frame).all() and 1.2 < frame.max() <= 8.1


def test_a_reference_keeps_it_too(animator, bright, tmp_path):
    save_image(make_picture(40, 60), tmp_path / "look.png")
    settings = AppearanceSettings(keys=(f"2={tmp_path / 'look.png'}",))
    assert max(frame.max() for frame in rendered(animator, bright, settings)) > 1.2


def test_in_its_own_look_a_picture_keeps_its_light(animator, bright):
    settings = AppearanceSettings(keys=("0=input",))
    landscape = animator.look_at(bright)
    motion = animator.move(landscape, MotionSettings(code="0.4"), regions=[])
    light = animator.light(landscape, settings, ClipSettings(1))
    (frame,) = animator.render(landscape, motion, light, LoopSettings(kind="none"), ClipSettings(1))
    found, wanted = (to_linear_float16(one).astype(np.float32) for one in (frame, bright))
    above = wanted > 1.5
    assert above.any()
    np.testing.assert_allclose(found[above], wanted[above], rtol=0.01)


def test_the_beginning_of_a_day_is_the_picture(animator, bright):
    first = rendered(animator, bright, AppearanceSettings(), kind="none")[0]
    wanted = to_linear_float16(bright).astype(np.float32)
    np.testing.assert_allclose(first[wanted > 1], wanted[wanted > 1], rtol=0.01)


@pytest.mark.parametrize("sampling", ["bicubic", "bilinear"])
def test_what_moves_keeps_it(animator, bright, sampling):
    settings = AppearanceSettings(kind="off")
    frames = rendered(animator, bright, settings, sampling=sampling)
    assert all(frame.max() > 0.9 * 8 or frame.max() > 0.9 * LIGHT for frame in frames)


def test_brighter_is_never_darker():
    ramp = torch.linspace(-1, 30, 20000).view(1, 1, 1, -1).expand(1, 3, 1, -1)
    draws = torch.Generator().manual_seed(0)

    def held(transfer, map_, channels):
        map_ = map_.expand(-1, -1, 1, ramp.shape[3])
        shown = highlights.above(transfer, channels)(ramp, map_)
        assert torch.isfinite(shown).all() and (shown.diff(dim=3) > -1e-5).all()
        below = ramp <= 1
        assert shown[below].equal(transfer(ramp.clamp(max=1), map_[:, :channels])[below])

    for _ in range(20):
        drawn = torch.randn(1, 12, 1, 1, generator=draws)
        drawn[:, [0, 1, 2, 6, 7, 8]] = drawn[:, [0, 1, 2, 6, 7, 8]].abs()
        for map_ in (drawn[:, :6], drawn):
            held(color.transfer, map_, highlights.MAP)
        curves = drawn[:, :7]
        curves[:, 1:3], curves[:, 4:6] = curves[:, :1], curves[:, 3:4]  # green never runs ahead
        curves[:, 6:] = curves[:, 6:].clamp(max=1)
        held(tone_curves.shade, curves, highlights.CURVES)


def test_a_picture_without_it_is_rendered_as_ever(animator, picture):
    assert not highlights.has_any(picture)
    landscape = animator.look_at(picture)
    assert animator.light(landscape, AppearanceSettings(), ClipSettings(4)).own_code is None
