"""GIF's 256 colors: one palette for as long as the light stays.

Another palette would give pixels that never change another color each time: they would flicker. So
a palette is kept while part of the picture stands still, and otherwise while it suits the frames;
when the light changes, all pixels do, and new colors are chosen as they are needed.
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


class GifColors:
    """Turns frames into 256 colors with a dither whose pattern stays in place."""

    def __init__(self, width: int, height: int, rate: Fraction) -> None:
        """Take frames of one size at so many per second."""
        self._size = width, height
        self._rate = rate
        self._step = max(1, round((width * height / SAMPLES) ** 0.5))
        self._palette: NDArray[np.float32] | None = None  # [256, 3]
        self._first: NDArray[np.uint8] | None = None  # [n, 3] samples of its frame
        self._error = 0.0  # of its frame, levels
        self._graph: tuple[Any, Any] | None = None

    def take(self, frame: Any, pixels: NDArray[np.uint8]) -> Iterator[Any]:
        """Take a frame; gives those that are ready.

        Args:
            frame: PyAV's, with its time.
            pixels: the same [H, W, 3].
        """
        samples = pixels[:: self._step, :: self._step].reshape(-1, 3)
        if self._graph is None or not self._suits(samples):
            yield from self.finish()
            self._choose(frame, samples)
        assert self._graph is not None
        source, sink = self._graph
        source.push(frame)
        yield from _ready(sink)

    def finish(self) -> Iterator[Any]:
        """Give the frames that are left."""
        if self._graph is not None:
            source, sink = self._graph
            source.push(None)
            yield from _ready(sink)
            self._graph = None

    def _suits(self, samples: NDArray[np.uint8]) -> bool:
        """Whether the palette does for a frame, by some of its pixels [n, 3]."""
        standing = float((samples == self._first).all(1).mean())
        error = self._error_of(samples)
        if standing >= STANDING:
            return error <= FAR_WORSE * self._error + FAR_WORSE_LEVELS
        return error <= WORSE * self._error + WORSE_LEVELS

    def _error_of(self, samples: NDArray[np.uint8]) -> float:
        """The mean distance of pixels [n, 3] from the palette's nearest color, in levels."""
        colors = samples.astype(np.float32)
        assert self._palette is not None
        squares = (colors**2).sum(1)[:, None] + (self._palette**2).sum(1)
        nearest = (squares - 2 * colors @ self._palette.T).min(1)
        return float(np.sqrt(np.maximum(nearest, 0)).mean())

    def _choose(self, frame: Any, samples: NDArray[np.uint8]) -> None:
        """Choose a palette for a frame, and use it from there on."""
        import av.filter

        chooser = av.filter.Graph()
        source = self._source(chooser, "rgb24", *self._size)
        generate = chooser.add("palettegen", "stats_mode=full:reserve_transparent=0")
        sink = chooser.add("buffersink")
        source.link_to(generate)
        generate.link_to(sink)
        chooser.configure()
        source.push(frame)
        source.push(None)
        palette: Any = sink.pull()
        palette.pts, palette.time_base = frame.pts, frame.time_base
        self._palette = palette.to_ndarray(format="rgb24").reshape(-1, 3).astype(np.float32)
        self._first, self._error = samples.copy(), 0.0
        self._error = self._error_of(samples)

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


def _ready(sink: Any) -> Iterator[Any]:
    import av

    while True:
        try:
            yield sink.pull()
        except (av.BlockingIOError, av.EOFError):
            return
