"""Every route on a device that isn't the CPU: no step mixes its tensors with the CPU's."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from landscape_engine import cpus
from landscape_engine.animator import Animator, load_animator
from landscape_engine.settings import (
    AppearanceSettings,
    ClipSettings,
    LoopSettings,
    MotionSettings,
    RegionSettings,
    TrainAppearanceSettings,
    TrainingLoopSettings,
    TrainMotionSettings,
    TrainSceneSettings,
)
from landscape_engine.training.data.lit_clips import Clip
from landscape_engine.training.runs import train_appearance, train_motion, train_scene
from tests.conftest import make_bundle, make_picture

from .fake_device import DEVICE, on_fake_device

FEW = LoopSettings(frames=3), ClipSettings(frames=3)
TINY = {"width": 4, "encoder_width": 4, "size": 64}
DAYS = [Clip(name, make_picture(64, 192).reshape(3, 3, 64, 64), True) for name in "ab"]
OFF = AppearanceSettings(kind="off")
ARROW = "0.3,0.2,0.6,0.2"
PATCH = "0.5,0.2,0.1,#c08040"


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setattr(cpus, "available", lambda: 1)  # torch's modes are those of one thread


@pytest.fixture
def lake():  # sky above, water below
    picture = make_picture(48, 80)
    picture[:, :, :24] = picture[:, :, :24] * 0.3 + 0.5
    return picture


def frames(animator, picture, motion=None, light=None, regions=None, loop=FEW[0], seed=0):
    """What a job renders, on the CPU."""
    landscape = animator.look_at(picture)
    moved = animator.move(landscape, motion, seed=seed, regions=regions)
    lit = animator.light(landscape, light, FEW[1])
    return [one.cpu() for one in animator.render(landscape, moved, lit, loop, FEW[1])]


def alike(here, there, apart=0.02):
    assert len(here) == len(there) > 1
    for a, b in zip(here, there, strict=True):
        assert type(b) is torch.Tensor
        assert float((a - b).abs().max()) < apart


def test_a_step_that_mixes_devices_fails():
    with on_fake_device() as device:
        on_it = torch.ones(3, device=device)
        assert (on_it + 1.5).sum().item() == 7.5 and on_it.device == DEVICE
        with pytest.raises(RuntimeError, match="expected all tensors on one device"):
            on_it + torch.ones(3)
        with pytest.raises(RuntimeError, match="expected all tensors on one device"):
            torch.cat([torch.ones(3), on_it])
        with pytest.raises(TypeError, match="to numpy"):
            np.asarray(on_it)


def test_the_default_route(lake):
    here = frames(load_animator(device="cpu"), lake)
    with on_fake_device() as device:
        alike(here, frames(load_animator(device=device), lake))


@pytest.mark.parametrize(
    ("motion", "light", "loop"),
    [
        (MotionSettings(kind="recurrent"), AppearanceSettings(kind="per-frame"), "crossfade"),
        (MotionSettings(code="random"), AppearanceSettings(code="random"), "two-phase"),
        (MotionSettings(code="0.5"), AppearanceSettings(code="0.3", relative=False), "none"),
        (MotionSettings(arrows=(ARROW,)), AppearanceSettings(patches=(PATCH,)), "two-phase"),
        (
            MotionSettings(arrows=(ARROW,), arrows_as="code"),
            AppearanceSettings(keys=("1=0.4",)),
            "two-phase",
        ),
    ],
    ids=["the paper's", "random", "absolute", "arrows and patches", "an arrow's code and a key"],
)
def test_other_routes(lake, motion, light, loop):
    loop = LoopSettings(frames=3, kind=loop)
    bundle = make_bundle()
    here = frames(Animator(bundle, torch.device("cpu")), lake, motion, light, loop=loop)
    with on_fake_device() as device:
        alike(here, frames(Animator(bundle, device), lake, motion, light, loop=loop))


@pytest.mark.parametrize("light", [AppearanceSettings(), AppearanceSettings(keys=("1=0.4",))])
def test_a_kit(lake, light):
    def kit(animator):
        landscape = animator.look_at(lake)
        lit = animator.light(landscape, light, FEW[1])
        return animator.kit(landscape, animator.move(landscape), lit, *FEW)

    here = kit(load_animator(device="cpu"))
    with on_fake_device() as device:
        there = kit(load_animator(device=device))
    assert here.images.keys() == there.images.keys() and len(here.images) > 6
    for name, pixels in here.images.items():
        apart = np.abs(pixels.astype(float) - there.images[name]) / np.iinfo(pixels.dtype).max
        assert apart.max() < 0.02, name


def test_a_mask_a_region_and_mirrored_water(lake, tmp_path):
    mask = np.zeros((48, 80), np.uint8)
    mask[:, 60:] = 255
    Image.fromarray(mask).save(tmp_path / "still.png")
    area = {"version": 1, "polygon": [[0, 0], [0.6, 0], [0.6, 0.5]], "arrows": [ARROW]}
    (tmp_path / "left.json").write_text(json.dumps(area))
    settings = RegionSettings(
        still_mask=str(tmp_path / "still.png"),
        region=(str(tmp_path / "left.json"),),
    )

    motion = MotionSettings(code="0.5", water="mirrored", ripple=4)

    def rendered(animator):
        regions = animator.look_at(lake).regions(settings)
        return frames(animator, lake, motion, OFF, regions)

    here = rendered(load_animator(device="cpu"))
    with on_fake_device() as device:
        alike(here, rendered(load_animator(device=device)))


@pytest.mark.parametrize(
    ("trainer", "settings", "data"),
    [
        (train_motion, TrainMotionSettings(**TINY), None),
        (train_appearance, TrainAppearanceSettings(**TINY, clip_share=0.0), DAYS),
        (train_scene, TrainSceneSettings("tiny", width=8, size=64, scenes=3), None),
    ],
    ids=["motion", "appearance", "scene"],
)
def test_training(trainer, settings, data, tmp_path):
    loop = TrainingLoopSettings(steps=2, batch=2, workers=0, mixed=False)
    here = trainer.train(tmp_path / "here", settings, loop, data, torch.device("cpu"))
    with on_fake_device(training=True) as device:
        there = trainer.train(tmp_path / "there", settings, loop, data, device)
    ours, theirs = here.state_dict(), there.state_dict()
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        assert torch.allclose(values, theirs[name].cpu(), atol=1e-3), name
