"""Jobs without a shell: one is done and reported by a call."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from landscape_engine import images
from landscape_engine.errors import DocumentError
from landscape_engine.jobs.animate import animate
from landscape_engine.settings import documents
from tests.conftest import make_picture


@pytest.fixture
def job(tmp_path):
    images.save_image(make_picture(48, 64), tmp_path / "lake.png")
    return documents.parse(
        {
            "version": 1,
            "picture": str(tmp_path / "lake.png"),
            "out": str(tmp_path / "frames"),
            "clip": {"frames": 5},
            "loop": {"frames": 3},
        }
    )


def test_a_job_is_done_by_a_call_that_prints_nothing(job, bundle_folder, tmp_path, capsys):
    seen = []

    def count(frames, number, stage):
        for frame in frames:
            seen.append((number, stage))
            yield frame

    done = animate(job, bundle=bundle_folder, progress=count)
    assert seen == [(5, "frames")] * 5
    assert len(list((tmp_path / "frames").iterdir())) == done["frames"] == 5
    assert "no whole number of loops" in done["notes"][0]
    again = documents.parse(json.loads(json.dumps(done))["job"])
    assert (again.picture, again.loop) == (job.picture, job.loop)
    assert capsys.readouterr() == ("", "")


def test_a_progress_that_raises_ends_the_job_and_leaves_nothing(job, bundle_folder, tmp_path):
    def cancel(frames, number, stage):
        yield next(frames)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        animate(job, bundle=bundle_folder, progress=cancel)
    assert [p.name for p in tmp_path.iterdir()] == ["lake.png"]


@pytest.mark.parametrize("missing", ["picture", "out"])
def test_a_job_without_paths_is_refused(missing):
    paths = {"picture": "lake.png", "out": "frames"}
    del paths[missing]
    with pytest.raises(DocumentError, match=f"no '{missing}'"):
        animate(documents.parse({"version": 1, **paths}))


def test_animating_does_not_load_training_or_evaluation():
    program = (
        "import sys, landscape_engine.shell.commands.animate\n"
        "loaded = [m for m in sys.modules if m.startswith('landscape_engine.')]\n"
        "assert not [m for m in loaded if m.split('.')[1] in ('training', 'evaluation')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
