"""Facts about pixels on their way in and out."""

import os
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from landscape_engine.errors import OutputError
from landscape_engine.images import load_image, save_image, to_linear_float16, to_uint8, to_uint16
from landscape_engine.images.profiles import convert_by_profile
from tests.engine.picture_files import (
    HEIGHT,
    WIDTH,
    as_hwc,
    random_pixels,
    write_exr,
    write_png,
    write_tiff,
)

# -------------------------------------------------------------------------------------- round trips


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("ending", ["png", "tif", "webp"])
def test_8_bit_values_come_back_exactly(tmp_path, channels, ending):
    pixels = random_pixels(channels, np.uint8)
    path = tmp_path / f"a.{ending}"
    options = {"lossless": True, "exact": True} if ending == "webp" else {}
    Image.fromarray(pixels).save(path, **options)
    image = load_image(path)
    assert image.shape == (1, channels, HEIGHT, WIDTH) and image.dtype == torch.float32
    np.testing.assert_allclose(as_hwc(image), pixels / 127.5 - 1, atol=1e-7)
    np.testing.assert_array_equal(to_uint8(image), pixels)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bit_png_comes_back_exactly(tmp_path, channels):
    pixels = random_pixels(channels, np.uint16)
    write_png(tmp_path / "a.png", pixels)
    image = load_image(tmp_path / "a.png")
    assert image.shape[1] == (4 if channels in (2, 4) else 3)
    found = to_uint16(image)
    if channels in (1, 2):
        grey = pixels[..., 0] if channels == 2 else pixels
        for channel in range(3):
            np.testing.assert_array_equal(found[..., channel], grey)
        if channels == 2:
            np.testing.assert_array_equal(found[..., 3], pixels[..., 1])
    else:
        np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bit_tiff_comes_back_exactly(tmp_path, channels):
    pixels = random_pixels(channels, np.uint16).reshape(HEIGHT, WIDTH, channels)
    write_tiff(tmp_path / "a.tif", pixels, 1 if channels == 1 else 2, 2 if channels == 4 else None)
    found = to_uint16(load_image(tmp_path / "a.tif"))
    np.testing.assert_array_equal(found, np.broadcast_to(pixels, found.shape))


def test_16_bit_tiff_with_white_at_zero_is_not_a_negative(tmp_path):
    pixels = random_pixels(1, np.uint16).reshape(HEIGHT, WIDTH, 1)
    write_tiff(tmp_path / "a.tif", pixels, photometric=0)
    np.testing.assert_array_equal(
        to_uint16(load_image(tmp_path / "a.tif"))[..., :1], 65535 - pixels
    )


def test_unspecified_extra_channel_of_a_tiff_is_not_alpha(tmp_path):
    pixels = random_pixels(4, np.uint16)
    write_tiff(tmp_path / "a.tif", pixels, extra=0)
    np.testing.assert_array_equal(to_uint16(load_image(tmp_path / "a.tif")), pixels[..., :3])


def test_premultiplied_16_bit_tiff_becomes_straight(tmp_path):
    pixels = np.full((HEIGHT, WIDTH, 4), 32768, np.uint16)
    write_tiff(tmp_path / "a.tif", pixels, extra=1)
    image = load_image(tmp_path / "a.tif")
    assert image[:, :3].min() > 0.999 and abs(float(image[:, 3].mean())) < 1e-3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floating_tiff_is_scene_linear(tmp_path, dtype):
    pixels = np.full((HEIGHT, WIDTH, 3), 0.5, dtype)
    pixels[0, 0] = (0, 1, 4)
    write_tiff(tmp_path / "a.tif", pixels)
    image = load_image(tmp_path / "a.tif")
    assert image[0, 0, 5, 5].item() == pytest.approx(2 * 0.735357 - 1, abs=1e-5)
    assert image[0, 0, 0, 0] == -1 and image[0, 1, 0, 0].item() == pytest.approx(1, abs=1e-6)
    assert image[0, 2, 0, 0] > 1
    np.testing.assert_allclose(to_linear_float16(image), pixels, rtol=1e-3)


