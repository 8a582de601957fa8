# SPDX-License-Identifier: GPL-3.0-or-later
"""Strokes on a picture as arrows of the picture, and a word on those that can't be arrows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import bpy

from ..errors import AddonError
from ..image_exchange.materials import image_nodes, materials
from ..image_exchange.surface import Place, Surface, surface_of
from . import strokes
from .drawing import LAYER
from .strokes import Stroke

FARTHEST = 0.05  # from the surface, as a share of its size
SHORTEST = 0.004  # stroke that is no dot, in shares of the picture's width
SHORTEST_PIECE = 0.002  # of a bent stroke; the engine's own limit is half of it
STRAIGHT = 0.93  # a piece whose ends are nearer than this share of its length is bent
POINTS = 17  # along a stroke, that its bends are seen by
MOST_PIECES = 4
SAID = 3  # refused strokes that one message names

Arrow = tuple[float, float, float, float]  # x0, y0, x1, y1: shares of the picture, y down


@dataclass(frozen=True)
class Reading:
    """What was read.

    Attributes:
        arrows: each from where it starts to where it ends, in shares of the picture, y down.
        notes: a sentence on each stroke that is no arrow though it was drawn to be one, and on
            arrows that the current frame doesn't show.
    """

    arrows: tuple[Arrow, ...]
    notes: tuple[str, ...]


def arrows_on(
    obj: bpy.types.Object,
    context: bpy.types.Context,
    source: bpy.types.Object | None = None,
    without: Iterable[str] = (),
) -> Reading:
    """The strokes on an object, as arrows of its picture, at the current frame.

    Where none is drawn up to that frame, those of the first frame with strokes count, with a note.

    Grease pencil objects that are visible and annotations are read, without hidden layers. Each
    stroke is an arrow from its first point to its last; a bent one is up to four, one after the
    other, each shorter and so asking for less speed. Strokes belong to the object if
    their grease pencil is `source`, is parented to the object or has another stroke on it, or
    if they were drawn with Draw Arrows, unless on another picture; others are passed over where
    they don't lie on it.

    Args:
        obj: the object with the picture.
        context: for the scene, the view layer and the frame.
        source: read this grease pencil only, visible or not, and no annotations.
        without: names of grease pencils that are not read.

    Raises:
        AddonError: the object has no surface for a picture, `source` is no grease pencil, or
            strokes belong to the object and none of them can be an arrow.
    """
    depsgraph = context.evaluated_depsgraph_get()
    surface = surface_of(obj, depsgraph)
    groups = _groups(obj, context, depsgraph, source, frozenset(without))
    arrows: list[Arrow] = []
    refused: list[str] = []
    strangers: list[str] = []
    others = _Others(obj, context, depsgraph)
    later: set[int] = set()  # frames after the current one that arrows were drawn at
    for belongs, group in groups:
        found, problems = _read(obj, surface, group, others)
        arrows += found
        if found:
            later |= {s.frame for s in group if s.frame > context.scene.frame_current}
        (refused if belongs or found else strangers).extend(problems)
    if refused and not arrows:
        more = len(refused) - SAID
        rest = [f"{more} more can't be arrows either."] if more > 0 else []
        raise AddonError(" ".join(refused[:SAID] + rest))
    if strangers and not arrows:
        refused = [f"no arrow was found: {strangers[0]}"]
    if later:
        drawn_at = ", ".join(map(str, sorted(later)))
        refused.append(
            f"the arrows drawn at frame {drawn_at} are followed, though frame "
            f"{context.scene.frame_current} doesn't show them yet."
        )
    return Reading(tuple(arrows), tuple(refused))


def _groups(
    obj: bpy.types.Object,
    context: bpy.types.Context,
    depsgraph: bpy.types.Depsgraph,
    source: bpy.types.Object | None,
    without: frozenset[str],
) -> list[tuple[bool, list[Stroke]]]:
    """Strokes that belong together, and whether they surely belong to the object."""
    frame = context.scene.frame_current
    if source is not None:
        if source.type not in strokes.KINDS:
            raise AddonError(
                f"'{source.name}' is no grease pencil; choose one to read the arrows from."
            )
        return [(True, list(strokes.drawn_in(source, depsgraph, frame)))]
    pencils = [
        pencil
        for pencil in context.view_layer.objects
        if pencil.type in strokes.KINDS
        and pencil.name not in without
        and pencil.visible_get(view_layer=context.view_layer)
    ]
    groups = []
    for pencil in pencils:
        drawn = list(strokes.drawn_in(pencil, depsgraph, frame))
        groups.append((_is_child(pencil, obj), drawn))
    layers: dict[str, list[Stroke]] = {}
    for stroke in strokes.annotated(context.scene, frame):
        layers.setdefault(stroke.layer, []).append(stroke)
    return groups + [(name.startswith(LAYER), group) for name, group in layers.items()]


def _is_child(candidate: bpy.types.Object, obj: bpy.types.Object) -> bool:
    parent = candidate.parent
    while parent and parent != obj:
        parent = parent.parent
    return parent is not None


def _read(
    obj: bpy.types.Object, surface: Surface, group: list[Stroke], others: _Others
) -> tuple[list[Arrow], list[str]]:
    """The arrows of a group of strokes, and why others are none, but for those on other planes."""
    arrows: list[Arrow] = []
    problems: list[str] = []
    for stroke in group:
        if stroke.on_screen:
            problems.append(
                f"{stroke} is drawn on the screen, not on '{obj.name}'; draw on the surface "
                "(Draw Arrows sets it)."
            )
            continue
        hits = [surface.nearest(point) for point in _evenly(stroke.points)]
        away = max((distance for _, distance in hits), default=0.0)
        if away > FARTHEST * surface.size_m:
            if not stroke.owner and others.have(stroke):
                continue
            problems.append(
                f"{stroke} lies {away:.2g} m off '{obj.name}'; draw on the surface (Draw Arrows "
                "sets it)."
            )
            continue
        places = [place for place, _ in hits]
        if _length(places, surface.aspect) < SHORTEST:
            problems.append(f"{stroke} is a dot, which has no direction; drag it along.")
            continue
        pieces = _pieces(places, surface.aspect)
        if not pieces:
            problems.append(f"{stroke} has no length within the picture; draw it over it.")
        arrows += pieces
    return arrows, problems


class _Others:
    """The other planes with pictures, on which annotations may lie; looked at when it is asked."""

    def __init__(
        self, obj: bpy.types.Object, context: bpy.types.Context, depsgraph: bpy.types.Depsgraph
    ) -> None:
        self._obj, self._context, self._depsgraph = obj, context, depsgraph
        self._surfaces: list[Surface] | None = None

    def have(self, stroke: Stroke) -> bool:
        """Whether a stroke lies on one of them."""
        if self._surfaces is None:
            self._surfaces = list(self._found())
        return any(
            all(
                surface.nearest(point)[1] <= FARTHEST * surface.size_m
                for point in _evenly(stroke.points)
            )
            for surface in self._surfaces
        )

    def _found(self) -> Iterator[Surface]:
        layer = self._context.view_layer
        for other in layer.objects:
            if other == self._obj or other.type != "MESH":
                continue
            if other.visible_get(view_layer=layer) and any(map(image_nodes, materials(other))):
                with suppress(AddonError):  # nothing can lie on it
                    yield surface_of(other, self._depsgraph)


def _evenly(points: list) -> list:
    """Points along a line at even distances, so that a trembling hand doesn't count as bends."""
    steps = [(b - a).length for a, b in zip(points, points[1:], strict=False)]
    total = sum(steps)
    if not total:
        return points[:1]
    even, passed, index = [points[0]], 0.0, 0
    for number in range(1, POINTS - 1):
        wanted = total * number / (POINTS - 1)
        while passed + steps[index] < wanted and index < len(steps) - 1:
            passed += steps[index]
            index += 1
        share = (wanted - passed) / steps[index] if steps[index] else 0.0
        even.append(points[index].lerp(points[index + 1], min(max(share, 0.0), 1.0)))
    return [*even, points[-1]]


