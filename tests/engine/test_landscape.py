"""Facts of a landscape: what is known of a picture is asked once, what changed is asked anew."""

from __future__ import annotations

import itertools
import json
import os
import threading

import pytest
import torch

from landscape_engine import images
from landscape_engine.animator import Animator
from landscape_engine.landscape import KEPT_ANSWERS, Landscape
from landscape_engine.light import color_maps, cycles
from landscape_engine.motion import codes, movement
from landscape_engine.settings import (
    AppearanceSettings,
    ClipSettings,
    MotionSettings,
    RegionSettings,
)
from tests.conftest import make_bundle, make_picture


@pytest.fixture
def asked(bundle, monkeypatch):
    """The names of the networks that were asked, in order."""
    found = []
    for name, network in bundle.networks.items():
        usual = network.forward
        count = lambda *a, name=name, usual=usual: found.append(name) or usual(*a)  # noqa: E731
        monkeypatch.setattr(network, "forward", count)
    return found


TIMES_NS = itertools.count(1)


def write_anew(picture, path):
    """Overwrite a picture in place, at a time of its own."""
    images.save_image(picture, path)
    os.utime(path, ns=(0, next(TIMES_NS)))


def test_nothing_is_computed_before_it_is_asked_for(animator, picture, asked):
    landscape = animator.look_at(picture)
    assert isinstance(landscape, Landscape) and landscape.image is picture
    assert not asked


def test_what_a_code_gives_is_predicted_once(landscape, asked):
    ask = [
        lambda: landscape.own_look,
        lambda: movement.step_of(landscape, torch.zeros(1, 8)),
        lambda: color_maps.transfer_maps(landscape)(torch.zeros(1, 8)),
        lambda: color_maps.transfer_maps(landscape, anchored=False)(torch.zeros(1, 8)),
        lambda: color_maps.curves(landscape)(torch.zeros(1, 8)),
    ]
    first = [one() for one in ask]
    passes = len(asked)
    assert passes and all(one() is was for one, was in zip(ask, first, strict=True))
    assert len(asked) == passes
    movement.step_of(landscape, torch.ones(1, 8))
    color_maps.transfer_maps(landscape)(torch.ones(1, 8))
    assert len(asked) == passes + 2


def test_looks_that_are_compared_are_predicted_together_and_as_they_would_be_alone(
    animator, picture, asked
):
    codes = torch.linspace(0, 1, 5)[:, None] * torch.ones(8)
    together, alone = (animator.look_at(picture) for _ in range(2))
    color_maps.seen(together, codes)
    passes = len(asked)
    maps = [color_maps.curves(together)(code) for code in torch.split(codes, 1)]
    assert len(asked) == passes
    for code, one in zip(torch.split(codes, 1), maps, strict=True):
        assert torch.allclose(one, color_maps.curves(alone)(code), rtol=0, atol=1e-4)
    assert len(asked) > passes


def test_regions_are_found_once_and_given_as_a_list_of_ones_own(landscape, asked):
    first = landscape.regions()
    passes, again = len(asked), landscape.regions()
    assert passes and first == again and first is not again
    again.clear()
    assert landscape.regions() == first and len(asked) == passes
    assert landscape.regions(RegionSettings(clean=False)) == []


def test_a_mask_that_was_painted_anew_is_read_anew(landscape, tmp_path):
    path = tmp_path / "moving.png"
    mask = torch.full((1, 3, 90, 160), -1.0)
    mask[:, :, :45] = 1
    settings = RegionSettings(moving_mask=str(path))
    write_anew(mask, path)
    upper, same = landscape.regions(settings), landscape.regions(settings)
    assert all(one is other for one, other in zip(upper, same, strict=True))
    write_anew(mask.flip(2), path)
    (lower,) = landscape.regions(settings)
    assert torch.equal(lower.alpha, upper[0].alpha.flip(2))


def test_the_mask_of_a_regions_file_is_read_anew_too(landscape, tmp_path):
    (tmp_path / "left.json").write_text(json.dumps({"version": 1, "mask": "left.png"}))
    mask = torch.full((1, 3, 90, 160), -1.0)
    mask[:, :, :, :40] = 1
    settings = RegionSettings(region=(str(tmp_path / "left.json"),))
    write_anew(mask, tmp_path / "left.png")
    left = next(r for r in landscape.regions(settings) if r.name == "left")
    write_anew(mask.flip(3), tmp_path / "left.png")
    right = next(r for r in landscape.regions(settings) if r.name == "left")
    assert left.alpha[..., :20].min() == 1 and left.alpha[..., -20:].max() == 0
    assert right.alpha[..., :20].max() == 0 and right.alpha[..., -20:].min() == 1


