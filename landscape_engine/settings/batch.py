"""How a batch is done: how often its items are tried, and by how many workers."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import SettingsError
from .checks import check_within
from .fields import setting

MAX_ATTEMPTS = 100
MAX_WORKERS = 1024


@dataclass(frozen=True)
class BatchSettings:
    """How often the items of a batch are tried, and by how many workers."""

    attempts: int = setting(
        2, "how often an item that fails is tried before the batch goes on without it", metavar="N"
    )
    losses: int = setting(
        3,
        "how many workers may end while they are at one item, as when memory is used up, before "
        "the batch goes on without it",
        metavar="N",
    )
    workers: int | None = setting(
        None,
        "worker processes on this machine (default: one a GPU; on the CPU one for every 2 cores "
        "and 4 GiB of memory)",
        metavar="N",
    )
    threads: int | None = setting(
        None,
        "CPU threads of each worker on this machine (default: the cores, shared among workers)",
        metavar="N",
    )
    memory: float | None = setting(
        None,
        "memory in GiB that each worker on this machine may take before it is ended and started "
        "anew (default: this machine's, shared among workers)",
        metavar="GIB",
    )
    wait: float = setting(
        5.0,
        "minutes to wait for a scheduler or for workers that are not there, or no longer",
        metavar="M",
    )

    def __post_init__(self) -> None:
        check_within("--attempts", self.attempts, 1, MAX_ATTEMPTS)
        check_within("--losses", self.losses, 1, MAX_ATTEMPTS)
        if self.workers is not None:
            check_within("--workers", self.workers, 1, MAX_WORKERS)
        if self.threads is not None:
            check_within("--threads", self.threads, 1, MAX_WORKERS)
        if self.memory is not None:
            check_within("--memory", self.memory, 0.25, 1 << 20)
        if not 0 <= self.wait <= 1e6:
            raise SettingsError(f"--wait is {self.wait:g}; expected 0 to 1000000 minutes.")
