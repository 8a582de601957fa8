# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a clip will take and how much disk: by what earlier clips took on this machine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from . import choices, disk, job_documents

RECORD = "pace.json"  # in the user's folder
# until a clip was made: measured with the example picture on two cores
SECONDS_PER_MPX = {"cpu": 0.7, "mps": 0.2, "cuda": 0.05}
LEAST_PX = 1e6  # of all frames together; what takes longer in smaller clips is no pace
BEGIN_S = 12.0  # the engine's start, and what is predicted before the first frame
BYTES_PER_PX = {"png": 1.3, "png16": 5.0, "exr": 5.0, "mp4": 0.03, "webm": 0.03, "gif": 0.6}


def sentence(settings: Any, picture_wh: tuple[int, int], device: str) -> str:
    """What the clip will take: "About 2 min, 340 MB".

    Args:
        settings: those of the object.
        picture_wh: width and height of its picture.
        device: where the engine computes, such as "cuda:0"; empty where that is not known yet.
    """
    width, height = job_documents.frame_size(settings.clip, picture_wh)
    pixels = float(settings.clip.frames) * width * height
    known = disk.kept(recorded, unknown={})
    measured = (name.partition(" ")[2] for name in known if name.startswith("seconds "))
    kind = device.partition(":")[0] or next(measured, "cpu")
    format_name = settings.output.format
    pace = known.get(f"seconds {kind}", SECONDS_PER_MPX.get(kind, SECONDS_PER_MPX["cpu"]))
    size = known.get(f"bytes {format_name}", BYTES_PER_PX[format_name])
    return f"About {_time(BEGIN_S + pace * pixels / 1e6)}, {_bytes(size * pixels)}"


def learn(report: dict[str, Any], device: str) -> None:
    """Keep what a clip took, for the next estimate; a disk that can't be written to is left."""
    try:
        pixels = float(report["frames"]) * report["width"] * report["height"]
        if pixels < LEAST_PX:
            return
        files = [Path(path) for path in report["paths"]]
        made = recorded()
        seconds = report["seconds"].get("render", report["seconds"]["total"])
        made[f"seconds {device.partition(':')[0]}"] = seconds * 1e6 / pixels
        written = sum(os.stat(file).st_size for file in files)
        made[f"bytes {report['job']['output']['format']}"] = written / pixels
        folder = choices.user_folder()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RECORD).write_text(json.dumps(made) + "\n", encoding="utf-8")
    except (OSError, KeyError, TypeError, ZeroDivisionError):
        return
    disk.doubt()


def recorded() -> dict[str, float]:
    """What clips took on this machine; empty if none was made."""
    try:
        read = json.loads((choices.user_folder() / RECORD).read_text(encoding="utf-8"))
        return {str(name): float(value) for name, value in read.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(5, round(seconds / 5) * 5)} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"


def _bytes(count: float) -> str:
    if count < 950e6:
        return f"{max(1, float(f'{count / 1e6:.2g}')):.0f} MB"
    return f"{count / 1e9:.2g} GB" if count < 9.5e9 else f"{count / 1e9:.0f} GB"
