"""Relative light: days that begin with the picture, and end with it."""

from __future__ import annotations

import json

import pytest
import torch

from landscape_engine.bundles import checkpoints
from landscape_engine.bundles.codebook import AppearanceCodebook
from landscape_engine.errors import BundleError
from landscape_engine.light import (
    color_maps,
    cycles,
    days,
    looks,
)
from landscape_engine.ops import color
from landscape_engine.settings import AppearanceSettings, ClipSettings, LoopSettings, MotionSettings


def frames_of(animator, picture, appearance, count=6):
    landscape, clip = animator.look_at(picture), ClipSettings(frames=count)
    still = animator.move(landscape, MotionSettings(speed=1e-6), regions=())
    light = animator.light(landscape, appearance, clip)
    return list(animator.render(landscape, still, light, LoopSettings(), clip))


@pytest.mark.parametrize("code", ["0", "0.3", "1", "random", None])
def test_the_first_frame_of_a_day_is_the_picture(animator, picture, code):
    frames = frames_of(animator, picture, AppearanceSettings(code=code))
    error = (frames[0] - picture).square().mean() / 4
    assert -10 * torch.log10(error) > 60
    assert max((f - picture).abs().mean() for f in frames) > 0.01, "and the light changes"


def test_a_day_is_the_own_look_and_what_changes(bundle, landscape):
    day = bundle.days.at(0.5)
    own = landscape.own_look
    asked = AppearanceSettings(code="0.5")
    wanted = days.calm(own + day - day[:1])
    assert torch.allclose(cycles.sequence(bundle, asked, 0, landscape), wanted)
    absolute = AppearanceSettings(code="0.5", relative=False)
    assert torch.equal(cycles.sequence(bundle, absolute, 0, landscape), day)
    per_frame = AppearanceSettings(code="0.5", kind="per-frame")
    as_the_paper_has_it = cycles.sequence(bundle, per_frame, 0, landscape)
    assert torch.equal(as_the_paper_has_it, day)


def test_a_day_leaves_its_first_look_slowly_and_comes_back_slowly():
    codes = torch.tensor([0.0, 4.0, 1.0, 4.0, 1.0, 4.0])[:, None]
    calm = days.calm(codes)
    assert calm[0] == 0 and calm[1] < 3 and calm[-1] < 3
    assert (calm[2:-1] - 2.5).abs().max() < 1e-6, "and does not waver"


def test_codes_of_ones_own_are_shown_as_they_are(landscape, tmp_path):
    day = cycles.key_codes(landscape, AppearanceSettings(code="0.5"), ClipSettings())
    (tmp_path / "day.json").write_text(json.dumps(day.codes.tolist()))
    asked = AppearanceSettings(code=str(tmp_path / "day.json"))
    again = cycles.key_codes(landscape, asked, ClipSettings())
    assert torch.equal(again.codes, day.codes)


def test_a_day_that_hardly_changes_is_lengthened():
    codes = torch.tensor([1.0, 1.5, 2.0])[:, None]
    assert days.lengthen(codes, 1.5).flatten().tolist() == [1.0, 1.75, 2.5]
    assert torch.equal(days.lengthen(codes, 0.5), codes)
    assert days.lengthen(codes, 9.0)[-1] == 1 + days.MOST_LONGER


def test_absolute_days_are_color_transfer_maps(animator, picture, landscape):
    light = AppearanceSettings(code="0.5", relative=False)
    cycle = cycles.key_codes(landscape, light, ClipSettings(frames=4))
    assert not cycle.relative
    (first, *_) = frames_of(animator, picture, light, 4)
    maps = color_maps.transfer_maps(landscape)(cycle.codes[:1])
    maps = torch.nn.functional.interpolate(
        maps, picture.shape[2:], mode="bilinear", align_corners=True
    )
    assert torch.allclose(first, color.transfer(picture, maps), atol=1e-5)


def test_one_code_is_a_look_to_be_held(landscape, tmp_path):
    code = torch.linspace(-1, 1, 8)
    path = tmp_path / "look.json"
    path.write_text(json.dumps(code.tolist()))
    light = AppearanceSettings(code=str(path), codes=3)
    cycle = cycles.key_codes(landscape, light, ClipSettings(frames=4))
    assert torch.allclose(cycle.codes, code.expand(3, -1)) and not cycle.relative


def test_seeds_draw_other_days_as_long_as_there_are_any():
    generator = torch.Generator().manual_seed(4)
    begins = torch.randn(12, 1, 8, generator=generator)
    days = [b + torch.linspace(0, 1, 4)[:, None] for b in begins]
    days[0] = days[0][:1] + 1e-3 * torch.arange(4)[:, None]  # one that hardly changes
    book, own = AppearanceCodebook(days), begins[0] + 0.1
    suiting = book.suiting(own)
    assert len(suiting) == 6 and 0 not in suiting
    drawn = {book.draw(own, seed)[0].sum().item() for seed in range(len(suiting))}
    assert len(drawn) == len(suiting)
    assert torch.equal(book.draw(own, 1), book.draw(own, 1 + len(suiting)))
    farthest = max(range(12), key=lambda k: float((days[k][0] - own).norm()))
    assert farthest not in suiting


def test_without_an_lstm_the_default_is_a_day_of_the_codebook_and_says_so(bundle, landscape):
    usual = AppearanceSettings()
    drawn = cycles.sequence(bundle, AppearanceSettings(code="random"), 3, landscape)
    assert torch.equal(cycles.sequence(bundle, usual, 3, landscape), drawn)
    (note,) = cycles.notes(bundle, usual)
    assert "no code LSTM" in note
    assert not cycles.notes(bundle, AppearanceSettings(code="0.2"))
    with pytest.raises(BundleError, match="code LSTM"):
        cycles.sequence(bundle, AppearanceSettings(code="predict"), 3, landscape)


@pytest.mark.parametrize(("darkens", "mirrored"), [(True, False), (False, True), (None, False)])
def test_a_day_that_only_gets_brighter_is_mirrored_into_one_with_a_dusk(
    bundle, landscape, monkeypatch, darkens, mirrored
):
    own = landscape.own_look
    away = torch.linspace(0, 1, own.shape[1])
    day = own + torch.tensor([0.0, 1, 2, 3, 4, 3, 2, 1])[:, None] * away
    monkeypatch.setattr(looks, "predict_day", lambda *args: day)
    monkeypatch.setattr(days, "lengthen", lambda day, least: day)
    by = {True: -0.3, False: 0.3, None: 0.0}[darkens]  # of night, which gets no darker
    monkeypatch.setattr(
        cycles.color_maps,
        "exposures",
        lambda _, codes: (by * (codes - own)[:, -1]).tolist(),
    )
    bundle.networks["code_lstm"] = checkpoints.build("code_lstm", {"hidden_size": 4})
    found = cycles.sequence(bundle, AppearanceSettings(code="predict"), 1, landscape)
    assert torch.equal(found[:1], own)
    turned = float((found - own)[:, -1].sum()) < 0
    assert turned == mirrored


def test_with_an_lstm_the_default_is_a_predicted_day(bundle, landscape):
    bundle.networks["code_lstm"] = checkpoints.build("code_lstm", {"hidden_size": 4})
    usual, named = (AppearanceSettings(code=code) for code in (None, "predict"))
    day = cycles.sequence(bundle, usual, 1, landscape)
    assert torch.equal(day, cycles.sequence(bundle, named, 1, landscape))
    assert torch.equal(day[:1], landscape.own_look)
    assert not cycles.notes(bundle, usual)
    cycle = cycles.key_codes(landscape, usual, ClipSettings(frames=4))
    assert cycle.relative
