"""Algorithm 3: style and content losses, their perceptual network, and which frames are taken."""

from __future__ import annotations

import csv
import json
import math
import os
import pickle
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from landscape_engine.bundles import checkpoints
from landscape_engine.bundles.codebook import order
from landscape_engine.errors import BundleError, SettingsError, TrainingError
from landscape_engine.networks import perceptual
from landscape_engine.networks.perceptual import TAPS, load_perceptual
from landscape_engine.settings import TrainAppearanceSettings, TrainingLoopSettings
from landscape_engine.shell import cli
from landscape_engine.training.data import distinct_lights as lights
from landscape_engine.training.data import lit_clips as clips
from landscape_engine.training.data.lit_clips import Clip
from landscape_engine.training.losses import flow_losses as losses
from landscape_engine.training.losses import style
from landscape_engine.training.runs import bundling, train_appearance

CPU = torch.device("cpu")
TINY = {"width": 4, "encoder_width": 4, "size": 64}
SIDE = 64


def loop(steps: int, **changes) -> TrainingLoopSettings:
    return TrainingLoopSettings(
        **{"steps": steps, "batch": 2, "workers": 0, "mixed": False, "decay_from": 1.0} | changes
    )


def distilled(pointwise: bool = False, scale: float = 1.0) -> dict:
    """Weights laid out like those of a distilled VGG-19, tiny; without biases."""
    generator = torch.Generator().manual_seed(0)
    state = {"conv0.weight": scale * torch.eye(3)[:, :, None, None], "conv0.bias": torch.zeros(3)}
    channels = 3
    for block, count, width in ((1, 2, 4), (2, 2, 5), (3, 4, 6), (4, 3, 7)):
        for k in range(1, count + 1):
            weight = torch.randn(width, channels, 3, 3, generator=generator)
            weight *= math.sqrt((2 if pointwise else 0.22) / channels)
            if pointwise:
                weight[:, :, [0, 0, 0, 1, 1, 2, 2, 2], [0, 1, 2, 0, 2, 0, 1, 2]] = 0
            state[f"conv{block}{k}.weight"] = weight
            state[f"conv{block}{k}.bias"] = torch.zeros(width)
            channels = width
    return state


def load(folder: Path, state: dict) -> perceptual.PerceptualNetwork:
    path = folder / "network.pth"
    torch.save(state, path)
    return load_perceptual(path)


def pictures(count: int = 3) -> torch.Tensor:
    rng = torch.Generator().manual_seed(1)
    return torch.rand(count, 3, 32, 32, generator=rng) * 2 - 1


@pytest.fixture
def network_file(tmp_path):
    path = tmp_path / "network.pth"
    torch.save({"epoch": 1, "model": distilled()}, path)
    return path


@pytest.fixture
def days() -> list[Clip]:
    """Three scenes whose light goes down; the second one slowly."""
    rng = np.random.default_rng(0)
    made = []
    for name, fall in (("meadow", 0.11), ("pond", 0.06), ("reef", 0.13)):
        base = rng.integers(60, 220, (3, SIDE, SIDE))
        light = np.clip(1 - fall * np.arange(6), 0.1, 1)[:, None, None, None]
        warmth = np.linspace(1, 0.8, 3)[None, :, None, None] ** np.arange(6)[:, None, None, None]
        frames = torch.from_numpy((base[None] * light * warmth).astype(np.uint8))
        made.append(Clip(name, frames, in_order=True))
    return made


# ------------------------------------------------------------------ the losses


def test_a_gram_matrix_says_which_channels_go_together():
    features = torch.tensor([[[[1.0, 3.0]], [[2.0, 0.0]]]])  # two channels, two pixels
    assert style.gram(features).tolist() == [[[5.0, 1.0], [1.0, 2.0]]]