def _pieces(places: list[Place], aspect: float) -> list[Arrow]:
    """One arrow, or as many as it takes to follow the bends."""
    count = 1
    while count < MOST_PIECES and _is_bent(places, count, aspect):
        count *= 2
    step = (len(places) - 1) // count
    ends = places[::step]
    pieces = [_inside(start, end) for start, end in zip(ends, ends[1:], strict=False)]
    # what is left of it inside, by the picture's longer side: the engine knows of shares alone
    form = max(aspect, 1.0)
    return [piece for piece in pieces if _length([piece[:2], piece[2:]], form) >= SHORTEST_PIECE]


def _is_bent(places: list[Place], count: int, aspect: float) -> bool:
    """Whether any of a number of equal pieces of a line is far from straight."""
    step = (len(places) - 1) // count
    parts = [places[i : i + step + 1] for i in range(0, len(places) - 1, step)]
    return any(
        _length([part[0], part[-1]], aspect) < STRAIGHT * _length(part, aspect) for part in parts
    )


def _length(places: list[Place], aspect: float) -> float:
    """Length along places, in widths of the picture."""
    pairs = zip(places, places[1:], strict=False)
    return sum(math.hypot(x1 - x0, (y1 - y0) / aspect) for (x0, y0), (x1, y1) in pairs)


def _inside(start: Place, end: Place) -> Arrow:
    """The arrow in the picture's first repeat, cut to it."""
    shifts = [-math.floor(value) if not 0 <= value <= 1 else 0 for value in start]
    moved = (*(s + d for s, d in zip(start, shifts, strict=True)),)
    moved += (*(e + d for e, d in zip(end, shifts, strict=True)),)
    x0, y0, x1, y1 = (min(max(value, 0.0), 1.0) for value in moved)
    return x0, y0, x1, y1
