"""Devices: where the networks run."""

from __future__ import annotations

import torch

from ..errors import SettingsError
from ..settings import DeviceName


def choose_device(name: DeviceName | torch.device) -> torch.device:
    """The device of a name; the only place where a device is chosen.

    Raises:
        SettingsError: there is no such device on this machine.
    """
    if isinstance(name, torch.device):
        return name
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, found in there.items() if found))
    if name not in there:
        raise SettingsError(f"--device is '{name}'; expected auto, cpu, cuda or mps.")
    if not there[name]:
        found = ", ".join(kind for kind, is_there in there.items() if is_there)
        raise SettingsError(
            f"this machine has no {name} device (it has: {found}); choose one of these, or auto."
        )
    return torch.device(name)
