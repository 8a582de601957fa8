"""Facts of settings that have no effect: each is said in one sentence, and no other is."""

from __future__ import annotations

import pytest

from landscape_engine.settings import (
    AppearanceSettings,
    LoopSettings,
    MotionSettings,
    RegionSettings,
    unused,
)


def notes(motion=None, regions=None, loop=None, appearance=None):
    return unused.notes(
        motion or MotionSettings(),
        regions or RegionSettings(),
        loop or LoopSettings(),
        appearance or AppearanceSettings(),
    )


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (
            {"motion": MotionSettings("recurrent", water="still"),
             "regions": RegionSettings(still_mask="m.png", horizon=0.5)},
            "--still-mask, --horizon and --water have no effect: --motion recurrent moves",
        ),
        (
            {"regions": RegionSettings(clean=False), "motion": MotionSettings(ripple=2)},
            "--ripple has no effect: --no-clean moves the whole picture.",
        ),
        (
            {"loop": LoopSettings("crossfade", blend="plain", phase_noise=0)},
            "--loop-blend and --phase-noise have no effect: --loop crossfade",
        ),
        ({"loop": LoopSettings(start="blend")}, "--loop-start has no effect: --loop two-phase"),
        ({"loop": LoopSettings("none", frames=20)}, "--loop-frames has no effect: --loop none"),
        (
            {"appearance": AppearanceSettings("per-frame", relative=False, anchor=False)},
            "--absolute and --no-anchor have no effect: --appearance per-frame",
        ),
        (
            {"appearance": AppearanceSettings("off", code="0.5")},
            "--appearance-code has no effect: --appearance off leaves",
        ),
    ],
)  # fmt: skip
def test_a_setting_without_effect_is_said(asked, says):
    (sentence,) = notes(**asked)
    assert sentence.startswith(says) and sentence.endswith(".")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"motion": MotionSettings("recurrent"), "loop": LoopSettings("crossfade")},
        {"loop": LoopSettings("crossfade", start="blend")},
        {"loop": LoopSettings(blend="plain", phase_noise=0.1, frames=30)},
        {"regions": RegionSettings(horizon=0.4), "motion": MotionSettings(water="mirrored")},
        {"appearance": AppearanceSettings("per-frame", code="0.5", cycles=2)},
    ],
)
def test_what_has_an_effect_is_not_said(asked):
    assert notes(**asked) == []
