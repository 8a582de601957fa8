"""Pickles are looked through before anything in them is carried out."""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile

import numpy as np
import pytest
import torch

from landscape_engine import pickles
from landscape_engine.bundles import authors, pickled_arrays
from landscape_engine.errors import BundleError, TrainingError
from landscape_engine.networks import perceptual
from landscape_engine.training.runs import training_loop
from tests.hostile_pickles import ENDLESS

ARRAYS = [np.ones((3, 8), np.float32), np.zeros((2, 8))]
ENDLESS_CALL = b"\x80\x02)q\x00" + b"h\x00h\x00\x86q\x00" * 60 + b")R."


@pytest.mark.parametrize("protocol", range(6))
def test_what_pythons_own_pickler_writes_passes(protocol):
    pickles.check(pickle.dumps(ARRAYS, protocol), pickled_arrays.OPCODES)
    shared = ("a" * 50, [1, 2])
    pickles.check(pickle.dumps({"a": [shared] * 20, "b": {1, 2}}, protocol))


@pytest.mark.parametrize("content", ENDLESS.values(), ids=ENDLESS)
def test_a_value_without_end_is_known_by_its_opcodes(content):
    with pytest.raises(pickle.UnpicklingError, match="far larger"):
        pickles.check(content)


def test_a_value_that_holds_itself_is_refused():
    circle: list = []
    circle.append([circle])
    with pytest.raises(pickle.UnpicklingError, match="holds itself"):
        pickles.check(pickle.dumps(circle))


OTHERS = [o for o in pickletools.opcodes if o.name not in pickled_arrays.OPCODES]


def test_arrays_need_no_more_opcodes():
    """Those that call by a name, make objects, or ask for what lies elsewhere are none of them."""
    never = {"INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4"}
    assert never <= {opcode.name for opcode in OTHERS}


@pytest.mark.parametrize("opcode", OTHERS, ids=lambda opcode: opcode.name)
def test_an_opcode_that_arrays_never_need_is_refused(opcode, tmp_path, monkeypatch):
    """Wherever it stands, and before anything of the pickle is carried out."""
    argument = {"INST": b"os\nsystem\n", "PERSID": b"1\n", "NEXT_BUFFER": b""}
    content = opcode.code.encode("latin1") + argument.get(opcode.name, b"\1\0\0\0\0\0\0\0")
    monkeypatch.setattr(pickled_arrays, "_Unpickler", None)
    for before in (b"", pickle.dumps(ARRAYS, 2)[:-1]):
        path = tmp_path / "codebook_m_1.pkl"
        path.write_bytes(before + content + b".")
        with pytest.raises(pickle.UnpicklingError, match=f"the opcode {opcode.name}"):
            pickled_arrays.read(path)


def weights(body: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    """A file as torch writes it, with another pickle in it."""
    whole = io.BytesIO()
    torch.save({"conv1.weight": torch.ones(2)}, whole)
    made = io.BytesIO()
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(made, "w", compression) as archive:
        for entry in source.infolist():
            pickled = entry.filename.endswith("data.pkl")
            archive.writestr(entry.filename, body if pickled else source.read(entry))
    return made.getvalue()


def old_weights(body: bytes) -> bytes:
    """The same as earlier ones of torch wrote it: pickles, one after the other."""
    whole = io.BytesIO()
    torch.save({}, whole, _use_new_zipfile_serialization=False)
    head = io.BytesIO(whole.getvalue())
    for _ in range(3):
        pickle.load(head)
    return whole.getvalue()[: head.tell()] + body + pickle.dumps([], 2)


@pytest.mark.parametrize("make", [weights, old_weights])
def test_weights_with_a_value_without_end_are_refused(tmp_path, make):
    """Torch told all of it in its own error."""
    path = tmp_path / "PMNet_weight_1.pth"
    path.write_bytes(make(ENDLESS_CALL))
    with pytest.raises(BundleError, match="can't be read as weights alone"):
        authors._read_weights(path)
    with pytest.raises(BundleError, match="can't be read as weights alone"):
        perceptual.load_perceptual(str(path))
    with pytest.raises(TrainingError, match="far larger"):
        training_loop.read_checkpoint(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_weights_that_torch_wrote_pass(tmp_path, zipped):
    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    state = {"step": 3, "modules": network.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(state, tmp_path / "c.pt", _use_new_zipfile_serialization=zipped)
    assert training_loop.read_checkpoint(tmp_path / "c.pt")["step"] == 3


def test_packed_weights_are_refused(tmp_path):
    """A few bytes may unpack to any number of them."""
    (tmp_path / "c.pt").write_bytes(weights(b"\x80\x02}.", zipfile.ZIP_DEFLATED))
    with pytest.raises(TrainingError, match="packed"):
        training_loop.read_checkpoint(tmp_path / "c.pt")
