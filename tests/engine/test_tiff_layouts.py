"""TIFF in every layout: planes apart, odd bits, both byte orders, BigTIFF, tiles and predictors."""

import io
import os
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from landscape_engine.errors import PictureError
from landscape_engine.images import load_image, to_uint8, to_uint16
from landscape_engine.images.tiff_tags import read_tags
from tests.engine.picture_files import HEIGHT, WIDTH, as_hwc, random_pixels

STRIP_ROWS = 7  # the last strip is shorter
ZIPPED, PACK_BITS = (8, 32946), 32773
BY_LIBTIFF = {5: "tiff_lzw", 32773: "packbits", 34925: "lzma", 50000: "zstd"}  # Pillow's names


def packed(rows, bits, order):
    """Rows [h, n] of numbers as a TIFF has them."""
    if bits in (8, 16, 32, 64):
        return rows.astype(rows.dtype.newbyteorder(order)).tobytes()
    single = rows[..., None] >> np.arange(bits - 1, -1, -1) & 1
    return np.packbits(single.reshape(len(rows), -1).astype(np.uint8), axis=1).tobytes()


def foreseen(part, bits, order, predictor):
    """Numbers [h, w, c] as they are stored after a predictor (TIFF 6.0, technical note 3)."""
    if predictor == 2:
        before = np.zeros_like(part)
        before[:, 1:] = part[:, :-1]
        return packed((part - before).reshape(len(part), -1), bits, order)
    channels = part.shape[2]
    rows = part.reshape(len(part), -1).astype(part.dtype.newbyteorder(">"))
    planes = rows.view(np.uint8).reshape(*rows.shape, -1).swapaxes(1, 2).reshape(len(part), -1)
    steps = planes.reshape(len(part), -1, channels)
    before = np.zeros_like(steps)
    before[:, 1:] = steps[:, :-1]
    return (steps - before).tobytes()


def compressed(data, rows, way):
    """Bytes as TIFF's ways of compression have them; of most, as libtiff writes a grey picture."""
    if way in ZIPPED:
        return zlib.compress(data)
    grey = Image.fromarray(np.frombuffer(data, np.uint8).reshape(rows, -1))
    made = io.BytesIO()
    try:
        grey.save(made, "TIFF", compression=BY_LIBTIFF[way], tiffinfo={278: rows})
    except (KeyError, OSError):
        pytest.skip("this Pillow's libtiff has no such compression")
    with Image.open(made) as written:
        assert written.tag_v2[259] == way and len(written.tag_v2[273]) == 1
        start, count = written.tag_v2[273][0], written.tag_v2[279][0]
    return made.getvalue()[start : start + count]


def write(path, pixels, bits, order="<", big=False, planar=False, tile=None, zipped=False,
          photometric=None, way=None, predictor=1, more=()):  # fmt: skip
    """A TIFF by hand; pixels are [H, W, C], `more` tags with struct's letter and their values."""
    way = way or (8 if zipped else 1)
    height, width, channels = pixels.shape
    planes = [pixels[..., k : k + 1] for k in range(channels)] if planar else [pixels]
    rows, columns = tile or (STRIP_ROWS, width)
    segments = []
    for plane in planes:
        for top in range(0, height, rows):
            for left in range(0, width, columns):
                part = plane[top : top + rows, left : left + columns]
                if tile:
                    missing = (rows - part.shape[0], columns - part.shape[1])
                    part = np.pad(part, (*((0, m) for m in missing), (0, 0)))
                if predictor == 1:
                    data = packed(part.reshape(len(part), -1), bits, order)
                else:
                    data = foreseen(part, bits, order, predictor)
                segments.append(compressed(data, len(part), way) if way != 1 else data)
    kind = {"f": 3, "i": 2}.get(pixels.dtype.kind, 1) if bits in (8, 16, 32, 64) else 1
    photometric = (2 if channels > 1 else 1) if photometric is None else photometric
    start = 4000
    offsets = np.cumsum([start, *map(len, segments)])[:-1].tolist()
    tags = {
        256: [width], 257: [height], 258: [bits] * channels, 259: [way],
        262: [photometric], 277: [channels], 284: [2 if planar else 1], 339: [kind] * channels,
    }  # fmt: skip
    if channels == 4:
        tags[338] = [2]
    if predictor != 1:
        tags[317] = [predictor]
    if tile:
        tags |= {322: [columns], 323: [rows], 324: offsets, 325: [len(s) for s in segments]}
    else:
        tags |= {273: offsets, 278: [rows], 279: [len(s) for s in segments]}
    letters = {tag: letter for tag, (letter, _) in dict(more).items()}
    tags |= {tag: values for tag, (_, values) in dict(more).items()}
    word = "Q" if big else "I"
    slot, entry = struct.calcsize(f"={word}"), 20 if big else 12
    where = 16 if big else 8
    after = where + (8 if big else 2) + entry * len(tags) + slot
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(
        f"{order}HHHQ" if big else f"{order}HI", *((43, 8, 0, where) if big else (42, where))
    )
    directory, more = struct.pack(f"{order}{'Q' if big else 'H'}", len(tags)), b""
    for tag, values in sorted(tags.items()):
        letter = letters.get(tag, word if tag in (273, 279, 324, 325) else "H")
        data = struct.pack(f"{order}{len(values)}{letter}", *values)
        if len(data) > slot:
            more, data = more + data, struct.pack(order + word, after + len(more))
        number = {"B": 1, "H": 3, "I": 4, "Q": 16}[letter]
        directory += struct.pack(f"{order}HH{word}", tag, number, len(values))
        directory += data.ljust(slot, b"\0")
    made = head + directory + bytes(slot) + more
    assert len(made) <= start
    path.write_bytes(made.ljust(start, b"\0") + b"".join(segments))


