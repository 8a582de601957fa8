"""The authors' checkpoints import, give what their code gives, and hostile files are refused."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import torch

from landscape_engine import pickles, regular_files
from landscape_engine.animator import Animator, load_animator
from landscape_engine.bundles import authors, checkpoints
from landscape_engine.errors import BundleError
from landscape_engine.images import load_image, to_uint8
from landscape_engine.light.color_maps import transfer_maps
from landscape_engine.ops import color
from landscape_engine.settings import ClipSettings, LoopSettings, MotionSettings
from landscape_engine.shell import cli
from tests.hostile_pickles import MANY_TIMES, NO_ARRAYS, OBJECTS, STATED_POINTERS


@pytest.fixture(scope="module")
def parity(request):
    folder = request.config.rootpath.parent / "shared" / "parity"
    if not folder.is_dir():
        pytest.skip("the shared parity folder isn't here")
    return folder


@pytest.fixture(scope="module")
def theirs(parity, tmp_path_factory):
    folder = tmp_path_factory.mktemp("authors")
    subprocess.run([sys.executable, parity / "seeded_checkpoint.py", folder], check=True)
    return folder


@pytest.fixture(scope="module")
def imported(theirs, tmp_path_factory) -> Animator:
    folder = tmp_path_factory.mktemp("imported") / "bundle"
    checkpoints.save(authors.import_authors(theirs), folder, torch.float32)
    return load_animator(folder, "cpu")


@pytest.fixture(scope="module")
def golden(parity):
    return dict(np.load(parity / "golden.npz"))


@torch.no_grad()
def test_networks_agree(imported, golden, parity):
    image, code = load_image(parity / "scene.png"), torch.linspace(-1, 1, 8)[None]
    flow = imported.bundle.network("motion_predictor")(image, code)[0, :, ::8, ::8]
    assert np.abs(flow.numpy() - golden["flow"]).max() * 64 < 1e-3
    color_map = transfer_maps(imported.look_at(image), anchored=False)(code)
    shown = color.transfer(image, color_map)[0, :, ::8, ::8]
    assert np.abs(shown.numpy() - golden["appearance"]).max() < 1e-3
    averaged = torch.nn.functional.avg_pool2d(image, 2)
    encoded = imported.bundle.network("appearance_encoder")(averaged)[0]
    assert np.abs(encoded.numpy() - golden["appearance_code"]).max() < 1e-3


def test_the_whole_recurrent_crossfaded_loop_agrees(imported, golden, parity):
    image = load_image(parity / "scene.png")
    scene = imported.look_at(image)
    motion = imported.move(scene, MotionSettings(kind="recurrent", code="0.35"))
    loop = LoopSettings(kind="crossfade", frames=5, sampling="bilinear", start="blend")
    frames = imported.render(scene, motion, None, loop, ClipSettings(frames=5))
    for frame, expected in zip(frames, golden["loop"], strict=True):
        difference = np.abs(to_uint8(frame).astype(float) - expected)
        # they truncate to 8 bits, twice where frames are blended: up to 0.9 grey levels in the mean
        assert difference.mean() < 0.95
        assert np.abs(to_uint8(image).astype(float) - expected).mean() > 3


class Hostile:
    def __reduce__(self):
        return os.system, ("echo pwned > pwned.txt",)


def test_a_hostile_pickle_is_refused(theirs, tmp_path, monkeypatch):
    for path in theirs.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "codebook_m_5000.pkl").unlink()
    (tmp_path / "codebook_m_5000.pkl").write_bytes(pickle.dumps([Hostile()]))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match="numpy arrays and nothing else"):
        authors.import_authors(tmp_path)
    assert not (tmp_path / "pwned.txt").exists()


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_arrays_of_every_protocol_are_read(tmp_path, protocol):
    path = tmp_path / "codebook_a_1.pkl"
    wanted = [np.random.rand(n, 8).astype(np.float32) for n in (3, 5)]
    path.write_bytes(pickle.dumps(wanted, protocol=protocol))
    found = authors._read_codes(path)
    assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize(
    "value",
    [
        "text",
        [],
        np.zeros((3, 8), dtype=np.int64),
        np.full((3, 8), np.nan),
        np.zeros(8),
        {"a": np.zeros((2, 8))},
        np.array([[None]]),
    ],
    ids=["text", "nothing", "integers", "NaN", "one axis", "a dict", "objects"],
)
def test_other_values_are_refused(tmp_path, value):
    path = tmp_path / "codebook_m_1.pkl"
    path.write_bytes(pickle.dumps(value))
    with pytest.raises(BundleError):
        authors._read_codes(path)


@pytest.mark.parametrize("content", NO_ARRAYS.values(), ids=NO_ARRAYS)
def test_what_is_no_array_is_refused_and_takes_no_memory(tmp_path, content):
    path = tmp_path / "codebook_m_1.pkl"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(BundleError, match="numpy arrays and nothing else"):
            authors._read_codes(path)
        assert tracemalloc.get_traced_memory()[1] < max(1 << 20, 32 * len(content))
    finally:
        tracemalloc.stop()


def test_an_arrays_pointers_stay_what_the_file_says_of_bytes(tmp_path):
    """The state of a dtype once turned the bytes of an array into pointers to objects."""
    path = tmp_path / "codebook_m_1.pkl"
    path.write_bytes(OBJECTS)
    with pytest.raises(BundleError, match="'O8'"):
        authors._read_codes(path)
    path.write_bytes(STATED_POINTERS)
    assert authors._read_codes(path)[0].dtype == np.float32


def test_an_array_said_many_times_is_refused(tmp_path):
    path = tmp_path / "codebook_a_1.pkl"
    path.write_bytes(MANY_TIMES)
    with pytest.raises(BundleError, match="many times|far larger"):
        authors._read_codes(path)


def test_weights_that_claim_more_than_is_stored_are_refused(tmp_path):
    large = torch.zeros(1).expand(1 << 34)
    torch.save({"conv1.conv2d.weight": large}, tmp_path / "PMNet_weight_1.pth")
    with pytest.raises(BundleError, match="can't be read as weights alone"):
        authors.import_authors(tmp_path)


def test_hostile_weights_are_refused(tmp_path):
    torch.save({"a": Hostile()}, tmp_path / "PMNet_weight_5000.pth")
    with pytest.raises(BundleError, match="can't be read as weights alone"):
        authors.import_authors(tmp_path)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(BundleError, match=r"no PMNet_weight_\*\.pth"):
        authors.import_authors(tmp_path)
    with pytest.raises(BundleError, match="no folder"):
        authors.import_authors(tmp_path / "missing")


@pytest.mark.parametrize("name", ["PMNet_weight_1.pth", "codebook_m_1.pkl"])
@pytest.mark.parametrize("damage", ["pipe", "bounds"])
def test_a_pipe_or_an_endless_file_is_refused(tmp_path, name, damage, unhung):
    path = tmp_path / name
    if damage == "pipe":
        unhung(path)
    else:
        path.touch()
        weights = name.endswith("pth")
        os.truncate(path, (regular_files.MOST_WEIGHTS if weights else pickles.MOST_BYTES) + 1)
    read = authors._read_weights if name.endswith("pth") else authors._read_codes
    with pytest.raises(BundleError, match=name):
        read(path)


def test_a_pipe_in_their_folder_ends_the_import_in_one_line(tmp_path, capsys, unhung):
    (tmp_path / "theirs").mkdir()
    unhung(tmp_path / "theirs" / "PMNet_weight_1.pth")
    words = ["import-authors", str(tmp_path / "theirs"), "--out", str(tmp_path / "bundle")]
    assert cli.main(words) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert os.listdir(tmp_path) == ["theirs"]


def test_a_file_in_the_bundles_place_is_refused_at_the_start(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "theirs").mkdir()
    words = ["import-authors", str(tmp_path / "theirs"), "--out", str(tmp_path / "file")]
    assert cli.main(words) == 2
    assert "file is a file; expected a new folder" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"
