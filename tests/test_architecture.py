"""The house keeps its order: a room of the engine imports only the rooms above its own."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "landscape_engine"
ORDER = [  # as in CONTRIBUTING.md; within a room anything goes
    "errors",
    "regular_files",
    "pickles",
    "file_locks",
    "leftovers",
    "staging",
    "cpus",
    "settings",
    "ops",
    "images",
    "overwriting",
    "sequence",
    "networks",
    "fitting",
    "bundles",
    "scene",
    "landscape",
    "motion",
    "light",
    "loops",
    "rendering",
    "animator",
    "jobs",
    "evaluation",
    "training",
    "worker",
    "farm",
    "shell",
    "__init__",
    "__main__",
]
OF_ANIMATING = {"landscape", "motion", "light", "loops", "rendering", "animator", "jobs"}
NEVER = {  # rooms above that stay closed all the same
    "light": {"motion"},
    "training": OF_ANIMATING | {"evaluation"},
    "worker": {"training"},
    "farm": {"training"},
    "evaluation": {"training"},
}
OWN_NAMES = {"settings", "networks", "shell"}  # files named after what they set, build or run
FILES = sorted(PACKAGE.rglob("*.py"))
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def room(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def nodes(tree: ast.AST, inside_functions: bool) -> Iterator[ast.AST]:
    """The nodes of a file, those inside functions too or not."""
    for node in ast.iter_child_nodes(tree):
        yield node
        if inside_functions or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from nodes(node, inside_functions)


def imports(path: Path, inside_functions: bool = True) -> set[str]:
    """The rooms of the package that a file imports, by the names that it writes."""
    inside = path.relative_to(PACKAGE).parent.parts
    found = set()
    for node in nodes(ast.parse(path.read_text(encoding="utf-8")), inside_functions):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = inside[: len(inside) - node.level + 1]
            parts = [*base, *(node.module.split(".") if node.module else [])]
            names = [parts[0]] if parts else [alias.name for alias in node.names]
            found |= set(names) - {"__version__"}  # all that is taken of the package itself
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            tops = {str(name).partition(".")[0] for name in names}
            assert not tops & {"bpy", PACKAGE.name}, f"{path} imports {tops}"
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_upwards(path):
    own = room(path)
    assert own in ORDER, f"{own} has no place in the order"
    open_rooms = set(ORDER[: ORDER.index(own)]) - NEVER.get(own, set())
    closed = imports(path) - {own} - open_rooms
    assert not closed, f"{own} may not import {', '.join(sorted(closed))}"


def test_all_rooms_of_the_order_are_there():
    assert set(ORDER) == {room(path) for path in FILES}


def test_animating_does_not_pay_for_training():
    takers = {p for p in FILES if room(p) != "training" and "training" in imports(p)}
    commands = PACKAGE / "shell" / "commands"
    drawing = commands / "codebook.py"  # takes a scene of training's where no picture is given
    assert takers == {commands / "train.py", drawing}
    assert "training" not in imports(drawing, inside_functions=False)
    # a command's file is imported when the command is run, and by nothing else
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(from|import) .*commands(\.| import )train\b", text), path


def test_temporary_files_have_no_names():
    """A file with a name stays behind if the process is ended; only `staging` finds those."""
    used = set()
    for path in FILES:
        used |= set(re.findall(r"\btempfile\.(\w+)", path.read_text(encoding="utf-8")))
    assert used <= {"TemporaryFile", "gettempdir"}


def test_no_file_is_called_after_nothing():
    assert not {"utils", "misc", "common", "helpers"} & {p.stem for p in FILES}


def test_no_two_files_have_one_name():
    paths = defaultdict(list)
    for path in FILES:
        if path.stem != "__init__" and room(path) not in OWN_NAMES:
            paths[path.stem].append(str(path.relative_to(PACKAGE)))
    assert not {stem: found for stem, found in paths.items() if len(found) > 1}


def test_no_file_of_the_package_is_ignored_and_so_left_out_of_the_wheel():
    paths = "\n".join(str(path.relative_to(ROOT)) for path in FILES)
    git = ["git", "-C", str(ROOT), "check-ignore", "--no-index", "--stdin"]
    try:
        found = subprocess.run(git, input=paths, capture_output=True, text=True)
    except OSError:
        pytest.skip("git isn't here")
    if found.returncode not in (0, 1):
        pytest.skip("this is no repository")
    assert not found.stdout


def test_the_contributors_picture_has_this_order():
    picture = CONTRIBUTING.split("landscape_engine/  ", 1)[1].split("blender_addon/", 1)[0]
    shown = re.findall(r"^  ([a-z_]+)/?  ", picture, re.MULTILINE)
    assert [name for name in shown if name in ORDER] == ORDER[:-2]


def test_the_contributors_table_has_these_rules():
    table = CONTRIBUTING.split("| room | never imports |", 1)[1].split("\n\n", 1)[0]
    rows = [line.split("|")[1:3] for line in table.splitlines()[2:]]
    told = {name.strip(): set(closed.strip().split(", ")) for name, closed in rows}
    assert told == NEVER


ADDON = ROOT / "blender_addon"
BLENDERS_OWN = {
    "blf", "bpy", "bpy_extras", "bl_operators", "bl_ui", "gpu", "gpu_extras", "mathutils", "numpy",
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
