"""Writing beside and renaming: nothing appears at a target before it is whole.

Whatever the engine writes grows under a hidden name beside its place and is renamed at the end, or
removed if anything goes wrong; folders made on the way go as well. What the system says about a
failed write becomes one sentence here.

What a killed writer left goes when something is written to the same target again (`leftovers`).
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from . import file_locks
from .errors import OutputError
from .leftovers import (
    FLAGS,
    LOCK,
    OLD,
    SHOWN,
    beside,
    named_in_lock,
    remove,
    remove_abandoned,
)

ATTEMPTS = 20  # at a name of one's own
_unfinished: dict[Path, list[Path]] = {}  # what is being written, and the folders made for it
_locks: dict[Path, BinaryIO] = {}  # held beside what is being written
_ours: set[Path] = set()  # hidden names that nobody else had
_installing = threading.RLock()  # held while something is made or takes its place


def check_file(target: str | Path, ending: str | None = None) -> None:
    """Find out, before there is anything to write, whether a file can be; changes nothing.

    Args:
        target: the file that was asked for; it and its folders may be missing.
        ending: the one that its name has to have, if there is one.

    Raises:
        OutputError: it can't, and why.
    """
    found = Path(target).suffix
    if ending and found.lower() != ending:
        raise OutputError(f"'{target}' has the ending '{found}'; expected {ending}: rename it.")
    place = resolve(Path(target))
    with explaining(Path(target)):
        if place.exists():
            _refuse_devices(target, place)
            check_writable(target, place)
            check_writable(target, place.parent)
        else:
            check_parents(target, place)


def working_folder() -> Path | None:
    """The folder that relative paths start from; None where it was deleted."""
    try:
        return Path.cwd()
    except OSError:
        return None


def check_parents(target: str | Path, place: Path) -> None:
    """Refuse a place that doesn't exist yet and couldn't be made."""
    parent = place.parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    if not parent.is_dir():
        raise OutputError(
            f"'{target}' lies under '{parent.name}', which is a file; expected a folder: choose "
            "another place."
        )
    check_writable(target, parent)


def check_writable(target: str | Path, place: Path) -> None:
    """Refuse a file or folder that may not be written to."""
    if not os.access(place, os.W_OK | (os.X_OK if place.is_dir() else 0)):
        raise explain_write_failure(Path(target), PermissionError(errno.EACCES, ""))


def _refuse_devices(target: str | Path, place: Path) -> None:
    if place.exists() and not place.is_file():  # renaming over /dev/null would replace the device
        raise OutputError(
            f"'{target}' is not a regular file; expected a file or a new name: choose another."
        )


def resolve(target: Path) -> Path:
    """Where a target really lies: links are followed, so that a link to another disk stays one."""
    circle = f"'{target}' leads in a circle of links; expected a file or folder: choose another."
    try:
        place = target.resolve()
        linked = place.is_symlink()  # what Python 3.13 gives in place of an error
    except (OSError, RuntimeError) as error:  # a link that leads to itself
        if isinstance(error, OSError) and error.errno != errno.ELOOP:
            raise explain_write_failure(target, error) from error
        raise OutputError(circle) from error
    if linked:
        raise OutputError(circle)
    return place


@contextlib.contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """A hidden file to write; at the block's end it takes the target's place, or is gone.

    It lies in a hidden folder of its own: with that removed, no library can make it again.

    Raises:
        OutputError: a folder can't be made, or the file can't take its place; what the block
            itself raises passes through (`explaining` is for that).
    """
    place = resolve(target)
    _refuse_devices(target, place)
    with stage(target, place, place.parent) as folder:
        staged = folder / f"new{place.suffix[:40]}"
        with explaining(target), making():
            folder.mkdir()
            _make_file(staged)
        yield staged
        with explaining(target), _installing:
            os.replace(staged, place)


@contextlib.contextmanager
def stage(target: Path, place: Path, home: Path) -> Iterator[Path]:
    """A hidden name in `home`, made if missing, for what will lie at `place`; gone afterwards."""
    staged = home / f".{place.name[:SHOWN]}.{secrets.token_hex(4)}.part"
    made = _unfinished.setdefault(staged, [])
    try:
        with explaining(target), making():
            for parent in reversed([home, *home.parents]):
                if not parent.exists():
                    parent.mkdir(exist_ok=True)
                    made.append(parent)
            # where a run that stood in the folder, or didn't, has left something
            for folder in dict.fromkeys([home, place.parent, *([place] if place.is_dir() else [])]):
                remove_abandoned(folder, place)
            _ours.add(staged)
            _locks[staged] = _lock_beside(staged, place)
        yield staged
    except BaseException:
        _discard(staged, made)
        raise
    finally:
        _discard(staged, [])
        _unfinished.pop(staged, None)
        _ours.discard(staged)


def making() -> contextlib.AbstractContextManager[object]:
    """To be held while something hidden is made: not any more once a process is about to end."""
    return _installing


def _lock_beside(staged: Path, place: Path) -> BinaryIO:
    """Make the lock of a staged name, which says what place that is for, and hold it."""
    path = beside(staged, LOCK)
    for _ in range(ATTEMPTS):
        try:
            opened = os.open(path, FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            _ours.discard(staged)
            raise
        lock = os.fdopen(opened, "r+b")
        try:
            taken = file_locks.take(lock)
        except OSError:  # no locks here: nobody can tell, so that nothing is ever removed
            return lock
        try:
            lock.write(named_in_lock(place, staged.parent))
            lock.flush()
        except OSError:  # a full disk
            with contextlib.suppress(OSError):
                lock.close()
            remove(path)
            raise
        # who looked for abandoned ones may have been faster, and removed it
        with contextlib.suppress(FileNotFoundError):
            if taken and os.path.samestat(os.fstat(lock.fileno()), path.stat()):
                return lock
        lock.close()
        remove(path)
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def _release(staged: Path) -> None:
    lock = _locks.pop(staged, None)
    if lock is not None:
        lock.close()  # first, or Windows keeps it
    remove(beside(staged, LOCK))


def _make_file(staged: Path) -> None:
    """Make a new file, never one that is there already or that a link leads to."""
    os.close(os.open(staged, FLAGS | os.O_CREAT | os.O_EXCL, 0o666))


def discard_unfinished(patience_s: float = math.inf) -> None:
    """Remove all that is being written, for a process about to end: nothing is installed after."""
    _installing.acquire(timeout=min(patience_s, threading.TIMEOUT_MAX))
    discard_forgotten(patience_s)


def discard_forgotten(patience_s: float = math.inf) -> None:
    """Remove the leftovers of interrupted writers, unless something is being written."""
    deadline = time.monotonic() + patience_s
    while _unfinished and time.monotonic() < deadline:
        for staged, made in list(_unfinished.items()):
            _discard(staged, made)
            left = os.path.lexists(staged) or os.path.lexists(beside(staged, LOCK))
            if not (left and staged in _ours):
                _unfinished.pop(staged, None)
        time.sleep(0.01)  # a helper wrote to it meanwhile, or has it open, which Windows minds


def _discard(staged: Path, made: list[Path]) -> None:
    if staged in _ours:
        remove(staged)
        _release(staged)
    for parent in reversed(made):
        with contextlib.suppress(OSError):
            parent.rmdir()


def swap_folder(staged: Path, place: Path) -> None:
    """Put a finished folder in an earlier one's place, which is kept until the last step."""
    old = beside(staged, OLD)
    with contextlib.suppress(OSError):
        os.chmod(staged, place.stat().st_mode & 0o7777)
    with _installing:
        rename_all([(place, old), (staged, place)])
        remove(old)


