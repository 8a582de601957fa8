"""Facts about `animate` that is ended or stopped at any moment: a target is whole or as it was.

The moments are drawn by a seed; `LANDSCAPE_FAULTS=N` tries N of each kind instead of a few.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
from pathlib import Path

import pytest

from .commands import animation_words

FEW = int(os.environ.get("LANDSCAPE_FAULTS", "2"))
ENDS = {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
TARGETS = {"folder": "out", "film": "out.mp4", "gif": "new/out.gif"}

Content = dict[str, bytes] | None


def content(place: Path) -> Content:
    """All files of a target by their names; None where there is nothing."""
    if not place.exists():
        return None
    if place.is_file():
        return {"": place.read_bytes()}
    return {path.name: path.read_bytes() for path in place.iterdir()}


def visible(place: Path) -> list[Path]:
    """All files of a folder, or a file."""
    return [p for p in (place, *place.rglob("*")) if p.is_file()]


class Animation:
    """A short clip into a folder of its own, over an earlier one or where nothing is."""

    def __init__(self, nursery, home: Path, lake: Path, bundle: Path, name: str) -> None:
        self.nursery, self.home, self.place = nursery, home, home / name
        self.lake, self.bundle = lake, bundle
        self.kept = home.with_name("kept")  # a folder with the earlier clip
        home.mkdir()
        self.total = {}  # moments, over an earlier clip or not
        self.total[False] = self._alone(3).moments
        self.later = content(self.place)
        self.clear()
        self._alone(2)
        self.earlier = content(self.place)
        shutil.copytree(home, self.kept)
        self.total[True] = self._alone(3).moments

    def _alone(self, frames: int):
        """An undisturbed run."""
        child = self.start(frames)
        assert child.wait() == 0, child.err
        return child

    def clear(self) -> None:
        shutil.rmtree(self.home)
        self.home.mkdir()

    def start(self, frames: int = 3, number: int = 0, at: int | None = None):
        words = animation_words(self.lake, self.bundle, self.place, frames)
        return self.nursery.start(*words, folder=self.home, within=self.home, number=number, at=at)

    def interrupted(self, rng: random.Random, number: int):
        """Begin anew, and start a run that a signal meets.

        Returns:
            The run, what was there before, and the moment.
        """
        self.clear()
        over = rng.random() < 0.5
        if over:
            shutil.copytree(self.kept, self.home, dirs_exist_ok=True)
        at = rng.randrange(self.total[over])
        return self.start(number=number, at=at), self.earlier if over else None, at

    def check_alone(self, expected: Content, hint: object) -> None:
        """The target is as expected, and nothing lies beside it."""
        assert content(self.place) == expected, hint
        beside = [path for path in visible(self.home) if path not in set(visible(self.place))]
        assert not beside, (hint, beside)

    def check_next(self, hint: object) -> None:
        """The next run makes what it should, and nothing else is there."""
        child = self.start()
        assert child.wait() == 0 and not child.err, (hint, child.err)
        self.check_alone(self.later, hint)


@pytest.fixture(scope="module", params=TARGETS)
def animation(request, nursery, tmp_path_factory, lake, bundle_folder):
    home = tmp_path_factory.mktemp(request.param) / "home"
    return Animation(nursery, home, lake, bundle_folder, TARGETS[request.param])


@pytest.mark.parametrize("number", ENDS, ids=lambda n: n.name)
def test_what_ends_it_leaves_the_target_whole_or_as_it_was(animation, number):
    rng = random.Random(f"{animation.place.name} {number.name}")
    for _ in range(FEW):
        child, before, at = animation.interrupted(rng, number)
        code, hint = child.wait(), (at, child.err)
        assert code == ENDS[number], (code, hint)
        assert len(child.err.splitlines()) <= 1, hint
        found = content(animation.place)
        if number == signal.SIGKILL:  # between two renames nothing is there, and the next mends it
            assert found in (before, animation.later, None), hint
            animation.check_next(hint)
        else:
            assert found in (before, animation.later), hint
            animation.check_alone(found, hint)


def test_one_that_stands_still_goes_on_and_loses_nothing_to_the_next(animation):
    rng = random.Random(f"{animation.place.name} stopped")
    for _ in range(FEW):
        child, _, at = animation.interrupted(rng, signal.SIGSTOP)
        assert child.wait() is None, at
        beside = animation.start()
        assert beside.wait() == 0, (at, beside.err)
        assert content(animation.place) == animation.later, at
        child.send(signal.SIGCONT)
        assert child.wait() == 0 and not child.err, (at, child.err)
        animation.check_alone(animation.later, at)


def test_a_folder_that_is_deleted_meanwhile_is_one_sentence(animation):
    rng = random.Random(f"{animation.place.name} deleted")
    for _ in range(FEW):
        child, _, at = animation.interrupted(rng, signal.SIGSTOP)
        assert child.wait() is None, at
        animation.clear()
        child.send(signal.SIGCONT)
        code, hint = child.wait(), (at, child.err)
        assert code in (0, 2) and len(child.err.splitlines()) == (1 if code else 0), (code, hint)
        assert content(animation.place) in ((None,) if code else (animation.later, None)), hint
        animation.check_next(hint)
