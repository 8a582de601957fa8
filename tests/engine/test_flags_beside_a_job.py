"""Facts of flags beside --job: a list that is given replaces the job's."""

from __future__ import annotations

import json

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
