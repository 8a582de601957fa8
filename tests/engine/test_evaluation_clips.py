"""Facts of clips' evaluation: predictions of clips whose motion is known, colors that are known."""

from __future__ import annotations

import csv
import json

import av
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from landscape_engine.bundles.codebook import MotionCodebook
from landscape_engine.errors import BundleError, PictureError
from landscape_engine.evaluation import (
    clip_frames,
    clip_light,
    clip_protocol,
    clip_report,
    perceptual_distance,
    plots,
)
from landscape_engine.evaluation import light_reach as light
from landscape_engine.images import load_image, to_uint8
from landscape_engine.images.clips import is_clip
from landscape_engine.motion import codes
from landscape_engine.motion import fields as motion_fields
from landscape_engine.networks.perceptual import TAPS
from landscape_engine.sequence import write_sequence
from landscape_engine.settings import ClipEvaluationSettings, OutputSettings, RegionSettings
from landscape_engine.shell import cli
from tests.conftest import make_picture

HEIGHT, WIDTH, FRAMES = 64, 96, 6
RIGHT_PX = 2.0  # what the clip moves in a frame
CODES = torch.zeros(4, 8)
CODES[:, 0] = torch.tensor([-RIGHT_PX, 0.0, RIGHT_PX, 2 * RIGHT_PX])  # read as the motion, pixels
WHOLE = RegionSettings(clean=False)


