"""Masks: painted ones are kept, empty ones mask nothing, and messages call them by their names."""

from __future__ import annotations

from pathlib import Path

import pytest

MASKS = """
bpy.ops.landscape.make_plane(filepath=given["picture"])
plane = bpy.context.object
settings = plane.landscape
regions = settings.regions

def draw(mask, rows):
    width, height = mask.size
    values = [0.0, 0.0, 0.0, 1.0] * (width * height)
    for i in range(width * rows):
        values[4 * i : 4 * i + 3] = [1.0, 1.0, 1.0]
    mask.pixels.foreach_set(values)

def white(mask):
    return round(sum(list(mask.pixels)[::4]) / (mask.size[0] * mask.size[1]), 3)

def names():
    item = regions.region_items[0].mask if regions.region_items else None
    return [regions.still_image, regions.moving_image, item]

def order():
    from blender_addon import exchange_folder, job_documents
    return job_documents.order(bpy.context, plane, exchange_folder.pictures())
"""
OPENED = """
bpy.ops.wm.open_mainfile(filepath=given["folder"] + "/eins.blend")
plane = next(o for o in bpy.data.objects if o.type == "MESH")
regions = plane.landscape.regions
told["white"] = [mask and white(mask) for mask in names()]
"""


def test_all_masks_are_kept_when_one_is_painted_after_another(run, picture):
    told = run(
        MASKS
        + """
bpy.ops.landscape.add_item(list="REGIONS")
for kind, rows in (("STILL", 27), ("MOVING", 9), ("REGION", 18)):
    bpy.ops.landscape.paint_mask(kind=kind)
    draw(names()[["STILL", "MOVING", "REGION"].index(kind)], rows)
bpy.ops.landscape.end_painting()
told["dirty"] = [mask.is_dirty for mask in names()]
bpy.ops.wm.save_as_mainfile(filepath=given["folder"] + "/eins.blend")
"""
        + OPENED,
        picture=str(picture),
    )
    assert told["dirty"] == [False] * 3
    assert told["white"] == pytest.approx([27 / 54, 9 / 54, 18 / 54], abs=0.001)


def test_the_brush_keeps_the_mask_that_was_painted_before(run, picture):
    told = run(
        MASKS
        + """
bpy.ops.landscape.paint_mask(kind="STILL")
draw(regions.still_image, 27)
bpy.ops.landscape.paint_mask(kind="MOVING")
told["dirty"], told["packed"] = regions.still_image.is_dirty, bool(regions.still_image.packed_file)
""",
        picture=str(picture),
    )
    assert told == {"dirty": False, "packed": True}


@pytest.mark.parametrize("times", [1, 2])
def test_saving_keeps_what_is_being_painted(run, picture, times):
    told = run(
        MASKS
        + """
bpy.ops.landscape.paint_mask(kind="STILL")
for time in range(given["times"]):
    draw(regions.still_image, 27 - 18 * time)
    bpy.ops.wm.save_as_mainfile(filepath=given["folder"] + "/eins.blend")
"""
        + OPENED,
        picture=str(picture),
        times=times,
    )
    assert told["white"][0] == pytest.approx((27, 9)[times - 1] / 54, abs=0.001)


def test_a_file_of_the_artists_is_kept_in_the_blend_once_the_brush_is_on_it(run, picture, tmp_path):
    told = run(
        MASKS
        + """
for name in ("painted", "chosen"):
    image = bpy.data.images.new(name, 96, 54)
    draw(image, 9)
    image.filepath_raw = given["folder"] + "/" + name + ".png"
    image.file_format = "PNG"
    image.save()
    bpy.data.images.remove(image)
regions.still_image = bpy.data.images.load(given["folder"] + "/painted.png")
regions.moving_image = bpy.data.images.load(given["folder"] + "/chosen.png")
bpy.ops.landscape.paint_mask(kind="STILL")
draw(regions.still_image, 27)
draw(regions.moving_image, 27)
bpy.ops.wm.save_as_mainfile(filepath=given["folder"] + "/eins.blend")
"""
        + OPENED,
        picture=str(picture),
    )
    # Blender's own way with an image that has a file: it is the artist's to save
    assert told["white"][:2] == pytest.approx([27 / 54, 9 / 54], abs=0.001)


