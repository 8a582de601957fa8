# SPDX-License-Identifier: GPL-3.0-or-later
"""What a batch has made of its items: whose a kept .blend is, and whether one has changed since.

Beside each .blend that the batch keeps lies a record of it: the picture or .blend that it was made
of, a hash of that file's content, and one of the kept file as the batch saved it last.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

ENDING = ".landscape.json"


@dataclass
class Record:
    """One kept .blend.

    Attributes:
        item: path of the picture or .blend that it was made of.
        content: hash of that file when it was made.
        saved: hash of the kept .blend as the batch saved it last.
        edition: what results are made of; another one means that all is made anew.
    """

    item: str
    content: str = ""
    saved: str = ""
    edition: str = ""

    def write(self, kept: Path) -> None:
        """Write it beside the kept .blend."""
        text = json.dumps(asdict(self), indent=1) + "\n"
        record_file(kept).write_text(text, encoding="utf-8")


@dataclass
class Claim:
    """Where an item goes.

    Attributes:
        kept: the .blend with its plane or scene.
        record: what is known of it; already of the item as it is now.
        is_fresh: whether the kept .blend has to be made from the item, for the first time or anew.
    """

    kept: Path
    record: Record
    is_fresh: bool


def claim(item: Path | None, name: str, out: Path) -> Claim:
    """The .blend to keep an item in; items of the same name get numbers: lake, lake-2, lake-3.

    An item has the same place in every run. What lies in the folder and was not made by a batch
    from this item is never taken for it.

    Args:
        item: a picture or .blend; None for a file that was never saved, which is always made anew.
        name: of the item, without an ending.
        out: the folder of the batch.
    """
    if item is not None and item.parent.resolve() == out.resolve() and item.suffix == ".blend":
        return _claim_in_place(item)
    path = str(item.resolve()) if item else ""
    number = 1
    while True:
        kept = out / (f"{name}.blend" if number == 1 else f"{name}-{number}.blend")
        record = _read(kept)
        if record is None and not kept.exists():
            break
        if record is not None and record.item == path:
            break
        number += 1
    content = hash_of(item) if item else ""
    if record is None or not item or not kept.is_file() or record.content != content:
        return Claim(kept, Record(path, content, edition=content), True)
    _note_edit(kept, record)
    return Claim(kept, record, False)


def _claim_in_place(item: Path) -> Claim:
    """A .blend that lies in the batch's folder is itself kept there."""
    record = _read(item) or Record(str(item.resolve()))
    _note_edit(item, record)
    return Claim(item, record, False)


def _note_edit(kept: Path, record: Record) -> None:
    """A kept .blend that somebody else has saved is another edition."""
    now = hash_of(kept)
    if now != record.saved:
        record.edition = record.saved = now


def hash_of(file: Path) -> str:
    """A hash of a file's content."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def record_file(kept: Path) -> Path:
    """Where the record of a kept .blend lies."""
    return kept.with_name(kept.stem + ENDING)


def _read(kept: Path) -> Record | None:
    try:
        return Record(**json.loads(record_file(kept).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # none, or nobody's
        return None
