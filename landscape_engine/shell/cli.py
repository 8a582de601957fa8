"""The shell: its commands are `animate`, `batch`, `demo`, `codebook` and those in `commands/`.

Flags are made from the settings' fields. Exit codes: 0 done, 2 refused with one line that says why,
129 its terminal is gone, 130 interrupted, 143 told to end; 1 done, but stdout took not all of it,
or some pictures of a batch failed.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import os
import signal
import sys
import types
from collections.abc import Sequence
from typing import NoReturn

from .. import staging
from ..errors import LandscapeError, is_out_of_memory, printable
from ..settings import documents
from . import parsers, streams
from .commands import run
from .flags import with_negatives
from .interruption import ENDING, INTERRUPTED, at_once, heed_swallowed

PATIENCE_S = 5.0  # for what can't be removed at the end
SIGNALLED = 128  # exit codes from here on are those of signals
AT_ONCE = ("animate", "demo", "codebook", "fit", "evaluate")  # ended so by Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    for number in ENDING:  # unwind as for Ctrl-C, so that what is partial is removed
        if signal.getsignal(number) != signal.SIG_IGN:  # as `nohup` has it
            signal.signal(number, _end)
    try:
        options = parse(arguments)
        # torch's threads spin while they wait, which starves the encoder's (and any program beside
        # ours) on a machine with few cores: eight times slower in the worst case seen
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        # training ends step by step; what it was saving takes its place or is tried again
        with at_once() if options.command in AT_ONCE else contextlib.nullcontext():
            return run(options)  # torch comes in here, after --help has answered
    except LandscapeError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        return 130
    except BrokenPipeError:
        # whoever read our output went away; keep Python from complaining about it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if is_out_of_memory(error):
            return _refuse(
                "the memory is used up; expected room for the frames: try a smaller --size."
            )
        if isinstance(error, OSError):
            return _refuse(staging.explain_failure(error))
        raise
    finally:
        staging.discard_forgotten(PATIENCE_S)  # a signal can come while a writer cleans up


def _refuse(sentence: str) -> int:
    print(f"landscape-engine: {printable(sentence)}", file=sys.stderr)
    return 2


def entry() -> NoReturn:
    """Run the command line as a program, and end at once.

    Python's own way out takes a second after torch was there, and frees what the system frees.
    """
    try:
        streams.prepare(sys.argv[1:])
        heed_swallowed()
        code = main()
    except SystemExit as ended:  # of --help and --version; a signal's goes on as it came
        if not isinstance(ended.code, int) or ended.code >= SIGNALLED:
            raise
        code = ended.code
    except OSError as error:  # no descriptors left for streams of our own
        code = _refuse(staging.explain_failure(error))
    atexit._run_exitfuncs()  # what others want done before the end
    lost = streams.finish()
    if lost is not None:
        reason = lost.strerror or "unknown reason"
        sentence = f"what was made is whole, but can't be told on stdout ({reason})."
        print(f"landscape-engine: {sentence}", file=sys.stderr)
        code = code or 1
    os._exit(code)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse a command line; a job's document or the paper's preset provides the defaults."""
    arguments = with_negatives(sys.argv[1:] if arguments is None else arguments)
    parser = parsers.build()
    options = parser.parse_args(arguments)
    if options.command == "animate" and options.job:
        parser = parsers.build(documents.read(options.job))
        options = parser.parse_args(arguments)
    if options.command == "train" and parsers.preset_of(options) == "paper":
        options = parsers.build(paper=True).parse_args(arguments)
    if options.command == "animate" and not (options.picture and options.out):
        missing = "--out" if options.picture else "PICTURE"
        parser.error(f"{missing} is missing: give it, or a --job whose document names it")
    return options


def _end(signum: int, frame: types.FrameType | None) -> NoReturn:
    raise SystemExit(128 + signum)
