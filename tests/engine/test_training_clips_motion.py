"""Motion learnt from clips: pairs, the common motion fields, regularisers, several processes."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from landscape_engine import images
from landscape_engine.bundles import checkpoints
from landscape_engine.bundles.codebook import order
from landscape_engine.errors import SettingsError, TrainingError
from landscape_engine.networks.encoder import Encoder
from landscape_engine.settings import (
    MotionClipSettings,
    RegularizerSettings,
    TrainingLoopSettings,
    TrainMotionSettings,
)
from landscape_engine.shell import cli
from landscape_engine.training.data import footage
from landscape_engine.training.data.common_fields import CommonFields
from landscape_engine.training.data.footage import Film, Footage
from landscape_engine.training.losses import flow_losses as losses
from landscape_engine.training.losses import regularizers
from landscape_engine.training.runs import bundling, train_motion

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")
TINY = TrainMotionSettings(width=4, encoder_width=4, size=64)
ALL = MotionClipSettings(every=1, least_change=0, held_out=0, mirror=False, clip_share=1)


def loop(steps: int, **changes) -> TrainingLoopSettings:
    return TrainingLoopSettings(
        **{"steps": steps, "batch": 2, "workers": 0, "mixed": False, "decay_from": 1.0} | changes
    )


def drifting(velocity_px: tuple[float, float], count: int = 6, size: int = 64) -> torch.Tensor:
    """Frames [T, 3, S, S] uint8 of a soft texture that moves by so many pixels a frame."""
    rng = np.random.default_rng(3)
    waves = [(*rng.uniform(-0.5, 0.5, 2), rng.uniform(0, 6.3, 3)) for _ in range(12)]
    y, x = np.mgrid[:size, :size].astype(float)
    frames = []
    for t in range(count):
        u, v = x - velocity_px[0] * t, y - velocity_px[1] * t
        total = sum(np.sin(a * u + b * v + phase[:, None, None]) for a, b, phase in waves)
        frames.append(np.clip(127.5 + 30 * total, 0, 255))
    return torch.from_numpy(np.stack(frames).round().astype(np.uint8))


def clip(velocity_px: tuple[float, float], name: str = "drift") -> Footage:
    frames = drifting(velocity_px)
    return Footage(name, frames, torch.stack([torch.arange(5), torch.arange(1, 6)], 1))


def write_frames(folder: Path, frames: torch.Tensor) -> Path:
    folder.mkdir(parents=True)
    for t, frame in enumerate(frames):
        Image.fromarray(frame.permute(1, 2, 0).numpy()).save(folder / f"{t:03d}.png")
    return folder


def load(folder: Path, **changes) -> Film:
    return footage.load(folder, 64, MotionClipSettings(mirror=False, **changes))


# ------------------------------------------------------------------- frame selection


def test_pairs_that_hardly_change_are_dropped(tmp_path):
    moving = drifting((0.4, 0), 8)
    held = torch.cat([moving[:4], moving[3:4].expand(4, -1, -1, -1), moving[4:]])
    write_frames(tmp_path / "film" / "held", held)
    (found,) = load(tmp_path / "film", every=1, held_out=0).clips
    assert found.pairs.tolist() == [[t, t + 1] for t in (0, 1, 2, 7, 8, 9, 10)]
    (other,) = load(tmp_path / "film", every=2, held_out=0).clips
    assert torch.equal(other.frames, found.frames[::2]), "every other frame"
    assert other.pairs.tolist() == [[0, 1], [1, 2], [3, 4], [4, 5]]


def test_cuts_and_the_end_are_kept_out(tmp_path):
    frames = drifting((0.4, 0), 10)
    frames[4:] = 255 - frames[4:]
    write_frames(tmp_path / "film" / "cut", frames)
    (found,) = load(tmp_path / "film", every=1, held_out=0.2).clips
    assert len(found.frames) == 8, "the last fifth is for judging"
    assert found.pairs.tolist() == [[t, t + 1] for t in (0, 1, 2, 4, 5, 6)]


def test_frames_that_cannot_be_used_are_named_and_time_goes_on(tmp_path):
    folder = write_frames(tmp_path / "film" / "lake", drifting((0.4, 0), 8))
    (folder / "002.png").write_bytes(b"not a picture")
    Image.new("RGB", (80, 64)).save(folder / "005.png")
    film = load(tmp_path / "film", every=1, held_out=0)
    assert film.clips[0].pairs.tolist() == [[0, 1], [2, 3], [4, 5]], "no pair across a gap"
    assert len(film.remarks) == 2
    assert "002.png" in film.remarks[0]
    assert "005.png" in film.remarks[1] and "80 × 64" in film.remarks[1]


def test_clips_that_cannot_be_used_are_named(tmp_path):
    film = tmp_path / "film"
    write_frames(film / "one", drifting((0.4, 0), 1))
    (film / "broken.mp4").write_bytes(b"not a video")
    write_frames(film / "still", drifting((0, 0), 6))
    with pytest.raises(TrainingError, match="no clips to learn motion from"):
        load(film)
    write_frames(film / "good", drifting((0.4, 0), 8))
    found = load(film, every=1)
    assert [c.name for c in found.clips] == ["good"]
    assert [any(name in r for r in found.remarks) for name in ("one", "broken.mp4", "still")]
    with pytest.raises(TrainingError, match="missing doesn't exist; expected a folder with clips"):
        load(tmp_path / "missing")


def test_a_folder_of_frames_is_a_clip_and_mirrors_are_clips(tmp_path):
    folder = write_frames(tmp_path / "alone", drifting((0.4, 0.2), 8))
    settings = MotionClipSettings(every=1)
    one, mirrored = footage.load(folder, 64, settings).clips
    flow, other = footage.measure(one), footage.measure(mirrored)
    middle = (slice(None), slice(16, 48), slice(16, 48))
    assert flow[middle].mean((1, 2)) == pytest.approx([-0.8 / 63, -0.4 / 63], abs=0.003)
    assert other[middle].mean((1, 2)) == pytest.approx([0.8 / 63, -0.4 / 63], abs=0.003)


def test_videos_are_read(tmp_path):
    pictures = [Image.fromarray(f.permute(1, 2, 0).numpy()) for f in drifting((0.5, 0), 8)]
    pictures[0].save(tmp_path / "sea.gif", save_all=True, append_images=pictures[1:], duration=100)
    (found,) = load(tmp_path, every=1, held_out=0).clips
    assert (found.name, found.frames.shape, len(found.pairs)) == ("sea.gif", (8, 3, 64, 64), 7)


def test_settings_out_of_range_are_refused():
    for wrong in ({"clip_share": 1.1}, {"every": 0}, {"held_out": 1}, {"sigma": 0}):
        with pytest.raises(SettingsError, match="expected"):
            MotionClipSettings(**wrong)
    with pytest.raises(SettingsError, match="least-change"):
        MotionClipSettings(least_change=0.3, most_change=0.2)
    with pytest.raises(SettingsError, match="none, vae, wae"):
        RegularizerSettings(regularizer="gan")


# ---------------------------------------------------------------------- the training


def test_the_photometric_loss_is_least_at_the_true_flow():
    before, after = clip((0.4, -0.2)).pair(0)
    true = torch.tensor([-0.4, 0.2]).view(1, 2, 1, 1) * (2 / 63)

    def loss(flow):
        return float(losses.photometric(flow, before[None], after[None]))

    still = torch.zeros(1, 2, 64, 64)
    assert loss(true.expand(-1, -1, 64, 64)) < 0.2 * loss(still)
    assert loss(-true.expand(-1, -1, 64, 64)) > loss(still)
    still.requires_grad_()
    losses.photometric(still, before[None], after[None]).backward()
    assert still.grad.abs().max() > 0, "what stands still can learn to move"


def test_the_direction_of_a_clip_is_learnt_without_being_told(tmp_path):
    film = Film([clip((0.36, 0.2))], ALL)
    networks = train_motion.train(
        tmp_path, TINY, loop(100, learning_rate=4e-3, average=0.9), None, CPU, film=film
    )
    code = train_motion.clip_codes(networks)
    with torch.no_grad():
        flow = networks["motion_predictor"](film.clips[0].pair(2)[:1], code)
    moved = -flow.mean((0, 2, 3))
    angle = torch.rad2deg(torch.atan2(moved[1], moved[0])) - np.rad2deg(np.arctan2(0.2, 0.36))
    assert abs(float(angle)) < 30
    common = networks["common_fields"].fields[0].mean((1, 2))
    assert torch.cosine_similarity(-common, torch.tensor([0.36, 0.2]), dim=0) > 0.86
    rows = list(csv.DictReader((tmp_path / "losses.csv").read_text().splitlines()))
    assert float(rows[-1]["photometric"]) < 0.8 * float(rows[0]["photometric"])


def test_measured_flow_tells_the_direction_sooner(tmp_path):
    film = Film([clip((0.36, 0.2))], replace(ALL, measured_weight=1.0, first_field="measured"))
    networks = train_motion.train(
        tmp_path, TINY, loop(30, learning_rate=4e-3, average=0.9, log_every=5), None, CPU, film=film
    )
    with torch.no_grad():
        flow = networks["motion_predictor"](
            film.clips[0].pair(2)[:1], train_motion.clip_codes(networks)
        )
    moved = -flow.mean((0, 2, 3))
    assert torch.cosine_similarity(moved, torch.tensor([0.36, 0.2]), dim=0) > 0.95
    rows = list(csv.DictReader((tmp_path / "losses.csv").read_text().splitlines()))
    assert float(rows[-1]["measured"]) < 0.7 * float(rows[0]["measured"])


def test_each_epoch_takes_every_clip_once():
    pairs = train_motion.MotionPairs([clip((v, 0)) for v in (0.1, 0.2, 0.3, 0.4, 0.5)], seed=1)
    epochs = [[pairs[5 * e + k][2] for k in range(5)] for e in range(4)]
    assert all(sorted(epoch) == [0, 1, 2, 3, 4] for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_clips_and_scenes_are_mixed_by_their_share():
    pairs = train_motion.MotionPairs([clip((0.4, 0)), clip((0, 0.4))], seed=0)
    scenes = train_motion.MotionScenes(64, 0, None)
    numbers = [int(train_motion.MotionSamples(scenes, pairs, 0.25)[i][-1]) for i in range(16)]
    assert sum(n >= 0 for n in numbers) == 4
    assert sorted(n for n in numbers if n >= 0) == [0, 0, 1, 1]


def test_fields_become_what_was_predicted_and_only_for_their_clips():
    fields = CommonFields(3)
    predicted = torch.stack([torch.full((2, 64, 64), v) for v in (0.2, 0.4, 0.9, 0.5)])
    fields.refine(torch.tensor([2, 2, -1, 0]), predicted)
    assert fields.fields.mean((1, 2, 3)) == pytest.approx([0.5, 0.0, 0.3]), "twice: the mean"
    slow = CommonFields(1, rate=0.25)
    slow.refine(torch.tensor([0]), predicted[2:3])
    assert slow.fields.mean() == pytest.approx(0.225), "a quarter of the way"
    shown = fields.put_into(torch.full((2, 2, 128, 128), 7.0), torch.tensor([-1, 2]))
    assert shown.mean((1, 2, 3)) == pytest.approx([7.0, 0.3])


@pytest.mark.parametrize("regularizer", ["none", "vae", "wae"])
def test_a_killed_run_keeps_its_common_fields(tmp_path, regularizer, monkeypatch):
    film = Film([clip((0.4, 0)), clip((0, 0.4), "other")], ALL)
    kind = RegularizerSettings(regularizer=regularizer)

    def train(name):
        return train_motion.train(
            tmp_path / name, TINY, loop(8, save_every=3), None, CPU, film=film, regularizer=kind
        )

    whole = train("whole")
    assert whole["common_fields"].fields.abs().amax((1, 2, 3)).min() > 0
    calls = iter(range(100))
    real = losses.photometric

    def dies(*args):
        if next(calls) == 5:
            raise KeyboardInterrupt
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(losses, "photometric", dies)
        with pytest.raises(KeyboardInterrupt):
            train("cut")
    saved = torch.load(tmp_path / "cut" / "checkpoint.pt", weights_only=True)
    assert saved["step"] == 3 and saved["carried"]["fields"].abs().max() > 0
    resumed = train("cut")
    assert torch.equal(resumed["common_fields"].fields, whole["common_fields"].fields)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other) and one.isfinite().all()


def test_other_clips_are_refused_by_name(tmp_path):
    film = Film([clip((0.4, 0))], ALL)
    train_motion.train(tmp_path, TINY, loop(1), None, CPU, film=film)
    with pytest.raises(TrainingError, match=r"other settings \(footage\)"):
        others = Film([clip((0.4, 0), "other")], ALL)
        train_motion.train(tmp_path, TINY, loop(2), None, CPU, film=others)
    with pytest.raises(TrainingError, match=r"other settings \(motion.tv_weight\)"):
        wider = TrainMotionSettings(width=4, encoder_width=4, size=64, tv_weight=0.5)
        train_motion.train(tmp_path, wider, loop(2), None, CPU, film=film)


def test_a_sheet_shows_clips_and_scenes(tmp_path):
    film = Film([clip((0.4, 0))], MotionClipSettings(clip_share=0.5))
    train_motion.train(tmp_path, TINY, loop(2, sheet_every=2, batch=1), None, CPU, film=film)
    (sheet,) = (tmp_path / "sheets").iterdir()
    assert sheet.name == "step-000002.png"
    height, width = images.load_image(sheet).shape[2:]
    assert height > 8 * 64 and width > 4 * 64, "four tiles in each of eight rows"


# --------------------------------------------------------------------- regularisers


def spread_after(regularizer: RegularizerSettings) -> float:
    """Deviation of an encoder's codes, far apart at first, after some steps of their loss alone."""
    torch.manual_seed(0)
    encoder = Encoder(2, 4, norm="none")
    encoder.fc.weight.data.normal_(0, 15)
    shown = torch.randn(8, 2, 1, 1).expand(-1, -1, 128, 128)
    spread = regularizers.spread_of(encoder)
    optimizer = torch.optim.Adam([*encoder.parameters(), *spread.parameters()], 3e-3)
    for _ in range(40):
        noise = torch.randn(8, 8)
        code, loss = regularizers.encode(encoder, spread, shown, noise, regularizer, 0.0)
        assert code.isfinite().all() and loss.isfinite()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float(encoder(shown).std(0).mean().detach())