def rename_all(moves: list[tuple[Path, Path]]) -> None:
    """Rename all or, if one fails, none."""
    done: list[tuple[Path, Path]] = []
    with _installing:
        try:
            for source, goal in moves:
                source.rename(goal)
                done.append((source, goal))
        except BaseException:
            for source, goal in reversed(done):
                with contextlib.suppress(OSError):
                    goal.rename(source)
            raise


@contextlib.contextmanager
def explaining(target: Path) -> Iterator[None]:
    """Turn the system's errors in the block into ours.

    Raises:
        OutputError: in place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise explain_write_failure(target, error) from error


def explain_write_failure(target: Path, error: OSError) -> OutputError:
    """Describe the system's error about a failed write in one sentence.

    Args:
        target: the file or folder that was asked for.
        error: the system's error.

    Returns:
        The error to raise.
    """
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        what = "disk full; expected room for the output: free some space or choose another disk"
    elif isinstance(error, PermissionError) or error.errno == errno.EROFS:
        what = "permission denied; expected a place that you may write to: choose another folder"
    else:
        said = error.strerror or " ".join(str(error).split()) or "unknown reason"
        what = f"{said}; expected a place that can be written to: choose another"
    return OutputError(f"'{target}' can't be written: {what}.")


def explain_failure(error: OSError) -> str:
    """Describe in one sentence what the system refused, of a file that is read or written."""
    if error.errno == errno.ENOSPC:
        return str(explain_write_failure(Path(error.filename or "the output"), error))
    known = isinstance(error.filename, str | bytes | os.PathLike)
    name = f"'{os.fsdecode(error.filename)}'" if known else "a file"
    reason = error.strerror or " ".join(str(error).split()) or type(error).__name__
    return f"{name} can't be used ({reason}); expected one that can: check its name and its rights."
