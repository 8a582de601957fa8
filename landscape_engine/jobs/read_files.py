"""Every file and folder that a job reads, so that it overwrites none of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from ..settings import RegionSettings, parse_key
from ..settings.documents import Job


def of_job(job: Job) -> Iterator[Path]:
    """The files and folders that a job may read; a name of a code may be none."""
    if job.picture is not None:
        yield job.picture
    named = [job.motion.code, job.appearance.code]
    named += [parse_key(key)[1] for key in job.appearance.keys]
    yield from (Path(name) for name in named if name)
    yield from of_regions(job.regions)


def of_regions(settings: RegionSettings) -> Iterator[Path]:
    """The masks and the regions' files that the settings name, and the masks that these name."""
    yield from (Path(name) for name in (settings.still_mask, settings.moving_mask) if name)
    for path in map(Path, settings.region):
        yield path
        try:
            mask = json.loads(path.read_text(encoding="utf-8")).get("mask")
        except (OSError, ValueError, AttributeError, RecursionError):
            continue  # whoever reads it for good says what is wrong with it
        if isinstance(mask, str) and mask:
            yield path.parent / mask