def test_regularisers_draw_far_codes_together():
    free = spread_after(RegularizerSettings())
    assert free > 3, "a Gaussian's is 1"
    assert 0 < spread_after(RegularizerSettings("vae", vae_weight=1)) < 0.5 * free
    assert 0 < spread_after(RegularizerSettings("wae", wae_weight=1)) < 0.8 * free


def test_regularisers_cost_nothing_where_codes_are_gaussian():
    torch.manual_seed(0)
    drawn, other = torch.randn(2, 400, 8)
    assert regularizers.divergence(torch.zeros(4, 8), torch.zeros(4, 8)) == 0
    assert regularizers.divergence(torch.full((4, 8), 2.0), torch.zeros(4, 8)) == 16
    assert abs(float(regularizers.discrepancy(other, drawn))) < 0.02
    assert regularizers.discrepancy(other * 3, drawn) > 0.1, "too wide"
    assert regularizers.discrepancy(other * 0.1, drawn) > 0.1, "all alike"


# ------------------------------------------------------------- the shell and its runs


@pytest.fixture
def film_folder(tmp_path) -> Path:
    write_frames(tmp_path / "film" / "right", drifting((0.4, 0), 8))
    write_frames(tmp_path / "film" / "down", drifting((0, 0.4), 8))
    return tmp_path / "film"