def test_style_does_not_care_where_but_pooling_does(tmp_path):
    network = load(tmp_path, distilled(pointwise=True))
    picture = pictures()
    blocks = torch.randperm(16, generator=torch.Generator().manual_seed(2))
    cut = picture.unfold(2, 8, 8).unfold(3, 8, 8).flatten(2, 3)[:, :, blocks]  # [B, 3, 16, 8, 8]
    shuffled = cut.unflatten(2, (4, 4)).transpose(3, 4).reshape(picture.shape)
    assert not torch.equal(picture, shuffled)
    seen, seen_shuffled = network(picture), network(shuffled)
    assert style.style(seen, seen) == 0
    darker = style.style(network(picture * 0.5 - 0.5), seen)
    assert style.style(seen_shuffled, seen) < 1e-6 * darker
    assert losses.spatial_pooling(shuffled, picture, 8) > 0.01


def test_content_is_kept_where_features_agree(tmp_path):
    network = load(tmp_path, distilled())
    seen = network(pictures())
    assert style.content(seen, seen) == 0
    assert style.content(network(pictures().flip(3)), seen) > 1e-3


def test_a_weight_counts_alike_whatever_the_features_scale(tmp_path):
    source, target, output = pictures(9).split(3)
    found = []
    for scale in (1.0, 30.0):
        network = load(tmp_path, distilled(scale=scale))
        found.append(style.FeatureLosses(network, target, 1.0, 2.0)(output, source, target))
    assert found[0].keys() == {"style", "content"}
    for name, value in found[0].items():
        assert value > 0 and torch.isclose(value, found[1][name], rtol=1e-4)


def test_a_weight_of_nothing_leaves_its_term_out(tmp_path):
    network = load(tmp_path, distilled())
    source, target, output = pictures(9).split(3)
    only = style.FeatureLosses(network, target, 0.0, 1.0)(output, source, target)
    assert only.keys() == {"content"}
    only = style.FeatureLosses(network, target, 1.0, 0.0)(output, source, target)
    assert only.keys() == {"style"}


# ------------------------------------------------------- the perceptual network


def test_taps_are_those_of_vgg(tmp_path):
    network = load(tmp_path, distilled())
    features = network(pictures())
    assert {k: tuple(v.shape[1:]) for k, v in features.items()} == {
        "relu1_2": (4, 32, 32),
        "relu2_2": (5, 16, 16),
        "relu3_3": (6, 8, 8),
        "relu4_3": (7, 4, 4),
    }
    assert network(pictures(), ["relu2_2"]).keys() == {"relu2_2"}
    assert all(float(f.min()) >= 0 for f in features.values())
    assert not any(p.requires_grad for p in network.parameters())
    with pytest.raises(ValueError, match="relu9_9"):
        network(pictures(), ["relu9_9"])


def test_vgg16_is_read_from_the_file_that_torchvision_publishes(tmp_path):
    state, channels = {}, 3
    for k, theirs in enumerate(perceptual.VGG16_LAYERS.values()):
        state[f"{theirs}.weight"] = torch.randn(2 + k, channels, 3, 3)
        state[f"{theirs}.bias"] = torch.randn(2 + k)
        channels = 2 + k
    network = load(tmp_path, state)
    assert [f.shape[1] for f in network(pictures()).values()] == [3, 5, 8, 11]
    mean = torch.tensor(perceptual.IMAGENET_MEAN).view(1, 3, 1, 1).expand(1, 3, 16, 16)
    assert network.entry(mean).abs().max() < 1e-6, "ImageNet's mean color is nought"


def vgg_layers(plan: list[int | str]) -> nn.Sequential:
    """VGG's convolutions as torchvision numbers them: each with a ReLU, "M" halves the size."""
    layers: list[nn.Module] = []
    channels = 3
    for step in plan:
        if isinstance(step, int):
            layers += [nn.Conv2d(channels, step, 3, padding=1), nn.ReLU()]
            channels = step
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def test_its_features_are_those_of_vgg_layer_by_layer(tmp_path):
    theirs = vgg_layers([4, 4, "M", 5, 5, "M", 6, 6, 6, "M", 7, 7, 7, "M"])
    ours = load(tmp_path, {f"features.{k}": v for k, v in theirs.state_dict().items()})
    mean, std = (
        torch.tensor(x).view(1, 3, 1, 1)
        for x in (perceptual.IMAGENET_MEAN, perceptual.IMAGENET_STD)
    )
    x = ((pictures() + 1) / 2 - mean) / std
    with torch.no_grad():
        wanted = [x := layer(x) for layer in theirs]
    features = ours(pictures())
    for tap, index in zip(TAPS, (3, 8, 15, 22), strict=True):
        assert torch.allclose(features[tap], wanted[index], atol=1e-5), tap


