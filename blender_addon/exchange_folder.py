# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder in which this Blender exchanges files with its worker."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from . import choices

OLD_DAYS = 2  # what lies longer in the exchange folder is of a Blender that is gone


def root() -> Path:
    """Where every Blender of this user has its folder."""
    return choices.user_folder() / "exchange"


def own() -> Path:
    """This Blender's own folder."""
    return root() / str(os.getpid())


def pictures() -> Path:
    """Where images without a file of their own are written for the worker."""
    return own() / "pictures"


def leave() -> None:
    """Remove the pictures; previews stay, which a saved .blend may show."""
    shutil.rmtree(pictures(), ignore_errors=True)


def remove_old() -> None:
    """Remove what Blenders that are long gone exchanged with their workers."""
    for old in root().glob("*"):
        if time.time() - old.stat().st_mtime > OLD_DAYS * 86400:
            shutil.rmtree(old, ignore_errors=True)
