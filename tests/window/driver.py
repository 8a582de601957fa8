"""Drives Blender's window from inside it, as a hand on mouse and keyboard would.

A scenario is a script that Blender runs with --python. It hands a generator to `play`, which goes
on with it from a timer: `yield 0.2` waits for seconds, `yield condition` waits until the function
gives something true, `yield condition, seconds` not longer than that. At the end, or at the first
exception, the report is written and Blender ends at once: nothing asks whether to save. All waits
are LANDSCAPE_PATIENCE times as long, where the environment has it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import bpy
from mathutils import Vector

PATIENCE_S = 30  # for a condition that names no limit
SLOWER = float(os.environ.get("LANDSCAPE_PATIENCE", "1"))  # than a machine with nothing else to do
TICK_S = 0.05  # of a timer that is counted
POLL_S = 0.02  # between two looks at what a scenario waits for; events are taken in meanwhile
HOVER_STEP_PX = 9  # less than half a button's height
COLUMNS = (0.35, 0.7, 0.83)  # of the sidebar's width: halves of a row, and an icon at its end
SCROLLS = 12  # turns of the wheel that move the sidebar by half its height

Step = float | Callable[[], object] | tuple[Callable[[], object], float]
Steps = Generator[Step, None, object]

job: dict = json.loads(sys.argv[sys.argv.index("--") + 1])
report: dict = {"version": list(bpy.app.version), "notes": [], "screenshots": [], "warnings": []}
bpy.context.preferences.view.show_splash = False
bpy.context.preferences.view.smooth_view = 0
bpy.context.preferences.system.viewport_aa = "OFF"  # drawing by software takes half a second with


# ---- the play


def note_warning(message, category, filename: str, line: int, *_: object) -> None:
    """Tell of a warning that the add-on gives."""
    if "landscape" in Path(filename).parts:
        report["warnings"].append(f"{category.__name__} at {filename}:{line}: {message}")


warnings.simplefilter("always")
warnings.showwarning = note_warning


def play(steps: Steps) -> None:
    """Run a scenario from a timer, then write the report and end Blender."""
    waiting: list[tuple[Callable[[], object], float]] = [(lambda: True, time.monotonic() + 1)]

    def tick() -> float:
        try:
            condition, deadline = waiting[0]
            if not condition():
                if time.monotonic() > deadline:
                    steps.throw(TimeoutError("waited in vain"))
                return POLL_S
            waiting[0] = until(next(steps))
        except StopIteration:
            end()
        except BaseException:
            report["error"] = traceback.format_exc()
            end()
        return POLL_S

    bpy.app.timers.register(tick, first_interval=1.0, persistent=True)


def until(step: Step) -> tuple[Callable[[], object], float]:
    """What a scenario yielded, as a condition and the moment when patience ends."""
    now = time.monotonic()
    if isinstance(step, tuple):
        return step[0], now + step[1] * SLOWER
    if callable(step):
        return step, now + PATIENCE_S * SLOWER
    return lambda: time.monotonic() >= now + step * SLOWER, now + (step + PATIENCE_S) * SLOWER


def write_report() -> None:
    """Write what is told so far."""
    Path(job["report"]).write_text(json.dumps(report), encoding="utf-8")


def end() -> None:
    """Write the report and leave, without Blender's own goodbyes."""
    write_report()
    os._exit(0)


# ---- places


def window() -> bpy.types.Window:
    """The one window; asked anew each time, for a loaded file brings another."""
    return bpy.context.window_manager.windows[0]


def view() -> bpy.types.Area:
    """The 3D view."""
    return next(area for area in window().screen.areas if area.type == "VIEW_3D")


def region(kind: str = "WINDOW") -> bpy.types.Region:
    """A region of the 3D view: WINDOW, or UI for the sidebar."""
    return next(region for region in view().regions if region.type == kind)


def in_view(kind: str = "WINDOW"):
    """The context in which an operator acts on the 3D view."""
    return bpy.context.temp_override(window=window(), area=view(), region=region(kind))


def open_tab(name: str) -> Steps:
    """Show the sidebar with one of its tabs."""
    view().spaces.active.show_region_ui = True
    yield lambda: region("UI").width > 50
    region("UI").active_panel_category = name
    view().tag_redraw()
    yield 0.3


# ---- mouse and keys; places are (x, y) in the window's pixels, from its lower left


