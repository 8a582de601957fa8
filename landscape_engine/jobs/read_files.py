"""Every file and folder that a job reads, so that it overwrites none of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .. import regular_files
from ..errors import RegionError
from ..scene import region_files
from ..settings import RegionSettings, parse_key
from ..settings.documents import Job


def check_regions(settings: RegionSettings) -> None:
    """Refuse files of regions that would be waited for or read without end.

    Raises:
        RegionError: one is a pipe or a device, or too large.
    """
    for path in settings.region:
        try:
            regular_files.check(path, regular_files.MOST_JSON)
        except ValueError as error:
            raise RegionError(
                f"the region '{path}' can't be read as JSON ({error}); expected one object with a "
                "mask or a polygon: name another file.",
                "regions.region",
            ) from error
        except OSError:
            continue  # whoever reads it says what is wrong with it


def of_job(job: Job) -> Iterator[Path]:
    """The files and folders that a job may read; a name of a code may be none."""
    if job.picture is not None:
        yield job.picture
    named = [job.motion.code, job.appearance.code]
    named += [parse_key(key)[1] for key in job.appearance.keys]
    yield from (Path(name) for name in named if name)
    yield from region_files.files(job.regions)
