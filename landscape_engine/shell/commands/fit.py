"""`fit`: search for a latent code that matches arrows or patches."""

from __future__ import annotations

import argparse

from ...jobs.fit import fit
from .. import endings
from ..bars import steps

WRITES = ("out",)


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
    endings.note([done["note"]] if done["note"] else [])
    endings.end(done, options.json, options.out)
    return 0
