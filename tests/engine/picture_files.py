"""Picture files written by hand, of the kinds that no library writes."""

import struct
import zlib

import numpy as np
import OpenEXR

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
