"""Facts of fitting: arrows and patches are refused or followed, codes found, keys reached."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from landscape_engine.bundles import checkpoints
from landscape_engine.errors import AnnotationError, BundleError, PictureError, SettingsError
from landscape_engine.fitting import optimize, targets
from landscape_engine.fitting.annotations import (
    Arrow,
    Patch,
    read_arrow,
    read_patch,
    read_patch_file,
)
from landscape_engine.images import save_image
from landscape_engine.light import cycles
from landscape_engine.motion import codes as motion_codes
from landscape_engine.motion import directing, hints
from landscape_engine.motion import reference_clips as clips
from landscape_engine.networks.code_lstm import CodeLSTM
from landscape_engine.settings import AppearanceSettings, ClipSettings, MotionSettings
from landscape_engine.shell import cli
from tests.conftest import make_picture

BETA = 64.0
DIRECTIONS = [k * math.pi / 8 for k in range(16)]


def arrow_at(x, y, angle, length=0.1, aspect=1.0):
    return Arrow((x, y), (x + length * math.cos(angle), y + length * aspect * math.sin(angle)))


class Wind(nn.Module):
    """A predictor whose forward flow is the code's first two numbers, in the upper half."""

    beta = BETA

    def forward(self, image, code):
        height, width = image.shape[2:]
        flow = -torch.tanh(code[:, :2, None, None]).expand(-1, -1, height, width) / self.beta
        return flow * (torch.arange(height) < height // 2).view(1, 1, -1, 1)


class Tint(nn.Module):
    """An appearance predictor whose bias is the code's first three numbers."""

    def forward(self, image, code):
        maps = torch.cat([torch.full_like(code[:, :3], 0.3), code[:, :3]], dim=1)
        return maps[:, :, None, None].expand(-1, -1, *image.shape[2:])


# ---------------------------------------------------------------------- annotations


def test_an_arrow_can_be_said_in_three_ways():
    arrow = Arrow((0.1, 0.2), (0.3, 0.4))
    for value in ("0.1,0.2,0.3,0.4", [0.1, 0.2, 0.3, 0.4], arrow,
                  {"start": [0.1, 0.2], "end": [0.3, 0.4]}):  # fmt: skip
        assert read_arrow(value) == arrow


def test_a_patch_can_be_said_in_three_ways():
    patch = Patch((0.5, 0.2), 0.05, (255, 128, 64))
    for value in ("0.5,0.2,0.05,#ff8040", [0.5, 0.2, 0.05, [255, 128, 64]],
                  {"center": [0.5, 0.2], "radius": 0.05, "color": "#FF8040"}):  # fmt: skip
        assert read_patch(value) == patch


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("0.5,0.5,0.5,0.5", "has no length"),
        ("0.5,0.5,1.5,0.5", "leaves the picture"),
        ("0.5,nan,0.6,0.5", "isn't a finite number"),
        ("0.5,0.5,0.6", "holds 3 values"),
        ("a,b,c,d", "is no number"),
        ([0.5, 0.5, 10**400, 0.5], "isn't a finite number"),
        ("0.5,0.5,0.6,\n", r"'\\n' is no number"),
        (7, "holds int"),
        ({"start": [0, 0]}, "lacks 'end'"),
        ({"start": [0, 0], "end": [1, 1], "speed": 2}, "unknown field 'speed'"),
    ],
)
def test_a_bad_arrow_gets_its_own_sentence(value, sentence):
    with pytest.raises(AnnotationError, match=sentence):
        read_arrow(value)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("1.2,0.5,0.1,#ffffff", "lies outside the picture"),
        ("0.2,0.5,0,#ffffff", "has the radius 0"),
        ("0.2,0.5,0.1,red", "is no color"),
        ([0.2, 0.5, 0.1, [0, 0, 300]], "color outside 0..255"),
        ("0.2,0.5", "holds 2 values"),
        ({"center": [0, 0], "radius": 0.1}, "lacks 'color'"),
    ],
)
def test_a_bad_patch_gets_its_own_sentence(value, sentence):
    with pytest.raises(AnnotationError, match=sentence):
        read_patch(value)


# -------------------------------------------------------------------------- targets