def test_the_distilled_network_of_the_shared_folder(shared):
    network = load_perceptual(shared / "data/perceptual/distilled_vgg19_5SE.pth")
    assert [f.shape[1] for f in network(pictures()).values()] == [16, 32, 64, 128]


class Hostile:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def test_a_hostile_file_is_refused(tmp_path):
    trap = tmp_path / "sprung"
    plain, zipped = tmp_path / "plain.pth", tmp_path / "zipped.pth"
    plain.write_bytes(pickle.dumps({"model": Hostile(trap)}, protocol=2))
    torch.save({"model": Hostile(trap)}, zipped)
    for path in (plain, zipped):
        with pytest.raises(BundleError, match="weights alone") as caught:
            load_perceptual(path)
        assert "\n" not in str(caught.value)
    assert not trap.exists()


def test_a_file_whose_tensors_claim_more_than_it_holds_is_refused(tmp_path):
    """At full size its kilobytes would take all memory there is."""
    state, channels = {"conv0.weight": torch.zeros(3, 3, 1, 1), "conv0.bias": torch.zeros(3)}, 3
    for name in perceptual.DISTILLED_LAYERS.values():
        state[f"{name}.weight"] = torch.zeros(1).expand(16, channels, 3, 3)
        state[f"{name}.bias"], channels = torch.zeros(16), 16
    torch.save(state, tmp_path / "small.pth")
    with pytest.raises(BundleError, match="weights alone"):
        load_perceptual(tmp_path / "small.pth")
    torch.save({name: tensor.clone() for name, tensor in state.items()}, tmp_path / "whole.pth")
    assert load_perceptual(tmp_path / "whole.pth").name.startswith("whole.pth")


@pytest.mark.parametrize(
    "state, words",
    [
        ({"fc.weight": torch.zeros(2, 2)}, "holds no perceptual network"),
        ([1, 2], "holds no perceptual network"),
        ({k: v for k, v in distilled().items() if k != "conv32.bias"}, "'conv32'.*expected"),
        (distilled() | {"conv21.weight": torch.zeros(5, 9, 3, 3)}, r"\[5, 9, 3, 3\]; expected"),
        (distilled() | {"conv12.bias": torch.full((4,), math.nan)}, "'conv12'.*NaN"),
    ],
)
def test_other_weights_are_refused(tmp_path, state, words):
    with pytest.raises(BundleError, match=words) as caught:
        load(tmp_path, state)
    assert "\n" not in str(caught.value)


def test_what_is_missing_is_said_in_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(BundleError, match="no perceptual network .*expected 'vgg16' or a file"):
        load_perceptual(tmp_path / "nothing.pth")

    def unreachable(*args, **kwargs):
        raise URLError("Name or service not known")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", unreachable)
    with pytest.raises(BundleError, match=r"VGG-16.*\(Name or service.*--perceptual") as caught:
        load_perceptual("vgg16")
    assert "\n" not in str(caught.value)


# ------------------------------------------------------------ settings, presets


