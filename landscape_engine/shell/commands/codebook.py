"""`codebook`: draw the effect of a bundle's codes on one sheet."""

from __future__ import annotations

import argparse

from ... import images, staging
from ...animator import load_animator
from ...errors import SettingsError
from ...jobs.contact_sheet import TILE_WIDTH, draw_codebook
from .. import bars

MOST_ROWS = 256  # of a contact sheet
WRITES = ("out",)


def run(options: argparse.Namespace) -> int:
    """Draw the contact sheets of Figures 14 and 15."""
    staging.check_file(options.out, ".png")
    if not 1 <= options.rows <= MOST_ROWS:
        raise SettingsError(f"--rows is {options.rows}; expected 1 to {MOST_ROWS}.")
    given = images.load_image(options.picture) if options.picture else None
    animator = load_animator(options.bundle, options.device)
    if given is None:
        from ...training.scenes.drawn_scenes import thumbnail_scene

        given = thumbnail_scene(int(animator.bundle.about.get("thumbnail_seed", 0)), TILE_WIDTH)
    images.save_image(draw_codebook(animator, given, options.rows, bars.bar), options.out)
    print(options.out)
    return 0
