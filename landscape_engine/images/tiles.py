"""Tiles: small pictures with captions, pasted in rows onto one sheet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from .writing import to_uint8

GAP = 6
TEXT = 16
TITLE = 18  # height of the letters of titles, pixels


def paste_tiles(
    rows: Sequence[Sequence[tuple[str, Tensor]]],
) -> Tensor:  # [1, 3, H', W'] in [-1, 1]
    """Paste rows of captioned tiles onto a white sheet.

    Args:
        rows: of each tile its caption, which may be empty, and its picture [1, 3, H, W] in
            [-1, 1]. A row is as high as its highest tile.
    """
    heights = [max(tile.shape[2] for _, tile in row) for row in rows]
    widths = [sum(tile.shape[3] + GAP for _, tile in row) for row in rows]
    size = (max(widths) + GAP, sum(height + TEXT + GAP for height in heights) + GAP)
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    y = GAP
    for row, height in zip(rows, heights, strict=True):
        x = GAP
        for caption, tile in row:
            pen.text((x, y), caption, fill="black")
            sheet.paste(Image.fromarray(to_uint8(tile)), (x, y + TEXT))
            x += tile.shape[3] + GAP
        y += height + TEXT + GAP
    return torch.from_numpy(np.array(sheet)).permute(2, 0, 1)[None].float() / 127.5 - 1


def paste_cells(
    cells: Sequence[tuple[str, Tensor]],
    columns: int,
) -> Tensor:  # [1, 3, H', W'] in [-1, 1]
    """Paste pictures of one size into a grid, row by row, each titled in its upper left corner.

    Args:
        cells: of each its title and its picture [1, 3, H, W] in [-1, 1].
        columns: cells in a row.
    """
    height, width = cells[0][1].shape[2:]
    rows = -(-len(cells) // columns)
    size = (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP)
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    for n, (title, cell) in enumerate(cells):
        x, y = GAP + n % columns * (width + GAP), GAP + n // columns * (height + GAP)
        sheet.paste(Image.fromarray(to_uint8(cell)), (x, y))
        box = pen.textbbox((x + GAP, y + GAP), title, font_size=TITLE)
        pen.rectangle((x, y, box[2] + GAP, box[3] + GAP), fill="white")
        pen.text((x + GAP, y + GAP), title, fill="black", font_size=TITLE)
    return torch.from_numpy(np.array(sheet)).permute(2, 0, 1)[None].float() / 127.5 - 1