SMALL = "--width 4 --encoder-width 4 --size 64 --every 1 --workers 0 --device cpu".split()


def test_from_clips_to_a_bundle_with_its_record(film_folder, tmp_path, capsys):
    bundle, run = tmp_path / "bundle", tmp_path / "run"
    (film_folder / "right" / "003.png").write_bytes(b"damaged")
    flags = ["--clips", str(film_folder), "--run", str(run), "--bundle", str(bundle), *SMALL]
    flags += ["--steps", "2", "--batch", "2", "--seed", "5"]
    assert cli.main(["train", "motion", *flags, "--clip-share", "1"]) == 0
    told = capsys.readouterr()
    assert "003.png" in told.err and told.out.strip() == str(bundle)
    codes = checkpoints.load(bundle).motion_codebook.codes
    assert len(codes) == 4, "one for each clip and each mirrored one"
    assert order(codes).tolist() == list(range(len(codes)))
    record = json.loads((bundle / "run-motion.json").read_text())
    assert record["loop"]["seed"] == 5 and record["clips"]["every"] == 1
    assert record["footage"] == ["down", "down mirrored", "right", "right mirrored"]
    assert record["data"][0].keys() == {"name", "bytes", "sha256_first_mib"}
    assert [d["name"] for d in record["data"]][7:9] == ["down/007.png", "right/000.png"]
    assert "revision" in record and str(tmp_path) not in json.dumps(record)