def test_flow_is_backward_and_the_mean_arrow_has_the_typical_speed():
    arrows = [Arrow((0.1, 0.5), (0.3, 0.5)), Arrow((0.1, 0.5), (0.1, 0.9))]
    across, down = targets.flow_vectors(arrows, aspect=2.0, beta=BETA) * BETA
    assert across[0] < 0 and across[1] == 0 and down[0] == 0 and down[1] < 0
    # both are as long on a screen twice as wide as high
    assert across[0] == pytest.approx(-targets.TYPICAL_SPEED)
    assert targets.on_screen(down[:, None, None], 2.0)[1].item() == pytest.approx(
        -targets.TYPICAL_SPEED
    )


def test_an_arrow_beyond_the_predictors_range_keeps_its_direction():
    short = [Arrow((0.1, 0.1 * n), (0.12, 0.1 * n)) for n in range(1, 7)]
    long = Arrow((0.0, 0.0), (1.0, 0.4))
    *_, vector = targets.flow_vectors([*short, long], aspect=1.0, beta=BETA) * BETA
    assert vector.tolist() == pytest.approx([-1, -0.4])
    steep = Arrow((1.0, 0.0), (0.875, 1.0))  # of a panorama: beyond the range when alone, too
    assert (targets.flow_vectors([steep], 5.0, BETA)[0] * BETA).tolist() == pytest.approx(
        [0.125, -1]
    )


def test_angles_are_those_on_the_screen():
    flow = torch.zeros(1, 2, 64, 64)
    flow[:, 0], flow[:, 1] = -1, -2  # 45° down to the right where the picture is twice as wide
    arrow = arrow_at(0.4, 0.4, math.pi / 4, aspect=2.0)
    assert targets.angles_deg(flow, [arrow], 2.0).item() == pytest.approx(0, abs=0.1)


def test_a_patch_has_its_radius_in_widths():
    _, mask = targets.draw_patches([Patch((0.5, 0.5), 0.1, (0, 0, 0))], (64, 64), 2.0)
    assert mask[0, 0, 32].sum() == pytest.approx(0.2 * 64, abs=1.5)
    assert mask[0, 0, :, 32].sum() == pytest.approx(0.4 * 64, abs=1.5)


# ------------------------------------------------------------------------- optimize


def fitted(fits):
    fits = list(fits)
    assert [f.step for f in fits] == sorted(f.step for f in fits)
    assert fits[-1].step == fits[-1].of and all(f.note is None for f in fits[:-1])
    return fits[-1]


@pytest.mark.parametrize("angle", DIRECTIONS[::3])
def test_a_code_follows_an_arrow(angle):
    codebook = torch.randn(8, 8, generator=torch.Generator().manual_seed(1))
    image = make_picture(256, 256)
    fit = fitted(
        optimize.fit_motion_code(
            Wind(), image, 1.0, [arrow_at(0.5, 0.2, angle)], codebook, steps=40
        )
    )
    assert fit.errors_deg[0] < 10 and fit.note is None and fit.code.shape == (1, 8)


def test_a_fit_leaves_weights_and_gradient_mode_alone(animator, landscape):
    predictor = animator.bundle.network("motion_predictor")
    before = {k: v.clone() for k, v in predictor.state_dict().items()}
    for fit in motion_codes.fit(landscape, ["0.2,0.3,0.6,0.3"], steps=2):
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
        assert not fit.code.requires_grad
    assert all(torch.equal(v, before[k]) for k, v in predictor.state_dict().items())
    assert all(p.grad is None for p in predictor.parameters())


def test_a_fit_is_never_worse_than_its_start(landscape):
    start = torch.zeros(1, 8)
    fits = list(motion_codes.fit(landscape, ["0.2,0.3,0.6,0.3"], start, steps=4))
    assert fits[-1].loss <= fits[0].loss


def test_a_fit_can_be_closed(landscape):
    fits = motion_codes.fit(landscape, ["0.2,0.3,0.6,0.3"])
    next(fits)
    fits.close()


