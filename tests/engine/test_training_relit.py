"""Scenes relit by lights that we made up."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from landscape_engine.errors import SettingsError
from landscape_engine.settings import TrainAppearanceSettings
from landscape_engine.training.data.lit_clips import Clip
from landscape_engine.training.runs import bundling, train_appearance
from landscape_engine.training.scenes import drawn_scenes as scenes
from landscape_engine.training.scenes import hours, relit
from landscape_engine.training.scenes.drawn_scenes import Scene

SIDE = 64


def layered() -> Scene:
    """Sky over land over water, each grey with some texture."""
    torch.manual_seed(0)
    image = 0.5 + 0.05 * torch.randn(3, SIDE, SIDE)
    masks = torch.zeros(2, SIDE, SIDE)
    masks[0, :24] = 1
    masks[1, 40:] = 1
    return Scene(image.clamp(0, 1), masks, 24 / SIDE)


def looks(hour: str, count: int = 20) -> list[hours.Look]:
    return [hours.look_at(np.random.default_rng(k), hour) for k in range(count)]


def test_a_scene_takes_the_looks_colors_where_they_belong():
    scene = layered()
    look = hours.look_at(np.random.default_rng(1), "day")
    image = relit.relight(scene, look)
    assert image.shape == scene.image.shape and 0 <= image.min() and image.max() <= 1
    top, low = image[:, 0].mean(1), image[:, 22].mean(1)
    assert torch.allclose(top, torch.tensor(look.zenith).float(), atol=0.06)
    assert (low - torch.tensor(look.low)).abs().max() < (
        low - torch.tensor(look.zenith)
    ).abs().max()
    middle = image[:, 34:40].mean((1, 2))  # land, beyond the haze at the horizon
    assert torch.allclose(middle, torch.tensor(look.land).float(), atol=0.1)


def test_hours_follow_one_another_in_lightness():
    scene = layered()
    lightness = {
        hour: np.mean([float(relit.relight(scene, look).mean()) for look in looks(hour)])
        for hour in hours.HOURS
    }
    assert lightness["night"] < lightness["dusk"] < lightness["sunset"] < lightness["day"]
    red = {h: np.mean([float(relit.relight(scene, v)[0].mean() - relit.relight(scene, v)[2].mean())
                       for v in looks(h)]) for h in ("golden", "day", "night")}  # fmt: skip
    assert red["golden"] > 0.05 > 0 > red["day"] and red["night"] < 0


def test_what_is_particular_to_the_picture_stays():
    scene = layered()
    for hour in ("day", "golden", "sunset"):
        image = relit.relight(scene, looks(hour)[0])
        for rows in (slice(0, 23), slice(41, 64)):
            before, after = (
                (v[:, rows].mean(0) - v[:, rows].mean(0).mean(1, keepdim=True)).flatten()
                for v in (scene.image, image)
            )
            assert np.corrcoef(before.numpy(), after.numpy())[0, 1] > 0.6


def test_one_look_makes_two_scenes_alike():
    rng = np.random.default_rng(4)
    first, second = scenes.scene(rng, SIDE), scenes.scene(rng, SIDE)
    night, day = looks("night")[0], looks("day")[0]

    def mean(scene: Scene, look: hours.Look) -> torch.Tensor:
        return relit.relight(scene, look).mean((1, 2))

    same = (mean(first, night) - mean(second, night)).norm()
    assert same < 0.3 * (mean(first, night) - mean(first, day)).norm()


def test_a_day_goes_round_through_night():
    scene = layered()
    day = hours.day(np.random.default_rng(2), 16)
    lightness = [float(relit.relight(scene, look).mean()) for look in day]
    assert len(day) == 16
    darkest = int(np.argmin(lightness))
    assert lightness[darkest] < 0.35 * max(lightness)
    steps = np.abs(np.diff([*lightness, lightness[0]]))
    assert steps.max() < 0.6 * (max(lightness) - min(lightness)), "no leap, not at the end either"


def test_halfway_between_two_looks():
    one, other = looks("day")[0], looks("night")[0]
    halfway = hours.between(one, other, 0.5)
    assert np.allclose(halfway.zenith, (one.zenith + other.zenith) / 2)
    assert np.allclose(hours.between(one, other, 0).land, one.land)


def test_pairs_are_drawn_by_their_number_and_some_stay_as_they_are():
    pairs = relit.RelitPairs(SIDE, 3, None)
    drawn = [pairs[i] for i in range(40)]
    for one, again in zip(drawn[:3], [pairs[i] for i in range(3)], strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    assert all(v.shape == (3, SIDE, SIDE) and v.abs().max() <= 1 for one in drawn for v in one)
    same = sum(torch.equal(source, target) for source, target, _ in drawn)
    elsewhere = sum(not torch.equal(target, shown) for _, target, shown in drawn)
    assert 0 < same < 12 and 3 < elsewhere < 20


def test_clips_and_relit_scenes_are_mixed_by_their_share():
    frames = torch.zeros(4, 3, SIDE, SIDE, dtype=torch.uint8)
    pairs = train_appearance.LightPairs([Clip("dark", frames, True)], SIDE, 0)
    samples = train_appearance.LightSamples(pairs, relit.RelitPairs(SIDE, 0, None), 0.25)
    of_clips = [all((v == -1).all() for v in samples[i][:3]) for i in range(16)]
    assert sum(of_clips) == 4
    assert TrainAppearanceSettings().clip_share == 0.5
    assert TrainAppearanceSettings(preset="paper").clip_share == 1, "section 6.1"
    with pytest.raises(SettingsError, match="--clip-share is 1.5"):
        TrainAppearanceSettings(clip_share=1.5)


def test_the_codebook_gets_days_made_up_unless_clips_were_alone(tmp_path):
    frames = torch.zeros(6, 3, SIDE, SIDE, dtype=torch.uint8)
    frames += torch.arange(0, 240, 40, dtype=torch.uint8).view(-1, 1, 1, 1)
    clips = [Clip("brightening", frames, True)]
    counts = {}
    for share in (0.5, 1.0):
        settings = TrainAppearanceSettings(width=4, encoder_width=4, size=64, clip_share=share)
        networks = train_appearance.build(settings)
        folder = tmp_path / str(share)
        bundling.add_appearance(folder, networks, settings, clips)
        counts[share] = len(bundling.checkpoints.load(folder).appearance_codebook)
    assert counts == {0.5: 1 + train_appearance.MADE_DAYS, 1.0: 1}
