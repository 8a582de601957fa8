"""Lazily write frames: PNG 8/16 and half-float EXR into a folder, MP4, WebM and GIF into a file.

Frames are taken one at a time; encoding runs in the background while the next one is rendered, and
never more than a few wait. Nothing appears at the target before it is whole: files grow under a
hidden name beside it and are renamed at the end, or removed if anything goes wrong.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import secrets
import shutil
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, get_args

import numpy as np
from torch import Tensor

from .errors import OutputError
from .images import explain_write_failure, to_linear_float16, to_uint8, to_uint16
from .settings import FormatName, OutputSettings

MP4_CRF = 18  # 0 lossless .. 51; 18 is hard to tell from the frames
MP4_PRESET = "fast"  # the encoder shares the cores with the renderer
WEBM_CRF = 24  # 0 .. 63
# Fixed rather than the machine's: x264 and libvpx give other bytes for another number of threads.
ENCODER_THREADS = 8
GIF_MAX_FPS = 50  # viewers slow down delays under 2/100 s
PNG_COMPRESSION = 1  # of 9: five times faster than the usual 6, a tenth larger
WAITING_FRAMES = 4  # rendered, not yet encoded

_FOLDER_ENDINGS = {"png": ".png", "png16": ".png", "exr": ".exr"}
_CODECS = {"mp4": "libx264", "webm": "libvpx-vp9", "gif": "gif"}
_OTHER_MEDIA = frozenset(
    ".avi .mkv .mov .m4v .mpg .mpeg .wmv .flv .ogv .ts .m2ts .3gp .mxf .y4m .h264 .h265 .hevc .av1 "
    ".apng .png .jpg .jpeg .tif .tiff .bmp .exr .hdr .tga .webp .avif .heic .jxl .jp2 .psd .dpx "
    ".cin .ppm".split()
)
_OUR_FRAME = re.compile(r"\d{4,}\.(png|exr)")
_OUR_STAGE = re.compile(r"\..*\.[0-9a-f]{8}\.part(\.old)?")
# What file browsers leave behind in every folder they show.
_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True)
class WrittenSequence:
    """What `write_sequence` left on the disk."""

    paths: tuple[Path, ...]  # every file: the frames in order, or the one video
    frames: int  # how many were written
    width: int  # as encoded, in pixels
    height: int  # as encoded, in pixels
    format: FormatName
    notes: tuple[str, ...]  # where the file differs from the frames, one sentence each


def write_sequence(
    frames: Iterable[Tensor],  # each [1, 3|4, H, W], all of one size
    target: str | Path,
    settings: OutputSettings = OutputSettings(),  # noqa: B008 - frozen
    *,
    count: int | None = None,
) -> WrittenSequence:
    """Write frames as they come.

    Args:
        frames: float32 `[1, 3|4, H, W]` in [-1, 1], display-referred, straight alpha; a generator
            is drawn from one frame at a time. A frame may be reused once the next is asked for.
        target: a folder for png, png16 and exr (an earlier sequence in it is replaced whole); a
            file for mp4, webm and gif. Missing parents are made.
        settings: format and frames per second.
        count: how many frames to expect, for the width of the numbers in file names.

    Returns:
        What was written.

    Raises:
        OutputError: the target can't be written, or there are no frames, or they change size. As
            for every other exception, `frames`' own included, nothing is left behind.
    """
    chosen = resolve_format(target, settings)
    check_target(target, settings)
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise OutputError(f"There are no frames to write to '{target}'; expected at least one.")
    assert first.ndim == 4 and first.shape[0] == 1 and first.shape[1] in (3, 4), first.shape
    target = Path(target)
    steady = _refuse_size_changes(itertools.chain([first], remaining), tuple(first.shape))
    with _stage(target, chosen in _FOLDER_ENDINGS) as (staged, place):
        sink: _Sink
        with _explaining(target):
            if chosen in _FOLDER_ENDINGS:
                sink = _FrameFolder(staged, chosen, count)
            else:
                sink = _Video(staged, chosen, tuple(first.shape), settings.fps)
        with contextlib.closing(sink):
            written = _encode_in_background(steady, sink, target)
            with _explaining(target):
                names = sink.finish(written)
        with _explaining(target):
            if names:
                _install_folder(staged, place)
            else:
                os.replace(staged, place)
    return WrittenSequence(
        paths=tuple(target / name for name in names) or (target,),
        frames=written,
        width=first.shape[3] + sink.padding_wh[0],
        height=first.shape[2] + sink.padding_wh[1],
        format=chosen,
        notes=sink.notes,
    )


# ------------------------------------------------------------------------------- target and format


def resolve_format(target: str | Path, settings: OutputSettings) -> FormatName:
    """The format that a target and the settings ask for together.

    Args:
        target: the file or folder that was asked for.
        settings: its `format` decides; without it the target's ending does, else it is png.

    Returns:
        The format.

    Raises:
        OutputError: the ending contradicts the format, or is of a kind that isn't written.
    """
    ending = Path(target).suffix.lower()
    of_ending = ending[1:] if ending[1:] in _CODECS else None
    if settings.format is None and of_ending:
        return of_ending  # type: ignore[return-value]
    chosen = settings.format or "png"
    if ending in _FOLDER_ENDINGS.values():
        raise OutputError(
            f"'{target}' names one picture, but frames need a folder; expected a folder such as "
            f"'{Path(target).with_suffix('')}' (with --format png, png16 or exr): leave the ending "
            "off."
        )
    if ending in _OTHER_MEDIA:
        raise OutputError(
            f"'{target}' has the ending '{ending}', which can't be written; expected .mp4, .webm, "
            ".gif or a folder: choose one of them."
        )
    if of_ending and of_ending != chosen:
        raise OutputError(
            f"'{target}' ends in '{ending}', but --format is {chosen}; expected both to agree: "
            "change one of them."
        )
    return chosen


def check_target(target: str | Path, settings: OutputSettings) -> None:
    """Find out, before anything is rendered, whether a target can be written; changes nothing.

    Args:
        target: the file or folder that was asked for.
        settings: the format, if the target's ending doesn't tell.

    Raises:
        OutputError: it can't, and why.
    """
    chosen = resolve_format(target, settings)
    if not str(target) or "\0" in str(target):
        raise OutputError("The target has no usable name; expected a file or folder: name one.")
    place = _resolve(Path(target))
    with _explaining(Path(target)):
        if chosen in _FOLDER_ENDINGS:
            _check_folder(target, place)
        else:
            _check_file(target, place, chosen)
        if not place.exists():
            _check_parents(target, place)


def _resolve(target: Path) -> Path:
    """Where a target really lies: links are followed, so that a link to another disk stays one."""
    try:
        return target.resolve()
    except (OSError, RuntimeError) as error:  # a link that leads to itself
        raise OutputError(
            f"'{target}' leads in a circle of links; expected a file or folder: choose another."
        ) from error


def _check_folder(target: str | Path, place: Path) -> None:
    if not place.exists():
        return
    if not place.is_dir():
        raise OutputError(
            f"'{target}' is a file, but frames need a folder; expected a folder: choose another "
            "name, or .mp4, .webm or .gif for one file."
        )
    for entry in sorted(place.iterdir()):
        ours = _OUR_FRAME.fullmatch(entry.name) and entry.is_file()
        if not (ours or entry.name in _LITTER or _OUR_STAGE.fullmatch(entry.name)):
            raise OutputError(
                f"'{target}' holds other things ('{entry.name}'); expected a new or empty folder, "
                "or an earlier sequence to replace: choose another folder."
            )
    _check_writable(target, place)


def _check_file(target: str | Path, place: Path, chosen: str) -> None:
    if place.is_dir() or str(target).endswith(("/", os.sep)):
        raise OutputError(
            f"'{target}' is a folder, but {chosen} is one file; expected a file such as "
            f"'{Path(target) / ('clip.' + chosen)}': name the file."
        )
    if place.exists():
        if not place.is_file():  # renaming over /dev/null would replace the device
            raise OutputError(
                f"'{target}' is not a regular file; expected a file or a new name: choose another."
            )
        _check_writable(target, place)
        _check_writable(target, place.parent)
    import av

    if _CODECS[chosen] not in av.codecs_available:
        raise OutputError(
            f"This PyAV has no encoder for {chosen} ({_CODECS[chosen]}); expected the one from "
            "PyPI: install it with 'pip install --force-reinstall av', or write png."
        )


def _check_parents(target: str | Path, place: Path) -> None:
    parent = place.parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    if not parent.is_dir():
        raise OutputError(
            f"'{target}' lies under '{parent.name}', which is a file; expected a folder: choose "
            "another place."
        )
    _check_writable(target, parent)


def _check_writable(target: str | Path, place: Path) -> None:
    if not os.access(place, os.W_OK | (os.X_OK if place.is_dir() else 0)):
        raise explain_write_failure(Path(target), PermissionError(errno.EACCES, ""))


@contextlib.contextmanager
def _explaining(target: Path) -> Iterator[None]:
    """Turn what goes wrong while writing, and only that, into our error."""
    import av
    import cv2

    try:
        yield
    except OSError as error:  # PyAV's are OSErrors too, where the system was the cause
        raise explain_write_failure(target, error) from error
    except (av.FFmpegError, cv2.error) as error:
        reason = " ".join(str(error).split())[:200]
        raise OutputError(
            f"'{target}' can't be encoded ({reason}); expected an encoder that takes these frames: "
            "choose another --format or --size."
        ) from error


# ---------------------------------------------------------------------------- staging and renaming


@contextlib.contextmanager
def _stage(target: Path, is_folder: bool) -> Iterator[tuple[Path, Path]]:
    """A hidden file or folder to write into, and the place it is for; gone afterwards."""
    place = _resolve(target)
    home = place if is_folder and _must_stay(place) else place.parent
    staged = home / f".{place.name[:40]}.{secrets.token_hex(4)}.part"
    made: list[Path] = []
    try:
        with _explaining(target):
            for parent in reversed([home, *home.parents]):
                if not parent.exists():
                    parent.mkdir(exist_ok=True)
                    made.append(parent)
            if is_folder:
                staged.mkdir()
        yield staged, place
    except BaseException:
        _remove(staged)
        for parent in reversed(made):
            with contextlib.suppress(OSError):
                parent.rmdir()
        raise
    _remove(staged)


def _must_stay(folder: Path) -> bool:
    """Whether a folder's files can be replaced, but not the folder itself."""
    if not folder.exists():
        return False
    here = Path.cwd()
    return (
        os.path.ismount(folder)
        or here == folder
        or folder in here.parents
        or not os.access(folder.parent, os.W_OK | os.X_OK)
    )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _install_folder(staged: Path, place: Path) -> None:
    """Put a finished folder in its place; an earlier sequence there is kept until the last step."""
    if not place.exists():
        staged.rename(place)
        return
    if staged.parent != place:
        old = staged.with_name(staged.name + ".old")
        with contextlib.suppress(OSError):
            os.chmod(staged, place.stat().st_mode & 0o7777)
        try:
            _rename_all([(place, old), (staged, place)])
        except OSError:
            pass  # Windows: another program looks into the folder; its files may still be free
        else:
            _remove(old)
            return
    new = sorted(entry for entry in staged.iterdir())
    earlier = [entry for entry in place.iterdir() if _OUR_FRAME.fullmatch(entry.name)]
    replaced = staged / "replaced"
    replaced.mkdir()
    _rename_all(
        [(entry, replaced / entry.name) for entry in earlier]
        + [(entry, place / entry.name) for entry in new]
    )


