"""Facts about a training run that is ended at any moment: resumed, it comes to the same weights."""

from __future__ import annotations

import random
import shutil
import signal

import pytest

from .commands import training_words
from .test_moments import ENDS, FEW


@pytest.mark.parametrize("number", ENDS, ids=lambda n: n.name)
def test_a_run_that_is_ended_goes_on_to_the_same_weights(nursery, unbroken, tmp_path, number):
    rng = random.Random(number.name)
    for turn in range(FEW):
        home = tmp_path / str(turn)
        home.mkdir()
        at = rng.randrange(unbroken.moments)
        child = nursery.start(
            *training_words(home), folder=tmp_path, within=home, number=number, at=at
        )
        code = child.wait()
        assert code == ENDS[number], (at, code, child.err)
        assert len(child.err.splitlines()) <= 1, (at, child.err)
        unbroken.check_resumed(nursery, home, at)


def test_a_run_that_stands_still_goes_on(nursery, unbroken, tmp_path):
    at = random.Random("stopped").randrange(unbroken.moments)
    child = nursery.start(
        *training_words(tmp_path), folder=tmp_path, within=tmp_path, number=signal.SIGSTOP, at=at
    )
    assert child.wait() is None
    child.send(signal.SIGCONT)
    assert child.wait() == 0 and not child.err
    unbroken.check(tmp_path)


@pytest.mark.parametrize("what", ["run", "bundle"])
def test_a_folder_that_is_deleted_meanwhile_is_one_sentence(nursery, unbroken, tmp_path, what):
    rng = random.Random(f"{what} deleted")
    for turn in range(FEW):
        home = tmp_path / str(turn)
        home.mkdir()
        at = rng.randrange(unbroken.moments)
        child = nursery.start(
            *training_words(home), folder=tmp_path, within=home, number=signal.SIGSTOP, at=at
        )
        assert child.wait() is None, at
        shutil.rmtree(home / what, ignore_errors=True)
        child.send(signal.SIGCONT)
        code = child.wait()
        assert code in (0, 2), (at, code, child.err)
        assert len(child.err.splitlines()) == (1 if code else 0), (at, child.err)
        unbroken.check_resumed(nursery, home, at)


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)], ids=str)
def test_a_run_comes_to_the_same_weights_whatever_streams_there_are(
    nursery, unbroken, tmp_path, closed
):
    """The descriptor of a closed one would be the checkpoint's, and what is said lands in it."""
    child = nursery.start(*training_words(tmp_path), folder=tmp_path, closed=closed)
    assert child.wait() == 0
    unbroken.check(tmp_path, closed)


def test_a_run_that_cannot_say_where_its_bundle_is_keeps_it(nursery, unbroken, tmp_path):
    full = {"stdout": "/dev/full", "stderr": "/dev/full"}
    assert nursery.start(*training_words(tmp_path), folder=tmp_path, **full).wait() == 1
    unbroken.check(tmp_path)
