"""Facts about names and numbers beyond all measure: one line says what is wrong with them."""

from __future__ import annotations

import json
import os

import pytest

from landscape_engine.shell import cli

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names are of another kind there")
LONG = "y" * 300


@pytest.mark.parametrize(
    "flags",
    [
        ["--out", LONG], ["--out", f"{LONG}.mp4"], ["--save-motion", f"{LONG}.npy"],
        ["--bundle", LONG], ["--motion-code", LONG], ["--appearance-code", LONG],
        ["--job", LONG], ["--region", LONG], ["--still-mask", LONG], ["--motion-code", "/dev/zero"],
        ["--frames", "9" * 400], ["--frames", "9" * 5000], ["--fps", "9" * 400], ["--fps", "inf"],
        ["--motion-speed", "-inf"], ["--seed", "9" * 400], ["--stars", "nan"],
        ["--arrow", f"0,0,{'9' * 400},1"], ["--appearance-key", f"{'9' * 400}=0.1"],
        ["--size", f"{'9' * 400}x4"], ["--motion-code", "9" * 400],
    ],
    ids=lambda flags: " ".join(f[:20] for f in flags),
)  # fmt: skip
def test_names_and_numbers_beyond_all_measure_get_a_sentence(
    lake, tmp_path, bundle_folder, flags, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    arguments = ["animate", lake, "--out", "out", "--bundle", bundle_folder, "--frames", "2"]
    try:
        code = cli.main([str(a) for a in (*arguments, *flags)])
    except SystemExit as ended:
        code = ended.code
    err = capsys.readouterr().err
    assert code == 2 and len(err.splitlines()) == 1 and len(err) < 2500, err
    assert os.listdir(tmp_path) == []


def test_a_name_of_two_lines_is_said_in_one(lake, tmp_path, bundle_folder, capsys):
    name = tmp_path / "two\nlines.png"
    name.write_bytes(lake.read_bytes())
    arguments = ["animate", name, "--bundle", bundle_folder, "--out", tmp_path / "out"]
    arguments += ["--still-mask", f"{name}.gone", "--json"]
    assert cli.main([str(a) for a in arguments]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and not said.out


@pytest.mark.parametrize("digits", [61, 4000])
def test_a_number_of_many_digits_is_not_said_whole(tmp_path, digits, capsys):
    number = "9" * digits
    job = {"version": 1, "picture": "a.png", "out": "out", "clip": {"seed": int(number)}}
    (tmp_path / "a.json").write_text(json.dumps(job))
    assert cli.main(["animate", "--job", str(tmp_path / "a.json")]) == 2
    assert cli.main(["animate", "a.png", "--out", "out", "--seed", number]) == 2
    for line in capsys.readouterr().err.splitlines():
        assert f"99999999…9999 ({digits} digits)" in line and len(line) < 400, line
