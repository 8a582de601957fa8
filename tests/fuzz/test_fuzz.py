"""Damaged files end in a sentence or in what they hold, in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("words", ["--cases 300", "--cases 2000 --kind manifest"])
def test_what_is_damaged_gets_a_sentence(words):
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *words.split()],
        cwd=ROOT, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
