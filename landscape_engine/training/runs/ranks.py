"""Ranks: the processes that `torchrun` starts to train one run together.

Each draws its own samples; gradients are averaged, so that n processes with a batch of b do what
one does with n·b. Rank 0 alone writes. Without `torchrun` there is one rank, and nothing is sent.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ...errors import TrainingError


@contextmanager
def joined(device: torch.device) -> Iterator[torch.device]:
    """Join the other processes, if there are any; gives the device of this one.

    They talk by nccl where they train on GPUs, else by gloo.

    Raises:
        TrainingError: they can't be reached.
    """
    if int(os.environ.get("WORLD_SIZE", 1)) < 2:
        yield device
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
        torch.cuda.set_device(device)
    try:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    except (ValueError, RuntimeError) as error:
        raise TrainingError(
            f"the other training processes can't be reached ({error}); start all with torchrun."
        ) from error
    try:
        yield device
    finally:
        dist.destroy_process_group()


def count() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def own() -> int:
    """Which of them this one is, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def is_first() -> bool:
    """Whether this is the process that writes."""
    return own() == 0


def average(values: Tensor) -> Tensor:
    """The mean of a tensor over the ranks."""
    if count() > 1:
        values = values.clone()
        dist.all_reduce(values)
        values /= count()
    return values


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Put the ranks' mean in the place of each gradient."""
    if count() == 1:
        return
    learnt = [p for p in parameters if p.requires_grad]
    gradients = []
    for p in learnt:
        if p.grad is None:
            p.grad = torch.zeros_like(p)
        gradients.append(p.grad)
    means = average(torch.cat([one.flatten() for one in gradients]))
    for one, mean in zip(gradients, means.split([p.numel() for p in learnt]), strict=True):
        one.copy_(mean.view_as(one))


def gather(values: Tensor) -> Tensor:  # [ranks · B, ...]
    """The ranks' tensors [B, ...] one after another; each rank gets all."""
    if count() == 1:
        return values
    parts = [torch.empty_like(values) for _ in range(count())]
    dist.all_gather(parts, values.contiguous())
    return torch.cat(parts)


def any_says(yes: bool, device: torch.device) -> bool:
    """Whether one of the ranks says yes."""
    if count() == 1:
        return yes
    return bool(average(torch.tensor(float(yes), device=device)) > 0)
