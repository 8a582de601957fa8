"""Length, size and seed of the clip."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import SettingsError
from .checks import check_within
from .fields import MAX_DIGITS, MAX_FRAMES, MAX_SEED, MAX_SIDE_PX, setting
from .sentences import say


@dataclass(frozen=True)
class ClipSettings:
    """Length, size and seed of the clip."""

    frames: int = setting(400, "frames in the clip", flag="frames", metavar="N")
    size: str | None = setting(
        None, "size of the output (default: the picture's)", flag="size", metavar="WxH"
    )
    seed: int = setting(0, "seed of everything random", flag="seed", metavar="K")
    upright: bool = setting(
        True,
        "rotate a photograph by its EXIF orientation; --no-upright: use it as stored, which is "
        "how Blender shows it",
    )
    profile: bool = setting(
        True,
        "convert the picture's color profile to sRGB; --no-profile: take its values as stored, "
        "which is how Blender shows it",
    )
    wrap: bool = setting(
        False,
        "the picture is equirectangular, as the sky of a world is: its left and right borders are "
        "one, the motion goes on over them, is faster in pixels the higher it is and calm at the "
        "poles; steady motion without arrows, patches and masks",
    )

    def __post_init__(self) -> None:
        check_within("<clip.frames>", self.frames, 1, MAX_FRAMES)
        check_within("<clip.seed>", self.seed, 0, MAX_SEED)
        if self.size is not None:
            parse_size(self.size)

    @property
    def size_wh(self) -> tuple[int, int] | None:
        """(width, height) in pixels, or None for the picture's own."""
        return None if self.size is None else parse_size(self.size)


def parse_size(text: str) -> tuple[int, int]:
    """Read '640x360' as (640, 360).

    Raises:
        SettingsError: the text is of another form, or a side is outside 2..16384.
    """
    match = re.fullmatch(rf"(\d{{1,{MAX_DIGITS}}})[xX×](\d{{1,{MAX_DIGITS}}})", text)
    if not match:
        raise SettingsError(
            say(f"<clip.size> is {text!r}; expected WIDTHxHEIGHT in pixels, such as 640x360.")
        )
    width, height = int(match[1]), int(match[2])
    if not (2 <= width <= MAX_SIDE_PX and 2 <= height <= MAX_SIDE_PX):
        raise SettingsError(
            say(f"<clip.size> is {text}; expected sides of 2 to {MAX_SIDE_PX} pixels.")
        )
    return width, height
