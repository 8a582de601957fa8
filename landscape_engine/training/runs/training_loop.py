"""The loop that trains, and the checkpoint from which a killed run resumes.

A run lives in one folder: `settings.json`, `losses.csv`, `sheets/` and `checkpoint.pt` (written
beside and renamed, so that a kill at any moment leaves the newest whole one). Samples are numbered,
and each is drawn from its number and the seed: a resumed run sees just what an unbroken one would
have seen, and several processes (`ranks`) share the numbers of a step among them.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, default_collate
from tqdm import tqdm

from ... import images, regular_files, staging
from ...bundles import checkpoints
from ...errors import OutputError, TrainingError, is_out_of_memory, printable
from ...networks import stored
from ...settings import TrainingLoopSettings
from . import ranks

Losses = dict[str, Tensor]
Draw = Callable[[nn.ModuleDict, list[Tensor]], Tensor]  # networks, batch -> sheet [1, 3, H, W]
MOST_LOST = 20  # steps in a row without usable gradients
SHOWN = 8  # samples on a sheet, always the run's first


class Run:
    """One training run in its folder.

    Args:
        folder: where the run lives; made if missing.
        modules: the networks being trained, by name.
        settings: the loop's settings.
        described: everything else that must not change between two resumes (sizes, sources, ...).
        start: another run, or a bundle, whose weights a fresh run begins with.
        carried: what the losses keep from step to step besides weights; in the checkpoint too.
        optimizer: other than Adam; each of its groups has its own highest rate.
        schedule: share of the run done → share of the highest rates. Where the run is given
            minutes, it is done when they are over. None: `decay_from` of the settings.

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
        carried: nn.Module | None = None,
        optimizer: torch.optim.Optimizer | None = None,
        schedule: Callable[[float], float] | None = None,
    ) -> None:
        self.folder = folder
        self.modules = modules
        self.settings = settings
        self.described = described
        self.carried = carried or nn.Module()
        self.step = 0
        self.optimizer = optimizer or torch.optim.Adam(
            modules.parameters(),
            lr=settings.learning_rate,
            betas=(settings.first_beta, settings.second_beta),
        )
        self._highest = [group["lr"] for group in self.optimizer.param_groups]
        self._schedule = schedule
        self.averaged = torch.optim.swa_utils.AveragedModel(
            modules,
            multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(settings.average),
        )
        if start is not None and not self._checkpoint.exists():
            check_start(start)
        with staging.explaining(folder):
            if folder.exists() and not folder.is_dir():
                raise TrainingError(f"{folder} is a file; expected a folder for the run.")
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / "sheets").exists() and not (folder / "sheets").is_dir():
                raise TrainingError(f"{folder / 'sheets'} is a file; expected a folder: remove it.")
        if self._checkpoint.exists():
            self._resume()
        elif start is not None:
            self._begin_with(start)
        if ranks.is_first():
            # also of a run that was ended before its first checkpoint
            cut_after(self.folder / "losses.csv", self.step)
            self._describe(start)

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def _describe(self, start: Path | None) -> None:
        """Write `settings.json`; a resumed run keeps the name of what it began with."""
        place = self.folder / "settings.json"
        began = start.name if start else None
        if self.step and place.exists():
            began = _started_from(place)
        record = {"loop": asdict(self.settings), "start": began, "processes": ranks.count()}
        text = json.dumps(record | self.described, indent=1) + "\n"
        with staging.explaining(place), staging.new_file(place) as staged:
            staged.write_text(text, encoding="utf-8")

    def _begin_with(self, start: Path) -> None:
        try:
            if (start / "bundle.json").exists():
                networks = checkpoints.load(start).networks
                for name in self.modules.keys() & checkpoints.BUILDERS.keys():
                    _begin(self.modules[name], networks[name].state_dict())
                self.averaged.module.load_state_dict(self.modules.state_dict())
                return
            state = read_checkpoint(start / "checkpoint.pt")
            self.modules.load_state_dict(state["modules"])
            self.averaged.load_state_dict(state["averaged"])
        except (OSError, RuntimeError, LookupError, TypeError, AttributeError) as error:
            raise TrainingError(
                f"{start} holds no weights that fit ({error}); expected a run or a bundle of the "
                "same widths."
            ) from error

    def _resume(self) -> None:
        state = read_checkpoint(self._checkpoint)
        try:
            earlier, now = _flat(json.loads(state["described"])), _flat(self.described)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise _damaged(self._checkpoint, error) from error
        differing = [k for k in {*earlier, *now} if earlier.get(k) != now.get(k)]
        if differing:
            raise TrainingError(
                f"{self.folder} holds a run with other settings ({', '.join(sorted(differing))}); "
                "resume with the same settings or choose another folder."
            )
        try:
            self.modules.load_state_dict(state["modules"])
            self.averaged.load_state_dict(state["averaged"])
            _check_optimizer(state["optimizer"], self.optimizer)
            self.optimizer.load_state_dict(state["optimizer"])
            if "carried" in state:  # not in runs of the first engine
                self.carried.load_state_dict(state["carried"])
            self.step = _step_of(state)
        except (ValueError, RuntimeError, TypeError, LookupError, AttributeError) as error:
            raise _damaged(self._checkpoint, error) from error

    def save(self) -> None:
        """Write the checkpoint beside the old one, then take its place."""
        if not ranks.is_first():
            return
        state = {
            "step": self.step,
            "modules": self.modules.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "carried": self.carried.state_dict(),
            "described": json.dumps(self.described),
        }
        self.write(self._checkpoint, state)

    def write(self, path: Path, state: dict[str, Any]) -> None:
        """Write a file of the run beside its place, then into it."""
        try:
            with staging.new_file(path) as partial:
                torch.save(state, partial)
        except (OSError, RuntimeError, OutputError) as error:
            raise TrainingError(
                f"the checkpoint in {self.folder} can't be saved ({error}); the one before is "
                "untouched: free some space and run the same command again."
            ) from error

    def _rate(self, time_done: float) -> float:
        """The share of the highest rates at this step; `time_done` of the minutes are over."""
        done = self.step / self.settings.steps
        if self._schedule:
            return self._schedule(max(done, min(time_done, 1.0)))
        if self.settings.decay_from >= 1:
            return 1.0
        left = (1 - done) / (1 - self.settings.decay_from)
        return max(0.05, min(1.0, left))

    def train(
        self,
        samples: Dataset,
        losses: Callable[[Any], Losses],
        device: torch.device,
        minutes: float | None = None,
        draw: Draw | None = None,
    ) -> nn.ModuleDict:
        """Train up to the settings' steps, or for some minutes; gives the averaged networks.

        Args:
            samples: numbered samples, each drawn from its number alone.
            losses: the weighted losses of a batch, by name; each is a mean over the batch.
            device: where to train.
            minutes: after which to stop and save.
            draw: draws a sheet of a batch, so that a person can watch the networks learn.
        """
        np.finfo(np.float64)  # looked up once, while there are denormals: else NumPy warns
        torch.set_flush_denormal(True)  # denormals stall a CPU run
        try:
            self._step_through(samples, losses, device, minutes, draw)
        finally:
            torch.set_flush_denormal(False)  # other libraries of this process count on them
        return self._averaged()

    def _averaged(self) -> nn.ModuleDict:
        return cast(nn.ModuleDict, self.averaged.module)

    def _step_through(
        self,
        samples: Dataset,
        losses: Callable[[Any], Losses],
        device: torch.device,
        minutes: float | None,
        draw: Draw | None,
    ) -> None:
        self.modules.to(device).train()
        self.averaged.to(device)
        self.carried.to(device)
        self.optimizer.load_state_dict(self.optimizer.state_dict())  # to the device as well
        mixed = self.settings.mixed and _computes_bfloat16(device)
        started = time.monotonic()
        lost = 0
        log = self.folder / "losses.csv"
        bar = tqdm(
            total=self.settings.steps,
            initial=self.step,
            desc="training",
            unit="step",
            disable=None if ranks.is_first() else True,
        )
        for batch in self._batches(samples):
            gone = (time.monotonic() - started) / (60 * minutes) if minutes else 0.0
            share = self._rate(gone)
            for group, highest in zip(self.optimizer.param_groups, self._highest, strict=True):
                group["lr"] = highest * share
            with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
                parts = losses([x.to(device) for x in batch])
            total = torch.stack(list(parts.values())).sum()
            self.optimizer.zero_grad(set_to_none=True)
            total.backward()
            ranks.average_gradients(self.modules.parameters())
            most = self.settings.most_gradient or torch.inf
            norm = nn.utils.clip_grad_norm_(self.modules.parameters(), most)
            # a flat picture's norms can make gradients too large for floats: without that step
            lost = 0 if torch.isfinite(norm) else lost + 1
            if lost == MOST_LOST:
                raise TrainingError(
                    f"the gradients of {lost} steps in a row are not finite; the checkpoint in "
                    f"{self.folder} is untouched: lower --learning-rate and go on from it."
                )
            if not lost:
                self.optimizer.step()
                self.averaged.update_parameters(self.modules)
            self.step += 1
            if self.step % self.settings.log_every == 0:
                means = ranks.average(torch.stack([v.detach() for v in parts.values()]))
                values = dict(zip(parts, means.tolist(), strict=True))
                if ranks.is_first():
                    append(log, self.step, values)
                bar.set_postfix({k: f"{v:.4f}" for k, v in values.items()})
            bar.update()
            if draw and self.step % self.settings.sheet_every == 0 and ranks.is_first():
                self._draw(draw, samples, device)
            late = minutes is not None and ranks.any_says(
                time.monotonic() - started > 60 * minutes, device
            )
            if self.step % self.settings.save_every == 0 or late:
                self.save()
            if late:
                break
        bar.close()
        self.save()

    @torch.no_grad()
    def _draw(self, draw: Draw, samples: Dataset, device: torch.device) -> None:
        """Draw the averaged networks' results on the first samples, the same ones each time."""
        batch = default_collate([samples[i] for i in range(SHOWN)])
        sheet = draw(self._averaged().eval(), [x.to(device) for x in batch])
        images.save_image(sheet, self.folder / "sheets" / f"step-{self.step:06d}.png")

    def _batches(self, samples: Dataset) -> Iterator[list[Tensor]]:
        """This rank's share of each step that is left, by the samples' numbers."""
        batch = self.settings.batch
        firsts = [
            (step * ranks.count() + ranks.own()) * batch
            for step in range(self.step, self.settings.steps)
        ]
        yield from DataLoader(
            samples,
            batch_sampler=[list(range(first, first + batch)) for first in firsts],
            num_workers=self.settings.workers,
        )


