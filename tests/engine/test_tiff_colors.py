"""TIFF's colors: each way that they are stored, in each layout, with alpha and other channels."""

import itertools

import numpy as np
import pytest
from PIL import Image

from landscape_engine.errors import PictureError
from landscape_engine.images import load_image, to_uint8
from tests.engine.picture_files import HEIGHT, WIDTH, as_hwc
from tests.engine.test_images import make_wide_profile
from tests.engine.test_tiff_layouts import write

LAYOUTS = [
    {"order": order, "big": big, **layout}
    for order, big, layout in itertools.product(
        "<>", [False, True], [{}, {"planar": True}, {"tile": (16, 16), "zipped": True}]
    )
]


def colors():
    """Smooth RGB [H, W, 3] uint8."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([x * 8, y * 12, (x + y) * 5], -1).astype(np.uint8)


def levels(path):
    return (as_hwc(load_image(path)) + 1) * 127.5


def deepened(pixels, bits):
    return pixels.astype(np.uint16) * 257 if bits == 16 else pixels


def tag(number, letter, *values):
    return {number: (letter, list(values))}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bits", [8, 16])
def test_cmyk_is_read_in_every_layout(tmp_path, layout, bits):
    inks = np.concatenate([255 - colors(), np.zeros((HEIGHT, WIDTH, 1), np.uint8)], -1)
    write(tmp_path / "a.tif", deepened(inks, bits), bits, photometric=5, **layout)
    assert np.abs(levels(tmp_path / "a.tif")[..., :3] - colors()).max() <= 1


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bits", [8, 16])
def test_lab_is_read_in_every_layout(tmp_path, layout, bits):
    lab = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    lab[..., 0], lab[..., 1], lab[..., 2] = 150, 40, 256 - 30  # signed: 40 and -30
    picture = Image.frombytes("LAB", (WIDTH, HEIGHT), lab.tobytes(), "raw", "LAB")
    picture.save(tmp_path / "a.tif")
    wanted = levels(tmp_path / "a.tif")
    assert wanted[0, 0, 0] > wanted[0, 0, 1] and wanted[0, 0, 2] > wanted[0, 0, 1]
    stored = lab.astype(np.uint16) << 8 if bits == 16 else lab
    write(tmp_path / "b.tif", stored, bits, photometric=8, **layout)
    np.testing.assert_array_equal(levels(tmp_path / "b.tif"), wanted)
    lab[..., 1:] ^= 128
    stored = lab.astype(np.uint16) << 8 if bits == 16 else lab
    write(tmp_path / "b.tif", stored, bits, photometric=9, **layout)
    np.testing.assert_array_equal(levels(tmp_path / "b.tif"), wanted)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bits", [8, 16])
def test_ycbcr_is_read_in_every_layout(tmp_path, layout, bits):
    stored = np.asarray(Image.fromarray(colors()).convert("YCbCr"))
    more = tag(530, "H", 1, 1)
    write(tmp_path / "a.tif", deepened(stored, bits), bits, photometric=6, more=more, **layout)
    assert np.abs(levels(tmp_path / "a.tif") - colors()).max() <= 3


@pytest.mark.parametrize("steps", [(2, 2), (2, 1), (4, 2), (1, 2)])
def test_colors_of_ycbcr_may_be_coarser_than_its_pixels(tmp_path, steps):
    """Each block has its luminances, then its two colors (TIFF 6.0, section 21)."""
    across, down = -(-WIDTH // steps[0]), HEIGHT // steps[1]
    rgb = np.repeat(np.repeat(colors()[:down, :across], steps[1], 0), steps[0], 1)[:, :WIDTH]
    ycc = np.asarray(Image.fromarray(rgb).convert("YCbCr"))
    blocks = []
    for row, column in itertools.product(range(down), range(across)):
        y, x = row * steps[1], column * steps[0]
        part = np.pad(ycc, ((0, 0), (0, 4), (0, 0)), mode="edge")[
            y : y + steps[1], x : x + steps[0]
        ]
        blocks.append(bytes([*part[..., 0].ravel(), *part[0, 0, 1:]]))
    data = b"".join(blocks)
    write(
        tmp_path / "a.tif", ycc, 8, photometric=6,
        more=tag(530, "H", *steps) | tag(278, "H", HEIGHT) | tag(273, "I", 4000)
        | tag(279, "I", len(data)),
    )  # fmt: skip
    head = (tmp_path / "a.tif").read_bytes()[:4000]
    (tmp_path / "a.tif").write_bytes(head + data)
    assert np.abs(levels(tmp_path / "a.tif") - rgb).max() <= 3


def test_coarser_colors_in_planes_are_refused_in_a_sentence(tmp_path):
    write(tmp_path / "a.tif", colors(), 8, planar=True, photometric=6)
    with pytest.raises(PictureError, match="coarser than its pixels, in planes.*expected RGB"):
        load_image(tmp_path / "a.tif")


def test_ycbcr_says_its_own_ends_and_weights(tmp_path):
    """Of film and video: 16 to 235, by the weights of Rec.709."""
    more = tag(530, "H", 1, 1) | tag(532, "H", 16, 235, 128, 240, 128, 240)
    for stored, wanted in (((16, 128, 128), 0), ((235, 128, 128), 255)):
        write(tmp_path / "a.tif", np.full((HEIGHT, WIDTH, 3), stored, np.uint8), 8, photometric=6,
              more=more)  # fmt: skip
        assert np.abs(levels(tmp_path / "a.tif") - wanted).max() < 1e-3


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_grey_with_another_channel(tmp_path, layout, bits, kind):
    """Which is alpha, premultiplied (1) or not (2), or nothing that shows (0)."""
    shown = 100 if kind != 1 else round(100 * 128 / 255)
    pixels = np.full((HEIGHT, WIDTH, 2), (shown, 128), np.uint8)
    more = tag(338, "H", kind)
    write(tmp_path / "a.tif", deepened(pixels, bits), bits, photometric=1, more=more, **layout)
    found = levels(tmp_path / "a.tif")
    assert found.shape[2] == (3 if kind == 0 else 4)
    assert np.abs(found[..., :3] - 100).max() <= 1.5
    assert kind == 0 or np.abs(found[..., 3] - 128).max() < 0.01


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kinds", [(0, 0), (2, 0), (0, 2), (1, 0, 0), (0, 0, 0, 2)])
def test_rgb_with_other_channels(tmp_path, layout, bits, kinds):
    alpha = next((n for n, kind in enumerate(kinds) if kind), None)
    pixels = np.concatenate(
        [colors(), *[np.full((HEIGHT, WIDTH, 1), 77, np.uint8)] * len(kinds)], -1
    )
    if alpha is not None:
        pixels[..., 3 + alpha] = 255
    more = tag(338, "H", *kinds)
    write(tmp_path / "a.tif", deepened(pixels, bits), bits, photometric=2, more=more, **layout)
    found = levels(tmp_path / "a.tif")
    assert found.shape[2] == (3 if alpha is None else 4)
    assert np.abs(found[..., :3] - colors()).max() < 0.01
    assert alpha is None or np.abs(found[..., 3] - 255).max() < 0.01


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint32, np.int8, np.int16, np.int32, np.float16])
def test_numbers_of_every_kind_reach_from_black_to_white(tmp_path, layout, channels, dtype):
    largest = 1.0 if dtype is np.float16 else float(np.iinfo(dtype).max)
    ramp = np.linspace(0, 1, WIDTH)[None, :, None]
    pixels = np.broadcast_to(ramp, (HEIGHT, WIDTH, channels)) * largest
    pixels = np.minimum(pixels, np.nextafter(largest, 0, dtype=np.float64)).astype(dtype)
    if dtype is not np.float16:
        pixels[:, -1] = np.iinfo(dtype).max
    if pixels.dtype.kind == "i":
        pixels[0, 0] = -7  # darker than black
    bits = pixels.dtype.itemsize * 8
    write(tmp_path / "a.tif", pixels, bits, **layout)
    found = (as_hwc(load_image(tmp_path / "a.tif")) + 1) / 2
    if dtype is np.float16:
        wanted = pixels.astype(np.float32)
        found[..., :3] = np.where(
            found[..., :3] <= 0.04045,
            found[..., :3] / 12.92,
            ((found[..., :3] + 0.055) / 1.055) ** 2.4,
        )
    else:
        wanted = np.maximum(pixels, 0).astype(np.float64) / np.iinfo(dtype).max
    assert found.min() >= -1e-6 and found.max() == pytest.approx(1, abs=2e-3)
    np.testing.assert_allclose(found, np.broadcast_to(wanted, found.shape), atol=2e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("planar", [False, True])
def test_floats_of_which_white_is_zero_are_no_negative(tmp_path, dtype, planar):
    light = np.full((HEIGHT, WIDTH, 1), 0.25, dtype)
    write(tmp_path / "a.tif", light, light.dtype.itemsize * 8, photometric=0)
    assert to_uint8(load_image(tmp_path / "a.tif"))[0, 0, 0] == 225  # 0.75 through the curve


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bits", [8, 16])
def test_a_profile_may_be_stored_as_numbers(tmp_path, layout, bits):
    pixels = deepened(np.full((HEIGHT, WIDTH, 3), 128, np.uint8), bits)
    more = tag(34675, "B", *make_wide_profile())
    write(tmp_path / "a.tif", pixels, bits, more=more, **layout)
    assert np.abs(levels(tmp_path / "a.tif") - 188).max() <= 1