def test_an_empty_mask_masks_nothing_and_is_said(run, picture):
    told = run(
        MASKS
        + """
told["without"] = order().document["regions"]
for kind in ("STILL", "MOVING"):
    bpy.ops.landscape.paint_mask(kind=kind)
bpy.ops.landscape.add_item(list="REGIONS")
bpy.ops.landscape.paint_mask(kind="REGION")
asked = order()
told["empty"], told["notes"] = asked.document["regions"], asked.notes
settings.clip.frames, settings.clip.size_from = 1, "EXACT"
settings.clip.width, settings.clip.height = 64, 36
settings.output.folder = given["folder"] + "/frames"
told["animate"] = list(bpy.ops.landscape.animate())
draw(regions.still_image, 9)
told["painted"] = sorted(set(order().document["regions"]) - set(told["without"]))
""",
        picture=str(picture),
    )
    assert told["empty"] == told["without"]
    assert told["animate"] == ["FINISHED"]
    assert told["painted"] == ["still_mask"]
    assert [note.split("'")[1] for note in told["notes"]] == [
        "der See still mask",
        "der See moving mask",
        "der See Region 1",
    ]


def test_messages_name_the_mask_and_not_the_file_for_the_engine(run, picture):
    told = run(
        MASKS
        + """
settings.clip.frames = 1
settings.output.folder = given["folder"] + "/frames"
regions.still_image = bpy.data.images.new("zu schmal", 20, 54)
draw(regions.still_image, 9)
told["still"] = refusal(bpy.ops.landscape.animate)
regions.still_image = bpy.data.images.new("halb so breit", 48, 27)
draw(regions.still_image, 9)
from blender_addon import jobs
bpy.ops.landscape.animate()
told["note"] = " ".join(jobs.latest(plane).notes)
""",
        picture=str(picture),
    )
    assert "the mask 'zu schmal' has 20×54 pixels" in told["still"]
    assert "the mask 'halb so breit' (48x27) was resized" in told["note"]
    assert "exchange" not in told["still"] + told["note"]


BRUSH = """
scene = bpy.context.scene
paint = scene.tool_settings.image_paint

def colors():
    shared = getattr(paint, "unified_paint_settings", None)
    return shared or scene.tool_settings.unified_paint_settings

def state():
    found = colors()
    return {
        "mode": plane.mode,
        "source": paint.mode,
        "canvas": paint.canvas and paint.canvas.name,
        "bleed": paint.seam_bleed,
        "color": [round(value, 3) for value in found.color],
        "erases": [round(value, 3) for value in found.secondary_color],
        "properties": sorted(scene.keys()),
        "materials": [node.name for slot in plane.material_slots
                      for node in slot.material.node_tree.nodes],
    }

paint.canvas = bpy.data.images.new("a canvas of the artist's", 8, 8)
colors().use_unified_color = True
colors().color, colors().secondary_color = (0.2, 0.4, 0.6), (0.1, 0.3, 0.5)
told["before"] = state()
bpy.ops.landscape.paint_mask(kind="STILL")
bpy.ops.landscape.paint_mask(kind="MOVING")
told["painting"] = state()
"""


def _painting(before: dict) -> dict:
    return before | {
        "mode": "TEXTURE_PAINT",
        "source": "IMAGE",
        "canvas": "der See moving mask",
        "bleed": 0,
        "color": [1, 1, 1],
        "erases": [0, 0, 0],
        "properties": ["landscape_before_painting"],
    }


@pytest.mark.parametrize(
    "way",
    ["landscape.end_painting()", 'object.mode_set(mode="OBJECT")', 'object.mode_set(mode="EDIT")'],
)
def test_what_the_brush_changed_is_put_back_and_the_mask_is_kept(run, picture, way):
    told = run(
        MASKS
        + BRUSH
        + f"""
draw(regions.moving_image, 9)
bpy.ops.{way}
told["after"], told["kept"] = state(), not regions.moving_image.is_dirty
""",
        picture=str(picture),
    )
    assert told["painting"] == _painting(told["before"])
    expected = told["before"] | ({"mode": "EDIT"} if "EDIT" in way else {})
    assert told["after"] == expected and told["kept"]


