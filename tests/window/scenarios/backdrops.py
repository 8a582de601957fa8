"""The factory scene's sky and the camera's background animated, and a result added elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from driver import (
    click,
    find_button,
    in_view,
    job,
    key,
    middle,
    move,
    open_tab,
    play,
    press,
    region,
    report,
    screenshot,
    scroll,
    view,
    window,
)

FRAMES, FPS = 24, 12
JOB_LIMIT_S = 240
DRAWN_S = 6  # a Material Preview, by software
ROW_PX = 29  # from a button to the one above
ENTRY_PX = 26  # from a menu's button to its first entry, and more


def addon(part: str):
    return sys.modules[f"{job['addon']}.{part}"]


def scene() -> bpy.types.Scene:
    return bpy.context.scene


def sky() -> bpy.types.Node:
    nodes = scene().world.node_tree.nodes
    return next(node for node in nodes if node.bl_idname == "ShaderNodeTexEnvironment")


def background() -> bpy.types.CameraBackgroundImage:
    return scene().camera.data.background_images[0]


def set_up() -> None:
    """The factory scene with a panorama around it and a picture behind it, nothing active."""
    world = scene().world
    if world.node_tree is None:  # before Blender 5.0
        world.use_nodes = True
    tree = world.node_tree
    node = tree.nodes.new("ShaderNodeTexEnvironment")
    node.image = bpy.data.images.load(job["sky"])
    surface = next(n for n in tree.nodes if n.bl_idname == "ShaderNodeBackground")
    tree.links.new(node.outputs["Color"], surface.inputs["Color"])
    camera = scene().camera.data
    camera.show_background_images = True
    camera.background_images.new().image = bpy.data.images.load(job["picture"])
    scene().render.fps = FPS
    scene().view_settings.view_transform = "Standard"
    for settings in (world.landscape, camera.landscape):
        settings.clip.frames, settings.motion.speed = FRAMES, 3
        settings.clip.size_from, settings.clip.side = "SIDE", 512
    bpy.ops.object.select_all(action="DESELECT")
    bpy.context.view_layer.objects.active = None


def ended(label: str):
    """Wait until a job has ended, and tell how."""
    jobs = addon("jobs")
    yield lambda: any(one.name == label for one in jobs.ended()), JOB_LIMIT_S
    one = next(one for one in jobs.ended() if one.name == label)
    report[label] = [one.state, one.message]
    jobs.dismiss(one.id)
    yield 0.5


def still(frame: int, name: str):
    """A screenshot of a frame."""
    scene().frame_set(frame)
    view().tag_redraw()
    yield DRAWN_S
    yield from screenshot(name)


def animate_the_world():
    """The tab's two buttons for the world, with the mouse."""
    shading = view().spaces.active.shading
    shading.type, shading.use_scene_world = "MATERIAL", True
    with in_view():
        bpy.ops.view3d.view_axis(type="FRONT")
    view().spaces.active.region_3d.view_perspective = "PERSP"
    yield from still(1, "backdrops_tab")
    yield from press("landscape.preview_world")
    yield from ended("Preview World")
    report["playing"] = window().screen.is_animation_playing
    yield from key("ESC", middle())
    yield lambda: not window().screen.is_animation_playing
    report["previewed"] = [sky().image.source, sky().image_user.frame_duration]
    yield from still(1, "world_preview")
    yield from press("landscape.animate_world")
    yield from ended("Animate World")
    report["animated"] = [sky().image.source, sky().image_user.frame_duration]
    yield from still(1, "world_frame_1")
    yield from still(1 + FRAMES // 2, "world_frame_13")


def animate_the_background():
    """The same behind the camera, which looks through it."""
    view().spaces.active.shading.type = "SOLID"
    with in_view():
        bpy.ops.view3d.view_camera()
    yield from press("landscape.animate_background")
    yield from ended("Animate Background")
    report["behind"] = [background().image.source, background().image_user.frame_duration]
    yield from still(1, "background_frame_1")
    yield from still(1 + FRAMES // 2, "background_frame_13")


def lose_the_frames():
    """Move them away for a moment: the tab says so."""
    made = Path(job["folder"]) / "landscape"
    away = made.rename(made.with_name("elsewhere"))
    addon("disk").doubt()
    view().tag_redraw()
    yield 2.0
    backdrops = addon("image_exchange")
    report["missing"] = backdrops.missing_backdrop_frames(scene().world, addon("disk").kept)
    yield from screenshot("backdrop_missing")
    away.rename(made)
    addon("disk").doubt()
    view().tag_redraw()
    yield 2.0


def add_elsewhere():
    """The menu beside the world's buttons, and what comes of its entries."""
    found: dict[str, tuple[float, float]] = {}
    below = "landscape.load_world_frames"  # a menu's button tells no name
    yield from find_button(below, found)
    x, y = found[below][0], found[below][1] + ROW_PX
    yield from click((x, y))
    yield 1.0
    yield from screenshot("add_result_menu")
    yield from move((x, y - ENTRY_PX))
    yield 0.3
    yield from click((x, y - ENTRY_PX))
    yield 1.0
    report["strips"] = strips()
    with in_view():
        bpy.ops.landscape.add_result("INVOKE_DEFAULT", True, kind="COMPOSITOR", owner="CAMERA")
        bpy.ops.landscape.add_result("INVOKE_DEFAULT", True, kind="GOBO", owner="CAMERA")
        report["light"] = bpy.context.object.type
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_all()
    yield 1.0
    yield from screenshot("added_light")
    bpy.ops.ed.undo()
    report["undone"] = not [one for one in bpy.data.objects if "gobo" in one.name]
    report["kept"] = strips()
    area = view()  # the widest one, which shows no 3D view from here on
    area.type = "SEQUENCE_EDITOR"
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = scene()
    yield 1.0
    yield from screenshot("added_strip")
    area.ui_type = "CompositorNodeTree"
    yield 1.0
    yield from screenshot("added_node")


def strips() -> list:
    editor = scene().sequence_editor
    if editor is None:
        return []
    held = editor.strips if hasattr(editor, "strips") else editor.sequences
    span = addon("image_exchange").strip_span
    return [[one.type, *span(one)] for one in held]


def steps():
    set_up()
    bpy.ops.wm.save_as_mainfile(filepath=str(Path(job["folder"]) / "sky.blend"))
    yield from open_tab("Landscape")
    at = region("UI")
    yield from move((at.x + at.width / 2, at.y + at.height / 2))
    yield from scroll("WHEELUPMOUSE", 96)
    yield from animate_the_world()
    yield from animate_the_background()
    yield from lose_the_frames()
    yield from add_elsewhere()


play(steps())
