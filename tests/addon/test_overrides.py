"""A plane of another .blend under a library override is animated, and keeps what was set here."""

from __future__ import annotations

import pytest

SCENE = """
import os
folder, library = given["folder"], os.path.join(given["folder"], "set.blend")
work = os.path.join(folder, "shot.blend")

def overridden(fill):
    "The plane of a library that was saved with some settings, under an override in a new file."
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.landscape.make_plane(filepath=given["picture"])
    fill(bpy.context.object)
    bpy.ops.wm.save_as_mainfile(filepath=library)
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(library, link=True) as (there, wanted):
        wanted.objects = ["der See"]
    bpy.context.scene.collection.objects.link(wanted.objects[0])
    own = wanted.objects[0].override_create(remap_local_usages=True)
    bpy.context.view_layer.objects.active = own
    bpy.ops.wm.save_as_mainfile(filepath=work)
    return own

def opened():
    "The same after the file was saved and opened."
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=work)
    own = next(obj for obj in bpy.data.objects if obj.override_library)
    bpy.context.view_layer.objects.active = own
    return own

def kept(own):
    "What was set."
    s = own.landscape
    return {
        "frames": s.clip.frames, "period": s.loop.frames, "format": s.output.format,
        "speed": round(s.motion.speed, 3), "horizon": s.regions.use_horizon,
        "still": s.regions.still_image and s.regions.still_image.name,
        "results": [[item.name, item.frames] for item in s.results],
        "patches": [[item.name, round(item.radius, 3)] for item in s.appearance.patch_items],
        "keys": [item.frame for item in s.appearance.key_items],
        "regions": [[item.name, item.mask and item.mask.name] for item in s.regions.region_items],
    }

def change(own):
    "Set something in each group, and add to each list."
    s = own.landscape
    mask = bpy.data.images.new("mask", 8, 8)
    mask.pack()
    s.clip.frames, s.loop.frames, s.output.format = 3, 2, "png16"
    s.motion.speed, s.regions.use_horizon, s.regions.still_image = 2.5, True, mask
    for radius in (0.1, 0.2):
        bpy.ops.landscape.place_patch(center=(0.5, 0.5), radius=radius, color=(1, 1, 1))
    for frame in (0, 2):
        bpy.context.scene.frame_set(bpy.context.scene.frame_start + frame)
        bpy.ops.landscape.add_item(list="KEYS")
    for _ in range(2):
        bpy.ops.landscape.add_item(list="REGIONS")
    s.regions.region_items[-1].mask = mask
"""
CHANGED = {
    "frames": 3,
    "period": 2,
    "format": "png16",
    "speed": 2.5,
    "horizon": True,
    "still": "mask",
}


@pytest.mark.parametrize("filled", [False, True], ids=["of defaults", "with settings"])
def test_what_is_set_on_an_override_stays(run, picture, filled):
    """Also where the library has unnamed items, and items of one name."""
    told = run(
        SCENE
        + f"""
def fill(obj):
    if {filled}:
        obj.landscape.motion.speed = 1.5
        obj.landscape.appearance.key_items.add().frame = 1
        obj.landscape.appearance.patch_items.add().name = "Patch 1"
        obj.landscape.regions.region_items.add().name = "Region 1"
own = overridden(fill)
told["library"] = kept(own)
s = own.landscape
told["grey"] = [name for group in (s, s.clip, s.motion, s.regions, s.loop, s.appearance, s.output)
                for name in ("frames", "seed", "motion_choice", "ripple_percent", "horizon",
                             "cycles", "still_image", "codes_automatic", "format", "picture")
                if name in group.bl_rna.properties and group.is_property_readonly(name)]
change(own)
told["set"] = kept(own)
told["opened"] = kept(opened())
told["again"] = kept(opened())
told["said"] = {{}}
for name in ("REGIONS", "PATCHES", "KEYS"):
    settings = bpy.context.object.landscape
    settings.regions.region_active = settings.appearance.patch_active = 0
    settings.appearance.key_active = 0
    told["said"][name] = refusal(bpy.ops.landscape.remove_item, list=name)
told["after removal"] = kept(opened())
""",
        picture=str(picture),
    )
    assert told["grey"] == []
    library, made = told["library"], told["set"]
    assert made | CHANGED == made
    assert made["keys"] == library["keys"] + [0, 2]
    assert [radius for _, radius in made["patches"][-2:]] == [0.1, 0.2]
    for opened in (told["opened"], told["again"]):
        assert opened | CHANGED == opened
        assert opened["keys"] == made["keys"]
        for name in ("patches", "regions"):  # the names are told apart
            assert [row[1] for row in opened[name]] == [row[1] for row in made[name]]
    after = told["after removal"]
    if filled:
        assert after == told["again"]
        assert "belongs to '//set.blend'" in told["said"]["REGIONS"].replace("\\", "/")
        assert all(told["said"].values())
    else:
        assert not any(told["said"].values())
        for name in ("regions", "patches", "keys"):
            assert len(after[name]) == len(told["again"][name]) - 1


def test_an_override_is_animated_and_keeps_its_results(run, picture):
    told = run(
        SCENE
        + """
own = overridden(lambda obj: None)
own.landscape.clip.frames = 2
for _ in range(2):
    bpy.ops.landscape.animate()
from blender_addon import image_exchange
own = opened()
told["results"] = kept(own)["results"]
told["shown"] = image_exchange.shown_frames(own)
told["image"] = [item.image.source for item in own.landscape.results]
told["seen"] = [bpy.ops.landscape.show_result(index=0) == {"FINISHED"},
                str(image_exchange.shown_file(own))]
told["gone"] = refusal(bpy.ops.landscape.remove_item, list="RESULTS")
told["left"] = kept(opened())["results"]
""",
        picture=str(picture),
    )
    assert told["results"] == [["der See-001", 2], ["der See-002", 2]]
    assert told["shown"] == 2 and told["image"] == ["SEQUENCE", "SEQUENCE"]
    assert told["seen"][0] and "der See-001" in told["seen"][1]
    assert told["gone"] is None and len(told["left"]) == 1
