"""`import-authors`: the files that the paper's authors published, as a bundle."""

from __future__ import annotations

import argparse

import torch

from ...bundles import authors, checkpoints

WRITES = ("out",)


def run(options: argparse.Namespace) -> int:
    """Turn the authors' files into a bundle."""
    checkpoints.check_target(options.out)
    checkpoints.save(authors.import_authors(options.folder), options.out, torch.float32)
    print(
        f"{options.out}: the authors' weights are CC BY-NC-SA 4.0; so is what you make with them, "
        "not for commercial use."
    )
    return 0
