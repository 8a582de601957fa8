"""Profiles of pictures without color: the grey is converted, alpha stays."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from landscape_engine.images import load_image, to_uint8, to_uint16
from tests.engine.picture_files import HEIGHT, WIDTH, write_png
from tests.engine.test_images import make_wide_profile
from tests.engine.test_tiff_layouts import write


def make_grey_profile():
    """A grey profile with a linear curve, so that 0.5 means 0.735."""

    def pad(value):
        return value + b"\0" * (-len(value) % 4)

    tags = {
        b"desc": pad(b"desc\0\0\0\0" + struct.pack(">I", 2) + b"g\0" + b"\0" * 78),
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061),
        b"kTRC": pad(b"curv\0\0\0\0" + struct.pack(">IH", 1, 256)),
    }
    table, data = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(data), len(value))
        data += value
    head = struct.pack(">I4sI4s4s4s", 128 + len(table) + len(data), b"none", 0x02100000, b"mntr",
                       b"GRAY", b"XYZ ").ljust(36, b"\0") + b"acsp"  # fmt: skip
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + data


def encoded(linear):
    return 1.055 * linear ** (1 / 2.4) - 0.055


def test_8_bit_grey_with_alpha_is_converted(tmp_path):
    ramp = np.linspace(20, 250, WIDTH).astype(np.uint8)
    grey = np.broadcast_to(ramp, (HEIGHT, WIDTH))
    alpha = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8)
    picture = Image.fromarray(np.stack([grey, alpha], -1))
    assert picture.mode == "LA"
    for ending in ("png", "tif"):
        picture.save(tmp_path / f"a.{ending}", icc_profile=make_grey_profile())
        found = to_uint8(load_image(tmp_path / f"a.{ending}"))
        wanted = 255 * encoded(ramp / 255)
        assert np.abs(found[..., :3] - wanted[None, :, None]).max() <= 1
        np.testing.assert_array_equal(found[..., 3], alpha)


def test_8_bit_grey_with_a_clear_level_is_converted(tmp_path):
    picture = Image.new("L", (WIDTH, HEIGHT), 128)
    picture.putpixel((0, 0), 7)
    picture.save(tmp_path / "a.png", transparency=7, icc_profile=make_grey_profile())
    found = to_uint8(load_image(tmp_path / "a.png"))
    assert abs(int(found[5, 5, 0]) - 188) <= 1 and found[5, 5, 3] == 255 and found[0, 0, 3] == 0


@pytest.mark.parametrize("channels", [1, 2])
def test_16_bit_grey_is_converted_without_8_bit_steps(tmp_path, channels):
    ramp = np.linspace(8000, 60000, 1000).astype(np.uint16)
    pixels = np.broadcast_to(ramp, (HEIGHT, 1000)).copy()
    if channels == 2:
        pixels = np.stack([pixels, np.full_like(pixels, 12345)], -1)
    packed = b"p\0\0" + zlib.compress(make_grey_profile())
    chunk = write_png(tmp_path / "a.png", pixels)
    write_png(tmp_path / "a.png", pixels, chunk(b"iCCP", packed))
    found = to_uint16(load_image(tmp_path / "a.png"))
    np.testing.assert_allclose(found[0, :, 1] / 65535, encoded(ramp / 65535), atol=0.004)
    assert len(np.unique(found[0, :, 1])) > 950
    if channels == 2:
        assert (found[..., 3] == 12345).all()


def test_a_foreign_profile_leaves_grey_alone(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 2**12, (HEIGHT, WIDTH, 1))
    write(tmp_path / "a.tif", pixels, 12)
    assert load_image(tmp_path / "a.tif").shape == (1, 3, HEIGHT, WIDTH)


@pytest.mark.parametrize("ending", ["png", "tif", "jpg"])
def test_colors_may_be_taken_as_they_are_stored(tmp_path, ending):
    for mode, profile in (("RGB", make_wide_profile()), ("L", make_grey_profile())):
        picture = Image.new(mode, (WIDTH, HEIGHT), 128 if mode == "L" else (128, 128, 128))
        picture.save(tmp_path / f"a.{ending}", icc_profile=profile)
        assert abs(int(to_uint8(load_image(tmp_path / f"a.{ending}"))[5, 5, 0]) - 188) <= 1
        stored = load_image(tmp_path / f"a.{ending}", profile=False)
        assert (to_uint8(stored) == 128).all()
    chunk = write_png(tmp_path / "a.png", pixels := np.full((HEIGHT, WIDTH, 3), 32768, np.uint16))
    packed = b"p\0\0" + zlib.compress(make_wide_profile())
    write_png(tmp_path / "a.png", pixels, chunk(b"iCCP", packed))
    assert (to_uint16(load_image(tmp_path / "a.png", profile=False)) == 32768).all()
