"""Windows of buildings are lit as it gets dark, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from landscape_engine import images
from landscape_engine.errors import SettingsError
from landscape_engine.landscape import Landscape
from landscape_engine.light import windows
from landscape_engine.light.windows import Windows
from landscape_engine.settings import AppearanceSettings, ClipSettings, LoopSettings

H, W = 240, 360
TOWER = slice(60, 180), slice(120, 240)


def town() -> torch.Tensor:  # [1, 3, H, W]
    """A light tower with dark windows, 6 pixels apart, amid grass with dark spots as large."""
    made = torch.full((1, 3, H, W), -0.2)
    made[:, :, TOWER[0], TOWER[1]] = 0.5
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    made[:, :, (y % 6 < 3) & (x % 6 < 3)] -= 0.7
    return made


def buildings(share: float = 1.0) -> torch.Tensor:  # [1, 1, H, W]
    made = torch.zeros(1, 1, H, W)
    made[:, :, TOWER[0], TOWER[1]] = share
    return made


def found(amount: float = 1.0, seed: int = 3, share: float = 1.0) -> Windows | None:
    picture = town()
    return windows.find(picture, images.to_uint8(picture), buildings(share), amount, seed)


def shone(lamps: Windows, lost: float) -> torch.Tensor:  # [3, H, W]
    """What the windows add to the town that lost so much of ln Y."""
    light = images.curves.decode_srgb((town() + 1) / 2) * np.exp(-lost)
    frame = images.curves.encode_srgb(light) * 2 - 1
    before = frame.clone()
    lamps.shine(frame)
    return (frame - before)[0]


def test_by_night_windows_shine_and_by_day_nothing_does():
    lamps = found()
    assert lamps is not None
    by_day, by_night = shone(lamps, 0.0), shone(lamps, 1.8)
    assert not by_day.any(), "the picture, to the bit"
    lit = by_night.amax(0) > 0.4
    assert 0.02 < float(lit[TOWER].float().mean()) < 0.2
    lit[TOWER] = False
    assert not lit.any(), "the spots in the grass are no windows"
    assert (town()[0, 0][by_night.amax(0) > 0.6] < 0).all(), "the panes, not the wall"
    assert by_night[0].sum() > by_night[2].sum(), "lamps are warm"


def test_they_come_on_one_after_the_other():
    lamps = found()
    count = [int((shone(lamps, lost).amax(0) > 0.3).sum()) for lost in (0.6, 0.9, 1.1, 1.5)]
    assert count[0] == 0 and count == sorted(count) and count[1] < 0.8 * count[3]


def test_the_seed_draws_which_and_the_amount_how_many():
    one, same, other, few = (found(1, 1), found(1, 1), found(1, 2), found(0.3, 1))
    assert torch.equal(one.light, same.light) and not torch.equal(one.light, other.light)
    assert 0 < float(few.light.sum()) < 0.5 * float(one.light.sum())


def test_there_are_none_without_buildings():
    assert found(share=0.5) is None, "what is half a building, as a statue"
    blank = torch.full((1, 3, H, W), 0.5)
    assert windows.find(blank, images.to_uint8(blank), buildings(), 1.0, 0) is None, "a blank wall"


def test_light_above_white_stays():
    lamps, frame = found(), torch.full((1, 3, H, W), -0.9)
    frame[:, :, 100:140, 150:200] = 3.0
    lamps.shine(frame)
    assert torch.allclose(frame[:, :, 110:130, 160:190], torch.tensor(3.0), atol=1e-5)


def test_masks_may_be_of_another_size():
    picture = town()
    small = images.to_uint8(images.resize(picture, W // 2, H // 2))
    lamps = windows.find(picture, small, buildings(), 1.0, 0)
    assert lamps is not None and lamps.light.shape[2:] == (H // 2, W // 2)
    assert shone(lamps, 1.8).max() > 0.2


@pytest.mark.parametrize("amount", [-0.1, 1.5, float("nan")])
def test_an_amount_is_a_share(amount):
    with pytest.raises(SettingsError, match="windows"):
        AppearanceSettings(windows=amount)


def test_a_clip_has_them_where_the_parser_tells_buildings(animator, monkeypatch):
    landscape, clip = animator.look_at(town()), ClipSettings(frames=4)
    motion = animator.move(landscape)
    monkeypatch.setattr(windows, "COMES_ON", (-10.0, -9.0))  # whatever the light of the bundle

    def clip_of(amount: float) -> torch.Tensor:
        light = animator.light(landscape, AppearanceSettings(code="0.5", windows=amount), clip)
        return torch.cat(list(animator.render(landscape, motion, light, LoopSettings(), clip)))

    without = clip_of(1.0)
    monkeypatch.setattr(Landscape, "buildings", property(lambda self: buildings()))
    assert torch.equal(clip_of(0.0), without), "none are asked for, or no building is known"
    added = (clip_of(1.0) - without)[..., TOWER[0], TOWER[1]]
    assert float(added.amax()) > 0.2 and float(added.amin()) > -1e-3