def test_a_clip_folder_overwritten_in_place_is_read_anew(landscape, tmp_path):
    folder = tmp_path / "clip"
    folder.mkdir()
    wide = make_picture(256, 400)

    def film(step):
        for n in range(3):
            write_anew(wide[..., 60 - step * n : 316 - step * n], folder / f"{n}.png")

    film(3)
    inode = folder.stat()
    settings = MotionSettings(code=str(folder))
    rightward = codes.choose(landscape, settings)
    assert codes.choose(landscape, settings) is rightward
    film(-3)
    os.utime(folder, ns=(inode.st_atime_ns, inode.st_mtime_ns))
    leftward = codes.choose(landscape, settings)
    assert not torch.allclose(leftward, rightward, atol=1e-4)


def test_a_look_that_was_saved_anew_is_read_anew(landscape, picture, tmp_path):
    path = tmp_path / "look.png"
    settings, clip = AppearanceSettings(keys=(f"5={path}",)), ClipSettings(20)
    write_anew(picture, path)
    first = cycles.key_codes(landscape, settings, clip)
    assert cycles.key_codes(landscape, settings, clip) is first
    write_anew(-picture, path)
    assert not torch.allclose(cycles.key_codes(landscape, settings, clip).codes, first.codes)


def test_what_was_asked_longest_ago_is_forgotten(landscape):
    made = []
    for n in range(KEPT_ANSWERS):
        landscape.keep(n, lambda n=n: made.append(n) or n)
    landscape.keep(0, lambda: made.append(0) or 0)
    assert made == list(range(KEPT_ANSWERS))
    landscape.keep("new", lambda: "new")
    landscape.keep(0, lambda: made.append(0) or 0)
    landscape.keep(1, lambda: made.append(1) or 1)
    assert made == [*range(KEPT_ANSWERS), 1]


def test_several_threads_may_ask_at_a_time(landscape):
    inside = threading.Barrier(2)

    def other():
        landscape.keep("one", lambda: inside.wait(20))

    thread = threading.Thread(target=other)
    thread.start()
    landscape.keep("two", lambda: inside.wait(20))  # breaks if one waits for the other
    thread.join()


def test_gradients_may_pass_beside_what_was_asked_in_inference_mode(landscape):
    with torch.inference_mode():
        kept = (landscape.picture, landscape.small, landscape.own_look)
    assert not any(one.is_inference() or one.requires_grad for one in kept)
    *_, best = codes.fit(landscape, ["0.2,0.3,0.6,0.3"], torch.zeros(1, 8), steps=2)
    assert best.code.shape == (1, 8)


def test_two_animators_of_one_bundle_on_two_devices_leave_each_other_alone(picture):
    bundle, meta, code = make_bundle(), torch.device("meta"), torch.ones(1, 8)
    here = Animator(bundle, torch.device("cpu"))
    assert here.bundle is bundle, "no copy where it is already"
    before = movement.step_of(here.look_at(picture), code)
    there = Animator(bundle, meta)
    assert there.bundle is not bundle and there.bundle.device == meta
    for animator, device in ((here, torch.device("cpu")), (there, meta)):
        assert animator.device == animator.bundle.device == device
        for network in animator.bundle.networks.values():
            assert {p.device for p in network.parameters()} == {device}
        landscape = animator.look_at(picture)
        assert landscape.device == device and landscape.small.device == device
        with torch.no_grad():
            step = animator.bundle.motion_predictor(landscape.small, code.to(device))
        assert step.device == device
    assert torch.equal(movement.step_of(here.look_at(picture), code), before)
    moved = next(here.render(here.look_at(picture), here.move(here.look_at(picture))))
    assert moved.device.type == "cpu" and moved.isfinite().all()


def test_a_small_output_has_its_masks_found_at_twice_its_size(animator):
    own = animator.look_at(make_picture(90, 160))
    small = own.at(64, 36)
    assert small.image.shape == (1, 3, 36, 64) and small.pixels.shape == (72, 128, 3)
    shapes = {tuple(region.alpha.shape[2:]) for region in small.regions()}
    assert shapes == {small.mask_hw} == {(36, 64)}
    larger = own.at(320, 180)
    assert larger.pixels.shape == (180, 320, 3), "there is no more to see"
