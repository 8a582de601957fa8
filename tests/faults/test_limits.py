"""Facts about limits of memory, files and time that a command meets: one sentence, a true code."""

from __future__ import annotations

import os
import signal

import pytest
import safetensors.torch
import torch
from PIL import Image

from landscape_engine import images
from landscape_engine.bundles import authors, checkpoints, pickled_arrays
from landscape_engine.errors import is_out_of_memory
from landscape_engine.jobs import animate as animation
from landscape_engine.networks import perceptual
from landscape_engine.shell import cli
from landscape_engine.training.data import labelled
from landscape_engine.training.runs import training_loop

from .commands import animation_words, training_words

MIB = 1 << 20

MEMORY = "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried"


@pytest.mark.parametrize(
    "error, used_up",
    [
        (RuntimeError(MEMORY), True),
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (OSError(12, "Cannot allocate memory"), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError(MEMORY), False),
    ],
)
def test_memory_that_is_used_up_is_told_from_faults(error, used_up):
    assert is_out_of_memory(error) is used_up


def test_memory_that_is_used_up_is_one_sentence(lake, tmp_path, bundle_folder, monkeypatch, capsys):
    def fail(*_, **__):
        raise RuntimeError(f"{MEMORY}\nmore\nlines")

    monkeypatch.setattr(animation, "render", fail)
    arguments = ["animate", lake, "--out", tmp_path / "out", "--bundle", bundle_folder]
    assert cli.main([str(a) for a in arguments]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and "memory is used up" in err


@pytest.mark.parametrize("mib", [8, 48, 160])
@pytest.mark.parametrize("command", ["animate", "train"])
def test_too_little_memory_is_one_sentence(nursery, lake, bundle_folder, tmp_path, mib, command):
    words = animation_words(lake, bundle_folder, tmp_path / "out")
    words += ["--size", "2560x1440"]
    if command == "train":
        words = [*training_words(tmp_path), "--batch", 64]
    child = nursery.start(*words, folder=tmp_path, limits={"AS": mib * MIB})
    assert child.wait() == 2, child.err
    assert len(child.err.splitlines()) == 1 and "memory is used up" in child.err, child.err
    assert command == "train" or not os.listdir(tmp_path)


@pytest.mark.parametrize("name", ["out", "out.mp4", "out.gif"])
def test_files_that_may_not_grow_are_one_sentence(nursery, lake, bundle_folder, tmp_path, name):
    words = animation_words(lake, bundle_folder, tmp_path / name)
    child = nursery.start(*words, folder=tmp_path, limits={"FSIZE": 500})
    assert child.wait() == 2, child.err
    assert len(child.err.splitlines()) == 1 and "File too large" in child.err, child.err
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("name", ["out", "out.mp4"])
@pytest.mark.parametrize("files", range(4, 16, 3))
def test_too_few_open_files_are_one_sentence(nursery, lake, bundle_folder, tmp_path, name, files):
    words = animation_words(lake, bundle_folder, tmp_path / name)
    child = nursery.start(*words, folder=tmp_path, limits={"NOFILE": files})
    code = child.wait()
    assert code in (0, 2), (code, child.err)
    assert len(child.err.splitlines()) == (1 if code else 0), child.err
    assert os.listdir(tmp_path) == ([] if code else [name])


def test_time_that_is_over_leaves_nothing_to_the_next(nursery, lake, bundle_folder, tmp_path):
    words = animation_words(lake, bundle_folder, tmp_path / "out")
    child = nursery.start(*words, "--frames", 100_000, folder=tmp_path, limits={"CPU": 2})
    assert child.wait() == -signal.SIGXCPU
    assert nursery.start(*words, folder=tmp_path).wait() == 0
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("error", [RuntimeError(MEMORY), MemoryError(), OSError(12, "no memory")])
def test_what_finds_no_memory_is_not_called_damaged(
    lake, tmp_path, bundle_folder, monkeypatch, error
):
    """Whoever reads a file that others wrote, and takes any error for damage."""

    def fail(*_, **__):
        raise error

    (tmp_path / "labels").mkdir()
    Image.new("L", (20, 20), 1).save(tmp_path / "labels" / "a.png")
    torch.save({"step": 1}, tmp_path / "PMNet_weight_1.pth")
    (tmp_path / "codebook_m_1.pkl").touch()
    for place, name in (
        (images.reading, "load_with_pillow"), (torch, "load"), (safetensors.torch, "load_file"),
        (pickled_arrays, "read"), (Image, "open"),
    ):  # fmt: skip
        monkeypatch.setattr(place, name, fail)
    for read in (
        lambda: images.load_image(lake),
        lambda: authors._read_weights(tmp_path / "PMNet_weight_1.pth"),
        lambda: authors._read_codes(tmp_path / "codebook_m_1.pkl"),
        lambda: perceptual.load_perceptual(str(tmp_path / "PMNet_weight_1.pth")),
        lambda: training_loop.read_checkpoint(tmp_path / "PMNet_weight_1.pth"),
        lambda: checkpoints.load(bundle_folder),
        lambda: labelled.read_label(tmp_path / "a.png", (20, 20)),
    ):
        with pytest.raises(Exception) as caught:  # noqa: B017 - one of ours says so, or it passes
            read()
        assert caught.value is error or "memory" in str(caught.value)
        assert "damaged" not in str(caught.value)
