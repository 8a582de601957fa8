"""Reference masks: where a test picture may move and where it may not, drawn by hand.

A mask is a single-channel PNG named after its picture, at the picture's aspect, of four values:
0 land, which must stay still; 64 not counted; 128 water and 255 sky, which should move. Thin things
(rigging, masts, reeds, twigs, wires), which must stay too, have a mask of their own in the folder
`thin` beside it: 255 where they are, 0 elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import images
from ..errors import PictureError

LAND, UNCOUNTED, WATER, SKY = 0, 64, 128, 255
VALUES = (LAND, UNCOUNTED, WATER, SKY)
MOST_ASPECT_ERROR = 0.01
THIN = "thin"  # folder of the masks of thin things, in that of the masks


@dataclass(frozen=True)
class ReferenceMask:
    """The regions of one picture, each [1, 1, H, W] bool; pixels in none aren't counted."""

    land: Tensor
    water: Tensor
    sky: Tensor

    @property
    def moving(self) -> Tensor:  # [1, 1, H, W] bool
        """Water and sky."""
        return self.water | self.sky

    @property
    def leading(self) -> Tensor:  # [1, 1, H, W] bool
        """The region that defines a field's direction: the sky, or else the water.

        Water may well answer the sky by another direction, so that both have no common one.
        """
        return self.sky if bool(self.sky.any()) else self.water


def load_still(
    picture: Path, masks: Path | None, width: int
) -> tuple[Tensor, ReferenceMask | None]:  # [1, 3, H, W]
    """A picture at the evaluation width, and its mask.

    Raises:
        PictureError: one of them can't be used.
    """
    own, drawn = read_still(picture, masks)
    image = images.opaque(images.resize(own, *at_width(own, width)))
    return image, mask_at(drawn, own, image)


def read_still(
    picture: Path, masks: Path | None
) -> tuple[Tensor, Path | None]:  # [1, 3|4, H', W'] at its own size
    """A picture, and the file of its mask.

    Raises:
        PictureError: the picture can't be used, or has no mask in the folder of masks.
    """
    drawn = None if masks is None else find_mask(masks, picture)
    return images.load_image(picture), drawn


def mask_at(
    drawn: Path | None,
    own: Tensor,  # [1, 3|4, H', W'] the picture at its own size
    image: Tensor,  # [1, 3, H, W] at the size wanted
) -> ReferenceMask | None:
    """A picture's mask at the size of an image of it; None where none was drawn."""
    if drawn is None:
        return None
    return load_mask(drawn, (own.shape[3], own.shape[2]), (image.shape[2], image.shape[3]))


def at_width(own: Tensor, width: int) -> tuple[int, int]:
    """Width and height of a picture at the evaluation width; small ones keep their own."""
    own_height, own_width = own.shape[2:]
    width = min(width, own_width)
    return width, max(2, round(width * own_height / own_width))


def find_mask(folder: Path, picture: Path) -> Path:
    """The mask of a picture in a folder of masks.

    Raises:
        PictureError: there is none.
    """
    if not folder.is_dir():
        raise PictureError(f"--masks is '{folder}', which is no folder; expected one with masks.")
    path = _file_of(picture, folder)
    if not path.is_file():
        raise PictureError(
            f"'{folder}' has no mask for '{picture.name}'; expected '{path.name}': draw it, or "
            "leave --masks out."
        )
    return path


def load_mask(
    path: Path,
    picture_wh: tuple[int, int],  # the picture's own size, of which the mask must have the aspect
    size_hw: tuple[int, int],  # the size wanted
) -> ReferenceMask:
    """Read a mask, resized by its nearest values.

    Raises:
        PictureError: it isn't a picture, has another aspect or other values, or nothing moves.
    """
    values = _read(path, picture_wh)
    other = sorted(set(values.unique().tolist()) - set(VALUES))
    if other:
        raise PictureError(
            f"the mask '{path}' holds the value {other[0]}; expected only 0 (land), 64 (not "
            "counted), 128 (water) and 255 (sky): draw it without soft edges and save it as PNG."
        )
    values = F.interpolate(values.float(), size_hw, mode="nearest-exact")
    mask = ReferenceMask(values == LAND, values == WATER, values == SKY)
    if not bool(mask.moving.any()):
        raise PictureError(
            f"the mask '{path}' has nothing that moves; expected some 128 (water) or 255 (sky)."
        )
    return mask


def load_thin(
    folder: Path | None,
    picture: Path,
    size_hw: tuple[int, int],  # the size wanted, at the picture's aspect
) -> Tensor | None:  # [1, 1, H, W] bool
    """The mask of a picture's thin things in `folder`/thin; None if it has none.

    Raises:
        PictureError: it isn't a picture, or has another aspect or other values.
    """
    path = None if folder is None else _file_of(picture, folder / THIN)
    if path is None or not path.is_file():
        return None
    values = _read(path, (size_hw[1], size_hw[0]))
    other = sorted(set(values.unique().tolist()) - {0, 255})
    if other:
        raise PictureError(
            f"the mask '{path}' holds the value {other[0]}; expected only 0 and 255 (thin things): "
            "draw it without soft edges and save it as PNG."
        )
    return F.interpolate(values.float(), size_hw, mode="nearest-exact") > 0


def files(folder: Path, picture: Path) -> list[Path]:
    """Where the masks of a picture are, if it has any."""
    return [_file_of(picture, folder), _file_of(picture, folder / THIN)]


def has_mask(folder: Path | None, picture: Path) -> bool:
    """Whether a folder of masks holds one of a picture."""
    return folder is not None and _file_of(picture, folder).is_file()


def _file_of(picture: Path, folder: Path) -> Path:
    return folder / f"{picture.stem}.png"


def _read(path: Path, picture_wh: tuple[int, int]) -> Tensor:  # [1, 1, h, w] int, 0..255
    image = images.load_image(path)
    height, width = image.shape[2:]
    asked = picture_wh[0] / picture_wh[1]
    # one pixel of rounding is allowed for in small masks
    if abs(width - asked * height) > max(MOST_ASPECT_ERROR * width, asked):
        raise PictureError(
            f"the mask '{path}' is {width}x{height}, its picture {picture_wh[0]}x{picture_wh[1]}; "
            "expected the same aspect: draw it over that picture."
        )
    if not bool((image[:, :3] == image[:, :1]).all()):
        raise PictureError(f"the mask '{path}' holds colors; expected grey: save it without them.")
    return ((image[:, :1] + 1) * 127.5).round().int()


def paint(
    image: Tensor,  # [1, 3, H, W] in [-1, 1]
    mask: ReferenceMask,
) -> Tensor:  # [1, 3, H, W]
    """The picture in grey under its mask: land red, water blue, sky cyan, the rest as it is."""
    grey = image.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    painted = grey.clone()
    for region, color in (
        (mask.land, (1.0, -0.6, -0.6)),
        (mask.water, (-0.8, -0.4, 1.0)),
        (mask.sky, (-0.8, 0.7, 1.0)),
    ):
        tint = torch.tensor(color, device=image.device).view(1, 3, 1, 1)
        painted = torch.where(region, torch.lerp(grey, tint, 0.45), painted)
    return painted
