"""Kept bundles: one model load per worker; the next item finds the networks where they are."""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path

from ..animator import Animator, load_animator
from ..errors import BundleError, FarmError, SettingsError
from ..settings import DeviceName
from . import content_hashes

DASKS_TRIM = ("MALLOC_TRIM_THRESHOLD_", "65536")  # in the environment of workers of Dask
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
KEPT_FREE, MAPPED = 1 << 28, 1 << 25  # bytes

_kept: dict[tuple[str, str], Animator] = {}
_loads = 0


def animator_with(bundle: Path | None, content: str, device: DeviceName) -> Animator:
    """The animator of a bundle on a device, loaded by the first who asks for it.

    Args:
        bundle: its folder as this machine sees it; None for the one that ships.
        content: the hash that it has to have (`content_hashes.of_bundle`).
        device: where to compute.

    Raises:
        FarmError: it can't be used here, is another than the one whose hash is given, or this
            machine hasn't the device.
    """
    global _loads
    kept = _kept.get((content, device))
    if kept is not None:
        return kept
    try:
        animator = _load(bundle, content, device)
    except (BundleError, SettingsError) as error:
        raise FarmError(str(error)) from error
    _kept.clear()  # a worker that serves several batches holds one at a time
    _loads += 1
    _kept[content, device] = animator
    return animator


def loads() -> int:
    """How often this process has loaded a bundle."""
    return _loads


def _load(bundle: Path | None, content: str, device: DeviceName) -> Animator:
    found = content_hashes.of_bundle(bundle)
    if found != content:
        raise FarmError(
            f"the bundle of this worker ({bundle or 'the one that ships'}) has the hash "
            f"{found[:12]}, that of the batch {content[:12]}; expected the same: install one "
            "version everywhere, or name one bundle on the shared disk by --bundle."
        )
    _keep_freed_memory()
    return load_animator(bundle, device)


def _keep_freed_memory() -> None:
    """Undo what Dask tells glibc: to give freed memory back at once.

    Tables in memory want that. Here each layer frees what the next one needs, and the system clears
    all of it in between, which takes as long as the networks do.
    """
    if os.environ.get(DASKS_TRIM[0]) == DASKS_TRIM[1]:
        with contextlib.suppress(OSError, AttributeError):  # other systems have no mallopt
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(TRIM_THRESHOLD, KEPT_FREE)
            mallopt(MMAP_THRESHOLD, MAPPED)
