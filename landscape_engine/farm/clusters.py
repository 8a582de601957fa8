"""Clusters: the machines of a batch, as clients of Dask.

Without an address, workers are started on this machine, one a GPU or a share of its cores. Any
process that reaches a scheduler of Dask may run code through it: those started here listen on this
machine alone, and speak TLS with a key that nobody else has.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
from distributed import Client, Nanny, Scheduler, SpecCluster
from distributed.security import Security

from .. import cpus
from ..bundles.devices import choose_device
from ..errors import FarmError
from ..settings import BatchSettings, DeviceName

LOOPBACK = "127.0.0.1"
CORES_EACH = 2  # of a worker on a CPU: one for each core would need twice the memory
GIB = 1 << 30
GIB_EACH = 4  # what a picture of 7680x4320 takes
START_S = 60.0  # for a worker here to load Python and Dask
CONNECT_S = 5.0  # for one try at a scheduler
CONFIGURATION = {  # a plate can't be put onto a disk, and a worker that waits for room gets none
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,  # of its memory: then a worker is ended
    "distributed.worker.profile.enabled": False,
}
Connect = Callable[[], contextlib.AbstractContextManager[Client]]


@dataclass(frozen=True)
class Certificates:
    """Files in PEM of Dask's TLS; without any, Dask's own configuration says them.

    Attributes:
        authority: of the certificate that has signed the others.
        certificate: this client's.
        key: its private key.
    """

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def security(self) -> Security:
        """What a client of Dask takes.

        Raises:
            FarmError: one of the three is missing, or its file is.
        """
        files = (self.authority, self.certificate, self.key)
        if not any(files):
            return Security()
        for flag, path in zip(("--tls-ca", "--tls-cert", "--tls-key"), files, strict=True):
            found = "isn't given" if path is None else f"is '{path}', which isn't there"
            if path is None or not path.is_file():
                raise FarmError(
                    f"{flag} {found}; expected a PEM file for each of --tls-ca, --tls-cert and "
                    "--tls-key: name it."
                )
        authority, certificate, key = map(str, files)
        return Security(
            tls_ca_file=authority,
            tls_client_cert=certificate,
            tls_client_key=key,
            require_encryption=True,
        )


@contextlib.contextmanager
def at(address: str, certificates: Certificates) -> Iterator[Client]:
    """A client of a scheduler that the user runs.

    Raises:
        FarmError: its address is malformed, or a certificate isn't there.
        OSError: it can't be reached now.
    """
    security = certificates.security()
    try:
        client = Client(address, timeout=CONNECT_S, security=security, set_as_default=False)
    except (ValueError, TypeError, RuntimeError) as error:  # an unknown protocol, TLS without files
        raise FarmError(
            f"the scheduler's address is '{address}' ({' '.join(str(error).split())[:200]}); "
            "expected tcp://HOST:PORT, or tls://HOST:PORT with certificates: correct --scheduler."
        ) from error
    try:
        yield client
    finally:
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            client.close(timeout=CONNECT_S)


@contextlib.contextmanager
def here(settings: BatchSettings, device: DeviceName) -> Iterator[Client]:
    """A client of workers that are started on this machine, and end with the block.

    Raises:
        FarmError: they don't start.
        SettingsError: the device isn't there.
    """
    security = Security.temporary()
    common = {"host": LOOPBACK, "protocol": "tls://", "security": security}
    common |= {"dashboard": False, "dashboard_address": f"{LOOPBACK}:0"}  # of its state, alone
    scheduler = {"cls": Scheduler, "options": {**common, "port": 0}}
    workers: dict[Any, dict[str, Any]] = {
        number: {"cls": Nanny, "options": {**common, **options, "nthreads": 1}}
        for number, options in enumerate(workers_of(settings, device))
    }
    with dask.config.set(CONFIGURATION):
        try:
            cluster = SpecCluster(
                workers=workers,
                scheduler=scheduler,
                security=security,
                silence_logs=logging.CRITICAL,
            )
        except (OSError, RuntimeError, TimeoutError) as error:
            raise FarmError(
                f"the workers don't start here ({' '.join(str(error).split())[:200]}); expected "
                "room for their processes: try fewer --workers."
            ) from error
        with cluster, Client(cluster, set_as_default=False, timeout=START_S) as client:
            yield client


def workers_of(settings: BatchSettings, device: DeviceName) -> Sequence[dict[str, Any]]:
    """The options of each worker on this machine: its memory in bytes and its environment."""
    from distributed.system import MEMORY_LIMIT

    environments = _environments(settings, choose_device(device).type)
    count = len(environments)
    memory = MEMORY_LIMIT // count if settings.memory is None else int(settings.memory * GIB)
    return [{"memory_limit": memory, "env": env} for env in environments]


def _environments(settings: BatchSettings, kind: str) -> list[dict[str, str]]:
    """What each worker finds in its environment: its cores and, of several, its own GPU."""
    from distributed.system import MEMORY_LIMIT

    cores, shown = cpus.available(), [""]
    if kind == "cuda":
        import torch

        named = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
        shown = named or [str(number) for number in range(torch.cuda.device_count())]
        usual = len(shown)
    elif kind == "mps":
        usual = 1
    else:
        room = math.floor(MEMORY_LIMIT / GIB / GIB_EACH)
        usual = max(1, min(cores // CORES_EACH, room))
    count = settings.workers or usual
    threads = settings.threads or max(1, cores // count)
    environments = []
    for number in range(count):
        env = {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"}
        if kind == "cuda":
            env["CUDA_VISIBLE_DEVICES"] = shown[number % len(shown)]
        environments.append(env)
    return environments
