"""Facts of recurrent motion that closes into a loop: its steps are followed, and can be ended."""

from __future__ import annotations

import pytest

from landscape_engine import images
from landscape_engine.jobs.animate import animate
from landscape_engine.settings import documents
from tests.conftest import make_picture


def job(folder, **loop):
    images.save_image(make_picture(36, 64), folder / "lake.png")
    return documents.parse(
        {
            "version": 1,
            "picture": str(folder / "lake.png"),
            "out": str(folder / "frames"),
            "clip": {"frames": 4},
            "motion": {"kind": "recurrent", "code": "0.4"},
            "loop": {"frames": 4, **loop},
            "appearance": {"kind": "off"},
        }
    )


@pytest.mark.parametrize(
    "loop, steps",
    [
        ({"kind": "crossfade"}, 3),
        ({"kind": "crossfade", "start": "blend"}, 6),
        ({"kind": "two-phase"}, 4),
        ({"kind": "none"}, None),
    ],
)
def test_the_steps_are_followed_where_all_are_needed_first(tmp_path, bundle_folder, loop, steps):
    seen = {}

    def progress(items, count, stage):
        seen[stage] = [count, 0]
        for item in items:
            seen[stage][1] += 1
            yield item

    animate(job(tmp_path, **loop), bundle=bundle_folder, device="cpu", progress=progress)
    assert seen["frames"] == [4, 4]
    assert seen.get("motion") == (None if steps is None else [steps, steps])


@pytest.mark.parametrize("kind, steps", [("two-phase", 4), ("crossfade", 3)])
def test_no_more_is_predicted_than_the_clip_shows(tmp_path, bundle_folder, kind, steps):
    seen = []

    def progress(items, count, stage):
        seen.append((stage, count))
        assert count < 10, "more than the clip shows"
        return items

    long = job(tmp_path, kind=kind, frames=100_000)
    done = animate(long, bundle=bundle_folder, device="cpu", progress=progress)
    assert sorted(seen) == [("frames", 4), ("motion", steps)] and done["loop_frames"] == 4
    assert any("loop of 100000 frames closes within 4" in note for note in done["notes"])


def test_what_follows_the_steps_can_end_the_job(tmp_path, bundle_folder):
    class Ended(Exception):
        pass

    def progress(items, count, stage):
        for number, item in enumerate(items):
            if stage == "motion" and number == 2:
                raise Ended
            yield item

    with pytest.raises(Ended):
        animate(job(tmp_path, kind="crossfade", start="blend"), bundle=bundle_folder,
                device="cpu", progress=progress)  # fmt: skip
    assert not (tmp_path / "frames").exists()
