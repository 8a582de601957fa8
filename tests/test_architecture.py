"""The house keeps its layers: a module imports only those of rows above its own."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "landscape_engine"
LAYERS = [  # as in CONTRIBUTING.md; within a row, only what ALLOWED says
    {"errors", "settings", "documents", "staging"},
    {"devices", "ops", "images", "sequence"},
    {"networks"},
    {"codebook", "checkpoints", "authors", "region_files"},
    {"fitting", "training"},
    {
        "animator",
        "motion_codes",
        "looks",
        "scenery",
        "movement",
        "rendering",
        "moved_frames",
        "contact_sheet",
        "sources",
    },
    {"evaluation"},
    {"cli", "commands", "flags", "interruption", "parsers", "worker", "__main__", "__init__"},
]
ALLOWED = {  # imports within a row, and the one that a sub-command makes when it runs
    ("settings", "errors"),
    ("documents", "errors"),
    ("documents", "settings"),
    ("staging", "errors"),
    ("sequence", "images"),
    ("checkpoints", "codebook"),
    ("authors", "checkpoints"),
    ("authors", "codebook"),
    ("animator", "rendering"),
    ("rendering", "moved_frames"),
    ("animator", "sources"),
    ("looks", "scenery"),
    ("animator", "motion_codes"),
    ("animator", "looks"),
    ("animator", "scenery"),
    ("animator", "movement"),
    ("motion_codes", "sources"),
    ("looks", "sources"),
    ("movement", "motion_codes"),
    ("contact_sheet", "animator"),
    ("commands", "flags"),
    ("cli", "commands"),
    ("cli", "parsers"),
    ("parsers", "flags"),
    ("cli", "interruption"),
    ("commands", "worker"),
    ("worker", "commands"),
    ("__main__", "cli"),
}


def room(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> set[str]:
    """The rooms of the package that a file imports, inside functions too."""
    inside = path.relative_to(PACKAGE).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = inside[: len(inside) - node.level + 1]
            parts = [*base, *(node.module.split(".") if node.module else [])]
            names = [parts[0]] if parts else [alias.name for alias in node.names]
            found |= {n for n in names if (PACKAGE / n).is_dir() or (PACKAGE / f"{n}.py").exists()}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            assert not any(n and n.split(".")[0] == "bpy" for n in names), f"{path} imports bpy"
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_upwards(path):
    own = room(path)
    layer = next((i for i, row in enumerate(LAYERS) if own in row), None)
    assert layer is not None, f"{own} has no row in the layer table"
    for other in imports(path) - {own}:
        above = {name for row in LAYERS[:layer] for name in row}
        assert other in above or (own, other) in ALLOWED, f"{own} may not import {other}"


def test_animating_does_not_pay_for_training():
    animating = next(row for row in LAYERS if "animator" in row)
    assert not any("training" in imports(PACKAGE / f"{name}.py") for name in animating)
    commands = {p.stem: imports(p) for p in (PACKAGE / "commands").glob("*.py")}
    drawing = "codebook"  # takes a scene of training's where no picture is given
    assert {n for n, found in commands.items() if "training" in found} == {"train", drawing}


def test_no_file_is_called_after_nothing():
    assert not {"utils", "misc", "common", "helpers"} & {p.stem for p in FILES}


def test_the_contributors_table_is_this_one():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for number, row in enumerate(LAYERS):
        line = next(x for x in text.splitlines() if x.startswith(f"| {number} |"))
        for name in row - {"__main__", "__init__"}:
            assert name in line, f"CONTRIBUTING.md's row {number} lacks {name}"


ADDON = ROOT / "blender_addon"
BLENDERS_OWN = {
    "bpy", "bpy_extras", "bl_operators", "bl_ui", "gpu", "gpu_extras", "mathutils", "numpy",
}  # fmt: skip
OF_SYSTEM_ALONE = {  # no Blender, nothing installed
    "engine_client", "engine_process", "errors", "file_lock",
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(ADDON.rglob("*.py")), ids=lambda p: p.stem)
def test_the_addon_needs_blender_and_python_alone(path):
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.partition(".")[0])
    assert found - sys.stdlib_module_names <= BLENDERS_OWN
    if path.stem in OF_SYSTEM_ALONE:
        assert found <= sys.stdlib_module_names
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# SPDX-License-Identifier: GPL-3.0-or-later"
