"""Facts of the names that the package offers: lazy, complete, and known to type checkers."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import landscape_engine

FILE = Path(landscape_engine.__file__)
SOURCE = FILE.read_text(encoding="utf-8")
ALIASES = {"ArrowLike", "DeviceName", "PatchLike"}  # of types, without a name of their own


@pytest.mark.parametrize("name", landscape_engine.__all__)
def test_every_name_is_there(name):
    found = getattr(landscape_engine, name)
    assert name in ALIASES or found.__name__ == name


def test_type_checkers_see_the_same_names_from_the_same_homes():
    blocks = [n for n in ast.parse(SOURCE).body if isinstance(n, ast.If)]
    (block,) = [n for n in blocks if ast.unparse(n.test) == "TYPE_CHECKING"]
    seen = {alias.asname: statement.module for statement in block.body for alias in statement.names}
    assert seen == landscape_engine._HOMES


@pytest.mark.parametrize("names, fault", [("Animator", None), ("Animator, Animatr", "Animatr")])
def test_a_misspelt_import_is_a_type_error(tmp_path, names, fault):
    user = tmp_path / "user.py"
    user.write_text(f"from landscape_engine import {names}\n", encoding="utf-8")
    mypy = [sys.executable, "-m", "mypy", "--config-file=", f"--cache-dir={os.devnull}"]
    # what the names are is of no matter here, and torch takes mypy many seconds
    run = [*mypy, "--follow-imports=skip", str(user), str(FILE)]
    done = subprocess.run(run, capture_output=True, text=True, cwd=tmp_path)
    if fault is None:
        assert done.returncode == 0, done.stdout
    else:
        assert f'has no attribute "{fault}"' in done.stdout


def test_the_types_of_public_signatures_are_among_them():
    from landscape_engine.animator import Animator, load_animator

    methods = [one for name, one in vars(Animator).items() if name.islower() and name[0] != "_"]
    taken = set()
    for function in (load_animator, *methods):
        for note in function.__annotations__.values():
            for node in ast.walk(ast.parse(str(note))):
                taken |= {node.id} if isinstance(node, ast.Name) else set()
    known = {
        "Iterable",
        "Iterator",
        "None",
        "Path",
        "Sequence",
        "Tensor",
        "bool",
        "int",
        "str",
        "torch",
    }
    assert taken - known <= set(landscape_engine.__all__)


def test_their_modules_are_checked_as_with_strict():
    tomllib = pytest.importorskip("tomllib", reason="tomllib comes with Python 3.11")
    project = tomllib.loads((FILE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    mypy = project["tool"]["mypy"]
    (public,) = [one for one in mypy["overrides"] if FILE.parent.name in one["module"]]
    loosened = {name for name, value in mypy.items() if value is False}
    assert mypy["strict"] and {name for name, value in public.items() if value is True} == loosened
    rooms = {name.removesuffix(".*") for name in public["module"]}
    for home in landscape_engine._HOMES.values():
        module = f"landscape_engine.{home}"
        assert rooms & {module, module.rpartition(".")[0]} - {"landscape_engine"}, module


def test_importing_the_package_waits_for_nothing():
    program = (
        "import sys, landscape_engine; "
        "assert not {'torch', 'numpy', 'cv2', 'PIL'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_is_no_name_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        landscape_engine.nothing  # noqa: B018


def test_the_package_says_that_it_is_typed():
    assert (Path(landscape_engine.__file__).parent / "py.typed").is_file()
