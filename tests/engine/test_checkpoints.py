"""Bundles come back as they were saved, and damaged ones are refused with a reason."""

from __future__ import annotations

import json
import os
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from landscape_engine import regular_files
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


def describe(folder, **changes):
    description = json.loads((folder / "bundle.json").read_text())
    for path, value in changes.items():
        *groups, last = path.split("__")
        place = description
        for group in groups:
            place = place[group]
        place[last] = value
    (folder / "bundle.json").write_text(json.dumps(description))


def test_networks_take_no_memory_before_their_weights_fit(copy):
    """As many numbers as would fill any machine: refused by their shapes."""
    describe(copy, networks__motion_predictor={"width": 1 << 20})
    with pytest.raises(BundleError, match="don't belong together"):
        checkpoints.load(copy)


@pytest.mark.parametrize(
    "changes",
    [
        {"networks__motion_predictor": {"width": -1}},
        {"networks__motion_predictor": {"width": 1 << 62}},
        {"networks__motion_predictor": {"width": 0}},
        {"networks__motion_predictor": [4]},
        {"networks__motion_predictor": {"width": 4, "beta": 0}},
        {"networks__motion_predictor": {"width": 4, "beta": "64"}},
        {"networks__motion_predictor": {"width": 4, "beta": 10**400}},
        {"networks__motion_predictor": {"width": 4, "beta": 1e-320}},
        {"networks__motion_predictor": {"width": 4, "beta": True}},
        {"networks__scene_network": 3},
        {"networks__scene_network": {"trunk": [], "width": 8}},
        {"about": [1]},
        {"about": {"thumbnail_seed": "seven"}},
        {"about": {"thumbnail_seed": -1}},
        {"about": {"thumbnail_seed": 1e99}},
        {"input_sizes": {"motion_predictor": 10**400}},
    ],
)
def test_a_description_of_odd_values_is_refused(copy, changes):
    describe(copy, **changes)
    with pytest.raises(BundleError) as refused:
        checkpoints.load(copy)
    assert str(copy) in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "name, values, word",
    [
        ("codebook.motion", torch.zeros(6, 9), "several sizes"),
        ("codebook.appearance.0000", torch.zeros(3, 9), "several sizes"),
        ("codebook.motion", torch.zeros(6, 8).to(torch.float8_e4m3fn), "float8_e4m3fn"),
        ("codebook.motion", torch.zeros(6, 8, dtype=torch.int64), "int64"),
        ("motion_encoder.fc.bias", torch.zeros(8).to(torch.float8_e5m2), "float8_e5m2"),
    ],
)
def test_parts_that_do_not_agree_are_refused(copy, name, values, word):
    change(copy, lambda t: t.update({name: values}))
    with pytest.raises(BundleError, match=word):
        checkpoints.load(copy)


def test_an_lstm_of_another_code_size_is_refused(copy):
    lstm = checkpoints.build("code_lstm", {"code_size": 5, "hidden_size": 4})
    with torch.no_grad():
        tensors = {f"code_lstm.{k}": v.contiguous() for k, v in lstm.state_dict().items()}
    save_file(tensors, copy / "code_lstm.safetensors")
    describe(copy, networks__code_lstm={"code_size": 5, "hidden_size": 4})
    with pytest.raises(BundleError, match="LSTM 5"):
        checkpoints.load(copy)


def test_an_lstm_that_predicts_without_end_is_refused(copy):
    """Its codes are predicted one after the other."""
    arguments = {"code_size": 8, "hidden_size": 4, "day": 100_000}
    lstm = checkpoints.build("code_lstm", arguments)
    tensors = {f"code_lstm.{k}": v.half().contiguous() for k, v in lstm.state_dict().items()}
    save_file(tensors, copy / "code_lstm.safetensors")
    describe(copy, networks__code_lstm=arguments)
    with pytest.raises(BundleError, match="100000 codes of a day; expected at most 1000"):
        checkpoints.load(copy)


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes with names")
@pytest.mark.parametrize("name", ["bundle.json", "motion_predictor.safetensors"])
@pytest.mark.parametrize("kind", ["a pipe", "a device"])
def test_what_is_no_regular_file_is_not_waited_for(copy, name, kind):
    (copy / name).unlink()
    if kind == "a pipe":
        os.mkfifo(copy / name)
    else:
        (copy / name).symlink_to("/dev/zero")
    with pytest.raises(BundleError, match="no regular file"):
        checkpoints.load(copy)


@pytest.mark.skipif(os.name == "nt", reason="there is no umask")
def test_a_bundle_is_as_private_as_the_umask_says(bundle, tmp_path):
    earlier = os.umask(0o077)
    try:
        checkpoints.save(bundle, tmp_path / "b")
    finally:
        os.umask(earlier)
    modes = {p.stat().st_mode & 0o077 for p in (tmp_path / "b", *(tmp_path / "b").iterdir())}
    assert modes == {0}


def test_a_predictor_without_its_codebook(copy):
    change(copy, lambda t: t.pop("codebook.motion"))
    with pytest.raises(BundleError, match="without its codebook"):
        checkpoints.load(copy)


@pytest.mark.parametrize(
    "name", ["motion_encoder", "motion_predictor", "appearance_encoder", "appearance_predictor"]
)
def test_a_network_of_another_code_size_is_refused(copy, name):
    """Its weights fit its description, but not the other parts."""
    described = json.loads((copy / "bundle.json").read_text())["networks"][name]
    arguments = {**described, "code_size": 5}
    network = checkpoints.build(name, arguments)
    tensors = {f"{name}.{k}": v.clone().contiguous() for k, v in network.state_dict().items()}
    save_file(tensors, copy / f"{name}.safetensors")
    describe(copy, **{f"networks__{name}": arguments})
    with pytest.raises(BundleError, match=f"several sizes .*{name.partition('_')[2]} 5"):
        checkpoints.load(copy)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_a_description_may_be_in_unicode_of_any_width(copy, encoding):
    text = (copy / "bundle.json").read_text()
    (copy / "bundle.json").write_bytes(text.encode(encoding))
    assert checkpoints.load(copy).networks


@pytest.mark.parametrize("name", ["bundle.json", "motion_predictor.safetensors"])
def test_a_file_beyond_all_bounds_is_refused(copy, name):
    most = regular_files.MOST_JSON if name == "bundle.json" else regular_files.MOST_WEIGHTS
    os.truncate(copy / name, most + 1)  # of which nothing is on the disk
    with pytest.raises(BundleError, match="expected at most"):
        checkpoints.load(copy)
