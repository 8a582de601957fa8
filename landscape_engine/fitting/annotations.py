"""Annotations: what an artist draws on the picture, parsed and checked (paper, section 6.4).

Coordinates are shares of the picture, 0..1, x to the right and y down. Every shape can be written
as text ("x0,y0,x1,y1"), as a list of the same values, or as an object with the fields' plain names,
so that the shell, Python and a JSON document say the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import regular_files
from ..errors import AnnotationError
from ..images.kinds import holds_numpy

SHORTEST = 1e-3  # arrows shorter than this share of the picture have no direction
LARGEST_RADIUS = 0.5

Point = tuple[float, float]


@dataclass(frozen=True)
class Arrow:
    """A direction of motion on the screen, from `start_01` to `end_01` (6.4.2).

    Raises:
        AnnotationError: an end lies outside the picture, or both are one point.
    """

    start_01: Point
    end_01: Point

    def __post_init__(self) -> None:
        for x, y in (self.start_01, self.end_01):
            if not (0 <= x <= 1 and 0 <= y <= 1):
                raise AnnotationError(
                    f"the {self} leaves the picture; expected coordinates from 0 to 1."
                )
        if math.hypot(self.end_01[0] - self.start_01[0], self.end_01[1] - self.start_01[1]) < (
            SHORTEST
        ):
            raise AnnotationError(f"the {self} has no length; drag it from one point to another.")

    def __str__(self) -> str:
        """How messages name it."""
        return f"arrow {_say(self.start_01)} → {_say(self.end_01)}"


@dataclass(frozen=True)
class Patch:
    """A disc of the picture that should get a color (6.4.3).

    Attributes:
        center_01: where; x and y in shares of the picture.
        radius_01: how large, in shares of the picture's width; more than 0, at most 0.5.
        color: sRGB, each 0..255.

    Raises:
        AnnotationError: the centre lies outside the picture, or the radius or the color
            is out of range.
    """

    center_01: Point
    radius_01: float
    color: tuple[float, float, float]

    def __post_init__(self) -> None:
        if not all(0 <= v <= 1 for v in self.center_01):
            raise AnnotationError(
                f"the {self} lies outside the picture; expected a centre from 0 to 1."
            )
        if not 0 < self.radius_01 <= LARGEST_RADIUS:
            raise AnnotationError(
                f"the {self} has the radius {self.radius_01:g}; expected more than 0 and at most "
                f"{LARGEST_RADIUS:g} of the picture's width."
            )
        if not all(0 <= v <= 255 for v in self.color):
            raise AnnotationError(f"the {self} has a color outside 0..255; choose an sRGB color.")

    def __str__(self) -> str:
        """How messages name it."""
        return f"patch at {_say(self.center_01)}"


ArrowLike = Arrow | str | Sequence[float] | Mapping[str, Sequence[float]]
PatchLike = Patch | str | Sequence[object] | Mapping[str, object]  # numbers beside a color


def read_arrow(value: ArrowLike) -> Arrow:
    """An arrow from text "x0,y0,x1,y1", a list of four, or {"start": [x, y], "end": [x, y]}.

    Raises:
        AnnotationError: the value is of another form, or no such arrow can be.
    """
    if isinstance(value, Arrow):
        return value
    form = "an arrow as x0,y0,x1,y1, such as 0.2,0.3,0.6,0.3"
    if isinstance(value, Mapping):
        fields = _fields(value, ("start", "end"), "arrow")
        value = [*_listed(fields["start"], 2, form), *_listed(fields["end"], 2, form)]
    x0, y0, x1, y1 = _numbers(_listed(value, 4, form), form)
    return Arrow((x0, y0), (x1, y1))


def read_patch(value: PatchLike) -> Patch:
    """A patch from text "x,y,radius,#rrggbb", a list, or {"center": [x, y], "radius", "color"}.

    In lists and objects the color may also be three numbers 0..255.

    Raises:
        AnnotationError: the value is of another form, or no such patch can be.
    """
    if isinstance(value, Patch):
        return value
    form = "a patch as x,y,radius,#rrggbb, such as 0.5,0.2,0.05,#ff8040"
    if isinstance(value, Mapping):
        fields = _fields(value, ("center", "radius", "color"), "patch")
        value = [*_listed(fields["center"], 2, form), fields["radius"], fields["color"]]
    *place, color = _listed(value, 4, form)
    x, y, radius = _numbers(place, form)
    return Patch((x, y), radius, _color(color))


def read_arrows(values: Iterable[ArrowLike]) -> tuple[Arrow, ...]:
    """All arrows of a list, as `read_arrow` reads them."""
    return tuple(read_arrow(v) for v in values)


def read_patches(values: Iterable[PatchLike]) -> tuple[Patch, ...]:
    """All patches of a list, as `read_patch` reads them."""
    return tuple(read_patch(v) for v in values)


def _listed(value: Any, count: int, form: str) -> list[Any]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, Sequence) or len(parts) != count:
        found = f"{len(parts)} values" if isinstance(parts, Sequence) else type(parts).__name__
        raise AnnotationError(f"'{_short(value)}' holds {found}; expected {form}.")
    return list(parts)


def _numbers(values: Sequence[Any], form: str) -> list[float]:
    numbers = []
    for value in values:
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            raise AnnotationError(f"'{_short(value)}' is no number; expected {form}.") from None
        except OverflowError:  # JSON's whole numbers have no end
            number = math.inf
        if not math.isfinite(number):
            raise AnnotationError(f"'{_short(value)}' isn't a finite number; expected {form}.")
        numbers.append(number)
    return numbers


def _color(value: Any) -> tuple[float, float, float]:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*#?([0-9a-fA-F]{6})\s*", value)
        if not match:
            raise AnnotationError(
                f"'{_short(value)}' is no color; expected #rrggbb, such as #ff8040."
            )
        red, green, blue = bytes.fromhex(match[1])
        return float(red), float(green), float(blue)
    form = "a color as #rrggbb or three numbers 0..255"
    r, g, b = _numbers(_listed(value, 3, form), form)
    return r, g, b


def _fields(value: Mapping[str, Any], names: tuple[str, ...], what: str) -> Mapping[str, Any]:
    for name in names:
        if name not in value:
            raise AnnotationError(f"the {what} lacks '{name}'; expected {', '.join(names)}.")
    for name in value:
        if name not in names:
            raise AnnotationError(
                f"the {what} has an unknown field {name!r}; expected {', '.join(names)}."
            )
    return value


def _say(point: Point) -> str:
    return f"({point[0]:.3g}, {point[1]:.3g})"


def _short(value: Any) -> str:
    """A value for a message, which is one line."""
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value))
    return text if len(text) <= 60 else text[:57] + "..."


def read_patch_file(path: Path) -> tuple[Patch, ...] | None:
    """The patches of a JSON file, a list or {"patches": [...]}; None if it holds codes.

    Raises:
        AnnotationError: the file is an object without patches, or a patch can't be used.
    """
    if not path.is_file() or holds_numpy(path):
        return None
    try:
        value = regular_files.read_json(path)
    except (OSError, ValueError):
        return None  # whoever reads it as codes says what is wrong with it
    if isinstance(value, dict):
        if set(value) != {"patches"} or not isinstance(value["patches"], list):
            raise AnnotationError(
                f"{path} holds an object with {_short(', '.join(value)) or 'nothing'}; expected "
                '{"patches": [...]} or a list of codes.'
            )
        value = value["patches"]
    elif not (isinstance(value, list) and value and isinstance(value[0], dict)):
        return None
    if not value:
        raise AnnotationError(f"{path} holds no patches; expected one or more.")
    return read_patches(value)
