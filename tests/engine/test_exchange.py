"""Forms go over from the old copy to the young one, one after another, and don't fade."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from torch import Tensor

from landscape_engine.loops import exchange, looping
from landscape_engine.loops import phase_noise as noise
from landscape_engine.loops.layers import Layers
from landscape_engine.loops.places import Everywhere
from landscape_engine.loops.two_phase import TwoPhase
from landscape_engine.motion import fields as motion_fields
from landscape_engine.motion.fields import MovingPart, steady_motion
from landscape_engine.ops import warping
from landscape_engine.rendering import compositing
from landscape_engine.rendering.compositing import render_frame
from landscape_engine.scene import bases, regions
from landscape_engine.settings import LoopSettings

SIZE, GRID, PERIOD = (96, 160), (64, 64), 20


def shown(share: float, first: float, second: float, scattered: float = 0.0) -> float:
    flow = torch.zeros(1, 2, 1, 1)
    layers = Layers(flow, flow, torch.full((1, 1, 1, 1), share))
    planned = exchange.planned(layers, torch.full((1, 1, 1, 1), scattered))
    first, second = (torch.full((1, 1, 1, 1), value) for value in (first, second))
    return float(exchange.shown(planned.begun, first, second))


@pytest.mark.parametrize("scattered", [-1, 0, 1])
@pytest.mark.parametrize("densities", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_a_copy_that_does_not_count_is_not_shown(densities, scattered):
    assert shown(0, *densities, scattered) == 0
    assert shown(1, *densities, scattered) == 1


def test_what_is_dense_stays_longer_and_comes_sooner():
    assert shown(0.5, 0.4, 0.4) == 0.5
    assert shown(0.5, 0.2, 0.0) > 0.75 and shown(0.5, 0.0, 0.2) < 0.25, "what is thin is gone"
    assert shown(0.45, 0.8, 0.0) < shown(0.45, 0.4, 0.0), "what is thick stays a little longer"
    assert shown(0.5, 0.8, 0.0) > 0.85 and shown(0.5, 0.0, 0.8) < 0.15, "never in two places"


def test_at_no_time_is_more_than_a_part_of_the_places_on_its_way():
    scattered = noise.smooth(torch.zeros(1, 2, *GRID), exchange.CELLS).flatten()[::7].tolist()
    for share in (0.3, 0.4, 0.5, 0.6):
        at = [shown(share, 0.5, 0.5, one) for one in scattered]
        assert sum(0.1 < one < 0.9 for one in at) < 0.45 * len(at)


def test_dense_is_what_differs_most_in_terms_of_the_region():
    plate = torch.zeros(1, 3, *SIZE)
    assert not exchange.density(exchange.contrast(plate, SIZE)).any()
    plate[:, :, 20:60, 20:60], plate[:, :, 20:60, 100:140] = 0.4, -0.1
    dense = exchange.density(exchange.contrast(plate, SIZE))
    assert dense[0, 0, 40, 40] > 0.6 > 0.5 > dense[0, 0, 40, 120] > 0 == dense[0, 0, 80, 80]
    torch.testing.assert_close(exchange.density(exchange.contrast(plate * 0.5, SIZE)), dense)
    assert exchange.density(exchange.contrast(plate * 1e-3, SIZE)).max() < 0.05, "grain is no form"


def test_places_differ_the_same_way_each_time():
    like = torch.zeros(1, 2, *GRID)
    scattered = noise.smooth(like, exchange.CELLS)
    assert torch.equal(scattered, noise.smooth(like, exchange.CELLS))
    assert scattered.shape == (1, 1, *GRID)
    assert 0.3 < scattered.abs().max() <= 1 and scattered.std() > 0.1


def one_cloud(blend: str) -> tuple[Tensor, Tensor, list[Tensor]]:
    """A loop in which a cloud travels by more than its own width: frames, sky, and cloud alone."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    sky = np.stack([-0.5 + y / 200, -0.1 + y / 300, 0.6 + 0 * y])
    cloud = np.clip(6 - np.hypot((x - 80) / 2, y - 45) / 2, 0, 1)
    picture = torch.from_numpy(sky + cloud * (0.9 - sky))[None]
    return picture, torch.from_numpy(sky)[None], loop_of(picture, blend)


