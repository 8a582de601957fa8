"""What a settings field is made of: its default, its help line and its flag."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

MAX_SIDE_PX = 16384
MAX_FRAMES = 1_000_000  # nine hours
MAX_DIGITS = 18  # of a whole number in a text; Python refuses to read thousands of them
MAX_SEED = 2**63 - 1  # torch's own is a little more; other seeds are made of it

# What a setting's text names: a file or folder, a region's file, which names others, a code, which
# may be one, or the same after a frame's number and '='
Names = Literal["file", "region", "code", "key"]


def setting(
    default: Any,
    help: str,
    flag: str | None = None,
    metavar: str | None = None,
    opposite: str | None = None,
    names: Names | None = None,
) -> Any:
    """A dataclass field that knows the flag, the help line and the placeholder of its value.

    `opposite` is the flag that turns a switch off, where it isn't --no-FLAG; `names` says what
    files the value leads to (`settings.named_files`).
    """
    known = {"flag": flag, "metavar": metavar, "opposite": opposite, "names": names}
    return dataclasses.field(default=default, metadata={"help": help, **known})


def flag_of(field: dataclasses.Field[Any]) -> str:
    """The flag of a settings field, without its dashes."""
    return field.metadata["flag"] or field.name.replace("_", "-")


def opposite_of(field: dataclasses.Field[Any]) -> str:
    """The flag that turns a switch off, without its dashes."""
    return field.metadata["opposite"] or f"no-{flag_of(field)}"
