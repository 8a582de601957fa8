"""Fit: search for a latent code that matches arrows or patches."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .. import __version__, images, overwriting, staging
from ..animator import load_animator
from ..bundles import checkpoints, sources
from ..bundles.checkpoints import CodeKind
from ..errors import AnnotationError
from ..fitting.annotations import Arrow, ArrowLike, Patch, PatchLike, read_arrows, read_patches
from ..fitting.optimize import AppearanceFit, MotionFit
from ..landscape import Landscape
from ..light import looks
from ..motion import codes
from ..settings import DeviceName
from ..settings.sentences import say
from .progress import Progress, silent


def fit(
    picture: Path,
    out: Path,
    *,
    arrows: Iterable[ArrowLike] = (),
    patches: Iterable[PatchLike] = (),
    start: Path | None = None,
    bundle: Path | None = None,
    device: DeviceName = "auto",
    progress: Progress = silent,
) -> dict[str, Any]:
    """Fit a motion code to arrows or an appearance code to patches, and write it; prints nothing.

    Args:
        picture: the picture.
        out: .json for the code.
        arrows: what `read_arrow` takes; one or more, or else patches.
        patches: what `read_patch` takes.
        start: a code to go on from, without a search.
        bundle: folder of the weights; None for the ones that ship.
        device: where to compute.
        progress: wraps the fits, which count themselves, under the stage's name, "fit".

    Returns:
        What was found, as plain data: kind, code, loss, errors_deg or errors_levels, note, path.

    Raises:
        LandscapeError: the fit can't be done; what is malformed is refused before anything loads.
    """
    asked = check(arrows, patches, out, picture, start, bundle)
    started = time.perf_counter()
    image = images.load_image(picture)
    landscape = load_animator(bundle, device).look_at(image)
    return search(landscape, asked, out, start=start, progress=progress, started=started)


class Asked(NamedTuple):
    """The targets of a fit: arrows or patches."""

    arrows: tuple[Arrow, ...]
    patches: tuple[Patch, ...]


def check(
    arrows: Iterable[ArrowLike],
    patches: Iterable[PatchLike],
    out: Path,
    picture: Path,
    start: Path | None = None,
    bundle: Path | None = None,
) -> Asked:
    """Parse the request; refuse mixed kinds, malformed values and targets that can't be written.

    The arguments are those of `fit`; nothing that is read is such a target.

    Raises:
        LandscapeError: it isn't.
    """
    asked = Asked(read_arrows(arrows), read_patches(patches))
    if bool(asked.arrows) == bool(asked.patches):
        raise AnnotationError(
            say(
                f"fit was given {len(asked.arrows)} arrows and {len(asked.patches)} patches; "
                "expected one kind: <motion.arrows> for a motion code or <appearance.patches> for "
                "an appearance code."
            )
        )
    staging.check_file(out, ".json")
    read = [picture, bundle or checkpoints.DEFAULT, *([start] if start else [])]
    overwriting.check([out], read)
    return asked


def search(
    landscape: Landscape,
    asked: Asked,
    out: Path,
    *,
    start: Path | None = None,
    progress: Progress = silent,
    started: float | None = None,
) -> dict[str, Any]:
    """Fit a code to checked targets with a loaded bundle; otherwise as `fit`."""
    started = time.perf_counter() if started is None else started
    kind: CodeKind = "motion" if asked.arrows else "appearance"
    begin = sources.read_code(landscape.bundle, start, kind) if start else None
    fits: Iterator[MotionFit | AppearanceFit] = (
        codes.fit(landscape, asked.arrows, begin)
        if asked.arrows
        else looks.fit(landscape, asked.patches, begin)
    )
    *_, best = progress(fits, 0, "fit")
    code = best.code[0].tolist()
    with staging.explaining(out), staging.new_file(out) as staged:
        staged.write_text(json.dumps(code) + "\n", encoding="utf-8")
    errors = "errors_deg" if asked.arrows else "errors_levels"
    return {
        "kind": kind,
        "code": code,
        "loss": best.loss,
        errors: list(getattr(best, errors)),
        "note": best.note,
        "path": str(out),
        "seconds": round(time.perf_counter() - started, 3),
        "version": __version__,
    }
