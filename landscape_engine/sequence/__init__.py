"""Lazily write frames: PNG 8/16 and half-float EXR into a folder, MP4, WebM and GIF into a file.

A live kit, which has no frames, goes into a folder too.

Frames are taken one at a time; encoding runs in the background while the next one is rendered, and
never more than a few wait. Nothing appears at the target before it is whole: files grow under a
hidden name beside it and are renamed at the end, or removed if anything goes wrong.
"""

from .live_folder import Kit, write_kit
from .target import check_target, resolve_format
from .writer import WrittenSequence, write_sequence

__all__ = [
    "Kit",
    "WrittenSequence",
    "check_target",
    "resolve_format",
    "write_kit",
    "write_sequence",
]
