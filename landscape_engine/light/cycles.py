"""Cycles: the closed sequence of looks that settings name, and the phase of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .. import images
from ..bundles import sources
from ..bundles.checkpoints import ModelBundle
from ..bundles.codebook import CodeCycle, pace, resample
from ..errors import CodeError, SettingsError
from ..fitting.annotations import read_patches
from ..images.kinds import holds_picture
from ..landscape import Landscape
from ..networks.inputs import square
from ..settings import AppearanceSettings, ClipSettings, parse_key
from ..settings.sentences import say
from . import color_maps, days, looks

DUSK = -0.8  # change of ln Y at a day's darkest, from which it has a dusk
SAME = 1e-6  # by which two codes may differ in each number that are one


def sequence(
    bundle: ModelBundle,
    settings: AppearanceSettings,
    seed: int = 0,
    landscape: Landscape | None = None,
) -> Tensor:  # [K, Z]
    """The sequence of looks that the settings name; key frames are ignored.

    A picture's is one look, which is held through the clip (Figure 11); to go there from the
    input's look and back, name it as a key frame. 'predict' gives a day that an LSTM goes on with
    from the picture's own look.

    Relative ones are the picture's own look, changed as the sequence changes from its first look,
    and without haste where no file names them (`days.calm`); `random` draws among the sequences
    that suit the picture. Without a picture all are as the codebook has them.

    Raises:
        CodeError: the position is outside 0..1, or the file holds no such codes.
        PictureError: the file is a picture that can't be read.
        BundleError: 'predict' is asked of a bundle without a code LSTM.
    """
    return _sequence(bundle, settings, seed, landscape)[0]


def _sequence(
    bundle: ModelBundle, settings: AppearanceSettings, seed: int, landscape: Landscape | None
) -> tuple[Tensor, bool]:  # [K, Z]
    """The looks of a sequence, and whether it is a day rather than one constant look."""
    bundle.network("appearance_predictor")  # raises if there is none
    relative = landscape is not None and _relative(bundle, settings)
    name = settings.code or _usual(bundle)
    if name == "predict":
        if landscape is None:
            raise CodeError("'predict' continues from a picture's own look; pass the picture.")
        count = settings.codes or days.CODES
        if relative:
            return _deep_day(landscape, count, seed), True
        return looks.predict_day(landscape, count, seed), True
    own = landscape.own_look if relative and landscape else None
    if own is not None and name == "random":
        codes = bundle.days.draw(own, seed)
    else:
        position = sources.position(name, seed, "appearance", len(bundle.appearance_codebook or ()))
        if position is None:
            return _asked_for(looks.read(bundle, Path(name)).to(bundle.device), settings, own)
        codes = bundle.days.at(position)
    codes, is_day = _asked_for(codes.to(bundle.device), settings, own)
    return codes if own is None else days.calm(codes), is_day


def _deep_day(landscape: Landscape, count: int, seed: int) -> Tensor:  # [count, Z]
    """A predicted day that gets dark.

    From a dim picture on a day gets brighter, which it hardly shows; what has no dusk is mirrored
    about the picture's own look, if that gets darker.
    """
    book = landscape.bundle.appearance_codebook
    day = looks.predict_day(landscape, count, seed)
    if book:
        day = days.lengthen(day, float(book.reach.median()))
    day = days.calm(day)
    darkest = _darkest(landscape, day)
    if darkest > DUSK:
        other = 2 * day[:1] - day
        other[:1] = day[:1]  # to the bit
        if _darkest(landscape, other) < darkest:
            return other
    return day


def _darkest(landscape: Landscape, day: Tensor) -> float:
    """The change of ln Y at the darkest of every second look of a day."""
    return min(color_maps.exposures(landscape, day[2::2]), default=0.0)


def _asked_for(
    codes: Tensor,  # [K, Z]
    settings: AppearanceSettings,
    own: Tensor | None,  # [1, Z] the picture's look
) -> tuple[Tensor, bool]:  # [K', Z]
    """Resample to the requested number of codes, starting at a look; whether it is a day."""
    is_day = len(codes) > 1
    # what begins with the look already is left as it is, to the bit: a reported day runs again
    if own is not None and is_day and not torch.allclose(codes[:1], own, rtol=0, atol=SAME):
        codes = own + (codes - codes[:1])
    return codes if settings.codes is None else resample(codes, settings.codes), is_day


def notes(bundle: ModelBundle, settings: AppearanceSettings) -> list[str]:
    """Notes on the source of the light for the person who asked, a sentence each."""
    asked = settings.code or settings.keys or settings.patches or settings.kind == "off"
    if asked or _usual(bundle) == "predict":
        return []
    return [
        say(
            "the bundle has no code LSTM to predict a day with; the light goes through a day of "
            "its codebook instead, as with <appearance.code> random."
        )
    ]


def _usual(bundle: ModelBundle) -> str:
    """The sequence where the settings name none."""
    return "predict" if {"code_lstm", "appearance_encoder"} <= set(bundle.networks) else "random"


def _relative(bundle: ModelBundle, settings: AppearanceSettings) -> bool:
    keyed = settings.relative and settings.kind == "keyed"
    return keyed and "appearance_encoder" in bundle.networks


@dataclass(frozen=True)
class LightCycle:
    """The changing light of one picture; from `Animator.light`.

    Attributes:
        codes: key codes along a closed cycle.
        predict: gives, of a picture [1, 3 or 4, H, W] and a code [1, Z], a color transfer map
            [1, 6, h, w] or, where the codes are relative, tone curves [1, 7, h, w].
        rounds: how often a clip goes through the cycle.
        per_frame: whether each frame's map is predicted from itself (Algorithm 1), and not from
            the picture.
        stars: how many stars come out as it gets dark, 0..1.
        windows: how many windows of buildings are lit then, 0..1.
        own_code: [1, Z] the picture's own look where `predict` gives anchored maps; else None.
    """

    codes: CodeCycle
    predict: Callable[[Tensor, Tensor], Tensor]
    rounds: int = 1
    per_frame: bool = False
    stars: float = 0.0
    windows: float = 0.0
    own_code: Tensor | None = None


def light(
    landscape: Landscape,
    settings: AppearanceSettings,
    codes: CodeCycle,
) -> LightCycle:
    """The light of a picture along key codes, from `key_codes` or of one's own."""
    if settings.kind == "per-frame":
        bundle = landscape.bundle
        predictor = bundle.appearance_predictor
        side = bundle.input_size("appearance_predictor")
        raw = lambda frame, code: predictor(square(frame, side, bundle.device), code)  # noqa: E731
        return LightCycle(codes, raw, settings.cycles, per_frame=True, stars=settings.stars)
    own = None
    if codes.relative:
        maps = color_maps.curves(landscape)
    else:
        maps = color_maps.transfer_maps(landscape, settings.anchor)
        if settings.anchor and "appearance_encoder" in landscape.bundle.networks:
            own = landscape.own_look
    return LightCycle(
        codes,
        lambda _, code: maps(code),
        settings.cycles,
        stars=settings.stars,
        windows=settings.windows,
        own_code=own,
    )


