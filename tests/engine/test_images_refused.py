"""What is no picture is refused in one sentence that names it."""

import os
import struct
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, features

from landscape_engine.errors import PictureError
from landscape_engine.images import load_image
from tests.engine.picture_files import (
    HEIGHT,
    WIDTH,
    random_pixels,
    write_exr,
    write_png,
    write_tiff,
)


def refuse(path, *words):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PictureError) as caught:
            load_image(path)
    message = str(caught.value)
    assert "\n" not in message and message.endswith(".") and str(path) in message
    for word in words:
        assert word in message, message


def test_missing_folder_empty_and_text_are_refused(tmp_path):
    refuse(tmp_path / "none.png", "doesn't exist")
    refuse(tmp_path, "is a folder")
    (tmp_path / "empty.png").write_bytes(b"")
    refuse(tmp_path / "empty.png", "empty", "0 bytes")
    (tmp_path / "text.jpg").write_text("not a picture\n" * 100)
    refuse(tmp_path / "text.jpg", "not a picture", "expected PNG")


@pytest.mark.skipif(not features.check("jpg_2000"), reason="this Pillow has no JPEG 2000")
@pytest.mark.parametrize("ending", ["j2k", "jp2"])
@pytest.mark.parametrize("channels, side", [(3, 1), (121, 1), (40, 2)])
def test_jpeg_2000_of_tiles_without_end_is_refused_before_it_is_decoded(
    tmp_path, monkeypatch, ending, channels, side
):
    """The decoder takes a kilobyte for each: gigabytes of a small file."""
    path = tmp_path / f"a.{ending}"
    Image.fromarray(random_pixels(3, np.uint8, 250, 256)).save(path, no_jp2=ending == "j2k")
    assert load_image(path).shape == (1, 3, 250, 256)
    data = bytearray(path.read_bytes())
    at = data.index(b"\xff\x4f\xff\x51") + 4
    head = list(struct.unpack(">8IH", data[at + 4 : at + 38]))
    head[4:6], head[8] = [side, side], channels
    sizes = bytes([7, 1, 1]) * channels
    data[at : at + 47] = struct.pack(">HH8IH", 38 + len(sizes), 0, *head) + sizes
    if ending == "jp2":  # what lies between hides the channels from Pillow
        at = data.index(b"jp2c") - 4
        data[at : at + 4] = struct.pack(">I4s", 8, b"free") + bytes(4)
    path.write_bytes(data)
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("it was decoded"))
    hidden = ending == "jp2" or channels == 3
    refuse(path, f"tiles of {channels} channels; expected at most" if hidden else "not a picture")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    refuse(tmp_path / "pipe.png", "not a regular file")


def test_unreadable_file_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    Image.new("RGB", (WIDTH, HEIGHT)).save(path)

    def forbid(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbid)  # root may read everything
    refuse(path, "permission denied")


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.97])
def test_truncated_pictures_are_refused(tmp_path, kept, capfd):
    pixels = random_pixels(3, np.uint8, 64, 64)
    deep = random_pixels(3, np.uint16, 64, 64)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray(pixels).save(tmp_path / "a.jpg", quality=95)
    Image.fromarray(pixels).save(tmp_path / "a.webp", lossless=True)
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    write_png(tmp_path / "b.png", deep)
    write_tiff(tmp_path / "b.tif", deep)
    cv2.imwrite(str(tmp_path / "c.tif"), deep)
    write_exr(tmp_path / "a.exr", {"RGB": pixels.astype(np.float16)})
    for path in sorted(tmp_path.iterdir()):
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * kept)])
        refuse(path, "damaged or cut off")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((1, 1), ["1×1", "at least 16"]),
        ((20000, 3), ["20000×3", "at least 16"]),
        ((2000, 20), ["2000×20", "64:1"]),
        ((20000, 400), ["20000×400", "at most 16384"]),
    ],
)
def test_impossible_sizes_are_refused(tmp_path, size, words):
    Image.new("L", size).save(tmp_path / "a.png")
    refuse(tmp_path / "a.png", *words)
    Image.new("L", size).save(tmp_path / "a.tif")
    refuse(tmp_path / "a.tif", *words)


def test_decompression_bomb_is_refused_before_decoding(tmp_path):
    write_png(tmp_path / "a.png", np.zeros((20, 20, 3), np.uint8))
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[16:24] = struct.pack(">II", 60000, 60000)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    (tmp_path / "a.png").write_bytes(data)
    refuse(tmp_path / "a.png", "60000×60000", "16384")


def test_the_limit_on_pixels_is_ours_and_not_pillows(tmp_path, monkeypatch):
    Image.new("L", (WIDTH, HEIGHT)).save(tmp_path / "a.png")
    for limit in (WIDTH * HEIGHT - 1, 10):  # Pillow would warn, and refuse
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert load_image(tmp_path / "a.png").shape == (1, 3, HEIGHT, WIDTH)
        assert limit == Image.MAX_IMAGE_PIXELS


def test_nan_and_infinity_are_counted(tmp_path):
    light = np.ones((HEIGHT, WIDTH, 3), np.float32)
    light[0, 0, 0], light[1, 1] = np.nan, np.inf
    write_exr(tmp_path / "a.exr", {"RGB": light})
    refuse(tmp_path / "a.exr", "2 pixels", "NaN or infinite")
    write_tiff(tmp_path / "a.tif", light)
    refuse(tmp_path / "a.tif", "2 pixels", "NaN or infinite")


def test_unsupported_channels_are_named(tmp_path):
    plane = np.ones((HEIGHT, WIDTH), np.float32)
    write_exr(tmp_path / "a.exr", {"Z": plane, "normal.X": plane})
    refuse(tmp_path / "a.exr", "channels", "Z", "expected R, G, B")
    for dtype, channels, photometric, words in (
        (np.uint16, 2, 2, "2 channels"),
        (np.uint16, 3, 5, "3 channels"),
        (np.uint8, 300, 2, "300 channels"),
        (np.uint64, 1, 1, "64-bit unsigned"),
        (np.float32, 4, 5, "32-bit floating"),
    ):
        pixels = np.ones((HEIGHT, WIDTH, channels), dtype)
        write_tiff(tmp_path / "a.tif", pixels, photometric)
        refuse(tmp_path / "a.tif", words, "expected at most 16, of grey or RGB in 8, 16")


@pytest.mark.parametrize(
    "magic",
    [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"II*\0",
        b"MM\0+",
        b"\x76\x2f\x31\x01\2\0\0\0",
        b"RIFF\0\0\0\0WEBPVP8 ",
    ],
)
def test_garbage_after_a_true_beginning_is_refused(tmp_path, magic):
    (tmp_path / "a").write_bytes(magic + np.random.default_rng(3).bytes(500))
    refuse(tmp_path / "a")
