"""The README says what is so: its commands parse, its Python runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from landscape_engine import cli, documents

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line.split("#")[0].split()[1:]
    for kind, text in BLOCKS
    if kind == "bash"
    for line in text.replace("\\\n", " ").splitlines()
    if line.startswith("landscape-engine ")
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_commands_parse(words):
    options = cli.parse(words)
    if options.command == "animate":
        for kind in documents.GROUPS.values():
            cli.settings_from(options, kind)


def test_there_are_commands():
    assert {words[0] for words in COMMANDS} >= {"animate", "codebook", "import-authors", "train"}


def test_the_python_runs(tmp_path, monkeypatch, bundle):
    import landscape_engine.animator as animator
    import landscape_engine.checkpoints as checkpoints
    from landscape_engine.images import save_image
    from tests.conftest import make_picture

    (program,) = [text for kind, text in BLOCKS if kind == "python"]
    monkeypatch.chdir(tmp_path)
    save_image(make_picture(48, 64), tmp_path / "lake.jpg")
    monkeypatch.setattr(checkpoints, "load", lambda folder: bundle)
    assert animator.checkpoints is checkpoints
    exec(compile(program, "README.md", "exec"), {})
    assert (tmp_path / "lake.mp4").stat().st_size > 500


def test_links_lead_somewhere():
    root = Path(__file__).parents[1]
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (root / link).exists(), link
