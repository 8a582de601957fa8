"""Clips: one scene under changing light each, read from videos, animations, folders and sheets.

A file that shows several scenes at once is cut by `sheets.json` beside this file, or by one of that
name in the clips' folder: for each file the grid's place [x0, y0, x1, y1] in shares of the
picture, its columns and rows, and which cells show one scene: each cell on its own ("cells", for
videos), a row, a column, or all of them; "in_order" where cells follow one another in time;
"group" where several sheets show the same scenes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ... import images, regular_files
from ...errors import TrainingError
from ...images import clips, kinds
from . import data_folders

INSET = 0.04  # share of a cell that is cut off all around: gutters and frames drawn about it
LONGEST = 64  # frames of a clip that are kept, evenly


@dataclass(frozen=True)
class Clip:
    """One scene under changing light."""

    name: str
    frames: Tensor  # [T, 3, S, S] uint8
    in_order: bool  # whether the frames follow one another in time


def load(folder: Path, size: int, stride: int = 1) -> list[Clip]:
    """Read every clip of a folder at `size` × `size` pixels, of its film every `stride`-th frame.

    Raises:
        TrainingError: there is no folder, or no clip of two frames or more in it.
        PictureError: a file, or a frame of it, can't be read.
    """
    data_folders.check(folder, "clips")
    own = folder / "sheets.json"
    table = _table(own if own.exists() else Path(__file__).with_name("sheets.json"))
    found: list[Clip] = []
    for path in sorted(path for path in folder.iterdir() if not kinds.is_hidden(path)):
        found += [c for c in _read(path, table.get(path.name), size, stride) if len(c.frames) > 1]
    found += _grouped(found, table)
    if not found:
        raise TrainingError(
            f"{folder} holds no clips; expected videos, animations, folders of frames or sheets."
        )
    return found


def _table(path: Path) -> dict[str, dict]:
    """The sheets of a table.

    Raises:
        TrainingError: it can't be read, or describes a sheet that can't be.
    """
    try:
        table = regular_files.read_json(path)
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"{path} can't be read as a table of sheets ({error}); correct or remove it."
        ) from error
    if not isinstance(table, dict):
        raise TrainingError(f"{path} is no table of sheets; expected an object by file names.")
    for name, sheet in table.items():
        if not _is_sheet(sheet):
            raise TrainingError(
                f"{path} describes '{name}' in another form; expected its 'place' [x0, y0, x1, "
                "y1] in shares, 'columns', 'rows' and 'scene': correct it."
            )
    return table


def _is_sheet(sheet: object) -> bool:
    if not isinstance(sheet, dict):
        return False
    place, inset = sheet.get("place"), sheet.get("inset", INSET)
    if not isinstance(place, list) or len(place) != 4:
        return False
    if not all(type(n) in (int, float) and 0 <= n <= 1 for n in (*place, inset)):
        return False
    counts = [sheet.get("columns"), sheet.get("rows")]
    return (
        place[0] < place[2]
        and place[1] < place[3]
        and inset < 0.5
        and all(type(n) is int and 1 <= n <= 100 for n in counts)
        and isinstance(sheet.get("scene", "cells"), str)
        and isinstance(sheet.get("group", ""), str)
    )


def _grouped(found: list[Clip], table: dict[str, dict]) -> list[Clip]:
    """Sheets of one group show the same scenes: their frames together, for pairs across them."""
    groups: dict[tuple[str, str], list[Tensor]] = {}
    for clip in found:
        name, _, index = clip.name.partition("#")
        group = table.get(name, {}).get("group")
        if group:
            groups.setdefault((group, index), []).append(clip.frames)
    return [
        Clip(f"{group}#{index}", torch.cat(frames), in_order=False)
        for (group, index), frames in groups.items()
        if len(frames) > 1
    ]


def _read(path: Path, sheet: dict | None, size: int, stride: int) -> Iterator[Clip]:
    if path.is_dir():
        names = clips.frame_paths(path)
        frames = [shrink(_picture(p), size) for p in _evenly(names[::stride])]
        if frames:
            yield Clip(path.name, torch.stack(frames), in_order=True)
    elif kinds.is_video(path):
        cells = _cells(sheet) if sheet else [(0.0, 0.0, 1.0, 1.0)]
        film = [[_cut(frame, cell, size) for cell in cells] for frame in _video(path, stride)]
        for i in range(len(cells) if film else 0):
            shown = torch.stack([row[i] for row in film])
            yield Clip(f"{path.name}#{i}" if sheet else path.name, shown, in_order=True)
    elif sheet and kinds.is_picture(path):
        picture = _picture(path)
        columns, rows = sheet["columns"], sheet["rows"]
        grid = torch.stack([_cut(picture, cell, size) for cell in _cells(sheet)])
        grid = grid.view(rows, columns, 3, size, size)
        if sheet.get("scene") == "column":
            grid = grid.transpose(0, 1)
        elif sheet.get("scene") == "all":
            grid = grid.flatten(0, 1)[None]
        for i, scene in enumerate(grid):
            yield Clip(f"{path.name}#{i}", scene.contiguous(), bool(sheet.get("in_order")))


def _cells(sheet: dict) -> list[tuple[float, float, float, float]]:
    """The cells of a grid, row by row, as x0, y0, x1, y1 in shares of the picture."""
    x0, y0, x1, y1 = sheet["place"]
    w, h = (x1 - x0) / sheet["columns"], (y1 - y0) / sheet["rows"]
    inset = sheet.get("inset", INSET)
    return [
        (
            x0 + (c + inset) * w,
            y0 + (r + inset) * h,
            x0 + (c + 1 - inset) * w,
            y0 + (r + 1 - inset) * h,
        )
        for r in range(sheet["rows"])
        for c in range(sheet["columns"])
    ]


def _cut(picture: Tensor, cell: tuple[float, float, float, float], size: int) -> Tensor:
    _, h, w = picture.shape
    x0, y0, x1, y1 = cell
    return shrink(picture[:, round(y0 * h) : round(y1 * h), round(x0 * w) : round(x1 * w)], size)


def shrink(
    picture: Tensor,  # [3|4, H, W] of 0..255
    size: int,
) -> Tensor:  # [3, size, size] uint8
    """A picture squeezed into a square; what hides under its clear pixels is left out."""
    if len(picture) == 4:
        seen = images.resize(picture[None].float() / 127.5 - 1, size, size)
        return ((images.opaque(seen)[0] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    small = F.interpolate(picture[None].float(), (size, size), mode="bilinear", antialias=True)
    return small[0].round().clamp(0, 255).to(torch.uint8)


def _picture(path: Path) -> Tensor:  # [3|4, H, W] uint8
    pixels = images.to_uint8(images.load_image(path))
    return torch.from_numpy(pixels).permute(2, 0, 1)


def _video(path: Path, stride: int) -> Iterator[Tensor]:  # each [3, H, W] uint8
    count = sum(1 for _ in clips.video(path))
    kept = set(_evenly(list(range(0, count, stride))))
    yield from (frame.pixels() for i, frame in enumerate(clips.video(path)) if i in kept)


def _evenly(items: list) -> list:
    """At most `LONGEST` of them, evenly."""
    if len(items) <= LONGEST:
        return items
    return [items[round(i)] for i in np.linspace(0, len(items) - 1, LONGEST)]
