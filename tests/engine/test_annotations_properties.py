"""Properties of arrows and patches: one meaning in three spellings, and steps that follow it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from landscape_engine.errors import AnnotationError
from landscape_engine.fitting import targets
from landscape_engine.fitting.annotations import (
    LARGEST_RADIUS,
    SHORTEST,
    Arrow,
    Patch,
    read_arrow,
    read_patch,
    read_patch_file,
)

SHARES = st.floats(0, 1)
POINTS = st.tuples(SHARES, SHARES)
ASPECTS = st.floats(0.1, 10)
COLORS = st.tuples(*[st.integers(0, 255)] * 3)


def long_enough(start: tuple[float, float], end: tuple[float, float]) -> bool:
    return math.dist(start, end) > SHORTEST


ARROWS = (
    st.tuples(POINTS, POINTS).filter(lambda ends: long_enough(*ends)).map(lambda ends: Arrow(*ends))
)
PATCHES = st.builds(Patch, POINTS, st.floats(0, LARGEST_RADIUS, exclude_min=True), COLORS)
NUMBERS = (
    st.floats(0, 1)
    | st.floats()
    | st.integers(-(10**400), 10**400)
    | st.booleans()
    | st.text(max_size=5)
    | st.sampled_from(["0.5", "#ff8040", "\n"])
)
PAIRS = st.lists(NUMBERS, min_size=2, max_size=2)
ALMOST = (  # of the right form, but for what stands in it
    st.lists(NUMBERS, min_size=4, max_size=4)
    | st.lists(NUMBERS, min_size=3, max_size=5).map(lambda values: ",".join(map(str, values)))
    | st.fixed_dictionaries({"start": PAIRS, "end": PAIRS})
    | st.fixed_dictionaries(
        {"center": PAIRS, "radius": NUMBERS, "color": NUMBERS | st.lists(NUMBERS, max_size=3)}
    )
)
ANYTHING = ALMOST | st.recursive(
    st.none() | NUMBERS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(ARROWS)
def test_an_arrow_is_the_same_in_every_spelling(arrow):
    (x0, y0), (x1, y1) = arrow.start_01, arrow.end_01
    told = {"start": [x0, y0], "end": [x1, y1]}
    for value in (f"{x0},{y0}, {x1} ,{y1}", [x0, y0, x1, y1], told, json.loads(json.dumps(told))):
        assert read_arrow(value) == arrow


@given(PATCHES)
def test_a_patch_is_the_same_in_every_spelling(patch):
    (x, y), radius = patch.center_01, patch.radius_01
    color = "#{:02x}{:02x}{:02x}".format(*patch.color)
    told = {"center": [x, y], "radius": radius, "color": list(patch.color)}
    for value in (f"{x},{y},{radius},{color}", [x, y, radius, color], [x, y, radius, color[1:]],
                  told):  # fmt: skip
        assert read_patch(value) == patch


@given(ANYTHING)
def test_nothing_is_met_with_anything_but_a_sentence(value: Any):
    for read in (read_arrow, read_patch):
        try:
            found = read(value)
        except AnnotationError as error:
            said = str(error)
            assert said.endswith(".") and len(said.splitlines()) == 1, said
        else:
            assert read(found) is found and found == read(value)


@given(ANYTHING)
def test_no_patch_file_is_met_with_anything_but_a_sentence(tmp_path_factory, value: Any):
    path = tmp_path_factory.getbasetemp() / "patches.json"
    path.write_text(json.dumps([value]), encoding="utf-8")
    try:
        found = read_patch_file(path)
    except AnnotationError:
        return
    assert found is None or all(isinstance(one, Patch) for one in found)


NEAR = st.floats(-SHORTEST, SHORTEST)


@given(POINTS, st.tuples(NEAR, NEAR))
def test_a_stroke_has_a_direction_from_a_certain_length_on(start, by):
    end = (start[0] + by[0], start[1] + by[1])
    inside = all(0 <= value <= 1 for value in end)
    try:
        Arrow(start, end)
    except AnnotationError as error:
        assert ("has no length" if inside else "leaves the picture") in str(error)
        assert not inside or math.dist(start, end) < SHORTEST
    else:
        assert inside and math.dist(start, end) >= SHORTEST


@given(st.tuples(*[st.floats(-0.5, 1.5)] * 4))
def test_what_leaves_the_picture_is_refused(values):
    assume(long_enough(values[:2], values[2:]))
    inside = all(0 <= value <= 1 for value in values)
    try:
        read_arrow(list(values))
    except AnnotationError as error:
        assert not inside and "leaves the picture" in str(error)
    else:
        assert inside


@given(st.lists(ARROWS, min_size=1, max_size=8), ASPECTS, st.sampled_from([1.0, 64.0]))
def test_every_arrow_gets_a_step_in_its_direction_on_the_screen(arrows, aspect, beta):
    """Whatever arrows are beside it, and however far from square the picture is."""
    vectors = targets.flow_vectors(arrows, aspect, beta)
    assert torch.isfinite(vectors).all() and float(vectors.abs().max()) <= 1 / beta * (1 + 1e-6)
    moved = targets.on_screen(-vectors[:, :, None, None], aspect)[:, :, 0, 0]
    asked = targets.screen_directions(arrows, aspect)
    cosines = torch.nn.functional.cosine_similarity(moved.double(), asked.double(), eps=1e-30)
    assert float(cosines.min()) > 0.9999


@given(st.lists(ARROWS, min_size=2, max_size=8), ASPECTS)
def test_arrows_keep_the_ratio_of_their_lengths_on_the_screen(arrows, aspect):
    asked = targets.screen_directions(arrows, aspect).norm(dim=1)
    flow = targets.flow_vectors(arrows, aspect, 1.0)
    free = flow.abs().amax(1) < 0.999  # not at the end of the predictor's range
    for one in range(len(arrows)):
        for other in range(len(arrows)):
            if free[one] and free[other]:
                moved = targets.on_screen(flow[[one, other], :, None, None], aspect).flatten(1)
                pace = moved.norm(dim=1) / asked[[one, other]]
                assert float((pace[0] - pace[1]).abs()) < 1e-4 * float(pace.max())


@given(ARROWS, st.integers(2, 40), st.integers(2, 40), ASPECTS)
def test_an_arrow_is_drawn_unbroken_from_end_to_end(arrow, height, width, aspect):
    flow, mask = targets.draw_arrows([arrow], (height, width), aspect, 64.0)
    rows, columns = torch.nonzero(mask[0, 0], as_tuple=True)
    drawn = set(zip(columns.tolist(), rows.tolist(), strict=True))
    ends = [
        (round(x * (width - 1)), round(y * (height - 1))) for x, y in (arrow.start_01, arrow.end_01)
    ]
    for x, y in ends:
        assert any(abs(x - u) <= 1 and abs(y - v) <= 1 for u, v in drawn)
    for x, y in drawn:  # each pixel has a neighbour, unless it is alone
        beside = {(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} - {(x, y)}
        assert len(drawn) == 1 or drawn & beside
    assert bool((flow[0].any(0) <= mask[0, 0].bool()).all())


@given(PATCHES, st.integers(1, 40), st.integers(1, 40), ASPECTS)
def test_a_patch_covers_its_disc_and_never_nothing(patch, height, width, aspect):
    colors, mask = targets.draw_patches([patch], (height, width), aspect)
    assert [round((c + 1) * 127.5) for c in colors.flatten().tolist()] == list(patch.color)
    y, x = np.mgrid[:height, :width]
    x, y = x / max(width - 1, 1) - patch.center_01[0], y / max(height - 1, 1) - patch.center_01[1]
    away, covered = np.hypot(x, y / aspect), mask[0, 0].numpy()
    assert covered.sum() >= 1 and (covered[away < patch.radius_01 - 1e-5] == 1).all()
    nearest = away == away.min()  # that is painted, however small the patch
    assert (covered[(away > patch.radius_01 + 1e-5) & ~nearest] == 0).all()
