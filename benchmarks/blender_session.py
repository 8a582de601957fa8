"""The session inside Blender that blender_window.py measures."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import addon_utils
import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "window"))
from driver import Steps, in_view, job, lone_plane, move, open_tab, play, region, report

TICK_S = 0.05
IDLE_S = 10.0
ENABLED = 5  # times
JOB_LIMIT_S = 400
PAINTED_PX = (1920, 1080)
FLOAT_PX = (8192, 4096)
STEPS = {  # what timers do; each by its module and its name there
    "jobs": ("_tick", "_prepare"),
    "masks.keeping": ("_tick",),
    "disk": ("_look",),
    "previews": ("_tick",),
}


def part(name: str):
    """A module of the add-on."""
    return sys.modules[f"{job['addon']}.{name}"]


def enable() -> None:
    """Enable the add-on as the preferences do, several times from nothing."""
    report["enabling"] = []
    for _ in range(ENABLED):
        addon_utils.disable(job["addon"], default_set=True)
        for name in [name for name in sys.modules if name.startswith(job["addon"])]:
            del sys.modules[name]
        started, computed = time.perf_counter(), time.thread_time()
        addon_utils.enable(job["addon"], default_set=True)
        took, computed = time.perf_counter() - started, time.thread_time() - computed
        report["enabling"].append([took, computed])


class Timer:
    """A timer as the add-on has one; keeps the moments at which it came."""

    def __init__(self, tag: Callable[[], None] = lambda: None) -> None:
        self.moments = [time.perf_counter()]

        def tick() -> float:
            self.moments.append(time.perf_counter())
            tag()
            return TICK_S

        self.tick = tick  # kept, for Blender knows a timer by the very function
        bpy.app.timers.register(tick, first_interval=TICK_S, persistent=True)

    def stop(self, name: str) -> None:
        """End, and tell of the times between."""
        bpy.app.timers.unregister(self.tick)
        between = sorted((after - before) * 1000 for before, after in pairwise(self.moments))
        report.setdefault("ticks", {})[name] = {
            "median": statistics.median(between),
            "95": between[int(0.95 * len(between))],
            "longest": between[-1],
            "n": len(between),
        }


def clocked(name: str, act: Callable) -> Callable:
    """A function that tells how long each call of it took, and how long it computed."""
    told = report.setdefault("steps", {})

    def call(*arguments: object) -> object:
        started, computed = time.perf_counter(), time.thread_time()
        try:
            return act(*arguments)
        finally:
            took = (time.perf_counter() - started) * 1000
            computed = (time.thread_time() - computed) * 1000
            row = told.setdefault(name, {"longest": 0.0, "computed": 0.0, "all": 0.0, "n": 0})
            row["longest"], row["all"] = max(row["longest"], took), row["all"] + took
            row["computed"] = max(row["computed"], computed)
            row["n"] += 1

    return call


def clock(what: str) -> None:
    """Tell of the add-on's steps from now on under a name."""
    for module, names in STEPS.items():
        for name in names:
            held = getattr(part(module), name)
            plain = getattr(held, "plain", held)
            timed = clocked(f"{what}: {module}.{name.strip('_')}", plain)
            timed.plain = plain
            registered = bpy.app.timers.is_registered(held)
            if registered:
                bpy.app.timers.unregister(held)
            setattr(part(module), name, timed)
            if registered:
                bpy.app.timers.register(timed, persistent=True)


def idle(name: str, tag: Callable[[], None] = lambda: None) -> Steps:
    """Measure the timer while nothing is to be done, but for what is tagged to be drawn."""
    timer = Timer(tag)
    yield IDLE_S
    timer.stop(name)


def press(what: str, operator: str) -> None:
    """Press a button, which begins with its first step."""
    with in_view():
        clocked(f"{what}: the button", getattr(bpy.ops.landscape, operator))("INVOKE_DEFAULT")


def latest():
    return part("jobs").latest(bpy.context.object)


def follow(what: str, operator: str, until: Callable[[], object]) -> Steps:
    """Begin a job, and measure the timer until something is so."""
    clock(what)
    timer = Timer()
    press(what, operator)
    yield until, JOB_LIMIT_S
    yield 1.0
    timer.stop(what)
    if latest().state == "failed":
        raise RuntimeError(latest().message)


def handed_over() -> bool:
    return latest().stage != part("jobs").PREPARING


def give_up() -> Steps:
    """Stop what is handed over: what the engine makes of it is not the question."""
    for running in part("jobs").running():
        part("jobs").cancel(running)
    yield (lambda: not part("jobs").running()), JOB_LIMIT_S
    part("engine").stop()
    yield 1.0


def painted() -> Steps:
    """A mask as a brush leaves it: written for the engine, and packed."""
    import numpy as np

    mask = bpy.data.images.new("painted", *PAINTED_PX)
    soft = np.random.default_rng(1).random((PAINTED_PX[1], PAINTED_PX[0], 4), np.float32)
    soft[..., 3] = 1
    mask.pixels.foreach_set(soft.ravel())
    bpy.context.object.landscape.regions.still_image = mask
    yield from follow("painted mask, handed over", "preview", handed_over)
    yield from give_up()
    clock("painted mask, packed")
    timer = Timer()
    part("masks").keeping.keep_soon()
    yield (lambda: not mask.is_dirty), JOB_LIMIT_S
    yield 1.0
    timer.stop("painted mask, packed")
    bpy.context.object.landscape.regions.still_image = None


def floating() -> Steps:
    """A picture of 32-bit floats, painted, as the picture of the plane."""
    import numpy as np

    picture = bpy.data.images.new("float", *FLOAT_PX, float_buffer=True)
    row = np.random.default_rng(1).random((1, FLOAT_PX[0], 4), np.float32)
    picture.pixels.foreach_set(np.repeat(row, FLOAT_PX[1], axis=0).ravel())
    own = bpy.context.object.landscape.picture
    bpy.context.object.landscape.picture = picture
    nodes = bpy.context.object.active_material.node_tree.nodes
    node = next(node for node in nodes if node.type == "TEX_IMAGE")
    shown, node.image = node.image, picture
    yield 5.0  # Blender draws it
    yield from idle("8K float image, shown", part("window").redraw)
    yield from follow("8K float image, handed over", "preview", handed_over)
    yield from give_up()
    bpy.context.object.landscape.picture, node.image = own, shown
    bpy.data.images.remove(picture)


def ended() -> bool:
    return latest().state != "running"


def clip() -> Steps:
    yield from follow("Animate, 48 frames of 640×360", "animate", ended)


def live() -> Steps:
    yield from follow("Live on Plane", "live", ended)


def steps() -> Steps:
    yield from idle("nothing, without the add-on")
    loaded = {"numpy", "torch"} & set(sys.modules)
    enable()
    report["numpy"] = "numpy" in sys.modules and "numpy" not in loaded
    report["torch"] = "torch" in sys.modules
    lone_plane("Pace.blend", frames=48)
    yield from open_tab("Landscape")
    at = region("UI")
    yield from move((at.x + at.width / 2, at.y + at.height / 2))
    yield 3.0
    yield from idle("nothing, with the tab")
    for name, measure in {
        "painted": painted,
        "float": floating,
        "clip": clip,
        "live": live,
    }.items():
        if name in job["parts"]:
            yield from measure()
    report["torch"] = report["torch"] or "torch" in sys.modules


play(steps())
