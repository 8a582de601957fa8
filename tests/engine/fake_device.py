"""A device that computes on the CPU and refuses, as a GPU does, to mix its tensors with the CPU's.

`on_fake_device()` makes torch's `meta` device one whose tensors have values. A step that gets a
tensor of the CPU beside one of the device raises the error that CUDA would raise, so that such a
step fails on machines without a GPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

DEVICE = torch.device("meta")
aten = torch.ops.aten
MIXED = {  # what takes CPU tensors beside those of a GPU
    aten.index.Tensor,
    aten.index_put.default,
    aten.index_put_.default,
    aten._index_put_impl_.default,
    aten.copy_.default,
}


class OnDevice(Tensor):
    """A tensor of the device, around the tensor of the CPU that has its values."""

    values: Tensor

    @staticmethod
    def __new__(cls, values: Tensor) -> OnDevice:
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            values.shape,
            strides=values.stride(),
            storage_offset=values.storage_offset(),
            dtype=values.dtype,
            device=DEVICE,
            requires_grad=values.requires_grad,
        )
        made.values = values
        return made

    def __repr__(self) -> str:
        return f"OnDevice({self.values!r})"

    def numpy(self, *, force: bool = False) -> Any:
        raise TypeError("can't convert a tensor of the device to numpy; use .cpu() first.")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return self.numpy()

    def tolist(self) -> Any:
        return self.values.tolist()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return run(func, args, kwargs or {})


def run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Run one operation on the values; its results are on the device that it works on."""
    given = [one for one in tree_flatten((args, kwargs))[0] if isinstance(one, Tensor)]
    on_device = any(isinstance(one, OnDevice) for one in given)
    if any(one.is_meta and not isinstance(one, OnDevice) for one in given):
        raise AssertionError(f"{func}: torch made a tensor of the device without values")
    cpu = [one for one in given if not isinstance(one, OnDevice) and one.dim() > 0]
    if on_device and cpu and func not in MIXED:
        shapes = [tuple(one.shape) for one in cpu]
        raise RuntimeError(
            f"{func}: expected all tensors on one device, found some on the CPU, of shapes {shapes}"
        )
    if "device" in kwargs and kwargs["device"] is not None:
        on_device = torch.device(kwargs["device"]) == DEVICE
        kwargs = kwargs | {"device": torch.device("cpu")}
    if func is aten.copy_.default:
        on_device = isinstance(args[0], OnDevice)

    def inner(one: Any) -> Any:
        return one.values if isinstance(one, OnDevice) else one

    found = func(*tree_map(inner, args), **tree_map(inner, kwargs))
    if not on_device:
        return found
    known = {id(one.values): one for one in given if isinstance(one, OnDevice)}

    def outer(one: Any) -> Any:
        if not isinstance(one, Tensor):
            return one
        return known[id(one)] if id(one) in known else OnDevice(one)

    return tree_map(outer, found)


class _Factories(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return run(func, args, kwargs or {})


def _as_tensors(index: Any) -> Any:
    """An index whose lists are tensors: torch would make them on `meta`, without values."""
    if isinstance(index, tuple):
        return tuple(_as_tensors(one) for one in index)
    return torch.tensor(index) if isinstance(index, list) else index


class _Literals(TorchFunctionMode):
    """Literals make a tensor of the CPU, which then moves."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in (torch.tensor, torch.as_tensor) and kwargs.get("device") is not None:
            device = kwargs.pop("device")
            return func(*args, **kwargs).to(device)
        if func is Tensor.new_tensor:
            like, *data = args
            made = torch.tensor(*data, **{"dtype": like.dtype, **kwargs})
            return made.to(like.device)
        if func in (Tensor.__getitem__, Tensor.__setitem__):
            args = (args[0], _as_tensors(args[1]), *args[2:])
        return func(*args, **kwargs)


def _enter(mode: torch.inference_mode) -> None:
    """No gradients, in place of inference mode, in which torch can't make views of `OnDevice`."""
    mode.before = torch.is_grad_enabled()
    torch.set_grad_enabled(not mode.mode and mode.before)


def _exit(mode: torch.inference_mode, *raised: Any) -> None:
    torch.set_grad_enabled(mode.before)


@contextmanager
def on_fake_device(training: bool = False) -> Iterator[torch.device]:
    """The device, for as long as the block runs.

    Networks that move to it get new parameters; where `training`, they keep theirs, which their
    optimizer holds (LSTMs can't do so).
    """
    conversion = "swap_module_params" if training else "overwrite_module_params"
    setter = getattr(torch.__future__, f"set_{conversion}_on_conversion")
    no_gradient = mock.patch.multiple(torch.inference_mode, __enter__=_enter, __exit__=_exit)
    no_autocast = mock.patch.object(torch, "autocast", lambda *args, **kwargs: nullcontext())
    setter(True)
    try:
        with no_gradient, no_autocast, _Literals(), _Factories():
            yield DEVICE
    finally:
        setter(False)
