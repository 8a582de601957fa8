"""Facts about Ctrl-C while something slow is being written."""

import os
import signal
import sys
import time

import pytest

from tests.conftest import NEVER_ENDING, PATIENCE_S

WRITE = """
import sys, torch
from landscape_engine.shell.interruption import at_once
from landscape_engine.sequence import write_sequence
with at_once():
    write_sequence([torch.zeros(1, 3, 64, 64)], sys.argv[1])
"""


@pytest.mark.skipif(os.name == "nt", reason="signals work otherwise there")
def test_an_interrupt_does_not_wait_for_a_frame_that_is_being_encoded(start, tmp_path):
    """A large one inside the palette filters takes seconds, and nothing can cut it short."""
    begun, target = tmp_path / "begun", tmp_path / "new" / "long.gif"
    program = NEVER_ENDING.format(begun=str(begun)) + WRITE
    process = start(sys.executable, "-c", program, str(target))
    deadline = time.monotonic() + PATIENCE_S
    while not begun.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert len(err.strip().splitlines()) == 1
    assert os.listdir(tmp_path) == ["begun"]
