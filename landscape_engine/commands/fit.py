"""`fit`: a latent code that does what arrows or patches ask for."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from typing import Any

from .. import __version__, images, staging
from ..animator import load_animator
from ..errors import AnnotationError
from ..fitting.annotations import read_arrows, read_patches
from . import progress, report


def run(options: argparse.Namespace) -> int:
    """Fit a motion code to arrows or an appearance code to patches, and write it."""
    arrows, patches = read_arrows(options.arrow), read_patches(options.patch)
    if bool(arrows) == bool(patches):
        raise AnnotationError(
            f"fit was given {len(arrows)} arrows and {len(patches)} patches; expected one kind: "
            "--arrow for a motion code or --patch for an appearance code."
        )
    staging.check_file(options.out, ".json")
    started = time.perf_counter()
    image = images.load_image(options.picture)
    animator = load_animator(options.bundle, options.device)
    kind = "motion" if arrows else "appearance"
    start = options.start and animator.read_code(options.start, kind)
    if arrows:
        fits: Iterator[Any] = animator.fit_motion_code(image, arrows, start)
    else:
        fits = animator.fit_appearance_code(image, patches, start)
    best = progress.last(fits)
    code = best.code[0].tolist()
    with staging.explaining(options.out), staging.new_file(options.out) as staged:
        staged.write_text(json.dumps(code) + "\n", encoding="utf-8")
    errors = "errors_deg" if arrows else "errors_levels"
    done = {
        "kind": kind,
        "code": code,
        "loss": best.loss,
        errors: list(getattr(best, errors)),
        "note": best.note,
        "path": str(options.out),
        "seconds": round(time.perf_counter() - started, 3),
        "version": __version__,
    }
    report.note([best.note] if best.note else [])
    report.end(done, options.json, options.out)
    return 0
