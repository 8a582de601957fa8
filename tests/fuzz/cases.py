"""Cases: files as others might send them, damaged by a seed, and what the engine makes of each.

A third of them go the whole way of a user: a command line with a damaged file, which ends with the
code 0 or with 2 and one line, or a worker's job of odd values, which is done.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import pickle
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np
import OpenEXR
import torch
from PIL import Image

from landscape_engine import __version__, images, leftovers
from landscape_engine.bundles import authors, checkpoints, sources
from landscape_engine.errors import LandscapeError, is_out_of_memory
from landscape_engine.farm import items, ledger, manifests
from landscape_engine.farm.roots import Roots
from landscape_engine.images import clips
from landscape_engine.scene import region_files
from landscape_engine.sequence import write_sequence
from landscape_engine.settings import OutputSettings, documents
from landscape_engine.shell import cli
from landscape_engine.training.data import labelled, lit_clips
from landscape_engine.training.runs import bundling, training_loop
from landscape_engine.worker import tasks
from landscape_engine.worker.events import JobEvents
from tests import hostile_pickles
from tests.conftest import make_bundle, make_picture
from tests.engine.test_images import make_wide_profile
from tests.engine.test_tiff_layouts import write as write_tiff

ODD: list[Any] = [
    None, True, -1, 0, 3, 1e-9, 0.4, 1e308, 10**400, float("nan"), float("inf"), "", "\0",
    "\ud800", "/dev/zero", "../..", "x" * 300, [], {}, [[]], {"a": {}}, "9" * 5000,
]  # fmt: skip
PATHS = [
    "../out", "..", "../../x", "/etc/passwd", "/tmp", "a/../../b.png", "./a.png", "~/x", "$HOME/x",
    "`touch x`", "$(touch x)", "'; touch x", "=cmd|' /C x'!A0", "posters", ".landscape-batch/x",
    "link/x", "link", "A.PNG", "con", "a\nb", "a\x7f", "e\u0301", "x" * 300, "a.mp4/b", "file:///x",
]  # fmt: skip
CLIPS = "a.mp4", "a.webm", "a.gif", "b.gif"
WORDS = [b"\0" * 8, b"\xff" * 8, b"\x7f\xff\xff\xff", b"[" * 5000, b"NaN", b"1e999", b"\r\n", b'"']


class Sources:
    """What is damaged: one good file of each kind, made in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        picture = Image.fromarray(images.to_uint8(make_picture(24, 32)))
        for name in ("a.png", "a.jpg", "a.tif", "a.webp", "a.gif", "a.bmp", "a.tga", "a.ppm"):
            picture.save(folder / name)
        picture.save(folder / "lzw.tif", compression="tiff_lzw")
        picture.save(folder / "jpeg.tif", compression="jpeg")
        alpha = picture.convert("RGBA")
        alpha.save(folder / "profile.tif", icc_profile=make_wide_profile())
        light = make_picture(24, 32, 4)[0].permute(1, 2, 0).numpy().copy()
        for name in ("ZIP", "PIZ", "DWAA", "B44"):
            header = {"compression": getattr(OpenEXR, f"{name}_COMPRESSION")}
            colors = {"RGBA": light.astype(np.float16 if name == "B44" else np.float32)}
            OpenEXR.File(header, colors).write(str(folder / f"{name}.exr"))
        plain = (folder / "ZIP.exr").read_bytes()
        (folder / "latin.exr").write_bytes(plain.replace(b"\0A\0", b"\0\xe4\0", 1))
        deep = np.arange(24 * 32 * 3, dtype=np.uint16).reshape(24, 32, 3) * 28
        for name in ("deep.png", "deep.tif"):
            cv2.imwrite(str(folder / name), deep)
        inks = np.dstack([deep, deep[..., :1]])
        write_tiff(folder / "cmyk.tif", inks, 16, ">", planar=True, photometric=5)
        write_tiff(folder / "ycbcr.tif", (deep >> 8).astype(np.uint8), 8, photometric=6)
        write_tiff(folder / "half.tif", light[..., [0, 0]].astype(np.float16), 16, photometric=1)
        write_tiff(folder / "lab.tif", deep, 16, big=True, photometric=8)
        self.pictures = _all_in(folder)
        for name in ("a.mp4", "a.webm", "b.gif"):
            write_sequence([make_picture(24, 32)] * 3, folder / name, OutputSettings())
        self.clips = [(p.name, p.read_bytes()) for p in map(folder.joinpath, CLIPS)]
        checkpoints.save(make_bundle(), folder / "bundle")
        self.bundle = {p.name: p.read_bytes() for p in sorted((folder / "bundle").iterdir())}
        codes = np.linspace(-1, 1, 24, dtype=np.float32).reshape(3, 8)
        np.save(folder / "code.npy", codes)
        self.codes = [
            ("a.npy", (folder / "code.npy").read_bytes()),
            ("a.json", json.dumps(codes.tolist()).encode()),
        ]
        self.pickles = [pickle.dumps([codes, codes + 1], protocol) for protocol in range(6)]
        self.pickles += [*hostile_pickles.REFUSED.values(), hostile_pickles.STATED_POINTERS]
        self.folder = folder
        self.document = documents.write(documents.Job(Path("a.png"), Path("out"))) | {
            "clip": {"frames": 2, "size": "32x24", "seed": 1, "upright": True, "profile": True},
            "regions": {"clean": False},
        }
        self.picture = dict(self.pictures)["a.png"]
        self.desk = tasks.Desk.furnish(folder / "bundle", "cpu")
        self.region = {
            "version": 1, "name": "stream", "polygon": [[0, 0], [0.5, 0], [0.5, 1]], "speed": 0.5,
            "phase": 0.25, "ripple": 2, "sway": 1, "arrows": ["0.4,0.7,0.3,0.7"], "code": "0.5",
        }  # fmt: skip
        self.regions = {
            "version": 1,
            "pictures": {
                "a.png": {
                    "sky": [[[0, 0], [1, 0], [1, 0.4], [0, 0.4]]], "refine": ["sky"],
                    "water": [[[0, 0.6], [1, 0.6], [1, 1], [0, 1]]], "sky_box": [0, 0, 1, 0.4],
                }
            },
        }  # fmt: skip
        self.sheets = {"a.png": {"place": [0, 0, 1, 1], "columns": 2, "rows": 1, "scene": "all"}}
        torch.save({"step": 3, "described": "{}", "modules": {"a": torch.ones(4)}}, folder / "c.pt")
        self.checkpoint = (folder / "c.pt").read_bytes()
        self.tasks = [
            {"protocol": 1, "task": "animate", "job": self.document, "save_motion": "HERE/m.npy"},
            {"protocol": 1, "task": "preview", "job": self.document, "side": 32, "frames": 2},
            {"protocol": 1, "task": "thumbnails", "picture": "HERE/a.png", "kind": "motion",
             "positions": [0, 0.5], "side": 32, "frames": 2},
            {"protocol": 1, "task": "regions", "picture": "HERE/a.png",
             "regions": {"moving_mask": "HERE/a.png"}},
        ]  # fmt: skip


