"""Clips in: videos and folders of frames, in order or by number, whole or damaged."""

from __future__ import annotations

import socket
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from PIL import Image

from landscape_engine.errors import PictureError
from landscape_engine.images import clips, kinds, to_uint8
from landscape_engine.sequence import write_sequence
from landscape_engine.settings import OutputSettings
from landscape_engine.training.data import lit_clips

from .clips import VIDEOS, make_frames, make_target

FRAMES = 12


@pytest.fixture
def folder(tmp_path):
    """A folder of frames, numbered with gaps, beside which something else lies."""
    made = tmp_path / "frames"
    made.mkdir()
    for number, frame in enumerate(make_frames(FRAMES)):
        ending = (".PNG", ".tif", ".bmp")[number % 3]
        Image.fromarray(to_uint8(frame)).save(made / f"{3 * number:03d}{ending}")
    (made / "notes.txt").write_text("no frame")
    return made


def unsteady(path):
    """A video whose frames are shown for 20 to 200 ms, with frames that depend on later ones."""
    times = np.cumsum([20 + 20 * (7 * n % 10) for n in range(FRAMES)]).tolist()
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.options = {"bf": "3"}
        for frame, time in zip(make_frames(FRAMES), times, strict=True):
            pixels = av.VideoFrame.from_ndarray(to_uint8(frame), format="rgb24")
            pixels.pts, pixels.time_base = time, Fraction(1, 1000)
            file.mux(stream.encode(pixels))
        file.mux(stream.encode(None))
    return path


def damaged(path, target):
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 300] = b"\xff" * 300
    target.write_bytes(data)
    return target


def check(path):
    """The frames by number are those in order."""
    whole = list(clips.pictures(path))
    assert clips.is_clip(path) and clips.count(path) == len(whole) == FRAMES
    wanted = {0, 5, 6, FRAMES - 1}
    found = {number: read() for number, read in clips.numbered(path, wanted)}
    assert list(found) == sorted(wanted)
    assert all(torch.equal(found[number], whole[number]) for number in wanted)
    return whole


@pytest.mark.parametrize("format", VIDEOS)
def test_a_video_is_read_in_order_and_by_number(tmp_path, format):
    target = make_target(tmp_path, format)
    write_sequence(make_frames(FRAMES), target, OutputSettings(format=format))
    for frame, made in zip(check(target), make_frames(FRAMES), strict=True):
        assert frame.shape == (1, 3, 36, 64) and (frame - made).abs().mean() < 0.05


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_numbers_count_frames_whenever_they_are_shown(tmp_path, ending):
    for frame, made in zip(check(unsteady(tmp_path / f"a.{ending}")), make_frames(FRAMES),
                           strict=True):  # fmt: skip
        assert (frame - made).abs().mean() < 0.05


def test_a_folder_is_read_in_the_order_of_its_names(folder):
    for frame, made in zip(check(folder), make_frames(FRAMES), strict=True):
        assert (frame - made).abs().max() < 0.01
    assert not clips.is_clip(folder / "000.PNG") and kinds.is_picture(folder / "000.PNG")


def test_a_damaged_frame_is_a_gap_where_it_would_be_shown(tmp_path):
    whole = tmp_path / "whole.mp4"
    noise = torch.rand(1, 3, 64, 160, generator=torch.Generator().manual_seed(3)) * 2 - 1
    moving = (noise[..., 64 - 2 * n : 160 - 2 * n] for n in range(30))
    write_sequence(moving, whole, OutputSettings(format="mp4"))
    broken = damaged(whole, tmp_path / "broken.mp4")
    assert clips.count(broken) == 30
    missing = []
    for number, read in clips.numbered(broken, set(range(30))):
        try:
            read()
        except PictureError:
            missing.append(number)
    assert 0 < len(missing) < 30
    parts = list(clips.decode(broken))
    assert sum(isinstance(part, clips.VideoFrame) for part in parts) == 30 - len(missing)
    assert any(isinstance(part, clips.Damage) for part in parts)
    with pytest.raises(PictureError, match="can't be read as a video .* export it again"):
        list(clips.pictures(broken))


def test_a_video_of_a_size_beyond_memory_is_told_without_the_decoders_words(tmp_path, monkeypatch):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"no video")
    with pytest.raises(PictureError) as plain:
        list(clips.pictures(path))
    assert "Errno" not in str(plain.value) and "file:" not in str(plain.value)

    def starve(_):
        raise av.error.MemoryError(12, "Cannot allocate memory", "file:a.mp4")

    monkeypatch.setattr(clips, "opened", starve)
    with pytest.raises(PictureError, match="more memory than there is, as damaged ones do"):
        list(clips.pictures(path))


