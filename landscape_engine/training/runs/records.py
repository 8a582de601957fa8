"""Records: the origin of a run, so that its bundle can be reproduced."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ... import __version__, regular_files, staging
from ...errors import TrainingError
from ...images.kinds import PICTURE_ENDINGS, VIDEO_ENDINGS, is_hidden_in

HASHED_BYTES = 1 << 20  # of each file, from its start
DATA_ENDINGS = VIDEO_ENDINGS | PICTURE_ENDINGS | {".json"}


def write(bundle: Path, part: str, run: Path, sources: Sequence[Path]) -> None:
    """Write beside a bundle's weights how one part came to be, as `run-PART.json`.

    It holds the run's settings and seed, the engine's version and revision and, of each file of the
    data, name, bytes and the first MiB's hash. Times and places are left out: a copy of the same
    data is described alike.
    """
    try:
        record = regular_files.read_json(run / "settings.json")
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"'{run / 'settings.json'}' can't be read ({error}); expected the settings of the run: "
            "run the command again."
        ) from error
    record |= {"version": __version__, "revision": revision()}
    record["data"] = [entry for source in sources for entry in _files(source)]
    if not bundle.is_dir():
        raise TrainingError(f"{bundle} was removed; expected the bundle: run the command again.")
    place = bundle / f"run-{part}.json"
    with staging.explaining(place), staging.new_file(place) as staged:
        staged.write_text(json.dumps(record, indent=1) + "\n", "utf-8")


def revision() -> str | None:
    """The git revision of the engine's own files, marked where they were changed since; or None."""
    here = Path(__file__).parents[2]  # the package
    git = ["git", "-C", str(here)]
    try:
        known = subprocess.run(
            [*git, "ls-files", "--error-unmatch", "__init__.py"], capture_output=True
        )
        if known.returncode:
            return None  # installed into a folder that belongs to another repository
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True)
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--", str(here)], capture_output=True, text=True
        )
    except OSError:
        return None
    return head.stdout.strip() + (" and changes" if changed.stdout.strip() else "")


def _files(source: Path) -> Iterator[dict[str, Any]]:
    paths = sorted(p for p in source.rglob("*") if p.suffix.lower() in DATA_ENDINGS)
    for path in paths if source.is_dir() else [source]:
        hidden = source.is_dir() and is_hidden_in(source, path)
        if path.is_file() and not hidden:
            with path.open("rb") as file:
                digest = hashlib.sha256(file.read(HASHED_BYTES)).hexdigest()
            name = path.relative_to(source).as_posix() if source.is_dir() else path.name
            yield {"name": name, "bytes": path.stat().st_size, "sha256_first_mib": digest}
