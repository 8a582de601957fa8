"""Documents: all settings of a job as one JSON object, which the add-on, a farm or a script sends.

    {"version": 1, "picture": "lake.jpg", "out": "lake.mp4",
     "clip": {"frames": 200}, "motion": {"code": "0.3", "speed": 0.5}, "regions": {},
     "loop": {"kind": "two-phase"}, "appearance": {"kind": "off"}, "output": {"format": "mp4"}}

A group holds the fields of the settings class of its name, as `settings` has them; what is left out
has its default. In a file, relative paths start from the folder that the file lies in. The report
of `animate --json` holds the same groups under "settings", so that a run can be repeated from it.
"""

from __future__ import annotations

import dataclasses
import os
import types
import typing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from .. import regular_files
from ..errors import DocumentError, SettingsError
from . import (
    AppearanceSettings,
    ClipSettings,
    LoopSettings,
    MotionSettings,
    OutputSettings,
    RegionSettings,
    named_files,
)
from .sentences import in_document, job_fields, prefixed

VERSION = 1
GROUPS: dict[str, type] = {
    "clip": ClipSettings,
    "motion": MotionSettings,
    "regions": RegionSettings,
    "loop": LoopSettings,
    "appearance": AppearanceSettings,
    "output": OutputSettings,
}


@dataclass(frozen=True)
class Job:
    """All settings of one run on one picture."""

    picture: Path | None = None
    out: Path | None = None
    clip: ClipSettings = field(default_factory=ClipSettings)
    motion: MotionSettings = field(default_factory=MotionSettings)
    regions: RegionSettings = field(default_factory=RegionSettings)
    loop: LoopSettings = field(default_factory=LoopSettings)
    appearance: AppearanceSettings = field(default_factory=AppearanceSettings)
    output: OutputSettings = field(default_factory=OutputSettings)

    @property
    def period(self) -> int:
        """Frames in one loop of the motion."""
        return self.loop.period(self.clip.frames, self.motion.kind == "steady")

    def path(self, name: Literal["picture", "out"]) -> Path:
        """The path of the picture or of the output.

        Raises:
            DocumentError: the job has none.
        """
        path = self.picture if name == "picture" else self.out
        if path is None:
            raise DocumentError(f"the job has no '{name}'; expected a path: name it.")
        return path


def read(path: str | Path) -> Job:
    """Read a job from a file, in UTF-8 or UTF-16; its paths are relative to the file.

    Raises:
        DocumentError: it can't be read, or a field is unknown or out of its range; it is named.
    """
    return placed(parse(_plain(path)), Path(path).parent)


def read_named(path: str | Path) -> dict[str, dict[str, Any]]:
    """The settings that a file names itself, without defaults, by their groups; as `read`."""
    document = _plain(path)
    found = write(placed(parse(document), Path(path).parent))
    return {
        group: {name: found[group][name] for name in document[group]}
        for group in GROUPS
        if group in document
    }


def _plain(path: str | Path) -> Any:
    try:
        return regular_files.read_json(path)
    except (OSError, ValueError) as error:
        raise DocumentError(
            f"'{path}' can't be read as a JSON document ({error}); expected an object such as "
            "--json reports: correct the file or its name."
        ) from error


def placed(job: Job, folder: Path) -> Job:
    """A job whose relative paths start from a folder."""
    groups = {name: named_files.placed(getattr(job, name), folder) for name in GROUPS}
    picture, out = job.picture and folder / job.picture, job.out and folder / job.out
    return dataclasses.replace(job, picture=picture, out=out, **groups)


def parse(document: object) -> Job:
    """A job from a document's plain data.

    Raises:
        DocumentError: a field is unknown or out of its range; it is named.
    """
    if not isinstance(document, dict):
        raise DocumentError(f"the document is a {type(document).__name__}; expected an object.")
    if document.get("version") != VERSION:
        raise DocumentError(
            f"the document's 'version' is {document.get('version')!r}; this engine reads version "
            f"{VERSION}."
        )
    _refuse_unknown(document, {"version", "picture", "out", *GROUPS}, "")
    values: dict[str, Any] = {}
    for name in ("picture", "out"):
        if document.get(name) is not None:
            values[name] = Path(checked(document[name], str, name))
    for name, kind in GROUPS.items():
        values[name] = _settings(document.get(name, {}), kind, name)
    return Job(**values)