LAYOUTS = [
    {},
    {"planar": True},
    {"planar": True, "tile": (16, 16)},
    {"planar": True, "zipped": True},
    {"tile": (16, 16), "zipped": True},
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_whole_numbers_come_back_in_every_layout(tmp_path, layout, order, big, channels):
    for dtype in (np.uint8, np.uint16):
        pixels = random_pixels(channels, dtype).reshape(HEIGHT, WIDTH, channels)
        write(tmp_path / "a.tif", pixels, dtype().itemsize * 8, order, big, **layout)
        found = to_uint16(load_image(tmp_path / "a.tif"))
        expected = pixels.astype(np.uint16) * (257 if dtype is np.uint8 else 1)
        np.testing.assert_array_equal(found, np.broadcast_to(expected, found.shape))


COMPRESSED = [  # what Pillow and OpenCV leave to us
    {"planar": True}, {"planar": True, "tile": (16, 16)}, {"order": ">", "big": True},
    {"order": ">", "big": True, "planar": True},
]  # fmt: skip


@pytest.mark.parametrize("layout", COMPRESSED)
@pytest.mark.parametrize("way", [*ZIPPED, *BY_LIBTIFF])
@pytest.mark.parametrize("predictor", [1, 2])
def test_whole_numbers_come_back_however_they_are_packed(tmp_path, layout, way, predictor):
    if way == PACK_BITS and predictor != 1:
        pytest.skip("TIFF has no predictors there")
    for dtype in (np.uint8, np.uint16):
        pixels = random_pixels(3, dtype).reshape(HEIGHT, WIDTH, 3)
        bits = dtype().itemsize * 8
        write(tmp_path / "a.tif", pixels, bits, way=way, predictor=predictor, **layout)
        found = to_uint16(load_image(tmp_path / "a.tif"))
        expected = pixels.astype(np.uint16) * (257 if dtype is np.uint8 else 1)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("layout", COMPRESSED)
@pytest.mark.parametrize("way", [*ZIPPED, *BY_LIBTIFF])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_come_back_however_they_are_packed(tmp_path, layout, way, dtype):
    light = np.random.default_rng(2).uniform(0, 3, (HEIGHT, WIDTH, 3)).astype(dtype)
    bits = dtype().itemsize * 8
    write(tmp_path / "a.tif", light, bits)
    expected = load_image(tmp_path / "a.tif")
    predictor = 1 if way == PACK_BITS else 3
    write(tmp_path / "b.tif", light, bits, way=way, predictor=predictor, **layout)
    assert load_image(tmp_path / "b.tif").equal(expected)


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("way", [*ZIPPED, *BY_LIBTIFF])
def test_odd_bits_come_back_however_they_are_packed(tmp_path, bits, way):
    pixels = np.random.default_rng(bits).integers(0, 2**bits, (HEIGHT, WIDTH, 3))
    for planar in (False, True):
        write(tmp_path / "a.tif", pixels, bits, planar=planar, way=way)
        found = as_hwc(load_image(tmp_path / "a.tif"))
        np.testing.assert_allclose(found, pixels * 2 / (2**bits - 1) - 1, atol=1e-6)


@pytest.mark.parametrize("way", ZIPPED)
def test_a_strip_that_unpacks_to_more_than_its_pixels_takes_no_more_memory(tmp_path, way):
    """A file of 64 kB would take 64 MiB, and one of a megabyte gigabytes."""
    bomb = zlib.compress(b"\0" * (1 << 26))
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint16)
    write(tmp_path / "plain.tif", pixels, 16, planar=True, way=way)
    tracemalloc.start()
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(zlib, "compress", lambda _: bomb)
            write(tmp_path / "a.tif", pixels, 16, planar=True, way=way)
        tracemalloc.reset_peak()
        assert load_image(tmp_path / "a.tif").equal(load_image(tmp_path / "plain.tif"))
        assert tracemalloc.get_traced_memory()[1] < 1 << 23
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("way", BY_LIBTIFF)
def test_a_strip_of_any_length_is_whole(tmp_path, monkeypatch, way):
    """Pillow unpacks it, whose own limit on pixels is for pictures from outside."""
    pixels = random_pixels(3, np.uint16).astype(np.uint32) << 16
    write(tmp_path / "a.tif", pixels, 32, way=way)
    whole = load_image(tmp_path / "a.tif")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)
    assert load_image(tmp_path / "a.tif").equal(whole)


