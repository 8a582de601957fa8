"""What hides under clear pixels shows nowhere, and colors are mixed as much as they are opaque."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from landscape_engine.evaluation import clip_frames, reference_masks
from landscape_engine.images import fill_clear, resize
from landscape_engine.motion import reference_clips
from landscape_engine.rendering import translucent
from landscape_engine.settings import (
    AppearanceSettings,
    ClipEvaluationSettings,
    ClipSettings,
    LoopSettings,
    MotionClipSettings,
    MotionSettings,
)
from landscape_engine.training.data import footage, labelled, lit_clips, stills
from tests.conftest import make_picture

HEIGHT, WIDTH, FRAMES = 90, 160, 4
HIDDEN = {"black": -1.0, "white": 1.0, "magenta": torch.tensor([1.0, -1.0, 1.0]).view(1, 3, 1, 1)}


def hole(soft):
    """Alpha 0..1 with a clear disc, whose edge is soft or hard."""
    y, x = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    away = ((x - 80) ** 2 + (y - 30) ** 2).float().sqrt() - 18
    return (away / 8 if soft else away.sign()).clamp(0, 1)[None, None]


def pictures(soft):
    """The same visible picture over each hidden color, and over noise."""
    alpha, seen = hole(soft), make_picture(HEIGHT, WIDTH)
    noise = torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1)) * 2 - 1
    for under in (*HIDDEN.values(), noise):
        yield torch.cat([torch.where(alpha > 0, seen, seen * 0 + under), alpha * 2 - 1], 1)


def levels_apart(one, other):
    """How far two pictures [1, 4, H, W] are apart where they are seen, in 8-bit levels."""
    alpha = (one[:, 3:] + 1) / 2
    colors = ((one[:, :3] - other[:, :3]).abs() * alpha).max()
    return float(torch.maximum(colors, (one[:, 3:] - other[:, 3:]).abs().max())) * 127.5


def rendered(animator, image, regions, appearance=None, **loop):
    landscape = animator.look_at(image)
    motion = animator.move(landscape, MotionSettings(code="0.4"), regions=regions)
    light = animator.light(
        landscape, appearance or AppearanceSettings(kind="off"), ClipSettings(FRAMES)
    )
    settings = LoopSettings(frames=FRAMES, **loop)
    return list(animator.render(landscape, motion, light, settings, ClipSettings(FRAMES)))


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("regions", [None, []])
@pytest.mark.parametrize("loop", [{}, {"sampling": "bilinear"}, {"kind": "crossfade"}])
def test_frames_do_not_depend_on_what_hides(animator, soft, regions, loop):
    first, *others = (rendered(animator, one, regions, **loop) for one in pictures(soft))
    for other in others:
        assert max(map(levels_apart, first, other)) <= 1


@pytest.mark.parametrize(
    "appearance", [{}, {"keys": ("2=0.4",)}, {"kind": "per-frame", "code": "0.3"}]
)
def test_light_does_not_depend_on_what_hides(animator, appearance):
    settings = AppearanceSettings(**appearance)
    first, *others = (rendered(animator, one, None, settings) for one in pictures(True))
    for other in others:
        assert max(map(levels_apart, first, other)) <= 1


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("size", [(100, 60), (320, 180), (50, 180)])
def test_sizes_do_not_depend_on_what_hides(soft, size):
    first, *others = (resize(one, *size) for one in pictures(soft))
    assert all(levels_apart(first, other) <= 1 for other in others)


def test_one_visible_color_stays_the_only_one(animator):
    for soft in (False, True):
        alpha = hole(soft)
        image = torch.where(alpha > 0, torch.full((1, 3, HEIGHT, WIDTH), 0.5), -1.0)
        for frame in rendered(animator, torch.cat([image, alpha * 2 - 1], 1), []):
            seen = (frame[:, 3:] > -0.98).expand(-1, 3, -1, -1)
            assert (frame[:, :3][seen] - 0.5).abs().max() * 127.5 <= 1


def test_what_is_seen_stays_to_the_bit_and_opaque_pictures_are_themselves():
    (image, *_) = pictures(True)
    filled = fill_clear(image)
    seen = (image[:, 3:] > -0.98).expand(-1, 4, -1, -1)
    assert filled[seen].equal(image[seen]) and filled[:, 3:].equal(image[:, 3:])
    for whole in (image[:, :3], torch.cat([image[:, :3], torch.ones(1, 1, HEIGHT, WIDTH)], 1)):
        assert fill_clear(whole) is whole
    clear = torch.cat([image[:, :3], -torch.ones(1, 1, HEIGHT, WIDTH)], 1)
    assert fill_clear(clear) is clear


def test_an_opaque_alpha_moves_as_no_alpha_does(animator, picture):
    opaque = torch.cat([picture, torch.ones_like(picture[:, :1])], 1)
    for with_alpha, without in zip(
        rendered(animator, opaque, None), rendered(animator, picture, None), strict=True
    ):
        assert torch.allclose(with_alpha[:, :3], without, atol=1e-5)
        assert (with_alpha[:, 3] == 1).all()


def test_layers_blend_as_far_as_they_are_opaque():
    red = torch.tensor([1.0, -1, -1, -1]).view(1, 4, 1, 1)  # clear
    blue = torch.tensor([-1.0, -1, 1, 1]).view(1, 4, 1, 1)  # opaque
    clear, opaque, half = torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1), torch.full((1,), 0.5)
    made, weight = translucent.blend(red, clear, blue, opaque, half.view(1, 1, 1, 1))
    assert made.flatten().tolist() == [-1, -1, 1, 0] and weight.item() == 0.5


# ------------------------------------------------------- clips and stills that are learnt from


def hidden_colors(tmp_path, name="a.png"):
    """Folders of one picture each, whose clear half hides another color; a soft edge between."""
    for under in (0, 255, 90):
        folder = tmp_path / str(under)
        (folder / name).parent.mkdir(parents=True)
        pixels = np.full((64, 96, 4), under, np.uint8)
        pixels[:, 43:, :3] = (200, 120, 40)
        pixels[..., 3] = 0
        pixels[:, 43:, 3], pixels[:, 48:, 3] = 128, 255
        Image.fromarray(pixels).save(folder / name)
        yield folder


def assert_alike(seen):
    """Only the visible color is there, whatever hides beside it."""
    for values in seen:
        apart = (values.reshape(3, -1).float().T - torch.tensor([200.0, 120.0, 40.0])).abs()
        assert float(apart.max()) <= 2


def test_a_sheet_is_cut_without_what_hides(tmp_path):
    seen = []
    for folder in hidden_colors(tmp_path):
        sheet = {"place": [0, 0, 1, 1], "columns": 2, "rows": 1, "inset": 0, "scene": "all"}
        (folder / "sheets.json").write_text(json.dumps({"a.png": sheet}))
        (clip,) = lit_clips.load(folder, 7)
        seen += [*clip.frames]
    assert_alike(seen)


@pytest.mark.parametrize("read", [lit_clips.load, footage.load])
def test_frames_of_a_clip_are_made_small_without_what_hides(tmp_path, read):
    seen = []
    for folder in hidden_colors(tmp_path, "clip/0001.png"):
        shutil.copy(folder / "clip" / "0001.png", folder / "clip" / "0002.png")
        every = MotionClipSettings(every=1, least_change=0, held_out=0)
        asked = () if read is lit_clips.load else (every,)
        found = read(folder, 7, *asked)
        seen += [*(found if read is lit_clips.load else found.clips)[0].frames]
    assert_alike(seen)


def test_a_clip_whose_motion_is_copied_is_made_small_without_what_hides(tmp_path, monkeypatch):
    monkeypatch.setattr(reference_clips, "SIZE", 7)
    seen = []
    for folder in hidden_colors(tmp_path):
        shutil.copy(folder / "a.png", folder / "b.png")
        seen += [(frame + 1) * 127.5 for frame in reference_clips.load_clip(folder)]
    assert_alike(seen)


def test_a_clip_that_is_evaluated_is_made_small_without_what_hides(tmp_path):
    seen = []
    for folder in hidden_colors(tmp_path):
        shutil.copy(folder / "a.png", folder / "b.png")
        settings = ClipEvaluationSettings(frames=1)
        seen.append((clip_frames.load(folder, settings, 10).first + 1) * 127.5)
    assert_alike(seen)


def test_a_still_that_is_evaluated_is_made_small_without_what_hides(tmp_path):
    for folder in hidden_colors(tmp_path):
        image, _ = reference_masks.load_still(folder / "a.png", None, 10)
        assert_alike([(image + 1) * 127.5])


def test_a_labelled_still_is_made_small_without_what_hides(tmp_path):
    for folder in hidden_colors(tmp_path):
        (folder / "labels").mkdir()
        Image.new("L", (96, 64), 1).save(folder / "labels" / "a.png")
        for longest in (12, 1024):
            (still,) = labelled.load(folder, longest)
            assert_alike([torch.from_numpy(still.image).permute(2, 0, 1)])
        found = stills.load(folder)
        assert_alike([photo.image * 255 for photo in found.photos])
