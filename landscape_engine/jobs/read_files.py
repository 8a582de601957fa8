"""Every file and folder that a job reads, so that it overwrites none of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .. import regular_files
from ..bundles import checkpoints
from ..errors import RegionError
from ..settings import RegionSettings, documents, named_files
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


def of_job(job: Job, bundle: Path | None = None) -> Iterator[Path]:
    """The files and folders that a job reads, its bundle's too; a name of a code may be none."""
    yield from named_by(job)
    yield bundle or checkpoints.DEFAULT


def named_by(job: Job) -> Iterator[Path]:
    """Those that a job itself names; a file of a region comes before what it names is read."""
    if job.picture is not None:
        yield job.picture
    for group in documents.GROUPS:
        yield from named_files.of(getattr(job, group))
