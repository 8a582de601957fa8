"""`python -m tests.fuzz --cases N [--first K] [--seed S] [--kind KIND]`: damaged files.

Pickles that once failed come first, as they were (without `--first` and `--kind`). Each case after
them follows from its number and the seed. It fails where it gives a traceback or another exit code
than 0 and 2, writes beside its target, or takes 2 GiB more than usual, whatever becomes of the
error that tells so; one that hangs or crashes ends the run, below its number.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import shutil
import signal
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from tests import hostile_pickles

from . import cases

HANGS_S = 20  # of the processor, that no case needs: on a busy machine the clock tells nothing
WAITS_S = 180  # of the clock, for what hangs and does nothing
MOST_MORE = 1 << 31  # bytes


def main() -> int:
    """Run the cases; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=0, help="another seed has other cases")
    kinds = [kind.__name__ for kind in cases.KINDS]
    parser.add_argument("--kind", choices=kinds, help="one kind alone (default: each in turn)")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-")).resolve()
    tempfile.tempdir = str(folder)  # what is written there is seen too
    wrong = 0
    try:
        known = cases.Sources(folder / "known")
        _bound_memory()
        for name in hostile_pickles.REFUSED if not (options.first or options.kind) else ():
            with _bound_time():
                found = cases.run_hostile(name, folder / "case")
            shutil.rmtree(folder / "case")
            if found:
                wrong += 1
                print(f"hostile pickle ({name}): {found}")
        for number in range(options.first, options.first + options.cases):
            print(number, end="\r", flush=True)
            with warnings.catch_warnings(), _bound_time():
                warnings.simplefilter("error")
                found = cases.run(number, known, folder / "case", options.seed, options.kind)
            shutil.rmtree(folder / "case")
            if found:
                wrong += 1
                print(f"case {number} ({cases.kind_of(number, options.kind).__name__}): {found}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{options.cases} cases, {wrong} wrong")
    return 1 if wrong else 0


@contextlib.contextmanager
def _bound_time() -> Iterator[None]:
    """Let a case take a certain time; beyond that the run ends with each thread's traceback."""
    timed = hasattr(signal, "setitimer")  # Windows can't
    faulthandler.dump_traceback_later(WAITS_S, exit=True)
    if timed:
        signal.setitimer(signal.ITIMER_PROF, HANGS_S)
    yield
    if timed:
        signal.setitimer(signal.ITIMER_PROF, 0)
    faulthandler.cancel_dump_traceback_later()


def _bound_memory() -> None:
    """Let this process have a certain amount of memory more; beyond that a case fails."""
    with contextlib.suppress(ImportError, OSError):  # the systems that can't
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + MOST_MORE
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    faulthandler.enable()
    if hasattr(signal, "SIGPROF"):
        faulthandler.register(signal.SIGPROF, chain=True)  # and then it ends this process
    sys.exit(main())
