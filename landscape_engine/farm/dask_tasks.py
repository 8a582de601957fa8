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

    done = items.do(order, told, lambda: worker.status in ends)
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
