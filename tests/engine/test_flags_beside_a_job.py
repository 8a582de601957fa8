"""Facts of flags: a list that is given replaces the job's; a value may be negative."""

from __future__ import annotations

import json

import pytest

from landscape_engine.settings import MotionSettings
from landscape_engine.shell import cli
from landscape_engine.shell.flags import settings_from

ARROW, OTHER, THIRD = "0.1,0.1,0.5,0.1", "0.2,0.2,0.6,0.2", "0.3,0.3,0.7,0.3"


def parsed(tmp_path, *flags):
    path = tmp_path / "job.json"
    path.write_text(json.dumps({"version": 1, "picture": "a.png", "out": "b",
                                "motion": {"arrows": [ARROW]}}))  # fmt: skip
    return settings_from(cli.parse(["animate", "--job", str(path), *flags]), MotionSettings)


def test_lists_that_are_given_replace_those_of_the_job(tmp_path):
    assert parsed(tmp_path).arrows == (ARROW,)
    assert parsed(tmp_path, "--arrow", OTHER).arrows == (OTHER,)
    assert parsed(tmp_path, "--arrow", OTHER, "--arrow", THIRD).arrows == (OTHER, THIRD)


@pytest.mark.parametrize("value", ["-0.1,0.2,0.3,0.4", "-.1,.2,.3,.4", "-1,0,0.5,0.5"])
def test_a_value_may_begin_with_a_minus(value):
    call = ["animate", "a.png", "--out", "b", "--arrow", value, "--motion-speed", "-0.5"]
    found = settings_from(cli.parse([*call, "--arrow", OTHER]), MotionSettings)
    assert found.arrows == (value, OTHER) and found.speed == -0.5
