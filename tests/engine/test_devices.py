"""Facts of devices: means over areas that every device has, and Apple GPUs that can't render."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn.functional import interpolate

import landscape_engine
from landscape_engine import load_animator
from landscape_engine.bundles import codebook
from landscape_engine.ops import shrinking


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (16, 24), (33, 17), (64, 48), (100, 70)])
def test_means_over_areas_are_the_same_without_the_devices_own(size):
    values = torch.rand(2, 3, 64, 48, generator=torch.Generator().manual_seed(0))
    found = shrinking.by_weights(values, size)
    assert torch.allclose(found, interpolate(values, size, mode="area"), atol=1e-6)
    assert torch.equal(shrinking.area(values, size), interpolate(values, size, mode="area"))


def test_nothing_else_asks_a_device_for_means_over_areas():
    package = Path(landscape_engine.__file__).parent
    asking = {
        path.name
        for path in package.rglob("*.py")
        if 'mode="area"' in path.read_text(encoding="utf-8")
        and "training" not in path.parts and "evaluation" not in path.parts
    }  # fmt: skip
    assert asking == {"shrinking.py"}


def test_codes_are_resampled_where_they_lie():
    codes = torch.rand(5, 8, device="meta")
    assert codebook.resample(codes, 9).device.type == "meta"
    here = torch.rand(5, 8)
    assert torch.equal(codebook.resample(here, 9)[::2], here)


def test_auto_leaves_an_apple_gpu_that_cannot_render(bundle, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.warns(UserWarning, match="Apple GPU can't render .*; the CPU renders instead"):
        animator = load_animator(bundle)
    assert animator.device.type == "cpu"
    assert all(one.device.type == "cpu" for one in animator.bundle.networks["motion_predictor"]
               .parameters())  # fmt: skip