def _computes_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is worth it: a CPU without tiles for it is half to five times slower."""
    return device.type != "cpu" or torch.cpu._is_amx_tile_supported()


def _begin(network: nn.Module, state: dict[str, Tensor]) -> None:
    """Fill a network; the parts that an earlier one had not stay as they were drawn."""
    found = network.load_state_dict(state, strict=False)
    later = getattr(network, "LATER", ())
    lacking = [key for key in found.missing_keys if not key.startswith(later)]
    if lacking or found.unexpected_keys:
        raise RuntimeError(f"other tensors: {', '.join((*lacking, *found.unexpected_keys)[:3])}")


def _flat(described: dict[str, Any]) -> dict[str, Any]:
    """Settings by names such as `motion.width`."""
    return {
        f"{part}.{name}".rstrip("."): value
        for part, values in described.items()
        for name, value in (values if isinstance(values, dict) else {"": values}).items()
    }


def check_start(start: Path) -> None:
    """Refuse what is no run and no bundle, by the names of its files.

    Raises:
        TrainingError: it isn't there, or holds neither.
    """
    if not start.exists():
        raise TrainingError(
            f"{start} doesn't exist; expected a run or a bundle to start from: check the spelling."
        )
    if not any((start / name).exists() for name in ("bundle.json", "checkpoint.pt")):
        what = "holds neither a bundle.json nor a checkpoint.pt" if start.is_dir() else "is a file"
        raise TrainingError(
            f"{start} {what}; expected the folder of a run or a bundle to start from: name that."
        )


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The state that a checkpoint holds; nothing in it is executed.

    Raises:
        TrainingError: it is damaged, cut off, or of another kind.
    """
    try:
        state = stored.read(path)
    except Exception as error:  # torch raises what it likes for damaged files
        if is_out_of_memory(error):
            raise
        raise _damaged(path, error) from error
    if not isinstance(state, dict):
        raise _damaged(path, TypeError(f"it holds {type(state).__name__}"))
    return state


