"""Small things that many tests need: a tiny bundle, a small picture, the shared folder."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import hypothesis
import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the shell does: two runs don't starve

import torch

from landscape_engine import images
from landscape_engine.animator import Animator
from landscape_engine.bundles import checkpoints
from landscape_engine.bundles.checkpoints import ModelBundle
from landscape_engine.bundles.codebook import AppearanceCodebook, MotionCodebook
from landscape_engine.landscape import Landscape

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
PATIENCE_S = 60  # for what takes a second or two where nothing else runs

# Lines of a program whose encoder of videos never comes back from its first frame; it makes a file.
NEVER_ENDING = """
import threading
from pathlib import Path
from landscape_engine.sequence import video

def encode(self, index, pixels):
    Path({begun!r}).touch()
    threading.Event().wait()

video.Video.encode = encode
"""

# Properties are tried on the same examples each time, few of them, and by no clock.
hypothesis.settings.register_profile(
    "house", derandomize=True, deadline=None, max_examples=40, database=None
)
hypothesis.settings.load_profile("house")


def make_bundle(width: int = 4) -> ModelBundle:
    """A bundle of the real shape with the smallest networks and seeded weights."""
    built = {
        "motion_predictor": {"width": width},
        "motion_encoder": {"in_channels": 2, "width": width, "norm": "none"},
        "appearance_predictor": {"width": width},
        "appearance_encoder": {"in_channels": 3, "width": width, "norm": "none"},
    }
    with torch.random.fork_rng():
        torch.manual_seed(5)
        networks = {name: checkpoints.build(name, args) for name, args in built.items()}
        codes = torch.randn(6, 8)
        sequences = [torch.randn(n, 8) for n in (3, 5, 4)]
    return ModelBundle(
        networks,
        built,
        MotionCodebook.ordered(codes),
        AppearanceCodebook.ordered(sequences),
        {"made": "for tests"},
    )


def make_picture(height: int, width: int, channels: int = 3) -> torch.Tensor:
    """A smooth, textured picture [1, C, H, W] in [-1, 1] whose 8-bit values are exact."""
    y = torch.linspace(0, 3, height)[:, None]
    x = torch.linspace(0, 4, width)[None]
    planes = [torch.sin((k + 1) * x + y * (k - 1.5)) * torch.cos(k * y) for k in range(channels)]
    return torch.round((torch.stack(planes)[None] + 1) * 127.5) / 127.5 - 1


@pytest.fixture
def bundle() -> ModelBundle:
    return make_bundle()


@pytest.fixture
def animator(bundle: ModelBundle) -> Animator:
    return Animator(bundle, torch.device("cpu"))


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "tiny"
    checkpoints.save(make_bundle(), folder)
    return folder


@pytest.fixture
def picture() -> torch.Tensor:
    return make_picture(90, 160)


@pytest.fixture
def landscape(animator: Animator, picture: torch.Tensor) -> Landscape:
    return animator.look_at(picture)


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the shared folder isn't here")
    return SHARED


@pytest.fixture(scope="session")
def lake(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "lake.png"
    images.save_image(make_picture(90, 160), path)
    return path


@pytest.fixture
def unhung():
    """Make pipes that let go of whoever waits for them, late, and that nobody may have waited for.

    Without that, a test that fails would hang.
    """
    late: list[Path] = []

    def let_go(path: Path) -> None:
        late.append(path)
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))

    timers: list[threading.Timer] = []

    def make(path: Path) -> Path:
        if not hasattr(os, "mkfifo"):
            pytest.skip("no pipes here")
        os.mkfifo(path)
        timers.append(threading.Timer(PATIENCE_S, let_go, (path,)))
        timers[-1].daemon = True
        timers[-1].start()
        return path

    yield make
    for timer in timers:
        timer.cancel()
    assert not late, "a pipe was waited for"
