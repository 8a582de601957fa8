"""Dask tasks: an order as a task of Dask, whose frames are told as events of its scheduler.

A task is the name of this function and an order of plain data: no code travels. The scheduler
imports this file, too, and so nothing that loads torch.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .items import Order

LOOK_S = 0.05  # between looks at whether an item was let go of
KEPT_S = 10.0  # an item, by a worker that can't do any: else it would get all that others could do

_unfit_for: set[str] = set()  # runs that have heard so


def do(order: Order) -> dict[str, Any]:
    """Do an item on a worker of Dask."""
    from distributed import get_worker
    from distributed.core import Status

    from . import items

    worker = get_worker()
    ends = (Status.closing, Status.closing_gracefully, Status.closed, Status.failed)

    def told(done: int, of: int) -> None:
        event = {"name": order["name"], "done": done, "of": of, "worker": worker.address}
        worker.log_event(topic(order["run"]), event)

    def ending() -> bool:
        return worker.status in ends

    done = items.do(order, told, ending)
    if done["state"] == "unfit":
        deadline = time.monotonic() + (KEPT_S if order["run"] in _unfit_for else 0)
        _unfit_for.add(order["run"])
        while time.monotonic() < deadline and not (items.is_stopped(order["run"]) or ending()):
            time.sleep(LOOK_S)
    return {**done, "worker": {**done["worker"], "address": worker.address}}


async def stop(run: str, patience_s: float) -> None:
    """End what a run has ordered of a worker, and wait until it is let go of."""
    from . import items

    items.stop(run)
    deadline = time.monotonic() + patience_s
    while items.is_at(run) and time.monotonic() < deadline:
        await asyncio.sleep(LOOK_S)


def topic(run: str) -> str:
    """The name of a run's events."""
    return f"landscape-engine-{run}"