def _check_optimizer(state: dict[str, Any], optimizer: torch.optim.Optimizer) -> None:
    """Refuse what was kept of a parameter in another shape than its own."""
    numbers = [number for group in state["param_groups"] for number in group["params"]]
    parameters = [one for group in optimizer.param_groups for one in group["params"]]
    shapes = {n: one.shape for n, one in zip(numbers, parameters, strict=True)}
    for number, kept in state["state"].items():
        for name, value in kept.items():
            if not isinstance(value, Tensor) or value.shape not in (shapes[number], torch.Size()):
                raise ValueError(f"its '{name}' is of another shape")


def _step_of(state: dict[str, Any]) -> int:
    step = state["step"]
    if type(step) is not int or step < 0:
        raise ValueError(f"its step is {step!r}")
    return step


def _damaged(path: Path, error: Exception) -> TrainingError:
    reason = (str(error).splitlines() or [""])[0][:200].rstrip(".") or type(error).__name__
    return TrainingError(
        f"'{path}' is damaged ({reason}); expected a whole checkpoint: put a copy of it back, or "
        "remove it to begin the run anew."
    )


def _started_from(place: Path) -> Any:
    """The run or bundle that a run began with; a kill may have cut an earlier engine's record."""
    try:
        return regular_files.read_json(place).get("start")
    except (OSError, ValueError, AttributeError) as error:
        if ranks.is_first():
            said = f"'{place}' is damaged ({error}); it is written anew."
            print(f"landscape-engine: {printable(said)}", file=sys.stderr)
        return None