@dataclass
class Case:
    """What is done, and the names in the case's folder of what it may write."""

    do: Callable[[], Any]
    writes: tuple[str, ...] = ()


def _all_in(folder: Path) -> list[tuple[str, bytes]]:
    """The files of a folder, by their names."""
    return [(p.name, p.read_bytes()) for p in sorted(folder.iterdir()) if p.is_file()]


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


def document(rng: random.Random, known: Sources, folder: Path) -> Case:
    """A document of odd values is done."""
    (folder / "a.png").write_bytes(known.picture)
    content = json.dumps(odd(rng, known.document)).encode()
    if rng.random() < 0.4:
        content = damaged(rng, content)
    (folder / "job.json").write_bytes(content)
    return _command(known, folder, "animate", "--job", "job.json", writes=(_out_of(content),))


def _out_of(content: bytes) -> str:
    """The target that a document names, whether or not it can be used."""
    try:
        return str(json.loads(content)["out"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return "out"


def message(rng: random.Random, known: Sources, folder: Path) -> Case:
    """A worker's job of odd values is done."""
    (folder / "a.png").write_bytes(known.picture)
    asked = _placed(rng.choice(known.tasks), folder)
    if "job" in asked and rng.random() < 0.15:  # among the other jobs, of which one waits
        asked["job"]["out"] = str(folder / rng.choice(["jobs/next/a.gif", "jobs/a"]))
    else:
        asked = odd(rng, asked)
    content = json.dumps(asked).encode()
    if rng.random() < 0.3:
        content = damaged(rng, content)
    job = folder / "jobs" / "job"
    job.mkdir(parents=True)
    (job / "job.json").write_bytes(content)
    (folder / "jobs" / "next").mkdir()
    (folder / "jobs" / "next" / "job.json").write_bytes(b"{}")

    def do() -> None:
        events = JobEvents(job)
        try:
            known.desk.do(events)
        finally:
            events.end("cancelled")

    return Case(do, ("jobs/job", "out", "m.npy"))


def _placed(value: Any, folder: Path) -> Any:
    """A task whose paths are those of files in a folder."""
    if isinstance(value, dict):
        placed = {name: _placed(held, folder) for name, held in value.items()}
        if "version" in value:
            placed |= {name: str(folder / value[name]) for name in ("picture", "out")}
        return placed
    return value.replace("HERE", str(folder)) if isinstance(value, str) else value


def command(rng: random.Random, known: Sources, folder: Path) -> Case:
    """A command line with a file that is damaged."""
    (folder / "a.png").write_bytes(known.picture)
    name, content = rng.choice(known.pictures)
    odd_picture = f"odd{Path(name).suffix}"
    short = ["--frames", "2", "--size", "32x24", "--loop", "none", "--no-clean"]
    plain = ["animate", "a.png", "--out", "out", *short]
    kind = rng.randrange(8)
    if kind < 2:
        (folder / odd_picture).write_bytes(damaged(rng, content))
        words = [["animate", odd_picture, "--out", "out", *short, "--appearance", "off"],
                 ["codebook", odd_picture, "--out", "out.png", "--rows", "1"]][kind]  # fmt: skip
    elif kind == 2:
        name, content = rng.choice(known.clips)
        (folder / name).write_bytes(damaged(rng, content))
        words = [*plain, "--motion-code", name, "--appearance", "off"]
    elif kind == 3:
        name, content = rng.choice(known.codes)
        (folder / name).write_bytes(damaged(rng, content))
        words = [*plain, "--motion-code", name, "--appearance-code", name]
    elif kind == 4:
        (folder / odd_picture).write_bytes(damaged(rng, content))
        words = [*plain, "--appearance-key", f"1={odd_picture}"]
    elif kind == 5:
        (folder / "codebook_m_1.pkl").write_bytes(damaged(rng, rng.choice(known.pickles)))
        (folder / "PMNet_weight_1.pth").write_bytes(damaged(rng, known.checkpoint))
        words = ["import-authors", ".", "--out", "out"]
    elif kind == 6:
        name, content = rng.choice(known.clips)
        (folder / name).write_bytes(damaged(rng, content))
        words = ["evaluate", name, "--clip-frames", "1", "--clip-codes", "1", "--clip-search", "0",
                 "--clip-lights", "0", "--perceptual", "none", "--width", "64"]  # fmt: skip
    else:
        (folder / "run").mkdir()
        (folder / "run" / "checkpoint.pt").write_bytes(damaged(rng, known.checkpoint))
        words = ["train", "motion", "--run", "run", "--bundle", "out", "--steps", "1",
                 "--batch", "1", "--workers", "0", "--width", "4", "--encoder-width", "4",
                 "--size", "64", "--device", "cpu", "--no-mixed"]  # fmt: skip
    return _command(known, folder, *words, writes=("out", "out.png", "run"))


def _command(known: Sources, folder: Path, *words: str, writes: tuple[str, ...]) -> Case:
    """A command line that is given in a folder."""
    asked = [*words]
    if words[0] not in ("import-authors", "train"):
        asked += ["--bundle", str(known.folder / "bundle"), "--device", "cpu"]

    def do() -> None:
        before, said = os.getcwd(), io.StringIO()
        os.chdir(folder)
        bundling.CANDIDATES = 40  # codes to cluster: what is made of them is no matter here
        try:
            with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
                code = cli.main(asked)
        except SystemExit as refused:
            code = refused.code
        finally:
            os.chdir(before)
        lines = said.getvalue().splitlines()
        if code not in (0, 2) or "Traceback" in said.getvalue():
            raise AssertionError(f"the code {code}: {said.getvalue()[-300:]}")
        if code == 2 and "memory" in lines[-1] and "as damaged ones do" not in lines[-1]:
            raise MemoryError(lines[-1])
        refusals = [line for line in lines if line.startswith("landscape-engine: ")]
        if code == 2 and (len(refusals) != len(lines) or not lines[-1].isprintable()):
            raise AssertionError(f"it is refused by {lines}")

    return Case(do, writes)


def clip(rng: random.Random, known: Sources, folder: Path) -> Callable[[], Any]:
    """A damaged clip is read, by its own ending or another clip's."""
    _, content = rng.choice(known.clips)
    name, _ = rng.choice(known.clips)
    (folder / name).write_bytes(damaged(rng, content))
    return lambda: [picture.shape for picture in clips.pictures(folder / name)]


def region(rng: random.Random, known: Sources, folder: Path) -> Callable[[], Any]:
    """A region of odd values, or a damaged mask, is read."""
    if rng.random() < 0.3:
        name, content = rng.choice(known.pictures)
        (folder / name).write_bytes(damaged(rng, content))
        return lambda: region_files.read_mask(folder / name, (24, 32))
    _write_odd(rng, folder / "region.json", known.region)
    return lambda: region_files.read_region(
        folder / "region.json", (24, 32), (16, 16), torch.device("cpu")
    )


def training(rng: random.Random, known: Sources, folder: Path) -> Callable[[], Any]:
    """Stills with labels or a table, or a sheet of lights, one of them damaged, are read."""
    name, content = rng.choice(known.pictures)
    lit = rng.random() < 0.4
    part = rng.choice(("picture", "table", "label"))
    still = folder / f"a{Path(name).suffix}"
    still.write_bytes(damaged(rng, content) if part == "picture" else content)
    table = known.sheets if lit else known.regions
    place = folder / ("sheets.json" if lit else "regions.json")
    if part == "table":
        _write_odd(rng, place, table)
    elif part == "label" and not lit:
        (folder / "labels").mkdir()
        (folder / "labels" / "a.png").write_bytes(damaged(rng, known.pictures[0][1]))
    else:
        place.write_text(json.dumps(table))
    if lit:
        return lambda: lit_clips.load(folder, 16)
    return lambda: labelled.load(folder, 32)


def checkpoint(rng: random.Random, known: Sources, folder: Path) -> Callable[[], Any]:
    """A damaged checkpoint of a run is read."""
    (folder / "checkpoint.pt").write_bytes(damaged(rng, known.checkpoint))
    return lambda: training_loop.read_checkpoint(folder / "checkpoint.pt")


def manifest(rng: random.Random, known: Sources, folder: Path) -> Callable[[], Any]:
    """A manifest of odd values is read, and what it asks for is done, but for the pictures.

    Nothing may come to lie outside of the output folder.
    """
    plates, elsewhere, out = folder / "plates", folder / "elsewhere", folder / "far" / "out"
    for made in (plates, elsewhere, out):
        made.mkdir(parents=True)
    for name in ("a.png", "b.png", "c.png"):
        (plates / name).write_bytes(known.pictures[0][1])
    for link in (plates / "link", out / "link"):
        link.symlink_to(elsewhere)
    rows: list[Any] = [{"picture": f"{name}.png", "out": name} for name in "abc"]
    for row in rows:
        group = rng.choice(["clip", "motion", "regions", "loop", "appearance", "output"])
        row[group] = {k: v for k, v in known.document[group].items() if v not in (None, (), [])}
    rng.choice(rows)[rng.choice(["picture", "out", "out"])] = rng.choice(PATHS)
    if rng.random() < 0.4:
        at = rng.randrange(3)
        rows[at] = odd(rng, rows[at])
    kind = rng.randrange(3)
    path = plates / ("m.jsonl", "m.csv", "a.job.json")[kind]
    if kind == 1:
        content = _table(rng, rows).encode("utf-8", "replace")
    elif kind == 0:
        content = "\n".join(json.dumps(row) for row in rows).encode()
    else:
        content = json.dumps(odd(rng, {"version": 1, "clip": known.document["clip"]})).encode()
    path.write_bytes(damaged(rng, content) if rng.random() < 0.2 else content)
    return lambda: _do_batch(plates if kind == 2 else path, plates, out)


def _table(rng: random.Random, rows: list[Any]) -> str:
    cells = [
        {
            f"{name}.{field}" if isinstance(value, dict) else name: one
            for name, value in row.items()
            for field, one in (value.items() if isinstance(value, dict) else [("", value)])
        }
        for row in rows
        if isinstance(row, dict)
    ]
    names = list(dict.fromkeys(name for row in cells for name in row))
    text = io.StringIO()
    writer = csv.writer(text, quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer.writerow(names)
    for row in cells:
        found = [row.get(name, "") for name in names]
        texts = [json.dumps(one) if isinstance(one, list | tuple) else one for one in found]
        writer.writerow([text if isinstance(text, str) else str(text)[:200] for text in texts])
    return text.getvalue()


def _do_batch(path: Path, plates: Path, out: Path) -> None:
    """Read a manifest, and do its items as a worker does, with frames that nobody computes."""
    roots = Roots.named([plates], out)

    def outside() -> list[Path]:
        return sorted(p for p in plates.parent.rglob("*") if out not in p.parents)

    before = outside()

    def animate(job: documents.Job, **options: Any) -> dict[str, Any]:
        picture = job.path("picture").resolve()
        assert plates in (picture, *picture.parents), (
            f"it read '{picture}', which lies outside of the roots"
        )
        frame = make_picture(4, 4)
        list(options["progress"](iter([frame]), 1, "frames"))
        target = job.path("out")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"frames")
        return {"paths": [str(target)], "frames": 1, "width": 4, "height": 4, "device": "cpu",
                "notes": []}  # fmt: skip

    try:
        found = manifests.read(path, roots)
        mark = ledger.mark_of(out, "fuzz")
        mark.parent.mkdir(exist_ok=True)
        mark.touch()
        with (
            mock.patch.object(items.animation, "animate", animate),
            mock.patch.object(items.kept_bundles, "animator_with", lambda *_: None),
            contextlib.redirect_stderr(io.StringIO()),  # the worker's log
        ):
            for item in found:
                order = {
                    "engine": __version__, "run": "fuzz", "name": item.name, "key": item.key,
                    "job": documents.write(item.job), "seen": False, "roots": [str(roots.read[0])],
                    "out": str(out), "bundle": None, "weights": "", "device": "cpu", "losses": 3,
                    "attempt": 1,
                }  # fmt: skip
                said = items.do(order)
                assert said["state"] in ("made", "failed"), said
                assert "report it as a fault" not in said.get("sentence", ""), said["sentence"]
    finally:
        assert outside() == before, "it wrote outside of the output folder"
        for entry in out.iterdir():
            if entry.name != "link":
                leftovers.remove(entry)


def _write_odd(rng: random.Random, path: Path, value: Any) -> None:
    """A JSON file of odd values, at times damaged."""
    content = json.dumps(odd(rng, value)).encode()
    path.write_bytes(damaged(rng, content) if rng.random() < 0.3 else content)


KINDS = (
    picture, bundle, code, codebook, document, message, clip, region, training, checkpoint,
    command, command, manifest,
)  # fmt: skip


def run_hostile(name: str, folder: Path) -> str:
    """Read a pickle that once failed, as it was; gives what is wrong with its end, or nothing."""
    folder.mkdir(parents=True)
    path = folder / "codebook_m_1.pkl"
    path.write_bytes(hostile_pickles.REFUSED[name])
    refused, wrong = _end_of(Case(lambda: authors._read_codes(path)), folder)
    return wrong or ("" if refused else "it was read")


def kind_of(number: int, only: str | None = None) -> Callable[..., Case | Callable[[], Any]]:
    """What is damaged in a case: each kind in turn, or one alone, by its name."""
    kinds = [kind for kind in KINDS if only in (None, kind.__name__)]
    return kinds[number % len(kinds)]


def run(number: int, known: Sources, folder: Path, seed: int = 0, only: str | None = None) -> str:
    """Run a case in a folder of its own; gives what is wrong with its end, or nothing."""
    rng = random.Random(f"{seed} {number}")
    folder.mkdir(parents=True)
    case = kind_of(number, only)(rng, known, folder)
    return _end_of(case if isinstance(case, Case) else Case(case), folder)[1]


def _end_of(case: Case, folder: Path) -> tuple[bool, str]:
    """Whether a sentence refuses it, and what is wrong with how it ends, or nothing."""
    home = folder.parent  # of the sources too, and of this process's temporary files
    before = _files(home)
    refused = False
    try:
        with torch.inference_mode():
            case.do()
    except LandscapeError as error:
        refused = True
        if _is_for_want_of_memory(error):
            return True, f"it took more memory than it may: {error}"
        if not str(error).isprintable() or not str(error):
            return True, f"its sentence is no line: {error!r}"
    except Exception as error:
        return False, f"{type(error).__name__}: {str(error)[:300]}"
    written = [folder / name for name in case.writes if name]
    after = _files(home)
    changed = [
        path
        for path in before.keys() | after.keys()
        if before.get(path) != after.get(path)
        and not any(path == one or one in path.parents for one in written)
    ]
    return refused, f"it wrote {sorted(changed)[:3]}" if changed else ""


def _is_for_want_of_memory(error: BaseException | None) -> bool:
    """Whether an error was raised because of one that says so."""
    while error is not None:
        # FFmpeg says the same of a size that it doesn't even try
        if is_out_of_memory(error) and not type(error).__module__.startswith("av."):
            return True
        error = error.__cause__ or error.__context__
    return False


def _files(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """All that is in a folder, with what changes where something is written, or replaced."""
    found = {}
    for path in folder.rglob("*"):
        if any(part.startswith("torchinductor") for part in path.parts):
            continue  # torch's own folder for temporary files
        state = path.lstat()
        times = 0 if path.is_dir() else state.st_mtime_ns
        found[path] = (state.st_ino, 0 if path.is_dir() else state.st_size, times)
    return found