def loop_of(picture: Tensor, blend: str, speed: float = 0.04) -> list[Tensor]:
    """The frames of a loop in which all of a sky travels."""
    mask = np.ones(SIZE, np.float32)
    where = regions.region_of(mask, GRID, "sky", torch.device("cpu"))
    flow = torch.tensor([speed, 0.0]).view(1, 2, 1, 1).expand(1, 2, *GRID).clone()
    base = bases.base_of(picture, where.alpha, "sky")
    small = torch.nn.functional.interpolate(picture, GRID, mode="area")
    motion = motion_fields.motion_of_parts([MovingPart(where, flow, base=base)], small)
    motion = replace(motion, period=PERIOD)  # however far it travels
    frames = looping.frames(motion, LoopSettings(blend=blend, phase_noise=0), PERIOD)
    return [render_frame(picture, one) for one in islice(frames, PERIOD + 1)]


def translucent(frame: Tensor, sky: Tensor) -> float:
    """Share of what is seen of clouds that is neither whole nor gone."""
    seen = ((frame - sky) / (0.9 - sky))[0, 0]
    some = seen > 0.1
    return float(((seen > 0.25) & (seen < 0.75) & some).sum() / some.sum())


def test_a_cloud_is_not_seen_through_itself():
    picture, sky, clip = one_cloud("condense")
    faded = one_cloud("contrast")[2]
    own = translucent(picture, sky)  # its soft edge
    middle = range(PERIOD // 4, PERIOD - PERIOD // 4 + 1)
    seen, before = (
        sum(translucent(frames[n], sky) for n in middle) / len(middle) for frames in (clip, faded)
    )
    assert before > 3 * own and seen < 1.6 * own
    torch.testing.assert_close(clip[0], picture, atol=1e-5, rtol=0)
    assert torch.equal(clip[0], clip[PERIOD])


def test_a_cloud_by_the_border_is_gone_before_it_comes_anew():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    sky = np.stack([-0.5 + y / 200, -0.1 + y / 300, 0.6 + 0 * y])
    cloud = np.clip(6 - np.hypot((x - 138) / 2, y - 45) / 1.5, 0, 1)
    picture = torch.from_numpy(sky + cloud * (0.9 - sky))[None]
    clip = loop_of(picture, "condense", 0.015)  # it comes from the right, where there is nothing
    seen = [
        float(((one - torch.from_numpy(sky)) / (0.9 - torch.from_numpy(sky)))[0, 0].sum())
        for one in clip
    ]
    assert max(seen) < 1.25 * seen[0]


def an_aurora() -> Tensor:  # [1, 3, H, W]
    """A green curtain before the night."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    night = np.stack([-0.85 + y / 500, -0.83 + y / 500, -0.75 + 0 * y])
    light = np.exp(-(((x - 80 - 12 * np.sin(y / 15)) / 9) ** 2))
    return torch.from_numpy(night + light * np.array([0.1, 1.1, 0.6])[:, None, None]).float()[None]


def test_an_aurora_fades_as_light_does():
    picture = an_aurora()
    clip, faded = (loop_of(picture, blend, 0.006) for blend in ("condense", "plain"))
    torn = [
        float(one.diff(dim=2).abs().mean() / other.diff(dim=2).abs().mean())  # down the curtain
        for one, other in zip(clip, faded, strict=True)
    ]
    assert max(torn) < 1.35, "1.6 where it goes over in places"
    green = [frame[0, 1].mean() for frame in clip]
    assert min(green) > max(green) - 0.03, "its light does not go out half-way"


def test_clouds_are_no_aurora():
    cloud = torch.zeros(1, 3, 64, 64)
    cloud[:, :, 20:40, 20:40] = torch.tensor([0.5, 0.45, 0.3]).view(1, 3, 1, 1)
    assert not exchange.glow(cloud).any() and exchange.glowing(cloud) is None
    cloud[:, 1] += 0.2 * (cloud[:, 1] > 0)
    assert exchange.glow(cloud)[0, 0, 30, 30] > 0.9 and exchange.glowing(cloud) is not None
    for found in exchange.forms(cloud):
        assert not found[..., 22:38, 22:38].any(), "light has no form, and covers nothing"


@pytest.mark.parametrize("scattered", [-1, 0, 1])
def test_waves_go_over_within_a_short_while_and_wholly(scattered):
    flow = torch.zeros(1, 2, 1, 1)

    def share(s):
        layers = Layers(flow, flow, torch.full((1, 1, 1, 1), s))
        return float(exchange.waves(layers, torch.full((1, 1, 1, 1), float(scattered))).share)

    assert share(0.0) == 0 and share(1.0) == 1
    mixed = [s / 100 for s in range(101) if 0 < share(s / 100) < 1]
    assert 0 < len(mixed) <= 100 * exchange.WAVE_SPAN + 1


def test_half_of_a_water_is_one_copy_at_half_time():
    like = torch.zeros(1, 2, *GRID)
    layers = Layers(like, like, torch.full((1, 1, *GRID), 0.5))
    shown = exchange.waves(layers, noise.smooth(like, exchange.CELLS)).share
    assert ((shown < 0.1) | (shown > 0.9)).float().mean() > 0.5


def test_what_moves_whole_keeps_the_contrast_of_its_blend():
    flow = torch.full((1, 2, *GRID), 0.02)
    mask = np.ones(SIZE, np.float32)
    where = regions.region_of(mask, GRID, "smoke", torch.device("cpu"))
    motion = motion_fields.motion_of_parts([MovingPart(where, flow)], torch.rand(1, 3, *GRID))
    clips = [
        next(islice(looping.frames(motion, LoopSettings(blend=blend), PERIOD), 8, None))
        for blend in ("condense", "contrast")
    ]
    assert all(one[0].begun is None for one in clips)
    assert torch.equal(clips[0][0].contrast, clips[1][0].contrast)


def test_places_go_over_evenly_through_the_loop():
    """Most of a noise lies near 0: without ranks most places would go over half-way."""
    like = torch.zeros(1, 2, 64, 64)
    core = torch.zeros(1, 1, 64, 64, dtype=torch.bool)
    core[:, :, :40] = True
    rough = noise.smooth(like, exchange.CELLS)
    even = noise.even(rough, core)
    inside, before = even[core], rough[core]
    assert float(even.abs().max()) <= 1
    for share in (0.1, 0.5, 0.9):
        assert float(inside.quantile(share)) == pytest.approx(2 * share - 1, abs=0.02)
    assert torch.equal(inside.argsort(stable=True), before.argsort(stable=True)), "in its order"
    assert float(before.abs().median()) < 0.5 * float(inside.abs().median())


def test_noise_of_an_empty_region_stays():
    like = torch.zeros(1, 2, 16, 16)
    rough, nowhere = noise.smooth(like, (3,)), torch.zeros(1, 1, 16, 16, dtype=torch.bool)
    assert torch.equal(noise.even(rough, nowhere), rough)


@pytest.mark.parametrize("go_over", [exchange.planned, exchange.waves])
def test_each_place_goes_over_at_its_time_in_every_round(go_over):
    """Where the phase noise has begun another round, the two copies are turned about."""
    core = torch.ones(1, 1, *GRID, dtype=torch.bool)
    still = steady_motion(torch.zeros(1, 2, *GRID))
    loop = TwoPhase(still, PERIOD, Everywhere(), phase_noise=0.8)
    scattered = noise.even(noise.smooth(still.step, exchange.CELLS), core)
    spread, span = (
        (exchange.NOISE, exchange.SPAN)
        if go_over is exchange.planned
        else (exchange.WAVE_NOISE, exchange.WAVE_SPAN)
    )
    turned = 0
    for t in range(PERIOD):
        layers = loop.at(t)
        once = go_over(layers, scattered)
        younger = once.share
        if once.begun is not None:
            nothing = still.step[:, :1]
            younger = exchange.shown(once.begun, nothing, nothing)
        about = layers.leeway < 0
        younger = torch.where(about, 1 - younger, younger)
        turned += int(about.sum())
        u = (t / PERIOD + loop.offset) % 1
        x = ((u - 0.5 - spread * scattered) / span + 0.5).clamp(0, 1)
        torch.testing.assert_close(younger, x * x * (3 - 2 * x), atol=1e-4, rtol=0)
    assert turned > 0


def test_a_layer_without_share_is_not_sampled_and_nothing_changes(monkeypatch):
    picture = one_cloud("condense")[0]
    sampled = []

    def counted(values, positions, sampling="bilinear", whole=warping.sample):
        if values.shape[1] == picture.shape[1]:
            sampled.append(positions[0, 0].numel())
        return whole(values, positions, sampling)

    monkeypatch.setattr(compositing.warping, "sample", counted)
    found, picked = loop_of(picture, "condense"), sum(sampled)
    monkeypatch.setattr(compositing, "MOST_MIXED", 0)
    sampled.clear()
    wanted = loop_of(picture, "condense")
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)
    assert picked < 0.8 * sum(sampled)