def is_usable(text: str) -> bool:
    """Whether a text can be handed to the system: no NUL in it, and no half of a character."""
    try:
        return b"\0" not in os.fsencode(text)  # names of files that aren't UTF-8 are usable
    except UnicodeEncodeError:
        return False


def write(job: Job) -> dict[str, Any]:
    """The document of a job, as plain data."""
    document: dict[str, Any] = {"version": VERSION}
    for name in ("picture", "out"):
        if getattr(job, name) is not None:
            document[name] = str(getattr(job, name))
    for name in GROUPS:
        document[name] = dataclasses.asdict(getattr(job, name))
    return document


@cache
def hints_of(kind: type) -> dict[str, Any]:
    """The types of a settings class's fields, by their names."""
    return typing.get_type_hints(kind)


def _settings(group: Any, kind: type, name: str) -> Any:
    if not isinstance(group, dict):
        raise DocumentError(f"'{name}' is {group!r}; expected an object with settings.")
    fields = {f.name: f for f in dataclasses.fields(kind)}
    _refuse_unknown(group, set(fields), f"{name}.")
    hints = hints_of(kind)
    values = {}
    for key, value in group.items():
        values[key] = checked(value, hints[key], f"{name}.{key}")
    try:
        return kind(**values)
    except SettingsError as error:
        raise _in_document(error, name) from error


def _in_document(error: SettingsError, group: str) -> DocumentError:
    """What a settings class refused, by the names of fields; one is named in any case."""
    sentence, setting = in_document(error.sentence), error.setting
    if not sentence.setting:
        sentence = in_document(prefixed(f"<{setting}>: " if setting else f"'{group}': ", sentence))
    return DocumentError(sentence, setting)


def _refuse_unknown(found: dict[str, Any], known: set[str], prefix: str) -> None:
    for key in found:
        if key not in known:
            raise DocumentError(
                f"the document has the unknown field {f'{prefix}{key}'!r}; expected some of "
                f"{', '.join(sorted(known))}."
            )


def checked(value: Any, hint: Any, name: str) -> Any:
    """A value of the kind that a type hint names; JSON's lists stand for tuples.

    Raises:
        DocumentError: it is of another kind; `name` is named.
    """
    if get_origin(hint) in (typing.Union, types.UnionType):
        if value is None:
            return None
        hint = next(a for a in get_args(hint) if a is not type(None))
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise _wrong(name, f"is {value!r}; expected a list.")
        return tuple(checked(v, get_args(hint)[0], f"{name}[{i}]") for i, v in enumerate(value))
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise _wrong(name, f"is {value!r}; expected one of {', '.join(get_args(hint))}.")
        return value
    names = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
    if hint is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)  # a position may be written as the number it is
    wanted = (int, float) if hint is float else hint
    if not isinstance(value, wanted) or (isinstance(value, bool) and hint is not bool):
        raise _wrong(name, f"is {value!r}; expected {names[hint]}.")
    if isinstance(value, str) and not is_usable(value):
        raise _wrong(name, f"is {value!r}, which no system takes as a name; expected text.")
    try:
        return float(value) if hint is float else value
    except OverflowError as error:  # JSON's whole numbers have no end
        raise _wrong(name, f"is beyond all numbers; expected {names[hint]}.") from error


def _wrong(name: str, what: str) -> DocumentError:
    """The error of a value: of a setting, of one of its list, or of a path beside the groups."""
    path = name.partition("[")[0]
    known = path in job_fields()
    text = f"<{name}> {what}" if known and name == path else f"'{name}' {what}"
    return DocumentError(in_document(text), path if known else None)
