"""A session of an artist's uses nothing of Blender's or Python's that is deprecated."""

from __future__ import annotations

from PIL import Image

SESSION = """
import warnings
from pathlib import Path
warnings.simplefilter("always")
told["warnings"] = []
def note(message, category, filename, line, *rest):
    told["warnings"].append(f"{category.__name__} at {Path(filename).name}:{line}: {message}")
warnings.showwarning = note
sys.path.insert(0, given["tests"])
from panel_drawing import drawn

blender_addon.unregister()
blender_addon.register()
landscape = bpy.ops.landscape
for shader in ("PRINCIPLED", "SHADELESS", "EMISSION"):
    landscape.make_plane(filepath=given["picture"], shader=shader)
plane = bpy.context.object
settings = plane.landscape
settings.clip.frames, settings.clip.size_from = 2, "EXACT"
settings.clip.width, settings.clip.height = 64, 36
settings.output.folder = given["folder"]
for kind in ("STILL", "REGION"):
    if kind == "REGION":
        landscape.add_item(list="REGIONS")
    landscape.paint_mask(kind=kind)
    mask = settings.regions.still_image or settings.regions.region_items[0].mask
    mask.pixels.foreach_set([0.0] * (4 * mask.size[0] * mask.size[1]))
landscape.end_painting()
landscape.place_patch(center=(0.5, 0.2), radius=0.2, color=(1, 0.5, 0.2))
landscape.draw_thumbnails(kind="motion")
drawn(blender_addon, plane)
landscape.preview()
landscape.animate()
drawn(blender_addon, plane)
landscape.show_picture()
landscape.show_result(index=0)
landscape.load_frames(filepath=settings.results[0].file)
for kind in ("STRIP", "COMPOSITOR", "GOBO"):
    landscape.add_result(kind=kind)
    bpy.context.view_layer.objects.active = plane
bpy.context.scene.view_settings.view_transform = "AgX"
landscape.keep_view()
landscape.use_standard_view()
world = bpy.data.worlds.new("sky")
bpy.context.scene.world = world
if bpy.app.version < (5, 0, 0):
    world.use_nodes = True
world.node_tree.nodes.new("ShaderNodeTexEnvironment").image = bpy.data.images.load(given["sky"])
world.landscape.clip.frames, world.landscape.output.folder = 2, given["folder"]
landscape.preview_world()
landscape.animate_world()
landscape.add_result(kind="COMPOSITOR", owner="WORLD")
landscape.add_preset(name="of the session")
empty = bpy.data.objects.new("reference", None)
empty.empty_display_type, empty.data = "IMAGE", bpy.data.images.load(given["picture"])
bpy.context.collection.objects.link(empty)
bpy.context.view_layer.objects.active = empty
landscape.plane_from_empty()
bpy.ops.wm.save_as_mainfile(filepath=given["folder"] + "/session.blend")
bpy.ops.wm.open_mainfile(filepath=given["folder"] + "/session.blend")
landscape.stop_engine()
told["ended"] = True
"""


def test_a_session_gives_no_warning(run, picture, request, tmp_path):
    sky = tmp_path / "sky.png"
    with Image.open(picture) as still:
        still.resize((96, 48)).save(sky)
    told = run(SESSION, picture=str(picture), sky=str(sky), tests=str(request.path.parent))
    assert told["ended"]
    assert told["warnings"] == []
