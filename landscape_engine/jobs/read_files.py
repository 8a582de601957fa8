"""Every file and folder that a job reads, so that it overwrites none of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..scene import region_files
from ..settings import parse_key
from ..settings.documents import Job


def of_job(job: Job) -> Iterator[Path]:
    """The files and folders that a job may read; a name of a code may be none."""
    if job.picture is not None:
        yield job.picture
    named = [job.motion.code, job.appearance.code]
    named += [parse_key(key)[1] for key in job.appearance.keys]
    yield from (Path(name) for name in named if name)
    yield from region_files.files(job.regions)