def test_a_file_saved_while_painting_knows_what_to_put_back(run, picture):
    told = run(
        MASKS
        + BRUSH
        + """
bpy.ops.wm.save_as_mainfile(filepath=given["folder"] + "/eins.blend")
told["saved"] = state()
bpy.ops.wm.open_mainfile(filepath=given["folder"] + "/eins.blend")
scene = bpy.context.scene
plane = next(o for o in bpy.data.objects if o.type == "MESH")
paint = scene.tool_settings.image_paint
told["opened"] = state()
bpy.ops.landscape.end_painting()
told["after"] = state()
""",
        picture=str(picture),
    )
    assert told["saved"] == _painting(told["before"])
    assert told["opened"] == _painting(told["before"])
    assert told["after"] == told["before"]


def test_the_veil_is_of_the_mask_that_is_painted(run, picture):
    told = run(
        MASKS
        + """
from blender_addon.masks import veil

def seen():
    mask = veil.painted(bpy.context)
    return mask and mask.name

told["before"] = seen()
bpy.ops.landscape.paint_mask(kind="MOVING")
told["painting"] = seen()
bpy.context.scene.tool_settings.image_paint.canvas = bpy.data.images.new("another", 8, 8)
told["another"] = seen()
bpy.ops.landscape.end_painting()
told["after"] = seen()
""",
        picture=str(picture),
    )
    assert told["painting"] == "der See moving mask"
    assert (told["before"], told["another"], told["after"]) == (None, None, None)


def test_a_new_mask_is_no_larger_than_blender_packs_without_a_wait(run, picture):
    told = run(
        MASKS
        + """
told["sizes"] = []
for size in ((6000, 1500), (3000, 3000), (640, 360)):
    settings.picture = bpy.data.images.new("large", *size)
    regions.still_image = None
    bpy.ops.landscape.paint_mask(kind="STILL")
    told["sizes"].append(list(regions.still_image.size))
""",
        picture=str(picture),
    )
    assert told["sizes"] == [[1920, 480], [1440, 1440], [640, 360]]


@pytest.mark.parametrize("kind", ["large", "floating-point", "premultiplied"])
def test_the_brush_paints_a_copy_of_a_mask_that_takes_long_to_pack(run, picture, kind):
    told = run(
        MASKS
        + """
size = (3840, 540) if given["kind"] == "large" else (96, 54)
mask = bpy.data.images.new("mask", *size, float_buffer=given["kind"] == "floating-point")
mask.colorspace_settings.name = "Non-Color"
if given["kind"] == "premultiplied":
    mask.alpha_mode = "PREMUL"
draw(mask, size[1] // 3)
regions.still_image = regions.moving_image = mask
told["said"] = list(bpy.ops.landscape.paint_mask(kind="STILL"))
copy = bpy.context.scene.tool_settings.image_paint.canvas
told["named"] = [regions.still_image == copy, regions.moving_image == copy]
told["copy"] = [copy.name, list(copy.size), copy.is_float, copy.colorspace_settings.name]
told["white"], told["clean"] = white(copy), not copy.is_dirty and bool(copy.packed_file)
told["once"] = [list(bpy.ops.landscape.paint_mask(kind="STILL")), regions.still_image == copy]
draw(copy, copy.size[1] // 2)
bpy.ops.landscape.end_painting()
bpy.ops.wm.save_as_mainfile(filepath=given["folder"] + "/eins.blend")
bpy.ops.wm.open_mainfile(filepath=given["folder"] + "/eins.blend")
told["kept"] = [white(bpy.data.images[name]) for name in (told["copy"][0], "mask")]
""",
        picture=str(picture),
        kind=kind,
    )
    size = [1920, 270] if kind == "large" else [96, 54]
    assert told["said"] == ["FINISHED"] and told["named"] == [True, True]
    assert told["copy"] == ["mask painted", size, False, "Non-Color"]
    assert told["clean"] and told["once"] == [["FINISHED"], True]
    assert told["white"] == pytest.approx(1 / 3, abs=0.001)
    assert told["kept"] == pytest.approx([1 / 2, 1 / 3], abs=0.001)


