"""The README says what is so: its commands parse, its Python runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch

from landscape_engine.fitting.annotations import read_arrows, read_patches
from landscape_engine.images import save_image
from landscape_engine.scene import region_files
from landscape_engine.settings import documents
from landscape_engine.shell import cli
from landscape_engine.shell.commands.animate import job_from

ROOT = Path(__file__).parents[1]
PAGES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in ("README.md", "docs/controls.md", "docs/farm.md")
}


def blocks(kind: str, *names: str) -> list[str]:
    """The fenced blocks of a kind in some pages."""
    text = "\n".join(PAGES[name] for name in names or PAGES)
    fenced = re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [block for found, block in fenced if found == kind]


JOBS = [text for text in blocks("json") if '"picture"' in text]
COMMANDS = [
    re.split(r"\s#\s", line)[0].split()[1:]  # a color's # is no comment
    for text in blocks("bash")
    for line in text.replace("\\\n", " ").splitlines()
    if line.startswith("landscape-engine ")
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_commands_parse(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.json").write_text(JOBS[0], encoding="utf-8")
    options = cli.parse(words)
    if options.command == "animate":
        job = job_from(options, options.picture, options.out)
        read_arrows(job.motion.arrows)
        read_patches(job.appearance.patches)


@pytest.mark.parametrize("text", blocks("json"))
def test_documents_are_read(text, tmp_path):
    save_image(torch.ones(1, 3, 48, 64), tmp_path / "stream.png")
    fields = json.loads(text)
    if "picture" in fields:
        documents.parse(fields)
    elif "patches" in fields:
        assert read_patches(fields["patches"])
    else:
        path, device = tmp_path / "region.json", torch.device("cpu")
        region = region_files.region_from(fields, path, (48, 64), (16, 16), device)
        assert region.name == fields["name"]


def test_there_are_commands():
    assert {words[0] for words in COMMANDS} >= {"animate", "codebook", "import-authors", "train"}


def test_the_python_runs(tmp_path, monkeypatch, bundle):
    import landscape_engine.animator as animator
    import landscape_engine.bundles.checkpoints as checkpoints
    from tests.conftest import make_picture

    (program,) = blocks("python", "README.md")
    monkeypatch.chdir(tmp_path)
    save_image(make_picture(48, 64), tmp_path / "lake.jpg")
    monkeypatch.setattr(checkpoints, "load", lambda folder: bundle)
    assert animator.checkpoints is checkpoints
    exec(compile(program, "README.md", "exec"), {})
    assert (tmp_path / "lake.mp4").stat().st_size > 500


def test_links_lead_somewhere():
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("landscape_engine/**/*.md")]
    assert len(pages) > len(PAGES)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
