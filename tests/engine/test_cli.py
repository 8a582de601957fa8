"""The shell: flags follow the settings, bad input gets one line and leaves nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys

import av
import numpy as np
import pytest
import torch
from PIL import Image

from landscape_engine import settings
from landscape_engine.images import to_uint8
from landscape_engine.settings import documents
from landscape_engine.shell import cli, flags, parsers
from tests.conftest import make_picture

FLAGS = (
    "--bundle --frames --motion --motion-code --motion-speed --loop --loop-frames --appearance "
    "--appearance-code --appearance-cycles --size --seed --device --format --fps --save-motion "
    "--json"
).split()


@pytest.fixture
def lake(tmp_path):
    path = tmp_path / "in" / "lake.png"
    path.parent.mkdir()
    Image.fromarray(to_uint8(make_picture(90, 160))).save(path)
    return path


@pytest.fixture
def run(bundle_folder, lake, tmp_path, capsys):
    """Run a command in this process; gives (exit code, stdout, stderr)."""

    def call(*arguments, picture=lake, out=tmp_path / "out"):
        code = cli.main(
            ["animate", str(picture), "--out", str(out), "--bundle", str(bundle_folder)]
            + [str(a) for a in arguments]
        )
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def left(tmp_path):
    return sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())


def test_every_flag_is_there(capsys):
    with pytest.raises(SystemExit):
        cli.main(["animate", "--help"])
    text = capsys.readouterr().out
    for flag in FLAGS:
        assert f"{flag} " in text or f"{flag}]" in text


def test_flags_give_the_settings_back():
    options = parsers.build().parse_args(["animate", "a.jpg", "--out", "b"])
    for kind in documents.GROUPS.values():
        assert flags.settings_from(options, kind) == kind()
        for field in dataclasses.fields(kind):
            assert field.metadata["help"]


def test_help_does_not_load_torch():
    program = (
        "import sys; from landscape_engine.shell import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    )
    assert (
        "animate"
        in subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        ).stdout
    )


def test_a_run_reports_enough_to_repeat_it(run, tmp_path):
    short = ("--frames", 6, "--loop-frames", 3)
    code, out, err = run(*short, "--motion-code", "random", "--seed", 4, "--json")
    assert code == 0, err
    report = json.loads(out.splitlines()[-1])
    assert report["frames"] == 6 and report["device"] == "cpu"
    assert [p.split(os.sep)[-1] for p in report["paths"]] == [f"{n:04}.png" for n in range(1, 7)]
    assert report["settings"]["clip"]["seed"] == 4
    assert {"read", "load", "predict", "motion", "render", "total"} <= set(report["seconds"])
    for name, codes in (
        ("motion", report["codes"]["motion"]),
        ("appearance", report["codes"]["appearance"]),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(codes))
    again = ("--motion-code", tmp_path / "motion.json", "--appearance-code",
             tmp_path / "appearance.json")  # fmt: skip
    assert run(*short, *again, out=tmp_path / "again")[0] == 0
    for n in range(1, 7):
        one, other = (tmp_path / d / f"{n:04}.png" for d in ("out", "again"))
        assert one.read_bytes() == other.read_bytes()


def test_a_reported_job_can_be_run_again(run, lake, tmp_path, capsys):
    code, out, err = run("--frames", 4, "--seed", 3, "--json")
    assert code == 0, err
    job = json.loads(out.splitlines()[-1])["job"]
    (tmp_path / "job.json").write_text(json.dumps(job))
    bundle = ["--bundle", str(tmp_path / "nowhere")]
    again = ["animate", "--job", str(tmp_path / "job.json"), "--out", str(tmp_path / "again")]
    assert cli.main([*again, *bundle]) == 2, "flags are heard beside a job"
    options = cli.parse([*again, "--frames", "2"])
    assert str(options.picture) == str(lake)
    assert flags.settings_from(options, settings.ClipSettings).frames == 2
    assert flags.settings_from(options, settings.ClipSettings).seed == 3


def test_a_job_with_an_unknown_field_is_refused(tmp_path, capsys):
    path = tmp_path / "job.json"
    path.write_text('{"version": 1, "motion": {"sped": 2}}')
    assert cli.main(["animate", "--job", str(path)]) == 2
    assert "motion.sped" in capsys.readouterr().err


def test_the_same_settings_give_the_same_bytes(run, tmp_path):
    for name in ("a.mp4", "b.mp4"):
        assert run("--frames", 4, out=tmp_path / name)[0] == 0
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_size_and_video(run, tmp_path):
    code, out, _ = run("--frames", 5, "--size", "64x48", "--fps", 12, "--json",
                       out=tmp_path / "v.mp4")  # fmt: skip
    assert code == 0
    with av.open(str(tmp_path / "v.mp4")) as video:
        assert video.streams.video[0].average_rate == 12
        sizes = [(f.width, f.height) for f in video.decode(video=0)]
    assert sizes == [(64, 48)] * 5


def test_save_motion_is_one_step_in_pixels(run, tmp_path):
    path = tmp_path / "field.npy"
    code, _, err = run("--frames", 2, "--loop", "none", "--appearance", "off", "--motion",
                       "recurrent", "--save-motion", path)  # fmt: skip
    assert code == 0, err
    field = np.load(path)
    assert field.shape == (2, 90, 160) and field.dtype == np.float32
    first, second = (
        np.asarray(Image.open(tmp_path / "out" / f"000{n}.png")).astype(float) for n in (1, 2)
    )
    y, x = np.mgrid[0:90, 0:160].astype(np.float32)
    import cv2

    warped = cv2.remap(first, x + field[0], y + field[1], cv2.INTER_LINEAR)
    inner = (slice(5, -5), slice(5, -5))
    assert np.abs(field).max() > 0.01
    assert np.abs(warped[inner] - second[inner]).mean() < 0.6


def test_a_clip_that_is_no_whole_loop_is_said_so(run):
    assert "no whole number of loops" in run("--frames", 5, "--loop-frames", 3)[2]


def test_the_usual_period_divides_the_clip():
    assert settings.usual_period(1010) == 101
    assert settings.usual_period(400) == 100
    assert settings.usual_period(2000) == 100
    assert settings.usual_period(60) == 60
    assert settings.usual_period(30) == 30


def test_demo_and_codebook(bundle_folder, tmp_path, capsys, lake):
    code = cli.main(["demo", "--out", str(tmp_path / "demo"), "--bundle", str(bundle_folder),
                     "--frames", "3", "--size", "96x54"])  # fmt: skip
    assert code == 0
    said = capsys.readouterr().out.split()
    assert [s.split(os.sep)[-1] for s in said] == ["landscape.mp4", "poster.jpg"]
    assert all(os.path.getsize(s) > 500 for s in said)
    sheet = tmp_path / "sheet.png"
    assert cli.main(["codebook", str(lake), "--out", str(sheet), "--bundle", str(bundle_folder),
                     "--rows", "2"]) == 0  # fmt: skip
    with Image.open(sheet) as drawn:
        assert drawn.size[0] > 1000
    own = tmp_path / "own.png"
    assert cli.main(["codebook", "--out", str(own), "--bundle", str(bundle_folder),
                     "--rows", "1"]) == 0  # fmt: skip
    with Image.open(own) as drawn:
        assert np.asarray(drawn)[30:200, 10:200].std() > 10, "a scene of the bundle's own"


# ------------------------------------------------------------------ bad input


def one_line(err: str) -> str:
    lines = [x for x in err.splitlines() if x.strip()]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    return lines[0]


def write(path, data):
    path.write_bytes(data)
    return path


def truncated_png(lake, tmp_path):
    return write(tmp_path / "in" / "cut.png", lake.read_bytes()[:-200])


def small(tmp_path, size):
    path = tmp_path / "in" / f"{size[0]}.png"
    Image.new("RGB", size).save(path)
    return path


def nan_exr(tmp_path):
    import OpenEXR

    path = tmp_path / "in" / "nan.exr"
    pixels = np.ones((32, 48, 3), np.float32)
    pixels[3, 4] = np.nan
    with OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": pixels}) as file:
        file.write(str(path))
    return path


PICTURES = {
    "missing": lambda lake, t: t / "in" / "nowhere.jpg",
    "text": lambda lake, t: write(t / "in" / "text.jpg", b"not a picture at all"),
    "truncated": truncated_png,
    "empty": lambda lake, t: write(t / "in" / "empty.png", b""),
    "1x1": lambda lake, t: small(t, (1, 1)),
    "20000x3": lambda lake, t: small(t, (20000, 3)),
    "a folder": lambda lake, t: t / "in",
    "NaN": lambda lake, t: nan_exr(t),
}


@pytest.mark.parametrize("make", PICTURES.values(), ids=PICTURES)
def test_bad_pictures_get_one_line_and_leave_nothing(run, lake, tmp_path, make):
    picture = make(lake, tmp_path)
    before = left(tmp_path)
    code, out, err = run("--frames", 2, picture=picture)
    assert code == 2 and not out
    assert str(picture.name) in one_line(err)
    assert left(tmp_path) == before


@pytest.mark.parametrize(
    "arguments, word",
    [
        (["--frames", "-5"], "--frames is -5"),
        (["--frames", "0"], "--frames is 0"),
        (["--frames", "many"], "no whole number"),
        (["--frames", "9" * 30], "to 1000000"),
        (["--loop-frames", "9" * 30], "to 1000000"),
        (["--appearance-codes", "9" * 30], "to 1000000"),
        (["--ripple", "1e300"], "--ripple"),
        (["--motion-speed", "0"], "--motion-speed is 0"),
        (["--motion-speed", "nan"], "--motion-speed"),
        (["--motion-code", "2"], "from 0 to 1"),
        (["--motion-code", "nothing.json"], "no number"),
        (["--appearance-cycles", "0"], "--appearance-cycles"),
        (["--size", "huge"], "expected WIDTHxHEIGHT"),
        (["--size", "0x5"], "sides of"),
        (["--fps", "0"], "--fps"),
        (["--format", "avi"], "avi"),
        (["--loop-frames", "1"], "--loop-frames"),
        (["--device", "tpu"], "tpu"),
        (["--bundle", "/nowhere"], "no such folder"),
        (["--save-motion", "field.txt"], "expected .npy"),
        (["--arrow", "left"], "x0,y0,x1,y1"),
        (["--arrow", "0.5,0.5,0.5,0.5"], "no length"),
        (["--arrow", "0.5,0.5,1.5,0.5"], "leaves the picture"),
        (["--patch", "1.5,0.2,0.1,#ff8040"], "outside the picture"),
        (["--still-mask", __file__], "not a picture"),
        (["--region", __file__], "can't be read as JSON"),
        (["--job", __file__], "can't be read as a JSON document"),
        (["--appearance-key", "1=0.1", "--appearance-key", "0=0.4"], "order of their frames"),
        (["--appearance-key", "7=0.1"], "outside the light's cycle"),
        (["--appearance-key", "1=7"], "the appearance code is 7"),
        (["--appearance-key", "1=random"], "'random' names a whole day"),
        (["--seed", str(2**64)], "--seed is 18446744073709551616; expected 0 to"),
        (["--appearance-code", "predict"], "code LSTM"),
    ],
)
def test_bad_settings_get_one_line_and_leave_nothing(run, tmp_path, arguments, word, capsys):
    before = left(tmp_path)
    try:
        code, _, err = run("--frames", 2, *arguments)
    except SystemExit as ended:
        code, err = ended.code, capsys.readouterr().err
    assert code == 2
    assert word in one_line(err)
    assert left(tmp_path) == before


@pytest.mark.parametrize(
    "arguments, word",
    [
        (["import-authors", "{}/nowhere", "--out", "{}/bundle"], "nowhere"),
        (["codebook", "{}/in/lake.png", "--out", "{}/sheet.png", "--rows", "0"], "--rows is 0"),
        (["codebook", "{}/in/lake.png", "--out", "{}/sheet.txt"], "expected .png"),
        (["fit", "{}/in/lake.png", "--out", "{}/code.json"], "expected one kind"),
        (["evaluate", "{}/nowhere.png", "--out", "{}/evaluation"], "doesn't exist"),
        (["train", "motion", "--run", "{}/r", "--bundle", "{}/b", "--photos", "{}/in"], "regions"),
        (["train", "appearance", "--run", "{}/r", "--bundle", "{}/b", "--clips", "{}/no"], "clips"),
    ],
    ids=lambda a: " ".join(a[:2]) if isinstance(a, list) else None,
)
def test_every_command_refuses_in_one_line(lake, tmp_path, arguments, word, capsys):
    before = left(tmp_path)
    assert cli.main([a.format(tmp_path) for a in arguments]) == 2
    assert word in one_line(capsys.readouterr().err)
    assert left(tmp_path) == before


@pytest.mark.parametrize("name, word", [("v.avi", "avi"), ("in/lake.png/x", ""), ("in", "holds")])
def test_bad_targets(run, tmp_path, name, word):
    before = left(tmp_path)
    code, _, err = run("--frames", 2, out=tmp_path / name)
    assert code == 2
    assert word in one_line(err)
    assert left(tmp_path) == before


def test_zero_motion_is_not_asked_for_by_torch():
    # a guard of the fixture: the tiny bundle must move something, or the tests above prove nothing
    from landscape_engine.animator import Animator
    from landscape_engine.settings import MotionSettings
    from tests.conftest import make_bundle

    animator = Animator(make_bundle(), torch.device("cpu"))
    lake = animator.look_at(make_picture(90, 160))
    step = animator.move(lake, MotionSettings(code="0.5")).step
    assert float(step.abs().max()) > 1e-4
