"""Frames from elsewhere: Load Frames… with the file browser, Save As, and the file opened again."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from driver import (
    click,
    in_view,
    job,
    lone_plane,
    look_beside_the_sidebar,
    middle,
    move,
    open_tab,
    play,
    report,
    screenshot,
    view,
    window,
)

FRAMES = 3
FROM_RIGHT_PX = 70  # of the browser's button for its operator
name = ""  # of the plane


def plane() -> bpy.types.Object:
    return bpy.data.objects[name]


def browser() -> bpy.types.Area | None:
    """The file browser, which takes the whole window's place."""
    return next((area for area in window().screen.areas if area.type == "FILE_BROWSER"), None)


def shown() -> list:
    """What the plane shows, where that lies, and the names of its results."""
    node = next(n for n in plane().active_material.node_tree.nodes if n.type == "TEX_IMAGE")
    file = Path(os.path.abspath(bpy.path.abspath(node.image.filepath)))
    results = [item.name for item in plane().landscape.results]
    return [node.image.source, file.is_file(), str(file), results]


def frames_of_a_colleague() -> None:
    """Numbered frames where the plane's own would go."""
    folder = Path(job["folder"]) / "landscape"
    folder.mkdir()
    ending = Path(job["picture"]).suffix
    for number in range(1, FRAMES + 1):
        shutil.copy(job["picture"], folder / f"{number:04d}{ending}")


def choose():
    """Do as the button does, and take the folder that the browser begins in."""
    with in_view():
        bpy.ops.landscape.load_frames("INVOKE_DEFAULT")
    yield browser
    yield 1.0
    yield from screenshot("load_frames_browser")
    at = next(part for part in browser().regions if part.type == "EXECUTE")
    yield from click((at.x + at.width - FROM_RIGHT_PX, at.y + at.height / 2))
    yield lambda: browser() is None
    yield 1.0


def steps():
    global name
    bpy.context.preferences.view.filebrowser_display_type = "SCREEN"
    name = lone_plane("one.blend", frames=12).name
    yield from open_tab("Landscape")
    with in_view():
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
    look_beside_the_sidebar()
    frames_of_a_colleague()
    yield from choose()
    report["loaded"] = shown()
    report["range"] = bpy.context.scene.frame_end
    yield from move(middle("UI"))
    yield from screenshot("load_frames_listed")
    deep = Path(job["folder"]) / "deep" / "two.blend"
    deep.parent.mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(deep))
    bpy.ops.wm.open_mainfile(filepath=str(deep))
    yield 2.0
    report["opened"] = shown()
    view().tag_redraw()
    yield from screenshot("load_frames_opened")


play(steps())
