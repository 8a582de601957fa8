"""The errors a caller can expect; each message says what was found, what was expected, what to do.

LandscapeError
├── SettingsError    a setting is out of its range
├── PictureError     an input picture can't be read as one
├── OutputError      a target can't be written
├── BundleError      a bundle or checkpoint isn't one of ours, or is damaged
├── CodeError        a latent code or its file is not usable
├── DocumentError    a job's JSON document has an unknown field or a wrong value
├── RegionError      a mask or a region of the artist's can't be used
├── AnnotationError  an arrow or a patch can't be followed
├── ManifestError    a batch's manifest can't be used
├── FarmError        the machines that should do a batch can't
└── TrainingError    the training data or a run can't be used
"""

from __future__ import annotations

import errno
import re

LONGEST_NUMBER = 60  # digits of a number; of longer ones the beginning and the end are kept
LONGEST = 2000  # characters of a sentence; of longer ones the beginning and the end are kept
_LONG_NUMBER = re.compile(rf"\d{{{LONGEST_NUMBER + 1},}}")
_MEMORY = ("can't allocate memory", "not enough memory", "insufficient memory", "bad_alloc",
           "out of memory", "unable to allocate", "can't start new thread")  # fmt: skip
_MEMORY_ALONE = "could not create a primitive"  # oneDNN says more where it can't do a thing


class LandscapeError(Exception):
    """Anything that the engine refuses to do, in one sentence for the person who asked.

    Attributes:
        sentence: what `str` gives; it may know the settings it names (`settings.sentences`).
        setting: the path in a job of the setting it is about, "motion.speed"; None if of none.
    """

    def __init__(self, sentence: str = "", setting: str | None = None) -> None:
        """Without `setting` it is about the one that the sentence names first."""
        if type(sentence) is str:  # a `Sentence` is printable already
            sentence = printable(sentence)
        super().__init__(sentence)
        self.sentence = sentence
        self.setting: str | None = setting or getattr(sentence, "setting", None)


class SettingsError(LandscapeError):
    """A setting is out of its range or contradicts another."""


class PictureError(LandscapeError):
    """A file can't be read as a picture."""


class OutputError(LandscapeError):
    """A target can't be written."""


class BundleError(LandscapeError):
    """A bundle of weights is missing, damaged or of another kind."""


class CodeError(LandscapeError):
    """A latent code, or the file that should hold one, is not usable."""


class AnnotationError(LandscapeError):
    """An arrow or a patch is malformed, lies outside the picture, or can't be followed there."""


class DocumentError(LandscapeError):
    """A job's JSON document can't be used; the message names the field."""


class RegionError(LandscapeError):
    """A mask or a region that the artist gave can't be used."""


class ManifestError(LandscapeError):
    """A batch's manifest can't be used; the message names the line."""


class FarmError(LandscapeError):
    """The machines that should do a batch can't be used, or not by this engine."""


class TrainingError(LandscapeError):
    """Training data or a training run can't be used."""


def printable(text: str) -> str:
    """Text as one line that every terminal, log and window shows, whatever was put into it."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _escaped(c) for c in text)
    text = _LONG_NUMBER.sub(_shortened, text)
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"
    return text


def _shortened(number: re.Match[str]) -> str:
    digits = number[0]
    return f"{digits[:8]}…{digits[-4:]} ({len(digits)} digits)"


def _escaped(character: str) -> str:
    if character.isspace():
        return " "
    return character.encode("unicode_escape").decode()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of Python, torch, OpenCV or the system says that the memory is used up."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    known = isinstance(error, RuntimeError) or type(error).__module__.startswith("cv2")
    said = str(error).lower()
    return known and (said == _MEMORY_ALONE or any(words in said for words in _MEMORY))
