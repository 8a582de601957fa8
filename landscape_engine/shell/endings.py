"""How a command ends: notes on stderr, then one JSON object or the paths that were written."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import printable


def note(sentences: Iterable[str]) -> None:
    """Print notes on stderr, one per line."""
    for sentence in sentences:
        print(f"landscape-engine: {printable(sentence)}", file=sys.stderr)


def end(report: dict[str, Any], as_json: bool, *paths: Path) -> None:
    """Print the report where JSON was asked for, else the paths."""
    for line in [json.dumps(report)] if as_json else paths:
        print(line)
