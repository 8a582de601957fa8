"""Flags: made of the fields of settings classes, and settings made of what the flags say."""

from __future__ import annotations

import argparse
import dataclasses
import math
import re
import types
import typing
from collections.abc import Sequence
from typing import Any, Literal, TypeVar, get_args, get_origin

from ..settings import documents
from ..settings.fields import flag_of, opposite_of

Settings = TypeVar("Settings")
_NEGATIVE = re.compile(r"-\.?\d|-inf|-nan", re.IGNORECASE)


def add_settings_flags(parser: Any, kind: type) -> None:
    """Add one flag for every field of a settings class."""
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        base = _without_none(hints[field.name])
        text = field.metadata["help"].replace("%", "%%")
        if field.default not in (None, ()) and "default" not in text:
            text += f" (default: {field.default})"
        options: dict[str, Any] = {"default": field.default, "help": text}
        names = [f"--{flag_of(field)}"]
        if base is bool and field.metadata["opposite"]:
            names.append(f"--{opposite_of(field)}")
            options["action"] = _Choice
        elif base is bool:
            options["action"] = argparse.BooleanOptionalAction
        elif get_origin(base) is Literal:
            options["choices"] = get_args(base)
        elif get_origin(base) is tuple:  # of texts: the flag may be repeated
            options.update(action=_Each, default=[], metavar=field.metadata["metavar"])
        else:
            options["type"] = {int: whole, float: number, str: str}[base]
            options["metavar"] = field.metadata["metavar"] or field.name.upper()
        parser.add_argument(*names, dest=_place(kind, field), **options)


class _Choice(argparse.Action):
    """A switch with two flags: the first turns it on, the second off."""

    def __init__(self, option_strings: list[str], dest: str, **options: Any) -> None:
        """Take no value."""
        super().__init__(option_strings, dest, nargs=0, **options)

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Turn it on or off."""
        setattr(namespace, self.dest, option_string == self.option_strings[0])


class _Each(argparse.Action):
    """A flag that may be repeated; the first of a command line replaces what a job says."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Add a value."""
        given = vars(namespace).setdefault("_given", set())
        before = getattr(namespace, self.dest) if self.dest in given else []
        given.add(self.dest)
        setattr(namespace, self.dest, [*before, values])


def with_negatives(arguments: Sequence[str]) -> list[str]:
    """Join a flag and a value that begins with a minus and a number, which looks like a flag."""
    joined: list[str] = []
    for text in arguments:
        flag = joined[-1] if joined else ""
        if _NEGATIVE.match(text) and flag.startswith("--") and "=" not in flag and flag != "--":
            joined[-1] = f"{flag}={text}"
        else:
            joined.append(text)
    return joined


def settings_from(options: argparse.Namespace, kind: type[Settings]) -> Settings:
    """The settings that the flags of a command line give."""
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    given = {f.name: getattr(options, _place(kind, f)) for f in fields}
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})


def kinds_in(options: argparse.Namespace, home: types.ModuleType) -> list[type]:
    """The settings classes, of the module that has them all, whose flags a command line has."""
    names = {name.partition(".")[0]: None for name in vars(options) if "." in name}
    return [getattr(home, name) for name in names]


def values_of(job: documents.Job) -> dict[str, Any]:
    """A job's values, by the names of the flags in a namespace."""
    values: dict[str, Any] = {"picture": job.picture, "out": job.out}
    for name, kind in documents.GROUPS.items():
        group = getattr(job, name)
        for f in dataclasses.fields(kind):
            value = getattr(group, f.name)
            values[_place(kind, f)] = list(value) if isinstance(value, tuple) else value
    return values


def values_in(groups: dict[type, dict[str, Any]]) -> dict[str, Any]:
    """The values of some fields of settings classes, by the names that their flags have."""
    return {
        _place(kind, field): values[field.name]
        for kind, values in groups.items()
        for field in dataclasses.fields(kind)
        if field.name in values
    }


def _place(kind: type, field: dataclasses.Field) -> str:
    return f"{kind.__name__}.{field.name}"


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (typing.Union, types.UnionType):
        return next(a for a in get_args(hint) if a is not type(None))
    return hint


def whole(text: str) -> int:
    """The type of a flag that takes a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number") from None


def number(text: str) -> float:
    """The type of a flag that takes a number."""
    try:
        found = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no number") from None
    if not math.isfinite(found):
        raise argparse.ArgumentTypeError(f"'{text}' is no finite number")
    return found


def duration(text: str) -> float:
    """The type of a flag that takes a time above 0."""
    found = number(text)
    if found <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no time; expected more than 0")
    return found
