"""What stopped a new artist in the first hour: each of it goes on."""

from __future__ import annotations


def test_the_first_hour(play, addon, picture):
    told = play("first_hour", factory=False, addon=addon, picture=str(picture))
    assert told["shading"] == "MATERIAL"
    assert told["cleared"] == 0
    assert told["drawn"] == [1, ["Landscape arrows"]]
    assert told["tool"] == "builtin.select_box"
    assert any("frame 30" in note for note in told["notes"])
    assert (told["asked"], told["confirmed"]) == ("running", "cancelled")
    state, message = told["found"]
    assert state == "done" and "sky" in message and "stays still" in message
    assert told["hidden"]
    first, second = told["planes"]
    assert max(y for _, y, _ in first) < min(y for _, y, _ in second)  # the pictures face x