def test_arrows_that_disagree_are_said_to():
    arrows = [arrow_at(0.2, 0.2, 0), arrow_at(0.6, 0.2, math.pi)]
    codebook = torch.randn(8, 8, generator=torch.Generator().manual_seed(1))
    fit = fitted(
        optimize.fit_motion_code(Wind(), make_picture(64, 64), 1.0, arrows, codebook, steps=4)
    )
    assert "disagree by 180°" in fit.note and "--arrows-as field" in fit.note


def test_a_look_takes_the_color_of_a_patch():
    codebook = torch.randn(8, 8, generator=torch.Generator().manual_seed(1)) / 4
    patch = Patch((0.3, 0.3), 0.1, (150, 110, 90))
    fit = fitted(
        optimize.fit_appearance_code(Tint(), make_picture(64, 64), 1.0, [patch], codebook, steps=60)
    )
    assert fit.errors_levels[0] < 6 and fit.note is None


# ---------------------------------------------------------------------------- hints


@pytest.mark.parametrize("angle", DIRECTIONS)
def test_an_arrow_is_obeyed_where_it_lies_and_turns_what_moves(angle):
    field = Wind()(torch.zeros(1, 3, 64, 64), torch.tensor([[0.3, 0.1]]))
    arrow = arrow_at(0.4, 0.2, angle, aspect=1.5)
    bent = directing.direct(field, hints.moving_part(field), [arrow], 1.5, BETA)
    assert targets.angles_deg(bent, [arrow], 1.5).item() < 0.5
    far = arrow_at(0.85, 0.35, angle, 0.05, aspect=1.5)
    assert targets.angles_deg(bent, [far], 1.5).item() < 5, "the whole sky turns"
    assert torch.equal(bent[:, :, 32:], torch.zeros(1, 2, 32, 64)), "land stays"


def test_opposite_arrows_are_both_obeyed():
    field = Wind()(torch.zeros(1, 3, 64, 64), torch.tensor([[0.3, 0.1]]))
    arrows = [arrow_at(0.1, 0.2, 0), arrow_at(0.8, 0.2, math.pi)]
    bent = directing.direct(field, hints.moving_part(field), arrows, 1.0, BETA)
    assert targets.angles_deg(bent, arrows, 1.0).max() < 1


def test_no_hints_change_nothing():
    field = torch.randn(1, 2, 8, 8)
    none = torch.zeros(0, 2)
    assert torch.equal(hints.spread(field, torch.ones(1, 1, 8, 8), none, none), field)


# ------------------------------------------------------------------------- animator


def test_an_arrow_where_nothing_moves_is_refused():
    field = Wind()(torch.zeros(1, 3, 64, 64), torch.tensor([[0.3, 0.1]]))
    with pytest.raises(AnnotationError, match=r"arrow \(0.4, 0.8\).*nothing moves"):
        directing.check_moving([arrow_at(0.4, 0.8, 0)], hints.moving_part(field))


@pytest.mark.parametrize(
    ("place", "words"),
    [((0.1, 0.1), "upper left"), ((0.5, 0.05), "top"), ((0.5, 0.5), "middle"),
     ((0.9, 0.5), "right"), ((0.45, 0.9), "bottom"), ((0.85, 0.9), "lower right")],
)  # fmt: skip
def test_an_arrows_place_is_told_in_words(place, words):
    x, y = place
    assert directing.place_of(Arrow((x - 0.03, y), (x + 0.03, y))) == words


@pytest.mark.parametrize("kind", ["steady", "recurrent"])
def test_motion_follows_the_arrow(animator, landscape, kind):
    arrow = Arrow((0.3, 0.4), (0.5, 0.6))
    settings = MotionSettings(kind=kind, code="0.4", arrows=("0.3,0.4,0.5,0.6",), arrows_as="field")
    motion = animator.move(landscape, settings, regions=[])
    assert targets.angles_deg(motion.step, [arrow], 160 / 90).item() < 1