def test_grey_becomes_three_equal_channels(tmp_path):
    for mode in ("1", "L"):
        Image.new(mode, (WIDTH, HEIGHT), 255).save(tmp_path / "a.png")
        assert load_image(tmp_path / "a.png").equal(torch.ones(1, 3, HEIGHT, WIDTH))
    pixels = random_pixels(1, np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(to_uint8(load_image(tmp_path / "a.png"))[..., 2], pixels)


def test_grey_with_alpha_keeps_it(tmp_path):
    pixels = random_pixels(2, np.uint8)
    write_png(tmp_path / "a.png", pixels)
    found = to_uint8(load_image(tmp_path / "a.png"))
    np.testing.assert_array_equal(found, pixels[..., [0, 0, 0, 1]])


def test_palette_with_transparency(tmp_path):
    picture = Image.new("P", (WIDTH, HEIGHT), 1)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.save(tmp_path / "opaque.png")
    assert load_image(tmp_path / "opaque.png").shape[1] == 3
    picture.putpixel((0, 0), 0)
    picture.save(tmp_path / "clear.png", transparency=0)
    found = to_uint8(load_image(tmp_path / "clear.png"))
    assert tuple(found[0, 0]) == (255, 0, 0, 0)
    assert tuple(found[3, 3]) == (0, 0, 255, 255)


def test_keyed_color_of_a_16_bit_png_is_clear(tmp_path):
    pixels = random_pixels(3, np.uint16)
    pixels[0, 0] = (1, 2, 3)
    chunk = write_png(tmp_path / "a.png", pixels)
    write_png(tmp_path / "a.png", pixels, chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3)))
    found = to_uint16(load_image(tmp_path / "a.png"))
    assert found[0, 0, 3] == 0 and (found[1:, :, 3] == 65535).all()


def test_keyed_level_of_a_16_bit_grey_png_is_clear(tmp_path):
    pixels = random_pixels(1, np.uint16)
    pixels[0, 0], pixels[1, 0] = 300, 301  # which differ in the low byte
    chunk = write_png(tmp_path / "a.png", pixels)
    write_png(tmp_path / "a.png", pixels, chunk(b"tRNS", struct.pack(">H", 300)))
    found = to_uint16(load_image(tmp_path / "a.png"))
    assert found.shape[2] == 4 and found[0, 0, 3] == 0 and found[1, 0, 3] == 65535
    np.testing.assert_array_equal(found[..., 1], pixels)


def test_only_the_first_frame_of_an_animation(tmp_path):
    red, blue = (Image.new("RGB", (WIDTH, HEIGHT), color) for color in ("red", "blue"))
    for ending in ("gif", "webp", "png"):
        red.save(tmp_path / f"a.{ending}", save_all=True, append_images=[blue], duration=50)
        found = to_uint8(load_image(tmp_path / f"a.{ending}"))
        assert np.abs(found[..., :3].astype(int) - (255, 0, 0)).max() <= 4


# --------------------------------------------------------------------- orientation and color spaces


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, orientation):
    pixels = np.zeros((HEIGHT * 4, WIDTH * 4, 3), np.uint8)
    pixels[:40, :60] = (255, 0, 0)
    pixels[40:, 60:] = (0, 0, 255)
    exif = Image.Exif()
    exif[0x0112] = orientation
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # Image.Transpose, as EXIF means them
    expected = Image.fromarray(pixels)
    if orientation > 1:
        expected = expected.transpose(Image.Transpose(turns[orientation]))
    endings = {"a.jpg": {"quality": 95}, "a.png": {}, "a.webp": {"lossless": True}}
    for name, options in endings.items():
        Image.fromarray(pixels).save(tmp_path / name, exif=exif, **options)
        found = to_uint8(load_image(tmp_path / name))
        assert found.shape == np.asarray(expected).shape
        assert np.abs(found.astype(int) - np.asarray(expected)).mean() < 3
        stored = to_uint8(load_image(tmp_path / name, upright=False))
        assert np.abs(stored.astype(int) - pixels).mean() < 3
    for same in (pixels, pixels.astype(np.uint16) * 257):
        write_tiff(tmp_path / "a.tif", same, 2, None, orientation)
        np.testing.assert_array_equal(to_uint8(load_image(tmp_path / "a.tif")), expected)
        stored = load_image(tmp_path / "a.tif", upright=False)
        np.testing.assert_array_equal(to_uint8(stored), pixels)


