"""Facts about pixels on their way in and out."""

import os
import struct
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
import torch
from PIL import Image, ImageCms

from landscape_engine.errors import OutputError, PictureError
from landscape_engine.images import (
    load_image,
    resize,
    save_image,
    to_linear_float16,
    to_uint8,
    to_uint16,
)

HEIGHT, WIDTH = 20, 30


def random_pixels(channels, dtype, height=HEIGHT, width=WIDTH):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(7).integers(0, np.iinfo(dtype).max + 1, shape, dtype)


def write_png(path, pixels, extra=b""):
    """A PNG by hand: Pillow writes no 16-bit color."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    bits = pixels.dtype.itemsize * 8
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = pixels.astype(pixels.dtype.newbyteorder(">"))
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], bits, kind, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", body)
        + chunk(b"IEND", b"")
    )  # fmt: skip
    return chunk


def write_tiff(path, pixels, photometric=2, extra=None, orientation=1):
    """An uncompressed TIFF by hand, with the pixels at its end."""
    height, width, channels = pixels.shape
    bits, floating = pixels.dtype.itemsize * 8, pixels.dtype.kind == "f"
    tags = [
        (256, 4, [width]), (257, 4, [height]), (258, 3, [bits] * channels), (259, 3, [1]),
        (262, 3, [photometric]), (273, 4, [1000]), (274, 3, [orientation]), (277, 3, [channels]),
        (278, 4, [height]), (279, 4, [pixels.nbytes]), (284, 3, [1]),
    ]  # fmt: skip
    tags += [] if extra is None else [(338, 3, [extra])]
    tags += [(339, 3, [3 if floating else 1] * channels)]
    directory, more = struct.pack("<H", len(tags)), b""
    for tag, kind, values in tags:
        data = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(data) > 4:
            pointer = 8 + 2 + 12 * len(tags) + 4 + len(more)
            more, data = more + data, struct.pack("<I", pointer)
        directory += struct.pack("<HHI", tag, kind, len(values)) + data.ljust(4, b"\0")
    head = b"II*\0\x08\0\0\0" + directory + b"\0\0\0\0" + more
    path.write_bytes(head.ljust(1000, b"\0") + pixels.tobytes())


def write_exr(path, channels, **header):
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **header}
    OpenEXR.File(header, channels).write(str(path))


def as_hwc(image):
    return image[0].permute(1, 2, 0).numpy()


# ------------------------------------------------------------------------------------- round trips


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


def test_only_the_first_frame_of_an_animation(tmp_path):
    red, blue = (Image.new("RGB", (WIDTH, HEIGHT), color) for color in ("red", "blue"))
    for ending in ("gif", "webp", "png"):
        red.save(tmp_path / f"a.{ending}", save_all=True, append_images=[blue], duration=50)
        found = to_uint8(load_image(tmp_path / f"a.{ending}"))
        assert np.abs(found[..., :3].astype(int) - (255, 0, 0)).max() <= 4


# -------------------------------------------------------------------- orientation and color spaces


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
    for same in (pixels, pixels.astype(np.uint16) * 257):
        write_tiff(tmp_path / "a.tif", same, 2, None, orientation)
        np.testing.assert_array_equal(to_uint8(load_image(tmp_path / "a.tif")), expected)


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


# --------------------------------------------------------------------------------------------- EXR


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


# -------------------------------------------------------------------------------------- bad inputs


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
    for dtype, channels, words in (
        (np.uint16, 2, "2 channels"),
        (np.uint16, 5, "5 channels"),
        (np.uint32, 1, "32-bit unsigned"),
        (np.float16, 3, "16-bit floating"),
    ):
        pixels = np.ones((HEIGHT, WIDTH, channels), dtype)
        write_tiff(tmp_path / "a.tif", pixels, 1 if channels < 3 else 2)
        refuse(tmp_path / "a.tif", words, "expected 1, 3 or 4 channels")


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


# ------------------------------------------------------------------------------------------ resize


def test_unchanged_size_is_the_same_object():
    image = torch.rand(1, 3, 20, 30)
    assert resize(image, 30, 20) is image


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [(10, 7), (90, 50), (90, 7)])
def test_resized_values_stay_within_the_pictures(channels, size):
    image = (torch.rand(2, channels, 20, 30) > 0.5).float() * 2 - 1
    found = resize(image, *size)
    assert found.shape == (2, channels, size[1], size[0])
    assert found.min() >= -1 and found.max() <= 1


def test_shrinking_averages_areas():
    stripes = torch.ones(1, 3, 64, 64)
    stripes[..., ::2] = -1
    assert resize(stripes, 16, 16).abs().max() < 0.1


def test_growing_keeps_high_dynamic_range():
    assert resize(torch.full((1, 3, 20, 30), 5.0), 60, 40).min() > 4.99


def test_color_under_clear_pixels_does_not_bleed():
    image = torch.full((1, 4, 40, 40), 1.0)
    image[:, :, :, 20:] = -1  # black and clear
    found = resize(image, 15, 15)
    assert found[:, :3][(found[:, 3:] > -0.9).expand(-1, 3, -1, -1)].min() > 0.9


# ------------------------------------------------------------------------------- out of the tensor


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
