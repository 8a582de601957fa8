# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on refuses, in one sentence for the artist: what was found, expected, to do."""


class AddonError(Exception):
    """Something that the artist asked for can't be done; the message says what to do."""