def _rename_all(moves: list[tuple[Path, Path]]) -> None:
    """Rename all or, if one fails, none."""
    done: list[tuple[Path, Path]] = []
    try:
        for source, goal in moves:
            source.rename(goal)
            done.append((source, goal))
    except BaseException:
        for source, goal in reversed(done):
            with contextlib.suppress(OSError):
                goal.rename(source)
        raise


# -------------------------------------------------------------------------- encoding in background


class _Sink(Protocol):
    """Where frames go: `convert` runs where they are rendered, `encode` in the background."""

    workers: int
    padding_wh: tuple[int, int]
    notes: tuple[str, ...]

    def convert(self, frame: Tensor) -> np.ndarray: ...

    def encode(self, index: int, pixels: np.ndarray) -> None: ...

    def finish(self, written: int) -> list[str]: ...

    def close(self) -> None: ...


def _refuse_size_changes(frames: Iterable[Tensor], shape: tuple[int, ...]) -> Iterator[Tensor]:
    for index, frame in enumerate(frames):
        if tuple(frame.shape) != shape:
            raise OutputError(
                f"Frame {index + 1} is {_name_shape(frame.shape)}; expected "
                f"{_name_shape(shape)} like the first: render all frames in one size."
            )
        yield frame


def _name_shape(shape: tuple[int, ...]) -> str:
    return f"{shape[3]}×{shape[2]} with {shape[1]} channels"


