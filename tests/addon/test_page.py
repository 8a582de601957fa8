"""docs/blender.md is the mirror of the panels: it names every setting and button that they show."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ADDON = ROOT / "blender_addon"
PAGE = (ROOT / "docs" / "blender.md").read_text(encoding="utf-8").lower()
# drawn without its label, in a list or beside what it belongs to
UNSEEN = {"Add", "Remove", "Dismiss", "Cancel", "Automatic", "Roll", "Play", "Use Code"}
UNSEEN |= {"Change Light", "Follow Arrows", "Set Horizon"}


def calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def text_of(node: ast.AST | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def settings() -> dict[str, str]:
    """The labels of all settings, by their names."""
    found = {}
    for path in (ADDON / "properties").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if not isinstance(node, ast.AnnAssign) or not isinstance(node.annotation, ast.Call):
                continue
            named = {k.arg: text_of(k.value) for k in node.annotation.keywords}
            given = [text_of(argument) for argument in node.annotation.args]
            label = named.get("name") or (given[1] if len(given) > 2 else "")
            if label:
                found[node.target.id] = label
    return found


def shown() -> set[str]:
    """The names of the settings that panels draw, and the labels that they give them."""
    names = set()
    for path in (ADDON / "panels").glob("*.py"):
        names |= {text_of(node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))}
    return names - {""}


def buttons() -> set[str]:
    """The labels of the operators that panels draw."""
    labels = {}
    for path in (ADDON / "operators").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r'bl_idname = "([\w.]+)"(?:.|\n)*?bl_label = "([^"]+)"', text):
            labels[match[1]] = match[2]
    drawn = shown() & labels.keys()
    own = {
        text_of(call.args[0])
        for path in (ADDON / "panels").glob("*.py")
        for call in calls(path)
        if getattr(call.func, "attr", "") == "operator" and call.args
        and any(keyword.arg == "text" for keyword in call.keywords)
    }  # fmt: skip
    return {labels[name] for name in drawn - own}


@pytest.mark.parametrize("label", sorted({settings()[n] for n in shown() & settings().keys()}))
def test_the_page_names_every_setting(label):
    assert label in UNSEEN or label.lower() in PAGE


@pytest.mark.parametrize("label", sorted(buttons()))
def test_the_page_names_every_button(label):
    assert label in UNSEEN or label.strip("…").lower() in PAGE