def move(place: tuple[float, float]) -> Steps:
    """Move the mouse."""
    window().event_simulate(type="MOUSEMOVE", value="NOTHING", x=int(place[0]), y=int(place[1]))
    yield 0


def click(place: tuple[float, float]) -> Steps:
    """Click with the left button."""
    yield from drag([place])


def drag(places: list[tuple[float, float]]) -> Steps:
    """Press the left button at the first place, go to each one, let go at the last."""
    yield from move(places[0])
    yield from button("PRESS", places[0])
    for place in places[1:]:
        yield from move(place)
    yield from button("RELEASE", places[-1])


def button(value: str, place: tuple[float, float]) -> Steps:
    """Press or let go of the left button."""
    window().event_simulate(type="LEFTMOUSE", value=value, x=int(place[0]), y=int(place[1]))
    yield 0


def key(name: str, place: tuple[float, float], **modifiers: bool) -> Steps:
    """Press and let go of a key, with the mouse at a place."""
    yield from move(place)
    for value in ("PRESS", "RELEASE"):
        window().event_simulate(
            type=name, value=value, x=int(place[0]), y=int(place[1]), **modifiers
        )
        yield 0


def straight(start: tuple[float, float], stop: tuple[float, float], count: int = 12) -> list:
    """Places on the way from one to the other, both included."""
    shares = [k / (count - 1) for k in range(count)]
    return [
        tuple(a + share * (b - a) for a, b in zip(start, stop, strict=True)) for share in shares
    ]


def middle(kind: str = "WINDOW") -> tuple[float, float]:
    """The middle of a region."""
    at = region(kind)
    return at.x + at.width / 2, at.y + at.height / 2


# ---- the sidebar's buttons


def named_under_mouse() -> str:
    """The operator or property of the button that the mouse rests on, as Python, or ''.

    Blender tells no button's place, but its own "Copy Python Command" tells what a place holds.
    """
    clipboard = bpy.context.window_manager
    for copy in (bpy.ops.ui.copy_python_command_button, bpy.ops.ui.copy_data_path_button):
        clipboard.clipboard = ""
        with in_view("UI"):
            try:
                copy()
            except RuntimeError:  # no button here, or one of the other kind
                continue
        if clipboard.clipboard:
            return clipboard.clipboard
    return ""


def find_button(name: str, found: dict[str, tuple[float, float]]) -> Steps:
    """Look for a button by a part of its name, such as landscape.animate; found[name] = its place.

    The sidebar is looked through from its top, and scrolled where it is longer than the window.
    """
    at = region("UI")
    yield from scroll("WHEELUPMOUSE", 8 * SCROLLS)
    for _ in range(10):
        rows = range(at.y + at.height - 6, at.y + 4, -HOVER_STEP_PX)
        places = [(at.x + at.width * share, y) for y in rows for share in COLUMNS]
        for number, place in enumerate(places):
            yield from move(place)
            if name not in named_under_mouse():
                continue
            for there in reversed(places[max(number - 2, 0) : number + 1]):
                yield from move(there)  # a busy window may lag behind the mouse: look twice
                yield 0.15
                if name in named_under_mouse():
                    found[name] = there
                    return
        yield from scroll("WHEELDOWNMOUSE", SCROLLS)
    yield from screenshot("lacking")
    raise LookupError(f"no button for {name} in the sidebar")


def scroll(wheel: str, turns: int) -> Steps:
    """Turn the wheel over the sidebar."""
    x, y = middle("UI")
    for _ in range(turns):
        window().event_simulate(type=wheel, value="PRESS", x=int(x), y=int(y))
    yield 0.2


def press(name: str) -> Steps:
    """Find a button of the sidebar and click it."""
    found: dict[str, tuple[float, float]] = {}
    yield from find_button(name, found)
    yield from click(found[name])


# ---- what is told


def note(text: str) -> None:
    """Add a line to the report."""
    report["notes"].append(text)


def screenshot(name: str) -> Steps:
    """Keep a picture of the whole screen; Blender's own operator gives black ones without a GPU."""
    program = shutil.which("import")
    if program is None:
        note(f"no screenshot {name}: ImageMagick's import isn't here")
        return
    file = Path(job["screenshots"]) / f"{name}.png"
    taken = subprocess.Popen([program, "-window", "root", str(file)])
    yield lambda: taken.poll() is not None
    report["screenshots"].append(str(file))


