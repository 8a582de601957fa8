"""The tab as an artist first sees it: in the factory scene, at the sidebar's own width."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "addon"))
from driver import (
    click,
    find_button,
    in_view,
    job,
    look_beside_the_sidebar,
    move,
    open_tab,
    play,
    press,
    region,
    report,
    screenshot,
    scroll,
    view,
)
from panel_drawing import READS, SYSTEM

JOB_LIMIT_S = 200
REDRAWS = 3
name = ""


def plane() -> bpy.types.Object:
    return bpy.data.objects[name]


def draw_thumbnails(kind: str):
    """Ask for them as the button does, and wait."""
    jobs = sys.modules[f"{job['addon']}.jobs"]
    with in_view():
        bpy.ops.landscape.draw_thumbnails("INVOKE_DEFAULT", kind=kind)
    yield lambda: jobs.latest(plane()).state != "running", JOB_LIMIT_S
    report[kind] = [jobs.latest(plane()).state, jobs.latest(plane()).message]
    jobs.dismiss(jobs.latest(plane()).id)
    yield 0.5


def redraw() -> None:
    """Let Blender draw the whole window at once, and tell what the add-on reads meanwhile."""
    told = {"drawn": 0, "reads": []}
    shown = sys.modules[f"{job['addon']}.panels.picture"].__file__

    def note(frame, event: str, function: object) -> None:
        told["drawn"] += event == "call" and frame.f_code.co_filename == shown
        if event != "c_call" or getattr(function, "__module__", None) not in SYSTEM:
            return
        while function.__name__ in READS and frame:
            if "landscape" in Path(frame.f_code.co_filename).parts:
                told["reads"].append(f"{function.__name__} from {frame.f_code.co_filename}")
                return
            frame = frame.f_back

    sys.setprofile(note)
    try:
        with in_view():
            bpy.ops.wm.redraw_timer(type="DRAW_WIN_SWAP", iterations=REDRAWS)
    finally:
        sys.setprofile(None)
    report["redraw"] = told


def top():
    """Show the sidebar from its top."""
    at = region("UI")
    yield from move((at.x + at.width / 2, at.y + at.height / 2))
    yield from scroll("WHEELUPMOUSE", 96)


def choose_wind():
    """Click on the motion's picture, and on another one in what opens."""
    found: dict[str, tuple[float, float]] = {}
    yield from find_button("landscape_play", found)
    x, y = region("UI").x + region("UI").width / 2, found["landscape_play"][1] - 70
    report["wind before"] = plane().landscape.motion.code_from
    yield from click((x, y))
    yield 2.0
    yield from screenshot("panel_winds")
    yield from click((x - 250, y - 130))  # in its first row
    yield 1.0
    report["wind"] = plane().landscape.motion.code_from
    yield from screenshot("panel_wind_taken")


def steps():
    global name
    report["width"] = region("UI").width
    with in_view():
        bpy.ops.landscape.make_plane(filepath=job["picture"])
    name = bpy.context.object.name
    view().spaces.active.shading.type = "SOLID"
    view().spaces.active.shading.color_type = "TEXTURE"
    yield from open_tab("Landscape")
    report["width"] = region("UI").width
    yield 0.5
    yield from screenshot("panel_unsaved")
    bpy.ops.wm.save_as_mainfile(filepath=str(Path(job["folder"]) / "tab.blend"))
    yield 0.5
    yield from screenshot("panel_saved")
    yield from press("landscape.keep_view")
    yield 0.5
    picture = sys.modules[f"{job['addon']}.image_exchange"].picture_of(plane())
    report["read as"] = picture.colorspace_settings.name
    view().spaces.active.shading.type = "MATERIAL"
    yield from top()
    yield 6.0
    yield from screenshot("panel_view_kept")
    view().spaces.active.shading.type = "SOLID"
    with in_view():
        bpy.ops.landscape.use_standard_view()
    yield from draw_thumbnails("motion")
    yield from draw_thumbnails("appearance")
    yield from top()
    yield from screenshot("panel_thumbnails")
    redraw()
    yield from choose_wind()
    with in_view("UI"):
        bpy.ops.wm.call_panel(name="LANDSCAPE_PT_days", keep_open=True)
    yield 0.7
    yield from screenshot("panel_days")
    yield from move((60, 60))
    yield 0.5
    with in_view():
        bpy.ops.view3d.view_axis(type="RIGHT")  # which the plane faces
        bpy.ops.view3d.view_selected()
    look_beside_the_sidebar()
    with in_view():
        bpy.ops.landscape.place_patch(center=(0.3, 0.3), radius=0.1, color=(1, 0.5, 0.2))
        bpy.ops.landscape.add_item(list="REGIONS")
    settings = plane().landscape
    mask = bpy.data.images.new("mask", 64, 36)
    left = [0.0 if x < 40 or y < 20 else 1.0 for y in range(36) for x in range(64)]
    mask.pixels.foreach_set([value for white in left for value in (white, white, white, 1.0)])
    mask.update()
    settings.regions.region_items[0].mask = mask
    settings.regions.region_items[0].name = "Clouds"
    view().tag_redraw()
    yield 1.5
    yield from screenshot("drawn_in_view")
    settings.regions.region_items.clear()
    settings.appearance.patch_items.clear()
    view().tag_redraw()
    yield 1.0
    yield from screenshot("nothing_in_view")


play(steps())
