"""Facts about frames on their way to the disk."""

import os
import time
import weakref
from fractions import Fraction

import av
import numpy as np
import pytest
import torch

from landscape_engine.images import load_image, to_uint8, to_uint16
from landscape_engine.sequence import folder, video, write_sequence, writer
from landscape_engine.sequence.dither import dithered
from landscape_engine.shell import bars
from tests.engine.clips import (
    FOLDERS,
    VIDEOS,
    decode,
    fill,
    make_frames,
    make_target,
    write,
)


@pytest.mark.parametrize("name", ["bar", "openjd"])
def test_a_frame_is_let_go_before_the_next_one_is_made(tmp_path, name):
    made = []

    def frames():
        for _ in range(5):
            assert all(frame() is None for frame in made)
            frame = torch.zeros(1, 3, 36, 64)
            made.append(weakref.ref(frame))
            yield frame
            del frame

    write_sequence(bars.named(name)(frames(), 5, "frames"), tmp_path / "clip.mp4")
    assert len(made) == 5


@pytest.mark.parametrize("format", ["png", "png16"])
@pytest.mark.parametrize("channels", [3, 4])
def test_png_frames_hold_the_frames(tmp_path, format, channels):
    frames = list(make_frames(3, channels=channels))
    written = write(frames, tmp_path / "new" / "clip", format)
    assert [path.name for path in written.paths] == ["0001.png", "0002.png", "0003.png"]
    assert (written.frames, written.width, written.height) == (3, 64, 36)
    assert written.format == format and written.notes == ()
    read, written_as = (to_uint8, dithered) if format == "png" else (to_uint16, to_uint16)
    for path, frame in zip(written.paths, frames, strict=True):
        np.testing.assert_array_equal(read(load_image(path)), written_as(frame))
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


def test_ten_bits_tell_levels_apart_that_eight_do_not(tmp_path):
    """A slope of a few levels from side to side, as a smooth sky has."""
    levels = torch.linspace(100, 104, 128)
    frame = levels.expand(1, 3, 64, -1) / 127.5 - 1
    write([frame] * 3, tmp_path / "a.mp4", "mp4", ten_bits=True)
    with av.open(str(tmp_path / "a.mp4")) as container:
        shown = next(container.decode(video=0))
        assert shown.format.name == "yuv420p10le"
        luma = shown.to_ndarray()[:64].astype(float)
    assert np.abs((luma / 4 - 16) * 255 / 219 - levels.numpy()).mean() < 0.5
    assert len(np.unique(luma)) > 8, "eight bits have five"


@pytest.mark.parametrize("color", [(255, 0, 0), (20, 40, 230)])
def test_solid_colors_stay_with_ten_bits(tmp_path, color):
    write(fill(color), tmp_path / "a.mp4", "mp4", ten_bits=True)
    for found in decode(tmp_path / "a.mp4"):
        assert np.abs(found.astype(int) - np.asarray(color)).max() <= 6


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


def test_a_slow_change_of_light_does_not_lag_behind_in_an_mp4(tmp_path):
    generator = torch.Generator().manual_seed(0)
    forms = torch.randn(1, 3, 12, 20, generator=generator)
    forms = 0.15 * torch.nn.functional.interpolate(forms, (120, 200), mode="bicubic")
    forms = forms + torch.linspace(-0.5, 0.1, 120).view(1, 1, -1, 1)
    frames = [forms + k * 0.45 / 127.5 for k in range(100)]
    written = write_sequence(iter(frames), tmp_path / "a.mp4")
    with av.open(str(written.paths[0])) as file:
        shown = [frame.to_ndarray(format="rgb24").mean() for frame in file.decode(video=0)]
    lags = [float((a.mean() + 1) * 127.5) - b for a, b in zip(frames, shown, strict=True)]
    assert max(lags) - lags[0] < 0.55, "levels"
