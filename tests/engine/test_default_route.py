"""The default route, with the bundle and the picture that ship: what moves, loops, light."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from landscape_engine import images
from landscape_engine.animator import load_animator
from landscape_engine.errors import AnnotationError
from landscape_engine.evaluation import metrics, samplings
from landscape_engine.evaluation.reference_masks import load_still
from landscape_engine.jobs import animate as animation
from landscape_engine.jobs import thumbnails
from landscape_engine.light import cycles
from landscape_engine.settings import (
    AppearanceSettings,
    ClipSettings,
    LoopSettings,
    MotionSettings,
    RegionSettings,
    documents,
)
from landscape_engine.shell.commands.demo import EXAMPLE
from tests.conftest import make_picture

MASKS = Path(__file__).parents[1] / "masks"
WIDTH, PERIOD = 320, 8
LOOP = LoopSettings(frames=PERIOD, phase_noise=0)  # noise shifts frame 0 from place to place


@pytest.fixture(scope="module")
def animator():
    return load_animator(device="cpu")


@pytest.fixture(scope="module")
def still():
    return load_still(EXAMPLE, MASKS, WIDTH)


@pytest.fixture(scope="module")
def lake(animator, still):
    return animator.look_at(still[0])


@pytest.fixture(scope="module")
def speed(animator, still, lake):  # [3, 1, H, W] of three codes, pixels of the reference width
    size = still[0].shape[2:]
    steps = [
        samplings.step_of(animator.move(lake, MotionSettings(code=code)), *size)
        for code in ("0", "0.5", "1")
    ]
    return metrics.speed_of(metrics.in_pixels(torch.cat(steps)))


@pytest.fixture(scope="module")
def loop(animator, lake):
    motion = animator.move(lake)
    frames = animator.render(lake, motion, None, LOOP, ClipSettings(frames=PERIOD + 1))
    return [frame[:, :3].clone() for frame in frames]


def levels(picture):
    return ((picture + 1) * 127.5).round()


def test_what_should_move_does_and_land_does_not(speed, still):
    mask = still[1]
    assert metrics.leak(speed, mask.land, mask.moving) < 0.01  # 0.002 when this was written
    for one in speed.split(1):
        assert metrics.reach(one, mask.sky) > 0.97  # 1.00
        assert metrics.reach(one, mask.water) > 0.5  # 0.63


def test_the_clip_begins_with_the_picture_and_closes_without_a_seam(loop, still):
    assert torch.equal(levels(loop[0]), levels(still[0]))
    assert torch.equal(loop[PERIOD], loop[0])
    changes = [metrics.change(a, b) for a, b in zip(loop, loop[1:], strict=False)]
    assert metrics.seam(changes) < 1.25
    assert min(changes) > 2e-4, "something moves from each frame to the next"


def test_land_stays_to_the_level(loop, still):
    land = -torch.nn.functional.max_pool2d(-still[1].land.float(), 9, 1, 4) > 0  # away from edges
    for frame in loop[1:PERIOD]:
        same = (levels(frame) == levels(still[0])).all(1, keepdim=True)[land]
        assert same.float().mean() > 0.97


def test_a_predicted_day_begins_with_the_pictures_look_and_each_seed_draws_another(lake):
    days = [
        cycles.key_codes(lake, AppearanceSettings(), ClipSettings(seed=seed)).codes
        for seed in (0, 1)
    ]
    for day in days:
        assert torch.allclose(day[:1], lake.own_look, atol=1e-5)
        assert (day[1:] - day[:1]).norm(dim=1).max() > 0.2
    assert not torch.allclose(days[0][1:], days[1][1:], atol=1e-2)


def test_the_light_of_a_day_begins_with_the_picture_and_changes(animator, lake, still):
    clip = ClipSettings(frames=4)
    motion = animator.move(lake, MotionSettings(speed=1e-3))
    light = animator.light(lake, None, clip)
    frames = [f[:, :3].clone() for f in animator.render(lake, motion, light, LOOP, clip)]
    assert (levels(frames[0]) - levels(still[0])).abs().max() <= 1
    assert (frames[2] - frames[0]).abs().mean() > 0.03


def test_thumbnails_of_the_codebooks(animator, still, tmp_path):
    small = animator.look_at(torch.nn.functional.interpolate(still[0], (72, 128)))
    drawn = thumbnails.draw_motion(animator, small, (0, 0.5, 1), 2, tmp_path, RegionSettings())
    flows = [Path(row["flow"]).read_bytes() for row in drawn]
    assert len(set(flows)) == 3, "each code moves it in its own way"
    (tmp_path / "light").mkdir()
    drawn = thumbnails.draw_appearance(animator, small, (0, 1), 2, tmp_path / "light")
    assert all(Path(path).is_file() for row in drawn for path in row["frames"])


@pytest.fixture
def wall(animator):
    """A picture in which the scene network sees land alone."""
    scene = animator.look_at(make_picture(36, 64))
    scene.__dict__["seen"] = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 36, 64)
    return scene


def test_a_picture_without_sky_and_water_stays_and_says_so(animator, wall, tmp_path):
    asked = {"version": 1, "picture": "wall.png", "out": str(tmp_path / "frames")}
    job = documents.parse(asked | {"clip": {"frames": 4}, "appearance": {"kind": "off"}})
    done = animation.render(job, animator, wall, (36, 64))
    (note,) = done["notes"]
    assert note.startswith("the picture shows neither sky nor water, so nothing moves; name")
    first = images.load_image(wall_paths(done)[0])
    for path in wall_paths(done):
        assert torch.equal(images.load_image(path), first)
    assert (first[:, :3] - wall.image).abs().max() <= 0.51 * 2 / 255
    with pytest.raises(AnnotationError, match="move"):
        animator.move(wall, MotionSettings(arrows=("0.5,0.2,0.8,0.2",)))


def test_a_sky_without_forms_stays_and_says_so_unless_it_is_asked_to_move(animator, tmp_path):
    clear = torch.linspace(-0.5, 0.6, 72)[:, None].expand(1, 3, 72, 128).contiguous()
    scene = animator.look_at(clear)
    scene.__dict__["seen"] = torch.tensor([0.0, 1.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 72, 128)
    asked = {"version": 1, "picture": "sky.png", "out": str(tmp_path / "frames")}
    asked |= {"clip": {"frames": 4}, "appearance": {"kind": "off"}}
    (note,) = animation.render(documents.parse(asked), animator, scene, (72, 128))["notes"]
    assert note.startswith("the picture's sky shows no forms that could move, so it stays")
    mask = tmp_path / "mask.png"
    images.save_image(torch.ones(1, 3, 72, 128), mask)
    masked = scene.regions(RegionSettings(moving_mask=str(mask)))
    for motion, regions in (
        (MotionSettings(code="0.5"), None),
        (MotionSettings(arrows=("0.3,0.5,0.6,0.5",)), None),
        (MotionSettings(), masked),
    ):
        assert bool(animator.move(scene, motion, regions=regions).step.any())
    assert not bool(animator.move(scene).step.any())


def test_the_same_picture_moves_whole_or_where_it_is_asked_to(animator, wall, tmp_path):
    assert wall.regions(RegionSettings(clean=False)) == []
    assert bool(animator.move(wall, regions=[]).step.any())
    mask = tmp_path / "mask.png"
    images.save_image(torch.ones(1, 3, 36, 64), mask)
    regions = wall.regions(RegionSettings(moving_mask=str(mask)))
    assert bool(animator.move(wall, regions=regions).step.any())


def wall_paths(done):
    return [Path(path) for path in done["paths"]]
