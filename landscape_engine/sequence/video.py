"""Frames as one video file."""

from __future__ import annotations

import contextlib
import errno
import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..images import to_uint8, to_uint16
from ..settings import FormatName
from .dither import dithered
from .gif_colors import GifColors

CODECS: dict[FormatName, str] = {"mp4": "libx264", "webm": "libvpx-vp9", "gif": "gif"}
# The encoder shares the cores with the renderer: `veryfast` takes less than half as long as `fast`,
# and a step less of CRF makes up for its quality (0.2 dB short, for an eighth more bytes).
MP4_PRESET = "veryfast"
MP4_CRF = 17  # 0 lossless .. 51; 17 is hard to tell from the frames
# By itself x264 leaves out what changes a block by less than a level or two, so that a slow change
# of light lags behind, up to the next key frame: a loop that is played on and on would tick there.
MP4_EXACT = "no-fast-pskip=1:no-dct-decimate=1"
WEBM_CRF = 24  # 0 .. 63
# Fixed rather than the machine's: x264 and libvpx give other bytes for another number of threads.
ENCODER_THREADS = 8
GIF_MAX_FPS = 50  # viewers slow down delays under 2/100 s


class Video:
    """One video file; frames must come in order, so there is one worker."""

    workers = 1

    def __init__(
        self,
        path: Path,
        format: FormatName,
        shape: tuple[int, ...],
        fps: float,
        ten_bits: bool = False,  # of MP4 alone
    ) -> None:
        import av

        _, channels, height, width = shape
        alpha = channels == 4
        self._format = format
        self._keeps_alpha = alpha and format == "webm"
        self._ten_bits = ten_bits and format == "mp4"
        self._rate = frame_rate(fps)
        notes = []
        if alpha and not self._keeps_alpha:
            notes.append(f"{format.upper()} holds no alpha: it was left out.")
        self.padding_wh = (width % 2, height % 2) if format == "mp4" else (0, 0)
        if any(self.padding_wh):
            notes.append(
                f"{width}×{height} was padded to {width + width % 2}×{height + height % 2}: "
                "yuv420p needs even sides."
            )
        if format == "gif" and self._rate > GIF_MAX_FPS:
            self._rate = Fraction(GIF_MAX_FPS)
            notes.append(f"GIF plays at most {GIF_MAX_FPS} frames per second, not {fps:g}.")
        self.notes = tuple(notes)
        width, height = width + self.padding_wh[0], height + self.padding_wh[1]

        self._gif = GifColors(width, height, self._rate) if format == "gif" else None
        self._graph: Any = None if self._gif else self._build_graph(width, height)
        # bitexact: no version, date or random id in the file, so that the same frames give the
        # same bytes. use_editlist=0: with no B-frames there is nothing to shift, and a loop has no
        # list that players read differently.
        self._stream: Any = None
        self._file = _File(path, "wb")
        self._container: Any = av.open(
            self._file,
            "w",
            format=format,
            options={
                "fflags": "+bitexact",
                **({"movflags": "+faststart", "use_editlist": "0"} if format == "mp4" else {}),
                **({"loop": "0"} if format == "gif" else {}),  # 0: for ever
            },
        )
        try:
            self._stream = self._container.add_stream(CODECS[format], rate=self._rate)
            self._stream.width, self._stream.height = width, height
            self._stream.pix_fmt = self._pixel_format
            self._stream.codec_context.time_base = 1 / self._rate
            self._stream.options = self._codec_options()
            if self._keeps_alpha:
                self._stream.metadata["alpha_mode"] = "1"
        except BaseException:
            self.close()
            raise

    @property
    def _pixel_format(self) -> str:
        if self._format == "gif":
            return "pal8"
        if self._ten_bits:
            return "yuv420p10le"
        return "yuva420p" if self._keeps_alpha else "yuv420p"

    @property
    def _frame_format(self) -> str:
        """The pixels that frames are handed over in."""
        if self._ten_bits:
            return "rgb48le"
        return "rgba" if self._keeps_alpha else "rgb24"

    def _codec_options(self) -> dict[str, str]:
        options = {"flags": "+bitexact", "threads": str(ENCODER_THREADS)}
        if self._format == "gif":
            return options
        # Tagged as what the filter graph makes: untagged, a player guesses BT.601 for small sizes.
        options |= {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709"}
        options |= {"color_range": "tv"}
        if self._format == "mp4":
            options |= {"crf": str(MP4_CRF), "preset": MP4_PRESET, "bf": "0"}
            return options | {"x264-params": MP4_EXACT}
        options |= {"crf": str(WEBM_CRF), "b": "0", "deadline": "good", "cpu-used": "4"}
        options |= {"row-mt": "1"}
        # libvpx can't predict alpha from a hidden frame.
        return options | ({"auto-alt-ref": "0"} if self._keeps_alpha else {})

    def _build_graph(self, width: int, height: int) -> Any:
        """The way from RGB to YUV; it holds a frame or two, never the clip."""
        import av.filter

        graph = av.filter.Graph()
        source = graph.add_buffer(
            width=width,
            height=height,
            format=av.VideoFormat(self._frame_format),
            time_base=1 / self._rate,
        )
        sink = graph.add("buffersink")
        scale = graph.add(
            "scale",
            "out_color_matrix=bt709:out_range=tv:"
            "flags=bicubic+accurate_rnd+full_chroma_int+bitexact",
        )
        pixel_format = graph.add("format", f"pix_fmts={self._pixel_format}")
        source.link_to(scale)
        scale.link_to(pixel_format)
        pixel_format.link_to(sink)
        graph.configure()
        return graph

    def convert(self, frame: Tensor) -> NDArray[Any]:
        """Turn a frame into the pixels to encode."""
        shown = frame if self._keeps_alpha else frame[:, :3]
        if self._ten_bits:
            pixels: NDArray[Any] = to_uint16(shown)
        else:  # a GIF has a dither of its own
            pixels = to_uint8(shown) if self._format == "gif" else dithered(shown)
        if any(self.padding_wh):
            right, bottom = self.padding_wh
            pixels = np.pad(pixels, ((0, bottom), (0, right), (0, 0)), mode="edge")
        return pixels

    def encode(self, index: int, pixels: NDArray[Any]) -> None:
        """Encode one frame, and write the packets to the file."""
        import av

        frame = av.VideoFrame.from_ndarray(pixels, format=self._frame_format)
        frame.pts, frame.time_base = index, 1 / self._rate
        if self._gif:
            for made in self._gif.take(frame, pixels):
                self._mux(made)
            return
        self._graph.vpush(frame)
        self._drain_graph()

    def _drain_graph(self) -> None:
        import av

        while True:
            try:
                frame = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            self._mux(frame)

    def _mux(self, frame: Any | None) -> None:
        if frame is not None:
            frame.pict_type = 0  # the encoder chooses where key frames go
        for packet in self._stream.encode(frame):
            packet.duration = packet.duration or 1  # the last frame lasts as long as the others
            self._container.mux(packet)

    def finish(self, written: int) -> list[str]:
        """Flush the encoder, and write the index."""
        if self._gif:
            for frame in self._gif.finish():
                self._mux(frame)
        else:
            self._graph.vpush(None)
            self._drain_graph()
        self._mux(None)
        self._container.close()  # writes the index: the disk may still turn out to be full
        self._file.close()
        return []

    def close(self) -> None:
        """Let go of the file, finished or not."""
        # After a failure the trailer fails as well, and that is no news.
        with contextlib.suppress(Exception):
            self._container.close()
        with contextlib.suppress(Exception):
            self._file.close()


class _File(io.FileIO):
    """A file that is ours to close: FFmpeg keeps its own open where not even a header fits.

    FFmpeg takes a short write for a whole one, and hears of a failure by a number below 0.
    """

    def write(self, data: Any) -> int:
        left = memoryview(data)
        try:
            while left:
                left = left[super().write(left) :]
        except OSError as error:
            return -(error.errno or errno.EIO)
        return len(data)


def frame_rate(fps: float) -> Fraction:
    """Frames per second as a ratio; 23.98, 29.97 and 59.94 become their exact NTSC rates."""
    for whole in (24, 30, 48, 60, 120):
        ntsc = Fraction(whole * 1000, 1001)
        if abs(fps - ntsc) < 0.005:
            return ntsc
    return max(Fraction(fps).limit_denominator(1001 * 100), Fraction(1, 1001 * 100))