def cut_after(path: Path, step: int) -> None:
    """Take from a table the steps that a resumed run does again, and what a kill cut off."""
    if not path.exists():
        return
    with staging.explaining(path):
        content = _read_table(path)
        lines = content.splitlines(keepends=True)
        kept: list[str] = []  # all of it goes where nobody knows what its columns are
        if lines and _is_head(lines[0]):
            columns = lines[0].count(",")
            kept = [lines[0], *(line for line in lines[1:] if _belongs(line, columns, step))]
        text = "".join(kept)
        if text == content:
            return
        with staging.new_file(path) as staged, staged.open("w", newline="") as file:
            file.write(text)


def _read_table(path: Path) -> str:
    try:
        read = regular_files.read_bytes(path, regular_files.MOST_TABLE)
    except ValueError as error:
        raise TrainingError(
            f"'{path}' can't be gone on with ({error}); expected the table of a run: remove it."
        ) from error
    return read.decode("utf-8", errors="replace")


def _is_head(line: str) -> bool:
    """Whether a line is a table's first, whole and with nothing that came after a cut."""
    first, *names = line.rstrip("\r\n").split(",")
    named = bool(names) and all(name.isprintable() and name[:1].isalpha() for name in names)
    return first == "step" and named and line.endswith("\n")


def _belongs(line: str, columns: int, step: int) -> bool:
    first = line.partition(",")[0]
    whole = line.endswith("\n") and line.count(",") == columns
    return whole and first.isdecimal() and int(first[:18]) <= step


def append(path: Path, step: int, values: dict[str, float]) -> None:
    """Add a step's values to a table, begun with their names if it isn't there yet."""
    with (
        staging.explaining(path),
        os.fdopen(regular_files.open_to_append(path), "a", newline="") as file,
    ):
        fresh = not file.tell()
        writer = csv.writer(file, lineterminator="\n")
        if fresh:
            writer.writerow(["step", *values])
        writer.writerow([step, *(f"{v:.6f}" for v in values.values())])
