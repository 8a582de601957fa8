"""`python -m tests.fuzz --cases N [--first K]`: damaged files of every kind; fails where one does.

Each case follows from its number. The number of the one that runs is printed when it hangs or
crashes, since it is written to the folder before.
"""

from __future__ import annotations

import argparse
import faulthandler
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

from . import cases

HANGS_S = 20


def main() -> int:
    """Run the cases; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    wrong = 0
    try:
        known = cases.Sources(folder / "known")
        for number in range(options.first, options.first + options.cases):
            print(number, end="\r", flush=True)
            faulthandler.dump_traceback_later(HANGS_S, exit=True)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found = cases.run(number, known, folder / "case")
            faulthandler.cancel_dump_traceback_later()
            shutil.rmtree(folder / "case")
            if found:
                wrong += 1
                print(f"case {number} ({cases.KINDS[number % len(cases.KINDS)].__name__}): {found}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{options.cases} cases, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    faulthandler.enable()
    sys.exit(main())