def make_wide_profile():
    """A matrix profile with linear curves: sRGB's primaries, gamma 1, so that 0.5 means 0.735."""

    def curve(gamma):
        return b"curv\0\0\0\0" + struct.pack(">IH", 1, int(gamma * 256)) + b"\0\0"

    def xyz(*values):
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))

    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 2) + b"g\0" + b"\0" * 78,
        b"wtpt": xyz(0.9642, 1, 0.8249),
        b"rXYZ": xyz(0.4361, 0.2225, 0.0139),
        b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        b"rTRC": curve(1), b"gTRC": curve(1), b"bTRC": curve(1),
    }  # fmt: skip
    table, data = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        value = value + b"\0" * (-len(value) % 4)
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(data), len(value))
        data += value
    head = struct.pack(">I4sI4s4s4s", 128 + len(table) + len(data), b"none", 0x02100000, b"mntr",
                       b"RGB ", b"XYZ ").ljust(36, b"\0") + b"acsp"  # fmt: skip
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + data


def test_icc_profile_is_converted_to_srgb(tmp_path):
    Image.new("RGB", (WIDTH, HEIGHT), (128, 128, 128)).save(
        tmp_path / "a.png", icc_profile=make_wide_profile()
    )
    found = to_uint8(load_image(tmp_path / "a.png"))
    assert np.abs(found.astype(int) - 188).max() <= 1
    picture = Image.new("RGBA", (WIDTH, HEIGHT), (128, 128, 128, 77))
    picture.save(tmp_path / "b.png", icc_profile=make_wide_profile())
    found = to_uint8(load_image(tmp_path / "b.png"))
    assert np.abs(found[..., :3].astype(int) - 188).max() <= 1 and (found[..., 3] == 77).all()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_profile_is_never_applied_to_the_file_itself(tmp_path, mode):
    """Pillow maps uncompressed pixels: writing to them ends the process, or changes the bytes."""
    stored = bytes([128, 128, 128, 77][: len(mode)]) * (WIDTH * HEIGHT)
    mapped = Image.frombuffer(mode, (WIDTH, HEIGHT), stored, "raw", mode, 0, 1)
    converted = np.asarray(convert_by_profile(mapped, make_wide_profile(), mode))
    assert set(stored) == {128, *([77] if mode == "RGBA" else [])}
    assert np.abs(converted[..., :3].astype(int) - 188).max() <= 1
    for compression in (None, "tiff_lzw"):
        path = tmp_path / "a.tif"
        mapped.save(path, compression=compression, icc_profile=make_wide_profile())
        before = path.read_bytes()
        np.testing.assert_array_equal(to_uint8(load_image(path)), converted)
        assert path.read_bytes() == before


def test_icc_profile_of_a_16_bit_picture_is_converted_without_8_bit_steps(tmp_path):
    ramp = np.linspace(8000, 60000, 1000).astype(np.uint16)
    pixels = np.broadcast_to(ramp[None, :, None], (HEIGHT, 1000, 3)).copy()
    packed = b"p\0\0" + zlib.compress(make_wide_profile())
    chunk = write_png(tmp_path / "a.png", pixels)
    write_png(tmp_path / "a.png", pixels, chunk(b"iCCP", packed))
    found = to_uint16(load_image(tmp_path / "a.png"))[0, :, 1] / 65535
    linear = ramp / 65535
    np.testing.assert_allclose(found, 1.055 * linear ** (1 / 2.4) - 0.055, atol=0.004)
    assert len(np.unique(found)) > 950


