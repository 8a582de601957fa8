"""Checks of a setting's value; its name is a flag, or a path that `sentences` makes one of."""

from __future__ import annotations

import importlib.util
import math
from typing import Any, get_args

from ..errors import SettingsError
from .sentences import say


def check_choice(name: str, value: str, choices: Any) -> None:
    """Refuse a value that isn't one of a `Literal`'s."""
    allowed = get_args(choices)
    if value not in allowed:
        raise SettingsError(say(f"{name} is '{value}'; expected one of {', '.join(allowed)}."))


def check_at_least(name: str, value: float, least: float) -> None:
    """Refuse a value that is too small or isn't finite."""
    if not least <= value < math.inf:  # NaN is not; whole numbers may be beyond all others
        raise SettingsError(say(f"{name} is {value}; expected {least} or more."))


def check_within(name: str, value: float, least: float, most: float) -> None:
    """Refuse a value outside a range, its ends included."""
    if not least <= value <= most:  # NaN is not
        raise SettingsError(say(f"{name} is {value}; expected {least} to {most}."))


def check_installed(package: str, use: str, extra: str, otherwise: str = "") -> None:
    """Refuse to begin what can't be ended without an optional package.

    Args:
        package: the module that is needed.
        use: what it does, as the sentence begins: "the curves of clips are drawn".
        extra: the engine's extra that brings it.
        otherwise: the end of the sentence, another way out.

    Raises:
        SettingsError: it isn't installed.
    """
    if importlib.util.find_spec(package) is None:
        raise SettingsError(
            f"{use} by {package}, which isn't installed; install "
            f"landscape-engine[{extra}]{otherwise}."
        )