def _encode_in_background(frames: Iterable[Tensor], sink: _Sink, target: Path) -> int:
    """Draw frames here, encode them in other threads; returns how many there were."""
    pool = ThreadPoolExecutor(sink.workers, thread_name_prefix="encode")
    pending: deque[Future[None]] = deque()
    written = 0
    try:
        for frame in frames:
            pixels = sink.convert(frame)
            while pending and (len(pending) >= WAITING_FRAMES or pending[0].done()):
                with _explaining(target):
                    pending.popleft().result()
            pending.append(pool.submit(sink.encode, written, pixels))
            written += 1
        while pending:
            with _explaining(target):
                pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return written


class _FrameFolder:
    """Numbered picture files."""

    workers = max(2, min(4, os.cpu_count() or 2))
    padding_wh = (0, 0)
    notes: tuple[str, ...] = ()

    def __init__(self, folder: Path, format: str, count: int | None) -> None:
        self._folder = folder
        self._format = format
        self._digits = max(4, len(str(count or 0)))

    def _name(self, index: int, digits: int) -> str:
        return f"{index + 1:0{digits}d}{_FOLDER_ENDINGS[self._format]}"

    def convert(self, frame: Tensor) -> np.ndarray:
        if self._format == "exr":
            return to_linear_float16(frame)
        return to_uint8(frame) if self._format == "png" else to_uint16(frame)

    def encode(self, index: int, pixels: np.ndarray) -> None:
        path = self._folder / self._name(index, self._digits)
        if self._format == "exr":
            _write_exr(path, pixels)
        else:
            path.write_bytes(_encode_png(pixels))

    def finish(self, written: int) -> list[str]:
        # Without a count, more than 9,999 frames need wider numbers, or they sort wrongly.
        digits = max(self._digits, len(str(written)))
        names = [self._name(index, digits) for index in range(written)]
        if digits > self._digits:
            for index, name in enumerate(names):
                earlier = self._folder / self._name(index, self._digits)
                earlier.rename(self._folder / name)
        return names

    def close(self) -> None:
        pass


