"""A job's document comes back as it went, and says which field is wrong."""

from __future__ import annotations

import json

import pytest

from landscape_engine.errors import DocumentError, SettingsError
from landscape_engine.light import cycles
from landscape_engine.settings import ClipSettings, MotionSettings, RegionSettings, documents
from landscape_engine.settings.documents import Job


def test_there_and_back():
    job = Job(
        clip=ClipSettings(frames=12, size="64x48"),
        motion=MotionSettings(code="0.25", speed=-2),
        regions=RegionSettings(region=("a.json", "b.json")),
    )
    assert documents.parse(json.loads(json.dumps(documents.write(job)))) == job


def test_what_is_left_out_has_its_default(tmp_path):
    path = tmp_path / "job.json"
    path.write_text('{"version": 1, "picture": "lake.jpg", "motion": {"code": 0.5}}')
    job = documents.read(path)
    assert job.motion == MotionSettings(code="0.5") and job.clip == ClipSettings()
    assert str(job.picture) == "lake.jpg" and job.out is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "expected an object"),
        ("{", "can't be read"),
        ("[" * 100_000, "can't be read"),
        ('{"version": 2}', "'version' is 2"),
        ('{"version": 1, "sound": {}}', "unknown field 'sound'"),
        ('{"version": 1, "motion": {"sped": 2}}', "unknown field 'motion.sped'"),
        ('{"version": 1, "motion": {"speed": "fast"}}', "'motion.speed' is 'fast'"),
        ('{"version": 1, "motion": {"speed": true}}', "'motion.speed' is True"),
        (f'{{"version": 1, "motion": {{"speed": 1{"0" * 400}}}}}', "'motion.speed' is beyond"),
        ('{"version": 1, "motion": {"speed": 0}}', "'motion.speed' is 0; .* use 'clip.frames' 1"),
        ('{"version": 1, "loop": {"kind": "spiral"}}', "'loop.kind' is 'spiral'"),
        ('{"version": 1, "regions": {"region": [3, []]}}', r"'regions.region\[1\]'"),
        ('{"version": 1, "clip": {"frames": 1.5}}', "'clip.frames' is 1.5"),
        (f'{{"version": 1, "clip": {{"size": "{"9" * 5000}x2"}}}}', "'clip.size' is '9"),
        ('{"version": 1, "clip": {"size": "2\\n3"}}', r"'clip.size' is '2\\n3'"),
        (f'{{"version": 1, "appearance": {{"keys": ["{"9" * 5000}=0"]}}}}', "'appearance.keys' is"),
        ('{"version": 1, "clip": {"fra\\nmes": 2}}', r"unknown field 'clip.fra\\nmes'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, said):
    path = tmp_path / "job.json"
    path.write_text(text)
    with pytest.raises(DocumentError, match=said):
        documents.read(path)


def test_a_frame_beyond_all_numbers_is_refused_where_the_clip_is_known(landscape):
    patched = {"patches": ["0.5,0.5,0.1,#ff8040"], "patch_frame": 10**400}
    settings = documents.parse({"version": 1, "appearance": patched}).appearance
    with pytest.raises(SettingsError, match="outside the light's cycle of 400 frames"):
        cycles.key_codes(landscape, settings, ClipSettings())
