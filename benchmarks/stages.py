"""Each stage of a job at the sizes that artists use, beside its floor in the same run.

`python benchmarks/stages.py [--sizes 640x360 1920x1080 3840x2160] [--frames 24] [--json FILE]
[--markdown FILE]`. A size is measured in a process of its own. What is computed once per picture is
timed step by step, as a job asks for it. The first frame, cold, is a command of one frame, from its
start to its end; the peak is a command's, since the frames that are kept here to be encoded are
none of an animation's. A frame's floor is what no way could do without: a bicubic remap for each of
the two copies of a loop, one pass of the light's curve over the picture, and the encoder alone;
that of the bare copy of a frame is beside it, to tell one machine from another. Seconds are of the
clock: run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from memory import peak_bytes

SIZES = ("640x360", "1920x1080", "3840x2160")
FRAMES = 24  # whose mean is a frame's time
OWN = "--one"  # marks the process of one size


def seconds(call: Callable[[], Any], times: int = 1) -> float:
    """The mean of so many calls."""
    started = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - started) / times


def measure(width: int, height: int, frames: int) -> dict[str, Any]:
    """The stages of one size: `once` and `frame` in seconds by name, `peak` in bytes."""
    import torch

    import landscape_engine as le
    from landscape_engine import AppearanceSettings, ClipSettings, LoopSettings, sequence
    from landscape_engine.settings import OutputSettings

    once: dict[str, float] = {}

    def step(name: str, call: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        found = call()
        once[name] = time.perf_counter() - started
        return found

    example = Path(le.__file__).parent / "data" / "example.jpg"
    animator = step("load the bundle", lambda: le.load_animator(device="cpu"))
    picture = step("read the picture", lambda: le.load_image(example)[:, :3])
    picture = step("fit it to the size", lambda: le.resize(picture, width, height))
    lake, clip, loop = animator.look_at(picture), ClipSettings(frames=frames), LoopSettings()
    step("scene networks", lambda: lake.edged_shares)
    step("regions and mattes", lake.regions)
    motion = step("motion", lambda: animator.move(lake))
    light = step("light: codes of a day", lambda: animator.light(lake, AppearanceSettings(), clip))
    made = animator.render(lake, motion, light, loop, clip)
    first = step("plates, bases, first frame", lambda: next(made))
    kept = [first[:, :3].clone()]
    each = {"render": seconds(lambda: kept.append(next(made).clone()), frames - 1)}
    still = animator.render(lake, motion, None, loop, clip)
    next(still)
    each["render, light off"] = seconds(lambda: next(still), frames - 1)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "clip.mp4"
        write = lambda: sequence.write_sequence(iter(kept), target, OutputSettings())  # noqa: E731
        each["encode as MP4"] = seconds(write) / frames
    floors = _floors(picture, kept)
    return {
        "size": f"{width}x{height}", "frames": frames, "threads": torch.get_num_threads(),
        "once": once, "frame": each, "floors": floors,
    }  # fmt: skip


def by_command(size: str, frames: int) -> dict[str, float]:
    """`cold`: seconds to the first frame and the end; `peak`: bytes of so many frames.

    Asked of a small process: what it starts would count its own memory as theirs.
    """
    import landscape_engine

    example = str(Path(landscape_engine.__file__).parent / "data" / "example.jpg")
    with tempfile.TemporaryDirectory() as folder:
        asked = [example, "--out", str(Path(folder) / "clip.mp4"), "--size", size, "--frames"]
        cold = seconds(lambda: peak_bytes(*asked, "1"))
        return {"cold": cold, "peak": peak_bytes(*asked, str(frames))}


def _floors(picture: Any, frames: list[Any]) -> dict[str, float]:
    """Seconds of the bare operations of a frame."""
    import av
    import torch

    from landscape_engine.images import to_uint8
    from landscape_engine.ops import warping
    from landscape_engine.sequence import video

    height, width = picture.shape[2:]
    grid = warping.identity_grid(height, width, picture.device).permute(0, 2, 3, 1) + 0.001
    curves = torch.rand(1, 7, height, width)
    out = torch.empty_like(picture)

    def remap() -> None:
        torch.nn.functional.grid_sample(picture, grid, "bicubic", "reflection", align_corners=True)

    def curve() -> None:
        torch.addcmul(curves[:, 3:6], curves[:, :3], picture, out=out).sigmoid_().mul_(
            curves[:, 6:]
        )

    pixels = [to_uint8(frame) for frame in frames]

    def encode() -> None:
        with tempfile.TemporaryDirectory() as folder:
            with av.open(str(Path(folder) / "bare.mp4"), "w") as file:
                stream = file.add_stream(video.CODECS["mp4"], rate=25)
                stream.width, stream.height = width - width % 2, height - height % 2
                stream.pix_fmt = "yuv420p"
                stream.options = {"preset": video.MP4_PRESET, "crf": str(video.MP4_CRF), "bf": "0"}
                for one in pixels:
                    bare = av.VideoFrame.from_ndarray(one[: stream.height, : stream.width], "rgb24")
                    file.mux(stream.encode(bare))
                file.mux(stream.encode(None))

    curve(), remap()
    return {
        "two bicubic remaps": 2 * seconds(remap, 3),
        "one pass of light": seconds(curve, 5),
        "the encoder alone": seconds(encode) / len(pixels),
        "a copy": seconds(lambda: out.copy_(picture), 5),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """A Markdown table, a column a size: what is computed once, a frame, its floor, the ratio."""
    lines = ["| seconds | " + " | ".join(row["size"] for row in rows) + " |"]
    lines.append("|---" + "|--:" * len(rows) + "|")

    def line(name: str, values: list[float], form: str = ".3f") -> None:
        lines.append(f"| {name} | " + " | ".join(f"{value:{form}}" for value in values) + " |")

    for name in rows[0]["once"]:
        line(name, [row["once"][name] for row in rows], ".2f")
    line("**once, in all**", [sum(row["once"].values()) for row in rows], ".2f")
    for name in rows[0]["frame"]:
        line(f"a frame: {name}", [row["frame"][name] for row in rows])
    for name in rows[0]["floors"]:
        line(f"floor: {name}", [row["floors"][name] for row in rows])
    line("**a frame over its floor**", [_ratio(row) for row in rows], ".2f")
    line("the first frame, cold", [row["cold"] for row in rows], ".2f")
    line("peak memory, GiB", [row["peak"] / 2**30 for row in rows], ".2f")
    return "\n".join(lines)


def _ratio(row: dict[str, Any]) -> float:
    bare = sum(value for name, value in row["floors"].items() if name != "a copy")
    return float((row["frame"]["render"] + row["frame"]["encode as MP4"]) / bare)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), metavar="WxH")
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument(OWN, metavar="WxH", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        width, height = map(int, options.one.split("x"))
        print(json.dumps(measure(width, height, options.frames)))
        return
    rows = []
    for size in options.sizes:
        command = [sys.executable, __file__, OWN, size, "--frames", str(options.frames)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        measured = json.loads(done.stdout.splitlines()[-1])
        rows.append({**measured, **by_command(size, options.frames)})
    text = table(rows)
    print(
        f"{platform.machine()}, {rows[0]['threads']} threads, {rows[0]['frames']} frames\n\n{text}"
    )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    if options.markdown:
        options.markdown.write_text(text + "\n")


if __name__ == "__main__":
    main()
