"""Facts of the animator: codes, determinism, what stays untouched, that nothing piles up."""

from __future__ import annotations

import gc
import json
import weakref

import numpy as np
import pytest
import torch

from landscape_engine.bundles.devices import choose_device
from landscape_engine.errors import BundleError, CodeError, SettingsError
from landscape_engine.light import cycles
from landscape_engine.motion import codes as motion_codes
from landscape_engine.motion import fields as motion_fields
from landscape_engine.settings import AppearanceSettings, ClipSettings, LoopSettings, MotionSettings
from tests.conftest import make_picture

OFF = AppearanceSettings(kind="off")


def clip(animator, picture, motion_settings=None, appearance=None, clip=None, **settings):
    landscape = animator.look_at(picture)
    motion = animator.move(landscape, motion_settings or MotionSettings(code="0.4"))
    light = animator.light(landscape, appearance, clip)
    return list(animator.render(landscape, motion, light, clip=clip, **settings))


@pytest.mark.parametrize("appearance", ["keyed", "off"])
@pytest.mark.parametrize("every", [2, 3])
def test_every_nth_frame_is_that_of_the_whole_clip(animator, picture, appearance, every):
    settings = {
        "appearance": AppearanceSettings(kind=appearance),
        "loop": LoopSettings(frames=4),
        "clip": ClipSettings(frames=12),
    }
    whole = clip(animator, picture, **settings)
    some = clip(animator, picture, **settings, every=every)
    assert len(some) == 12 // every
    for one, same in zip(some, whole[::every], strict=True):
        assert torch.equal(one, same)


@pytest.mark.parametrize("kind", ["steady", "recurrent"])
@pytest.mark.parametrize("appearance", ["keyed", "per-frame", "off"])
def test_the_same_settings_give_the_same_frames(animator, picture, kind, appearance):
    settings = {
        "appearance": AppearanceSettings(kind=appearance),
        "loop": LoopSettings(frames=4),
        "clip": ClipSettings(frames=5, seed=3),
    }
    one = clip(animator, picture, MotionSettings(kind=kind), **settings)
    other = clip(animator, picture, MotionSettings(kind=kind), **settings)
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert one[0].shape == picture.shape


def test_a_loop_of_motion_and_light_closes(animator, picture):
    loop, light = LoopSettings(frames=4), AppearanceSettings(code="0.5", cycles=2)
    frames = clip(animator, picture, loop=loop, appearance=light, clip=ClipSettings(frames=16))
    assert all(torch.equal(frames[n], frames[n + 8]) for n in range(8))
    assert not torch.equal(frames[0], frames[4]), "the light has moved on when the motion repeats"


def test_off_keeps_still_pixels_bit_for_bit(animator):
    picture = make_picture(90, 160, 4) * 0.77
    step = torch.zeros(1, 2, 256, 256)
    step[:, 0, :128] = 0.005
    motion = motion_fields.steady_motion(step)
    landscape, loop, clip = animator.look_at(picture), LoopSettings(frames=6), ClipSettings(12)
    assert animator.light(landscape, OFF, clip) is None
    for frame in animator.render(landscape, motion, None, loop, clip):
        assert torch.equal(frame[:, :, 46:], picture[:, :, 46:])


def test_recurrent_goes_on_from_what_it_shows(animator, landscape):
    settings = MotionSettings(kind="recurrent", code="0.4", speed=3)
    recurrent = animator.move(landscape, settings).accumulated()
    steps = [next(recurrent) for _ in range(3)]
    assert not torch.allclose(steps[1], 2 * steps[0], atol=1e-7)


@pytest.mark.parametrize("kind", ["steady", "recurrent"])
def test_inference_mode_does_not_leak_between_frames(animator, landscape, kind):
    motion = animator.move(landscape, MotionSettings(kind=kind, code="0.4"))
    three = ClipSettings(frames=3)
    light = animator.light(landscape, clip=three)
    frames = animator.render(landscape, motion, light, clip=three)
    accumulated = motion.accumulated()
    for _ in range(2):
        next(frames)
        next(accumulated)
        assert not torch.is_inference_mode_enabled() and torch.is_grad_enabled()


