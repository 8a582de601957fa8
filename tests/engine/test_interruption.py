"""Facts about Ctrl-C while something slow is being written."""

import os
import signal
import sys
import time

import pytest

WRITE_A_LARGE_GIF = """
import sys, torch
from landscape_engine.shell.interruption import at_once
from landscape_engine.sequence import write_sequence
frame = torch.rand(1, 3, 2160, 3840) * 2 - 1
with at_once():
    write_sequence((frame for _ in range(1000)), sys.argv[1])
"""


@pytest.mark.skipif(os.name == "nt", reason="signals work otherwise there")
def test_an_interrupt_does_not_wait_for_a_large_frame(start, tmp_path):
    """One 4K frame inside the palette filters takes seconds, and nothing can cut it short."""
    process = start(sys.executable, "-c", WRITE_A_LARGE_GIF, str(tmp_path / "new" / "long.gif"))
    deadline = time.monotonic() + 60
    while not (tmp_path / "new").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)  # by now the encoder has its first frame
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=5)
    assert process.returncode == 130
    assert len(err.strip().splitlines()) == 1
    assert not os.listdir(tmp_path)
