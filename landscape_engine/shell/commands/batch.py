"""`batch`: many pictures of a manifest, by workers here or on a farm."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
from functools import partial
from pathlib import Path

from tqdm import tqdm

from ...errors import FarmError, ManifestError, OutputError, printable
from ...farm import batch_report, manifests
from ...farm.outcomes import End, Plan
from ...farm.roots import PAGE, REPORT, Roots
from ...settings import BatchSettings
from ...settings.checks import check_installed
from .. import endings
from ..flags import settings_from

WRITES = ("out",)
FAILED = 1  # exit code: all was tried, and something failed
SHOWN = 3  # items beside the bar


def written(options: argparse.Namespace) -> tuple[Path, ...]:
    """The report; outputs of items are held against all that items read with the manifest."""
    return options.out / REPORT, options.out / PAGE


def run(options: argparse.Namespace) -> int:
    """Do a batch, with progress, and write its report."""
    check_installed("distributed", "batches are handed to workers", "farm")
    check_installed("cryptography", "workers are spoken to in private", "farm")
    settings = settings_from(options, BatchSettings)
    manifest: Path = options.manifest
    if not manifest.exists():  # its folder, a root, may not be there either
        raise ManifestError(
            f"the manifest '{manifest}' isn't there; expected a folder of pictures, a .csv or a "
            ".jsonl: correct its name."
        )
    home = manifest if manifest.is_dir() else manifest.parent
    roots = Roots.named(options.root or [home], options.out)
    items = manifests.read(manifest, roots, options.job)
    from ...farm import batch, clusters  # Dask comes in with them

    if not options.verbose:  # Dask says a lot about what is no fault of anyone's
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
    bundle = options.bundle and options.bundle.absolute()
    plan = Plan(items, roots, settings, bundle, options.device)
    certificates = clusters.Certificates(options.tls_ca, options.tls_cert, options.tls_key)
    connect = (
        partial(clusters.at, options.scheduler, certificates)
        if options.scheduler
        else partial(clusters.here, settings, options.device)
    )
    ended: BaseException | None = None
    with _Bar(len(items)) as bar:
        try:
            outcome = batch.run(plan, connect, bar)
        except (KeyboardInterrupt, SystemExit) as error:
            if not hasattr(error, "outcome"):
                raise
            outcome, ended = error.outcome, error
            outcome.problem = "it was interrupted; the same batch begun again goes on."
    described = batch_report.describe(plan, outcome, manifest, options.scheduler)
    paths: tuple[Path, ...] = ()
    try:
        paths = batch_report.write(described, roots.out)
    except OutputError:
        if outcome.problem is None:  # else that is what it is about, or what comes first
            raise
    if ended is not None:
        raise ended
    counts = described["counts"]
    if outcome.problem is not None:
        done = counts["made"] + counts["found"]
        raise FarmError(f"{outcome.problem} ({done} of {len(items)} pictures are finished.)")
    endings.end(described, options.json, *paths)
    return FAILED if counts["failed"] else 0


class _Bar:
    """Progress: a bar of all items with those at work beside it; a line each where no one looks."""

    def __init__(self, count: int) -> None:
        self._bar = tqdm(total=count, desc="pictures", unit="picture", disable=None, leave=False)
        self._moving: dict[str, str] = {}

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def ended(self, end: End, done: int, of: int) -> None:
        """Count an item, and say how it ended."""
        self._moving.pop(end.item.name, None)
        self._bar.update(1)
        if self._bar.disable or end.state == "failed":
            seconds = (
                f" in {end.record['seconds']:.1f} s" if end.record and end.state == "made" else ""
            )
            sentence = f": {end.sentence}" if end.sentence else ""
            state = "was finished before" if end.state == "found" else end.state
            self._say(f"{done} of {of}: {end.item.name} {state}{seconds}{sentence}")

    def moved(self, name: str, frame: int, frames: int) -> None:
        """Show how far an item is."""
        self._moving[name] = f"{name} {100 * frame // max(frames, 1)} %"
        with contextlib.suppress(RuntimeError):  # another thread ends one just now
            shown = list(self._moving.values())[-SHOWN:]
            self._bar.set_postfix_str(printable(", ".join(shown)), refresh=True)

    def noted(self, sentence: str) -> None:
        """Say a sentence."""
        self._say(sentence)

    def _say(self, sentence: str) -> None:
        tqdm.write(f"landscape-engine: {printable(sentence)}", file=sys.stderr)