def test_presets_say_what_the_weights_are():
    ships, paper = TrainAppearanceSettings(), TrainAppearanceSettings(preset="paper")
    names = ("style_weight", "pooled_weight", "content_weight", "tv_weight", "least_change")
    assert [getattr(ships, n) for n in names] == [0, 1, 0, 0.05, 0]
    assert [getattr(paper, n) for n in names] == [1, 1e-2, 1e-5, 0.1, 0.3], "sections 4.3 and 6.1"
    assert not ships.compares_features and paper.compares_features
    mixed = TrainAppearanceSettings(preset="paper", style_weight=0.0, tv_weight=0.2)
    assert (mixed.style_weight, mixed.tv_weight, mixed.content_weight) == (0, 0.2, 1e-5)
    with pytest.raises(SettingsError, match="--style-weight is -1"):
        TrainAppearanceSettings(style_weight=-1.0)
    with pytest.raises(SettingsError, match="expected one of pairs, paper"):
        TrainAppearanceSettings(preset="papers")


def test_no_network_is_asked_for_where_no_term_needs_it(tmp_path, days, monkeypatch):
    def never(name):
        raise AssertionError(name)

    monkeypatch.setattr(train_appearance, "load_perceptual", never)
    settings = TrainAppearanceSettings(**TINY, preset="paper", style_weight=0.0, content_weight=0.0)
    train_appearance.train(tmp_path, settings, loop(20), days, CPU)
    (row,) = csv.DictReader((tmp_path / "losses.csv").read_text().splitlines())
    assert row.keys() == {"step", "pooled", "tv"}, "nor the codes' size, which the paper leaves out"


def test_without_its_network_nothing_is_begun(tmp_path, days):
    settings = TrainAppearanceSettings(**TINY, preset="paper", perceptual="nowhere.pth")
    with pytest.raises(BundleError, match="nowhere.pth"):
        train_appearance.train(tmp_path / "run", settings, loop(1), days, CPU)
    assert not (tmp_path / "run").exists()


# ----------------------------------------------------------- which frames, which pairs


def test_frames_that_hardly_differ_are_left_out():
    levels = torch.tensor([200, 199, 198, 180, 160, 159, 120, 119], dtype=torch.uint8)
    frames = levels.view(-1, 1, 1, 1).expand(-1, 3, 16, 16)
    # mean colors differ by 3/127.5 a level: 13 levels make a change of 0.3
    assert [int(levels[t]) for t in lights.distinct(frames, 0.3)] == [200, 180, 160, 120]
    paper = TrainAppearanceSettings(preset="paper")
    found = lights.select([Clip("dimming", frames, True), Clip("set", frames, False)], paper)
    assert [len(c.frames) for c in found] == [4, 8], "what has no order in time stays whole"
    (kept,) = lights.select([Clip("dimming", frames, True)], TrainAppearanceSettings())
    assert len(kept.frames) == 8


def test_clips_of_steady_light_are_refused():
    still = Clip("noon", torch.full((5, 3, 16, 16), 128, dtype=torch.uint8), in_order=True)
    for preset in ("pairs", "paper"):
        with pytest.raises(TrainingError, match="none of the 1 clips .* changes by 0.3"):
            lights.select([still], TrainAppearanceSettings(preset=preset))


def test_frames_are_taken_ten_minutes_apart(tmp_path):
    folder = tmp_path / "clips" / "day"
    folder.mkdir(parents=True)
    for t in range(12):
        Image.new("RGB", (32, 32), (20 * t,) * 3).save(folder / f"{t:02d}.png")
    every = TrainAppearanceSettings()
    two_minutes = TrainAppearanceSettings(frame_minutes=2.0)
    assert (lights.stride(every), lights.stride(two_minutes)) == (1, 5)
    assert lights.stride(TrainAppearanceSettings(frame_minutes=60.0)) == 1
    (clip,) = clips.load(folder.parent, 16, lights.stride(two_minutes))
    assert clip.frames[:, 0, 0, 0].tolist() == [0, 100, 200]


def test_an_epoch_shows_every_clip_once(days):
    grey = [
        Clip(str(k), torch.full((4, 3, SIDE, SIDE), 40 * k, dtype=torch.uint8), True)
        for k in range(6)
    ]
    pairs = train_appearance.LightPairs(grey, SIDE, seed=3, draw="clips")
    epochs = [[round(float((pairs[i][0].mean() + 1) * 127.5 / 40)) for i in range(6)]]
    epochs += [[round(float((pairs[i][0].mean() + 1) * 127.5 / 40)) for i in range(6, 12)]]
    assert [sorted(e) for e in epochs] == [list(range(6))] * 2
    assert epochs[0] != epochs[1], "in another order"


