"""Arrays out of a pickle that somebody else made: nothing of Python's or NumPy's is handed to it.

What a pickle of arrays asks for is answered by stand-ins of our own, which know bytes, shapes and
three types of floats. Its opcodes are looked through before it is loaded (`pickles`): there are
some that arrays never need. Nothing may be larger than the file. What a file brings is asked for
its type before anything else: to hash, to compare or to tell it may take ages.
"""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import pickles, regular_files

FLOATS = {f"{order}{kind}" for order in ("", "<", ">", "=") for kind in ("f2", "f4", "f8")}
OPCODES = frozenset(
    "PROTO FRAME STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE INT LONG LONG1 LONG4 BININT "
    "BININT1 BININT2 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES "
    "BINBYTES8 BYTEARRAY8 UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 EMPTY_TUPLE TUPLE TUPLE1 "
    "TUPLE2 TUPLE3 EMPTY_LIST LIST APPEND APPENDS GLOBAL STACK_GLOBAL REDUCE BUILD PUT BINPUT "
    "LONG_BINPUT GET BINGET LONG_BINGET MEMOIZE".split()
)


class _Array:
    """Stands for an array; filled by the state that its pickle gives it."""

    def __init__(self) -> None:
        self.values: NDArray[Any] | None = None

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) != 5 or self.values is not None:
            raise pickle.UnpicklingError("an array's state is of another form")
        _, shape, dtype, columns_first, content = state
        self.values = _array(content, dtype, shape, "F" if columns_first else "C")


class _Float:
    """Stands for the type of an array; what is said of it besides its name is left unheard."""

    def __init__(self, name: Any = None, *_: Any) -> None:
        if not isinstance(name, str) or name not in FLOATS:
            raise pickle.UnpicklingError(f"it holds numbers of the type {_told(name)}")
        self.name = name
        self.order = name[0] if name[0] in "<>" else "<"

    def __setstate__(self, state: Any) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else None
        if isinstance(order, str) and order in ("<", ">"):
            self.order = order

    def of_numpy(self) -> np.dtype[Any]:
        """The type itself."""
        return np.dtype(self.order + self.name[-2:])


class _Maker:
    """Stands for a function or a class, in whose place it is called; nothing of it can be set."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        return self._make(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("it sets what is none of its own")


def _no_instance(*_: Any) -> Any:
    raise pickle.UnpicklingError("it makes an array of no content")


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any = "C") -> _Array:
    array = _Array()
    array.values = _array(content, dtype, shape, order)
    return array


def _told(value: Any) -> str:
    """A short text, or what else a value is."""
    return repr(value[:100]) if isinstance(value, str) else type(value).__name__.strip("_")


class _Encoder:
    """Protocol 2 keeps bytes as text; that use alone of codecs is admitted, and as often as needed.

    Args:
        most: bytes that may come out in all.
    """

    def __init__(self, most: int) -> None:
        self._left = most

    def __call__(self, text: Any, encoding: Any = "latin1") -> bytes:
        if not isinstance(text, str) or not isinstance(encoding, str) or encoding != "latin1":
            raise pickle.UnpicklingError(f"it asks for the codec {_told(encoding)}")
        self._left -= len(text)
        if self._left < 0:
            raise pickle.UnpicklingError("it holds more bytes than the file")
        return text.encode("latin1")


STAND_INS: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _no_instance,
    ("numpy", "dtype"): _Float,
    **{
        (f"numpy.{core}.{module}", name): stand_in
        for core in ("core", "_core")
        for module, name, stand_in in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("numeric", "_frombuffer", _from_buffer),
        )
    },
}


class _Unpickler(pickle.Unpickler):
    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self._stand_ins: dict[tuple[str, str], Callable[..., Any]] = {
            **STAND_INS,
            ("_codecs", "encode"): _Encoder(len(content)),
        }

    def find_class(self, module: str, name: str) -> Any:
        stand_in = self._stand_ins.get((module, name))
        if stand_in is None:
            raise pickle.UnpicklingError(f"it asks for {_told(f'{module}.{name}')}")
        return _Maker(stand_in)


def read(path: Path) -> list[NDArray[Any]]:
    """The arrays of a pickle, which holds one, or a list of them.

    Raises:
        Exception: of any kind, where the file is damaged or holds anything else.
    """
    content = regular_files.read_bytes(path, pickles.MOST_BYTES)
    pickles.check(content, OPCODES)
    value = _Unpickler(content).load()
    if isinstance(value, _Array):
        return [_values(value)]
    if not isinstance(value, list | tuple):
        raise pickle.UnpicklingError(f"it holds no arrays, but {_told(value)}")
    if len(value) > len(content):
        raise pickle.UnpicklingError("it holds more arrays than bytes")
    arrays = [_values(one) for one in value]
    if sum(max(array.nbytes, 1) for array in arrays) > len(content):
        raise pickle.UnpicklingError("it holds one array many times")
    return arrays


def _array(content: Any, dtype: Any, shape: Any, order: Any) -> NDArray[Any]:
    """An array of these bytes, of which there must be as many as its shape says."""
    columns_first = isinstance(order, str) and order == "F"
    known = columns_first or (isinstance(order, str) and order == "C")
    if not isinstance(dtype, _Float) or not known:
        raise pickle.UnpicklingError("an array is of another kind")
    if not isinstance(content, bytes | bytearray) or not isinstance(shape, tuple):
        raise pickle.UnpicklingError("an array's shape or content is of another form")
    whole = all(type(n) is int and 0 <= n <= len(content) for n in shape)
    if not whole or len(shape) > 3:
        raise pickle.UnpicklingError(f"an array of {len(content)} bytes has another shape")
    kind = dtype.of_numpy()
    if math.prod(shape) * kind.itemsize != len(content):
        raise pickle.UnpicklingError(f"an array of shape {shape} has {len(content)} bytes")
    shaped: NDArray[Any] = np.frombuffer(content, kind).reshape(
        shape, order="F" if columns_first else "C"
    )
    return shaped


def _values(value: Any) -> NDArray[Any]:
    if not isinstance(value, _Array) or value.values is None:
        raise pickle.UnpicklingError(f"it holds {_told(value)} among its arrays")
    return value.values
