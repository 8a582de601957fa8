# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings as the panel shows them: shares in percent, and a checkbox where 0 means automatic.

Each of these reads and writes the setting that is stored; nothing is stored twice.
"""

from __future__ import annotations

from typing import Any

from .overridable import BoolProperty, FloatProperty


def percent_of(
    setting: str, name: str, description: str, most: float = 100, unit: float = 100
) -> Any:
    """A setting in percent.

    Args:
        setting: its identifier.
        name: its label.
        description: its tooltip.
        most: the greatest percentage.
        unit: how many percent a 1 of the setting is.
    """

    def read(self: Any) -> float:
        return getattr(self, setting) * unit

    def write(self: Any, percent: float) -> None:
        setattr(self, setting, percent / unit)

    return FloatProperty(
        name=name,
        description=description,
        min=0,
        max=most,
        soft_max=min(most, 100 if unit == 100 else 1),
        precision=0 if unit == 100 else 2,
        subtype="PERCENTAGE",
        get=read,
        set=write,
    )


def automatic_of(setting: str, description: str, else_value: int) -> Any:
    """A checkbox that sets a count to 0, which stands for automatic."""

    def read(self: Any) -> bool:
        return getattr(self, setting) == 0

    def write(self: Any, automatic: bool) -> None:
        if automatic != read(self):
            setattr(self, setting, 0 if automatic else else_value)

    return BoolProperty(name="Automatic", description=description, get=read, set=write)
