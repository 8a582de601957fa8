"""The batch: items handed out to workers, followed, tried again and, where one failed, left behind.

What is finished stands in the ledgers on the disk (`ledger`), so that this only has to ask for all
that it hasn't heard of. A lost worker's items are given to others by Dask; those of a lost
scheduler are asked for again once it is back; those of a lost client by the next one.
"""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

from distributed import Client, Future
from distributed.scheduler import KilledWorker

from .. import __version__, staging
from ..errors import FarmError
from ..settings import documents
from . import content_hashes, dask_tasks
from .clusters import Connect
from .items import Order
from .ledger import Ledger, marked
from .outcomes import End, Listener, Outcome, Plan
from .roots import POSTERS, STATE

CHUNK = 200  # items in one message to the scheduler
POLL_S = 0.2  # between looks at what is due
LOOK_S = 5.0  # between looks at the workers
AGAIN_S = 1.0  # before a scheduler is asked again, and an item that another process is making
MOST_AGAIN_S = 30.0  # ... at most, each time twice as long
STOP_S = 10.0  # for workers here to let go of what they are making
ROOM = 4096  # bytes without which nothing is begun
UNFIT_S = 30.0  # in which a worker that is fit may turn up where none is
DEATHS = 10  # of workers at which Dask has had an item waiting or running, in all


def run(
    plan: Plan,
    connect: Connect,
    listener: Listener,
    do: Callable[[Order], dict[str, Any]] = dask_tasks.do,
) -> Outcome:
    """Do a batch.

    Args:
        plan: what to do.
        connect: gives a client of the machines; called again where it was lost.
        listener: hears how it goes.
        do: what a worker does with an order; by default, to animate.

    Returns:
        What became of each item; where the disk, the workers or the scheduler don't let it go on,
        why (the same batch begun again goes on there).

    Raises:
        OutputError: nothing can be written to the output folder; nothing was begun.
        BundleError: the bundle can't be read.
        KeyboardInterrupt: was raised meanwhile; its attribute `outcome` says what became of it.
    """
    return _Run(plan, connect, listener, do).run()


