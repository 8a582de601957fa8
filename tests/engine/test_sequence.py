"""Facts about frames on their way to the disk."""

import os
import threading
import time
from fractions import Fraction

import av
import numpy as np
import pytest
import torch

from landscape_engine.errors import OutputError
from landscape_engine.images import load_image, to_uint8, to_uint16
from landscape_engine.sequence import (
    check_target,
    folder,
    resolve_format,
    video,
    write_sequence,
    writer,
)
from landscape_engine.settings import OutputSettings

VIDEOS = ["mp4", "webm", "gif"]
FOLDERS = ["png", "png16", "exr"]


def make_frames(count, width=64, height=36, channels=3):
    """A smooth, slowly moving gradient in different colors; alpha is a ramp."""
    x, y = torch.meshgrid(
        torch.linspace(-1, 1, width), torch.linspace(-1, 1, height), indexing="xy"
    )
    for index in range(count):
        red = torch.sin(2 * x + 0.2 * index) * 0.9
        yield torch.stack([red, y * 0.8, x * y * 0.5 - 0.3, x][:channels])[None]


def fill(color, count=3, width=64, height=36):
    for _ in range(count):
        yield (torch.tensor(color) / 127.5 - 1).view(1, -1, 1, 1).expand(1, -1, height, width)


def make_target(folder, format):
    return folder / (f"clip.{format}" if format in VIDEOS else "clip")


def write(frames, target, format, **options):
    return write_sequence(frames, target, OutputSettings(format=format, **options))


def decode(path):
    # Spelled out, because PyAV 14 otherwise reads BT.709 files by another matrix.
    tags = {"src_colorspace": "ITU709", "dst_colorspace": "ITU709"}
    tags |= {"src_color_range": "MPEG", "dst_color_range": "JPEG"}
    if path.suffix == ".gif":
        tags = {}
    with av.open(str(path)) as container:
        return [f.to_ndarray(format="rgb24", **tags) for f in container.decode(video=0)]


