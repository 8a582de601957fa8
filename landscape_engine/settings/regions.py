"""Where things move."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import SettingsError
from .fields import setting
from .sentences import say


@dataclass(frozen=True)
class RegionSettings:
    """Where things move; for steady motion."""

    clean: bool = setting(
        True,
        "segment sky and water, smooth their motion and keep the rest still to the bit; "
        "--no-clean: the raw predicted field",
    )
    still_mask: str | None = setting(
        None,
        "mask of the still part: white (grey: partly still)",
        metavar="FILE",
        names="file",
    )
    moving_mask: str | None = setting(
        None,
        "mask of the moving part: white; replaces the segmentation",
        metavar="FILE",
        names="file",
    )
    region: tuple[str, ...] = setting(
        (),
        "a region with motion of its own: a JSON file with its mask or polygon, and its code, "
        "speed, phase and arrows (repeatable)",
        metavar="FILE.json",
        names="region",
    )
    horizon: float | None = setting(
        None,
        "upper edge of the water, as a share of the height from the top (default: detected)",
        metavar="Y",
    )

    def __post_init__(self) -> None:
        if self.horizon is not None and not 0 < self.horizon < 1:
            raise SettingsError(
                say(
                    f"<regions.horizon> is {self.horizon:g}; expected a share of the height "
                    "between 0 and 1."
                )
            )
        if not self.clean and (self.still_mask or self.moving_mask or self.region):
            raise SettingsError(
                say("<regions.clean off> moves the whole picture: leave masks and regions out.")
            )
