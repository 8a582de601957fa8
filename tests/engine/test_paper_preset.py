"""Facts of `--preset paper`: the numbers of sections 4.3, 6.1 and 6.6 and of Tables 1 and 2."""

from __future__ import annotations

import pytest
import torch

from landscape_engine.motion import codes
from landscape_engine.networks.motion import MotionPredictor
from landscape_engine.settings import (
    MotionClipSettings,
    RegularizerSettings,
    TrainAppearanceSettings,
    TrainingLoopSettings,
    TrainMotionSettings,
)
from landscape_engine.shell import cli
from landscape_engine.shell.flags import settings_from
from landscape_engine.training.runs import train_appearance, train_motion
from landscape_engine.training.runs.training_loop import Run

COMMON = ("--run", "run", "--bundle", "bundle", "--clips", "clips")


def chosen(part, kind, *flags):
    return settings_from(cli.parse(["train", part, *COMMON, *flags]), kind)


@pytest.mark.parametrize("part", ["motion", "appearance"])
def test_the_optimizer_is_the_papers(part, tmp_path):
    loop = chosen(part, TrainingLoopSettings, "--preset", "paper")
    assert (loop.learning_rate, loop.batch) == (1e-4, 8)
    assert (loop.first_beta, loop.second_beta) == (0.5, 0.999)
    # what the paper doesn't have
    assert (loop.most_gradient, loop.average, loop.mixed) == (0, 0, False)
    modules = torch.nn.ModuleDict({"one": torch.nn.Linear(1, 1)})
    run = Run(tmp_path, modules, loop, {})
    assert run.optimizer.defaults["betas"] == (0.5, 0.999)
    for run.step in (0, loop.steps // 2, loop.steps - 1):
        assert run._rate(0.0) == 1.0


@pytest.mark.parametrize(
    "part, kind", [("motion", TrainMotionSettings), ("appearance", TrainAppearanceSettings)]
)
def test_the_networks_have_the_papers_sizes(part, kind):
    sizes = chosen(part, kind, "--preset", "paper")
    assert (sizes.width, sizes.encoder_width, sizes.size) == (128, 64, 256)
    assert train_appearance.CODE_SIZE == 8 and train_appearance.ENCODER_SIZE == 128
    predictor = MotionPredictor()
    assert predictor.beta == 64
    assert predictor.trunk.conv1.out_channels == 128 and predictor.trunk.conv1.in_channels == 3 + 8


def test_motion_is_learnt_from_clips_by_equation_4():
    clips = chosen("motion", MotionClipSettings, "--preset", "paper")
    assert (clips.clip_share, clips.photometric_weight, clips.clip_tv_weight) == (1, 1, 1)
    assert (clips.clip_weight, clips.sigma, clips.measured_weight) == (1, 0.1, 0)
    assert (clips.every, clips.least_change) == (2, 0.02)
    assert (clips.first_field, clips.field_rate, clips.mirror, clips.held_out) == (
        "zero", 1, False, 0,
    )  # fmt: skip
    assert chosen("motion", TrainMotionSettings, "--preset", "paper").code_weight == 0


def test_appearance_is_learnt_by_equation_11():
    light = chosen("appearance", TrainAppearanceSettings, "--preset", "paper")
    weights = (light.style_weight, light.pooled_weight, light.content_weight, light.tv_weight)
    assert weights == (1, 1e-2, 1e-5, 0.1)
    assert (light.code_weight, light.clip_share, light.draw) == (0, 1, "clips")


def test_a_flag_beside_the_preset_has_the_last_word():
    assert chosen("motion", TrainMotionSettings, "--preset", "paper", "--width", "64").width == 64
    loop = chosen("appearance", TrainingLoopSettings, "--preset", "paper", "--batch", "2")
    assert (loop.batch, loop.learning_rate) == (2, 1e-4)


def test_without_it_nothing_changes():
    assert chosen("motion", TrainingLoopSettings) == TrainingLoopSettings()
    assert chosen("motion", MotionClipSettings) == MotionClipSettings()
    assert chosen("motion", TrainMotionSettings) == TrainMotionSettings()


# ------------------------------------------------------------------ Gaussian codes


def test_codes_are_drawn_from_a_gaussian(bundle):
    drawn = torch.cat([codes.named(bundle, "gaussian", seed) for seed in range(400)])
    assert drawn.shape == (400, 8)
    assert abs(float(drawn.mean())) < 0.06 and abs(float(drawn.std()) - 1) < 0.05
    assert torch.equal(codes.named(bundle, "gaussian", 3), drawn[3:4])


@pytest.mark.parametrize("regularizer", ["vae", "wae"])
def test_appearance_codes_can_be_drawn_towards_it(regularizer, tmp_path):
    settings = TrainAppearanceSettings(width=4, encoder_width=4, size=64, clip_share=0.0)
    loop = TrainingLoopSettings(steps=2, batch=2, workers=0, mixed=False, log_every=1)
    networks = train_appearance.train(
        tmp_path, settings, loop, [], torch.device("cpu"),
        regularizer=RegularizerSettings(regularizer=regularizer),
    )  # fmt: skip
    assert ("appearance_spread" in networks) == (regularizer == "vae")
    names, *rows = (tmp_path / "losses.csv").read_text().splitlines()
    assert "code" in names.split(",") and len(rows) == 2


def test_training_leaves_the_callers_numbers_alone(tmp_path):
    torch.manual_seed(11)
    before = torch.get_rng_state()
    settings = TrainMotionSettings(width=4, encoder_width=4, size=64)
    loop = TrainingLoopSettings(steps=1, batch=1, workers=0, mixed=False)
    train_motion.train(tmp_path, settings, loop, None, torch.device("cpu"))
    assert torch.equal(torch.get_rng_state(), before)
