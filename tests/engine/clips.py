"""Frames to write, and what was written read again."""

import av
import pytest
import torch

from landscape_engine.errors import OutputError
from landscape_engine.sequence import write_sequence
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
