"""Sources of codes: a position in the codebook, a code file, patches, a picture."""

from __future__ import annotations

import io
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .. import regular_files
from ..errors import CodeError
from ..images.kinds import holds_numpy
from .checkpoints import CodeKind, ModelBundle


def position(text: str, seed: int, what: str, count: int) -> float | None:
    """The position among `count` entries that a setting names; None if it names a file."""
    if text == "random":
        # one stream a part, so that motion stays the same when appearance is turned off; an entry,
        # since halfway between two opposite motions there is none
        stream = {"motion": 0, "appearance": 1}[what]
        entry = np.random.default_rng((seed, stream)).integers(max(count, 1))
        return float(entry) / max(count - 1, 1)
    try:
        position = float(text)
    except ValueError:
        return None
    if not 0 <= position <= 1:
        raise CodeError(f"the {what} code is {text}; expected a position from 0 to 1.")
    return position


def read_codes(path: Path, size: int) -> Tensor:  # [K, Z]
    """Read one code, or a list of them, from a .json or .npy file."""
    try:
        if holds_numpy(path):
            values = _read_npy(path)
        else:
            values = np.asarray(regular_files.read_json(path), dtype=np.float64)
        with np.errstate(over="ignore"):  # too large for float32: refused below, as infinite
            codes = torch.from_numpy(np.atleast_2d(values).astype(np.float32))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CodeError(
            f"the latent code '{path}' is no number, no file and not 'random'; expected one."
        ) from error
    except (OSError, ValueError, TypeError, OverflowError) as error:
        raise CodeError(
            f"{path} can't be read as a latent code ({error}); expected {size} numbers in a .json "
            "or .npy file: write it anew."
        ) from error
    if codes.dim() != 2 or codes.shape[1] != size or not len(codes):
        raise CodeError(
            f"{path} holds numbers of shape {list(values.shape)}; expected codes of {size} numbers."
        )
    if not bool(torch.isfinite(codes).all()):
        raise CodeError(f"{path} holds a code that isn't finite; write it anew.")
    return codes


def _read_npy(path: Path) -> NDArray[Any]:
    """The array of an .npy file, which takes no more memory than the file has bytes."""
    content = regular_files.read_bytes(path, regular_files.MOST_CODES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = io.BytesIO(content)
            npy: Any = np.lib.format
            version = npy.read_magic(file)
            readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
            shape, columns_first, dtype = readers[version](file)
    except Exception as error:  # a damaged header raises what its text evaluates to
        raise ValueError("its header is damaged, or of a version that isn't read") from error
    count, whole = math.prod(shape), all(type(n) is int and n >= 0 for n in shape)
    fits = whole and count * dtype.itemsize == len(content) - file.tell()
    if dtype.kind not in "fiu" or not fits:
        raise ValueError("its header doesn't agree with its content")
    values = np.frombuffer(content, dtype, count, file.tell())
    shaped: NDArray[Any] = values.reshape(shape, order="F" if columns_first else "C")
    return shaped


def read_code(bundle: ModelBundle, path: Path, kind: CodeKind) -> Tensor:  # [1, Z]
    """Read one code of a bundle's size from a file that holds exactly one."""
    codes = read_codes(path, bundle.code_size(kind))
    if len(codes) != 1:
        what = "a motion code" if kind == "motion" else "this look"
        raise CodeError(f"{path} holds {len(codes)} codes; {what} is one vector.")
    return codes.to(bundle.device)
