"""What isn't possible on a picture that wraps around (`ClipSettings.wrap`)."""

from __future__ import annotations

from ..errors import SettingsError
from .appearance import AppearanceSettings
from .motion import MotionSettings
from .output import OutputSettings
from .regions import RegionSettings
from .sentences import say


def check_motion(settings: MotionSettings) -> None:
    """Refuse what has no place, or no field that closes.

    Raises:
        SettingsError: the motion is recurrent, or follows arrows.
    """
    if settings.kind != "steady":
        raise SettingsError(
            say(
                f"<motion.kind> is {settings.kind}, with another flow in each frame; expected "
                "steady with <clip.wrap>: choose it, or turn that off."
            )
        )
    _refuse("motion.arrows", settings.arrows)


def check_regions(settings: RegionSettings) -> None:
    """Refuse what is drawn on the flat picture.

    Raises:
        SettingsError: a mask or a region is given.
    """
    for name in ("still_mask", "moving_mask", "region"):
        _refuse(f"regions.{name}", getattr(settings, name))


def check_light(settings: AppearanceSettings) -> None:
    """Refuse what is placed on the flat picture.

    Raises:
        SettingsError: a patch is given.
    """
    _refuse("appearance.patches", settings.patches)


def refuse_patches_of_key(value: str) -> None:
    """Refuse the patches in the file that a key of the light names.

    Raises:
        SettingsError: always.
    """
    raise SettingsError(
        say(
            f"<appearance.keys> names {value}, whose patches lie on a flat picture; expected "
            "another look with <clip.wrap>, whose picture is cut elsewhere: name one, or turn that "
            "off."
        )
    )


def check_output(settings: OutputSettings) -> None:
    """Refuse a format that can't wrap around.

    Raises:
        SettingsError: a live kit is asked for.
    """
    if settings.format == "live":
        raise SettingsError(
            say(
                "<output.format> is live, whose maps end at the picture's borders; expected frames "
                "with <clip.wrap>: choose another format, or turn that off."
            )
        )


def _refuse(path: str, given: object) -> None:
    if given:
        raise SettingsError(
            say(
                f"<{path}> is given, which lies on a flat picture; expected none with <clip.wrap>, "
                "whose picture is cut elsewhere: leave it out, or turn that off."
            )
        )