@pytest.mark.parametrize("way", [1, 8, 5])
def test_a_tile_that_unpacks_to_more_than_its_picture_takes_no_more_memory(tmp_path, way):
    """A file of 64 kB would take 64 MiB, and one of a few megabytes all there is."""
    side = 8192
    write(tmp_path / "a.tif", np.zeros((side, side, 1), np.uint8), 8, big=True, tile=(side, side),
          way=way)  # fmt: skip
    data = bytearray((tmp_path / "a.tif").read_bytes())
    for tag, smaller in ((256, 64), (257, 64)):
        at = data.index(struct.pack("<HHQH", tag, 3, 1, side))
        data[at : at + 14] = struct.pack("<HHQH", tag, 3, 1, smaller)
    (tmp_path / "a.tif").write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(PictureError, match="damaged or cut off"):
            load_image(tmp_path / "a.tif")
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floating_planes_are_the_same_picture(tmp_path, layout, dtype):
    light = np.random.default_rng(2).uniform(0, 3, (HEIGHT, WIDTH, 3)).astype(dtype)
    write(tmp_path / "a.tif", light, dtype().itemsize * 8)
    expected = load_image(tmp_path / "a.tif")
    for order in "<>":
        for big in (False, True):
            write(tmp_path / "b.tif", light, dtype().itemsize * 8, order, big, **layout)
            assert load_image(tmp_path / "b.tif").equal(expected)


@pytest.mark.parametrize("bits", range(9, 16))
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("planar", [False, True])
def test_odd_bits_reach_from_black_to_white(tmp_path, bits, channels, planar):
    largest = 2**bits - 1
    pixels = np.random.default_rng(bits).integers(0, largest + 1, (HEIGHT, WIDTH, channels))
    pixels[0, 0], pixels[0, 1] = 0, largest
    for order in "<>":
        write(tmp_path / "a.tif", pixels, bits, order, planar=planar)
        found = as_hwc(load_image(tmp_path / "a.tif"))
        expected = np.broadcast_to(pixels * 2 / largest - 1, found.shape)
        np.testing.assert_allclose(found, expected, atol=1e-6)
    write(tmp_path / "a.tif", pixels[..., :1], bits, photometric=0)
    found = as_hwc(load_image(tmp_path / "a.tif"))
    np.testing.assert_allclose(found[..., :1], 1 - pixels[..., :1] * 2 / largest, atol=1e-6)


def test_what_nobody_reads_in_a_bigtiff_is_refused_in_a_sentence(tmp_path):
    pixels = random_pixels(1, np.uint8).reshape(HEIGHT, WIDTH, 1)
    write(tmp_path / "a.tif", pixels, 8, ">", True, photometric=5)
    with pytest.raises(PictureError, match="expected"):
        load_image(tmp_path / "a.tif")


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.97])
def test_cut_off_planes_are_refused(tmp_path, kept):
    write(tmp_path / "a.tif", random_pixels(3, np.uint16), 16, planar=True)
    data = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(PictureError, match="damaged or cut off"):
        load_image(tmp_path / "a.tif")


def test_an_unknown_compression_is_named(tmp_path):
    write(tmp_path / "a.tif", random_pixels(3, np.uint16), 16, planar=True)
    data = bytearray((tmp_path / "a.tif").read_bytes())
    at = data.index(struct.pack("<HHI", 259, 3, 1))
    data[at + 8 : at + 10] = struct.pack("<H", 34887)
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(PictureError, match="compressed in way 34887 of TIFF; expected none, LZW"):
        load_image(tmp_path / "a.tif")


def test_tags_take_no_more_memory_than_a_picture_needs(tmp_path):
    """A number of a tag costs many times its own bytes; of the tags few are used."""
    pixels = random_pixels(3, np.uint8)
    write(tmp_path / "a.tif", pixels, 8, planar=True, more={34377: ("B", [1] * 500)})
    assert 34377 not in read_tags(tmp_path / "a.tif").values  # a layered original, say
    np.testing.assert_array_equal(to_uint8(load_image(tmp_path / "a.tif")), pixels)
    data = bytearray((tmp_path / "a.tif").read_bytes())
    at = data.index(struct.pack("<HH", 273, 4))
    many = 9_000_000
    data[at : at + 12] = struct.pack("<HHII", 273, 3, many, len(data))
    (tmp_path / "a.tif").write_bytes(data)
    os.truncate(tmp_path / "a.tif", len(data) + 2 * many)
    with pytest.raises(ValueError, match="than any has"):
        read_tags(tmp_path / "a.tif")
    with pytest.raises(PictureError, match="damaged or cut off"):
        load_image(tmp_path / "a.tif")


@pytest.mark.parametrize("name", ["planar_rgb16", "planar_rgb_f32", "bigtiff_bigendian_rgb8"])
def test_the_shared_pictures_are_the_expected_one(shared, name):
    folder = shared / "data/test/files"
    expected = load_image(folder / "expected_64x40.png")
    assert (load_image(folder / f"{name}.tif") - expected).abs().max() < 1 / 127.5
