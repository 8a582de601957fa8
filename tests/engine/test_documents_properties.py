"""Properties of a job's document: any settings come back, anything else is refused by its path."""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from landscape_engine.errors import DocumentError
from landscape_engine.settings import MAX_FRAMES, MAX_SIDE_PX, documents
from landscape_engine.settings.documents import GROUPS, Job
from landscape_engine.settings.fields import MAX_SEED
from landscape_engine.settings.sentences import job_fields

NUMBERS = {  # what a field of numbers may hold
    "clip.frames": st.integers(1, MAX_FRAMES),
    "clip.seed": st.integers(0, MAX_SEED),
    "motion.speed": st.floats(-100, 100).filter(bool),
    "motion.ripple": st.floats(0, 100),
    "regions.horizon": st.floats(0, 1, exclude_min=True, exclude_max=True),
    "loop.frames": st.integers(2, MAX_FRAMES),
    "loop.phase_noise": st.floats(0, 1),
    "appearance.cycles": st.integers(1, MAX_FRAMES),
    "appearance.codes": st.integers(1, MAX_FRAMES),
    "appearance.patch_frame": st.integers(0, MAX_FRAMES),
    "appearance.stars": st.floats(0, 1),
    "appearance.windows": st.floats(0, 1),
    "output.fps": st.floats(0, 1000, exclude_min=True),
}
SIDES = st.integers(2, MAX_SIDE_PX)
# what a system takes as a name: no NUL, no half of a character
NAMES = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
LOOKS = st.text(NAMES, min_size=1).filter(lambda look: look not in ("random", "predict"))
KEYS = st.dictionaries(st.integers(0, MAX_FRAMES), LOOKS, max_size=4).map(
    lambda keys: tuple(f"{n}={keys[n]}" for n in sorted(keys))
)
TEXTS = {  # what a field of text holds, where it isn't free
    "clip.size": st.builds("{}x{}".format, SIDES, SIDES),
    "appearance.keys": KEYS,
}
NINES = st.integers(0, 5000).map("9".__mul__)  # Python reads no number of more than 4300 digits
NEARLY = {  # what is nearly of a field's form
    "clip.size": st.builds("{}x{}".format, NINES, NINES),
    "appearance.keys": st.lists(st.builds("{}={}".format, NINES, st.text(NAMES)), max_size=3),
    "appearance.patch_frame": st.integers(-(10**400), 10**400),
}
BESIDE = {"appearance.patch_frame": {"patches": ["0.5,0.5,0.1,#ff8040"]}}  # what a field needs
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=5,
)


def hint_of(path: str) -> Any:
    group, _, name = path.partition(".")
    return typing.get_type_hints(GROUPS[group])[name]


def held(path: str, hint: Any) -> st.SearchStrategy:
    """What a field may hold, by its type hint and the tables above."""
    if get_origin(hint) in (typing.Union, types.UnionType):
        return st.none() | held(path, next(a for a in get_args(hint) if a is not type(None)))
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if hint is bool:
        return st.booleans()
    if hint in (int, float):
        return NUMBERS[path]
    if path in TEXTS:
        return TEXTS[path]
    return st.text(NAMES) if hint is str else st.lists(st.text(NAMES), max_size=3).map(tuple)


def settings_of(group: str) -> st.SearchStrategy:
    names = {f.name: f"{group}.{f.name}" for f in dataclasses.fields(GROUPS[group])}
    held_by = {name: held(path, hint_of(path)) for name, path in names.items()}
    return st.fixed_dictionaries(held_by).map(lambda values: made(group, values))


def made(group: str, values: dict[str, Any]) -> Any:
    """The settings of a group, without what contradicts something else of it."""
    if group == "regions" and not values["clean"]:
        values |= {"still_mask": None, "moving_mask": None, "region": ()}
    if group == "appearance":
        if values["keys"] or values["patches"]:
            values["code"] = "random" if values["code"] else None
        taken = {int(key.partition("=")[0]) for key in values["keys"]}
        if not values["patches"] or values["patch_frame"] in taken:
            values["patch_frame"] = None
    return GROUPS[group](**values)


PATHS = st.none() | st.text(NAMES).map(Path)
JOBS = st.builds(Job, picture=PATHS, out=PATHS, **{name: settings_of(name) for name in GROUPS})


@given(JOBS)
def test_any_job_comes_back_from_its_text(job):
    text = json.dumps(documents.write(job))
    assert documents.parse(json.loads(text)) == job
    assert json.dumps(documents.write(documents.parse(json.loads(text)))) == text


def refusal_of(document: Any) -> DocumentError | None:
    """How a document is refused, in one sentence; None if it is read, and then it comes back."""
    try:
        job = documents.parse(document)
    except DocumentError as error:
        said = str(error)
        assert said.endswith(".") and len(said.splitlines()) == 1, said
        return error
    assert documents.parse(json.loads(json.dumps(documents.write(job)))) == job
    return None


@pytest.mark.parametrize("path", job_fields())
@given(data=st.data())
def test_any_value_of_a_field_is_read_or_refused_by_its_path(path, data):
    group, _, name = path.partition(".")
    value = data.draw(JSON | NEARLY[path] if path in NEARLY else JSON)
    refused = refusal_of({"version": 1, group: {**BESIDE.get(path, {}), name: value}})
    if refused is not None:
        assert f"'{path}" in str(refused) and refused.setting == path
    else:
        assert is_of(value, hint_of(path))


def is_of(value: Any, hint: Any) -> bool:
    """Whether JSON's value is of a type hint's kind; a number may stand for text."""
    if get_origin(hint) in (typing.Union, types.UnionType):
        return any(is_of(value, one) for one in get_args(hint))
    if hint is type(None):
        return value is None
    if get_origin(hint) is tuple:
        return isinstance(value, list) and all(is_of(one, str) for one in value)
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if isinstance(value, bool):
        return hint is bool
    if hint is int:
        return isinstance(value, int)
    if hint is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, str | int | float)


@given(st.sampled_from(["", *GROUPS]), st.text(), JSON)
def test_an_unknown_field_is_refused_by_its_path(group, name, value):
    known = {"version", "picture", "out", *GROUPS} if not group else hints_of(group)
    assume(name not in known)
    path = f"{group}.{name}" if group else name
    refused = refusal_of({"version": 1, **({group: {name: value}} if group else {name: value})})
    assert f"the unknown field {path!r}" in str(refused)


def hints_of(group: str) -> set[str]:
    return set(typing.get_type_hints(GROUPS[group]))


@given(JSON, st.dictionaries(st.sampled_from(["picture", "out", *GROUPS]), JSON))
def test_no_document_is_met_with_anything_but_a_sentence(document, fields):
    refusal_of(document)
    refusal_of({"version": 1, **fields})


@given(st.binary() | st.builds(lambda value: json.dumps(value).encode(), JSON))
def test_no_file_is_met_with_anything_but_a_sentence(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "job.json"
    path.write_bytes(data)
    with pytest.raises(DocumentError):
        documents.read(path)