def test_srgb_profile_changes_nothing(tmp_path):
    pixels = random_pixels(3, np.uint8)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(pixels).save(tmp_path / "a.png", icc_profile=srgb)
    np.testing.assert_array_equal(to_uint8(load_image(tmp_path / "a.png")), pixels)


def test_unreadable_profile_is_ignored(tmp_path):
    pixels = random_pixels(3, np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png", icc_profile=b"no profile at all" * 20)
    np.testing.assert_array_equal(to_uint8(load_image(tmp_path / "a.png")), pixels)


@pytest.mark.parametrize("ending", ["jpg", "tif"])
def test_cmyk_has_the_right_polarity(tmp_path, ending):
    """Adobe writes CMYK JPEGs inverted; Pillow writes them that way as well."""
    Image.new("CMYK", (WIDTH, HEIGHT), (0, 255, 255, 0)).save(tmp_path / f"a.{ending}")
    found = to_uint8(load_image(tmp_path / f"a.{ending}"))
    assert found.shape[2] == 3 and np.abs(found.astype(int) - (255, 0, 0)).max() <= 3


def test_lab_tiff_becomes_srgb(tmp_path):
    Image.new("LAB", (WIDTH, HEIGHT), (255, 128, 128)).save(tmp_path / "a.tif")
    assert to_uint8(load_image(tmp_path / "a.tif")).min() >= 253


# ---------------------------------------------------------------------------------------------- EXR


def test_exr_keeps_high_dynamic_range(tmp_path):
    light = np.random.default_rng(1).uniform(0, 50, (HEIGHT, WIDTH, 3)).astype(np.float16)
    light[0, 0] = (0, 0.001, 60000)
    write_exr(tmp_path / "a.exr", {"RGB": light})
    image = load_image(tmp_path / "a.exr")
    assert image.shape == (1, 3, HEIGHT, WIDTH) and image.max() > 1
    again = to_linear_float16(image)
    np.testing.assert_allclose(again.astype(float), light.astype(float), rtol=2e-3, atol=1e-6)
    write_exr(tmp_path / "b.exr", {"RGB": again})
    torch.testing.assert_close(load_image(tmp_path / "b.exr"), image, rtol=1e-3, atol=1e-3)


def test_linear_half_grey_is_encoded_with_the_srgb_curve(tmp_path):
    write_exr(tmp_path / "a.exr", {"RGB": np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)})
    assert (to_uint8(load_image(tmp_path / "a.exr")) == 188).all()


def test_premultiplied_exr_becomes_straight_and_back(tmp_path):
    pixels = np.full((HEIGHT, WIDTH, 4), 0.25, np.float32)
    pixels[0, 0] = 0
    write_exr(tmp_path / "a.exr", {"RGBA": pixels})
    image = load_image(tmp_path / "a.exr")
    assert image[0, :3, 5, 5].numpy() == pytest.approx(1, abs=1e-5)
    assert image[0, 3, 5, 5].item() == pytest.approx(-0.5)
    np.testing.assert_allclose(to_linear_float16(image), pixels, rtol=2e-3)


def test_exr_of_one_luminance_and_of_a_blender_layer(tmp_path):
    plane = np.full((HEIGHT, WIDTH), 1, np.float32)
    write_exr(tmp_path / "y.exr", {"Y": plane, "A": plane / 2})
    assert load_image(tmp_path / "y.exr").shape[1] == 4
    layers = {f"ViewLayer.Combined.{c}": plane * i for i, c in enumerate("RGB")}
    layers |= {f"ViewLayer.Albedo.{c}": plane * 0 for c in "RGB"}
    write_exr(tmp_path / "l.exr", layers)
    found = to_linear_float16(load_image(tmp_path / "l.exr"))
    np.testing.assert_allclose(found[3, 3], (0, 1, 2), rtol=1e-3)


