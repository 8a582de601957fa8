"""GIF's 256 colors: one palette for as long as the light stays.

Another palette would give pixels that never change another color each time: they would flicker. So
a palette is kept while part of the picture stands still, and otherwise while it suits the frames;
when the light changes, all pixels do, and new colors are chosen as they are needed. It is chosen
from several frames: in the first of a picture of few flat colors their mixtures are missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLES = 4096  # pixels of a frame by which its palette is judged, about
STANDING = 0.03  # share of them that stands still while the light stays
WORSE, WORSE_LEVELS = 1.25, 0.5  # times the error of a new palette, and more, that is borne
FAR_WORSE, FAR_WORSE_LEVELS = 1.5, 1.0  # ... where part of the picture stands still
BORNE_LEVELS = 6.0  # an error that is borne there in any case, as photographs have it
HELD, HELD_BYTES = 12, 1 << 26  # frames that a palette is chosen from, at most


class GifColors:
    """Turns frames into 256 colors with a dither whose pattern stays in place."""

    def __init__(self, width: int, height: int, rate: Fraction) -> None:
        """Take frames of one size at so many per second."""
        self._size = width, height
        self._rate = rate
        self._step = max(1, round((width * height / SAMPLES) ** 0.5))
        self._most = max(1, min(HELD, HELD_BYTES // (3 * width * height)))
        self._held: list[tuple[Any, NDArray[np.uint8]]] = []  # frames without a palette yet
        self._palette: NDArray[np.float32] | None = None  # [256, 3]
        self._first: NDArray[np.uint8] | None = None  # [n, 3] samples of its first frame
        self._error = 0.0  # the largest of its frames, levels
        self._graph: tuple[Any, Any] | None = None

    def take(self, frame: Any, pixels: NDArray[np.uint8]) -> Iterator[Any]:
        """Take a frame; gives those that are ready.

        Args:
            frame: PyAV's, with its time.
            pixels: the same [H, W, 3].
        """
        samples = pixels[:: self._step, :: self._step].reshape(-1, 3)
        if self._held and _standing(self._held[0][1], samples) < STANDING:
            yield from self._begin()
        if self._graph is not None and not self._suits(samples):
            yield from self._end()
        if self._graph is not None:
            yield from self._color(frame)
            return
        self._held.append((frame, samples))
        if len(self._held) == self._most:
            yield from self._begin()

    def finish(self) -> Iterator[Any]:
        """Give the frames that are left."""
        yield from self._begin()
        yield from self._end()

    def _begin(self) -> Iterator[Any]:
        """Choose a palette for the frames that are held, and color them."""
        if self._held:
            held, self._held = self._held, []
            self._choose([frame for frame, _ in held], [samples for _, samples in held])
            for frame, _ in held:
                yield from self._color(frame)

    def _color(self, frame: Any) -> Iterator[Any]:
        assert self._graph is not None
        source, sink = self._graph
        source.push(frame)
        yield from _ready(sink)

    def _end(self) -> Iterator[Any]:
        """Give what is left of the frames that share a palette."""
        if self._graph is not None:
            source, sink = self._graph
            source.push(None)
            yield from _ready(sink)
            self._graph = None

    def _suits(self, samples: NDArray[np.uint8]) -> bool:
        """Whether the palette does for a frame, by some of its pixels [n, 3]."""
        assert self._first is not None
        error = self._error_of(samples)
        if _standing(self._first, samples) >= STANDING:
            return error <= max(FAR_WORSE * self._error + FAR_WORSE_LEVELS, BORNE_LEVELS)
        return error <= WORSE * self._error + WORSE_LEVELS

    def _error_of(self, samples: NDArray[np.uint8]) -> float:
        """The mean distance of pixels [n, 3] from the palette's nearest color, in levels."""
        colors = samples.astype(np.float32)
        assert self._palette is not None
        squares = (colors**2).sum(1)[:, None] + (self._palette**2).sum(1)
        nearest = (squares - 2 * colors @ self._palette.T).min(1)
        return float(np.sqrt(np.maximum(nearest, 0)).mean())

    def _choose(self, frames: list[Any], samples: list[NDArray[np.uint8]]) -> None:
        """Choose a palette for frames, and use it from there on."""
        import av.filter

        chooser = av.filter.Graph()
        source = self._source(chooser, "rgb24", *self._size)
        generate = chooser.add("palettegen", "stats_mode=full:reserve_transparent=0")
        sink = chooser.add("buffersink")
        source.link_to(generate)
        generate.link_to(sink)
        chooser.configure()
        for frame in (*frames, None):
            source.push(frame)
        palette: Any = sink.pull()
        palette.pts, palette.time_base = frames[0].pts, frames[0].time_base
        self._palette = palette.to_ndarray(format="rgb24").reshape(-1, 3).astype(np.float32)
        self._first, self._error = samples[0].copy(), max(map(self._error_of, samples))

        user = av.filter.Graph()
        source = self._source(user, "rgb24", *self._size)
        colors = self._source(user, palette.format.name, palette.width, palette.height)
        # bayer, whose pattern stays in place: error diffusion boils where nothing moves
        use = user.add("paletteuse", "dither=bayer:bayer_scale=3")
        sink = user.add("buffersink")
        source.link_to(use, 0, 0)
        colors.link_to(use, 0, 1)
        use.link_to(sink)
        user.configure()
        colors.push(palette)
        colors.push(None)
        self._graph = source, sink
        self._kept = user  # the filters live as long as it does

    def _source(self, graph: Any, format: str, width: int, height: int) -> Any:
        import av

        return graph.add_buffer(
            width=width, height=height, format=av.VideoFormat(format), time_base=1 / self._rate
        )


def _standing(
    first: NDArray[np.uint8],  # [n, 3] pixels of one frame
    then: NDArray[np.uint8],  # [n, 3] the same of a later one
) -> float:
    """The share of pixels that are what they were."""
    return float((then == first).all(1).mean())


def _ready(sink: Any) -> Iterator[Any]:
    import av

    while True:
        try:
            yield sink.pull()
        except (av.BlockingIOError, av.EOFError):
            return
