# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection to the engine: one client, made when it is needed.

Whoever ends the client, the last events of its jobs come with the next call of `events`.
"""

from __future__ import annotations

from typing import Any

from . import choices, exchange_folder
from .engine_client import EngineClient, Event
from .errors import AddonError

STOP_S = 0.5  # for a worker that was told to end

_client: EngineClient | None = None
_unread: list[tuple[str, Event]] = []  # what a client's jobs ended with when it was stopped


def submit(task: dict[str, Any]) -> str:
    """Hand over a job; gives its id.

    Raises:
        AddonError: no interpreter is known, or the engine can't be started.
    """
    return _wanted_client().submit(task).id


def cancel(job_id: str) -> None:
    """Stop a job; its last event comes later."""
    if _client is not None:
        _client.cancel(job_id)


def _wanted_client() -> EngineClient:
    """The client, told of the preferences; it heeds changed ones when its engine is idle."""
    global _client
    chosen = choices.made()
    if not chosen.interpreter:
        raise AddonError(
            "no Python with the engine is known; run install_addon.py, or choose an interpreter in "
            "the add-on's preferences."
        )
    if _client is None:
        _client = EngineClient(chosen.interpreter, exchange_folder.own())
    _client.choose(
        chosen.interpreter,
        device=chosen.device,
        bundle=chosen.bundle or None,
        idle_minutes=chosen.idle_minutes,
    )
    return _client


def client_if_any() -> EngineClient | None:
    """The engine's client, if one was needed so far."""
    return _client


def events() -> list[tuple[str, Event]]:
    """What came since the last call, each event with its job's id; returns at once."""
    unread = _unread.copy()
    _unread.clear()
    return unread + (_client.poll() if _client is not None else [])


def stop() -> None:
    """End the worker, which frees its memory and the GPU's; one that doesn't end is killed."""
    global _client
    if _client is None:
        return
    _client.stop(wait_s=STOP_S)
    for job_id, event in _client.poll():
        if event["event"] == "cancelled":
            event = {**event, "message": "the engine was stopped."}
        _unread.append((job_id, event))
    _client = None


def leave() -> None:
    """End the worker, and remove the pictures that were written for it."""
    stop()
    exchange_folder.leave()
    _unread.clear()
