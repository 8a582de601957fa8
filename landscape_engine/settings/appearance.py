"""How the light changes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ..errors import SettingsError
from .checks import check_at_least, check_choice, check_within
from .fields import MAX_DIGITS, MAX_FRAMES, setting
from .sentences import say

AppearanceKind = Literal["keyed", "per-frame", "off"]


@dataclass(frozen=True)
class AppearanceSettings:
    """How the light changes (paper, section 4.2, Equations 5 and 6)."""

    kind: AppearanceKind = setting(
        "keyed",
        "keyed: color transfer maps predicted at key codes and interpolated; per-frame: the "
        "paper's; off: colors untouched",
        flag="appearance",
    )
    code: str | None = setting(
        None,
        "code sequence: 'predict' (a day that goes on from the picture's own look, another for "
        "each --seed), a position 0..1 in the codebook, 'random' (a day of the codebook that suits "
        "the picture, drawn with --seed), a file with one vector or a list of them (.json or "
        ".npy), or a picture whose look is held throughout (default: predict, or random where the "
        "bundle has no code LSTM)",
        flag="appearance-code",
        metavar="predict|POS|random|FILE",
        names="code",
    )
    cycles: int = setting(
        1,
        "times the light runs through its sequence in the clip",
        flag="appearance-cycles",
        metavar="N",
    )
    codes: int | None = setting(
        None,
        "key codes taken from the sequence, evenly (default: all; fewer give calmer light)",
        flag="appearance-codes",
        metavar="K",
    )
    keys: tuple[str, ...] = setting(
        (),
        "the look at one frame, in place of a code sequence; the light runs from the picture's own "
        "look at frame 0 through all keys and back; VALUE is 'input' (the picture's own look), a "
        "position 0..1 in the codebook, a code file, a picture, or a .json with patches; "
        "repeatable (default: none)",
        flag="appearance-key",
        metavar="FRAME=VALUE",
        names="key",
    )
    patches: tuple[str, ...] = setting(
        (),
        "a target color for a disc of the picture; centre and radius in shares of the "
        "picture (the radius: of its width); repeatable, all at one frame (default: none)",
        flag="patch",
        metavar="X,Y,R,#RRGGBB",
    )
    patch_frame: int | None = setting(
        None,
        "frame at which the patches' colors are reached (default: half-way)",
        flag="patch-frame",
        metavar="N",
    )

    stars: float = setting(
        0.0,
        "how many stars come out where the clear sky gets dark, 0 to 1 (default: none)",
        flag="stars",
        metavar="AMOUNT",
    )

    windows: float = setting(
        0.0,
        "how many windows of buildings are lit as it gets dark, 0 to 1 (default: none)",
        flag="windows",
        metavar="AMOUNT",
    )

    relative: bool = setting(
        True,
        "relative: begin with the picture's own look and add the changes of a codebook's or a "
        "file's sequence after its first code; neutrals get no greener or rosier than daylight "
        "makes them; absolute: the paper's, codes unchanged; sequences only, not for per-frame",
        opposite="absolute",
    )
    anchor: bool = setting(
        True,
        "restore what the predictor loses, so that the input's own look is reproduced exactly "
        "and other looks keep its contrast; not for per-frame",
    )
    correct: bool = setting(
        True,
        "correct the color error that the best code leaves at patches, and in the colors of sky, "
        "land and water of a reference picture; not for per-frame",
    )

    def __post_init__(self) -> None:
        check_choice("<appearance.kind>", self.kind, AppearanceKind)
        self._check_keys()
        check_within("<appearance.cycles>", self.cycles, 1, MAX_FRAMES)
        check_within("<appearance.stars>", self.stars, 0, 1)
        check_within("<appearance.windows>", self.windows, 0, 1)
        if self.codes is not None:
            check_within("<appearance.codes>", self.codes, 1, MAX_FRAMES)

    def _check_keys(self) -> None:
        """Refuse key frames that can't be told apart or contradict another setting."""
        frames = [frame for frame, _ in map(parse_key, self.keys)]
        for before, after in pairwise(frames):
            if before == after:
                raise SettingsError(
                    say(f"frame {after} has two keys; expected one <appearance.keys> for a frame.")
                )
            if before > after:
                raise SettingsError(
                    f"the key at frame {after} comes after the one at frame {before}; expected "
                    "the keys in the order of their frames.",
                    "appearance.keys",
                )
        if self.patch_frame is not None:
            if not self.patches:
                raise SettingsError(
                    say(
                        "<appearance.patch_frame> is given without a <appearance.patches>; add one."
                    )
                )
            check_at_least("<appearance.patch_frame>", self.patch_frame, 0)
            if self.patch_frame in frames:
                raise SettingsError(
                    say(
                        f"frame {self.patch_frame} has a key and the patches; choose another "
                        "<appearance.patch_frame>."
                    )
                )
        if (self.keys or self.patches) and self.code not in (None, "random"):
            raise SettingsError(
                say(
                    "<appearance.code> names a whole sequence, <appearance.keys> and "
                    "<appearance.patches> single frames of one; leave one of them out."
                )
            )


def parse_key(text: str) -> tuple[int, str]:
    """Read '200=sunset.jpg' as (200, 'sunset.jpg').

    Raises:
        SettingsError: the text is of another form.
    """
    frame, equals, value = text.partition("=")
    frame = frame.strip()
    if not (equals and value and frame.isdecimal() and len(frame) <= MAX_DIGITS):
        raise SettingsError(
            say(
                f"<appearance.keys> is {text!r}; expected FRAME=VALUE, such as 200=0.4 or "
                "200=sunset.jpg."
            )
        )
    if value in ("random", "predict"):
        raise SettingsError(
            say(
                f"<appearance.keys> is {text!r}, and '{value}' names a whole day; expected one "
                "look: 'input', a position 0..1, a code file, a picture, or a .json with patches."
            )
        )
    return int(frame), value
