"""Facts of what is measured of a default clip: each figure catches a failure made up for it."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from landscape_engine import images
from landscape_engine.errors import PictureError
from landscape_engine.evaluation import day_faults as daylight
from landscape_engine.evaluation import default_clip, grading, protocol, reference_masks, samplings
from landscape_engine.evaluation import light_reach as light
from landscape_engine.evaluation.artifacts import Ghost, Pulse, Torn, smooth_part
from landscape_engine.evaluation.default_clip import DefaultClip
from landscape_engine.motion import fields as motion_fields
from landscape_engine.motion.fields import MovingPart
from landscape_engine.scene.regions import region_of
from landscape_engine.settings import EvaluationSettings, LoopSettings
from landscape_engine.shell import cli
from tests.conftest import make_picture

HEIGHT, WIDTH = 60, 100
LEVEL = 2 / 255
TOP = torch.zeros(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
TOP[:, :, : HEIGHT // 2] = True
EVERYWHERE = torch.ones_like(TOP)


def clear_sky() -> torch.Tensor:  # [1, 3, HEIGHT, WIDTH]
    """Half a level from row to row: nothing but a course of color."""
    rows = torch.arange(HEIGHT).mul(LEVEL / 2).view(1, 1, HEIGHT, 1)
    return rows.expand(1, 3, HEIGHT, WIDTH).clone()


def figure_of(measure, *frames):
    for frame in frames:
        measure.see(frame)
    return measure.figure()


# --------------------------------------------------------------------------------------- the light


def test_a_clip_that_begins_in_another_light_is_told_in_decibels():
    picture = make_picture(HEIGHT, WIDTH)
    assert light.own_look(picture, picture) == light.EXACT_DB
    # one level of 255 everywhere is 48.1 dB, ten are 20 dB less
    assert light.own_look(picture + LEVEL, picture) == pytest.approx(48.13, abs=0.01)
    assert light.own_look(picture + 10 * LEVEL, picture) == pytest.approx(28.13, abs=0.01)


def test_the_locus_runs_from_orange_through_white_to_blue():
    line = torch.tensor(daylight.locus())
    assert bool((line[1:, 1] < line[:-1, 1]).all()), "cooler is bluer"
    assert line[0, 0] > 10 and line[0, 1] > 50 and line[-1, 1] < -15
    white = torch.zeros(2, 1)
    assert float(daylight.beside(white)) < 1, "D65 is daylight"
    # CIE's illuminants A (a black body at 2856 K) and D50
    assert float(daylight.beside(ab_of(0.44757, 0.40745))) < 1
    assert float(daylight.beside(ab_of(0.34567, 0.35850))) < 0.5
    # a green lamp
    assert float(daylight.beside(ab_of(0.30, 0.45))) > 25


def ab_of(x: float, y: float) -> torch.Tensor:  # [2, 1] of white
    cube_x, cube_z = (x / y / 0.95047) ** (1 / 3), ((1 - x - y) / y / 1.08883) ** (1 / 3)
    return torch.tensor([[500 * (cube_x - 1)], [200 * (1 - cube_z)]])


def in_light_of(x: float, y: float, grey: float = 0.3) -> torch.Tensor:  # [1, 3, 8, 8]
    """A grey card in a light of this chromaticity."""
    from_xyz = torch.tensor(
        [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    )
    linear = (from_xyz @ torch.tensor([x / y, 1.0, (1 - x - y) / y]) * grey).clamp(0, 1)
    encoded = torch.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (encoded * 2 - 1).view(1, 3, 1, 1).expand(1, 3, 8, 8)


def test_a_green_day_is_a_cast_and_a_sunset_is_none():
    card = in_light_of(0.31271, 0.32902)  # D65
    grey = daylight.neutrals(card)
    assert bool(grey.all())

    def cast(x: float, y: float, brightness: float = 0.3) -> float:
        return daylight.cast(in_light_of(x, y, brightness), card, grey)

    assert daylight.cast(card, card, grey) == pytest.approx(0, abs=0.6)
    for dark in (0.3, 0.02):
        assert cast(0.4369, 0.4041, dark) < 1, "a low sun, 3000 K"
        assert cast(0.2788, 0.2920, dark) < 1, "the blue hour, 10000 K"
    assert cast(0.28, 0.40) > 15, "green and teal"
    assert cast(0.34, 0.27) > 15, "magenta"
    # what the input lacks of grey itself isn't held against a clip that stays as it is
    pale = in_light_of(0.312, 0.339)
    assert daylight.cast(pale, pale, daylight.neutrals(pale)) == pytest.approx(0, abs=0.6)


def test_without_anything_grey_there_is_no_cast():
    meadow = torch.tensor([-0.6, 0.3, -0.9]).view(1, 3, 1, 1).expand(1, 3, 8, 8)
    assert not bool(daylight.neutrals(meadow).any())
    assert daylight.cast(meadow, meadow, daylight.neutrals(meadow)) is None
    card = in_light_of(0.31271, 0.32902)
    night = torch.full_like(card, -1.0)
    assert daylight.cast(night, card, daylight.neutrals(card)) == 0


# -------------------------------------------------------------------------------------- the sources


def moving_top(pixels: float, way: int) -> motion_fields.MotionField:
    """The upper half as a region that moves by so many pixels of the grid a frame, however far."""
    region = region_of(TOP[0, 0].numpy().astype(np.float32), (64, 64), "sky", torch.device("cpu"))
    step = torch.zeros(1, 2, 64, 64)
    step[:, way] = pixels * 2 / 63
    part, small = MovingPart(region, step), torch.zeros(1, 3, 64, 64)
    return replace(motion_fields.motion_of_parts([part], small), period=20)


PLAIN = LoopSettings(phase_noise=0, blend="plain")


def test_a_loop_that_travels_too_far_has_no_sources():
    period = 20
    still, slow, fast = (
        samplings.sourceless(moving_top(pixels, 0), PLAIN, period) for pixels in (0, 0.5, 4)
    )
    assert still is None, "nothing moves"
    assert slow == 0
    # half way both phases are 40 of 64 columns off, one to each side: 16 columns have neither
    assert fast == pytest.approx(16 / 64, abs=0.02)
    # across a region of some 30 rows, 8 to each side of the middle are enough
    assert samplings.sourceless(moving_top(2, 1), PLAIN, period) > 0.2
    assert samplings.sourceless(moving_top(2, 0), PLAIN, period) == 0


def test_sources_outside_the_region_are_none():
    """Rows that come from land count as those from beyond the picture do."""
    upright = moving_top(1.6, 1)  # half way 16 rows off, of some 30
    across_picture = motion_fields.steady_motion(upright.parts[0].step)
    assert samplings.sourceless(upright, PLAIN, 20) > 0.05
    assert samplings.sourceless(across_picture, PLAIN, 20) == 0


def test_what_moves_is_told_by_region():
    (alpha,) = samplings.what_moves(moving_top(1, 0), HEIGHT, WIDTH).values()
    assert float(alpha[:, :, : HEIGHT // 2 - 4].min()) == 1
    assert float(alpha[:, :, HEIGHT // 2 + 2 :].max()) == 0
    nothing = motion_fields.steady_motion(torch.zeros(1, 2, 64, 64))
    assert samplings.what_moves(nothing, 8, 8) == {}
    everything = motion_fields.steady_motion(torch.full((1, 2, 64, 64), 0.01))
    assert float(samplings.what_moves(everything, 8, 8)["picture"].min()) == 1


# ------------------------------------------------------------------------------------ the artifacts


def test_a_mountain_that_appears_in_a_clear_sky_is_a_ghost():
    sky = clear_sky()
    assert figure_of(Ghost(sky), sky, sky) == pytest.approx(1, rel=0.1)
    haunted = sky.clone()
    haunted[:, :, 20:, 40:60] += 10 * LEVEL
    assert figure_of(Ghost(sky), sky, sky, haunted) > 5
    assert Ghost(sky).figure() is None, "no frame was seen"


def test_a_cloud_that_drifts_is_not_foreign_and_a_mountain_is():
    motion = moving_top(0.5, 0)
    cloud, ridge = torch.zeros_like(TOP), torch.zeros_like(TOP)
    cloud[:, :, 8:16, 30:32] = True
    ridge[:, :, HEIGHT // 2 :] = True  # what lies below the sky
    for edges, found in ((cloud, True), (ridge, False)):
        frames = list(samplings.carried(motion, PLAIN, 20, edges, 10))
        assert len(frames) == 2
        # half way the phases are five pixels of the grid, eight of the picture, to either side
        assert bool(frames[1][0, 0, 12, 22:24].all()) is found
        assert bool(frames[1][0, 0, 12, 38:40].all()) is found
        assert not bool(frames[1][:, :, :, 70:].any()), "nothing was carried as far as that"
    sky = clear_sky()
    drifted = sky.clone()
    drifted[:, :, 8:16, 38:40] += 20 * LEVEL
    carried = next(samplings.carried(motion, PLAIN, 20, torch.zeros_like(TOP)))
    ghost, foreign, by_cloud = Ghost(sky), Ghost(sky), Ghost(sky)
    ghost.see(drifted)
    foreign.see(drifted, carried)
    by_cloud.see(drifted, list(samplings.carried(motion, PLAIN, 20, cloud, 10))[1])
    assert ghost.figure() == foreign.figure() > 5
    assert by_cloud.figure() == pytest.approx(1, rel=0.1)


def test_edges_that_the_input_has_are_no_ghosts():
    sky = clear_sky()
    sky[:, :, 30:] -= 0.8
    smooth = smooth_part(sky)
    assert not bool(smooth[:, :, 27:32].any()) and bool(smooth[:, :, 5:26].all())
    sharper = sky.clone()
    sharper[:, :, 30:] -= 0.1
    assert figure_of(Ghost(sky), sharper) == pytest.approx(1, rel=0.1)
    noise = torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    assert figure_of(Ghost(noise), noise) is None, "nothing is smooth"


def test_a_mast_that_is_dragged_is_torn():
    picture = clear_sky()
    mast = torch.zeros_like(TOP)
    mast[:, :, 10:50, 50] = True
    picture[:, :, 10:50, 50] = -1
    assert figure_of(Torn(picture, mast), picture) == 0
    dragged = picture.clone()
    dragged[:, :, 10:20] = picture[:, :, 10:20].roll(3, 3)
    assert figure_of(Torn(picture, mast), picture, dragged, picture) == pytest.approx(0.25)
    # what hardly anybody sees, and what happens beside the mast, doesn't count
    assert figure_of(Torn(picture, mast), picture + 7 * LEVEL) == 0
    beside = picture.clone()
    beside[..., 60:] += 0.5
    assert figure_of(Torn(picture, mast), beside) == 0
    assert figure_of(Torn(picture, torch.zeros_like(mast)), picture) is None


def test_a_loop_that_softens_half_way_pulses():
    picture = make_picture(HEIGHT, WIDTH)
    assert figure_of(Pulse(EVERYWHERE), picture, picture) == 1
    assert figure_of(Pulse(EVERYWHERE), picture, picture * 0.5, picture) == pytest.approx(0.5)
    # two copies laid over each other are softer than either
    grain = torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    doubled = (grain + grain.roll(7, 3)) / 2
    assert figure_of(Pulse(EVERYWHERE), grain, doubled) == pytest.approx(0.5**0.5, rel=0.05)
    below = torch.where(TOP, picture, picture * 0.1)
    assert figure_of(Pulse(TOP), picture, below) > 0.9, "what doesn't move has no say"
    assert figure_of(Pulse(torch.zeros_like(TOP)), picture) is None


# ----------------------------------------------------------------------------------------- the clip


@pytest.fixture
def still(tmp_path):
    """A picture, its mask and that of a mast in it."""
    picture, masks = tmp_path / "in" / "lake.png", tmp_path / "masks"
    images.save_image(make_picture(90, 160), picture)
    mask = torch.full((45, 80), 255, dtype=torch.uint8)
    mask[22:, :40], mask[22:, 40:], mask[21:23] = 0, 128, 64
    thin = torch.zeros(45, 80, dtype=torch.uint8)
    thin[2:20, 30] = 255
    for place, values in ((masks / "lake.png", mask), (masks / "thin" / "lake.png", thin)):
        place.parent.mkdir(exist_ok=True)
        Image.fromarray(values.numpy()).save(place)
    return picture, masks


QUICK = EvaluationSettings(
    width=80, codes=2, loops=1, lights=1, steer="none", sheet=True, sheet_width=80
)


def test_a_default_clip_has_eighths_of_its_loop_and_quarters_of_its_day(animator, still):
    image, _ = reference_masks.load_still(still[0], None, 80)
    clip = DefaultClip(animator, animator.look_at(image), [], LoopSettings(frames=6))
    assert clip.period == 8, "of six frames there are no eighths"
    frames = list(clip.in_loop())
    assert len(frames) == 8 and len(list(clip.day())) == default_clip.LIGHTS
    for eighth, frame in zip(clip.eighths, frames, strict=True):
        assert torch.equal(eighth, frame)
    # the day is the same whether things move or not: frame 0 of a whole picture is the picture
    assert torch.allclose(clip.lit_quarters()[0], next(clip.day()), atol=1e-5)


def test_all_figures_are_in_an_evaluation(animator, still):
    found = protocol.evaluate(animator, *still, QUICK, LoopSettings(frames=4))
    for name in default_clip.NAMES:
        assert name in protocol.NAMES and name in found.figures
    for name in ("own_look", "torn", "pulse", "sourceless"):
        assert found.figures[name] is not None
    assert 0 <= found.figures["torn"] <= 1 and 0 <= found.figures["sourceless"] <= 1
    without = protocol.evaluate(animator, still[0], None, QUICK, LoopSettings(frames=4))
    assert without.figures["torn"] is None and without.figures["pulse"] is not None


def test_an_overlay_shows_sky_blue_water_red_and_all_else_green():
    grey = torch.zeros(1, 3, HEIGHT, WIDTH)
    top, bottom = TOP.float(), (~TOP).float()
    painted = grading.paint_moving(grey, {"sky": top, "water": bottom})
    assert painted[0, :, 0, 0].argmax() == 2 and painted[0, :, -1, 0].argmax() == 0
    painted = grading.paint_moving(grey, {"flag": top})
    assert painted[0, :, 0, 0].argmax() == 1 and torch.equal(painted[:, :, -1], grey[:, :, -1])


def test_sheets_of_the_same_name_are_told_apart():
    names = grading.file_names(["lake", "sea/side", "lake", "lake"])
    assert names == ["lake.jpg", "sea-side.jpg", "lake-2.jpg", "lake-3.jpg"]


def test_the_shell_lays_out_sheets(still, bundle_folder, tmp_path, capsys):
    picture, masks = still
    out = tmp_path / "out"
    arguments = ["evaluate", str(picture), "--masks", str(masks), "--sheet", "--sheet-width", "200",
                 "--bundle", str(bundle_folder), "--loop-frames", "4", "--json"]  # fmt: skip
    assert cli.main(arguments) == 2 and "--out" in capsys.readouterr().err
    assert cli.main([*arguments, "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "own look dB" in lines[0] and "leak" not in lines[0]
    report = json.loads(lines[-1])
    figures = report["stills"][0]["figures"]
    assert {Path(path).name for path in report["files"]} == {
        "evaluation.json", "evaluation.csv", "lake.jpg"}  # fmt: skip
    assert all(Path(path).is_file() for path in report["files"])
    with Image.open(out / "sheets" / "lake.jpg") as sheet:  # 14 cells of 160 by 90 in four rows
        assert sheet.width > 4 * 160 and sheet.height > 4 * 90
    with (out / "evaluation.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    for name in ("own_look", "torn", "pulse"):
        assert float(row[name]) == pytest.approx(figures[name], rel=1e-4)
    assert row["leak"] == ""


# --------------------------------------------------------------------------------------- thin masks


def test_a_mask_of_thin_things_is_of_two_values(still):
    picture, masks = still
    thin = reference_masks.load_thin(masks, picture, (45, 80))
    assert thin.dtype == torch.bool and int(thin.sum()) == 18
    assert reference_masks.load_thin(masks, picture.with_name("sea.png"), (45, 80)) is None
    Image.new("L", (80, 45), 128).save(masks / "thin" / "lake.png")
    with pytest.raises(PictureError, match="only 0 and 255"):
        reference_masks.load_thin(masks, picture, (45, 80))
    Image.new("L", (80, 60), 255).save(masks / "thin" / "lake.png")
    with pytest.raises(PictureError, match="the same aspect"):
        reference_masks.load_thin(masks, picture, (45, 80))


def test_the_thin_masks_of_the_repository_can_be_used():
    masks = Path(__file__).parents[1] / "masks"
    found = sorted((masks / "thin").glob("*.png"))
    assert found
    for path in found:
        whole = images.load_image(masks / path.name)
        thin = reference_masks.load_thin(masks, path, tuple(whole.shape[2:]))
        assert 1e-4 < float(thin.float().mean()) < 0.2
