"""Manifests: a CSV, JSON lines or a folder of pictures → the items of a batch.

    plates.csv      picture,out,clip.frames,motion.speed    a column for each setting that differs
    plates.jsonl    {"picture": "lake.jpg", "out": "lake.mp4", "clip": {"frames": 200}}
    plates/         every picture in it; lake.job.json beside lake.jpg has its own settings

A line of JSON is a job's document (`settings.documents`); "version" may be left out. A CSV has a
row of names first: `picture`, `out`, `job` (a document's file), and settings by their paths in a
document; an empty cell is left out, and a list stands as JSON or as its only entry. Commas,
semicolons or tabs separate cells, whichever its first row has. What an item doesn't say, the
document of the whole batch says, and else the defaults. Paths start from the manifest's folder,
outputs from the batch's.

A manifest is read whole before anything is done: one bad line refuses it, by its number.
"""

from __future__ import annotations

import csv
import hashlib
import io
import types
import typing
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin

from .. import regular_files
from ..errors import LandscapeError, ManifestError
from ..images.kinds import is_hidden, is_picture
from ..jobs import read_files
from ..settings import documents
from ..settings.documents import GROUPS, Job
from .roots import Roots, followed

LINES, TABLES = (".jsonl", ".ndjson"), (".csv",)
MOST_ITEMS = 100_000
PATHS = ("picture", "out", "job")
SEPARATORS = (",", ";", "\t")  # of a table, as spreadsheets of different countries save it
OWN_DOCUMENT = ".job.json"  # after a picture's name without its ending
MOVIES = ("mp4", "webm", "gif")
NAME_KEPT = 40  # characters of an item's name in the name of its folder of state

Document = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """One picture of a batch, and what is to be made of it.

    Attributes:
        name: of its output below the output folder, with forward slashes.
        said: where the manifest says it: "line 3", or a picture's name.
        job: all its settings; its paths are absolute.
    """

    name: str
    said: str
    job: Job

    @property
    def key(self) -> str:
        """A name for files of its own: legible, and never that of another item."""
        return key_of(self.name)


