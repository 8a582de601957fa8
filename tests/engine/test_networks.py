"""The networks are those of Tables 1, 2 and 3."""

from __future__ import annotations

import pytest
import torch

from landscape_engine.networks import blocks
from landscape_engine.networks.appearance import AppearancePredictor
from landscape_engine.networks.code_lstm import CodeLSTM
from landscape_engine.networks.encoder import Encoder
from landscape_engine.networks.motion import MotionPredictor


def shapes(network: torch.nn.Module) -> dict[str, list[int]]:
    return {k: list(v.shape) for k, v in network.state_dict().items()}


def test_table_1_at_the_papers_width():
    with torch.device("meta"):
        found = shapes(MotionPredictor(128))
    assert found["trunk.conv1.weight"] == [128, 3 + 8, 5, 5]
    assert found["trunk.conv2.weight"] == [256, 128 + 8, 3, 3]
    assert found["trunk.conv3.weight"] == [512, 256 + 8, 3, 3]
    for block in range(5):
        assert found[f"trunk.residual.{block}.conv2.weight"] == [512, 512, 3, 3]
    assert found["trunk.upconv1.weight"] == [256, 512 + 512, 3, 3]
    assert found["trunk.upconv2.weight"] == [128, 256 + 256, 3, 3]
    assert found["trunk.upconv3.weight"] == [2, 128 + 128, 5, 5]
    assert "trunk.residual.5.conv1.weight" not in found
    with torch.device("meta"):
        assert shapes(AppearancePredictor(128))["trunk.upconv3.weight"] == [6, 256, 5, 5]


def test_table_2_at_the_papers_width():
    found = shapes(Encoder(2))
    assert found["conv1.weight"] == [64, 2, 4, 4]
    assert [found[f"blocks.{k}.conv2.weight"][0] for k in range(3)] == [128, 192, 256]
    assert found["fc.weight"] == [8, 256]


def test_table_3():
    found = shapes(CodeLSTM())
    assert found["fc_in.weight"] == [128, 8]
    assert found["lstm.weight_hh_l0"] == [4 * 128, 128]
    assert found["fc_out.weight"] == [8, 128]


@pytest.mark.parametrize("size", [256, 128])
def test_the_flow_is_bounded_by_beta(size):
    torch.manual_seed(0)
    predictor = MotionPredictor(4).eval()
    torch.nn.init.normal_(predictor.trunk.upconv3.weight, std=10)
    with torch.no_grad():
        flow = predictor(torch.rand(2, 3, size, size), torch.randn(2, 8))
    assert flow.shape == (2, 2, size, size)
    assert 0.9 / 64 < flow.abs().max() <= 1 / 64


def test_the_code_changes_the_prediction():
    torch.manual_seed(0)
    predictor = AppearancePredictor(4).eval()
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        one, other = predictor(image, torch.zeros(1, 8)), predictor(image, torch.ones(1, 8))
    assert not torch.allclose(one, other)


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("size", [(2, 3), (8, 5)])
def test_a_convolution_of_repeated_pixels_needs_no_repetition(kernel, size):
    torch.manual_seed(0)
    conv = blocks.reflecting_conv(3, 2, kernel).double()
    features = torch.rand(2, 3, *size).double().requires_grad_()
    repeated = torch.nn.functional.interpolate(features, scale_factor=2.0, mode="nearest")
    found, wanted = blocks.enlarged_conv(conv, features), conv(repeated)
    assert torch.allclose(found, wanted, rtol=0, atol=1e-12)
    slopes = [
        torch.autograd.grad(one.square().sum(), (features, conv.weight)) for one in (found, wanted)
    ]
    for ours, theirs in zip(*slopes, strict=True):
        assert torch.allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_code_needs_no_planes(stride):
    torch.manual_seed(0)
    conv = blocks.reflecting_conv(3 + 2, 4, 5, stride).double()
    features, code = torch.rand(2, 3, 8, 6).double(), torch.rand(2, 2).double()
    planes = code[:, :, None, None].expand(-1, -1, 8, 6)
    wanted = conv(torch.cat([features, planes], 1))
    assert torch.allclose(blocks.coded_conv(conv, features, code), wanted, rtol=0, atol=1e-12)


def test_an_encoder_without_norm_tells_speeds_apart():
    torch.manual_seed(0)
    encoder = Encoder(2, 4, norm="none").eval()
    field = torch.ones(1, 2, 128, 128)
    with torch.no_grad():
        assert not torch.allclose(encoder(field), encoder(field / 2), atol=1e-4)


def test_the_lstm_goes_on_from_its_state():
    torch.manual_seed(0)
    lstm = CodeLSTM().eval()
    codes = torch.randn(1, 6, 8)
    with torch.no_grad():
        whole, _ = lstm(codes)
        _, state = lstm(codes[:, :4])
        rest, _ = lstm(codes[:, 4:], state)
    assert torch.allclose(whole[:, 4:], rest, atol=1e-6)