def refuse(call, *words):
    with pytest.raises(OutputError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message and message.endswith(".")
    for word in words:
        assert word in message, message


# --------------------------------------------------------------------------------- what is written


@pytest.mark.parametrize("format", ["png", "png16"])
@pytest.mark.parametrize("channels", [3, 4])
def test_png_frames_hold_the_frames_exactly(tmp_path, format, channels):
    frames = list(make_frames(3, channels=channels))
    written = write(frames, tmp_path / "new" / "clip", format)
    assert [path.name for path in written.paths] == ["0001.png", "0002.png", "0003.png"]
    assert (written.frames, written.width, written.height) == (3, 64, 36)
    assert written.format == format and written.notes == ()
    turn = to_uint8 if format == "png" else to_uint16
    for path, frame in zip(written.paths, frames, strict=True):
        np.testing.assert_array_equal(turn(load_image(path)), turn(frame))
    assert os.listdir(tmp_path / "new") == ["clip"]


@pytest.mark.parametrize("channels", [3, 4])
def test_exr_frames_keep_light_above_white_and_alpha(tmp_path, channels):
    frames = [frame + 1.5 for frame in make_frames(2, channels=3)]
    if channels == 4:
        frames = [torch.cat([f, torch.full_like(f[:, :1], 0.5)], 1) for f in frames]
    written = write(frames, tmp_path / "clip", "exr")
    for path, frame in zip(written.paths, frames, strict=True):
        torch.testing.assert_close(load_image(path), frame, rtol=1e-3, atol=1e-3)


def test_names_are_as_wide_as_the_count(tmp_path, monkeypatch):
    written = write_sequence(make_frames(1, 4, 4), tmp_path / "a", count=12345)
    assert written.paths[0].name == "00001.png"
    monkeypatch.setattr(folder.FrameFolder, "encode", lambda self, index, pixels: (
        self._folder / self._name(index, self._digits)).touch())  # fmt: skip
    frame = torch.zeros(1, 3, 2, 2)
    written = write_sequence((frame for _ in range(10001)), tmp_path / "b")
    assert sorted(os.listdir(tmp_path / "b")) == [path.name for path in written.paths]
    assert written.paths[0].name == "00001.png" and written.paths[-1].name == "10001.png"


@pytest.mark.parametrize("format", VIDEOS)
@pytest.mark.parametrize(("count", "width", "height"), [(1, 64, 36), (9, 63, 37), (40, 32, 16)])
def test_video_has_every_frame(tmp_path, format, count, width, height):
    written = write(make_frames(count, width, height), tmp_path / f"a.{format}", format)
    found = decode(written.paths[0])
    assert len(found) == count == written.frames
    assert found[0].shape == (written.height, written.width, 3)
    if format == "mp4" and width % 2:
        assert (written.width, written.height) == (64, 38) and "padded" in written.notes[0]
    else:
        assert (written.width, written.height) == (width, height) and written.notes == ()
    assert os.listdir(tmp_path) == [f"a.{format}"]


@pytest.mark.parametrize("format", VIDEOS)
def test_still_frames_are_not_dropped(tmp_path, format):
    write(fill((90.0, 160.0, 30.0), 12), tmp_path / f"a.{format}", format)
    assert len(decode(tmp_path / f"a.{format}")) == 12


@pytest.mark.parametrize("fps", [12, 29.97, 23.976, 30, 59.94, 120])
def test_mp4_runs_at_a_constant_rate_and_loops_exactly(tmp_path, fps):
    write(make_frames(10), tmp_path / "a.mp4", "mp4", fps=fps)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate
        assert abs(rate - Fraction(fps)) < 0.001 and stream.frames == 10
        times = [frame.pts * frame.time_base for frame in container.decode(stream)]
        assert times == [index / rate for index in range(10)]
        assert stream.duration * stream.time_base == 10 / rate


def test_ntsc_rates_are_exact():
    assert video.frame_rate(29.97) == Fraction(30000, 1001)
    assert video.frame_rate(23.98) == Fraction(24000, 1001)
    assert video.frame_rate(24) == 24 and video.frame_rate(12.5) == Fraction(25, 2)
    assert video.frame_rate(1e-9) > 0


@pytest.mark.parametrize(("fps", "cs"), [(25, 40), (30, 33), (50, 20), (240, 20)])
def test_gif_loops_for_ever_at_its_rate(tmp_path, fps, cs):
    written = write(make_frames(10), tmp_path / "a.gif", "gif", fps=fps)
    assert bool(written.notes) == (fps > 50)
    data = (tmp_path / "a.gif").read_bytes()
    assert b"NETSCAPE2.0\x03\x01\x00\x00" in data
    with av.open(str(tmp_path / "a.gif")) as container:
        durations = [packet.duration for packet in container.demux(video=0) if packet.size]
        assert len(durations) == 10 and abs(sum(durations) - cs) <= 1


@pytest.mark.parametrize("format", ["mp4", "webm"])
def test_decoded_video_looks_like_the_frames(tmp_path, format):
    frames = list(make_frames(6, 160, 90))
    write(frames, tmp_path / f"a.{format}", format)
    for found, frame in zip(decode(tmp_path / f"a.{format}"), frames, strict=True):
        error = np.square(found.astype(float) - to_uint8(frame)).mean()
        assert 10 * np.log10(255**2 / error) > 30


@pytest.mark.parametrize("format", VIDEOS)
@pytest.mark.parametrize("color", [(255, 0, 0), (0, 180, 0), (20, 40, 230), (200, 200, 200)])
def test_solid_colors_stay(tmp_path, format, color):
    """A picture converted by BT.601 and tagged BT.709, or the other way round, is off by 20."""
    write(fill(color), tmp_path / f"a.{format}", format)
    with av.open(str(tmp_path / f"a.{format}")) as container:
        for frame in container.decode(video=0):
            if format != "gif":
                assert (frame.colorspace, frame.color_range) == (1, 1)  # BT.709, limited
                # The arithmetic by hand: to_ndarray would not look at the tags of old FFmpegs.
                planes = [float(np.frombuffer(p, np.uint8)[0]) for p in frame.planes[:3]]
                luma = (planes[0] - 16) / 219
                blue, red = ((plane - 128) / 224 for plane in planes[1:])
                found = [luma + 1.5748 * red, luma - 0.1873 * blue - 0.4681 * red,
                         luma + 1.8556 * blue]  # fmt: skip
                found = np.clip(np.array(found) * 255, 0, 255)
            else:
                found = frame.to_ndarray(format="rgb24")[5, 5].astype(float)
            assert np.abs(found - color).max() <= 4


def test_webm_keeps_alpha(tmp_path):
    frames = list(make_frames(4, channels=4))
    written = write(frames, tmp_path / "a.webm", "webm")
    assert written.notes == ()
    with av.open(str(tmp_path / "a.webm")) as container:
        stream = container.streams.video[0]
        decoder = av.CodecContext.create("libvpx-vp9", "r")  # FFmpeg's own decoder ignores alpha
        found = [f for packet in container.demux(stream) for f in decoder.decode(packet)]
    assert len(found) == 4 and found[0].format.name == "yuva420p"
    alpha = found[2].to_ndarray(format="rgba")[..., 3].astype(int)
    assert np.abs(alpha - to_uint8(frames[2])[..., 3]).mean() < 4


@pytest.mark.parametrize("format", ["mp4", "gif"])
def test_lost_alpha_is_said(tmp_path, format):
    written = write(make_frames(2, channels=4), tmp_path / f"a.{format}", format)
    assert "no alpha" in written.notes[0]


def test_index_of_an_mp4_comes_first(tmp_path):
    write(make_frames(3), tmp_path / "a.mp4", "mp4")
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert b"elst" not in data


@pytest.mark.parametrize("format", [*VIDEOS, *FOLDERS])
def test_same_frames_give_same_bytes(tmp_path, format):
    found = []
    for name in ("a", "b"):
        target = make_target(tmp_path / name, format)
        written = write(make_frames(5, 130, 70), target, format)
        found.append([path.read_bytes() for path in written.paths])
    assert found[0] == found[1]


def test_frames_are_drawn_only_as_they_are_needed(tmp_path, monkeypatch):
    encoded = []

    def encode_slowly(self, index, pixels):
        time.sleep(0.005)
        encoded.append(index)

    monkeypatch.setattr(folder.FrameFolder, "encode", encode_slowly)

    def draw():
        for index, frame in enumerate(make_frames(30, 4, 4)):
            assert index + 1 - len(encoded) <= writer.WAITING_FRAMES + 1
            yield frame

    assert write_sequence(draw(), tmp_path / "a").frames == 30 == len(encoded)


def test_a_frame_may_be_reused_by_its_maker(tmp_path):
    def reuse():
        frame = torch.empty(1, 3, 4, 4)
        for level in (0, 100, 200):
            yield frame.fill_(level / 127.5 - 1)

    written = write_sequence(reuse(), tmp_path / "a")
    assert [int(to_uint8(frame)[0, 0, 0]) for frame in map(_load_tiny, written.paths)] == [
        0,
        100,
        200,
    ]


def _load_tiny(path):
    import cv2

    return torch.from_numpy(cv2.imread(str(path)).astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[
        None
    ]


# ------------------------------------------------------------------------------- target and format


@pytest.mark.parametrize(
    ("target", "format", "expected"),
    [
        ("a.mp4", None, "mp4"), ("A.WEBM", None, "webm"), ("a.gif", "gif", "gif"),
        ("frames", None, "png"), ("frames", "exr", "exr"), ("lake.v2", None, "png"),
        ("lake", "mp4", "mp4"),
    ],
)  # fmt: skip
def test_format_comes_from_the_setting_or_the_ending(target, format, expected):
    assert resolve_format(target, OutputSettings(format=format)) == expected


@pytest.mark.parametrize(
    ("target", "format", "words"),
    [
        ("a.mp4", "webm", ["'.mp4'", "--format is webm"]),
        ("a.gif", "png", ["--format is png"]),
        ("a.avi", None, ["'.avi'", "can't be written", ".mp4"]),
        ("a.mkv", "mp4", ["'.mkv'"]),
        ("a.jpg", None, ["'.jpg'"]),
        ("a.png", None, ["names one picture", "folder"]),
        ("a.exr", "exr", ["names one picture", "folder"]),
    ],
)
def test_endings_that_dont_fit_are_refused(tmp_path, target, format, words):
    refuse(lambda: check_target(tmp_path / target, OutputSettings(format=format)), *words)
    assert not os.listdir(tmp_path)


def test_targets_of_the_wrong_kind_are_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder.mp4").mkdir()
    refuse(lambda: check_target(tmp_path / "file", OutputSettings()), "is a file")
    refuse(lambda: check_target(tmp_path / "folder.mp4", OutputSettings()), "is a folder")
    refuse(lambda: check_target(f"{tmp_path}/a/", OutputSettings(format="mp4")), "is a folder")
    for name in ("file/clip", "file/deep/a.mp4"):
        refuse(lambda name=name: check_target(tmp_path / name, OutputSettings()), "which is a file")
    refuse(lambda: check_target("", OutputSettings(format="mp4")), "expected a file")
    refuse(lambda: check_target("a\0b", OutputSettings()), "no usable name")
    assert (tmp_path / "file").read_text() == "mine"


def test_checking_makes_nothing(tmp_path):
    check_target(tmp_path / "new" / "clip", OutputSettings())
    check_target(tmp_path / "new" / "clip.mp4", OutputSettings())
    assert not os.listdir(tmp_path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device here")
def test_devices_are_refused():
    refuse(lambda: check_target("/dev/full", OutputSettings(format="mp4")), "not a regular file")
    refuse(lambda: check_target("/dev/full", OutputSettings()), "is a file")


def test_circular_links_are_refused(tmp_path):
    try:
        (tmp_path / "a").symlink_to(tmp_path / "b")
        (tmp_path / "b").symlink_to(tmp_path / "a")
    except OSError:
        pytest.skip("no links here")
    refuse(lambda: check_target(tmp_path / "a", OutputSettings()))


def test_unwritable_places_are_refused_early(tmp_path, monkeypatch):
    (tmp_path / "clip").mkdir()
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    for name in ("clip", "new", "a.mp4", "deep/new/a.gif"):
        refuse(
            lambda name=name: check_target(tmp_path / name, OutputSettings()), "permission denied"
        )


@pytest.mark.parametrize("name", ["holiday.jpg", "0001.jpg", "001.png", ".hidden", "0001.png.bak"])
def test_folder_with_other_things_is_left_alone(tmp_path, name):
    (tmp_path / "0001.png").write_text("mine")
    (tmp_path / name).write_text("mine")
    refuse(lambda: write_sequence(make_frames(2), tmp_path), "holds other things", name)
    assert (tmp_path / name).read_text() == "mine" and len(os.listdir(tmp_path)) == 2


def test_folder_named_like_a_frame_is_no_frame(tmp_path):
    (tmp_path / "0001.png").mkdir()
    refuse(lambda: check_target(tmp_path, OutputSettings()), "holds other things")


# ----------------------------------------------------------------------- replacing and not leaving


@pytest.mark.parametrize("stays", [False, True])
def test_earlier_sequence_is_replaced_whole(tmp_path, monkeypatch, stays):
    target = tmp_path / "clip"
    write(make_frames(5), target, "exr")
    (target / ".DS_Store").touch()
    if stays:  # as where the folder is a mounted disk
        monkeypatch.setattr(folder, "_must_stay", lambda _: True)
    written = write(make_frames(2), target, "png")
    left = sorted(set(os.listdir(target)) - {".DS_Store"})
    assert left == ["0001.png", "0002.png"] and os.listdir(tmp_path) == ["clip"]
    assert all(path.exists() for path in written.paths)


def test_working_folder_can_be_the_target(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        write_sequence(make_frames(2), ".")
    assert sorted(os.listdir(".")) == ["0001.png", "0002.png"]


def test_folder_that_cant_be_renamed_gets_its_files_one_by_one(tmp_path, monkeypatch):
    target = tmp_path / "clip"
    write_sequence(make_frames(5), target)
    rename = folder.Path.rename

    def refuse_folders(self, goal):
        if self == target:
            raise PermissionError(13, "in use")
        return rename(self, goal)

    monkeypatch.setattr(folder.Path, "rename", refuse_folders)
    write_sequence(make_frames(2), target)
    assert sorted(os.listdir(target)) == ["0001.png", "0002.png"]
    assert os.listdir(tmp_path) == ["clip"]


def test_link_to_a_folder_stays_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    try:
        (tmp_path / "clip").symlink_to(tmp_path / "disk")
    except OSError:
        pytest.skip("no links here")
    written = write_sequence(make_frames(2), tmp_path / "clip")
    assert (tmp_path / "clip").is_symlink() and len(os.listdir(tmp_path / "disk")) == 2
    assert written.paths[0] == tmp_path / "clip" / "0001.png"


class Interruption(Exception):
    pass


@pytest.mark.parametrize("format", [*VIDEOS, *FOLDERS])
@pytest.mark.parametrize("error", [Interruption, KeyboardInterrupt, GeneratorExit, OSError])
def test_interruption_leaves_everything_as_it_was(tmp_path, format, error):
    def interrupt():
        yield from make_frames(6)
        raise error("stop")

    threads = threading.active_count()
    with pytest.raises(error):
        write(interrupt(), make_target(tmp_path / "deep" / "new", format), format)
    assert not os.listdir(tmp_path) and threading.active_count() == threads

    target = make_target(tmp_path, format)
    earlier = [path.read_bytes() for path in write(make_frames(2), target, format).paths]
    with pytest.raises(error):
        write(interrupt(), target, format)
    assert os.listdir(tmp_path) == [target.name]
    files = sorted(target.iterdir()) if target.is_dir() else [target]
    assert [path.read_bytes() for path in files] == earlier


@pytest.mark.parametrize("format", ["png", "mp4"])
def test_no_frames_write_nothing(tmp_path, format):
    refuse(lambda: write([], make_target(tmp_path / "new", format), format), "no frames")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("format", ["png", "mp4", "gif"])
def test_frames_that_change_size_are_refused(tmp_path, format):
    frames = [torch.zeros(1, 3, 36, 64), torch.zeros(1, 3, 36, 62)]
    refuse(
        lambda: write(frames, make_target(tmp_path, format), format), "Frame 2", "62×36", "64×36"
    )
    frames[1] = torch.zeros(1, 4, 36, 64)
    refuse(lambda: write(frames, make_target(tmp_path, format), format), "4 channels")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("step", ["encode", "finish"])
@pytest.mark.parametrize(("kind", "format"), [(folder.FrameFolder, "png"), (video.Video, "mp4")])
def test_full_disk_is_named(tmp_path, monkeypatch, step, kind, format):
    def fill_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kind, step, fill_disk)
    target = make_target(tmp_path / "new", format)
    refuse(lambda: write(make_frames(20), target, format), "disk full", "free some space")
    assert not os.listdir(tmp_path)


def make_noise(count):
    generator = torch.Generator().manual_seed(0)
    for _ in range(count):
        yield torch.rand(1, 3, 90, 160, generator=generator) * 2 - 1


@pytest.mark.parametrize("format", [*VIDEOS, *FOLDERS])
@pytest.mark.parametrize("missing_bytes", [100, 100_000])
def test_a_disk_that_is_really_full_is_named(tmp_path, small_disk, format, missing_bytes):
    """Wherever it happens: among the frames, or in the last write of an index."""
    paths = write(make_noise(6), make_target(tmp_path, format), format).paths
    page = os.sysconf("SC_PAGE_SIZE")
    needed = sum(-(-path.stat().st_size // page) * page for path in paths)
    free = os.statvfs(small_disk).f_bavail * page
    assert free > needed, "the frames should just not fit"
    room = (needed - missing_bytes) // page * page
    with open(small_disk / "other", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - max(room, page))
    refuse(lambda: write(make_noise(6), make_target(small_disk, format), format), "disk full")
    assert os.listdir(small_disk) == ["other"]


def test_what_the_encoder_refuses_is_our_error(tmp_path, monkeypatch):
    def refuse_frame(*_):
        raise av.InvalidDataError(1, "no\nsuch frame", "x")

    monkeypatch.setattr(video.Video, "encode", refuse_frame)
    refuse(lambda: write(make_frames(9), tmp_path / "a.mp4", "mp4"), "can't be encoded")
    assert not os.listdir(tmp_path)
