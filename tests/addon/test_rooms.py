"""The rooms of the add-on import one another one way: no circle, not even inside functions."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

ADDON = Path(__file__).resolve().parents[2] / "blender_addon"
WITH_NUMPY = "image_exchange.encoding"  # imported when it is needed: numpy starts slowly


def name_of(parts: tuple[str, ...]) -> str | None:
    """The file that a dotted name stands for; a package stands for its `__init__`."""
    path = ADDON.joinpath(*parts)
    if path.with_suffix(".py").exists() and parts:
        return ".".join(parts)
    return ".".join((*parts, "__init__")) if (path / "__init__.py").exists() else None


def imports(path: Path) -> dict[str, bool]:
    """The files that a file imports, and whether it does so at its head."""
    inside = path.relative_to(ADDON).parent.parts
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = inside[: len(inside) - node.level + 1]
            base += tuple(node.module.split(".")) if node.module else ()
            for alias in node.names:
                name = name_of((*base, alias.name)) or name_of(base)
                found[name] = found.get(name, True) and (node in tree.body or _guarded(node, tree))
    return found


def _guarded(node: ast.AST, tree: ast.Module) -> bool:
    """Whether it stands in an `if` at the file's head, as batch.py has it."""
    return any(node in guard.body for guard in tree.body if isinstance(guard, ast.If))


FILES = {name_of(p.relative_to(ADDON).with_suffix("").parts): p for p in ADDON.rglob("*.py")}


def test_no_circle():
    order = graphlib.TopologicalSorter({name: set(imports(FILES[name])) for name in FILES})
    order.prepare()  # names the circle, if there is one


def test_rooms_are_imported_at_the_head():
    inside = {other for name in FILES for other, head in imports(FILES[name]).items() if not head}
    assert inside <= {WITH_NUMPY}


def test_no_file_is_called_after_nothing():
    assert not {"utils", "misc", "common", "helpers"} & {path.stem for path in FILES.values()}
