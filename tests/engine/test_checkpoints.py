"""Bundles come back as they were saved, and damaged ones are refused with a reason."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from landscape_engine.bundles import checkpoints
from landscape_engine.errors import BundleError


@pytest.fixture
def copy(bundle_folder, tmp_path):
    return shutil.copytree(bundle_folder, tmp_path / "copy")


def change(folder, edit):
    """Edit all tensors, which then lie in one file: bundles were written so at first."""
    tensors = {}
    for path in folder.glob("*.safetensors"):
        tensors |= load_file(path)
        path.unlink()
    edit(tensors)
    save_file(tensors, folder / "weights.safetensors")


def test_a_bundle_comes_back(bundle, tmp_path):
    checkpoints.save(bundle, tmp_path / "b", torch.float32)
    again = checkpoints.load(tmp_path / "b")
    image, code = torch.rand(1, 3, 64, 64), torch.rand(1, 8)
    for name in ("motion_predictor", "appearance_predictor"):
        assert torch.equal(bundle.networks[name](image, code), again.networks[name](image, code))
    assert torch.equal(bundle.motion_codebook.codes, again.motion_codebook.codes)
    assert len(again.appearance_codebook) == 3
    assert again.about == {"made": "for tests"}


def test_saving_again_replaces_it_and_keeps_its_card(bundle, tmp_path):
    checkpoints.save(bundle, tmp_path / "b")
    (tmp_path / "b" / "MODEL_CARD.md").write_text("about")
    checkpoints.save(bundle, tmp_path / "b")
    assert sorted(p.name for p in (tmp_path / "b").iterdir()) == sorted(
        ["MODEL_CARD.md", "bundle.json", "codebooks.safetensors"]
        + [f"{name}.safetensors" for name in bundle.networks]
    )
    assert [p.name for p in tmp_path.iterdir()] == ["b"]


def test_a_folder_of_other_things_is_not_overwritten(bundle, tmp_path):
    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(BundleError, match="holds other files"):
        checkpoints.save(bundle, tmp_path)
    assert (tmp_path / "diary.txt").exists()


def test_no_folder(tmp_path):
    with pytest.raises(BundleError, match="no such folder"):
        checkpoints.load(tmp_path / "missing")


def test_not_a_bundle(tmp_path):
    with pytest.raises(BundleError, match="no bundle.json"):
        checkpoints.load(tmp_path)


def test_another_kind_of_json(copy):
    (copy / "bundle.json").write_text("[1, 2]")
    with pytest.raises(BundleError, match="another kind"):
        checkpoints.load(copy)


def test_another_version(copy):
    description = json.loads((copy / "bundle.json").read_text())
    (copy / "bundle.json").write_text(json.dumps({**description, "version": 99}))
    with pytest.raises(BundleError, match="version 99"):
        checkpoints.load(copy)


def test_an_unknown_network(copy):
    description = json.loads((copy / "bundle.json").read_text())
    description["networks"]["critic"] = {}
    (copy / "bundle.json").write_text(json.dumps(description))
    with pytest.raises(BundleError, match="doesn't know"):
        checkpoints.load(copy)


def test_a_missing_tensor_is_named(copy):
    change(copy, lambda t: t.pop("motion_predictor.trunk.conv2.bias"))
    with pytest.raises(BundleError, match="lacks the tensor 'motion_predictor.trunk.conv2.bias'"):
        checkpoints.load(copy)


def test_a_tensor_of_another_shape_is_named(copy):
    change(copy, lambda t: t.update({"motion_encoder.fc.bias": torch.zeros(9)}))
    with pytest.raises(BundleError, match="motion_encoder.fc.bias.*shape"):
        checkpoints.load(copy)


def test_a_tensor_too_many_is_named(copy):
    change(copy, lambda t: t.update(stowaway=torch.zeros(1)))
    with pytest.raises(BundleError, match="stowaway"):
        checkpoints.load(copy)


def test_nan_is_refused(copy):
    change(copy, lambda t: t["motion_predictor.trunk.conv1.bias"].fill_(float("nan")))
    with pytest.raises(BundleError, match="NaN"):
        checkpoints.load(copy)


def test_damaged_weights(copy):
    data = (copy / "motion_predictor.safetensors").read_bytes()
    (copy / "motion_predictor.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(BundleError, match="damaged"):
        checkpoints.load(copy)


def test_a_predictor_without_its_codebook(copy):
    change(copy, lambda t: t.pop("codebook.motion"))
    with pytest.raises(BundleError, match="without its codebook"):
        checkpoints.load(copy)
