"""Ctrl-C at once: what is unfinished is removed, and the process ends, whatever it is doing.

A signal unwinds the main thread, which waits for its helpers; but an encoder can be seconds inside
one large frame, and nothing can cut that short. So a watcher doesn't wait for the unwinding: it
removes what is unfinished and ends the process. Where an open file can't be removed (Windows) it
tries until the encoder lets go of it: leaving nothing goes before ending early.
"""

from __future__ import annotations

import _thread
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .. import staging

# told to end, and the terminal gone, which Windows doesn't tell
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
AGAIN_S = 0.02  # until a signal that was swallowed comes again
INTERRUPTED = "landscape-engine: interrupted; nothing partial was left."


@contextmanager
def at_once() -> Iterator[None]:
    """Within the block, SIGINT, SIGTERM and SIGHUP end the process soon, whatever it is doing."""
    if threading.current_thread() is not threading.main_thread():  # no signal arrives elsewhere
        yield
        return
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    unwound = threading.Event()
    watcher = threading.Thread(target=_watch, args=(receiver, unwound), daemon=True)
    watcher.start()
    # written to by the system's own handler, also while the main thread is busy outside Python
    earlier = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(earlier)
        unwound.set()
        sender.close()
        watcher.join()  # for ever where the watcher was first: it is ending the process
        receiver.close()


def heed_swallowed() -> None:
    """From now on, deliver a signal again if it came while a destructor ran, which swallows it."""
    usual = sys.unraisablehook
    numbers = {128 + number: number for number in ENDING}

    def hook(swallowed: sys.UnraisableHookArgs) -> None:
        error = swallowed.exc_value
        number = signal.SIGINT if isinstance(error, KeyboardInterrupt) else None
        if isinstance(error, SystemExit) and isinstance(error.code, int):
            number = numbers.get(error.code)
        if number is None:
            usual(swallowed)
            return
        again = threading.Timer(AGAIN_S, _thread.interrupt_main, (number,))
        again.daemon = True
        again.start()

    sys.unraisablehook = hook


def _watch(receiver: socket.socket, unwound: threading.Event) -> None:
    signum = 0
    while signum not in (signal.SIGINT, *ENDING):
        received = receiver.recv(1)
        if not received:
            return
        signum = received[0]
    if unwound.is_set():
        return
    staging.discard_unfinished()
    if signum == signal.SIGINT:
        print(INTERRUPTED, file=sys.stderr, flush=True)
    os._exit(128 + signum)  # an orderly exit would wait for the helpers as well
