"""Train the LSTM that predicts days (Appendix B) on the sequences of an appearance codebook.

The sequences are few, so that most of what is learnt comes from their variations
(`days.VariedDays`), and some are held out: the weights that predict those best are kept, and by how
much they still miss them is what a seed may add to a predicted day.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from ...bundles import checkpoints
from ...bundles.checkpoints import ModelBundle
from ...errors import TrainingError
from ...networks.code_lstm import CodeLSTM
from ...settings import TrainCodesSettings, TrainingLoopSettings
from ..data import day_sequences as days
from ..data import lit_clips as clips
from . import ranks, train_appearance
from .training_loop import Losses, Run, append, cut_after, read_checkpoint

FEWEST_DAYS = 2  # one to learn from, one held out


def load_days(folder: Path, clips_folder: Path | None = None) -> list[Tensor]:  # each [n, Z]
    """The sequences of a bundle's appearance codebook, and those of clips as the bundle sees them.

    Raises:
        TrainingError: there are too few.
        BundleError: the folder is no bundle.
    """
    bundle = checkpoints.load(folder)
    book = bundle.appearance_codebook
    sequences = [s for s in (book.sequences if book else ()) if len(s) > 1]
    if clips_folder is not None:
        sequences += encode_clips(bundle, clips_folder)
    sequences = days.without_twins(sequences) if sequences else []
    if len(sequences) < FEWEST_DAYS:
        raise TrainingError(
            f"{folder} has {len(sequences)} days in its appearance codebook; expected "
            f"{FEWEST_DAYS} or more: train its appearance first, or add --clips."
        )
    return sequences


def encode_clips(bundle: ModelBundle, folder: Path) -> list[Tensor]:  # each [n, Z]
    """The codes of every clip in order whose light changes (`train_appearance`, section 6.1)."""
    networks = nn.ModuleDict({"appearance_encoder": bundle.appearance_encoder})
    scenes = clips.load(folder, train_appearance.ENCODER_SIZE)
    return train_appearance.collect_sequences(networks, scenes)


def build(settings: TrainCodesSettings, codes: Tensor) -> nn.ModuleDict:
    """The LSTM with its first weights, which take codes [n, Z] as they are spread."""
    lstm = CodeLSTM(codes.shape[1], settings.hidden_size, settings.day)
    mean, deviation = codes.mean(0), codes.std(0).clamp(min=1e-6)
    with torch.no_grad():  # as if codes were whitened before the first layer and after the last
        lstm.fc_in.weight /= deviation
        lstm.fc_in.bias.sub_(lstm.fc_in.weight @ mean)
        lstm.fc_out.weight *= deviation[:, None]
        lstm.fc_out.bias.copy_(mean)
    return nn.ModuleDict({"code_lstm": lstm})


@torch.random.fork_rng(devices=())  # the caller's numbers go on as they were
def train(
    folder: Path,
    settings: TrainCodesSettings,
    loop: TrainingLoopSettings,
    sequences: list[Tensor],  # each [n, Z]
    device: torch.device,
    minutes: float | None = None,
    start: Path | None = None,
) -> nn.ModuleDict:
    """Train (or resume) a run in `folder`; gives the LSTM as it was best on the days held out."""
    torch.manual_seed(loop.seed)
    learnt, held_out = days.part(sequences, settings.held_out, loop.seed)
    modules = build(settings, torch.cat(learnt))
    variance = torch.cat(learnt).var(0).mean().to(device)

    def loss(batch: list[Tensor]) -> Losses:
        codes, following = batch
        predicted, _ = modules["code_lstm"](codes)
        return {"code": (predicted - following).square().mean() / variance}

    described = {"codes": asdict(settings), "days": _fingerprint(sequences)}
    loop = replace(loop, mixed=False)  # the codes' differences are too small for bfloat16
    shown = days.every(held_out, settings.day)
    run = CodesRun(shown, float(variance), folder, modules, loop, described, start)
    run.train(days.VariedDays(learnt, settings, loop.seed), loss, device, minutes)
    return run.best()


class CodesRun(Run):
    """A run that, with each checkpoint, measures its days held out and keeps the best weights.

    Beside the run's other files: `held_out.csv`, step and loss (mean squared error in shares of the
    codes' variance), and `best.pt`.

    Args:
        shown: days held out, [N, K + 1, Z].
        variance: of the codes, in shares of which losses are told.
        run: what `Run` takes.
    """

    def __init__(self, shown: Tensor, variance: float, *run: Any) -> None:
        self.shown, self.variance = shown, variance
        self.measured: int | None = None
        super().__init__(*run)
        self.least = math.inf
        if self.step and self._best.exists():
            self.least = float(self._read_best()["loss"])
        if ranks.is_first():
            cut_after(self.folder / "held_out.csv", self.step)

    @property
    def _best(self) -> Path:
        return self.folder / "best.pt"

    def save(self) -> None:
        """Measure, keep what is best so far, then write the checkpoint."""
        if self.measured != self.step:
            self.measured = self.step
            self._measure()
        super().save()

    def _measure(self) -> None:
        lstm = self._lstm()
        loss = float(errors(lstm, self.shown).square().mean()) / self.variance
        append(self.folder / "held_out.csv", self.step, {"code": loss})
        if loss < self.least:
            self.least = loss
            self.write(self._best, {"loss": loss, "code_lstm": lstm.state_dict()})

    def best(self) -> nn.ModuleDict:
        """The LSTM with the least error on the held-out days, and that error."""
        lstm = self._lstm()
        lstm.load_state_dict(self._read_best()["code_lstm"])
        lstm.unrest.copy_(spread(errors(lstm, self.shown)))
        return self._averaged()

    def _read_best(self) -> dict[str, Any]:
        state = read_checkpoint(self._best)
        try:
            shapes = {name: tensor.shape for name, tensor in state["code_lstm"].items()}
            wanted = {name: tensor.shape for name, tensor in self._lstm().state_dict().items()}
            whole = isinstance(state["loss"], float) and shapes == wanted
        except (LookupError, AttributeError):
            whole = False
        if not whole:
            raise TrainingError(
                f"'{self._best}' is damaged; expected the weights of this run's LSTM: remove it, "
                "and the run goes on."
            )
        return state

    def _lstm(self) -> CodeLSTM:
        return cast(CodeLSTM, self._averaged()["code_lstm"])


@torch.no_grad()
def errors(
    lstm: CodeLSTM,
    shown: Tensor,  # [N, K + 1, Z]
) -> Tensor:  # [N, K, Z]
    """The errors between each code of days and its prediction from the codes before it."""
    shown = shown.to(lstm.unrest.device)
    return shown[:, 1:] - lstm(shown[:, :-1])[0]


def spread(
    missed: Tensor,  # [N, K, Z]
) -> Tensor:  # [K, Z, Z]
    """Of each step a lower triangular L with L Lᵀ the second moment of its errors."""
    moment = torch.einsum("nki,nkj->kij", missed, missed) / len(missed)
    little = 1e-6 * moment.diagonal(dim1=1, dim2=2).mean() + 1e-12
    return torch.linalg.cholesky(moment + little * torch.eye(moment.shape[1]).to(moment))


def _fingerprint(sequences: list[Tensor]) -> str:
    """A fingerprint of these days."""
    digest = hashlib.sha256()
    for codes in sequences:
        digest.update(f"{list(codes.shape)}".encode() + codes.numpy().tobytes())
    return digest.hexdigest()[:16]
