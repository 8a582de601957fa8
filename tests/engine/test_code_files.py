"""Files of codes that are damaged or beyond all measure: one sentence names the file."""

from __future__ import annotations

import io
import json
import os

import numpy as np
import pytest

from landscape_engine import regular_files
from landscape_engine.bundles import sources
from landscape_engine.errors import CodeError
from landscape_engine.shell import cli


def npy(values, version=(1, 0)) -> bytes:
    made = io.BytesIO()
    np.lib.format.write_array(made, np.asarray(values), version=version)
    return made.getvalue()


def headed(header: str) -> bytes:
    """An .npy file whose header says something else."""
    text = header.ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(32)


GOOD = npy(np.zeros(8, np.float32))
WRONG = {
    "cut off in its header": GOOD[:20],
    "cut off in its numbers": GOOD[:-3],
    "too long": GOOD + b"\0" * 9,
    "magic alone": b"\x93NUMPY",
    "another version": b"\x93NUMPY\x09\x00" + GOOD[8:],
    "no dictionary": headed("[1, 2]"),
    "a call": headed("{'descr': __import__('os'), 'fortran_order': False, 'shape': (8,)}"),
    "a name": headed("{'descr': '<f4', 'fortran_order': nothing, 'shape': (8,)}"),
    "a dictionary in a dictionary": headed("{" * 60),
    "no shape": headed("{'descr': '<f4', 'fortran_order': False}"),
    "a shape without end": headed(f"{{'descr':'<f4','fortran_order':False,'shape':({'9' * 60},)}}"),
    "a shape below zero": headed("{'descr': '<f4', 'fortran_order': False, 'shape': (-8,)}"),
    "objects": headed("{'descr': '|O', 'fortran_order': False, 'shape': (4,)}"),
    "texts": headed("{'descr': '<U8', 'fortran_order': False, 'shape': (1,)}"),
    "a type that isn't one": headed("{'descr': 'no type', 'fortran_order': False, 'shape': (8,)}"),
    "fields": headed("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (8,)}"),
    "NaN": npy(np.full(8, np.nan)),
    "infinity": npy(np.full(8, np.inf)),
    "beyond float32": npy(np.full(8, 1e300)),
    "none": npy(np.zeros((0, 8))),
    "another size": npy(np.zeros(7)),
    "three axes": npy(np.zeros((2, 2, 8))),
    "complex numbers": npy(np.zeros(8, complex)),
    "400 digits": ("[" + "9" * 400 + ", 0, 0, 0, 0, 0, 0, 0]").encode(),
    "5000 digits": ("[" + "9" * 5000 + ", 0, 0, 0, 0, 0, 0, 0]").encode(),
    "beyond float32 in JSON": b"[1e300, 0, 0, 0, 0, 0, 0, 0]",
    "NaN in JSON": b"[NaN, 0, 0, 0, 0, 0, 0, 0]",
    "infinity in JSON": b"[1e999, 0, 0, 0, 0, 0, 0, 0]",
    "null in JSON": b"[null, 0, 0, 0, 0, 0, 0, 0]",
    "an object in JSON": b'{"code": [0, 0, 0, 0, 0, 0, 0, 0]}',
    "lists of several lengths": b"[[0, 0], [0]]",
    "depth": b"[" * 100_000,
    "nothing": b"",
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
@pytest.mark.filterwarnings("error")
def test_a_damaged_code_is_named_in_a_sentence(tmp_path, content):
    path = tmp_path / "code.npy"
    path.write_bytes(content)
    with pytest.raises(CodeError, match="code.npy") as refused:
        sources.read_codes(path, 8)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("kind", ["<f2", "<f4", ">f8", "<i4", "|u1"])
def test_what_numpy_writes_is_read(tmp_path, version, order, kind):
    values = np.arange(16).reshape(2, 8).astype(kind, order=order)
    (tmp_path / "a.npy").write_bytes(npy(values, version))
    assert np.array_equal(sources.read_codes(tmp_path / "a.npy", 8).numpy(), np.float32(values))


@pytest.mark.parametrize("name", ["code.npy", "code.json"])
@pytest.mark.parametrize("damage", ["pipe", "bounds"])
def test_a_pipe_or_an_endless_file_is_no_code(tmp_path, name, damage, unhung):
    path = tmp_path / name
    if damage == "pipe":
        unhung(path)
    else:
        path.write_bytes(GOOD if name.endswith("npy") else b"[0]")
        most = {"code.npy": regular_files.MOST_CODES, "code.json": regular_files.MOST_JSON}[name]
        os.truncate(path, most + 1)  # of which nothing is on the disk
    with pytest.raises(CodeError, match=name):
        sources.read_codes(path, 8)


@pytest.mark.parametrize("flag", ["--motion-code", "--appearance-code", "--appearance-key"])
def test_a_command_refuses_it_in_one_line(lake, bundle_folder, tmp_path, flag, capsys):
    (tmp_path / "code.json").write_text(json.dumps([1e300] * 8))
    value = str(tmp_path / "code.json")
    words = ["animate", str(lake), "--out", str(tmp_path / "out"), "--bundle", str(bundle_folder)]
    words += ["--frames", "2", flag, f"1={value}" if flag.endswith("key") else value]
    assert cli.main(words) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and "isn't finite" in err
    assert os.listdir(tmp_path) == ["code.json"]
