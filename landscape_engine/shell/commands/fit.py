"""`fit`: a latent code that does what arrows or patches ask for."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from torch import Tensor

from ... import __version__, images, staging
from ...animator import Animator, load_animator
from ...errors import AnnotationError
from ...fitting.annotations import read_arrows, read_patches
from ...settings import DeviceName
from . import report
from .progress import Progress, silent, steps


def run(options: argparse.Namespace) -> int:
    """Fit a motion code to arrows or an appearance code to patches, and write it."""
    done = fit(
        options.picture,
        options.out,
        arrows=options.arrow,
        patches=options.patch,
        start=options.start,
        bundle=options.bundle,
        device=options.device,
        progress=steps,
    )
    report.note([done["note"]] if done["note"] else [])
    report.end(done, options.json, options.out)
    return 0


def fit(
    picture: Path,
    out: Path,
    *,
    arrows: Iterable[Any] = (),
    patches: Iterable[Any] = (),
    start: Path | None = None,
    bundle: Path | None = None,
    device: DeviceName = "auto",
    progress: Progress = silent,
    load: Callable[[Path | None, DeviceName], Animator] = load_animator,
    read: Callable[[Path], Tensor] = images.load_image,
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
        load: gives the animator; callers who keep one give their own.
        read: gives the picture, likewise.

    Returns:
        What was found, as plain data: kind, code, loss, errors_deg or errors_levels, note, path.

    Raises:
        LandscapeError: the fit can't be done; what is malformed is refused before anything loads.
    """
    drawn, placed = read_arrows(arrows), read_patches(patches)
    if bool(drawn) == bool(placed):
        raise AnnotationError(
            f"fit was given {len(drawn)} arrows and {len(placed)} patches; expected one kind: "
            "--arrow for a motion code or --patch for an appearance code."
        )
    staging.check_file(out, ".json")
    started = time.perf_counter()
    image = read(picture)
    animator = load(bundle, device)
    kind = "motion" if drawn else "appearance"
    begin = start and animator.read_code(start, kind)
    fits: Iterator[Any] = (
        animator.fit_motion_code(image, drawn, begin)
        if drawn
        else animator.fit_appearance_code(image, placed, begin)
    )
    *_, best = progress(fits, 0, "fit")
    code = best.code[0].tolist()
    with staging.explaining(out), staging.new_file(out) as staged:
        staged.write_text(json.dumps(code) + "\n", encoding="utf-8")
    errors = "errors_deg" if drawn else "errors_levels"
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
