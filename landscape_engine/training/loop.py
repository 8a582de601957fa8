"""The loop that trains, and the checkpoint from which a killed run resumes.

A run lives in one folder: `settings.json`, `losses.csv` and `checkpoint.pt` (written beside and
renamed, so that a kill at any moment leaves the newest whole one). Samples are numbered, and each
is drawn from its number and the seed: a resumed run sees just what an unbroken one would have
seen.
"""

from __future__ import annotations

import csv
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from .. import checkpoints
from ..errors import TrainingError
from ..settings import TrainingLoopSettings

Losses = dict[str, Tensor]


class Run:
    """One training run in its folder.

    Args:
        folder: where the run lives; made if missing.
        modules: the networks being trained, by name.
        settings: the loop's settings.
        described: everything else that must not change between two resumes (sizes, sources, ...).
        start: another run, or a bundle, whose weights a fresh run begins with.

    Raises:
        TrainingError: the folder holds a run with other settings, or `start` holds none that fits.
    """

    def __init__(
        self,
        folder: Path,
        modules: nn.ModuleDict,
        settings: TrainingLoopSettings,
        described: dict[str, Any],
        start: Path | None = None,
    ) -> None:
        self.folder = folder
        self.modules = modules
        self.settings = settings
        self.described = described
        self.step = 0
        self.optimizer = torch.optim.Adam(
            modules.parameters(), lr=settings.learning_rate, betas=(0.9, 0.99)
        )
        self.averaged = torch.optim.swa_utils.AveragedModel(
            modules,
            multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(settings.average),
        )
        folder.mkdir(parents=True, exist_ok=True)
        if self._checkpoint.exists():
            self._resume()
            return
        if start is not None:
            self._begin_with(start)
        text = json.dumps({"loop": asdict(settings), **described}, indent=1)
        (folder / "settings.json").write_text(text + "\n")

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def _begin_with(self, start: Path) -> None:
        try:
            if (start / "bundle.json").exists():
                networks = checkpoints.load(start).networks
                for name, module in self.modules.items():
                    module.load_state_dict(networks[name].state_dict())
                self.averaged.module.load_state_dict(self.modules.state_dict())
                return
            state = torch.load(start / "checkpoint.pt", weights_only=True, map_location="cpu")
            self.modules.load_state_dict(state["modules"])
            self.averaged.load_state_dict(state["averaged"])
        except (OSError, RuntimeError, KeyError) as error:
            raise TrainingError(
                f"{start} holds no weights that fit ({error}); expected a run or a bundle of the "
                "same widths."
            ) from error

    def _resume(self) -> None:
        state = torch.load(self._checkpoint, weights_only=True, map_location="cpu")
        earlier, now = json.loads(state["described"]), self.described
        differing = [k for k in {*earlier, *now} if earlier.get(k) != now.get(k)]
        if differing:
            raise TrainingError(
                f"{self.folder} holds a run with other settings ({', '.join(sorted(differing))}); "
                "resume with the same settings or choose another folder."
            )
        self.modules.load_state_dict(state["modules"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]

    def save(self) -> None:
        """Write the checkpoint beside the old one, then take its place."""
        state = {
            "step": self.step,
            "modules": self.modules.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "described": json.dumps(self.described),
        }
        self.write(self._checkpoint, state)

    def write(self, path: Path, state: dict[str, Any]) -> None:
        """Write a file of the run beside its place, then into it."""
        partial = path.with_suffix(".partial")
        try:
            torch.save(state, partial)
            os.replace(partial, path)
        except (OSError, RuntimeError) as error:
            partial.unlink(missing_ok=True)
            raise TrainingError(
                f"the checkpoint in {self.folder} can't be saved ({error}); the one before is "
                "untouched: free some space and run the same command again."
            ) from error

    def _rate(self) -> float:
        done = self.step / self.settings.steps
        left = (1 - done) / max(1 - self.settings.decay_from, 1e-6)
        return self.settings.learning_rate * max(0.05, min(1.0, left))

    def train(
        self,
        samples: Dataset,
        losses: Callable[[Any], Losses],
        device: torch.device,
        minutes: float | None = None,
    ) -> nn.ModuleDict:
        """Train up to the settings' steps, or for some minutes; gives the averaged networks."""
        torch.set_flush_denormal(True)  # denormals stall a CPU run
        try:
            self._step_through(samples, losses, device, minutes)
        finally:
            torch.set_flush_denormal(False)  # other libraries of this process count on them
        return self.averaged.module

    def _step_through(
        self,
        samples: Dataset,
        losses: Callable[[Any], Losses],
        device: torch.device,
        minutes: float | None,
    ) -> None:
        self.modules.to(device).train()
        self.averaged.to(device)
        mixed = self.settings.mixed and _computes_bfloat16(device)
        started = time.monotonic()
        log = self.folder / "losses.csv"
        bar = tqdm(
            total=self.settings.steps,
            initial=self.step,
            desc="training",
            unit="step",
            disable=None,
        )
        for batch in self._batches(samples):
            for group in self.optimizer.param_groups:
                group["lr"] = self._rate()
            with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
                parts = losses([x.to(device) for x in batch])
            total = torch.stack(list(parts.values())).sum()
            self.optimizer.zero_grad(set_to_none=True)
            total.backward()
            nn.utils.clip_grad_norm_(self.modules.parameters(), 1.0)
            self.optimizer.step()
            self.averaged.update_parameters(self.modules)
            self.step += 1
            if self.step % 20 == 0:
                values = {k: float(v.detach()) for k, v in parts.items()}
                append(log, self.step, values)
                bar.set_postfix({k: f"{v:.4f}" for k, v in values.items()})
            bar.update()
            late = minutes is not None and time.monotonic() - started > 60 * minutes
            if self.step % self.settings.save_every == 0 or late:
                self.save()
            if late:
                break
        bar.close()
        self.save()

    def _batches(self, samples: Dataset) -> Iterator[list[Tensor]]:
        first = self.step * self.settings.batch
        last = self.settings.steps * self.settings.batch
        yield from DataLoader(
            samples,
            batch_size=self.settings.batch,
            sampler=range(first, last),
            num_workers=self.settings.workers,
        )


def _computes_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is worth it: a CPU without such instructions is five times slower in it."""
    return device.type != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()


def append(path: Path, step: int, values: dict[str, float]) -> None:
    """Add a step's values to a table, begun with their names if it isn't there yet."""
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(["step", *values])
        writer.writerow([step, *(f"{v:.6f}" for v in values.values())])