def key_of(name: str) -> str:
    """The key of an item's name: its beginning in plain letters, and a hash."""
    stem = Path(name).stem[:NAME_KEPT]
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in stem)
    digest = hashlib.sha256(_folded(name).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{plain or '_'}-{digest[:16]}"


def read(manifest: Path, roots: Roots, usual: Path | None = None) -> list[Item]:
    """The items of a manifest, in its order.

    Args:
        manifest: a .csv, .jsonl or .ndjson, or a folder.
        roots: where its items may read and write.
        usual: a job's document with the settings of all items; its picture and out have no effect.

    Raises:
        ManifestError: it can't be read, a line is malformed, leads out of the roots, writes what
            is read, or two have one output.
        DocumentError: the document of all items can't be used.
    """
    base = _usual(usual)
    try:
        entries = list(_entries(manifest))
    except (OSError, ValueError, csv.Error) as error:
        raise ManifestError(
            f"the manifest '{manifest}' can't be read ({error}); expected a folder of pictures, a "
            ".csv or a .jsonl in UTF-8: correct it or its name."
        ) from error
    if not entries:
        raise ManifestError(
            f"the manifest '{manifest}' holds no picture; expected one or more: add some."
        )
    folder = manifest if manifest.is_dir() else manifest.parent
    folder = folder.absolute()
    jobs: list[tuple[str, Job]] = []
    for said, document in entries:
        with _said(manifest, said):
            jobs.append((said, _job(document, base, folder, roots)))
    jobs = _with_outputs(jobs)
    items = []
    for said, job in jobs:
        with _said(manifest, said):
            job = replace(job, out=roots.out / job.path("out"))
            roots.check(job)
            items.append(Item(roots.place(job.path("out")), said, job))
    _refuse_shared_outputs(manifest, items)
    _refuse_read_outputs(manifest, items, roots)
    return items


def _refuse_read_outputs(manifest: Path, items: list[Item], roots: Roots) -> None:
    """Refuse an output that an item reads, whosever, or a folder that holds such a file."""
    read = {followed(path) for item in items for path in read_files.named_by(item.job)}
    read.add(followed(manifest))
    held = read.union(*(path.parents for path in read))
    for item in items:
        if roots.out / item.name in held:
            with _said(manifest, item.said):
                raise ManifestError(
                    f"'out' is '{item.name}', which this batch reads, or a folder that holds what "
                    "it reads; expected another, so that nothing is lost: choose one."
                )


class _said:
    """Errors in the block become the manifest's, with the line that they are about."""

    def __init__(self, manifest: Path, said: str) -> None:
        self._where = f"{said} of '{manifest}'"

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        if isinstance(error, LandscapeError):
            raise ManifestError(f"{self._where}: {error}", error.setting) from error


def _usual(path: Path | None) -> Document:
    """The settings that all items begin with, as a document; its paths are absolute."""
    return {} if path is None else documents.read_named(path.absolute())


# ------------------------------------------------------------------------ entries


def _entries(manifest: Path) -> Iterator[tuple[str, Document]]:
    """Where each item stands, and its document, unchecked but for being an object."""
    ending = manifest.suffix.lower()
    if manifest.is_dir():
        entries = _in_folder(manifest)
    elif ending in LINES:
        entries = _in_lines(_text(manifest))
    elif ending in TABLES:
        entries = _in_table(manifest, _text(manifest))
    else:
        regular_files.check(manifest)
        raise ValueError(f"its ending is '{ending}'")
    for number, entry in enumerate(entries):
        if number == MOST_ITEMS:
            raise ValueError(f"it has more than {MOST_ITEMS} items; divide it")
        yield entry


def _text(path: Path) -> str:
    content = regular_files.read_bytes(path, regular_files.MOST_JSON)
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")  # as spreadsheets save it
    return content.decode("utf-16" if wide else "utf-8-sig")


def _in_folder(folder: Path) -> Iterator[tuple[str, Document]]:
    for picture in sorted(folder.iterdir(), key=lambda path: path.name):
        if is_picture(picture) and picture.is_file() and not is_hidden(picture):
            beside = picture.with_name(picture.stem + OWN_DOCUMENT)
            document: Document = {"job": beside.name} if beside.exists() else {}
            yield f"'{picture.name}'", {**document, "picture": picture.name}


def _in_lines(text: str) -> Iterator[tuple[str, Document]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                document = regular_files.parse_json(line, _each_once)
            except ValueError as error:
                raise ValueError(f"line {number} is no JSON: {error}") from error
            if not isinstance(document, dict):
                raise ValueError(f"line {number} is no JSON object")
            if "job" in document:  # a table's column alone: here the line is the document
                raise ValueError(f"line {number} has the unknown field 'job'")
            yield f"line {number}", document


def _each_once(pairs: list[tuple[str, Any]]) -> Document:
    """An object none of whose fields stands twice, of which one would be lost unseen."""
    twice = next((name for name, n in Counter(name for name, _ in pairs).items() if n > 1), None)
    if twice is not None:
        raise ValueError(f"it has '{twice[:80]}' twice")
    return dict(pairs)


def _in_table(manifest: Path, text: str) -> Iterator[tuple[str, Document]]:
    first = text.partition("\n")[0]
    rows = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=max(SEPARATORS, key=first.count),
        strict=True,
    )
    names = [name.strip() for name in next(rows, [])]
    known = {*PATHS, *_hints(), ""}  # spreadsheets have columns without a name, and without a cell
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise ValueError(
            f"its first row has the unknown name '{unknown[:80]}'; expected some of "
            f"{', '.join(PATHS)} and settings such as clip.frames"
        )
    twice = next((name for name, count in Counter(names).items() if name and count > 1), None)
    if twice is not None:
        raise ValueError(f"its first row has '{twice}' twice")
    for row in rows:
        said = f"line {rows.line_num}"
        filled = [number for number, cell in enumerate(row) if cell.strip()]
        if not filled:
            continue
        if filled[-1] >= len(names):
            raise ValueError(f"{said} has {filled[-1] + 1} cells, its first row {len(names)}")
        cells = {names[number]: row[number] for number in filled}
        if "" in cells:
            raise ValueError(f"{said} has the cell '{cells[''][:80]}' in a column without a name")
        yield said, _of_row(cells)


def _of_row(cells: Mapping[str, str]) -> Document:
    document: Document = {}
    for name, cell in cells.items():
        if name in PATHS:
            document[name] = cell
        else:
            group, _, field = name.partition(".")
            document.setdefault(group, {})[field] = _value(cell, _hints()[name])
    return document


@cache
def _hints() -> dict[str, Any]:
    """The types of all settings of a job, by their paths."""
    return {
        f"{group}.{field}": hint
        for group, kind in GROUPS.items()
        for field, hint in documents.hints_of(kind).items()
    }


def _value(cell: str, hint: Any) -> Any:
    """A cell's value where it is of its setting's kind; else its text, which is refused later."""
    if get_origin(hint) in (typing.Union, types.UnionType):
        hint = next(a for a in get_args(hint) if a is not type(None))
    text = cell.strip()
    if get_origin(hint) is tuple:
        if not text.startswith("["):
            return [text]
        return _parsed(text)
    if hint is bool:
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        return words.get(text.lower(), text)
    if hint in (int, float):
        found = _parsed(text)
        return text if isinstance(found, bool) else found
    return text


def _parsed(text: str) -> Any:
    try:
        return regular_files.parse_json(text)
    except ValueError:
        return text


# --------------------------------------------------------------------------- jobs


def _job(document: Document, base: Document, folder: Path, roots: Roots) -> Job:
    """A checked job, with absolute paths but for its output's."""
    document = dict(document)
    layers = [base]
    own = document.pop("job", None)
    if own is not None:
        layers.append(_document_in(folder / documents.checked(own, str, "job"), roots))
    layers.append(document)
    merged: Document = {"version": document.get("version", documents.VERSION)}
    for layer in layers:
        for name, value in layer.items():
            before = merged.get(name)
            both = isinstance(value, dict) and isinstance(before, dict) and name in GROUPS
            merged[name] = {**before, **value} if both and before is not None else value
    job = documents.parse(merged)
    out = job.out
    return replace(documents.placed(job, folder), picture=folder / job.path("picture"), out=out)


def _document_in(path: Path, roots: Roots) -> Document:
    """The settings of an item's own document, which has to lie in a root."""
    roots.check_read(path)
    return documents.read_named(path)


def _with_outputs(jobs: list[tuple[str, Job]]) -> list[tuple[str, Job]]:
    """Give each job without an output one that is named after its picture."""
    stems = Counter(_folded(job.path("picture").stem) for _, job in jobs if job.out is None)
    named = []
    for said, job in jobs:
        if job.out is None:
            picture, format = job.path("picture"), job.output.format
            stem = picture.stem
            if stems[_folded(stem)] > 1:  # lake.jpg and lake.png
                stem += picture.suffix.replace(".", "-")
            job = replace(job, out=Path(f"{stem}.{format}" if format in MOVIES else stem))
        named.append((said, job))
    return named


def _refuse_shared_outputs(manifest: Path, items: list[Item]) -> None:
    """Refuse two items with one output, or one within another's (`_folded`)."""
    taken: dict[str, Item] = {}
    for item in items:
        other = taken.setdefault(_folded(item.name), item)
        if other is not item:
            raise ManifestError(
                f"{item.said} of '{manifest}' writes to '{item.name}', as {other.said} does; "
                "expected an output of its own for each: name them by 'out'."
            )
    for item in items:
        for parent in Path(_folded(item.name)).parents:
            other = taken.get(parent.as_posix(), item)
            if other is not item:
                raise ManifestError(
                    f"{item.said} of '{manifest}' writes to '{item.name}', within the output of "
                    f"{other.said}; expected separate outputs: name another."
                )


def _folded(name: str) -> str:
    """One text for all names that some disk takes for one: A and a, and on Windows 'a' and 'a.'."""
    parts = unicodedata.normalize("NFC", name).casefold().split("/")
    return "/".join(part.rstrip(". ") or part for part in parts)
