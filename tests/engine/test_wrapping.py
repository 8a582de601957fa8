"""Wrapping: a panorama has no seam, and rolling it rolls its frames."""

from __future__ import annotations

import math

import pytest
import torch

from landscape_engine import images
from landscape_engine.animator import load_animator
from landscape_engine.errors import PictureError, SettingsError
from landscape_engine.ops.wrapping import Wrap
from landscape_engine.settings import (
    AppearanceSettings,
    ClipSettings,
    LoopSettings,
    MotionSettings,
    OutputSettings,
    RegionSettings,
    documents,
    wrapped,
)

WIDTH, HEIGHT, ROLLED_PX, FRAMES = 192, 96, 71, 48


def panorama() -> torch.Tensor:  # [1, 3, H, W]
    """The example's sky and land, mirrored so that its borders meet."""
    import landscape_engine

    file = f"{landscape_engine.__path__[0]}/data/example.jpg"
    half = images.resize(images.load_image(file), WIDTH // 2, HEIGHT)
    return torch.cat([half, half.flip(-1)], -1).roll(17, -1)


@pytest.fixture(scope="module")
def animator():
    return load_animator(device="cpu")


def frames_of(animator, picture, wraps=True, **motion):
    landscape = animator.look_at(picture, wraps)
    field = animator.move(landscape, MotionSettings(**motion))
    light = animator.light(landscape, AppearanceSettings(), ClipSettings(frames=FRAMES))
    loop, clip = LoopSettings(frames=FRAMES), ClipSettings(frames=FRAMES)
    return list(animator.render(landscape, field, light, loop, clip, every=16))


def test_rolling_the_picture_rolls_the_frames_and_no_seam_shows(animator):
    picture = panorama()
    one = frames_of(animator, picture, code="0.3")
    other = frames_of(animator, picture.roll(ROLLED_PX, -1), code="0.3")
    moved = 0.0
    for frame, rolled in zip(one, other, strict=True):
        assert frame.shape == picture.shape
        far = (frame.roll(ROLLED_PX, -1) - rolled).abs().mean() * 127.5
        assert far <= 1
        beside = (frame - frame.roll(1, -1)).abs().mean((0, 1, 2)) * 127.5  # [W] to the left
        assert beside[0] <= 1.5 * beside.median() + 1
        cut = Wrap.of(picture).cut  # the seam that is really there
        assert beside[cut] <= 1.5 * beside.median() + 1
        moved = max(moved, float((frame - one[0]).abs().max()))
    assert moved > 0.1


def test_what_is_extended_closes_as_it_was_wherever_it_is_cut():
    picture = torch.rand(1, 3, 40, 80) * 2 - 1
    layout = Wrap.of(picture)
    assert torch.equal(layout.close(layout.extend(picture)), picture)
    rolled = Wrap.of(picture.roll(23, -1))
    assert torch.equal(rolled.extend(picture.roll(23, -1)), layout.extend(picture))


def test_a_closed_field_is_the_same_in_both_copies():
    layout = Wrap(200, 0, 50)
    field = layout.close_field(torch.rand(1, 2, 8, 250))
    torch.testing.assert_close(field[..., :50], field[..., 200:])


def test_level_motion_is_faster_in_pixels_farther_up_and_still_at_the_poles():
    layout = Wrap(400, 0, 100)
    step = torch.full((1, 2, 201, 256), 0.01)
    moved = layout.on_sphere(step, 200) / 0.01
    latitude = torch.linspace(-99.5, 99.5, 201) * 2 * math.pi / 400
    between = latitude.abs() < math.radians(60)
    torch.testing.assert_close(moved[0, 0, between, 40], 1 / latitude[between].cos())
    torch.testing.assert_close(moved[0, 1, between, 40], torch.ones(int(between.sum())))
    assert moved[..., :5, :].abs().max() == 0 and moved[..., -5:, :].abs().max() == 0
    assert 2 < moved.max() < 2.3


@pytest.mark.parametrize("size_hw", [(61, 100), (4, 8)])
def test_a_picture_that_is_no_panorama_is_refused(size_hw):
    with pytest.raises(PictureError, match=r"expected an equirectangular one for --wrap"):
        Wrap.of(torch.zeros(1, 3, *size_hw))


def test_what_lies_on_the_flat_picture_is_refused(animator):
    for check, settings in (
        (wrapped.check_motion, MotionSettings(kind="recurrent")),
        (wrapped.check_motion, MotionSettings(arrows=("0.2,0.2,0.4,0.2",))),
        (wrapped.check_regions, RegionSettings(still_mask="still.png")),
        (wrapped.check_light, AppearanceSettings(patches=("0.5,0.5,0.1,#ff0000",))),
        (wrapped.check_output, OutputSettings(format="live")),
    ):
        with pytest.raises(SettingsError, match="expected .* --wrap"):
            check(settings)
    with pytest.raises(SettingsError, match="--arrow"):
        frames_of(animator, panorama(), arrows=("0.2,0.2,0.4,0.2",))


def test_patches_in_the_file_of_a_key_are_refused(animator, tmp_path):
    file = tmp_path / "evening.json"
    file.write_text('[{"center": [0.5, 0.5], "radius": 0.1, "color": "#ff9050"}]')
    light = AppearanceSettings(keys=(f"4={file}",))
    flat = animator.look_at(panorama())
    assert animator.light(flat, light, ClipSettings(frames=FRAMES)), "a flat picture takes them"
    wide = animator.look_at(panorama(), wraps=True)
    with pytest.raises(SettingsError, match=r"--appearance-key names .*evening\.json.* --wrap"):
        animator.light(wide, light, ClipSettings(frames=FRAMES))


def test_a_document_says_it_and_another_size_wraps_too(animator):
    document = {"version": 1, "clip": {"wrap": True}}
    assert documents.parse(document).clip.wrap and not ClipSettings().wrap
    small = animator.look_at(panorama(), wraps=True).at(96, 48)
    assert small.wrap and small.size_hw == (48, 96) and small.image.shape[3] == 120
