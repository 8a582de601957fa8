"""Corrections: patches and references met beyond what one code gives."""

from __future__ import annotations

import pytest
import torch

from landscape_engine.fitting import targets
from landscape_engine.fitting.annotations import Patch
from landscape_engine.images import save_image
from landscape_engine.light import corrections, cycles
from landscape_engine.ops import color
from landscape_engine.rendering.lighting import Light, when_needed
from landscape_engine.settings import AppearanceSettings, ClipSettings, LoopSettings, MotionSettings

SIZE = 64


def hills(*, sky: float, land: float) -> torch.Tensor:  # [1, 3, SIZE, SIZE]
    """A sky that pales towards the horizon, half-way down, over darker land."""
    y = torch.linspace(0, 1, SIZE)[:, None].expand(SIZE, SIZE)
    plane = torch.where(y < 0.5, sky + 0.4 * y, land + 0 * y)
    return torch.stack([plane - 0.1, plane, plane + 0.1])[None]


def halves() -> torch.Tensor:  # [1, 3, SIZE, SIZE] land, sky and water of `hills`
    sky = (torch.linspace(0, 1, SIZE) < 0.5).float()[:, None].expand(SIZE, SIZE)
    return torch.stack([1 - sky, sky, 0 * sky])[None]


def identity() -> torch.Tensor:  # [1, 6, SIZE, SIZE]
    return torch.cat([torch.ones(1, 3, SIZE, SIZE), torch.zeros(1, 3, SIZE, SIZE)], 1)


def corrected(picture: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
    return color.transfer(picture, color.correct(identity(), picture, offset))


def patched(picture: torch.Tensor, patches: list[Patch]) -> torch.Tensor:
    offset = corrections.towards_patches(identity(), picture, halves(), patches, 1.0)
    return corrected(picture, offset)


def mean_in(image: torch.Tensor, patch: Patch) -> torch.Tensor:  # [3] in 8-bit levels
    _, mask = targets.draw_patches([patch], (SIZE, SIZE), 1.0)
    return ((image * mask).sum((0, 2, 3)) / mask.sum() + 1) * 127.5


# ------------------------------------------------------------------------------- maps


def test_no_offset_changes_nothing():
    picture = hills(sky=0.2, land=-0.4)
    changed = color.correct(identity(), picture, torch.zeros_like(picture))
    assert torch.allclose(changed, identity(), atol=1e-5)


def test_an_offset_is_added_exactly_and_texture_keeps_its_strength():
    grain = torch.randn(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0)) * 0.03
    picture = 0.1 + grain
    before = color.transfer(picture, identity())
    after = corrected(picture, torch.full_like(picture, 0.3))
    assert float((after - before).mean()) == pytest.approx(0.3, abs=0.01)
    assert float(after.std() / before.std()) == pytest.approx(1, abs=0.05)


def test_texture_fades_in_a_color_that_becomes_darker():
    grain = torch.randn(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0)) * 0.03
    picture = 0.1 + grain
    before = color.transfer(picture, identity())
    after = corrected(picture, torch.full_like(picture, -0.8))
    assert float(after.std() / before.std()) == pytest.approx(0.3, abs=0.1)


def test_what_is_asked_beyond_white_is_white():
    assert corrected(hills(sky=0.2, land=0.1), torch.full((1, 3, SIZE, SIZE), 5.0)).isfinite().all()


# ---------------------------------------------------------------------------- patches


def test_each_patch_gets_its_color():
    picture = hills(sky=0.0, land=-0.6)
    patches = [Patch((0.3, 0.2), 0.08, (240, 130, 40)), Patch((0.7, 0.8), 0.08, (20, 120, 40))]
    result = patched(picture, patches)
    for patch in patches:
        missed = mean_in(result, patch) - torch.tensor(patch.color, dtype=torch.float32)
        assert missed.abs().max() < 3
        assert (mean_in(picture, patch) - torch.tensor(patch.color)).abs().max() > 60


def test_a_patch_reaches_what_is_like_it_and_not_the_rest():
    picture = hills(sky=0.0, land=-0.6)
    result = patched(picture, [Patch((0.3, 0.2), 0.08, (240, 130, 40))])
    change = (result - color.transfer(picture, identity())).abs().mean(1)[0]
    assert change[12, 50] > 0.1, "the sky beside it"
    assert change[40:].max() < 0.1 * change[12, 20], "the land below"


def test_patches_that_contradict_each_other_meet_half_way():
    picture = hills(sky=0.0, land=-0.6)
    light, dark = Patch((0.3, 0.2), 0.08, (220,) * 3), Patch((0.3, 0.2), 0.08, (60,) * 3)
    assert mean_in(patched(picture, [light, dark]), light).mean() == pytest.approx(
        (220 * 60) ** 0.5, abs=15
    )


# -------------------------------------------------------------------------- references


def matched(
    picture: torch.Tensor,
    reference: torch.Tensor,
    classes: torch.Tensor | None = None,  # of the picture
    theirs: torch.Tensor | None = None,
) -> torch.Tensor:
    ours = halves() if classes is None else classes
    theirs = ours if theirs is None else theirs
    offset = corrections.towards_reference(identity(), picture, ours, reference, theirs)
    return corrected(picture, offset)


def test_each_class_takes_the_course_of_the_reference():
    picture, reference = hills(sky=0.2, land=-0.3), hills(sky=-0.4, land=-0.7)
    before = (color.transfer(picture, identity()) - reference).abs().mean()
    assert (matched(picture, reference) - reference).abs().mean() < 0.3 * before


