"""Cases: files as others might send them, damaged by a seed, and what the engine makes of each."""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from landscape_engine import images, regular_files
from landscape_engine.bundles import authors, checkpoints, sources
from landscape_engine.errors import LandscapeError
from landscape_engine.settings import documents
from landscape_engine.worker import tasks
from tests.conftest import make_bundle, make_picture

ODD: list[Any] = [
    None, True, -1, 0, 1e308, 10**400, float("nan"), float("inf"), "", "\0", "\ud800", "/dev/zero",
    "../..", "x" * 300, [], {}, [[]], {"a": {}}, "9" * 5000,
]  # fmt: skip
WORDS = [b"\0" * 8, b"\xff" * 8, b"\x7f\xff\xff\xff", b"[" * 5000, b"NaN", b"1e999", b"\r\n", b'"']


class Sources:
    """What is damaged: one good file of each kind, made in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        picture = Image.fromarray(images.to_uint8(make_picture(24, 32)))
        self.pictures = []
        for name in ("a.png", "a.jpg", "a.tif", "a.webp", "a.gif", "a.bmp", "a.tga", "a.ppm"):
            picture.save(folder / name)
            self.pictures.append((name, (folder / name).read_bytes()))
        checkpoints.save(make_bundle(), folder / "bundle")
        self.bundle = {p.name: p.read_bytes() for p in sorted((folder / "bundle").iterdir())}
        codes = np.linspace(-1, 1, 24, dtype=np.float32).reshape(3, 8)
        np.save(folder / "code.npy", codes)
        self.codes = [
            ("a.npy", (folder / "code.npy").read_bytes()),
            ("a.json", json.dumps(codes.tolist()).encode()),
        ]
        self.pickles = [pickle.dumps([codes, codes + 1], protocol) for protocol in range(6)]
        self.document = documents.write(documents.Job(Path("/a.png"), Path("/out")))
        self.tasks = [
            {"protocol": 1, "task": "animate", "job": self.document, "save_motion": "/m.npy"},
            {"protocol": 1, "task": "fit", "picture": "/a.png", "arrows": ["0,0,1,1"]},
            {"protocol": 1, "task": "thumbnails", "picture": "/a.png", "kind": "motion",
             "positions": [0, 0.5], "side": 32},
        ]  # fmt: skip


def damaged(rng: random.Random, content: bytes) -> bytes:
    """Some bytes turned, cut, doubled, or put in."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0 and data:
            data[at % len(data)] = rng.randrange(256)
        elif kind == 1:
            data[at:at] = rng.choice(WORDS)
        elif kind == 2:
            del data[at : at + rng.randint(1, 64)]
        elif kind == 3:
            data[at : at + 4] = rng.randbytes(4)
        elif rng.random() < 0.3:
            del data[at:]
    return bytes(data)


def odd(rng: random.Random, value: Any) -> Any:
    """Plain data with one of its values replaced, left out, or under another name."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        changed, key = dict(value), rng.choice(list(value))
        kind = rng.random()
        if kind < 0.1:
            changed[rng.choice(["x", "", "\0", "version"])] = changed.pop(key)
        elif kind < 0.2:
            del changed[key]
        else:
            changed[key] = odd(rng, value[key])
        return changed
    if isinstance(value, list) and value and rng.random() < 0.6:
        at = rng.randrange(len(value))
        return [*value[:at], odd(rng, value[at]), *value[at + 1 :]]
    return rng.choice(ODD)


def picture(rng: random.Random, known: Sources, folder: Path) -> Callable[[], Any]:
    """A damaged picture is read."""
    name, content = rng.choice(known.pictures)
    (folder / name).write_bytes(damaged(rng, content))
    return lambda: images.load_image(folder / name)


def bundle(rng: random.Random, known: Sources, folder: Path) -> Callable[[], Any]:
    """A bundle with one damaged file is loaded."""
    files = dict(known.bundle)
    name = rng.choice(list(files))
    if name == "bundle.json" or rng.random() < 0.5:
        description = odd(rng, json.loads(files["bundle.json"]))
        files["bundle.json"] = json.dumps(description).encode()
    else:
        files[name] = damaged(rng, files[name][:2000]) + files[name][2000:]
    for file, content in files.items():
        (folder / file).write_bytes(content)
    return lambda: checkpoints.load(folder)


def code(rng: random.Random, known: Sources, folder: Path) -> Callable[[], Any]:
    """A damaged file of codes is read."""
    name, content = rng.choice(known.codes)
    (folder / name).write_bytes(damaged(rng, content))
    return lambda: sources.read_codes(folder / name, 8)


def codebook(rng: random.Random, known: Sources, folder: Path) -> Callable[[], Any]:
    """A damaged pickle is read."""
    path = folder / "codebook_m_1.pkl"
    path.write_bytes(damaged(rng, rng.choice(known.pickles)))
    return lambda: authors._read_codes(path)


def document(rng: random.Random, known: Sources, folder: Path) -> Callable[[], Any]:
    """A document of odd values is read."""
    content = json.dumps(odd(rng, known.document)).encode()
    if rng.random() < 0.4:
        content = damaged(rng, content)
    (folder / "job.json").write_bytes(content)
    return lambda: documents.read(folder / "job.json")


def message(rng: random.Random, known: Sources, folder: Path) -> Callable[[], Any]:
    """A worker's job of odd values is read, and its line."""
    content = json.dumps(odd(rng, rng.choice(known.tasks))).encode()
    if rng.random() < 0.3:
        content = damaged(rng, content)
    (folder / "job.json").write_bytes(content)

    def read() -> None:
        try:
            regular_files.parse_json(content)
        except ValueError:
            pass  # the line is no request
        _, fields = tasks.read_task(folder / "job.json")
        if "job" in fields:
            documents.parse(fields["job"])

    return read


KINDS = (picture, bundle, code, codebook, document, message)


def run(number: int, known: Sources, folder: Path) -> str:
    """Run a case in a folder of its own; gives what is wrong with its end, or nothing."""
    rng = random.Random(number)
    folder.mkdir(parents=True)
    do = KINDS[number % len(KINDS)](rng, known, folder)
    before = sorted(folder.rglob("*"))
    try:
        with torch.inference_mode():
            do()
    except LandscapeError as error:
        if not str(error).isprintable() or not str(error):
            return f"its sentence is no line: {error!r}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    return "" if sorted(folder.rglob("*")) == before else "it left files"