def has_color(file: str, place: tuple[float, float]) -> bool:
    """Whether a screenshot is not grey at a place: shaders may still be compiled."""
    image = bpy.data.images.load(file)
    first = 4 * (int(place[1]) * image.size[0] + int(place[0]))
    channels = image.pixels[first : first + 3]
    bpy.data.images.remove(image)
    return max(channels) - min(channels) > 0.1


class Ticks:
    """Counts how often the window's timers come while something runs."""

    def __init__(self) -> None:
        self.count = 0

        def tick() -> float:
            self.count += 1
            return TICK_S

        self.tick = tick  # kept, for Blender knows a timer by the very function
        bpy.app.timers.register(tick, persistent=True)

    def stop(self) -> int:
        """End, and give the number."""
        bpy.app.timers.unregister(self.tick)
        return self.count


# ---- planes


def lone_plane(file: str, frames: int, tilt: float = 0.0) -> bpy.types.Object:
    """A saved file with nothing but the picture's plane, which a Solid view shows flat.

    Args:
        file: its name, in the job's folder.
        frames: of the clip, 640 × 360 pixels each.
        tilt: of the plane, towards the viewer, in radians.
    """
    for other in list(bpy.data.objects):
        bpy.data.objects.remove(other)
    with in_view():
        bpy.ops.landscape.make_plane(filepath=job["picture"], facing="FRONT")
    name = bpy.context.object.name
    bpy.data.objects[name].rotation_euler.x += tilt
    bpy.ops.wm.save_as_mainfile(filepath=str(Path(job["folder"]) / file))
    clip = bpy.data.objects[name].landscape.clip
    clip.frames, clip.size_from, clip.width, clip.height = frames, "EXACT", 640, 360
    shading = view().spaces.active.shading
    shading.type, shading.light, shading.color_type = "SOLID", "FLAT", "TEXTURE"
    return bpy.data.objects[name]


def look_beside_the_sidebar(nearer: float = 1.0) -> None:
    """Move the view so that the sidebar, which covers its right part, hides nothing."""
    camera = view().spaces.active.region_3d
    camera.view_distance *= nearer
    camera.view_location += camera.view_rotation @ Vector((0.18 * camera.view_distance, 0, 0))


def uv_to_world(plane: bpy.types.Object, u: float, v: float):
    """Where a place of the picture lies in the world; for a plane whose corners span it."""
    corners = [plane.matrix_world @ vertex.co for vertex in plane.data.vertices]
    uv = plane.data.uv_layers.active.data
    at = {
        tuple(round(c) for c in uv[i].uv): corners[plane.data.loops[i].vertex_index]
        for i in range(4)
    }
    origin = at[0, 0]
    return Vector(origin + u * (at[1, 0] - origin) + v * (at[0, 1] - origin))


def world_to_uv(plane: bpy.types.Object, point) -> tuple[float, float]:
    """The reverse of `uv_to_world`, of the point's foot on the plane."""
    origin = uv_to_world(plane, 0, 0)
    across, up = uv_to_world(plane, 1, 0) - origin, uv_to_world(plane, 0, 1) - origin
    # parents may shear the plane: solve for both at once
    a, b, c = across.dot(across), across.dot(up), up.dot(up)
    d, e = (point - origin).dot(across), (point - origin).dot(up)
    return (c * d - b * e) / (a * c - b * b), (a * e - b * d) / (a * c - b * b)


def seen_at(plane: bpy.types.Object, u: float, v: float) -> tuple[float, float]:
    """The window's pixel at which a place of the picture is seen."""
    from bpy_extras.view3d_utils import location_3d_to_region_2d

    at = region()
    pixel = location_3d_to_region_2d(at, view().spaces.active.region_3d, uv_to_world(plane, u, v))
    return at.x + pixel.x, at.y + pixel.y


def annotation_strokes(scene: bpy.types.Scene) -> Iterator[list]:
    """The points, in the world, of each stroke drawn with the annotation tool."""
    data = scene.annotation if hasattr(scene, "annotation") else scene.grease_pencil
    for layer in data.layers if data else ():
        for frame in layer.frames:
            for stroke in frame.strokes:
                yield [point.co.copy() for point in stroke.points]