# ---------------------------------------------------------------- the whole run


def test_a_killed_run_with_style_resumes_exactly(tmp_path, days, network_file, monkeypatch):
    settings = TrainAppearanceSettings(**TINY, preset="paper", perceptual=str(network_file))
    arguments = settings, loop(8, save_every=3), days, CPU
    whole = train_appearance.train(tmp_path / "whole", *arguments)

    class Killed(Exception):
        pass

    calls = iter(range(100))
    real = style.style

    def dies(*args):
        if next(calls) == 5:
            raise Killed
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(style, "style", dies)
        with pytest.raises(Killed):
            train_appearance.train(tmp_path / "cut", *arguments)
    resumed = train_appearance.train(tmp_path / "cut", *arguments)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_run_with_another_network_is_not_resumed(tmp_path, days, network_file):
    settings = TrainAppearanceSettings(**TINY, preset="paper", perceptual=str(network_file))
    train_appearance.train(tmp_path / "run", settings, loop(1), days, CPU)
    torch.save(distilled(scale=2.0), network_file)
    with pytest.raises(TrainingError, match="other settings"):
        train_appearance.train(tmp_path / "run", settings, loop(2), days, CPU)


def test_sequences_are_stored_in_order(tmp_path, days):
    settings = TrainAppearanceSettings(**TINY, clip_share=1.0, code_change=0.2)
    networks = train_appearance.build(settings)
    bundling.add_appearance(tmp_path / "bundle", networks, settings, days)
    book = checkpoints.load(tmp_path / "bundle").appearance_codebook
    assert len(book) == 3
    means = torch.stack([s.mean(0) for s in book.sequences])
    assert order(means).tolist() == [0, 1, 2]
    fewer = TrainAppearanceSettings(**TINY, clip_share=1.0, code_change=0.8)
    bundling.add_appearance(tmp_path / "fewer", networks, fewer, days)
    shorter = checkpoints.load(tmp_path / "fewer").appearance_codebook
    assert max(map(len, shorter.sequences)) < min(map(len, book.sequences))


def test_from_the_shell_with_all_terms(tmp_path, days, network_file, capsys):
    for clip in days:
        folder = tmp_path / "clips" / clip.name
        folder.mkdir(parents=True)
        for t, frame in enumerate(clip.frames):
            Image.fromarray(frame.permute(1, 2, 0).numpy()).save(folder / f"{t}.png")
    small = "--width 4 --encoder-width 4 --size 64 --batch 2 --workers 0 --steps 2".split()
    run, bundle = tmp_path / "run", tmp_path / "bundle"
    arguments = ["--clips", str(tmp_path / "clips"), "--run", str(run), "--bundle", str(bundle)]
    more = ["--preset", "paper", "--perceptual", str(network_file), "--device", "cpu", *small]
    assert cli.main(["train", "appearance", *arguments, *more]) == 0
    about = json.loads((bundle / "bundle.json").read_text())["about"]["appearance"]
    assert (about["style_weight"], about["perceptual"]) == (1.0, "network.pth")
    settings = json.loads((run / "settings.json").read_text())["appearance"]
    assert settings["perceptual"].startswith("network.pth sha256:")
    assert str(tmp_path) not in json.dumps([about, settings]), "no path of this machine"
    assert len(checkpoints.load(bundle).appearance_codebook) >= 2
    capsys.readouterr()
    missing = [*arguments[:2], "--run", str(tmp_path / "other"), *arguments[4:], *small]
    assert cli.main(["train", "appearance", *missing, "--style-weight", "1", "--perceptual",
                     str(tmp_path / "none.pth")]) == 2  # fmt: skip
    assert capsys.readouterr().err.count("\n") == 1