class _Run:
    def __init__(
        self,
        plan: Plan,
        connect: Connect,
        listener: Listener,
        do: Callable[[Order], dict[str, Any]],
    ) -> None:
        self._plan, self._connect, self._listener, self._do = plan, connect, listener, do
        self._outcome = Outcome(secrets.token_hex(8), [End(item) for item in plan.items])
        self._open = {end.item.name: end for end in self._outcome.ends}
        self._said: queue.SimpleQueue[tuple[str, Future]] = queue.SimpleQueue()
        self._asked: dict[str, Future] = {}
        self._due: dict[str, float] = {}  # when to ask for an item again, by this process's clock
        self._delay: dict[str, float] = {}  # before it is asked for again
        self._deaths: Counter[str] = Counter()
        self._unfit: dict[str, str] = {}  # what workers say that can't do items, by their addresses
        self._refused: set[str] = set()  # items that such a worker was given
        self._none_fit_since: float | None = None
        self._weights = ""
        self._submissions = 0

    def run(self) -> Outcome:
        started = time.monotonic()
        out = self._plan.roots.out
        try:
            self._check_disk(out)
            with marked(out, self._outcome.run, ROOM):
                self._weights = content_hashes.of_bundle(self._plan.bundle)
                self._follow_all()
        except FarmError as error:
            self._outcome.problem = str(error)
        except BaseException as error:
            error.outcome = self._outcome  # type: ignore[attr-defined]
            raise
        finally:
            self._look_at_open()
            self._outcome.seconds = time.monotonic() - started
        return self._outcome

    @staticmethod
    def _check_disk(out: Path) -> None:
        """Make the folders of the batch, or say why they can't be made."""
        for name in (STATE, POSTERS):
            with staging.explaining(out):
                (out / name).mkdir(parents=True, exist_ok=True)
            staging.check_writable(out, out / name)

    def _look_at_open(self) -> None:
        """Take from the disk what this run has made of items that it heard nothing more of."""
        for end in self._open.values():
            record = Ledger(self._plan.roots.out, end.item.key).record()
            if record is not None and record.run == self._outcome.run:
                end.state, end.sentence, end.record = "made", None, vars(record)

    # ---------------------------------------------------------------- connections

    def _follow_all(self) -> None:
        """Ask for all that is open, anew with each connection, until nothing is."""
        reached = time.monotonic()
        told = False
        while self._open:
            try:
                with self._connect() as client:
                    if told:
                        self._listener.noted("the scheduler is there again.")
                    told = False
                    try:
                        self._follow(client)
                    except OSError:  # the scheduler is lost, and would not hear it
                        raise
                    except BaseException:
                        self._stop(client)
                        raise
                    finally:
                        reached = time.monotonic()
            except OSError as error:
                wait_s = self._plan.settings.wait * 60
                if time.monotonic() - reached >= wait_s:
                    reason = " ".join(str(error).split())[:200] or type(error).__name__
                    raise FarmError(
                        f"the scheduler can't be reached ({reason}); expected it within "
                        f"{self._plan.settings.wait:g} minutes: start it, and begin the same batch "
                        "again, which goes on."
                    ) from error
                if not told:
                    self._listener.noted("the scheduler can't be reached; waiting for it.")
                told = True
            if self._open:
                time.sleep(AGAIN_S)

    def _follow(self, client: Client) -> None:
        """Follow what is open until all has ended, or the scheduler is lost."""
        self._wait_for_workers(client)
        client.subscribe_topic(dask_tasks.topic(self._outcome.run), self._heard)
        self._said = queue.SimpleQueue()
        self._asked.clear()
        self._due.clear()
        self._unfit.clear()
        self._refused.clear()
        self._none_fit_since = None
        unasked = deque(self._open)
        looked = time.monotonic()
        try:
            while self._open:
                chunk = [unasked.popleft() for _ in range(min(CHUNK, len(unasked)))]
                self._ask(client, [name for name in chunk if name in self._open])
                if not self._take(client, self._ended(0 if unasked else POLL_S)):
                    return
                now = time.monotonic()
                due = [name for name, when in self._due.items() if when <= now]
                for name in due:
                    del self._due[name]
                self._ask(client, [name for name in due if name not in self._refused])
                if refused := [name for name in due if name in self._refused]:
                    self._ask(client, refused, self._fit(client))
                if client.status not in ("running", "newclosing"):
                    return
                if now - looked >= LOOK_S:
                    self._wait_for_workers(client)
                    self._expect_fit(client)
                    looked = time.monotonic()
        finally:
            self._asked.clear()

    def _wait_for_workers(self, client: Client) -> None:
        """Wait until there is a worker.

        Raises:
            FarmError: there is none in time.
        """
        started, told = time.monotonic(), False
        while not client.nthreads():
            if time.monotonic() - started >= self._plan.settings.wait * 60:
                raise FarmError(
                    "the scheduler has no workers; expected one or more within "
                    f"{self._plan.settings.wait:g} minutes: start some, and begin the same batch "
                    "again, which goes on."
                )
            if not told:
                self._listener.noted("the scheduler has no workers; waiting for one.")
            told = True
            time.sleep(AGAIN_S)

    def _fit(self, client: Client) -> list[str]:
        """The addresses of workers that haven't said that they can't do items."""
        return [address for address in client.nthreads() if address not in self._unfit]

    def _expect_fit(self, client: Client) -> None:
        """Expect that some worker can do items, where others have said that they can't.

        Raises:
            FarmError: none can, and none has turned up in time.
        """
        if not self._unfit or self._fit(client):
            self._none_fit_since = None
            return
        now = time.monotonic()
        if self._none_fit_since is None:
            self._none_fit_since = now
            self._listener.noted("no worker can do items; waiting for one that can.")
        if now - self._none_fit_since >= min(UNFIT_S, self._plan.settings.wait * 60):
            raise FarmError(next(reversed(self._unfit.values())))

    def _stop(self, client: Client) -> None:
        """Let workers drop what this run has ordered, as far as they answer in time."""

        def tell() -> None:
            with contextlib.suppress(Exception):
                client.cancel(list(self._asked.values()), force=True)
                client.run(dask_tasks.stop, self._outcome.run, STOP_S, on_error="ignore")

        telling = threading.Thread(target=tell, daemon=True)
        telling.start()
        telling.join(STOP_S + AGAIN_S)

    # ---------------------------------------------------------------------- items

    def _ask(self, client: Client, names: Sequence[str], rather: Sequence[str] = ()) -> None:
        """Order items, of any worker, or rather of some."""
        where = {"workers": list(rather), "allow_other_workers": True} if rather else {}
        for at in range(0, len(names), CHUNK):
            chunk = names[at : at + CHUNK]
            orders = [self._order(self._open[name]) for name in chunk]
            first = self._submissions
            self._submissions += len(chunk)
            keys = [f"plate-{self._outcome.run}-{first + n}" for n in range(len(chunk))]
            futures = client.map(self._do, orders, key=keys, pure=False, retries=0, **where)
            for name, future in zip(chunk, futures, strict=True):
                self._asked[name] = future
                future.add_done_callback(lambda done, name=name: self._said.put((name, done)))

    def _order(self, end: End) -> Order:
        plan, item = self._plan, end.item
        return {
            "engine": __version__,
            "run": self._outcome.run,
            "name": item.name,
            "key": item.key,
            "job": documents.write(item.job),
            "seen": os.path.exists(item.job.path("picture")),
            "roots": [str(root) for root in plan.roots.read],
            "out": str(plan.roots.out),
            "bundle": plan.bundle and str(plan.bundle),
            "weights": self._weights,
            "device": plan.device,
            "losses": plan.settings.losses,
            "attempt": end.attempts + 1,
        }

    def _ended(self, patience_s: float) -> list[tuple[str, Future]]:
        """The futures that have ended since the last look; waits a while for the first."""
        found = []
        with contextlib.suppress(queue.Empty):
            found.append(self._said.get(timeout=patience_s))
            while True:
                found.append(self._said.get_nowait())
        return [(name, future) for name, future in found if self._asked.get(name) is future]

    def _take(self, client: Client, ended: Sequence[tuple[str, Future]]) -> bool:
        """Take what is said of items; gives False where the scheduler was lost."""
        if any(future.status in ("cancelled", "lost") for _, future in ended):
            return False
        told = [(name, future) for name, future in ended if future.status == "finished"]
        try:
            said = client.gather([future for _, future in told])
        except (CancelledError, KilledWorker, OSError, TimeoutError):  # lost on the way to here
            return False
        problems = []
        for (name, _), one in zip(told, said, strict=True):
            del self._asked[name]
            problems += self._heed(self._open[name], one)
        for name, future in ended:
            if future.status == "error":
                del self._asked[name]
                problems += self._blame(self._open[name], future.exception())
        if problems:
            raise FarmError(problems[0])
        return True

    def _blame(self, end: End, error: BaseException | None) -> list[str]:
        """Heed an error of Dask's (an item's own is said, not raised); gives what ends the run."""
        if not isinstance(error, KilledWorker):
            return [
                f"a worker can't do items ({type(error).__name__}: "
                f"{' '.join(str(error).split())[:200]}); expected landscape-engine[farm] "
                f"{__version__} and one version of Python and Dask on all: install them."
            ]
        # Dask blames all that were waiting for a worker; the ledger tells who was running
        name = end.item.name
        self._deaths[name] += 1
        if self._deaths[name] >= DEATHS:
            self._end(end, "failed", "its workers end before they begin; see their logs.")
        else:
            self._again(name)
        return []

    def _heed(self, end: End, said: dict[str, Any]) -> list[str]:
        """Heed what a worker says of an item; gives what ends the run."""
        state, name = said["state"], end.item.name
        end.worker = said["worker"]
        end.sentence = said.get("sentence")
        address = said["worker"].get("address", "")
        if state == "unfit":  # others may do it: such a worker keeps it for a while (`dask_tasks`)
            if address not in self._unfit:
                self._listener.noted(f"{end.sentence} Its pictures are given to others.")
            self._unfit[address] = str(end.sentence)
            self._refused.add(name)
            self._again(name, at_once=True)
            return []
        self._unfit.pop(address, None)
        if state in ("busy", "stopped"):  # by another run, or by a worker that was about to end
            self._again(name)
            return []
        end.attempts += 1
        if state in ("made", "found"):
            end.record = said["record"]
            own = said["record"]["run"] == self._outcome.run
            end.attempts = said["record"]["attempt"] if own else 0
            self._end(end, "made" if own else "found", None)
        elif said.get("disk"):
            return [f"{end.sentence} What is finished stays; begin the same batch again."]
        elif state == "lost" or end.attempts >= self._plan.settings.attempts:
            self._end(end, "failed", end.sentence)
        else:
            self._again(name, at_once=True)
        return []

    def _again(self, name: str, at_once: bool = False) -> None:
        delay = 0.0 if at_once else self._delay.get(name, AGAIN_S)
        if not at_once:
            self._delay[name] = min(2 * delay, MOST_AGAIN_S)
        self._due[name] = time.monotonic() + delay

    def _end(self, end: End, state: str, sentence: str | None) -> None:
        end.state, end.sentence = state, sentence
        del self._open[end.item.name]
        self._due.pop(end.item.name, None)
        of = len(self._outcome.ends)
        self._listener.ended(end, of - len(self._open), of)

    def _heard(self, event: Any) -> None:
        """An event of a worker, in a thread of Dask's."""
        with contextlib.suppress(Exception):  # of whoever else speaks on this scheduler
            _, said = event
            self._listener.moved(str(said["name"]), int(said["done"]), int(said["of"]))