def key_codes(landscape: Landscape, settings: AppearanceSettings, clip: ClipSettings) -> CodeCycle:
    """The key codes of the settings, and the phase of each in the light's cycle.

    Key frames and patches run from the input's own look (E^A of the input) at frame 0, unless
    that frame has a key, through all keys and back (Figure 17); else the sequence is even.

    Raises:
        SettingsError: a key's frame lies beyond the light's cycle, which is the clip or a share
            of it.
        CodeError, PictureError, AnnotationError: a key's value can't be used.
    """
    files = [settings.code or "", *(parse_key(key)[1] for key in settings.keys)]
    asked = ("cycle", settings, clip.frames, clip.seed, *map(images.stamp, files))
    return landscape.keep(asked, lambda: _key_codes(landscape, settings, clip))


def _key_codes(landscape: Landscape, settings: AppearanceSettings, clip: ClipSettings) -> CodeCycle:
    corrected = settings.correct and settings.kind == "keyed"
    if not settings.keys and not settings.patches:
        path = Path(settings.code or "")
        if not (corrected and path.is_file() and holds_picture(path)):
            bundle = landscape.bundle
            codes, is_day = _sequence(bundle, settings, clip.seed, landscape)
            if is_day and settings.anchor and _relative(bundle, settings):
                return CodeCycle(codes, pace(color_maps.seen(landscape, codes)), relative=True)
            return CodeCycle.even(codes)
        keys: dict[int, looks.Key] = {0: str(path)}  # one look, however many codes are asked for
    else:
        keys = _keys(settings, clip.frames / settings.cycles)
    phases = tuple(frame / (clip.frames / settings.cycles) for frame in keys)
    made: list[Tensor] = []
    offsets: list[Tensor | None] = []
    for value in keys.values():
        code, wanted = looks.at_key(landscape, value, settings.anchor)
        offset = None
        if corrected and wanted is not None:
            color_map = color_maps.transfer_maps(landscape, settings.anchor)(code)
            offset = looks.correction(landscape, color_map, wanted)
        made.append(code)
        offsets.append(offset)
    return CodeCycle(torch.cat(made), phases, tuple(offsets))


def _keys(settings: AppearanceSettings, length: float) -> dict[int, looks.Key]:
    """The value at each key frame, sorted; the input's own look at 0 if there is none."""
    keys: dict[int, looks.Key] = dict(map(parse_key, settings.keys))
    if settings.patches:
        frame = int(length / 2) if settings.patch_frame is None else settings.patch_frame
        if frame in keys:
            raise SettingsError(
                say(
                    f"frame {frame} has a key and the patches; give another "
                    "<appearance.patch_frame>."
                )
            )
        keys[frame] = read_patches(settings.patches)
    for frame in sorted(keys):
        if frame >= length:
            raise SettingsError(
                say(
                    f"the key at frame {frame} is outside the light's cycle of {length:g} frames; "
                    f"expected 0 to {-int(-length // 1) - 1} (see <clip.frames>, "
                    "<appearance.cycles>)."
                ),
                "appearance.keys",
            )
    keys.setdefault(0, "input")
    return dict(sorted(keys.items()))