def test_keys_run_from_the_input_through_them_and_back(picture, landscape, tmp_path):
    save_image(picture, tmp_path / "look.png")
    (tmp_path / "code.json").write_text(json.dumps([0.5] * 8))
    keys = (f"5={tmp_path / 'look.png'}", f"10={tmp_path / 'code.json'}", "15=input", "18=0")
    cycle = cycles.key_codes(landscape, AppearanceSettings(keys=keys), ClipSettings(20))
    own = landscape.own_look
    assert cycle.phases == (0, 0.25, 0.5, 0.75, 0.9)
    assert torch.equal(cycle.codes[0:1], own) and torch.equal(cycle.codes[3:4], own)
    assert torch.allclose(cycle.codes[1:2], own, atol=1e-4)
    assert cycle.codes[2].tolist() == [0.5] * 8


def test_patches_are_reached_half_way(landscape, tmp_path):
    settings = AppearanceSettings(patches=("0.5,0.3,0.1,#804020",))
    cycle = cycles.key_codes(landscape, settings, ClipSettings(20))
    assert cycle.phases == (0, 0.5)
    file = tmp_path / "patches.json"
    file.write_text('[{"center": [0.5, 0.3], "radius": 0.1, "color": "#804020"}]')
    same = AppearanceSettings(keys=(f"10={file}",))
    assert torch.equal(cycles.key_codes(landscape, same, ClipSettings(20)).codes, cycle.codes)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"keys": ("9=0.1", "5=0.2")}, "comes after the one at frame 9"),
        ({"keys": ("5=0.1", "5=0.2")}, "two keys"),
        ({"keys": ("0.4",)}, "FRAME=VALUE"),
        ({"keys": ("25=0.4",)}, "outside the light's cycle of 20 frames"),
        ({"keys": ("5=0.4",), "code": "0.3"}, "leave one of them out"),
        ({"keys": ("10=0.1",), "patches": ("0,0,.1,#000000",)}, "frame 10 has a key and the patch"),
        ({"patch_frame": 3}, "without a --patch"),
        ({"keys": ("5=0.1",), "patches": ("0,0,.1,#000000",), "patch_frame": 5}, "and the patches"),
    ],
)
def test_bad_keys_get_their_own_sentences(landscape, settings, sentence):
    with pytest.raises(SettingsError, match=sentence):
        cycles.key_codes(landscape, AppearanceSettings(**settings), ClipSettings(20))


def test_a_reference_picture_is_one_held_look(bundle, picture, landscape, tmp_path):
    save_image(picture, tmp_path / "look.png")
    codes = cycles.sequence(bundle, AppearanceSettings(code=str(tmp_path / "look.png")))
    assert torch.allclose(codes, landscape.own_look, atol=1e-4)


def test_what_a_reference_is_its_content_says(bundle, picture, landscape, tmp_path):
    save_image(picture, tmp_path / "look.png")
    for name in ("look.jfif", "look", "look.json"):
        (tmp_path / name).write_bytes((tmp_path / "look.png").read_bytes())
        named = AppearanceSettings(code=str(tmp_path / name))
        assert torch.allclose(cycles.sequence(bundle, named), landscape.own_look, atol=1e-4)
        keyed = AppearanceSettings(keys=(f"5={tmp_path / name}",))
        cycle = cycles.key_codes(landscape, keyed, ClipSettings(20))
        assert torch.allclose(cycle.codes[1:2], landscape.own_look, atol=1e-4)
        assert cycle.corrections[1] is not None
    (tmp_path / "code.txt").write_text(json.dumps([0.5] * 8), encoding="utf-8-sig")
    np.save(tmp_path / "code.npy", np.full(8, 0.5, np.float32))
    (tmp_path / "code.npy").rename(tmp_path / "code.json")
    patch = '[{"center": [0.5, 0.3], "radius": 0.1, "color": "#804020"}]'
    (tmp_path / "patches.txt").write_text(patch, encoding="utf-16")
    for name in ("code.txt", "code.json"):
        keyed = AppearanceSettings(keys=(f"5={tmp_path / name}",))
        cycle = cycles.key_codes(landscape, keyed, ClipSettings(20))
        assert cycle.codes[1].tolist() == [0.5] * 8
    assert len(read_patch_file(tmp_path / "patches.txt")) == 1


