"""Gather the photographs that `examples/scene_labels` names, beside their labels, to train with.

`python examples/gather_stills.py stills [--repositories DIR]`. Each repository of the table is
cloned from GitHub into a folder of DIR, `OWNER+NAME`, without a work tree; those that are there
already are read as they are. A still that can't be had, or whose shape isn't its labels', is named
and left out. What an earlier run gathered stays.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

LABELS = Path(__file__).parent / "scene_labels"
STRAY = 0.012  # by which a still's aspect may differ from its labels', for the sake of rounding
CROP = re.compile(r"crop \(([\d.]+), ([\d.]+), ([\d.]+), ([\d.]+)\)")
ROWS = re.compile(r"crop, rows (\d+)-(\d+)")


@dataclass(frozen=True)
class Still:
    """A row of the table."""

    name: str
    repository: str
    commit: str  # with what else is said of it
    path: str
    licence: str  # with what was done to the picture


def stills() -> Iterator[Still]:
    """The rows of the table."""
    for line in (LABELS / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if line.startswith("| ") and len(cells) == 5 and cells[0] != "still":
            yield Still(*cells)


def git(folder: Path, *words: str) -> bytes:
    """What git says of a repository; nothing where it fails."""
    command = ["git", "-c", "safe.directory=*", "--git-dir", str(folder), *words]
    return subprocess.run(command, capture_output=True).stdout


def repository(name: str, folder: Path) -> Path:
    """The git directory of a repository, which is cloned if it isn't there."""
    place = folder / name.replace("/", "+")
    if not place.exists():
        clone = ["git", "clone", "--quiet", "--bare", "--filter=blob:none"]
        subprocess.run([*clone, f"https://github.com/{name}", str(place)])
    inside = (place, place / "repo", place / ".git", place / "repo" / ".git")
    return next((one for one in reversed(inside) if (one / "HEAD").exists()), place)


def content(still: Still, folder: Path) -> bytes:
    """The file of a still: that of its commit, else the newest one of its name in the history."""
    path = re.sub(r" \(history.*\)$", "", still.path)
    blob = re.search(r"blob (\w+)", still.commit)
    commit = re.search(r"\b[0-9a-f]{7,8}\b", still.commit)
    wanted = [blob[1]] if blob else []
    wanted += [f"{commit[0]}:{path}"] if commit else []
    for one in wanted:
        if found := git(folder, "cat-file", "blob", one):
            return found
    for one in git(folder, "log", "--all", "--format=%H", "--", path).decode().split():
        if found := git(folder, "cat-file", "blob", f"{one}:{path}"):
            return found
    return b""


def cut(picture: Image.Image, note: str) -> Image.Image:
    """The part of a picture that was labelled."""
    width, height = picture.size
    if shares := CROP.search(note):
        left, top, right, bottom = map(float, shares.groups())
        box = left * width, top * height, right * width, bottom * height
        return picture.crop(tuple(map(round, box)))
    if rows := ROWS.search(note):
        return picture.crop((0, int(rows[1]), width, int(rows[2])))
    return picture


def gather(still: Still, folder: Path, out: Path) -> str:
    """Write a still and its labels; what hindered it, or nothing."""
    found = content(still, folder)
    if not found:
        return "not found"
    try:
        picture = ImageOps.exif_transpose(Image.open(io.BytesIO(found))).convert("RGB")
    except OSError as error:
        return f"not read ({error})"
    picture = cut(picture, still.licence)
    labels = LABELS / f"{still.name}.png"
    size = Image.open(labels).size
    if abs(picture.width / picture.height * size[1] / size[0] - 1) > STRAY:
        return f"{picture.width} × {picture.height}, its labels {size[0]} × {size[1]}: a crop"
    picture.resize(size, Image.Resampling.LANCZOS).save(out / f"{still.name}.jpg", quality=93)
    shutil.copy(labels, out / "labels" / labels.name)
    return ""


def main() -> None:
    """Gather all stills that aren't there yet."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, help="folder of the stills; labels/ is made in it")
    parser.add_argument("--repositories", type=Path, default=Path("repositories"), metavar="DIR")
    options = parser.parse_args()
    (options.out / "labels").mkdir(parents=True, exist_ok=True)
    options.repositories.mkdir(parents=True, exist_ok=True)
    wanted = defaultdict(list)
    for still in stills():
        if not (options.out / f"{still.name}.jpg").exists():
            wanted[still.repository].append(still)
    missed = 0
    for name, rows in wanted.items():
        folder = repository(name, options.repositories)
        for still in rows:
            if hindered := gather(still, folder, options.out):
                missed += 1
                print(f"{still.name}, {name}, {still.path}: {hindered}")
    print(f"{sum(map(len, wanted.values())) - missed} stills gathered, {missed} left out")


if __name__ == "__main__":
    main()
