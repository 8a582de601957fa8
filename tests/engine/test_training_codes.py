"""The code LSTM learns days, resumes exactly, leaves the rest of a bundle alone, and closes."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from landscape_engine.bundles import checkpoints
from landscape_engine.bundles.codebook import AppearanceCodebook
from landscape_engine.errors import SettingsError, TrainingError
from landscape_engine.landscape import Landscape
from landscape_engine.light import looks
from landscape_engine.light.days import predict_day
from landscape_engine.settings import TrainCodesSettings, TrainingLoopSettings
from landscape_engine.shell import cli
from landscape_engine.training.data import day_sequences as days
from landscape_engine.training.runs import train_codes

CPU = torch.device("cpu")
TINY = TrainCodesSettings(hidden_size=12, day=6)


def loop(steps: int, **changes) -> TrainingLoopSettings:
    return TrainingLoopSettings(
        **{"steps": steps, "batch": 4, "workers": 0, "save_every": 5, "average": 0.9} | changes
    )


def column(path) -> list[float]:
    """The losses of a table."""
    return [float(row["code"]) for row in csv.DictReader(path.read_text().splitlines())]


@pytest.fixture(scope="module")
def sequences():
    """Days that go round in one plane of the codes, each its own circle, some one way only."""
    generator = torch.Generator().manual_seed(3)
    basis = torch.linalg.qr(torch.randn(8, 2, generator=generator)).Q.T  # [2, 8]
    found = []
    for k in range(12):
        turn = torch.linspace(0, 1, 8)[:-1] if k % 3 else torch.linspace(0, 0.5, 6)
        angle = 2 * torch.pi * (turn + k / 12)
        circle = torch.stack([angle.cos(), angle.sin()], 1)
        found.append((0.3 + 0.02 * k) * circle @ basis + 0.01 * k)
    return found


@pytest.fixture(scope="module")
def trained(sequences, tmp_path_factory):
    folder = tmp_path_factory.mktemp("codes")
    quick = loop(300, learning_rate=5e-3, save_every=20)
    return folder, train_codes.train(folder, TINY, quick, sequences, CPU)["code_lstm"]


# ------------------------------------------------------------------------ days


def test_one_way_light_goes_back_and_a_round_is_left(sequences):
    assert torch.equal(days.close(sequences[1]), sequences[1]), "its ends meet"
    there = sequences[0]
    back = days.close(there)
    assert len(back) == 10 and torch.equal(back[:6], there)
    assert torch.equal(back[6:], there[1:5].flip(0))
    two = torch.tensor([[0.0], [1.0]])
    assert torch.equal(days.close(two), two), "there and back as they are"


def test_along_a_cycle_codes_are_linear_and_come_round():
    cycle = torch.tensor([[0.0], [1.0], [4.0]])
    found = days.along(
        cycle, torch.tensor([0, 1 / 6, 1 / 3, 5 / 6, 1, -1 / 6], dtype=torch.float64)
    )
    assert found[:, 0].tolist() == pytest.approx([0, 0.5, 1, 2, 0, 2])


def test_varied_days_come_back_to_their_first_code(sequences):
    quiet = TrainCodesSettings(noise=0)
    varied = days.VariedDays(sequences, quiet, seed=1)
    samples = [varied[i] for i in range(40)]
    for codes, following in samples:
        assert codes.shape == following.shape == (8, 8)
        assert torch.equal(codes[1:], following[:-1]), "each is fed in after it was asked for"
        assert torch.allclose(following[-1], codes[0], atol=1e-5)
    assert len({codes.numpy().tobytes() for codes, _ in samples}) == 40
    assert torch.equal(varied[7][0], days.VariedDays(sequences, quiet, seed=1)[7][0])


def test_noise_is_fed_in_and_never_asked_for(sequences):
    noisy = days.VariedDays(sequences, TrainCodesSettings(noise=0.1), seed=1)[3]
    quiet = days.VariedDays(sequences, TrainCodesSettings(noise=0), seed=1)[3]
    assert torch.equal(noisy[1], quiet[1])
    assert torch.equal(noisy[0][0], quiet[0][0]), "the picture's own look"
    assert not torch.equal(noisy[0][1:], quiet[0][1:])


def test_varied_days_stay_among_the_codes(sequences):
    varied = days.VariedDays(sequences, TrainCodesSettings(shift=0), seed=2)
    lowest = torch.cat(sequences).amin(0) - 1e-5
    highest = torch.cat(sequences).amax(0) + 1e-5
    for i in range(50):
        following = varied[i][1]
        assert (following >= lowest).all() and (following <= highest).all()


def test_every_day_is_learnt_or_held_out(sequences):
    learnt, held_out = days.part(sequences, 0.2, seed=0)
    assert len(learnt) == 10 and len(held_out) == 2
    found = {s.numpy().tobytes() for s in learnt + held_out}
    assert found == {s.numpy().tobytes() for s in sequences}
    learnt, held_out = days.part(sequences[:2], 0.9, seed=0)
    assert len(learnt) == len(held_out) == 1


def test_twins_are_left_out(sequences):
    again = [s + 1e-3 for s in sequences]
    kept = days.without_twins(sequences + again)
    assert len(kept) == 12 and all(a is b for a, b in zip(kept, sequences, strict=True))


# -------------------------------------------------------------------- training


def test_the_loss_falls_on_days_held_out_too(trained):
    folder, _ = trained
    losses, held_out = column(folder / "losses.csv"), column(folder / "held_out.csv")
    assert losses[-1] < 0.5 * losses[0]
    assert min(held_out) < 0.7 * held_out[0]
    assert min(held_out) < 0.7, "a mean code would stand at 1"
    best = torch.load(folder / "best.pt", weights_only=True)
    assert best["loss"] == pytest.approx(min(held_out), abs=1e-6)
    settings = json.loads((folder / "settings.json").read_text())
    assert settings["codes"]["hidden_size"] == 12 and settings["loop"]["seed"] == 0


def test_the_best_weights_are_given_not_the_last(sequences, tmp_path):
    wild = loop(15, learning_rate=0.5, average=0.0)
    lstm = train_codes.train(tmp_path, TINY, wild, sequences, CPU)["code_lstm"]
    rows = column(tmp_path / "held_out.csv")
    _, held_out = days.part(sequences, TINY.held_out, 0)
    error = train_codes.errors(lstm, days.every(held_out, TINY.day)).square().mean()
    learnt, _ = days.part(sequences, TINY.held_out, 0)
    loss = float(error / torch.cat(learnt).var(0).mean())
    assert loss == pytest.approx(min(rows), rel=1e-3) and min(rows) < rows[-1]


def test_a_killed_run_resumes_to_the_same_weights(sequences, tmp_path, monkeypatch):
    whole = train_codes.train(tmp_path / "whole", TINY, loop(18), sequences, CPU)

    class Killed(Exception):
        pass

    calls = iter(range(1000))
    draw = days.VariedDays.__getitem__

    def dies(self, index):
        if next(calls) == 4 * 13:
            raise Killed
        return draw(self, index)

    with monkeypatch.context() as patch:
        patch.setattr(days.VariedDays, "__getitem__", dies)
        with pytest.raises(Killed):
            train_codes.train(tmp_path / "cut", TINY, loop(18), sequences, CPU)
    resumed = train_codes.train(tmp_path / "cut", TINY, loop(18), sequences, CPU)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_other_days_or_settings_are_refused(sequences, tmp_path):
    train_codes.train(tmp_path, TINY, loop(1), sequences, CPU)
    with pytest.raises(TrainingError, match=r"other settings \(days\)"):
        train_codes.train(tmp_path, TINY, loop(2), sequences[:8], CPU)
    other = TrainCodesSettings(hidden_size=12, day=5)
    with pytest.raises(TrainingError, match=r"other settings \(codes.day\)"):
        train_codes.train(tmp_path, other, loop(2), sequences, CPU)


@pytest.mark.parametrize("bad", [{"day": 1}, {"held_out": 0.0}, {"mix": 1.5}, {"noise": -1.0}])
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(SettingsError, match="expected"):
        TrainCodesSettings(**bad)


# ---------------------------------------------------------------- predicted days


def test_a_predicted_day_is_seeded_and_closes(trained, sequences):
    _, lstm = trained
    first = sequences[1][:1]
    codes = torch.cat(sequences)
    step = max(float((s[1:] - s[:-1]).norm(dim=1).max()) for s in sequences)
    seen = []
    for seed in range(6):
        day = predict_day(lstm, first, 6, seed)
        assert torch.equal(day, predict_day(lstm, first, 6, seed))
        assert torch.equal(day[:1], first)
        assert (day[-1] - day[0]).norm() < 1.5 * step, "the last step is one like the others"
        assert torch.cdist(day, codes).amin(1).max() < days.deviation_of(codes)
        seen.append(day)
    for i in range(6):
        assert all((seen[i] - seen[j]).norm() > 1e-3 for j in range(i))


def test_without_a_seed_a_day_is_what_the_network_predicts(trained, sequences):
    _, lstm = trained
    first = sequences[1][:1]
    day = predict_day(lstm, first, len(lstm.unrest) + 1)
    second, _ = lstm(first[None], None)
    drift = day[1] - second[0, 0]  # what closing the day took from it
    assert torch.equal(day[:1], first) and torch.equal(day, predict_day(lstm, first, len(day)))
    gap = (day[1] - predict_day(lstm, first, len(day), 0)[1]).norm()
    assert drift.norm() < 0.5 and gap > 1e-4, "seed 0 draws"


def test_another_count_is_the_same_day_in_other_steps(trained, sequences):
    _, lstm = trained
    first = sequences[1][:1]
    assert torch.equal(predict_day(lstm, first, 1, 4), first)
    six, twelve = predict_day(lstm, first, 6, 4), predict_day(lstm, first, 12, 4)
    assert torch.allclose(twelve[::2], six, atol=1e-6)
    assert torch.allclose(twelve[-1], (six[-1] + first[0]) / 2, atol=1e-6), "on the way back"


def test_unrest_is_the_spread_of_the_errors():
    missed = torch.randn(4000, 3, 8, generator=torch.Generator().manual_seed(0))
    missed *= torch.tensor([1.0, 0.5, 0.1])[:, None]
    factors = train_codes.spread(missed)
    for factor, size in zip(factors, (1.0, 0.5, 0.1), strict=True):
        assert torch.allclose(factor @ factor.T, size**2 * torch.eye(8), atol=0.1 * size**2)


# ------------------------------------------------------------------ from the shell


@pytest.fixture
def folder(bundle, sequences, tmp_path):
    """A bundle whose weights are float32, with a card, a licence and days."""
    bundle.appearance_codebook = AppearanceCodebook.ordered(sequences)
    checkpoints.save(bundle, tmp_path / "bundle", torch.float32)
    (tmp_path / "bundle" / "MODEL_CARD.md").write_text("about")
    (tmp_path / "bundle" / "LICENSE").write_text("ours")
    return tmp_path / "bundle"


def command(folder, *more):
    run = ["--run", str(folder.parent / "run"), "--bundle", str(folder), "--device", "cpu"]
    small = "--hidden-size 8 --day 4 --steps 3 --batch 2 --workers 0".split()
    return ["train", "codes", *run, *small, *more]


def test_the_rest_of_the_bundle_stays_to_the_byte(folder, picture, capsys):
    before = {p: p.read_bytes() for p in folder.glob("*.safetensors")}
    described = json.loads((folder / "bundle.json").read_text())
    for _ in range(2):  # the second time over the first one's LSTM
        assert cli.main(command(folder)) == 0
        assert {p: p.read_bytes() for p in before} == before
        added = load_file(folder / "code_lstm.safetensors")
        assert added and all(name.startswith("code_lstm.") for name in added)
    now = json.loads((folder / "bundle.json").read_text())
    assert now["networks"].pop("code_lstm") == {"code_size": 8, "hidden_size": 8, "day": 4}
    assert now["about"].pop("codes")["day"] == 4
    assert now == described
    assert (folder / "MODEL_CARD.md").read_text() == "about"
    assert (folder / "LICENSE").read_text() == "ours"
    day = looks.predict_day(Landscape(picture, checkpoints.load(folder)), seed=2)
    assert day.shape == (8, 8) and torch.isfinite(day).all()
    capsys.readouterr()


def test_the_paper_s_size_is_small_on_disk(tmp_path, bundle):
    checkpoints.save(bundle, tmp_path / "b")
    lstm = checkpoints.build("code_lstm", {})
    checkpoints.add_network(tmp_path / "b", "code_lstm", lstm, {}, {})
    assert (tmp_path / "b" / "code_lstm.safetensors").stat().st_size < 400_000
    whole = checkpoints.load(tmp_path / "b")
    checkpoints.save(whole, tmp_path / "b")
    assert "code_lstm" in checkpoints.load(tmp_path / "b").networks


def test_clips_add_days(folder, tmp_path, capsys):
    scene = tmp_path / "clips" / "meadow"
    scene.mkdir(parents=True)
    base = np.random.default_rng(0).integers(60, 200, (48, 64, 3))
    for t in range(6):
        light = np.array([1.0, 0.9 - 0.1 * t, 0.8 - 0.13 * t]) * (1 - 0.12 * t)
        Image.fromarray((base * light).astype(np.uint8)).save(scene / f"{t}.png")
    alone = train_codes.load_days(folder)
    more = train_codes.load_days(folder, tmp_path / "clips")
    assert len(alone) == 12 and len(more) == 13
    assert cli.main(command(folder, "--clips", str(tmp_path / "clips"))) == 0
    capsys.readouterr()


def test_a_bundle_without_days_is_refused(folder, bundle_folder, tmp_path, capsys):
    lone = shutil.copytree(bundle_folder, tmp_path / "lone")
    tensors = load_file(lone / "codebooks.safetensors")
    save_file(
        {k: v for k, v in tensors.items() if not k.startswith("codebook.appearance.")}
        | {"codebook.appearance.0000": torch.zeros(3, 8)},
        lone / "codebooks.safetensors",
    )
    assert cli.main(command(lone)) == 2
    assert "has 1 days" in capsys.readouterr().err
    assert cli.main(command(tmp_path / "missing")) == 2
    assert "no such folder" in capsys.readouterr().err
