"""Sentences that name settings: by flags in the shell, by paths in a document, by a panel's labels.

A sentence is written with the paths of settings in a job: "<motion.speed> is 0", and
"<regions.clean off>" for a switch that is off. `say` puts it into the shell's words; it keeps its
parts, so that another front door can name the settings in its own way.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from ..errors import LandscapeError, printable
from .fields import flag_of, opposite_of

NAME = re.compile(r"<([a-z_]+\.[a-z_]+)( off)?>")


@dataclasses.dataclass(frozen=True)
class Named:
    """A setting named in a sentence.

    Attributes:
        path: its place in a job: "motion.speed".
        off: whether its being off is meant, as by --no-clean.
    """

    path: str
    off: bool = False


Part = str | Named


class Sentence(str):
    """A sentence in the words of one front door, with the parts that another makes its own of."""

    parts: tuple[Part, ...]

    def __new__(cls, text: str, parts: Sequence[Part] = ()) -> Sentence:
        """Keep the parts beside the text."""
        made = super().__new__(cls, printable(text))
        made.parts = tuple(printable(p) if isinstance(p, str) else p for p in parts)
        return made

    @property
    def setting(self) -> str | None:
        """The path of the setting that is named first."""
        return next((part.path for part in self.parts if isinstance(part, Named)), None)


def say(text: str) -> Sentence:
    """A sentence with paths in angle brackets, in the shell's words."""
    return _worded(_parts_of(text), _flag)


def in_document(sentence: str) -> Sentence:
    """The same sentence in a document's words."""
    return _worded(_parts_of(sentence), _field)


def prefixed(prefix: str, sentence: str) -> Sentence:
    """A sentence with something before it, in the same words."""
    return Sentence(prefix + sentence, [*_parts_of(prefix), *_parts_of(sentence)])


def as_data(sentence: str) -> list[Any]:
    """A sentence's parts as plain data: text, and {"setting": PATH, "off": BOOL} for each name."""
    return [
        part if isinstance(part, str) else {"setting": part.path, "off": part.off}
        for part in _parts_of(sentence)
    ]


@contextmanager
def about(path: str) -> Iterator[None]:
    """Give errors raised in the block the setting they are about, if they have none."""
    try:
        yield
    except LandscapeError as error:
        error.setting = error.setting or path
        raise


@cache
def job_fields() -> dict[str, dataclasses.Field[Any]]:
    """The fields of all settings of a job, by their paths."""
    from .documents import GROUPS  # whose classes speak in these sentences

    return {
        f"{group}.{field.name}": field
        for group, kind in GROUPS.items()
        for field in dataclasses.fields(kind)
    }


def _worded(parts: Sequence[Part], name: Callable[[Named], str]) -> Sentence:
    text = "".join(part if isinstance(part, str) else name(part) for part in parts)
    return Sentence(text, parts)


def _parts_of(text: str) -> tuple[Part, ...]:
    if isinstance(text, Sentence):
        return text.parts
    parts: list[Part] = []
    end = 0
    for found in NAME.finditer(text):
        if found[1] in job_fields():
            parts += [text[end : found.start()], Named(found[1], bool(found[2]))]
            end = found.end()
    return tuple(part for part in (*parts, text[end:]) if part != "")


def _flag(named: Named) -> str:
    field = job_fields()[named.path]
    return f"--{opposite_of(field) if named.off else flag_of(field)}"


def _field(named: Named) -> str:
    return f"'{named.path}': false" if named.off else f"'{named.path}'"