def test_mixed_training_keeps_codes_of_both(monkeypatch):
    monkeypatch.setattr(bundling, "CANDIDATES", 100)
    torch.manual_seed(0)
    networks = train_motion.build(TINY)
    networks["common_fields"] = CommonFields(60)
    networks["common_fields"].fields.normal_(0, 3)
    codes = bundling.motion_codes(networks, alone=False)
    assert bundling.MOST_MOTION_CODES // 2 < len(codes) <= 100
    assert len(bundling.motion_codes(networks, alone=True)) == 60


def losses_of(run: Path) -> np.ndarray:
    rows = list(csv.DictReader((run / "losses.csv").read_text().splitlines()))
    return np.array([[float(v) for v in row.values()] for row in rows])


def first_moments(run: Path) -> list[torch.Tensor]:
    """Adam's first moments; after one step they are that step's gradient times 1 - beta_1."""
    state = torch.load(run / "checkpoint.pt", weights_only=True)["optimizer"]["state"]
    return [one["exp_avg"] for _, one in sorted(state.items())]


PROGRAM = """
import os
import sys
from landscape_engine.shell import cli
from landscape_engine.training.runs import bundling
bundling.CANDIDATES = bundling.MOST_MOTION_CODES  # the codebook's 2,000 take long
code = cli.main(sys.argv[1:])
sys.stdout.flush()
os._exit(code)  # gloo's threads were seen to abort while the interpreter is taken down
"""


