"""`python -m tests.faults.nursery`: a process that has loaded the engine and forks one for a fault.

Loading takes longer than what is done to most processes here. Each line on stdin is a request as
JSON, each line on stdout its answer: `{"arguments": [...]}` starts a command of the engine and
gives its `pid`; `{"wait": pid}` gives how it ended, or that it stopped.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

import av  # noqa: F401 - loaded for all
import cv2
import OpenEXR  # noqa: F401
import scipy.cluster.vq  # noqa: F401
import torch
import torch._dynamo  # noqa: F401 - which the optimizers load

from landscape_engine.jobs import animate  # noqa: F401
from landscape_engine.shell import cli
from landscape_engine.shell.commands import train  # noqa: F401
from landscape_engine.training.runs import bundling
from landscape_engine.worker import tasks  # noqa: F401

from . import moments

PATIENCE_S = 120.0  # for any one process
LATE = 124  # the code of one that had to be killed, as that of timeout(1)
PAGE = resource.getpagesize()


def main() -> None:
    """Answer requests until stdin closes."""
    torch.set_num_threads(1)  # threads of torch or OpenCV don't survive a fork
    cv2.setNumThreads(0)
    bundling.CANDIDATES = 40  # codes to cluster: what is made of them is no matter here
    print("{}", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = _wait(request["wait"]) if "wait" in request else {"pid": _fork(request)}
        print(json.dumps(answer), flush=True)


def _wait(pid: int) -> dict[str, int]:
    """How a child ended or stopped; one that does neither within `PATIENCE_S` is killed."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        ended, status = os.waitpid(pid, os.WUNTRACED | os.WNOHANG)
        if ended:
            break
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return {"code": LATE}
        time.sleep(0.002)
    if os.WIFSTOPPED(status):
        return {"stopped": os.WSTOPSIG(status)}
    return {"code": os.waitstatus_to_exitcode(status)}


def _fork(request: dict[str, Any]) -> int:
    pid = os.fork()
    if not pid:
        code = 1
        try:
            _be(**request)
        except SystemExit as ended:
            code = ended.code
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return pid


def _be(
    arguments: list[str],
    folder: str,
    streams: list[str | None],
    watched: dict[str, Any] | None = None,
    limits: dict[str, int] | None = None,
) -> NoReturn:
    """Become a command of the engine.

    Args:
        arguments: of the command line.
        folder: where it works.
        streams: files for stdin, stdout and stderr; None for one that is closed.
        watched: arguments of `moments.watch`.
        limits: of `resource`, by the ends of their names; that of memory is counted from now.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignoring is inherited, as by nohup
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    for number, name in enumerate(streams):
        os.close(number)
        if name is not None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND if number else os.O_RDONLY
            opened = os.open(name, flags)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = (
        None if name is None else open(number, "w" if number else "r", closefd=False)
        for number, name in enumerate(streams)
    )
    os.chdir(folder)
    for name, most in (limits or {}).items():
        kind = getattr(resource, f"RLIMIT_{name}")
        if name == "AS":
            most += int(Path("/proc/self/statm").read_text().split()[0]) * PAGE
        resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))
    if watched:
        moments.watch(Path(watched.pop("within")), Path(watched.pop("counter")), **watched)
    sys.argv = ["landscape-engine", *arguments]
    cli.entry()


if __name__ == "__main__":
    main()