def test_a_copy_holds_what_the_engine_sees_of_the_mask(run, picture):
    told = run(
        MASKS
        + """
import numpy as np
from blender_addon import masks
given_size, levels = (4000, 1000), {}
for name, is_float, space in (
    ("levels", False, "Non-Color"), ("light", True, "Linear Rec.709"), ("plain", True, "Non-Color")
):
    mask = bpy.data.images.new(name, *given_size, alpha=True, float_buffer=is_float)
    mask.colorspace_settings.name = space
    pixels = np.ones((1000, 4000, 4), np.float32)
    pixels[..., :3] = np.linspace(0, 1, 4000)[None, :, None]
    pixels[500:, :, 3] = 0.5
    mask.pixels.foreach_set(pixels.ravel())
    regions.still_image = mask
    bpy.ops.landscape.paint_mask(kind="STILL")
    copy = regions.still_image
    seen = np.array(copy.pixels[:]).reshape(copy.size[1], copy.size[0], 4)
    told[name] = [seen[y, x, 0] for y in (100, -100) for x in (192, 960, 1728)]
    told["grey"] = bool((seen[..., 0] == seen[..., 2]).all() and (seen[..., 3] == 1).all())
""",
        picture=str(picture),
    )
    plain = [0.1, 0.5, 0.9]

    def srgb(values):
        return [1.055 * value ** (1 / 2.4) - 0.055 for value in values]

    # with an alpha of 1/2; floating-point colors are multiplied by it already
    halved = [value / 2 for value in plain]
    light = [value / 2 for value in srgb([0.2, 1, 1])]
    for name, opaque, half in (
        ("levels", plain, halved),
        ("light", srgb(plain), light),
        ("plain", plain, [0.1, 0.5, 0.5]),
    ):
        assert told[name] == pytest.approx(opaque + half, abs=0.006), name
    assert told["grey"]


def test_what_the_brush_paints_is_packed_to_the_level(run, picture):
    told = run(
        MASKS
        + """
import numpy as np
from blender_addon.masks import keeping
told["same"], told["kinds"] = [], []
for colored, clear in ((False, False), (True, False), (False, True)):
    bpy.ops.landscape.paint_mask(kind="STILL")
    mask = regions.still_image
    count = mask.size[0] * mask.size[1]
    levels = np.random.default_rng(1).integers(0, 256, (count, 4))
    if not colored:
        levels[:, 1:3] = levels[:, :1]
    if not clear:
        levels[:, 3] = 255
    mask.pixels.foreach_set((levels / 255).astype(np.float32).ravel())
    bpy.ops.landscape.end_painting()
    told["same"].append(bool((np.rint(np.array(mask.pixels[:]) * 255) == levels.ravel()).all()))
    told["kinds"].append([mask.is_dirty, mask.packed_file.data[25], mask.file_format])
""",
        picture=str(picture),
    )
    assert told["same"] == [True] * 3
    grey, colors_and_alpha = 0, 6  # of PNG
    assert told["kinds"] == [[False, kind, "PNG"] for kind in (grey,) + 2 * (colors_and_alpha,)]


def test_a_large_mask_painted_elsewhere_waits_for_the_save(run, picture):
    told = run(
        MASKS
        + """
large = bpy.data.images.new("large", 2400, 1200)
regions.moving_image = large
draw(large, 300)
bpy.ops.landscape.paint_mask(kind="STILL")
bpy.ops.landscape.end_painting()
told["waits"] = large.is_dirty
bpy.ops.wm.save_as_mainfile(filepath=given["folder"] + "/eins.blend")
told["clean"] = not large.is_dirty
"""
        + OPENED,
        picture=str(picture),
    )
    assert told["waits"] and told["clean"]
    assert told["white"][1] == pytest.approx(300 / 1200, abs=0.001)


def test_a_blender_without_brushes_is_told_so_while_it_paints(run, picture):
    told = run(
        MASKS
        + """
import sys
sys.path.insert(0, given["here"])
from panel_drawing import drawn
from blender_addon import masks
bpy.ops.landscape.paint_mask(kind="STILL")
obj, paint = bpy.context.object, bpy.context.scene.tool_settings.image_paint
told["as it is"] = masks.brush.is_missing(bpy.context.scene) == (paint.brush is None)
for missing in (True, False):
    masks.brush.is_missing = lambda scene: missing
    told[str(missing)] = "came without brushes" in " ".join(drawn(blender_addon, obj))
bpy.ops.landscape.end_painting()
masks.brush.is_missing = lambda scene: True
told["done"] = "came without brushes" in " ".join(drawn(blender_addon, obj))
""",
        picture=str(picture),
        here=str(Path(__file__).parent),
    )
    assert told == {"as it is": True, "True": True, "False": False, "done": False}