def test_what_is_no_clip_is_refused(tmp_path):
    (tmp_path / "no.mp4").write_bytes(b"nothing")
    for read in (clips.count, lambda path: list(clips.pictures(path))):
        with pytest.raises(PictureError, match="can't be read as a video"):
            read(tmp_path / "no.mp4")
        with pytest.raises(PictureError, match="doesn't exist; expected a video"):
            read(tmp_path / "nowhere.mp4")


def test_training_refuses_damaged_clips_in_a_sentence(folder):
    assert len(lit_clips.load(folder.parent, 32)[0].frames) == FRAMES
    (folder / "000.PNG").write_bytes((folder / "000.PNG").read_bytes()[:90])
    with pytest.raises(PictureError, match="is damaged or cut off"):
        lit_clips.load(folder.parent, 32)
    for path in folder.iterdir():
        path.unlink()
    (folder.parent / "no.mp4").write_bytes(b"nothing")
    with pytest.raises(PictureError, match="can't be read as a video"):
        lit_clips.load(folder.parent, 32)


def test_a_video_whose_title_is_not_utf_8_is_read(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as file:
        file.metadata["title"] = "caf(e)"
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for frame in make_frames(2):
            pixels = to_uint8(frame)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        file.mux(stream.encode())
    content = path.read_bytes()
    assert b"caf(e)" in content
    path.write_bytes(content.replace(b"caf(e)", b"caf\xe9\xff\xfe"))
    assert len(list(clips.pictures(path))) == 2


def test_a_playlist_that_names_a_server_asks_none(tmp_path):
    path = tmp_path / "a.m3u8"
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        path.write_text(
            f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST\n"
        )
        with pytest.raises(PictureError, match="a.m3u8"):
            list(clips.video(path))
        with pytest.raises(BlockingIOError):  # nobody has called
            server.accept()


PLAYLISTS = {
    "concat": "ffconcat version 1.0\nfile part.{ending}\n",
    "HLS": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\npart.{ending}\n#EXT-X-ENDLIST\n",
}


def write_part(path, format):
    with av.open(str(path), "w", format=format) as file:
        stream = file.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for frame in make_frames(50):  # or its kind isn't known
            pixels = av.VideoFrame.from_ndarray(to_uint8(frame), format="rgb24")
            file.mux(stream.encode(pixels))
        file.mux(stream.encode())


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("ending", ["mp4", "ts"])
@pytest.mark.parametrize("name", ["a.mp4", "a.m3u8", "a.mov"])
def test_a_playlist_that_names_other_files_reads_none(tmp_path, kind, ending, name):
    """Of a clip its own file alone is read: what it names may be anybody's, or without end."""
    write_part(tmp_path / f"part.{ending}", "mpegts" if ending == "ts" else "mp4")
    assert len(list(clips.video(tmp_path / f"part.{ending}"))) == 50
    (tmp_path / name).write_text(PLAYLISTS[kind].format(ending=ending))
    for read in (clips.count, lambda path: list(clips.pictures(path))):
        with pytest.raises(PictureError, match="can't be read as a video .* export it again") as no:
            read(tmp_path / name)
        assert kind == "HLS" or "such as a playlist" in str(no.value)


def test_a_playlist_that_names_a_pipe_is_not_waited_for(tmp_path, unhung):
    unhung(tmp_path / "part.mp4")
    (tmp_path / "a.mp4").write_text(PLAYLISTS["concat"].format(ending="mp4"))
    with pytest.raises(PictureError, match="can't be read as a video"):
        list(clips.pictures(tmp_path / "a.mp4"))


def test_a_video_that_was_cut_off_is_said_in_words(tmp_path):
    write_sequence(make_frames(3), tmp_path / "a.mp4")
    content = (tmp_path / "a.mp4").read_bytes()
    reasons = set()
    for kept in range(16, len(content), max(1, len(content) // 60)):
        (tmp_path / "b.mp4").write_bytes(content[:kept])
        try:
            list(clips.pictures(tmp_path / "b.mp4"))
        except PictureError as error:
            assert "export it again" in str(error) and "index" not in str(error), error
            reasons.add("no pictures in it" in str(error))
    assert reasons == {True, False}
