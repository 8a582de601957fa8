"""What a settings field is made of: its help line, and the checks of its value."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, get_args

from ..errors import SettingsError

MAX_SIDE_PX = 16384
MAX_FRAMES = 1_000_000  # nine hours
MAX_SEED = 2**63 - 1  # torch's own is a little more; other seeds are made of it


def setting(
    default: Any,
    help: str,
    flag: str | None = None,
    metavar: str | None = None,
    opposite: str | None = None,
) -> Any:
    """A dataclass field that knows the flag, the help line and the placeholder of its value.

    `opposite` is the flag that turns a switch off, where it isn't --no-FLAG.
    """
    return dataclasses.field(
        default=default,
        metadata={"help": help, "flag": flag, "metavar": metavar, "opposite": opposite},
    )


def flag_of(field: dataclasses.Field[Any]) -> str:
    """The flag of a settings field, without its dashes."""
    return field.metadata["flag"] or field.name.replace("_", "-")


def check_choice(name: str, value: str, choices: Any) -> None:
    """Refuse a value that isn't one of a `Literal`'s."""
    allowed = get_args(choices)
    if value not in allowed:
        raise SettingsError(f"{name} is '{value}'; expected one of {', '.join(allowed)}.")


def check_at_least(name: str, value: float, least: float) -> None:
    """Refuse a value that is too small or isn't finite."""
    if not math.isfinite(value) or value < least:
        raise SettingsError(f"{name} is {value}; expected {least} or more.")


def check_within(name: str, value: float, least: float, most: float) -> None:
    """Refuse a value outside a range, its ends included."""
    if not least <= value <= most:  # NaN is not
        raise SettingsError(f"{name} is {value}; expected {least} to {most}.")
