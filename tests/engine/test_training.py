"""Training learns, resumes exactly, refuses other settings, and ends in a bundle that animates."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image

from landscape_engine.bundles import checkpoints
from landscape_engine.bundles.codebook import order
from landscape_engine.errors import SettingsError, TrainingError
from landscape_engine.settings import (
    TrainAppearanceSettings,
    TrainingLoopSettings,
    TrainMotionSettings,
)
from landscape_engine.shell import cli
from landscape_engine.training.data import lit_clips as clips
from landscape_engine.training.losses import flow_losses as losses
from landscape_engine.training.runs import bundling, train_appearance, train_motion
from landscape_engine.training.scenes import drawn_scenes as scenes
from landscape_engine.training.scenes import wind

CPU = torch.device("cpu")
TINY = TrainMotionSettings(width=4, encoder_width=4, size=64)


TINY8 = TrainMotionSettings(width=8, encoder_width=4, size=64)


def loop(steps: int, **changes) -> TrainingLoopSettings:
    return TrainingLoopSettings(
        **{"steps": steps, "batch": 2, "workers": 0, "mixed": False, "decay_from": 1.0} | changes
    )


def test_flow_and_masks_agree():
    rng = np.random.default_rng(1)
    for _ in range(20):
        scene = scenes.scene(rng, 64)
        flow = wind.backward_flow(wind.random_wind(rng), scene.masks, scene.horizon)
        still = scene.masks.sum(0) == 0
        assert scene.image.min() >= 0 and scene.image.max() <= 1
        assert scene.masks.sum(0).max() <= 1 + 1e-5
        assert flow[:, still].abs().sum() == 0
        assert flow.abs().max() <= 1


def test_what_stands_in_water_is_still():
    rng = np.random.default_rng(5)
    picture = torch.zeros(3, 64, 64)
    sky, water = torch.zeros(64, 64), torch.zeros(64, 64)
    sky[:30], water[30:] = 1, 1
    for put in (
        lambda: scenes.put_rocks(rng, picture, water, sky, torch.ones(3, 64, 64), 30 / 63),
        lambda: scenes.put_reeds(rng, picture, water, sky),
    ):
        taken = 0.0
        for _ in range(10):
            image, wet, above = put()
            drawn = (image - picture).abs().amax(0) > 0.5
            assert not drawn.any() or (wet + above)[drawn].max() < 0.6
            taken += float((water - wet).sum() + (sky - above).sum())
        assert taken > 100


def test_photographed_water_is_what_lies_below_the_horizon():
    def blue(rng, size):
        return torch.tensor([0.0, 0.0, 1.0]).view(3, 1, 1).expand(3, size, size)

    found = []
    for seed in range(12):
        scene = scenes.scene(np.random.default_rng(seed), 64, water=blue)
        if float(scene.masks[1].mean()) > 0.05:
            inside = scene.image[:, scene.masks[1] > 0.99]
            found.append(float((inside[2] - inside[0]).mean()))
    assert len(found) > 3 and np.mean(found) > 0.2


def test_wind_to_the_right_moves_the_sky_to_the_right():
    breeze = wind.Wind(0.0, 0.5, 0.0, 0.0, 0.3, 0.0)
    masks = torch.zeros(2, 32, 32)
    masks[0, :16] = 1
    flow = wind.backward_flow(breeze, masks, 0.5)
    assert torch.allclose(flow[0, :16], torch.full((16, 32), -0.5)), "backward: from the left"
    assert flow[1].abs().max() < 1e-6


def test_perspective_wind_spreads_from_the_horizon():
    toward = wind.Wind(-np.pi / 2, 0.8, 1.0, 0.0, 0.3, 0.0)  # clouds rise towards us
    v = wind.sky_velocity(toward, 0.6, 64, 64)
    assert (v[1, :38] < 0).all(), "up in the picture"
    assert v[1, 0].mean() < v[1, 35].mean() < 0, "faster overhead than near the horizon"
    assert v[0, 0, 0] < 0 < v[0, 0, -1], "and to both sides"


def test_losses_are_those_of_the_paper():
    field = torch.zeros(1, 2, 8, 8)
    field[..., 4:] = 1
    flat, edged = torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
    edged[..., 4:] = 1
    assert losses.total_variation(field, flat) == pytest.approx(2 * 8 / (8 * 7))
    assert losses.total_variation(field, edged) < 1e-10, "edges of the picture are free"
    checks = torch.zeros(1, 3, 64, 64)
    checks[..., ::2] = 1
    assert losses.spatial_pooling(checks, checks.flip(3)) == 0, "averages over cells agree"


def test_training_learns_and_resumes_exactly(tmp_path):
    whole = train_motion.train(tmp_path / "whole", TINY, loop(8, save_every=3), None, CPU)

    class Killed(Exception):
        pass

    calls = iter(range(100))
    real = losses.flow_error

    def dies(*args):
        if next(calls) == 5:
            raise Killed
        return real(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(losses, "flow_error", dies)
        with pytest.raises(Killed):
            train_motion.train(tmp_path / "cut", TINY, loop(8, save_every=3), None, CPU)
    resumed = train_motion.train(tmp_path / "cut", TINY, loop(8, save_every=3), None, CPU)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_step_without_usable_gradients_is_left_out(tmp_path, monkeypatch):
    calls, real = iter(range(1000)), losses.flow_error
    monkeypatch.setattr(
        losses,
        "flow_error",
        lambda *args: real(*args) * (float("inf") if next(calls) in (1, 2) else 1.0),
    )
    networks = train_motion.train(tmp_path / "run", TINY, loop(5), None, CPU)
    assert all(torch.isfinite(p).all() for p in networks.parameters())
    monkeypatch.setattr(losses, "flow_error", lambda *args: real(*args) * float("nan"))
    with pytest.raises(TrainingError, match="20 steps in a row are not finite.*learning-rate"):
        train_motion.train(tmp_path / "lost", TINY, loop(50), None, CPU)


def test_a_few_scenes_are_learnt_by_heart(tmp_path, monkeypatch):
    draw = train_motion.MotionScenes.__getitem__
    monkeypatch.setattr(train_motion.MotionScenes, "__getitem__", lambda s, i: draw(s, i % 4))
    train_motion.train(tmp_path, TINY, loop(60, learning_rate=3e-3, batch=4), None, CPU)
    rows = list(csv.DictReader((tmp_path / "losses.csv").read_text().splitlines()))
    assert [int(r["step"]) for r in rows] == [20, 40, 60]
    fresh = train_motion.build(TINY)
    trained = train_motion.build(TINY)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    trained.load_state_dict(state["modules"])
    samples = train_motion.MotionScenes(64, 0, None)
    batch = [torch.stack(x) for x in zip(*(samples[i] for i in range(4)), strict=True)]

    def error(networks):
        image, known, water, shown = batch
        with torch.no_grad():
            flow = networks["motion_predictor"](image, networks["motion_encoder"](shown))
        return float(losses.flow_error(flow * 64, known, water))

    assert error(trained) < 0.8 * error(fresh)


def test_a_run_can_begin_with_a_bundle(tmp_path, bundle, bundle_folder):
    wide = TrainMotionSettings(width=4, encoder_width=4, size=64)
    train_motion.train(
        tmp_path / "on", wide, loop(1, learning_rate=1e-12), None, CPU, start=bundle_folder
    )
    state = torch.load(tmp_path / "on" / "checkpoint.pt", weights_only=True)
    for name, value in bundle.networks["motion_predictor"].state_dict().items():
        found = state["averaged"][f"module.motion_predictor.{name}"]
        assert torch.allclose(found, value, atol=2e-3), name
    with pytest.raises(TrainingError, match="same widths"):
        train_motion.train(tmp_path / "off", TINY8, loop(1), None, CPU, start=bundle_folder)


def test_other_settings_are_refused(tmp_path):
    train_motion.train(tmp_path, TINY, loop(1), None, CPU)
    other = TrainMotionSettings(width=8, encoder_width=4, size=64)
    with pytest.raises(TrainingError, match="other settings"):
        train_motion.train(tmp_path, other, loop(2), None, CPU)


def test_clusters_are_true_codes_in_order():
    torch.manual_seed(0)
    codes = torch.randn(300, 8)
    chosen = bundling.cluster(codes, 16)
    assert len(chosen) <= 16
    assert all((codes == c).all(1).any() for c in chosen)


@pytest.fixture
def day(tmp_path):
    """Two scenes under changing light: one as a folder of frames, one as an animation."""
    folder = tmp_path / "clips"
    (folder / "meadow").mkdir(parents=True)
    rng = np.random.default_rng(0)
    frames = []
    base = rng.integers(60, 200, (48, 64, 3))
    for t in range(6):
        light = np.array([1.0, 0.9 - 0.1 * t, 0.8 - 0.13 * t]) * (1 - 0.12 * t)
        frames.append(Image.fromarray((base * light).astype(np.uint8)))
        frames[-1].save(folder / "meadow" / f"{t}.png")
    frames[0].save(folder / "lake.gif", save_all=True, append_images=frames[1:], duration=100)
    (folder / "notes.txt").write_text("not a clip")
    return folder


def test_clips_are_read(day):
    found = clips.load(day, 32)
    assert sorted(c.name for c in found) == ["lake.gif", "meadow"]
    assert all(c.frames.shape == (6, 3, 32, 32) and c.in_order for c in found)


def test_a_sheet_is_cut_into_its_scenes(tmp_path):
    colors = np.zeros((2, 3, 3), np.uint8)
    colors[0, :, 0], colors[1, :, 1] = (50, 150, 250), (60, 160, 240)
    sheet = np.kron(colors, np.ones((40, 40, 1), np.uint8))
    Image.fromarray(sheet).save(tmp_path / "sheet.png")
    (tmp_path / "sheets.json").write_text(
        json.dumps({"sheet.png": {"place": [0, 0, 1, 1], "columns": 3, "rows": 2, "scene": "row"}})
    )
    found = clips.load(tmp_path, 16)
    assert [c.name for c in found] == ["sheet.png#0", "sheet.png#1"]
    assert found[0].frames[:, 0, 8, 8].tolist() == [50, 150, 250]
    assert found[1].frames[:, 1, 8, 8].tolist() == [60, 160, 240]


def test_no_clips_are_refused(tmp_path):
    with pytest.raises(TrainingError, match="holds no clips"):
        clips.load(tmp_path, 32)
    with pytest.raises(TrainingError, match="missing doesn't exist; expected a folder with clips"):
        clips.load(tmp_path / "missing", 32)


def test_from_the_shell_to_a_bundle_that_animates(day, tmp_path, capsys):
    bundle = tmp_path / "bundle"
    small = "--width 4 --encoder-width 4 --size 64 --batch 2 --workers 0 --steps 2".split()
    common = [*small, "--bundle", str(bundle), "--device", "cpu"]
    assert cli.main(["train", "motion", "--run", str(tmp_path / "m"), *common]) == 0
    arguments = ["--clips", str(day), "--run", str(tmp_path / "a"), *common]
    assert cli.main(["train", "appearance", *arguments]) == 0
    loaded = checkpoints.load(bundle)
    assert len(loaded.motion_codebook) <= bundling.MOST_MOTION_CODES
    codes = loaded.motion_codebook.codes
    in_order = order(codes).tolist()
    assert in_order == list(range(len(codes)))
    assert loaded.about["thumbnail_seed"] == bundling.THUMBNAIL_SEED
    assert {"motion_encoder", "appearance_encoder"} <= set(loaded.networks)
    picture = tmp_path / "clips" / "meadow" / "0.png"
    out = tmp_path / "frames"
    assert cli.main(["animate", str(picture), "--out", str(out), "--bundle", str(bundle),
                     "--frames", "2"]) == 0  # fmt: skip
    assert len(list(out.iterdir())) == 2
    settings = json.loads((tmp_path / "a" / "settings.json").read_text())
    assert settings["appearance"]["width"] == TrainAppearanceSettings(width=4).width
    capsys.readouterr()


def test_codes_of_a_clip_leave_out_frames_that_hardly_differ():
    levels = torch.tensor([200, 199, 198, 180, 160, 159, 120, 119], dtype=torch.uint8)
    frames = levels.view(-1, 1, 1, 1).expand(-1, 3, 64, 64)
    networks = train_appearance.build(TrainAppearanceSettings(width=4, encoder_width=4))
    clip = clips.Clip("dimming", frames, in_order=True)
    # mean colors differ by 3/127.5 a level: 13 levels make a change of 0.3
    (sequence,) = train_appearance.collect_sequences(networks, [clip])
    assert len(sequence) == 4, "200, 180, 160, 120"
    assert not train_appearance.collect_sequences(networks, [clips.Clip("x", frames, False)])


def test_without_scipy_nothing_is_trained_that_needs_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"scipy, which isn't installed; .*\[train\]"):
        bundling.check_clustering()
