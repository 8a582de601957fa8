"""The engine's route of the paper gives what the paper's equations give (`paper_reference`).

The route: `--motion recurrent --loop crossfade --loop-start blend --sampling bilinear
--appearance per-frame --absolute`. Both ask the same tiny networks, at 64×64. `test_authors`
compares with the authors' own code, where what that gave is at hand.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from landscape_engine import images
from landscape_engine.animator import Animator
from landscape_engine.bundles import checkpoints
from landscape_engine.bundles.checkpoints import ModelBundle
from landscape_engine.networks.blocks import CodedUNet
from landscape_engine.settings import (
    AppearanceSettings,
    ClipSettings,
    LoopSettings,
    MotionSettings,
)
from landscape_engine.shell import cli
from tests.conftest import make_bundle, make_picture

from . import paper_reference as paper

SIDE = 64  # of the networks' input
BETA = 64.0
PERIOD = 5
FRAMES = 2 * PERIOD  # two rounds of the motion in one cycle of the light
SPEED = 3.0
GRID = (256, 256)  # on which the engine sums flows, whatever the picture's size
LEVEL = 2 / 255  # one of 8 bits, in values of -1 to 1


@pytest.fixture(scope="module")
def tiny() -> ModelBundle:
    bundle = make_bundle()
    bundle.input_sizes = {"motion_predictor": SIDE, "appearance_predictor": SIDE}
    return bundle


@pytest.fixture(scope="module")
def codes() -> tuple[torch.Tensor, torch.Tensor]:  # [1, Z] of motion, [K, Z] of appearance
    generator = torch.Generator().manual_seed(11)
    return torch.randn(1, 8, generator=generator), torch.randn(3, 8, generator=generator)


def asked(trunk: CodedUNet) -> paper.Trunk:
    """A network as the reference asks it."""

    def ask(picture: np.ndarray, code: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            image = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
            answer = trunk(image.contiguous(), torch.from_numpy(code)[None].float())
        return answer[0].permute(1, 2, 0).double().numpy()

    return ask


def as_array(picture: torch.Tensor) -> np.ndarray:  # [1, 3, H, W] → [H, W, 3]
    return picture[0].permute(1, 2, 0).double().numpy()


def by_the_paper(picture, tiny, codes, grid_hw, speed=SPEED) -> tuple[list, list]:
    """The frames of the motion loop, and of the clip."""
    motion, appearance = (code.double().numpy() for code in codes)
    trunks = [asked(tiny.networks[f"{name}_predictor"].trunk) for name in ("motion", "appearance")]
    moved = paper.motion_frames(
        as_array(picture), trunks[0], motion[0], 2 * (PERIOD - 1), SIDE, BETA, speed, grid_hw
    )
    loop = paper.cross_fade(moved)
    clip = [
        paper.color_transfer(
            loop[n % PERIOD], trunks[1], paper.code_at(appearance, n / FRAMES), SIDE
        )
        for n in range(FRAMES)
    ]
    return loop, clip


def by_the_engine(picture, tiny, codes, speed=SPEED) -> tuple[list, list]:
    animator = Animator(tiny, torch.device("cpu"))
    lake = animator.look_at(picture)
    motion = animator.move(lake, MotionSettings(kind="recurrent", speed=speed), code=codes[0])
    loop = LoopSettings(kind="crossfade", frames=PERIOD, sampling="bilinear", start="blend")
    clip = ClipSettings(frames=FRAMES)
    absolute = AppearanceSettings(kind="per-frame", relative=False)
    light = animator.light(lake, absolute, clip, codes[1])
    moved = animator.render(lake, motion, None, loop, ClipSettings(frames=PERIOD))
    shown = animator.render(lake, motion, light, loop, clip)
    return list(map(as_array, moved)), list(map(as_array, shown))


def farthest(some, others) -> float:
    """The greatest difference of any value, in levels."""
    return max(float(np.abs(a - b).max()) for a, b in zip(some, others, strict=True)) / LEVEL


def mean(some, others) -> float:
    """The mean difference of the frame that differs most, in levels."""
    return max(float(np.abs(a - b).mean()) for a, b in zip(some, others, strict=True)) / LEVEL


@pytest.mark.parametrize("size", [(256, 256), (64, 64), (96, 160)])
def test_motion_and_light_are_those_of_the_equations(size, tiny, codes):
    picture = make_picture(*size)
    found, expected = by_the_engine(picture, tiny, codes), by_the_paper(picture, tiny, codes, GRID)
    for some, others in zip(found, expected, strict=True):
        assert farthest(some, others) < 0.05
    # so that this says something: all moves and changes, from frame to frame too
    still = as_array(picture)
    loop, clip = expected
    assert all(mean([frame], [still]) > 5 for frame in (*loop, *clip))
    assert all(mean([loop[n]], [loop[n - 1]]) > 1 for n in range(PERIOD))
    assert mean(clip[:PERIOD], clip[PERIOD:]) > 5


def test_flows_summed_at_another_size_than_the_pictures_differ_by_little(tiny, codes):
    """The paper resizes each step to the picture, the engine their sum."""
    size = (96, 160)
    picture = make_picture(*size)
    loop, clip = by_the_paper(picture, tiny, codes, size, speed=1.0)
    moved, shown = by_the_engine(picture, tiny, codes, speed=1.0)
    assert mean(moved, loop) < 0.25 and mean(shown, clip) < 0.25
    assert mean([as_array(picture)] * PERIOD, loop) > 4


SMALL = make_picture(SIDE, SIDE)  # as large as the networks' input
WARP = paper.warp
MISTAKES = {
    "forward": ("warp", lambda plane, flow: WARP(plane, -flow)),
    "steps are added, not warped": (
        "warp",
        lambda plane, flow: plane if plane.shape[2] == 2 else WARP(plane, flow),
    ),
    "all is predicted from the input picture": ("shrunk", lambda picture, side: as_array(SMALL)),
    "the border goes on": ("reflected", lambda index, count: index.clip(0, count - 1)),
    "no fading": ("cross_fade", lambda frames: frames[: len(frames) // 2 + 1]),
    "the first code is held": ("code_at", lambda codes, phase: codes[0]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_of_these_mistakes_would_be_seen(mistake, tiny, codes, monkeypatch):
    expected = by_the_paper(SMALL, tiny, codes, GRID)
    monkeypatch.setattr(paper, *MISTAKES[mistake])
    mistaken = by_the_paper(SMALL, tiny, codes, GRID)
    assert max(map(farthest, expected, mistaken)) > 2


def test_the_command_goes_the_same_way(tiny, codes, tmp_path):
    checkpoints.save(tiny, tmp_path / "bundle", torch.float32)
    picture = make_picture(96, 160)
    images.save_image(picture, tmp_path / "lake.png")
    for name, code in zip(("motion", "light"), codes, strict=True):
        np.save(tmp_path / f"{name}.npy", code.numpy())
    code = cli.main(
        ["animate", str(tmp_path / "lake.png"), "--out", str(tmp_path / "frames")]
        + ["--bundle", str(tmp_path / "bundle"), "--device", "cpu", "--format", "png16"]
        + ["--motion", "recurrent", "--motion-code", str(tmp_path / "motion.npy")]
        + ["--motion-speed", str(SPEED), "--sampling", "bilinear", "--loop", "crossfade"]
        + ["--loop-start", "blend"]
        + ["--loop-frames", str(PERIOD), "--frames", str(FRAMES), "--appearance", "per-frame"]
        + ["--appearance-code", str(tmp_path / "light.npy"), "--absolute"]
    )
    assert code == 0
    _, clip = by_the_paper(picture, tiny, codes, GRID)
    frames = [images.load_image(path) for path in sorted((tmp_path / "frames").iterdir())]
    assert farthest(map(as_array, frames), clip) < 0.1
