"""Facts of the names that the package offers: lazy, complete, and known to type checkers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import landscape_engine

SOURCE = Path(landscape_engine.__file__).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", landscape_engine.__all__)
def test_every_name_is_there(name):
    assert getattr(landscape_engine, name).__name__ == name


def test_type_checkers_see_the_same_names_from_the_same_homes():
    (block,) = [n for n in ast.parse(SOURCE).body if isinstance(n, ast.If)]
    seen = {alias.asname: statement.module for statement in block.body for alias in statement.names}
    assert seen == landscape_engine._HOMES


def test_the_types_of_public_signatures_are_among_them():
    from landscape_engine.animator import Animator

    taken = set()
    for method in (Animator.look_at, Animator.move, Animator.light, Animator.render):
        for note in method.__annotations__.values():
            for node in ast.walk(ast.parse(str(note))):
                taken |= {node.id} if isinstance(node, ast.Name) else set()
    known = {"Tensor", "Sequence", "Iterator", "None", "int", "CodeCycle"}
    assert taken - known <= set(landscape_engine.__all__)


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
