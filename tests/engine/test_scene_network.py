"""The scene network: its trunk is the published one, any size works, mirror images agree."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec

import pytest
import torch

from landscape_engine.bundles import checkpoints
from landscape_engine.errors import BundleError, TrainingError
from landscape_engine.landscape import Landscape
from landscape_engine.networks import scene
from landscape_engine.networks.efficientnet_lite import EfficientNetLite
from landscape_engine.networks.scene import SceneNetwork
from landscape_engine.training.runs import trunks
from tests.conftest import make_bundle, make_picture

BUILT = {"width": 8, "trunk": "tiny"}
CPU = torch.device("cpu")


@pytest.fixture
def network() -> SceneNetwork:
    torch.manual_seed(2)
    return checkpoints.build("scene_network", BUILT)


@pytest.fixture
def with_scene(network):
    bundle = make_bundle()
    bundle.networks["scene_network"], bundle.built["scene_network"] = network, BUILT
    return bundle


@pytest.mark.parametrize("size", [(5, 7), (32, 64), (90, 160), (33, 200)])
def test_any_size_is_answered(network, size):
    found = network(torch.rand(2, 3, *size) * 2 - 1)
    assert found.shape == (2, 3, *size) and found.isfinite().all()


def test_rows_added_below_hardly_change_what_is_above(network):
    image = make_picture(64, 96)
    longer = torch.cat([image, image[:, :, -1:].expand(-1, -1, 20, -1)], 2)
    assert network(longer).shape[2] == 84
    assert torch.equal(network(longer[:, :, :64]), network(image))


def test_a_place_knows_of_the_whole_picture():
    torch.manual_seed(2)
    context = scene.Context(6, 8)
    x = torch.rand(1, 6, 5, 9)
    assert not context(x).any(), "it begins with adding nothing"
    context.out.weight.data.normal_()
    other = x.clone()
    other[..., 8] += 1
    assert (context(other) - context(x))[..., :7].abs().min(1).values.max() > 1e-4
    assert context(x).shape == (1, 8, 5, 9)


def test_white_water_is_a_part_of_the_water():
    torch.manual_seed(2)
    network = checkpoints.build("scene_network", BUILT | {"context": True, "white": True})
    image = make_picture(64, 96)
    assert network(image).shape == (1, 4, 64, 96)
    shares = scene.ask(network, image, CPU)
    assert torch.allclose(shares[:, :3].sum(1), torch.ones(()))
    assert (shares[:, 3] > 0).all() and (shares[:, 3] < shares[:, 2]).all()


def test_an_earlier_network_knows_no_white_water(network):
    assert not scene.ask(network, make_picture(64, 96), CPU)[:, 3].any()


def test_the_trunk_has_the_published_shape():
    trunk = EfficientNetLite()
    found = trunk(torch.zeros(1, 3, 64, 96))
    assert [f.shape[1] for f in found] == [16, 24, 40, 112, 320]
    assert [64 // f.shape[2] for f in found] == [2, 4, 8, 16, 32]
    assert trunk.tapped == [0, 2, 4, 10, 15]
    count = sum(p.numel() for p in SceneNetwork(64, "efficientnet-lite0", True, True).parameters())
    assert 2 * count < 8e6, "bytes as float16"


def test_the_trunk_answers_as_the_published_one():
    package = pytest.importorskip("efficientnet_lite_pytorch")
    torch.manual_seed(0)
    theirs = package.EfficientNet.from_name("efficientnet-lite0").eval()
    if find_spec(trunks.PACKAGE):
        theirs.load_state_dict(trunks.published_weights())
    else:
        for module in theirs.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_var.uniform_(0.3, 3)
                module.running_mean.normal_(0, 0.3)
                module.weight.data.uniform_(0.5, 2)
    ours = EfficientNetLite().eval()
    trunks.fill(ours, theirs.state_dict())
    image = make_picture(64, 96)
    with torch.no_grad():
        x = theirs._bn0(theirs._conv_stem(((image + 1) * 127.5 - 127) / 128)).clamp(0, 6)
        wanted = []
        for block in theirs._blocks:
            x = block(x)
            wanted.append(x)
        for found, at in zip(ours(image), ours.tapped, strict=True):
            scale = float(wanted[at].abs().max())
            assert (found - wanted[at]).abs().max() < 1e-5 * max(scale, 1)


def test_without_the_weights_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(trunks, "find_spec", lambda name: None)
    with pytest.raises(TrainingError, match=r"install landscape-engine\[train\]"):
        trunks.published_weights()


def test_a_folded_norm_does_not_learn(network):
    learnt = {name for name, _ in network.named_parameters()}
    assert not any(name.endswith("scale") for name in learnt)
    assert "trunk.stem.scale" in network.state_dict()


def test_float16_weights_answer_alike(tmp_path):
    torch.manual_seed(0)
    bundle = make_bundle()
    built = {"width": 64, "trunk": "efficientnet-lite0"}
    network = checkpoints.build("scene_network", built)
    for module in network.modules():  # as far apart as the published norms are
        if hasattr(module, "scale"):
            module.scale.copy_(torch.logspace(-1.5, 1.5, len(module.scale)))
            module.weight.data /= module.scale[:, None, None, None]
    bundle.networks["scene_network"], bundle.built["scene_network"] = network, built
    checkpoints.save(bundle, tmp_path / "b")
    again = checkpoints.load(tmp_path / "b")
    image = make_picture(64, 96)
    one, other = (scene.ask(b.network("scene_network"), image, CPU) for b in (bundle, again))
    assert (one - other).abs().max() < 0.02
    assert (tmp_path / "b" / "scene_network.safetensors").stat().st_size < 8e6


def test_an_earlier_scene_network_is_refused(with_scene, tmp_path):
    checkpoints.save(with_scene, tmp_path / "b")
    path = tmp_path / "b" / "bundle.json"
    description = json.loads(path.read_text())
    description["networks"]["scene_network"] = {"width": 32}
    path.write_text(json.dumps(description))
    with pytest.raises(BundleError, match="earlier engine.*train"):
        checkpoints.load(tmp_path / "b")


def test_an_unknown_trunk_is_refused(with_scene, tmp_path):
    checkpoints.save(with_scene, tmp_path / "b")
    copy = shutil.copytree(tmp_path / "b", tmp_path / "copy")
    text = (copy / "bundle.json").read_text().replace('"tiny"', '"huge"')
    (copy / "bundle.json").write_text(text)
    with pytest.raises(BundleError, match="doesn't know"):
        checkpoints.load(copy)


# ------------------------------------------------------------------ as it is asked


@pytest.mark.parametrize(
    ("size", "asked"),
    [((90, 160), (288, 512)), ((3000, 2000), (512, 341)), ((20, 4000), (8, 512))],
)
def test_a_picture_is_asked_about_at_its_own_aspect(with_scene, size, asked):
    assert scene.asked_size(*size) == asked
    shares = Landscape(torch.zeros(1, 4, *size), with_scene).seen
    assert shares.shape == (1, 3, *asked)
    assert torch.allclose(shares.sum(1), torch.ones(()), atol=1e-5)


def test_the_mean_of_what_it_says_of_two_sizes_counts():
    class Sized(torch.nn.Module):
        """Sees land in a small picture, and water in a large one."""

        def forward(self, image):
            land = torch.full_like(image[:, :1], 9.0 if image.shape[3] <= 512 else -9.0)
            return torch.cat((land, torch.full_like(land, -20), -land), 1)

    shares = scene.ask(Sized(), torch.zeros(1, 3, 864, 1536), torch.device("cpu"))
    assert shares.shape == (1, 4, 288, 512)
    assert torch.allclose(shares[0, [0, 2]], torch.full((), 0.5), atol=1e-3)


def test_a_mirrored_picture_gets_the_mirrored_answer(with_scene):
    image = make_picture(90, 160)
    one, other = (Landscape(picture, with_scene).seen for picture in (image, image.flip(3)))
    assert torch.allclose(one, other.flip(3), atol=1e-4)
    assert one.std() > 1e-3


def test_the_color_maps_grid_has_the_same_shares(with_scene):
    image = make_picture(90, 160)
    landscape = Landscape(image, with_scene)
    assert landscape.shares.shape == (1, 3, 256, 256)
    assert torch.allclose(landscape.shares.mean((2, 3)), landscape.seen.mean((2, 3)), atol=0.01)
    without = Landscape(image, make_bundle())
    assert without.seen is None and torch.equal(without.shares, torch.ones(1, 1, 256, 256))


def test_sky_and_water_become_regions(with_scene, monkeypatch):
    def said(network, image, device):
        shares = torch.full((1, 4, 288, 512), 0.02)
        shares[:, 3] = 0
        shares[:, 1, :120], shares[:, 2, 200:], shares[:, 0, 120:200] = 0.96, 0.96, 0.96
        return shares

    monkeypatch.setattr(scene, "ask", said)
    found = Landscape(torch.zeros(1, 3, 288, 512), with_scene).regions()
    assert [region.name for region in found] == ["sky", "water"]
    sky, water = (region.alpha[0, 0] for region in found)
    assert sky[:100].min() > 0.9 and sky[130:].max() == 0
    assert water[:190].max() == 0 and water[220:].min() > 0.9


def test_the_default_bundles_network_knows_sky_from_water():
    bundle = checkpoints.load()
    assert bundle.built["scene_network"]["trunk"] == "efficientnet-lite0"
    image = torch.zeros(1, 3, 96, 144)
    image[:, :, :48] = torch.tensor([-0.3, 0.1, 0.7]).view(1, 3, 1, 1)  # blue above brown
    image[:, :, 48:] = torch.tensor([-0.5, -0.6, -0.8]).view(1, 3, 1, 1)
    shares = scene.ask(bundle.scene_network, image + 0.05 * torch.randn(96, 144), CPU)[0].mean(2)
    assert shares[1, :100].mean() > 0.5 > shares[1, -100:].mean()