def test_speed_is_a_factor(animator, landscape):
    one = animator.move(landscape, MotionSettings(kind="recurrent", code="0.2"))
    two = animator.move(landscape, MotionSettings(kind="recurrent", code="0.2", speed=-2))
    assert torch.allclose(two.step, -2 * one.step)


def test_random_codes_follow_the_seed(bundle):
    one, same, other = (motion_codes.named(bundle, "random", seed) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("ending", ["json", "npy"])
def test_codes_from_files(bundle, tmp_path, ending):
    path = tmp_path / f"code.{ending}"
    vector = np.linspace(-1, 1, 8).astype(np.float32)
    if ending == "json":
        path.write_text(json.dumps(vector.tolist()))
    else:
        np.save(path, vector)
    assert np.allclose(motion_codes.named(bundle, str(path))[0], vector)
    settings = AppearanceSettings(code=str(path), codes=3)
    assert cycles.sequence(bundle, settings).shape == (3, 8)


@pytest.mark.parametrize(
    "text, message",
    [
        ("[1, 2, 3]", "codes of 8 numbers"),
        ("{}", "can't be read"),
        ('["a"]', "can't be read"),
        ("[1, 2, 3, 4, 5, 6, 7, NaN]", "isn't finite"),
        ("[[[1]]]", "can't be read|codes of 8"),
        ("[]", "codes of 8 numbers"),
    ],
)
def test_unusable_codes_are_refused(bundle, tmp_path, text, message):
    path = tmp_path / "code.json"
    path.write_text(text)
    with pytest.raises(CodeError, match=message):
        motion_codes.named(bundle, str(path))


def test_two_motion_codes_are_one_too_many(bundle, tmp_path):
    path = tmp_path / "code.npy"
    np.save(path, np.zeros((2, 8), np.float32))
    with pytest.raises(CodeError, match="one vector"):
        motion_codes.named(bundle, str(path))


def test_a_code_that_is_nothing_is_refused(bundle):
    with pytest.raises(CodeError, match="no number"):
        motion_codes.named(bundle, "nowhere.json")
    with pytest.raises(CodeError, match="from 0 to 1"):
        motion_codes.named(bundle, "1.5")


def test_a_bundle_without_appearance_still_moves(animator, picture, landscape):
    del animator.bundle.networks["appearance_predictor"]
    motion, light = animator.move(landscape), animator.light(landscape, OFF)
    frames = animator.render(landscape, motion, light, clip=ClipSettings(frames=1))
    assert next(frames).shape == picture.shape
    with pytest.raises(BundleError, match="no appearance predictor"):
        animator.light(landscape)


def test_frames_do_not_pile_up(animator, landscape):
    motion, clip = animator.move(landscape), ClipSettings(frames=30)
    light = animator.light(landscape, clip=clip)
    seen = []
    for frame in animator.render(landscape, motion, light, clip=clip):
        seen.append(weakref.ref(frame))
    del frame
    gc.collect()
    assert not any(ref() is not None for ref in seen)


def test_keyed_light_is_exact_at_its_keys(animator, landscape):
    codes = cycles.sequence(animator.bundle, AppearanceSettings(code="0"))
    still = motion_fields.steady_motion(torch.zeros(1, 2, 256, 256))
    clip = ClipSettings(frames=len(codes))
    kinds = (AppearanceSettings(kind=kind, anchor=False) for kind in ("keyed", "per-frame"))
    lights = [animator.light(landscape, kind, clip, codes) for kind in kinds]
    keyed, exact = (list(animator.render(landscape, still, one, clip=clip)) for one in lights)
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(keyed, exact, strict=True))


def test_a_device_that_is_not_there_is_refused():
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(SettingsError, match="no cuda device"):
        choose_device("cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_gives_the_same_pictures(bundle, picture):
    from landscape_engine.animator import Animator

    results = []
    for name in ("cpu", "cuda"):
        animator = Animator(bundle, choose_device(name))
        settings = {"loop": LoopSettings(frames=6), "clip": ClipSettings(frames=6)}
        results.append([f.cpu() for f in clip(animator, picture, **settings)])
    for one, other in zip(*results, strict=True):
        assert (one - other).abs().max() < 0.02
