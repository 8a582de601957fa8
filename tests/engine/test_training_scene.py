"""The scene network's training: labels read, crops true to them, stills held out, runs resumed."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
import torch
from PIL import Image

from landscape_engine.bundles import checkpoints
from landscape_engine.errors import SettingsError, TrainingError
from landscape_engine.settings import TrainSceneLoopSettings, TrainSceneSettings
from landscape_engine.shell import cli
from landscape_engine.training.data import labelled, stills
from landscape_engine.training.data.labelled import LAND, SKY, UNKNOWN, WATER, LabelledStill
from landscape_engine.training.losses import flow_losses as losses
from landscape_engine.training.runs import scoring, train_scene, trunks
from landscape_engine.training.scenes import air, cameras, rare_scenes, things

CPU = torch.device("cpu")
NO_TEXTURES = stills.Stills([], [], [])
TINY = TrainSceneSettings(trunk="tiny", width=8, size=64, scenes=3)
COLORS = {LAND: (120, 80, 30), SKY: (110, 170, 240), WATER: (10, 60, 90), UNKNOWN: (255, 0, 255)}


def loop(steps: int, **changes) -> TrainSceneLoopSettings:
    return TrainSceneLoopSettings(
        **{"steps": steps, "batch": 2, "workers": 0, "mixed": False} | changes
    )


def layers(height: int = 90, width: int = 160) -> np.ndarray:
    """Sky over land over water, and a corner of which nothing is known."""
    label = np.full((height, width), LAND, np.uint8)
    label[: height // 2], label[2 * height // 3 :] = SKY, WATER
    label[-height // 6 :, : width // 6] = UNKNOWN
    return label


def painted(label: np.ndarray) -> np.ndarray:
    image = np.zeros((*label.shape, 3), np.uint8)
    for value, color in COLORS.items():
        image[label == value] = color
    return image


@pytest.fixture
def folder(tmp_path):
    """Five stills with labels as pictures."""
    (tmp_path / "stills" / "labels").mkdir(parents=True)
    for k in range(5):
        label = np.roll(layers(), k, 0) if k else layers()
        Image.fromarray(painted(label)).save(tmp_path / "stills" / f"still-{k}.png")
        Image.fromarray(label).save(tmp_path / "stills" / "labels" / f"still-{k}.png")
    return tmp_path / "stills"


# ---------------------------------------------------------------------------- labels


def test_labels_are_read_and_win_over_polygons(folder):
    whole = [[[0, 0], [1, 0], [1, 1], [0, 1]]]
    pictures = {"still-0.png": {"sky": whole}, "drawn.png": {"water": whole, "refine": False}}
    (folder / "regions.json").write_text(json.dumps({"version": 1, "pictures": pictures}))
    Image.new("RGB", (60, 40)).save(folder / "drawn.png")
    found = {still.name: still.label for still in labelled.load(folder)}
    assert list(found) == ["drawn.png", *(f"still-{k}.png" for k in range(5))]
    assert (found["drawn.png"] == WATER).all()
    assert np.array_equal(found["still-0.png"], layers())


def test_white_water_is_water_and_large_stills_are_held_smaller(folder):
    label = np.full((1200, 2400), labelled.WHITE_WATER, np.uint8)
    Image.fromarray(painted(label * 0)).save(folder / "falls.jpg")
    Image.fromarray(label).save(folder / "labels" / "falls.png")
    falls = labelled.load(folder)[0]
    assert falls.image.shape == (512, 1024, 3) and (falls.label == WATER).all()


def test_crops_that_are_to_show_white_water_do():
    label = np.zeros((200, 400), np.uint8)
    label[150:, 380:] = WATER
    still = LabelledStill("shore", painted(label), label, label == WATER)
    rngs = [np.random.default_rng(seed) for seed in range(20)]
    crops = [labelled.crop(rng, 64, still, (2.0, 2.5), white=True) for rng in rngs]
    assert all((shares[3] > 0.5).any() for _, shares in crops)
    assert all(torch.equal(shares[2], shares[3]) for _, shares in crops), "all of it is white"
    plain = LabelledStill("land", painted(label * 0), label * 0)
    assert labelled.crop(rngs[0], 64, plain, white=True)[1].shape == (4, 64, 64)


def test_other_values_and_other_aspects_are_refused(folder):
    Image.fromarray(layers() + 7).save(folder / "labels" / "still-1.png")
    with pytest.raises(TrainingError, match="other values than 0 land"):
        labelled.load(folder)
    Image.fromarray(layers(90, 90)).save(folder / "labels" / "still-1.png")
    with pytest.raises(TrainingError, match="another aspect"):
        labelled.load(folder)


def test_crops_keep_picture_and_labels_together():
    still = LabelledStill("layers", painted(layers(300, 480)), layers(300, 480))
    unknown = 0
    for seed in range(12):
        image, shares = labelled.crop(np.random.default_rng(seed), 64, still)
        assert image.shape == (3, 64, 64) and shares.shape == (4, 64, 64)
        assert shares.min() >= 0 and shares.sum(0).max() < 1 + 1e-5
        for k in range(3):
            inside = shares[k] > 0.999
            color = torch.tensor(COLORS[k]).view(3, 1) / 255
            assert not inside.any() or (image[:, inside] - color).abs().max() < 0.02
        unknown += int((shares.sum(0) < 1e-3).sum())
    assert unknown > 0


def test_boxes_hold_one_label():
    label = layers(200, 320)
    for wanted in (SKY, WATER, LAND):
        found = labelled.boxes(label, wanted)
        assert found
        for top, left, bottom, right in found:
            assert bottom - top >= 32 and (label[top:bottom, left:right] == wanted).all()
    assert labelled.boxes(label, 9) == []


def test_stills_with_labels_give_scenes_and_textures(folder):
    found = stills.load(folder)
    assert len(found.photos) == 5 and found.skies and found.waters and found.grounds
    sky, water = found.photos[0].masks
    assert sky[0].min() == 1 and water[-1].max() == 1
    assert found.photos[0].known[-1, 0] == 0 and found.photos[0].known[0].min() == 1
    (one,) = stills.load(folder, {f"still-{k}.png" for k in range(1, 5)}).photos
    assert torch.equal(one.masks, found.photos[0].masks)
    with pytest.raises(TrainingError, match="labels/NAME.png"):
        stills.load(folder, {f"still-{k}.png" for k in range(5)})


def test_what_is_not_known_does_not_count():
    log_odds = torch.randn(1, 3, 8, 8)
    shares = torch.zeros(1, 3, 8, 8)
    shares[:, 1, :4] = 1
    error = losses.label_error(log_odds, shares)
    log_odds[:, :, 4:] = 77 * torch.randn(1, 3, 4, 8)
    assert torch.equal(losses.label_error(log_odds, shares), error)
    assert losses.label_error(log_odds, shares * 0) == 0
    water = shares.roll(1, 1)
    even = torch.zeros(1, 3, 8, 8)
    ratio = losses.label_error(even, water, 1.5) / losses.label_error(even, shares, 1.5)
    assert float(ratio) == pytest.approx(1.5)


# ---------------------------------------------------------------------------- scenes


@pytest.mark.parametrize("kind", range(5))
def test_rare_scenes_know_their_regions(kind, monkeypatch):
    class Chosen:  # a generator whose first whole number is the kind
        def __init__(self, seed):
            self.rng, self.first = np.random.default_rng(seed), True

        def __getattr__(self, name):
            return getattr(self.rng, name)

        def integers(self, *args, **kwargs):
            if self.first:
                self.first = False
                return kind
            return self.rng.integers(*args, **kwargs)

    torch.manual_seed(0)
    shown = torch.zeros(3)
    for seed in range(6):
        scene = rare_scenes.scene(Chosen(seed), 64, None)
        assert scene.image.shape == (3, 64, 64) and scene.masks.shape == (2, 64, 64)
        assert scene.image.min() >= 0 and scene.image.max() <= 1
        assert scene.masks.min() >= 0 and scene.masks.sum(0).max() <= 1 + 1e-5
        shown += torch.stack([1 - scene.masks.sum(0), *scene.masks]).mean((1, 2))
    assert shown[0] > 0.2, "there is land in all of them"
    assert shown[2] > 0.2 if kind == 4 else shown[1] > 0.2


def test_a_night_sky_is_dark_with_points_of_light():
    torch.manual_seed(0)
    nights = [rare_scenes.night(np.random.default_rng(seed), 64) for seed in range(8)]
    assert np.median([float(n.median()) for n in nights]) < 0.35
    assert all(float(n.max()) > float(n.mean()) + 0.2 for n in nights)


def test_shooting_keeps_shape_and_range():
    scene = torch.rand(3, 48, 64, generator=torch.Generator().manual_seed(0))
    for seed in range(12):
        shot = cameras.shoot(np.random.default_rng(seed), scene)
        assert shot.shape == scene.shape and shot.min() >= 0 and shot.max() <= 1
        assert shot.is_contiguous()


def test_samples_are_drawn_from_their_numbers(folder):
    def samples():
        learnt = labelled.load(folder)
        return train_scene.LabelledScenes(TINY, 3, learnt, stills.load(folder))

    one, other = samples(), samples()
    other[9]  # in another order
    for i in (4, 5, 9):
        assert all(torch.equal(a, b) for a, b in zip(one[i], other[i], strict=True))
    assert not torch.equal(one[4][0], one[5][0])


def test_stills_and_scenes_are_mixed_by_their_share(folder, monkeypatch):
    learnt = labelled.load(folder)
    taken = []
    real = labelled.crop
    monkeypatch.setattr(
        labelled,
        "crop",
        lambda r, s, still, *rest: taken.append(still.name) or real(r, s, still, *rest),
    )
    samples = train_scene.LabelledScenes(TINY, 0, learnt)
    for i in range(60):
        samples[i]
    share = sum(not name.startswith("scene") for name in taken) / 60
    assert 0.3 < share < 0.7
    assert len({name for name in taken if name.startswith("scene")}) == TINY.scenes


@pytest.mark.parametrize("seed", range(12))
def test_things_before_a_still_are_land_and_the_rest_is_as_it_was(seed):
    rng = np.random.default_rng(seed)
    label = layers(96, 96)
    still = LabelledStill("still", painted(label), label, label == WATER)
    image, shares = labelled.crop(rng, 96, still, (1.0, 1.001))
    shown, after = things.put_before(rng, image.clone(), shares.clone(), NO_TEXTURES)
    assert shown.shape == image.shape and after.shape == shares.shape
    assert after.min() >= -1e-5 and torch.allclose(after[:3].sum(0), shares[:3].sum(0), atol=1e-5)
    assert (after[3] <= after[2] + 1e-5).all(), "white water is a part of the water"
    taken = (shares[1] + shares[2]) - (after[1] + after[2])
    changed = (shown - image).abs().amax(0) > 0.1
    assert not (changed & (taken < 0.02) & (shares[1] > 0.99)).any(), "what covers the sky is land"


@pytest.mark.parametrize("seed", range(12))
def test_haze_and_ridges_before_a_still_are_land(seed, monkeypatch):
    monkeypatch.setattr(air, "BANKS", 0.0)
    label = layers(96, 96)
    still = LabelledStill("still", painted(label), label, label == WATER)
    rng = np.random.default_rng(seed)
    image, shares = labelled.crop(rng, 96, still, (1.0, 1.001))
    shown, after = air.put_before(rng, image.clone(), shares.clone(), NO_TEXTURES)
    assert 0 <= shown.min() and shown.max() <= 1
    assert torch.allclose(after[:3].sum(0), shares[:3].sum(0), atol=1e-5)
    assert torch.equal(after[2:], shares[2:]), "ridges are before the sky alone"
    open_sky = after[1] > 0.999
    assert torch.equal(shown[:, open_sky], image[:, open_sky]), "air hides no sky"
    ridges, sky = (shares[1] - after[1]) > 0.999, image[:, shares[1] > 0.999].mean(1)
    if ridges.any():
        there = (shown[:, ridges] - sky[:, None]).abs().mean()
        assert there < 0.45, "far ridges come near the sky's color"
    land, hazy = (shares[0] > 0.999), (shown - sky[:, None, None]).abs().mean(0)
    before = (image - sky[:, None, None]).abs().mean(0)
    assert hazy[land].mean() < before[land].mean() + 1e-4, "haze leads to the sky's color"


def test_where_no_sky_is_there_is_no_haze(monkeypatch):
    monkeypatch.setattr(air, "BANKS", 0.0)
    rng = np.random.default_rng(0)
    image, shares = torch.rand(3, 32, 32), torch.zeros(4, 32, 32)
    shares[0] = 1
    shown, after = air.put_before(rng, image, shares, NO_TEXTURES)
    assert shown is image and after is shares


def test_a_bank_of_fog_is_sky_where_it_hides_the_land_and_its_rim_is_not_known(monkeypatch):
    monkeypatch.setattr(air, "BANKS", 1.0)
    label = layers(96, 96)
    still = LabelledStill("still", painted(label), label, label == WATER)
    skies = stills.Stills([], [torch.rand(3, 64, 128)], [])
    hidden = rims = 0
    for seed in range(24):
        rng = np.random.default_rng(seed)
        image, shares = labelled.crop(rng, 96, still, (1.0, 1.001))
        shown, after = air.put_before(rng, image.clone(), shares.clone(), skies)
        assert 0 <= shown.min() and shown.max() <= 1
        total = after[:3].sum(0)
        assert (total < 1 + 1e-5).all() and (total >= shares[:3].sum(0) - 1e-5)[total > 0].all()
        assert (after[3] <= after[2]).all() and (after[1] >= shares[1])[total > 0].all()
        assert (after[1] > 0.5)[shares[1] > 0.5].all(), "fog before the sky is sky"
        fog = (after[1] > 0.999) & (shares[1] < 0.001)
        same = (shown - image).abs().amax(0) < 1e-6
        assert not (fog & same).any(), "it is seen where it is told"
        assert torch.equal(after[:, same], shares[:, same]), (
            "and what is seen as before is as before"
        )
        hidden, rims = hidden + int(fog.sum()), rims + int((total == 0).sum())
    assert hidden > 500 and rims > 500


# -------------------------------------------------------------------------- training


def test_rates_rise_and_fall_and_the_trunks_is_smaller():
    rates = [train_scene.one_cycle(d, 0.1) for d in np.linspace(0, 1, 21)]
    assert np.argmax(rates) == 2 and rates[2] == pytest.approx(1)
    assert rates[0] < 0.1 and rates[-1] == pytest.approx(0, abs=1e-9)
    network = train_scene.build(TINY)["scene_network"]
    trunk, rest = train_scene.optimizer_of(network, TINY, 1e-3).param_groups
    assert trunk["lr"] == pytest.approx(2e-4) and rest["lr"] == 1e-3
    assert len(trunk["params"]) + len(rest["params"]) == len(list(network.parameters()))


def test_a_killed_run_resumes_to_the_same_weights(folder, tmp_path, monkeypatch):
    steps = loop(6, save_every=2)
    whole = train_scene.train(tmp_path / "whole", TINY, steps, folder, CPU)

    class Killed(Exception):
        pass

    calls, real = iter(range(100)), losses.label_error

    def dies(*args):
        if next(calls) == 5:
            raise Killed
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(losses, "label_error", dies)
        with pytest.raises(Killed):
            train_scene.train(tmp_path / "cut", TINY, steps, folder, CPU)
    resumed = train_scene.train(tmp_path / "cut", TINY, steps, folder, CPU)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_layers_are_learnt_by_heart(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(cameras, "shoot", lambda rng, image: image)
    only = TrainSceneSettings(trunk="tiny", width=8, size=64, still_share=1, trunk_rate=1)
    quick = loop(80, learning_rate=1e-2, batch=4, average=0.9)
    networks = train_scene.train(tmp_path / "run", only, quick, folder, CPU)
    found = scoring.score(networks["scene_network"].eval(), labelled.load(folder))
    assert found["mean"]["sky"] > 0.8 and found["mean"]["water"] > 0.6
    assert found["stills"].keys() == {f"still-{k}.png" for k in range(5)}


def test_a_fresh_run_begins_with_the_published_weights(tmp_path, monkeypatch):
    def missing():
        raise TrainingError("asked for them")

    monkeypatch.setattr(trunks, "published_weights", missing)
    large = TrainSceneSettings(width=8, size=64, scenes=1)
    with pytest.raises(TrainingError, match="asked for them"):
        train_scene.train(tmp_path / "run", large, loop(1), None, CPU)
    train_scene.train(tmp_path / "tiny", TINY, loop(1), None, CPU)


def test_settings_that_make_no_sense_are_refused():
    for changes in (
        {"width": 12},
        {"size": 72},
        {"hold_out": "3/3"},
        {"hold_out": "a"},
        {"things_share": 2},
        {"air_share": -1},
    ):
        with pytest.raises(SettingsError, match="--(width|size|hold-out|things-share|air-share)"):
            TrainSceneSettings(**changes)
    with pytest.raises(SettingsError, match="--trunk"):
        TrainSceneSettings(trunk="resnet")


# --------------------------------------------------------------------------- scoring


def test_every_nth_still_is_left_out():
    assert labelled.hold_out(5, None) == [False] * 5
    assert labelled.hold_out(5, "1/3") == [False, True, False, False, True]
    every = [labelled.hold_out(7, f"{k}/3") for k in range(3)]
    assert [sum(row) for row in zip(*every, strict=True)] == [1] * 7


def test_a_score_counts_what_is_known(monkeypatch):
    label = layers()
    still = LabelledStill("layers", painted(label), label)
    truth = label.copy()
    truth[label == UNKNOWN] = WATER

    def said(wrong_rows):
        answer = truth.copy()
        answer[:wrong_rows] = LAND
        shares = torch.from_numpy(np.stack([answer == k for k in range(3)])).float()[None]
        monkeypatch.setattr(scoring, "ask", lambda network, image: shares)
        return scoring.score(None, [still])

    assert said(0)["mean"] == {"land": 1.0, "sky": 1.0, "water": 1.0}
    found = said(9)  # a fifth of the sky
    assert found["mean"]["sky"] == pytest.approx(0.8) and found["mean"]["water"] == 1
    assert found["mean"]["land"] == pytest.approx(15 / 24)
    assert "sky 0.800" in scoring.line(found)
    label[:45] = LAND
    assert said(0)["stills"]["layers"]["sky"] is None, "the still shows none"


def test_from_the_shell_to_a_bundle_with_held_out_stills(folder, tmp_path, capsys):
    words = f"train scene --run {tmp_path}/run --bundle {tmp_path}/b --photos {folder}"
    small = "--trunk tiny --width 8 --size 64 --scenes 2 --batch 2 --workers 0 --steps 2"
    more = "--hold-out 1/2 --device cpu"
    assert cli.main(f"{words} {small} {more}".split()) == 0
    told = capsys.readouterr()
    assert "IoU on 2 stills held out" in told.err and told.out.strip() == str(tmp_path / "b")
    found = json.loads((tmp_path / "run" / "held_out.json").read_text())
    assert found["stills"].keys() == {"still-1.png", "still-3.png"}
    assert found["mean"].keys() == found["pooled"].keys() == {"land", "sky", "water"}
    bundle = checkpoints.load(tmp_path / "b")
    assert bundle.built["scene_network"] == {
        "width": 8,
        "trunk": "tiny",
        "context": True,
        "white": True,
    }
    record = json.loads((tmp_path / "b" / "run-scene.json").read_text())
    assert record["scene"]["hold_out"] == "1/2"
    assert "labels/still-0.png" in [entry["name"] for entry in record["data"]]
    again = f"{words} {small} --start {tmp_path}/b --device cpu".replace("/run", "/again")
    assert cli.main(again.split()) == 0
    none = f"{words} {small} --hold-out 7/9 --device cpu".replace("/run", "/none")
    assert cli.main(none.split()) == 2
    assert "leaves none" in capsys.readouterr().err


def test_samples_go_to_other_processes(folder):
    samples = train_scene.LabelledScenes(TINY, 0, labelled.load(folder), stills.load(folder))
    again = pickle.loads(pickle.dumps(samples))
    assert torch.equal(again[2][0], samples[2][0])
