"""Content hashes: what a result is made of, so that one that is there isn't made again.

No time of a file counts, and no path: what was copied or moved is the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import __version__, regular_files
from ..bundles import checkpoints
from ..errors import BundleError
from ..jobs import read_files
from ..settings import documents
from ..settings.documents import Job

CHUNK = 1 << 20


def of_job(job: Job, bundle: str) -> str:
    """The hash of all that a job's result is made of, as 64 hexadecimal digits.

    Args:
        job: with absolute paths.
        bundle: the hash of the bundle (`of_bundle`).

    Raises:
        OSError: a file that is read isn't there, or may not be read.
        ValueError: one is no regular file.
    """
    files = {str(path): _of_path(path) for path in _files(job)}
    settings = {name: documents.write(job)[name] for name in documents.GROUPS}
    described = {
        "engine": __version__,
        "bundle": bundle,
        "picture": files.pop(str(job.path("picture"))),
        "settings": _without_paths(settings, files),
        "files": sorted(files.values()),
    }
    text = json.dumps(described, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def of_bundle(folder: Path | None) -> str:
    """The hash of a bundle's weights and description, as 64 hexadecimal digits.

    Args:
        folder: None for the one that ships.

    Raises:
        BundleError: it can't be read.
    """
    folder = checkpoints.DEFAULT if folder is None else folder
    digest = hashlib.sha256()
    try:
        names = [path.name for path in sorted(folder.glob("*.safetensors"))]
        for name in ("bundle.json", *names):
            digest.update(f"{name}:{_of_file(folder / name)}\n".encode())
    except (OSError, ValueError) as error:
        raise BundleError(
            f"the bundle '{folder}' can't be read ({error}); expected a folder with bundle.json "
            "and its weights: check --bundle."
        ) from error
    return digest.hexdigest()


def _files(job: Job) -> Iterator[Path]:
    """The files and folders that a job reads; names of codes aren't absolute, and none of them."""
    yield from (path for path in read_files.named_by(job) if path.is_absolute())


def _of_path(path: Path) -> str:
    """The hash of a file, or of the files of a folder with their names."""
    if not path.is_dir():
        return _of_file(path)
    digest = hashlib.sha256()
    for one in sorted(path.iterdir()):
        if one.is_file():
            digest.update(f"{one.name}:{_of_file(one)}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _of_file(path: Path) -> str:
    regular_files.check(path)
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while part := file.read(CHUNK):
            digest.update(part)
    return digest.hexdigest()


def _without_paths(value: Any, files: dict[str, str]) -> Any:
    """Plain data in which each path, also one after a key's frame, is the hash of its content."""
    if isinstance(value, dict):
        return {name: _without_paths(one, files) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_paths(one, files) for one in value]
    if isinstance(value, str) and os.sep in value:
        frame, equals, name = value.partition("=")
        if equals and name in files:
            return f"{frame}={files[name]}"
        return files.get(value, value)
    return value
