"""Roots: the folders that a manifest may read from, and the one that it may write to.

A path is followed to where it really lies, links included, before it is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ManifestError
from ..jobs import read_files
from ..settings.documents import Job

STATE = ".landscape-batch"  # folder below the output that holds locks and records
POSTERS = "posters"
REPORT, PAGE = "report.json", "report.html"
RESERVED = frozenset({STATE, POSTERS, REPORT, PAGE})


@dataclass(frozen=True)
class Roots:
    """Where a batch may read and write.

    Attributes:
        read: folders that pictures, masks, codes and other files may lie in; absolute.
        out: the folder that everything is written to; absolute.
    """

    read: tuple[Path, ...]
    out: Path

    @classmethod
    def named(cls, read: Sequence[Path], out: Path) -> Roots:
        """Roots as the user names them.

        Raises:
            ManifestError: one isn't a folder, or its name can't be followed.
        """
        folders = []
        for folder in read:
            if not folder.is_dir():
                raise ManifestError(
                    f"the root '{folder}' is no folder that can be seen from here; expected one "
                    "that holds the pictures: check --root."
                )
            folders.append(followed(folder))
        return cls(tuple(folders), followed(out))

    def check(self, job: Job) -> None:
        """Refuse a job that would read or write elsewhere.

        Args:
            job: with absolute paths (`documents.placed`).

        Raises:
            ManifestError: it would; the path is named.
        """
        for path in read_files.named_by(job):  # a region in a root may be looked into
            self.check_read(path)
        read_files.check_regions(job.regions)
        self.place(job.path("out"))

    def place(self, out: Path) -> str:
        """The name of a target below the output folder, with forward slashes.

        Raises:
            ManifestError: it lies elsewhere, is the folder itself, or one of the batch's own.
        """
        found = followed(out)
        if self.out not in found.parents:
            raise ManifestError(
                f"'out' leads to '{found}'; expected a file or folder below '{self.out}', the only "
                "one that a batch writes to: name it relative to that, or choose another --out."
            )
        inner = found.relative_to(self.out)
        if inner.parts[0].casefold().rstrip(". ") in RESERVED:  # as Windows has it
            raise ManifestError(
                f"'out' is '{inner.as_posix()}', a name that the batch needs itself; expected "
                f"another than {', '.join(sorted(RESERVED))}: choose another."
            )
        return inner.as_posix()

    def check_read(self, path: Path) -> None:
        """Refuse a file or folder outside of the roots; as `check`."""
        found = followed(path)
        if not any(root in found.parents or root == found for root in self.read):
            among = ", ".join(f"'{root}'" for root in self.read)
            raise ManifestError(
                f"it names '{found}', which lies outside of the folders that this batch may read "
                f"({among}); expected files within them: move it, or name its folder by --root."
            )


def followed(path: Path) -> Path:
    """Where a path really lies.

    Raises:
        ManifestError: it can't be followed.
    """
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a circle of links, a name too long
        raise ManifestError(
            f"the path '{path}' can't be followed ({error}); expected a file or a folder: check it."
        ) from error