def test_exr_data_window_lies_in_its_display_window(tmp_path):
    window = (np.array([5, 4], np.int32), np.array([5 + WIDTH - 1, 4 + HEIGHT - 1], np.int32))
    display = (np.array([0, 0], np.int32), np.array([19, 39], np.int32))
    write_exr(
        tmp_path / "a.exr",
        {"RGB": np.ones((HEIGHT, WIDTH, 3), np.float32)},
        dataWindow=window,
        displayWindow=display,
    )
    image = load_image(tmp_path / "a.exr")
    assert image.shape == (1, 3, 40, 20)
    assert (image[..., 4:24, 5:] > 0.99).all() and (image[..., :4, :] == -1).all()
    assert (image[..., 24:, :] == -1).all() and (image[..., :5] == -1).all()


# -------------------------------------------------------------------------------- out of the tensor


@pytest.mark.parametrize("turn", [to_uint8, to_uint16, to_linear_float16])
@pytest.mark.parametrize("channels", [3, 4])
def test_turning_into_numbers_leaves_the_tensor_alone(turn, channels):
    image = torch.rand(1, channels, 20, 30) * 3 - 1.5
    before = image.clone()
    found = turn(image)
    assert found.shape == (20, 30, channels) and found.flags.c_contiguous
    assert image.equal(before) and np.isfinite(found).all()


def test_values_outside_are_clamped():
    image = torch.tensor([-1e9, -1.0, 0.0, 1.0, 1e9, 1.5]).view(1, 3, 1, 2)
    assert set(to_uint8(image).ravel()) <= {0, 127, 128, 255}
    assert set(to_uint16(image).ravel()) <= {0, 32767, 32768, 65535}
    assert to_linear_float16(image).max() == 65504


def test_saved_pictures_load_again(tmp_path):
    image = torch.rand(1, 4, 20, 30) * 2 - 1
    save_image(image, tmp_path / "new" / "a.png")
    np.testing.assert_array_equal(to_uint8(load_image(tmp_path / "new" / "a.png")), to_uint8(image))
    save_image(torch.zeros(1, 4, 20, 30), tmp_path / "a.jpg")
    assert load_image(tmp_path / "a.jpg").shape == (1, 3, 20, 30)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.jpg", "a.png", "new"]


def test_a_picture_that_cant_be_saved_leaves_nothing(tmp_path, monkeypatch):
    image = torch.zeros(1, 3, 20, 30)
    with pytest.raises(OutputError, match=r"expected \.png, \.jpg"):
        save_image(image, tmp_path / "a.bmp")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="can't be written"):
        save_image(image, tmp_path / "file" / "a.png")

    def fill_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fill_disk)
    with pytest.raises(OutputError, match="disk full"):
        save_image(image, tmp_path / "a.png")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("still_is_a_frame", [False, True])
@pytest.mark.parametrize("size_wh", [(WIDTH, HEIGHT), (12, 9)])
def test_a_deep_animation_shows_its_still_picture(tmp_path, channels, still_is_a_frame, size_wh):
    pixels = random_pixels(channels, np.uint16)
    chunk = write_png(tmp_path / "still.png", pixels)
    width, height = size_wh
    rows = b"".join(b"\0" + bytes(2 * channels * width) for _ in range(height))

    def control(number, w, h):
        return chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, w, h, 0, 0, 1, 10, 1, 1))

    before = chunk(b"acTL", struct.pack(">II", 1 + still_is_a_frame, 0))
    before += control(0, WIDTH, HEIGHT) if still_is_a_frame else b""
    after = control(1 * still_is_a_frame, width, height)
    after += chunk(b"fdAT", struct.pack(">I", 1 + still_is_a_frame) + zlib.compress(rows))
    write_png(tmp_path / "a.png", pixels, before)
    data, end = (tmp_path / "a.png").read_bytes(), chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(data[: -len(end)] + after + end)
    assert load_image(tmp_path / "a.png").equal(load_image(tmp_path / "still.png"))