def make_clouds(width: int) -> torch.Tensor:  # [1, 3, HEIGHT, width]
    coarse = torch.rand(1, 3, HEIGHT // 8, width // 8, generator=torch.Generator().manual_seed(3))
    return F.interpolate(coarse, (HEIGHT, width), mode="bicubic").clamp(0, 1) * 1.6 - 0.8


def write_frames(folder, frames):
    folder.mkdir()
    for number, frame in enumerate(frames):
        Image.fromarray(to_uint8(frame)).save(folder / f"{number:03d}.png")
    return folder


@pytest.fixture
def clouds(tmp_path):
    """A folder of frames in which all moves to the right."""
    wide = make_clouds(WIDTH + 64)
    start = 64
    views = [start - round(RIGHT_PX * t) for t in range(FRAMES + 1)]
    return write_frames(tmp_path / "clouds", [wide[..., x : x + WIDTH] for x in views])


@pytest.fixture
def obedient(animator, monkeypatch):
    """An animator whose codes are the motion itself, in pixels to the right."""
    animator.bundle.motion_codebook = MotionCodebook(CODES)

    def move(landscape, settings, code, regions):
        step = torch.zeros(1, 2, 32, 48)
        step[:, 0] = -float(code[0, 0]) * settings.speed * 2 / (landscape.image.shape[3] - 1)
        return motion_fields.steady_motion(step)

    monkeypatch.setattr(animator, "move", move)
    monkeypatch.setattr(codes, "encode", lambda bundle, frames: CODES[2:3])
    return animator


QUICK = ClipEvaluationSettings(frames=FRAMES, codes=4, lights=3)


# ------------------------------------------------------------------------------------ the protocol


def test_the_right_code_lies_below_nothing_moves(obedient, clouds):
    found = clip_protocol.evaluate(obedient, clouds, QUICK, WIDTH, WHOLE)
    measured = found.curves["rmse"]
    assert found.best == pytest.approx(2 / 3, abs=1e-4)
    assert len(measured["still"]) == FRAMES and sorted(found.codes) == found.codes
    for t in range(FRAMES):
        assert measured["best"][t] < 0.7 * measured["still"][t], "even with what comes in unseen"
        assert measured["best"][t] == measured["min"][t]
        assert measured["encoded"][t] == pytest.approx(measured["best"][t], rel=1e-3)
        assert measured["min"][t] <= measured["mean"][t] <= measured["max"][t]
    assert found.each[0]["rmse"][0] > measured["still"][0], "moved the wrong way"
    # the code that doesn't move is "nothing moves"
    assert found.each[1]["rmse"] == pytest.approx(measured["still"], rel=1e-5)
    assert measured["still"] == sorted(measured["still"]), "farther and farther"


def test_half_the_speed_at_every_second_frame(obedient, clouds):
    settings = ClipEvaluationSettings(frames=2, every=2, speed=2.0, codes=1, lights=0)
    found = clip_protocol.evaluate(obedient, clouds, settings, WIDTH, WHOLE)
    assert found.best == pytest.approx(2 / 3, abs=1e-4) and found.light is None
    assert len(found.curves["rmse"]["still"]) == 2


def test_a_speed_can_be_that_of_the_clip(obedient, clouds):
    settings = ClipEvaluationSettings(frames=FRAMES, speed=3.0, match_speed=True, lights=0)
    found = clip_protocol.evaluate(obedient, clouds, settings, WIDTH, WHOLE)
    forward = found.each[2]["rmse"]
    assert all(a < 0.7 * b for a, b in zip(forward, found.curves["rmse"]["still"], strict=True))
    assert forward == pytest.approx(found.each[3]["rmse"], rel=0.01), "as fast as any other"


def test_a_held_picture_is_predicted_without_error(animator, tmp_path):
    held = write_frames(tmp_path / "held", [make_clouds(WIDTH)] * 4)
    found = clip_protocol.evaluate(
        animator, held, ClipEvaluationSettings(frames=3, codes=2, search=0, lights=2), WIDTH, WHOLE
    )
    assert found.curves["rmse"]["still"] == [0, 0, 0]
    assert "encoded" not in found.curves["rmse"] and "all the same" in found.notes[0]
    assert found.best is None and clip_report.motion_figures(found)["rmse_mean_ratio"] is None
    assert found.light.figures["light_change"] == found.light.figures["distance_still"] == 0


def test_the_papers_algorithm_can_be_evaluated(animator, clouds):
    settings = ClipEvaluationSettings(frames=3, codes=2, search=2, lights=0, motion="recurrent")
    found = clip_protocol.evaluate(animator, clouds, settings, WIDTH)
    assert all(v > 0 for v in found.curves["rmse"]["max"]) and found.best in (0.0, 1.0)


def test_rmse_is_that_of_values_in_0_to_1():
    black, white = -torch.ones(1, 3, 4, 4), torch.ones(1, 3, 4, 4)
    assert clip_protocol.rmse(black, white) == 1
    assert clip_protocol.rmse(white * 0.5, white) == pytest.approx(0.25)


def test_the_light_can_be_that_of_the_clip(animator, tmp_path):
    first = make_clouds(WIDTH)
    fading = write_frames(tmp_path / "dusk", [first * (1 - 0.1 * t) - 0.1 * t for t in range(5)])
    for kind in ("encoded", "random"):
        settings = ClipEvaluationSettings(frames=4, codes=1, search=0, lights=0, light=kind)
        found = clip_protocol.evaluate(animator, fading, settings, WIDTH, WHOLE)
        assert all(0 < v < 1 for v in found.curves["rmse"]["mean"])
    assert found.frames.reference_at == 4, "the last is the darkest"
    assert 0 < found.frames.light_change <= 3


# ------------------------------------------------------------------------------------- the frames


def test_a_clip_is_read_from_its_start_in_its_own_steps(tmp_path):
    levels = torch.linspace(-0.9, 0.9, 21)
    frames = [torch.full((1, 3, 32, 48), float(level)) for level in levels]
    video = tmp_path / "fade.mp4"
    write_sequence(iter(frames), video, OutputSettings(format="mp4"))
    folder = write_frames(tmp_path / "fade", frames)
    settings = ClipEvaluationSettings(frames=3, start=0.5, every=2)
    for path in (video, folder):
        assert is_clip(path)
        clip = clip_frames.load(path, settings, 24)
        seen = [clip.first, *clip.following]
        assert [float(f.mean()) for f in seen] == pytest.approx(levels[10:17:2].tolist(), abs=0.03)
        assert clip.first.shape == (1, 3, 16, 24)
        assert clip.reference_at == 20, "of all later frames, not only those compared"
    assert not is_clip(tmp_path / "lake.png")


def test_a_damaged_frame_is_left_out_and_named(obedient, clouds):
    (clouds / "003.png").write_bytes((clouds / "003.png").read_bytes()[:90])
    found = clip_protocol.evaluate(obedient, clouds, QUICK, WIDTH, WHOLE)
    assert [v is None for v in found.curves["rmse"]["best"]] == [t == 3 for t in range(1, 7)]
    assert found.best == pytest.approx(2 / 3, abs=1e-4), "those after it keep their time"
    assert "003.png" in found.notes[0] and "left out" in found.notes[0]


def test_a_damaged_video_keeps_its_time(tmp_path):
    wide = make_clouds(WIDTH + 64)
    frames = [wide[..., 64 - 2 * t : 160 - 2 * t] for t in range(30)]
    whole, broken = tmp_path / "whole.mp4", tmp_path / "broken.mp4"
    write_key_frames(whole, frames)
    data = bytearray(whole.read_bytes())
    with av.open(str(whole)) as container:
        lost = [packet for packet in container.demux(video=0) if packet.size][14]
    data[lost.pos : lost.pos + lost.size] = b"\xff" * lost.size
    broken.write_bytes(data)
    settings = ClipEvaluationSettings(frames=29)
    clip, damaged = (clip_frames.load(path, settings, WIDTH) for path in (whole, broken))
    assert len(clip.following) == 29 and not clip.notes
    assert [t for t, frame in enumerate(damaged.following, start=1) if frame is None] == [14]
    assert any("frame 14 of 'broken.mp4'" in note for note in damaged.notes)
    for t in range(15, 30):
        torch.testing.assert_close(damaged.following[t - 1], clip.following[t - 1])


def write_key_frames(path, frames):
    """An MP4 in which no frame is predicted from another: damage stays in its own frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"g": "1", "qp": "20"})
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        for frame in frames:
            pixels = to_uint8(frame)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


# ------------------------------------------------------------------------------------------ light


def test_colors_are_those_of_cielab():
    def flat(r, g, b):
        return (torch.tensor([r, g, b]).view(1, 3, 1, 1) * 2 - 1).expand(1, 3, 8, 8)

    assert light.mean_color(flat(1.0, 1.0, 1.0)) == pytest.approx((100, 0, 0), abs=0.02)
    assert light.mean_color(flat(0.0, 0.0, 0.0)) == pytest.approx((0, 0, 0), abs=0.02)
    assert light.mean_color(flat(1.0, 0.0, 0.0)) == pytest.approx((53.24, 80.09, 67.20), abs=0.05)
    found = light.range_of([(50, 3, 4), (20, 0, -30), (90, -1, 2)])
    assert (found["lightness_low"], found["lightness_high"]) == (20, 90)
    assert (found["cold"], found["warm"], found["chroma_high"]) == (-30, 4, 30)


def test_codes_far_apart_hold_the_extremes():
    codes = torch.zeros(50, 2)
    codes[:, 0] = torch.linspace(-1, 1, 50)
    codes[7, 1], codes[31, 1] = 9.0, -9.0
    kept = clip_light.far_apart(codes, 4).tolist()
    assert codes[7].tolist() in kept and codes[31].tolist() in kept and len(kept) == 4
    assert len(clip_light.far_apart(codes, 99)) == 50


def test_global_transfer_takes_means_and_deviations():
    image, other = make_clouds(WIDTH) * 0.5, make_clouds(WIDTH).flip(1) * 0.3 - 0.4
    assert torch.allclose(light.transfer_globally(image, image), image, atol=2e-3)
    near = light.transfer_globally(image, other)
    assert light.mean_color(near) == pytest.approx(light.mean_color(other), abs=1.5)
    assert light.distance(near, other) < 0.5 * light.distance(image, other)
    # what moves by less than a cell of the grid is hardly seen, a change of light is
    moved = make_clouds(WIDTH + 8)
    shifted = light.distance(moved[..., 1:97], moved[..., :96])
    assert shifted < light.distance(moved[..., :96] * 0.5, moved[..., :96])


# --------------------------------------------------------------------------- the perceptual network


def save_vgg16(path, width=4):
    """VGG16 as torchvision saves it, but narrow."""
    weights, channels, number = {}, 3, 0
    maker = torch.Generator().manual_seed(0)
    for count in (2, 2, 3, 3, 3):
        for _ in range(count):
            weights[f"features.{number}.weight"] = torch.randn(
                width, channels, 3, 3, generator=maker
            )
            weights[f"features.{number}.bias"] = torch.zeros(width)
            channels, number = width, number + 2
        number += 1
    torch.save(weights, path)
    return path


def check_distances(network, taps):
    image = make_picture(64, 96)
    found = network(image)
    assert list(found) == taps

    def apart(other):
        return perceptual_distance.distance(found, network(other))

    assert apart(image) == 0
    shifted, other = torch.roll(image, 1, 3), make_clouds(WIDTH)
    assert 0 < apart(shifted) < apart(other) < 1


def test_vgg16_is_read_from_a_file(tmp_path):
    path = save_vgg16(tmp_path / "vgg.pth")
    network, name = perceptual_distance.find(str(path), torch.device("cpu"))
    assert name == "vgg.pth"
    check_distances(network, list(TAPS))


def test_the_distilled_network_is_read_from_a_file(shared):
    path = shared / "data/perceptual/distilled_vgg19_5SE.pth"
    network, name = perceptual_distance.find(str(path), torch.device("cpu"))
    assert name == path.name
    check_distances(network, list(TAPS))


def test_without_weights_there_is_no_distance(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("auto", "none"):
        assert perceptual_distance.find(name, torch.device("cpu")) == (None, "none")
    wrong = tmp_path / "wrong.pth"
    torch.save({"features.0.weight": torch.zeros(3)}, wrong)
    with pytest.raises(BundleError, match="get the file anew"):
        perceptual_distance.find(str(wrong), torch.device("cpu"))
    with pytest.raises(BundleError, match="there is no perceptual network"):
        perceptual_distance.find(str(tmp_path / "nowhere.pth"), torch.device("cpu"))


# ------------------------------------------------------------------------------------- the reports


def test_the_plot_shows_each_curve():
    pytest.importorskip("matplotlib")
    line = plots.Line("nothing moves", [0.1, 0.2, None, 0.3], "#ff0000")
    bars = plots.Line("codes", [0.2] * 4, "#0000ff", False, [0.1] * 4, [0.3] * 4)
    sheet = plots.draw([[plots.Panel("RMSE", [line, bars]), plots.Panel("empty")]])
    assert sheet.shape == (1, 3, plots.SIZE[1], 2 * plots.SIZE[0])
    left = sheet[..., : plots.SIZE[0]]
    for shown in ((1, -1, -1), (-1, -1, 1)):
        far = (left - torch.tensor(shown).view(1, 3, 1, 1)).abs().amax(1)
        assert int((far < 0.2).sum()) > 50


def test_without_matplotlib_no_clip_is_measured_that_is_to_be_drawn(
    clouds, bundle_folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    call = ["evaluate", str(clouds), "--bundle", str(bundle_folder), "--out", str(tmp_path / "o")]
    assert cli.main(call) == 2
    said = capsys.readouterr().err
    assert "matplotlib, which isn't installed" in said and "[evaluate]" in said
    assert len(said.splitlines()) == 1 and not (tmp_path / "o").exists()


def test_the_shell_evaluates_stills_and_clips(clouds, bundle_folder, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    still, out = tmp_path / "lake.png", tmp_path / "out"
    Image.fromarray(to_uint8(make_picture(60, 96))).save(still)
    network = save_vgg16(tmp_path / "vgg.pth")
    arguments = ["evaluate", still, clouds, "--out", out, "--bundle", bundle_folder,
                 "--width", "80", "--codes", "2", "--loops", "1", "--lights", "1",
                 "--steer", "none", "--loop-frames", "4", "--clip-codes", "2",
                 "--clip-frames", "3", "--clip-search", "2", "--clip-lights", "2",
                 "--perceptual", network, "--json"]  # fmt: skip
    assert cli.main(list(map(str, arguments))) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("| clouds")] == ["clouds"] * 2
    report = json.loads(lines[-1])
    (clip,) = report["clips"]
    assert clip["frames"] == 3 and report["stills"][0]["name"] == "lake"
    assert report["perceptual"] == "vgg.pth" and report["clip_settings"]["clip"]["codes"] == 2
    assert json.loads((out / "clips.json").read_text())["clips"] == report["clips"]
    with (out / "clips.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    curve_names = ("still", "mean", "min", "max", "best", "encoded")
    columns = [f"{m}_{c}" for m in ("rmse", "perceptual") for c in curve_names]
    assert list(rows[0]) == ["clip", "frame", *columns]
    assert [(row["clip"], row["frame"]) for row in rows] == [("clouds", str(t)) for t in (1, 2, 3)]
    assert all(float(row[c]) > 0 for row in rows for c in columns)
    assert {p.name for p in out.iterdir()} == {
        "evaluation.json", "evaluation.csv", "evaluation.png", *clip_report.FILES,
    }  # fmt: skip


def test_the_longest_clips_have_a_mean(obedient, clouds, tmp_path):
    short = write_frames(tmp_path / "short", [make_clouds(WIDTH), make_clouds(WIDTH) * 0.9])
    names = sorted(clouds.iterdir())
    mirrored = write_frames(tmp_path / "mirrored", [load_image(p).flip(3) for p in names])
    paths = (clouds, short, mirrored)
    found = [clip_protocol.evaluate(obedient, p, QUICK, WIDTH, WHOLE) for p in paths]
    mean = clip_protocol.mean_curves(found)["rmse"]["best"]
    one, _, two = (clip.curves["rmse"]["best"] for clip in found)
    assert mean == pytest.approx([(a + b) / 2 for a, b in zip(one, two, strict=True)])
    rows = clip_report.comma_separated(found).splitlines()[1:]
    names = ["clouds"] * 6 + ["short"] + ["mirrored"] * 6 + ["mean"] * 6
    assert [row.split(",")[0] for row in rows] == names
    assert clip_report.tables(found).count("\n| mean ") == 2
    assert clip_report.draw(found).shape[2] > 200
    pytest.importorskip("matplotlib")
    assert clip_report.plot(found).shape == (1, 3, 4 * plots.SIZE[1], plots.SIZE[0])


# --------------------------------------------------------------------------------------- bad input


def one_frame(folder):
    return write_frames(folder / "clip", [make_clouds(WIDTH)])


def nothing(folder):
    return write_frames(folder / "clip", [])


def mixed_sizes(folder):
    return write_frames(folder / "clip", [make_clouds(96), make_clouds(96), make_clouds(80)])


def all_damaged(folder):
    clip = write_frames(folder / "clip", [make_clouds(WIDTH)] * 2)
    (clip / "001.png").write_text("no picture")
    return clip


def no_video(folder):
    (folder / "clip.mp4").write_text("no video")
    return folder / "clip.mp4"


@pytest.mark.parametrize(
    "make, says",
    [
        (one_frame, "holds 1 frames; expected a video, or a folder"),
        (nothing, "holds 0 frames"),
        (mixed_sizes, "frame 2 of"),
        (all_damaged, "holds 1 frames that can be read"),
        (no_video, "can't be read as a video"),
        (lambda folder: folder / "nowhere.mp4", "doesn't exist"),
    ],
)
def test_a_clip_that_is_no_use_is_refused_in_one_line(make, says, bundle_folder, tmp_path, capsys):
    clip, out = make(tmp_path), tmp_path / "out"
    arguments = ["evaluate", str(clip), "--out", str(out), "--bundle", str(bundle_folder)]
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    assert says in said and len(said.splitlines()) == 1
    assert not out.exists()


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["--clip-frames", "0"], "--clip-frames is 0"),
        (["--clip-start", "1"], "--clip-start is 1"),
        (["--clip-speed", "0"], "--clip-speed is 0"),
        (["--clip-codes", "0"], "--clip-codes is 0"),
        (["--perceptual", "nowhere.pth"], "there is no perceptual network nowhere.pth"),
        (["--clip-start", "0.99"], "after --clip-start 0.99"),
    ],
)
def test_settings_of_clips_are_refused_in_one_line(arguments, says, clouds, bundle_folder, capsys):
    assert cli.main(["evaluate", str(clouds), "--bundle", str(bundle_folder), *arguments]) == 2
    said = capsys.readouterr().err
    assert says in said and len(said.splitlines()) == 1


def test_a_start_beyond_the_clip_is_named(clouds):
    with pytest.raises(PictureError, match="holds 1 frames after --clip-start 0.9"):
        clip_frames.load(clouds, ClipEvaluationSettings(start=0.9), 64)
