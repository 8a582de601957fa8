"""Facts of the evaluation: figures of fields, maps and frames that are known in closed form."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from landscape_engine.errors import AnnotationError, PictureError
from landscape_engine.evaluation import drawn_arrows as arrows
from landscape_engine.evaluation import metrics, protocol, reference_masks, samplings
from landscape_engine.evaluation.reference_masks import ReferenceMask
from landscape_engine.images import to_uint8
from landscape_engine.motion import fields as motion_fields
from landscape_engine.motion.fields import MovingPart
from landscape_engine.ops import warping
from landscape_engine.scene.regions import region_of
from landscape_engine.settings import EvaluationSettings, LoopSettings, RegionSettings
from landscape_engine.shell import cli
from tests.conftest import make_picture

HEIGHT, WIDTH = 60, 100
TOP = torch.zeros(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
TOP[:, :, : HEIGHT // 2] = True


def uniform(x: float, y: float) -> torch.Tensor:  # [1, 2, HEIGHT, WIDTH]
    return torch.tensor([x, y]).view(1, 2, 1, 1).expand(1, 2, HEIGHT, WIDTH)


def linear_flow(matrix, aspect: float, size=(40, 50)) -> torch.Tensor:
    """The normalised flow whose map has this matrix in square pixels."""
    (a, b), (c, d) = matrix
    x, y = warping.identity_grid(*size, "cpu").split(1, 1)
    return torch.cat([(a - 1) * x + b / aspect * y, c * aspect * x + (d - 1) * y], dim=1)


# -------------------------------------------------------------------------------------- motion


def test_speeds_are_those_of_the_reference_width():
    flow = metrics.in_pixels(uniform(2 / (WIDTH - 1), 0.0))  # one pixel of this picture
    assert torch.allclose(metrics.speed_of(flow), torch.tensor(640 / WIDTH))


def test_leak_is_the_ratio_of_mean_speeds():
    speed = torch.where(TOP, 2.0, 0.5)
    assert metrics.leak(speed, ~TOP, TOP) == pytest.approx(0.25)
    # a code that hardly moves anything weighs little
    idle = torch.full_like(speed, 1e-6)
    assert metrics.leak(torch.cat([speed, idle]), ~TOP, TOP) == pytest.approx(0.25, abs=1e-5)
    assert metrics.leak(torch.zeros_like(speed), ~TOP, TOP) is None
    assert metrics.leak(speed, torch.zeros_like(TOP), TOP) is None


def test_reach_counts_what_neither_crawls_nor_lags():
    speed = torch.ones(1, 1, HEIGHT, WIDTH)
    assert metrics.reach(speed, TOP) == 1
    speed[..., : WIDTH // 4] = 0.24  # less than a quarter of the rest
    assert metrics.reach(speed, TOP) == pytest.approx(0.75)
    assert metrics.reach(speed * 0.049, TOP) == 0, "slower than the eye"
    assert metrics.reach(torch.zeros_like(speed), TOP) == 0


def test_angles_and_directions():
    way = arrows.directions()
    assert torch.allclose(metrics.angle_between(way, way * 3), torch.zeros(16), atol=0.05)
    turned = way.roll(-1, 0)
    assert torch.allclose(metrics.angle_between(way, turned), torch.full((16,), 22.5), atol=1e-3)
    assert float(metrics.angle_between(way[:1], torch.zeros(1, 2))) == 180
    # things move on the screen against the backward flow
    flow = torch.where(TOP, uniform(-2.0, 0.0), uniform(0.0, 1.0))
    assert torch.allclose(metrics.direction_at(flow, (0.5, 0.2), 0.02), torch.tensor([[2.0, 0.0]]))
    assert torch.allclose(metrics.direction_at(flow, (0.5, 0.8), 0.02), torch.tensor([[0.0, -1.0]]))


def test_variety_counts_the_directions_of_coherent_fields():
    fields = torch.cat([uniform(-math.cos(a), -math.sin(a)) for a in
                        torch.arange(16).mul(math.pi / 8).tolist()])  # fmt: skip
    assert metrics.variety(fields, TOP) == 16
    assert metrics.variety(fields[[0, 0, 3]], TOP) == 2
    assert metrics.variety(fields * 0.04, TOP) == 0, "too slow to be seen"
    against = torch.where(TOP[..., :1].expand_as(TOP), fields[:1], fields[8:9])
    left = torch.zeros_like(TOP)
    left[..., : WIDTH // 2] = True
    torn = torch.where(left, fields[:1], fields[8:9])
    assert metrics.variety(torn, torch.ones_like(TOP)) == 0, "half one way, half the other"
    assert metrics.variety(against, TOP) == 1


@pytest.mark.parametrize("aspect", [1.0, 1.6])
@pytest.mark.parametrize(
    "matrix, expected",
    [
        (((1, 0), (0, 1)), 0.0),
        (((0.5, 0), (0, 1)), math.log(2) / 2),
        (((2, 0), (0, 0.5)), math.log(2)),
        (((math.cos(0.4), -math.sin(0.4)), (math.sin(0.4), math.cos(0.4))), 0.0),
        (((-1, 0), (0, 1)), 0.0),
        (((1, 0.75), (0, 1)), math.log((math.sqrt(0.75**2 + 4) + 0.75) / 2)),
        (((0, 0), (0, 1)), math.log(64) / 2),
    ],
    ids=["still", "half", "both", "turned", "mirrored", "sheared", "flattened"],
)
def test_stretch_of_linear_maps(matrix, expected, aspect):
    stretch = metrics.stretch_of(linear_flow(matrix, aspect), aspect)
    assert torch.allclose(stretch, torch.tensor(expected), atol=2e-4)


def test_the_stretch_of_a_loop_is_weighed_by_shares():
    step = linear_flow(((1.01, 0), (0, 1)), 1.0, (64, 64))
    motion = motion_fields.steady_motion(step)
    found = list(samplings.stretches(motion, LoopSettings(), 10, 65, 65))
    assert len(found) == 10 and float(found[0].max()) == 0
    # half way, both copies are five frames off, one to each side
    middle = float(found[5][0, 0, 32, 32])
    assert middle == pytest.approx(5 * math.log(1.01) / 2, rel=0.02)
    still = motion_fields.steady_motion(torch.zeros_like(step))
    every_second = list(samplings.stretches(still, LoopSettings(), 4, 40, 60, 2))
    assert len(every_second) == 2 and all(float(s.max()) == 0 for s in every_second)


def test_regions_move_apart_and_the_rest_is_still():
    top = region_of(TOP[0, 0].numpy().astype(np.float32), (64, 64), "sky", torch.device("cpu"))
    step = torch.zeros(1, 2, 64, 64)
    step[:, 0] = 0.01
    motion = motion_fields.motion_of_parts([MovingPart(top, step)], torch.zeros(1, 3, 64, 64))
    flow = samplings.step_of(motion, HEIGHT, WIDTH)
    assert torch.allclose(flow[:, 0, : HEIGHT // 2 - 4], torch.tensor(0.01), atol=1e-6)
    assert float(flow[:, :, HEIGHT // 2 + 1 :].abs().max()) == 0


# --------------------------------------------------------------------------------- loops and light


def test_seam_is_the_joint_over_its_neighbours():
    assert metrics.seam([1.0, 2.0, 3.0, 4.0]) == 2
    assert metrics.seam([0.5] * 6) == 1
    assert metrics.seam([0.5, 0.5, 0.5, 0.0]) == 0
    assert metrics.seam([0.0] * 4) is None and metrics.seam([1.0, 1.0]) is None


def test_sharpness_is_relative_to_the_input():
    picture = make_picture(HEIGHT, WIDTH)
    own = metrics.detail(picture, TOP)
    assert metrics.detail(picture * 0.5, TOP) == pytest.approx(own / 2)
    assert metrics.sharpness([own, own], own) == (pytest.approx(1), 0)
    half, variation = metrics.sharpness([own, own / 2], own)
    assert half == pytest.approx(0.75) and variation == pytest.approx(1 / 3)
    assert metrics.sharpness([0.0], 0.0) == (None, None)
    # a ramp of luma, 0.02 a pixel to the right
    ramp = torch.linspace(0, 0.02 * (WIDTH - 1), WIDTH).expand(1, 3, HEIGHT, WIDTH)
    inner = torch.zeros_like(TOP)
    inner[..., :-1] = True
    assert metrics.detail(ramp, inner) == pytest.approx(0.02, rel=1e-4)


def test_intrusion_is_measured_away_from_the_edge():
    share = torch.where(TOP, 0.0, 1.0)
    assert metrics.intrusion(share, TOP) == 0
    share[:, :, HEIGHT // 2 - 2 :] = 1  # two rows inside, which the margin leaves out
    assert metrics.intrusion(share, TOP) == 0
    share[..., : WIDTH // 2] += 0.1
    assert metrics.intrusion(share, TOP) == pytest.approx(0.05)
    assert metrics.intrusion(share, torch.zeros_like(TOP)) is None


def test_edges_are_those_that_a_recoloring_keeps():
    picture = make_picture(HEIGHT, WIDTH)
    assert metrics.edges(picture, picture * 0.3 - 0.5) == pytest.approx(1, abs=1e-5)
    assert metrics.edges(picture, -picture) == pytest.approx(-1, abs=1e-5)
    other = picture.flip(3)
    assert abs(metrics.edges(picture, other)) < 0.9
    assert metrics.edges(picture, torch.zeros_like(picture)) is None


# ------------------------------------------------------------------------------------ the protocol


@pytest.fixture
def still(tmp_path):
    """A picture and its mask: sky above, land on the left below, water on the right."""
    picture = tmp_path / "in" / "lake.png"
    masks = tmp_path / "masks"
    picture.parent.mkdir()
    masks.mkdir()
    Image.fromarray(to_uint8(make_picture(90, 160))).save(picture)
    mask = torch.full((45, 80), 255, dtype=torch.uint8)
    mask[22:, :40], mask[22:, 40:], mask[21:23] = 0, 128, 64
    Image.fromarray(mask.numpy()).save(masks / "lake.png")
    return picture, masks


QUICK = EvaluationSettings(width=80, codes=2, loops=1, lights=1, steer="none")
SHORT = LoopSettings(frames=6)


def test_a_mask_is_read_into_regions(still):
    picture, masks = still
    image, mask = reference_masks.load_still(picture, masks, 80)
    assert image.shape == (1, 3, 45, 80)
    assert bool(mask.sky[0, 0, :21].all()) and not bool(mask.sky[0, 0, 21:].any())
    assert bool(mask.land[0, 0, 23:, :40].all()) and bool(mask.water[0, 0, 23:, 40:].all())
    assert int((mask.moving | mask.land).sum()) == 43 * 80
    # a picture smaller than asked keeps its size, and the mask is fitted to it
    image, mask = reference_masks.load_still(picture, masks, 480)
    assert image.shape[2:] == mask.land.shape[2:] == (90, 160)


def test_arrows_lie_inside_the_regions(still):
    _, mask = reference_masks.load_still(*still, 80)
    points = arrows.choose_points(mask, 3)
    for x, y in points:
        assert bool(mask.moving[0, 0, round(y * 44), round(x * 79)])
    sides = {bool(mask.sky[0, 0, round(y * 44), round(x * 79)]) for x, y in points}
    assert sides == {True, False}, "sky and water both have one"
    x0, y0, x1, y1 = map(float, arrows.draw((0.5, 0.5), arrows.directions()[4], 80 / 45).split(","))
    assert (x0, x1) == (0.5, 0.5) and (y1 - y0) * 45 == pytest.approx(0.08 * 80, rel=1e-3)


def test_a_still_is_evaluated(animator, still):
    found = protocol.evaluate(animator, *still, QUICK, SHORT)
    assert tuple(found.figures) == protocol.NAMES
    for name in ("leak", "reach", "reach_sky", "reach_water", "variety", "sharpness", "stretch"):
        assert found.figures[name] is not None
    assert 0 <= found.figures["reach"] <= 1 and -1 <= found.figures["edges"] <= 1
    assert len(found.codes) == 2 and len(found.loops) == 1


def test_land_that_slides_into_the_sky_is_seen(animator, still):
    image, mask = reference_masks.load_still(*still, 80)
    trial = protocol._Trial(animator, animator.look_at(image), mask, RegionSettings(clean=False))

    def rise(pixels: float):
        step = torch.zeros(1, 2, 64, 64)
        step[:, 1] = pixels * 2 / 44  # backward: down, so that things rise
        trial.motion = lambda **_: motion_fields.steady_motion(step)
        return trial.loop(0.5, LoopSettings(kind="crossfade", frames=6, start="blend")).figures[
            "intrusion"
        ]

    assert rise(0.0) == 0
    assert rise(1.0) > 0.02


def test_the_mark_of_land_leaves_the_colors_as_they_are(animator, still):
    image, mask = reference_masks.load_still(*still, 80)
    trial = protocol._Trial(animator, animator.look_at(image), mask, RegionSettings(clean=False))
    trial.motion = lambda **_: motion_fields.steady_motion(torch.zeros(1, 2, 64, 64))
    stays = trial.loop(0.5, LoopSettings(frames=6))
    assert stays.figures["sharpness"] == pytest.approx(1, abs=2e-3)
    assert (stays.worst - image).abs().max() < 0.02 and stays.figures["intrusion"] < 1e-3


def test_steering_errors_are_those_of_the_answers(animator, still):
    image, mask = reference_masks.load_still(*still, 80)
    trial = protocol._Trial(animator, animator.look_at(image), mask, RegionSettings(clean=False))

    def answer(turn: float):
        def motion(arrows, **_):
            x0, y0, x1, y1 = map(float, arrows[0].split(","))
            if y0 > 0.6:
                raise AnnotationError("nothing moves there.")
            angle = math.atan2((y1 - y0) * 44, (x1 - x0) * 79) + turn
            step = torch.zeros(1, 2, 64, 64)
            step[:, 0], step[:, 1] = -math.cos(angle) / 79, -math.sin(angle) / 44
            return motion_fields.steady_motion(step)

        trial.motion = motion
        return list(trial.steering_errors([(0.5, 0.2), (0.75, 0.8)], "field"))

    obeyed, turned = answer(0.0), answer(math.radians(30))
    assert len(obeyed) == 32 and obeyed[16:] == [None] * 16
    assert max(obeyed[:16]) < 1.5
    assert all(abs(error - 30) < 1.5 for error in turned[:16])


def test_without_masks_what_needs_them_is_left_out(animator, still):
    found = protocol.evaluate(animator, still[0], None, QUICK, SHORT)
    for name in ("leak", "reach", "steer_field", "intrusion"):
        assert found.figures[name] is None
    assert found.figures["sharpness"] is not None and "without a mask" in found.notes[0]


def test_the_shell_prints_a_table_and_writes_three_files(still, bundle_folder, tmp_path, capsys):
    picture, masks = still
    out = tmp_path / "out"
    arguments = ["evaluate", str(picture), "--masks", str(masks), "--out", str(out),
                 "--bundle", str(bundle_folder), "--width", "80", "--codes", "2", "--loops", "1",
                 "--lights", "1", "--steer", "none", "--loop-frames", "4", "--json"]  # fmt: skip
    assert cli.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| still") and lines[2].startswith("| lake")
    report = json.loads(lines[-1])
    assert report["stills"][0]["size"] == [80, 45]
    assert report["settings"]["evaluation"]["width"] == 80
    written = json.loads((out / "evaluation.json").read_text())
    assert written["stills"] == report["stills"]
    with (out / "evaluation.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["still"] == "lake"
    assert float(row["reach"]) == pytest.approx(report["stills"][0]["figures"]["reach"], rel=1e-4)
    with Image.open(out / "evaluation.png") as sheet:
        assert sheet.width > 4 * 240


# ---------------------------------------------------------------------------------------- bad input


def spoil_values(mask):
    Image.new("L", (80, 45), 200).save(mask)


def spoil_aspect(mask):
    Image.new("L", (80, 60), 255).save(mask)


def spoil_motion(mask):
    Image.new("L", (80, 45), 0).save(mask)


def spoil_colors(mask):
    Image.new("RGB", (80, 45), (255, 0, 64)).save(mask)


@pytest.mark.parametrize(
    "spoil, says",
    [
        (lambda mask: mask.unlink(), "has no mask for 'lake.png'"),
        (spoil_aspect, "expected the same aspect"),
        (spoil_values, "holds the value 200"),
        (spoil_motion, "nothing that moves"),
        (spoil_colors, "holds colors"),
        (lambda mask: mask.write_text("no picture"), "lake.png"),
    ],
    ids=["missing", "aspect", "values", "all land", "colors", "no picture"],
)
def test_a_mask_that_is_no_use_is_refused_in_one_line(
    still, spoil, says, bundle_folder, tmp_path, capsys
):
    picture, masks = still
    spoil(masks / "lake.png")
    out = tmp_path / "out"
    arguments = ["evaluate", str(picture), "--masks", str(masks), "--out", str(out)]
    assert cli.main([*arguments, "--bundle", str(bundle_folder)]) == 2
    said = capsys.readouterr().err
    assert says in said and len(said.splitlines()) == 1
    assert not out.exists()


def test_no_folder_of_masks(still):
    with pytest.raises(PictureError, match="which is no folder"):
        reference_masks.load_still(still[0], still[0].parent / "nowhere", 80)


def test_the_masks_of_the_repository_can_be_used(shared):
    from pathlib import Path

    masks = Path(__file__).parents[1] / "masks"
    for picture in sorted((shared / "data/test/photos").glob("*.jpg")):
        image, mask = reference_masks.load_still(picture, masks, 160)
        assert isinstance(mask, ReferenceMask) and bool(mask.land.any())
        assert reference_masks.paint(image, mask).shape == image.shape


@pytest.mark.parametrize("name", ["file", "file/deeper"])
def test_a_file_in_the_folders_place_is_refused_at_the_start(lake, tmp_path, name, capsys):
    (tmp_path / "file").write_text("mine")
    assert cli.main(["evaluate", str(lake), "--out", str(tmp_path / name)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "which is a file; expected a folder" in line
    assert (tmp_path / "file").read_text() == "mine"
