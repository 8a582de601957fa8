"""Properties of stamps: two states of a file or a folder have one stamp if they are the same."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape_engine.images import stamp

TIMES = st.integers(0, 3)  # small numbers, so that states are often the same
SIZES = st.integers(0, 2)
FILES = st.tuples(TIMES, SIZES)
LEADS_NOWHERE = "a link that leads nowhere"  # as editors leave beside a file that is open
FOLDERS = st.dictionaries(
    st.sampled_from(["0001.png", "0002.png", ".#lock"]),
    FILES if os.name == "nt" else FILES | st.just(LEADS_NOWHERE),
)
STATES = st.none() | FILES | FOLDERS


def put(state: object, path: Path) -> None:
    """Bring a path into a state: nothing, a file of a time and a size, or a folder of such."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
    if state is None:
        return
    if state == LEADS_NOWHERE:
        path.symlink_to("nowhere")
        os.utime(path, (5, 5), follow_symlinks=False)
        return
    if isinstance(state, dict):
        path.mkdir()
        for name, file in state.items():
            put(file, path / name)
        os.utime(path, (9, 9))
        return
    time, size = state
    path.write_bytes(b"x" * size)
    os.utime(path, (time, time))


@given(STATES, STATES)
def test_states_have_one_stamp_if_they_are_the_same(one, other):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "of interest"
        put(one, path)
        first = stamp(path)
        assert first == stamp(str(path))
        assert (first is None) == (one is None)
        put(other, path)
        assert (stamp(path) == first) == (one == other)


@given(FILES | FOLDERS)
def test_the_same_elsewhere_has_another_stamp(state):
    with tempfile.TemporaryDirectory() as folder:
        here, there = Path(folder) / "here", Path(folder) / "there"
        put(state, here)
        put(state, there)
        assert stamp(here) != stamp(there)


@given(st.text() | st.text().map("/{}".format) | st.sampled_from(["", "\0", "x" * 5000]))
def test_what_names_no_file_has_no_stamp(text):
    assert (stamp(text) is None) != os.path.exists(text)


@pytest.mark.skipif(os.name == "nt", reason="making links needs a right there")
def test_a_link_that_leads_nowhere_hides_no_change_of_the_frames_beside_it(tmp_path):
    (tmp_path / ".#0001.png").symlink_to("artist@studio.4711")
    (tmp_path / "0001.png").write_bytes(b"one")
    before = stamp(tmp_path)
    (tmp_path / "0001.png").write_bytes(b"another")
    assert before is not None and stamp(tmp_path) != before
