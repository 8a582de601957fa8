# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on refuses, in one sentence for the artist: what was found, expected, to do."""


class AddonError(Exception):
    """Something that the artist asked for can't be done; the message says what to do."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(printable(sentence))


def printable(text: str) -> str:
    """Text that Blender shows in a line: a name that isn't UTF-8 has what Blender refuses."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return " " if character.isspace() else character.encode("unicode_escape").decode()
