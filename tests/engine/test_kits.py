"""Live kits: what is written plays the engine's own loop, in numpy alone."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import OpenEXR
import pytest
import torch

from landscape_engine.motion.fields import MovingPart, motion_of_parts, steady_motion
from landscape_engine.scene import bases
from landscape_engine.scene.regions import Guide, region_of
from landscape_engine.sequence import Kit, write_kit, write_sequence
from landscape_engine.settings import (
    AppearanceSettings,
    ClipSettings,
    LoopSettings,
    OutputSettings,
)
from landscape_engine.shell import cli
from tests.engine.clips import make_frames, refuse
from tests.engine.kit_player import KitPlayer

GRID = (256, 256)
CLIP = ClipSettings(frames=24)
PLAIN = LoopSettings(frames=24, blend="plain", sampling="bilinear")
NEAR_PX = 4  # of an edge of a region, or of the picture's border


def whirl(across: float, down: float, bend: float) -> torch.Tensor:  # [1, 2, 256, 256]
    """A smooth field whose direction changes from place to place."""
    y, x = torch.meshgrid(*(torch.linspace(-1, 1, n) for n in GRID), indexing="ij")
    return torch.stack([across - bend * y, down + bend * x])[None]


def part(picture, name, kind, mask, step, **options) -> MovingPart:
    region = replace(region_of(mask, GRID, name, torch.device("cpu")), kind=kind)
    region = replace(region, guide=options.pop("guide", Guide()))
    base = bases.base_of(picture, region.alpha, kind)
    return MovingPart(region, step, base=base, **options)


@pytest.fixture
def motion(landscape):
    """A sky over water, both over a base, and a fall, which moves whole."""
    height, width = landscape.image.shape[2:]
    masks = {name: np.zeros((height, width), np.float32) for name in ("sky", "water", "falls")}
    masks["sky"][: height // 2] = 1
    masks["water"][height // 2 + 6 :, : width // 2] = 1
    masks["falls"][height // 2 + 6 :, width // 2 + 10 : width - 20] = 1
    parts = [
        part(landscape.image, "sky", "sky", masks["sky"], whirl(0.004, 0.0005, 0.002)),
        part(
            landscape.image, "water", "water", masks["water"], whirl(-0.003, 0.002, 0.0),
            guide=Guide(phase=0.25),
        ),
        part(landscape.image, "falls", "falls", masks["falls"], whirl(0.0, -0.005, 0.0005)),
    ]  # fmt: skip
    return motion_of_parts(parts, landscape.small)


@pytest.fixture
def play(animator, landscape, tmp_path):
    """Write the kit of a motion; gives its player."""

    def call(motion, light=None, loop=PLAIN, clip=CLIP, **options) -> KitPlayer:
        kit = animator.kit(landscape, motion, light, loop, clip)
        write_kit(kit, tmp_path / "kit")
        return KitPlayer(tmp_path / "kit", **options)

    return call


def levels_off(played: np.ndarray, frame: torch.Tensor, motion) -> float:
    """The greatest difference, of 255, away from edges of regions and from the border."""
    import cv2

    wanted = (frame[0, :3].permute(1, 2, 0).numpy() + 1) / 2
    height, width = wanted.shape[:2]
    edge = np.zeros((height, width), np.uint8)
    edge[0], edge[-1], edge[:, 0], edge[:, -1] = 1, 1, 1, 1
    for one in motion.parts:
        alpha = cv2.resize(one.region.alpha[0, 0].numpy(), (width, height))
        edge |= ((alpha > 0) & (alpha < 1)).astype(np.uint8)
    near = cv2.dilate(edge, np.ones((2 * NEAR_PX + 1, 2 * NEAR_PX + 1), np.uint8))
    return float(255 * np.abs(played - wanted).max(-1)[near == 0].max())


def test_the_kit_plays_the_engines_frames(animator, landscape, motion, play):
    player = play(motion)
    frames = list(animator.render(landscape, motion, None, PLAIN, CLIP))
    assert [layer["name"] for layer in player.document["layers"]] == ["sky", "water", "falls"]
    assert [layer["kind"] for layer in player.document["layers"]] == [
        "difference", "difference", "whole",
    ]  # fmt: skip
    for t, frame in enumerate(frames):
        assert levels_off(player.frame(t), frame, motion) <= 2, t
    moved = max(float((frame - landscape.image).abs().max()) for frame in frames)
    assert moved > 0.2, "there is something to agree on"


def test_several_loops_within_the_period(animator, landscape, motion, play):
    # texture takes short loops: 96 frames are two of 48 for water and falls
    loop, clip = replace(PLAIN, frames=96, phase_noise=0.2), ClipSettings(frames=96)
    slow = motion_of_parts(
        [replace(one, step=one.step / 3) for one in motion.parts], landscape.small
    )
    player = play(slow, loop=loop, clip=clip)
    assert [layer["rounds"] for layer in player.document["layers"]] == [1, 2, 2]
    for t, frame in enumerate(animator.render(landscape, slow, None, loop, clip, every=16)):
        assert levels_off(player.frame(16 * t), frame, slow) <= 2, t


def test_the_whole_picture_moves_without_phases(animator, landscape, play):
    motion = steady_motion(whirl(0.003, 0.001, 0.001))
    player = play(motion)
    assert "phase" not in player.document and len(player.document["layers"]) == 1
    for t, frame in enumerate(animator.render(landscape, motion, None, PLAIN, CLIP)):
        played, border = player.frame(t), 24  # beyond it, neither copy may have a source
        inner = (slice(border, -border), slice(border, -border))
        wanted = (frame[0].permute(1, 2, 0).numpy() + 1) / 2
        assert 255 * np.abs(played - wanted)[inner].max() <= 2, t


def test_the_loop_is_closed_at_any_speed_and_in_any_direction(motion, play):
    player = play(motion, speed=-1.7, turn=0.8)
    np.testing.assert_allclose(player.frame(3), player.frame(27), atol=1e-9)
    assert np.abs(player.frame(3) - player.frame(4)).max() < 0.2
    player.amount = 0.0
    np.testing.assert_array_equal(player.frame(7), player.value(player.document["picture"],
                                                                player.places()))  # fmt: skip


def test_another_speed_and_direction_are_those_of_the_flow(animator, landscape, motion, play):
    player = play(motion, speed=0.5, turn=np.pi)
    turned = motion_of_parts(
        [replace(one, step=-one.step / 2) for one in motion.parts], landscape.small
    )
    for t, frame in enumerate(animator.render(landscape, turned, None, PLAIN, CLIP, every=8)):
        assert levels_off(player.frame(8 * t), frame, motion) <= 2, t


def test_the_flow_is_backward_in_fractions_of_the_picture(play):
    step = torch.zeros(1, 2, *GRID)
    step[:, 0], step[:, 1] = 0.004, -0.002
    layer = (player := play(steady_motion(step))).document["layers"][0]
    flow = player.value(layer["flow"], player.places())[40, 70]
    # two units of a normalised flow lead from the first pixel's center to the last one's
    assert flow[0] == pytest.approx(0.002 * 159 / 160, rel=1e-3)
    assert flow[1] == pytest.approx(-0.001 * 89 / 90, rel=1e-3)
    assert flow[2] == 0, "and what doesn't move has exactly none"


def test_what_does_not_move_plays_the_picture(landscape, play):
    player = play(steady_motion(torch.zeros(1, 2, *GRID)))
    assert player.document["layers"] == []
    picture = (landscape.image[0].permute(1, 2, 0).numpy() + 1) / 2
    np.testing.assert_allclose(player.frame(5), picture, atol=1e-6)


def test_both_looks_are_those_of_the_engine(animator, landscape, play):
    still = steady_motion(torch.zeros(1, 2, *GRID))
    settings = AppearanceSettings(code="0.4")
    light = animator.light(landscape, settings, CLIP)
    player = play(still, light)
    told = player.document["light"]
    assert told["frames"] == 24 and told["looks"][0]["frame"] == 0
    frames = list(animator.render(landscape, still, light, PLAIN, CLIP))
    for number, look in enumerate(told["looks"]):
        player.light = float(number)
        wanted = (frames[round(look["frame"]) % 24][0].permute(1, 2, 0).numpy() + 1) / 2
        # the second look may lie between two frames
        assert 255 * np.abs(player.frame(0) - wanted).mean() <= (1, 4)[number]
    first = frames[0] - landscape.image
    assert float((frames[round(told["looks"][1]["frame"]) % 24] - landscape.image).abs().mean()) > (
        2 * float(first.abs().mean())
    )


def test_transfer_maps_become_curves(animator, landscape, play):
    still = steady_motion(torch.zeros(1, 2, *GRID))
    light = animator.light(landscape, AppearanceSettings(keys=("12=0.6",), relative=False), CLIP)
    player = play(still, light)
    frames = list(animator.render(landscape, still, light, PLAIN, CLIP))
    player.light = 1.0
    at = round(player.document["light"]["looks"][1]["frame"])
    wanted = (frames[at][0].permute(1, 2, 0).numpy() + 1) / 2
    unlit = (landscape.image[0].permute(1, 2, 0).numpy() + 1) / 2
    assert np.abs(player.frame(0) - wanted).mean() < 0.4 * np.abs(unlit - wanted).mean()


# ----------------------------------------------------------------------------- files


def some_kit() -> Kit:
    images = {"picture.png": np.zeros((4, 6, 3), "u1"), "phase.png": np.ones((4, 6, 1), "u2")}
    return Kit({"version": 1}, images)


def test_kits_and_frames_replace_each_other(tmp_path):
    write_sequence(make_frames(2), tmp_path / "clip", OutputSettings(format="png"))
    paths = write_kit(some_kit(), tmp_path / "clip")
    assert paths[0] == tmp_path / "clip" / "live.json"
    assert {p.name for p in (tmp_path / "clip").iterdir()} == {p.name for p in paths}
    told = json.loads(paths[0].read_text())
    assert told["software"] == "landscape-engine" and told["fps"] == 30
    write_sequence(make_frames(2), tmp_path / "clip", OutputSettings(format="exr"))
    assert sorted(p.name for p in (tmp_path / "clip").iterdir()) == ["0001.exr", "0002.exr"]
    assert [p.name for p in tmp_path.iterdir()] == ["clip"]


@pytest.mark.parametrize("name", ["picture.png", "live.json", "matte_1.png", "mine.txt"])
@pytest.mark.parametrize("force", [False, True])
def test_what_others_call_alike_is_left_alone(tmp_path, name, force):
    (tmp_path / name).write_text("mine")
    settings = OutputSettings(force=force)
    refuse(lambda: write_kit(some_kit(), tmp_path, settings), "holds other things", name)
    assert (tmp_path / name).read_text() == "mine" and len(list(tmp_path.iterdir())) == 1


def test_a_kit_needs_a_folder(tmp_path):
    refuse(lambda: write_kit(some_kit(), tmp_path / "a.mp4"), "'.mp4'")
    (tmp_path / "file").write_text("mine")
    refuse(lambda: write_kit(some_kit(), tmp_path / "file"), "is a file")


def test_nothing_is_left_of_a_kit_that_fails(tmp_path):
    class Full(dict):
        def items(self):
            yield "picture.png", np.zeros((4, 6, 3), np.uint8)
            raise OSError(28, "No space left on device")

    refuse(lambda: write_kit(Kit({}, Full()), tmp_path / "kit"), "disk full")
    assert not list(tmp_path.iterdir())


# ----------------------------------------------------------------------------- the shell


def animate(bundle_folder, picture, out, *flags) -> int:
    command = ["animate", str(picture), "--out", str(out), "--bundle", str(bundle_folder)]
    return cli.main([*command, "--device", "cpu", "--format", "live", *flags])


def test_animate_writes_a_kit(bundle_folder, lake, tmp_path, capsys):
    out = tmp_path / "kit"
    flags = ("--frames", "50", "--loop-blend", "contrast", "--ripple", "2", "--json")
    assert animate(bundle_folder, lake, out, *flags) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["paths"][0] == str(out / "live.json") and told["frames"] == 50
    assert told["job"]["output"]["format"] == "live"
    assert any("--loop-blend has no effect" in note for note in told["notes"])
    document = json.loads((out / "live.json").read_text())
    assert document["period"] == document["frames"] == 50 and "light" in document
    assert document["fps"] == 30 and document["border"] == "mirrored"
    named = [entry["file"] for entry in _maps(document)]
    assert sorted({"live.json", *named}) == sorted(p.name for p in out.iterdir())
    assert KitPlayer(out, light=0.5).frame(3).shape == (90, 160, 3)


def test_what_a_kit_lacks_is_said(bundle_folder, tmp_path, capsys):
    bright = np.full((48, 64, 4), 0.2, np.float16)
    bright[:20], bright[10:14, 10:20, :3], bright[:, 40:, 3] = 0.5, 4.0, 0.3
    with OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGBA": bright}) as file:
        file.write(str(tmp_path / "sun.exr"))
    out = tmp_path / "kit"
    assert animate(bundle_folder, tmp_path / "sun.exr", out, "--stars", "1", "--json") == 0
    notes = " ".join(json.loads(capsys.readouterr().out.splitlines()[-1])["notes"])
    for words in ("alpha stays", "light above it is cut off", "--stars has no effect"):
        assert words in notes
    player = KitPlayer(out, light=1.0)
    assert player.frame(3).max() <= 1 and np.isfinite(player.frame(3)).all()
    picture = player.value(player.document["picture"], player.places())
    assert picture.shape[2] == 4 and picture[40, 50, 3] == pytest.approx(0.3, abs=0.01)


def _maps(value) -> list[dict]:
    """All maps that a document names."""
    if isinstance(value, dict) and "file" in value:
        return [value]
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [entry for one in held for entry in _maps(one)]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--motion", "recurrent"), ["--motion is recurrent", "expected steady"]),
        (("--loop", "crossfade"), ["--loop is crossfade", "expected two-phase"]),
        (("--loop", "none"), ["--loop is none"]),
    ],
)
def test_what_no_kit_can_play_is_refused(bundle_folder, lake, tmp_path, capsys, flags, words):
    assert animate(bundle_folder, lake, tmp_path / "kit", *flags) == 2
    said = capsys.readouterr().err
    assert all(word in said for word in words) and not (tmp_path / "kit").exists()
