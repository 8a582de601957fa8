"""Pickles that others made, looked through before they are loaded: nothing in them is carried out.

A few bytes can stand for a value without end: a tuple of twice the one before, sixty times over,
takes ages wherever it is hashed, compared or told in a message. A pickle's opcodes say which value
holds which, so that its size written out is known beforehand.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from . import regular_files

MOST_BYTES = 1 << 25  # of a pickle, without the weights that a file has beside it
MOST_OPCODES = 1 << 18  # more than ten thousand arrays need
TIMES = 100  # by which a value may be larger, written out, than its pickle …
BESIDES = 1 << 16  # … and this many bytes more
IN_WEIGHTS = 5  # pickles, one after the other, of a file of weights that is no archive
_PUTS = {"PUT", "BINPUT", "LONG_BINPUT"}
_GETS = {"GET", "BINGET", "LONG_BINGET"}
_ARCHIVE = b"PK\x03\x04"


def check(content: bytes, opcodes: Container[str] | None = None) -> None:
    """Refuse a pickle whose value would be far larger than itself, or holds itself.

    Args:
        content: the pickle.
        opcodes: the names of those that it may have; None: any.

    Raises:
        Exception: of any kind, where it is damaged, or none of these.
    """
    _check_next(io.BytesIO(content), opcodes)


def check_weights(path: Path | str) -> None:
    """Refuse a file of weights, as torch writes them, of which a pickle is such a one.

    Raises:
        Exception: of any kind, where it is damaged, too large, or no regular file.
    """
    regular_files.check(path, regular_files.MOST_WEIGHTS)
    with open(path, "rb") as file:
        if file.read(len(_ARCHIVE)) == _ARCHIVE:
            _check_archive(file)
            return
        file.seek(0)
        start = io.BytesIO(file.read(MOST_BYTES))
    for _ in range(IN_WEIGHTS):
        _check_next(start, None)


def _check_archive(file: BinaryIO) -> None:
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
                raise pickle.UnpicklingError(f"'{entry.filename}' in it is packed")
            if entry.filename.endswith(".pkl"):
                if entry.file_size > MOST_BYTES:
                    raise pickle.UnpicklingError(f"'{entry.filename}' in it is too large")
                check(archive.read(entry))


class _Value:
    """What an opcode makes: its own bytes, and the values that it holds."""

    __slots__ = ("held", "size", "total")

    def __init__(self, size: int, held: list[_Value] | None = None) -> None:
        self.size = size
        self.held = [] if held is None else held
        self.total: int | None = None  # written out; 0 while that is being found out


def _check_next(file: io.BytesIO, opcodes: Container[str] | None) -> None:
    start = file.tell()
    top = _built(file, opcodes)
    most = TIMES * (file.tell() - start) + BESIDES
    for value in top:
        if _written_out(value, most) > most:
            raise pickle.UnpicklingError("its value is far larger than itself")


def _built(file: io.BytesIO, opcodes: Container[str] | None) -> list[_Value]:
    """All values that a pickle makes, without making them."""
    stack: list[_Value | None] = []  # None is a mark
    memo: dict[int, _Value] = {}
    made: list[_Value] = []
    for count, (opcode, argument, _) in enumerate(pickletools.genops(file), 1):
        name = opcode.name
        if opcodes is not None and name not in opcodes:
            raise pickle.UnpicklingError(f"it has the opcode {name}")
        if count > MOST_OPCODES:
            raise pickle.UnpicklingError(f"it has more than {MOST_OPCODES} opcodes")
        if name in _PUTS or name == "MEMOIZE":
            place = len(memo) if name == "MEMOIZE" else int(argument or 0)
            if not 0 <= place <= count:
                raise pickle.UnpicklingError(f"it puts something at the place {place}")
            memo[place] = _top(stack)
        elif name in _GETS:
            stack.append(memo[int(argument or 0)])
        elif name == "DUP":
            stack.append(_top(stack))
        elif name == "MARK":
            stack.append(None)
        elif name == "POP":
            stack.pop()
        else:
            made += _carried_out(opcode, argument, stack)
    return made


def _carried_out(opcode: Any, argument: Any, stack: list[_Value | None]) -> Iterator[_Value]:
    """Put onto the stack what an opcode makes of what it takes; gives what is new."""
    before = [kind.name for kind in opcode.stack_before]
    taken: list[_Value] = []
    if "mark" in before:
        while (value := stack.pop()) is not None:
            taken.append(value)
        before = before[: before.index("mark")]
    for _ in before:
        value = stack.pop()
        if value is None:
            raise pickle.UnpicklingError("it takes a mark for a value")
        taken.append(value)
    if not opcode.stack_after:
        return
    if before and opcode.stack_after[0].name in ("list", "dict", "set") or opcode.name == "BUILD":
        changed = taken.pop()  # the lowest; the same value goes on with more in it
        changed.held += taken
        stack.append(changed)
        return
    long = argument if isinstance(argument, str | bytes | bytearray) else b""
    value = _Value(1 + len(long), taken)
    stack.append(value)
    yield value


def _top(stack: list[_Value | None]) -> _Value:
    value = stack[-1]
    if value is None:
        raise pickle.UnpicklingError("it takes a mark for a value")
    return value


def _written_out(value: _Value, most: int) -> int:
    """The bytes of a value with all that it holds, each time that it is held."""
    path = [value]
    while path:
        last = path[-1]
        if last.total is None:
            last.total = 0
            path += [one for one in last.held if _is_open(one)]
        elif last.total == 0:
            last.total = min(last.size + sum(one.total or 0 for one in last.held), most + 1)
            path.pop()
        else:
            path.pop()
    return value.total or 0


def _is_open(value: _Value) -> bool:
    """Whether its size isn't known yet."""
    if value.total == 0:
        raise pickle.UnpicklingError("a value in it holds itself")
    return value.total is None