def test_a_day_begins_with_the_picture(bundle, landscape):
    settings = AppearanceSettings(code="predict", codes=5)
    with pytest.raises(BundleError, match="code LSTM"):
        cycles.sequence(bundle, settings, 0, landscape)
    lstm = bundle.networks["code_lstm"] = CodeLSTM(hidden_size=8).requires_grad_(False)
    lstm.unrest.copy_(0.1 * torch.eye(8))
    day = cycles.sequence(bundle, settings, 0, landscape)
    assert day.shape == (5, 8) and torch.equal(day[:1], landscape.own_look)
    assert torch.equal(day, cycles.sequence(bundle, settings, 0, landscape))
    assert not torch.equal(day, cycles.sequence(bundle, settings, 1, landscape))


def test_a_bundle_keeps_its_lstm(bundle, tmp_path):
    bundle.networks["code_lstm"] = CodeLSTM(8, 8)
    bundle.built["code_lstm"] = {"code_size": 8, "hidden_size": 8}
    checkpoints.save(bundle, tmp_path / "b", torch.float32)
    again = checkpoints.load(tmp_path / "b").network("code_lstm")
    assert torch.equal(again.fc_in.weight, bundle.networks["code_lstm"].fc_in.weight)


def drifting(count, step):
    plane = make_picture(256, 400)
    texture = torch.rand(1, 3, 256, 400, generator=torch.Generator().manual_seed(2)) - 0.5
    smooth = nn.functional.avg_pool2d(texture, 9, 1, 4) * 3 + plane * 0.2
    return [smooth[..., 60 - step * t : 316 - step * t].contiguous() for t in range(count)]


def test_the_common_flow_of_a_drift_is_its_step(bundle):
    flow = clips.common_flow(drifting(6, 3))  # moves to the right by three pixels
    middle = flow[0, :, 64:192, 64:192].flatten(1).median(1).values * 255 / 2
    assert middle.tolist() == pytest.approx([-3, 0], abs=0.3)
    assert motion_codes.encode(bundle, drifting(3, 3)).shape == (1, 8)


def test_clips_that_do_not_move_or_are_none_are_refused(bundle, tmp_path):
    with pytest.raises(PictureError, match="all the same"):
        motion_codes.encode(bundle, drifting(3, 0))
    with pytest.raises(PictureError, match="holds 0 frames"):
        motion_codes.encode(bundle, tmp_path)
    (tmp_path / "no.mp4").write_bytes(b"nothing")
    with pytest.raises(PictureError, match="can't be read as a video"):
        motion_codes.encode(bundle, tmp_path / "no.mp4")


# ------------------------------------------------------------------------------ shell


def test_fit_writes_a_code_that_animate_reads(bundle_folder, tmp_path, capsys):
    save_image(make_picture(90, 160), tmp_path / "lake.png")
    common = ["--bundle", str(bundle_folder)]
    for flag, value, errors in (
        ("--arrow", "0.2,0.3,0.6,0.3", "errors_deg"),
        ("--patch", "0.5,0.2,0.1,#806040", "errors_levels"),
    ):
        out = tmp_path / f"{errors}.json"
        call = ["fit", str(tmp_path / "lake.png"), flag, value, "--out", str(out), "--json"]
        assert cli.main(call + common) == 0
        report = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert np.allclose(json.loads(out.read_text()), report["code"]) and report[errors]
        again = [*call, "--out", str(tmp_path / "again.json"), "--start", str(out)]
        assert cli.main([*again, *common]) == 0
        capsys.readouterr()


def test_fit_wants_one_kind(bundle_folder, tmp_path, capsys):
    call = ["fit", "x.png", "--out", str(tmp_path / "c.json"), "--bundle", str(bundle_folder)]
    assert cli.main(call) == 2
    assert "expected one kind" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_its_adam_is_that_of_torch():
    target = torch.tensor([0.3, -2.0, 5.0])
    theirs = torch.zeros(3, requires_grad=True)
    ours = torch.zeros(3, requires_grad=True)
    usual, own = torch.optim.Adam([theirs], lr=0.1), optimize.Adam(ours, 0.1)
    for _ in range(40):
        usual.zero_grad()
        (theirs - target).square().sum().backward()
        usual.step()
        own.step(torch.autograd.grad((ours - target).square().sum(), [ours])[0])
    assert torch.allclose(ours, theirs, atol=1e-6)
    assert not torch.allclose(ours, torch.zeros(3))