def test_the_reference_may_have_another_horizon_and_size():
    picture, reference = hills(sky=0.2, land=-0.3), hills(sky=-0.4, land=-0.7)[:, :, 16:44, :48]
    result = matched(picture, reference, halves(), halves()[:, :, 16:44, :48])
    for row, theirs in ((0, 0), (63, -1)):
        wanted = float(reference[0, :, theirs].mean())
        assert float(result[0, :, row].mean()) == pytest.approx(wanted, abs=0.15)


def test_a_class_that_the_reference_lacks_stays_as_the_code_has_it():
    picture, reference = hills(sky=0.2, land=-0.3), torch.full((1, 3, SIZE, SIZE), 0.6)
    none, all_of_it = torch.zeros(1, 1, SIZE, SIZE), torch.ones(1, 1, SIZE, SIZE)
    result = matched(picture, reference, halves(), torch.cat([none, all_of_it, none], 1))
    change = (result - color.transfer(picture, identity())).abs()
    assert change[:, :, 38:].max() < 1e-3 < 0.1 < change[:, :, :26].min()


def test_what_is_darker_changes_less():
    picture, reference = hills(sky=-0.6, land=0.2), hills(sky=0.1, land=0.2)
    picture[:, :, 10:24, 20:44] = -0.98  # a dark cloud
    change = (matched(picture, reference) - color.transfer(picture, identity()))[0, 1, 17]
    assert 0.3 < change[5] and change[32] < 0.75 * change[5]


def test_land_grows_little_brighter():
    picture, reference = hills(sky=0.2, land=-0.5), hills(sky=0.2, land=0.6)
    before, after = color.transfer(picture, identity()), matched(picture, reference)
    grown = (after[0, 1, 40:] + 1.15) / (before[0, 1, 40:] + 1.15)
    assert 1.2 < grown.min() and grown.max() < 1.4


def test_pictures_without_classes_are_one():
    picture, reference = hills(sky=0.2, land=-0.3), hills(sky=-0.4, land=-0.7)
    result = matched(picture, reference, torch.ones(1, 1, SIZE, SIZE))
    assert (result - reference).abs().mean() < 0.12


# ---------------------------------------------------------------------------- animator


@pytest.fixture
def sunset(picture, tmp_path):
    path = tmp_path / "sunset.png"
    save_image((picture * torch.tensor([0.9, 0.5, 0.3]).view(1, 3, 1, 1) - 0.2).clamp(-1, 1), path)
    return path


def test_pictures_and_patches_are_corrected_and_codes_are_not(landscape, sunset):
    clip = ClipSettings(20)
    keys = AppearanceSettings(keys=("4=0.3", f"8={sunset}"), patches=("0.5,0.3,0.1,#804020",))
    found = [one is not None for one in cycles.key_codes(landscape, keys, clip).corrections]
    assert found == [False, False, True, True]
    held = cycles.key_codes(landscape, AppearanceSettings(code=str(sunset)), clip)
    assert len(held.codes) == len(held.corrections) == 1


def test_a_held_reference_is_one_look_however_many_codes_are_asked_for(landscape, sunset):
    settings = AppearanceSettings(code=str(sunset), codes=3)
    cycle = cycles.key_codes(landscape, settings, ClipSettings(20))
    assert {len(cycle.codes), len(cycle.phases), len(cycle.corrections)} == {1}
    assert cycle.corrections[0].shape == (1, 3, 256, 256)


@pytest.mark.parametrize("settings", [{"correct": False}, {"kind": "per-frame"}])
def test_corrections_can_be_left_out(landscape, sunset, settings):
    clip = ClipSettings(20)
    for wish in ({"code": str(sunset)}, {"patches": ("0.5,0.3,0.1,#804020",)}):
        cycle = cycles.key_codes(landscape, AppearanceSettings(**wish, **settings), clip)
        assert not any(one is not None for one in cycle.corrections)


def test_a_frame_has_the_color_of_its_patch(animator, picture, landscape):
    patch = Patch((0.5, 0.3), 0.1, (128, 64, 32))
    missed = []
    for correct in (False, True):
        settings = AppearanceSettings(patches=("0.5,0.3,0.1,#804020",), correct=correct)
        light = Light(animator.light(landscape, settings, ClipSettings(20)), picture)
        small = torch.nn.functional.interpolate(picture[:, :3], (256, 256), mode="area")
        shown = color.transfer(small, light.keyed(0.5, when_needed)())
        _, mask = targets.draw_patches([patch], (256, 256), 160 / 90)
        mean = (shown * mask).sum((0, 2, 3)) / mask.sum()
        missed.append(((mean + 1) * 127.5 - torch.tensor(patch.color)).abs().max())
    assert missed[1] < 0.3 * missed[0]


def test_rendering_takes_the_corrections(animator, landscape, sunset):
    motion = animator.move(landscape, MotionSettings(code="0.4"), regions=[])
    frames, loop, clip = [], LoopSettings(frames=4), ClipSettings(4)
    for correct in (False, True):
        settings = AppearanceSettings(code=str(sunset), correct=correct)
        light = animator.light(landscape, settings, clip)
        shown = animator.render(landscape, motion, light, loop, clip)
        frames.append(next(iter(shown)))
    assert (frames[1] - frames[0]).abs().mean() > 0.02
