"""The files and folders that settings name, which the fields of settings tell (`fields.Names`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from .. import regular_files
from .appearance import parse_key
from .fields import Names

Settings = TypeVar("Settings")
NO_FILES = frozenset({"auto", "gaussian", "random", "predict", "input"})  # names of codes
IN_REGIONS: dict[str, Names] = {"mask": "file", "code": "code"}  # fields of a region's file


def of(settings: Any) -> Iterator[Path]:
    """The files and folders that settings name, and those that a region's file names.

    What stands in a code's place may be no file. A file that can't be read names none: whoever
    reads it for good says what is wrong with it.
    """
    for field in dataclasses.fields(settings):
        names, value = field.metadata.get("names"), getattr(settings, field.name)
        for text in value if isinstance(value, tuple) else (value,):
            yield from _of_text(names, text) if names and text else ()


def placed(settings: Settings, folder: Path) -> Settings:
    """The same settings, whose relative paths start from a folder."""
    changed: dict[str, Any] = {}
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        names, value = field.metadata.get("names"), getattr(settings, field.name)
        if names and value:
            several = isinstance(value, tuple)
            texts = [_placed_text(names, text, folder) for text in (value if several else (value,))]
            changed[field.name] = tuple(texts) if several else texts[0]
    return dataclasses.replace(settings, **changed)  # type: ignore[type-var]


def placed_code(code: str, folder: Path) -> str:
    """A code whose path, if it is one, starts from a folder."""
    return code if code in NO_FILES or _is_number(code) else str(folder / code)


def _of_text(names: Names, text: str) -> Iterator[Path]:
    if names == "key":
        names, text = "code", parse_key(text)[1]
    if names == "code" and (not text or text in NO_FILES or _is_number(text)):
        return
    path = Path(text)
    yield path
    if names == "region":
        try:
            fields = regular_files.read_json(path)
        except (OSError, ValueError):
            return
        for field, kind in IN_REGIONS.items() if isinstance(fields, dict) else ():
            if fields.get(field) is not None:
                yield from (path.parent / one for one in _of_text(kind, str(fields[field])))


def _placed_text(names: Names, text: str, folder: Path) -> str:
    if names == "key":
        frame, value = parse_key(text)
        return f"{frame}={placed_code(value, folder)}"
    return placed_code(text, folder) if names == "code" else str(folder / text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
