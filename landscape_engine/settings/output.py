"""How frames become files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ..errors import SettingsError
from .checks import check_choice
from .fields import setting
from .sentences import say

FormatName = Literal["png", "png16", "exr", "mp4", "webm", "gif", "live"]


@dataclass(frozen=True)
class OutputSettings:
    """How frames become files."""

    format: FormatName | None = setting(
        None,
        "file format (default: from --out's ending, else png); live: no frames, but a picture and "
        "maps from which a shader plays the loop",
        flag="format",
    )
    fps: float = setting(30.0, "frames per second of a video", flag="fps", metavar="F")
    ten_bits: bool = setting(
        False,
        "write an MP4 with 10 bits per color instead of 8: smoother skies in a smaller file, which "
        "Blender and most players support and many browsers don't",
    )

    force: bool = setting(
        False,
        "replace what stands at --out also where the engine didn't write it: numbered pictures in "
        "a folder, a file that is no movie; never what is read",
        flag="force",
    )

    def __post_init__(self) -> None:
        if self.format is not None:
            check_choice("<output.format>", self.format, FormatName)
        if not math.isfinite(self.fps) or not 0 < self.fps <= 1000:
            raise SettingsError(
                say(f"<output.fps> is {self.fps:g}; expected more than 0 and at most 1000.")
            )