@pytest.fixture
def one_thread():
    """As many threads in this process as each of the two has, so that sums are rounded alike."""
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(usual)


@pytest.mark.usefixtures("one_thread")
def test_two_processes_do_what_one_does_with_twice_the_batch(film_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(bundling, "CANDIDATES", bundling.MOST_MOTION_CODES)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": "2",
    }

    def flags(run, batch):
        return ["train", "motion", "--clips", str(film_folder), "--run", str(tmp_path / run),
                "--bundle", str(tmp_path / f"bundle-{run}"), *SMALL, "--batch", str(batch),
                "--steps", "1", "--clip-share", "0.75", "--log-every", "1", "--no-mixed",
                "--regularizer", "vae", "--learning-rate", "1e-3"]  # fmt: skip

    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *flags("two", 2)],
            env={**environment, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    assert cli.main(flags("one", 4)) == 0
    told, errors = zip(*(p.communicate(timeout=120) for p in processes), strict=True)
    assert processes[0].returncode == 0, errors[0]
    # a rank that writes nothing may abort in gloo's own teardown: what it gave is compared below
    assert processes[1].returncode in (0, -signal.SIGABRT), errors[1]
    assert told[0].strip() == str(tmp_path / "bundle-two") and not told[1], "rank 0 alone writes"
    one, two = losses_of(tmp_path / "one"), losses_of(tmp_path / "two")
    assert one.shape == two.shape and one.shape[0] == 1
    assert np.allclose(one, two, rtol=1e-3, atol=2e-6)
    # Adam makes much of rounding where gradients are tiny: the gradients themselves are compared
    alone, shared = (first_moments(tmp_path / run) for run in ("one", "two"))
    assert len(alone) == len(shared) > 0
    for gradient, averaged in zip(alone, shared, strict=True):
        assert (gradient - averaged).norm() <= 1e-3 * gradient.norm() + 1e-7
    assert json.loads((tmp_path / "two" / "settings.json").read_text())["processes"] == 2
