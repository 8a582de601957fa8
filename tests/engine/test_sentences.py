"""Errors carry the setting they are about, and each front door names it in its own way."""

from __future__ import annotations

import ast
import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

import landscape_engine
from landscape_engine.errors import (
    CodeError,
    DocumentError,
    LandscapeError,
    SettingsError,
    printable,
)
from landscape_engine.scene.region_files import Guide, apply, naming, region_of
from landscape_engine.settings import RegionSettings, documents
from landscape_engine.settings.sentences import NAME, Sentence, about, as_data, job_fields, say
from landscape_engine.shell import cli

WRONG = [  # a setting, a value for a document, the same for the shell, what is said after its name
    ("clip.frames", 0, ["--frames", "0"], " is 0; expected 1 to 1000000."),
    ("motion.speed", 0, ["--motion-speed", "0"], " is 0; expected a number other than 0"),
    ("regions.horizon", 2, ["--horizon", "2"], " is 2; expected a share of the height"),
    ("loop.phase_noise", 3, ["--phase-noise", "3"], " is 3; expected 0 to 1."),
    ("appearance.cycles", 0, ["--appearance-cycles", "0"], " is 0; expected 1 to 1000000."),
    ("output.fps", 0, ["--fps", "0"], " is 0; expected more than 0 and at most 1000."),
]


@pytest.mark.parametrize(("setting", "value", "flags", "says"), WRONG, ids=lambda v: str(v))
def test_the_shell_says_the_flag_and_a_document_the_path(
    setting, value, flags, says, tmp_path, capsys
):
    assert cli.main(["animate", "lake.png", "--out", str(tmp_path / "x"), *flags]) == 2
    assert capsys.readouterr().err.startswith(f"landscape-engine: {flags[0]}{says}")
    group, field = setting.split(".")
    with pytest.raises(DocumentError) as refused:
        documents.parse({"version": 1, group: {field: value}})
    assert str(refused.value).startswith(f"'{setting}'{says}")
    assert refused.value.setting == setting
    assert as_data(refused.value.sentence)[0] == {"setting": setting, "off": False}


def test_a_switch_that_is_off_is_named_so():
    with pytest.raises(SettingsError, match="^--no-clean moves") as refused:
        RegionSettings(clean=False, still_mask="mask.png")
    assert refused.value.setting == "regions.clean"
    assert as_data(refused.value.sentence)[0] == {"setting": "regions.clean", "off": True}
    assert say("<appearance.relative off> has no effect.") == "--absolute has no effect."
    with pytest.raises(DocumentError, match="^'regions.clean': false moves"):
        documents.parse({"version": 1, "regions": {"clean": False, "still_mask": "mask.png"}})


def test_a_document_names_the_field_where_the_sentence_does_not():
    keys = {"keys": ["9=0.5", "3=0.1"]}
    with pytest.raises(DocumentError, match="^'appearance.keys': the key at frame 3") as refused:
        documents.parse({"version": 1, "appearance": keys})
    assert refused.value.setting == "appearance.keys"


def test_text_of_a_user_stays_as_it_is():
    sentence = say("<motion.speed> of '<b.c> {0} <lake>.png' is 0.")
    assert sentence == "--motion-speed of '<b.c> {0} <lake>.png' is 0."
    assert as_data("a --flag <as it is>.") == ["a --flag <as it is>."]
    assert pickle.loads(pickle.dumps(sentence)).parts == sentence.parts


def test_a_region_before_a_sentence_leaves_its_settings():
    region = region_of(np.ones((8, 8), np.float32), (4, 4), "stream", torch.device("cpu"), soften=0)
    region = dataclasses.replace(region, guide=Guide(speed=2.0))
    with pytest.raises(CodeError) as refused, naming(region):
        raise CodeError(say("the code needs <motion.kind> steady."))
    assert str(refused.value) == "the region 'stream': the code needs --motion steady."
    assert refused.value.setting == "motion.kind"
    assert as_data(refused.value.sentence)[2] == {"setting": "motion.kind", "off": False}


def test_an_error_of_a_mask_says_which_one(tmp_path):
    with pytest.raises(LandscapeError) as refused:
        apply(RegionSettings(still_mask=str(tmp_path / "none.png")), [], (8, 8), (4, 4))
    assert refused.value.setting == "regions.still_mask"
    with pytest.raises(LandscapeError) as refused, about("clip.size"):
        raise SettingsError(say("<motion.water> is dry."))
    assert refused.value.setting == "motion.water"  # what is known nearer by goes before


def test_sentences_name_settings_that_there_are():
    for path in Path(landscape_engine.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named = {found[1] for found in NAME.finditer(node.value)}
                assert named <= set(job_fields()), path


@pytest.mark.parametrize("kind", [str, Sentence])
def test_a_sentence_is_one_printable_line_whatever_is_in_it(kind):
    said = LandscapeError(kind("'a\nb\x1b[31m\u202e\udcff' is " + "x" * 5000 + "; rename it."))
    assert str(said).isprintable() and len(str(said)) < 2100
    assert str(said).startswith("'a b\\x1b[31m\\u202e\\udcff'")
    assert str(said).endswith("rename it.")
    assert printable("schön: 雪.png") == "schön: 雪.png"