def _encode_png(pixels: np.ndarray) -> memoryview:  # [H, W, 3|4] uint8 or uint16, R, G, B(, A)
    import cv2

    order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    options = [cv2.IMWRITE_PNG_COMPRESSION, PNG_COMPRESSION]
    _, data = cv2.imencode(".png", cv2.cvtColor(pixels, order), options)
    return memoryview(data)


def _write_exr(path: Path, pixels: np.ndarray) -> None:  # [H, W, 3|4] float16, scene-linear
    import OpenEXR

    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    channels = {"RGB" if pixels.shape[2] == 3 else "RGBA": pixels}
    try:
        OpenEXR.File(header, channels).write(str(path))
    except RuntimeError as error:  # the library tells the system's error in words only
        full = os.strerror(errno.ENOSPC) in str(error)
        raise OSError(errno.ENOSPC if full else errno.EIO, " ".join(str(error).split())) from error


class _Video:
    """One video file; frames must come in order, so there is one worker."""

    workers = 1

    def __init__(self, path: Path, format: str, shape: tuple[int, ...], fps: float) -> None:
        import av

        _, channels, height, width = shape
        alpha = channels == 4
        self._format = format
        self._keeps_alpha = alpha and format == "webm"
        self._rate = _frame_rate(fps)
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

        self._graph = self._build_graph(width, height)
        # bitexact: no version, date or random id in the file, so that the same frames give the
        # same bytes. use_editlist=0: with no B-frames there is nothing to shift, and a loop has no
        # list that players read differently.
        self._container = av.open(
            str(path),
            "w",
            format=format,
            options={
                "fflags": "+bitexact",
                **({"movflags": "+faststart", "use_editlist": "0"} if format == "mp4" else {}),
                **({"loop": "0"} if format == "gif" else {}),  # 0: for ever
            },
        )
        try:
            self._stream: Any = self._container.add_stream(_CODECS[format], rate=self._rate)
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
        return "yuva420p" if self._keeps_alpha else "yuv420p"

    def _codec_options(self) -> dict[str, str]:
        options = {"flags": "+bitexact", "threads": str(ENCODER_THREADS)}
        if self._format == "gif":
            return options
        # Tagged as what the filter graph makes: untagged, a player guesses BT.601 for small sizes.
        options |= {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709"}
        options |= {"color_range": "tv"}
        if self._format == "mp4":
            return options | {"crf": str(MP4_CRF), "preset": MP4_PRESET, "bf": "0"}
        options |= {"crf": str(WEBM_CRF), "b": "0", "deadline": "good", "cpu-used": "4"}
        options |= {"row-mt": "1"}
        # libvpx can't predict alpha from a hidden frame.
        return options | ({"auto-alt-ref": "0"} if self._keeps_alpha else {})

    def _build_graph(self, width: int, height: int) -> Any:
        """The way from RGB to what the encoder takes; it holds a frame or two, never the clip."""
        import av.filter

        graph = av.filter.Graph()
        source = graph.add_buffer(
            width=width,
            height=height,
            format="rgba" if self._keeps_alpha else "rgb24",
            time_base=1 / self._rate,
        )
        sink = graph.add("buffersink")
        if self._format == "gif":
            split = graph.add("split")
            palette = graph.add("palettegen", "stats_mode=single:reserve_transparent=0")
            # bayer, whose pattern stays in place: error diffusion boils where nothing moves.
            use = graph.add("paletteuse", "new=1:dither=bayer:bayer_scale=3")
            source.link_to(split)
            split.link_to(use, 0, 0)
            split.link_to(palette, 1, 0)
            palette.link_to(use, 0, 1)
            use.link_to(sink)
        else:
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

    def convert(self, frame: Tensor) -> np.ndarray:
        pixels = to_uint8(frame if self._keeps_alpha else frame[:, :3])
        if any(self.padding_wh):
            right, bottom = self.padding_wh
            pixels = np.pad(pixels, ((0, bottom), (0, right), (0, 0)), mode="edge")
        return pixels

    def encode(self, index: int, pixels: np.ndarray) -> None:
        import av

        frame = av.VideoFrame.from_ndarray(pixels, format="rgba" if self._keeps_alpha else "rgb24")
        frame.pts, frame.time_base = index, 1 / self._rate
        self._graph.vpush(frame)
        self._drain_graph()

    def _drain_graph(self) -> None:
        import av

        while True:
            try:
                frame = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            frame.pict_type = 0  # the encoder chooses where key frames go
            self._mux(frame)

    def _mux(self, frame: Any | None) -> None:
        for packet in self._stream.encode(frame):
            packet.duration = packet.duration or 1  # the last frame lasts as long as the others
            self._container.mux(packet)

    def finish(self, written: int) -> list[str]:
        self._graph.vpush(None)
        self._drain_graph()
        self._mux(None)
        self._container.close()  # writes the index: the disk may still turn out to be full
        return []

    def close(self) -> None:
        # After a failure the trailer fails as well, and that is no news.
        with contextlib.suppress(Exception):
            self._container.close()


def _frame_rate(fps: float) -> Fraction:
    """Frames per second as a ratio; 23.98, 29.97 and 59.94 become their exact NTSC rates."""
    for whole in (24, 30, 48, 60, 120):
        ntsc = Fraction(whole * 1000, 1001)
        if abs(fps - ntsc) < 0.005:
            return ntsc
    return max(Fraction(fps).limit_denominator(1001 * 100), Fraction(1, 1001 * 100))


assert set(_FOLDER_ENDINGS) | set(_CODECS) == set(get_args(FormatName))
