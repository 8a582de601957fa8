"""Looks: the appearance codes that settings, pictures and patches stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .. import images
from ..bundles import sources
from ..bundles.checkpoints import ModelBundle
from ..bundles.codebook import CodeCycle, pace, resample
from ..errors import BundleError, CodeError, SettingsError
from ..fitting import optimize
from ..fitting.annotations import Patch, read_patches
from ..fitting.optimize import AppearanceFit
from ..networks.inputs import encoder_input, predictor_input
from ..ops import color
from ..scene import segmentation as scenery
from ..settings import AppearanceSettings, ClipSettings, parse_key
from . import corrections, days, tone_curves

Wanted = Tensor | Sequence[Patch]  # a reference [1, 3 or 4, h, w] in [-1, 1], or patches
SAME = 1e-6  # by which two codes may differ in each number that are one

Predict = Callable[[Tensor, Tensor], Tensor]  # picture [B, 3, S, S], codes [B, Z] → maps


@torch.inference_mode()
def encode(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
) -> Tensor:  # [1, Z]
    """The look of a picture (E^A, Table 2)."""
    encoder = bundle.network("appearance_encoder")
    return encoder(encoder_input(image, bundle.device))


def color_maps(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    anchored: bool,
) -> Predict:
    """What predicts the color transfer maps of one picture, at any size of it, from codes."""
    predictor = bundle.network("appearance_predictor")
    if not anchored or "appearance_encoder" not in bundle.networks:
        return predictor
    return AnchoredPredictor(predictor, encode(bundle, image))


class AnchoredPredictor:
    """An appearance predictor for one picture, its maps anchored in the picture's own look."""

    def __init__(self, predictor: Predict, own_code: Tensor) -> None:
        """Take over a predictor; `own_code` [1, Z] is the picture's."""
        self.predictor = predictor
        with torch.inference_mode(False):
            self.own_code = own_code.clone()
        self._own_maps: dict[int, Tensor] = {}  # by the picture's size

    def __call__(
        self,
        picture: Tensor,  # [B, 3, S, S] in [-1, 1], the same B times
        codes: Tensor,  # [B, Z]
    ) -> Tensor:  # [B, 6, S, S]
        """The anchored maps."""
        size = picture.shape[3]
        if size not in self._own_maps:
            # a normal tensor, which gradients may pass beside, whoever asks first
            with torch.inference_mode(False), torch.no_grad():
                self._own_maps[size] = self.predictor(picture[:1].clone(), self.own_code)
        return self._related(self.predictor(picture, codes), self._own_maps[size], picture)

    def _related(self, maps: Tensor, own: Tensor, picture: Tensor) -> Tensor:
        return color.anchor(maps, own, picture)


class RelativePredictor(AnchoredPredictor):
    """What predicts, from codes, the tone curves that lead from one picture's own look to others.

    As `AnchoredPredictor`, and exact: the own code's curves are the picture itself.
    """

    def __init__(
        self, predictor: Predict, own_code: Tensor, shares: Callable[[], Tensor | None]
    ) -> None:
        """Take over a predictor; `shares` gives those of land, sky and water, when first asked."""
        super().__init__(predictor, own_code)
        self._shares = cache(shares)
        self._lit: dict[int, tuple[Tensor, Tensor | None]] = {}  # by the picture's size

    def _related(self, maps: Tensor, own: Tensor, picture: Tensor) -> Tensor:
        size = picture.shape[3]
        if size not in self._lit:
            with torch.inference_mode(False), torch.no_grad():
                self._lit[size] = self._formless(picture[:1].clone())
        return tone_curves.relate(maps, own, *self._lit[size])

    def _formless(self, picture: Tensor) -> tuple[Tensor, Tensor | None]:
        """The picture without the forms of what moves, and its shares."""
        shares = self._shares()
        if shares is None:
            return picture, None
        if shares.shape[2:] != picture.shape[2:]:
            shares = interpolate(shares, picture.shape[2:], mode="bilinear", antialias=True)
        return tone_curves.formless(picture, shares), shares


@torch.inference_mode()
def curves(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
) -> RelativePredictor:
    """What predicts the tone curves of one picture, at any size of it, from codes."""
    predictor = bundle.network("appearance_predictor")
    return RelativePredictor(
        predictor, encode(bundle, image), partial(scenery.followed_shares, bundle, image)
    )


def fit(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    patches: Iterable[Any],
    start: Tensor | None = None,  # [1, Z]
    steps: int | None = None,
    anchored: bool = True,
) -> Iterator[AppearanceFit]:
    """Fit a look to patches (Equation 13)."""
    placed = read_patches(patches)
    return optimize.fit_appearance_code(
        color_maps(bundle, image, anchored),
        predictor_input(image, bundle.device),
        image.shape[3] / image.shape[2],
        placed,
        torch.cat(bundle.appearance_codebook.sequences).to(bundle.device),
        None if start is None else start.to(bundle.device),
        steps,
    )


@torch.inference_mode()
def correction(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    color_map: Tensor,  # [1, 6, 256, 256] of a code
    wanted: Wanted,
) -> Tensor:  # [1, 3, 256, 256]
    """What a code's map leaves of the colors of a reference picture or of patches, to be added."""
    picture, classes = predictor_input(image, bundle.device), scenery.square_shares(bundle, image)
    if isinstance(wanted, Tensor):
        theirs = predictor_input(wanted, bundle.device), scenery.square_shares(bundle, wanted)
        return corrections.towards_reference(color_map, picture, classes, *theirs)
    aspect = image.shape[3] / image.shape[2]
    return corrections.towards_patches(color_map, picture, classes, wanted, aspect)


@torch.inference_mode()
def predict_day(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    count: int = days.CODES,
    seed: int | None = None,
) -> Tensor:  # [count, Z]
    """A day that begins with the picture's own look (Appendix B), `days.predict_day`."""
    if "code_lstm" not in bundle.networks:
        raise BundleError(
            "--appearance-code predict needs a bundle with a code LSTM and this one has none; "
            "name a position of the codebook instead."
        )
    return days.predict_day(bundle.network("code_lstm"), encode(bundle, image), count, seed)


# ------------------------------------------------------------------ sequences


def sequence(
    bundle: ModelBundle,
    settings: AppearanceSettings,
    seed: int = 0,
    image: Tensor | None = None,  # [1, 3 or 4, H, W] in [-1, 1]
) -> Tensor:  # [K, Z]
    """The looks that the settings name, one after the other.

    Relative ones are the picture's own look, changed as the sequence changes from its first look,
    and without haste where no file names them (`days.calm`); `random` draws among the sequences
    that suit the picture. Without a picture all are as the codebook has them.
    """
    return _sequence(bundle, settings, seed, image)[0]


def _sequence(
    bundle: ModelBundle, settings: AppearanceSettings, seed: int, image: Tensor | None
) -> tuple[Tensor, bool]:  # [K, Z]
    """The looks of a sequence, and whether it is a day; else it is one look that is held."""
    bundle.network("appearance_predictor")  # says so if there is none
    name = settings.code or _usual(bundle)
    if name == "predict":
        if image is None:
            raise CodeError("'predict' goes on from a picture's own look; give the picture.")
        day = predict_day(bundle, image, settings.codes or days.CODES, seed)
        if _relative(bundle, settings) and bundle.appearance_codebook:
            day = days.lengthen(day, float(bundle.appearance_codebook.reach.median()))
        return days.calm(day) if _relative(bundle, settings) else day, True
    own = None
    if image is not None and _relative(bundle, settings):
        own = encode(bundle, image)
    book = bundle.appearance_codebook
    if own is not None and name == "random":
        codes = book.draw(own, seed)
    else:
        position = sources.position(name, seed, "appearance", len(book or ()))
        if position is None:
            return _asked_for(_read(bundle, Path(name)).to(bundle.device), settings, own)
        codes = book.at(position)
    codes, is_day = _asked_for(codes.to(bundle.device), settings, own)
    return codes if own is None else days.calm(codes), is_day


def _asked_for(
    codes: Tensor,  # [K, Z]
    settings: AppearanceSettings,
    own: Tensor | None,  # [1, Z] the picture's look
) -> tuple[Tensor, bool]:  # [K', Z]
    """As many codes as are asked for, beginning with a look; whether they are a day."""
    is_day = len(codes) > 1
    # what begins with the look already is left as it is, to the bit: a reported day runs again
    if own is not None and is_day and not torch.allclose(codes[:1], own, rtol=0, atol=SAME):
        codes = own + (codes - codes[:1])
    return codes if settings.codes is None else resample(codes, settings.codes), is_day


def notes(bundle: ModelBundle, settings: AppearanceSettings) -> list[str]:
    """What the person should know of where the light comes from, a sentence each."""
    asked = settings.code or settings.keys or settings.patches or settings.kind == "off"
    if asked or _usual(bundle) == "predict":
        return []
    return [
        "the bundle has no code LSTM to predict a day with; the light goes through a day of its "
        "codebook instead, as with --appearance-code random."
    ]


def _usual(bundle: ModelBundle) -> str:
    """The sequence where the settings name none."""
    return "predict" if {"code_lstm", "appearance_encoder"} <= set(bundle.networks) else "random"


def _relative(bundle: ModelBundle, settings: AppearanceSettings) -> bool:
    keyed = settings.relative and settings.kind == "keyed"
    return keyed and "appearance_encoder" in bundle.networks


def cycle(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    settings: AppearanceSettings,
    clip: ClipSettings,
) -> CodeCycle:
    """The looks of the settings, and when in the cycle of the light each is reached."""
    corrected = settings.correct and settings.kind == "keyed"
    if not settings.keys and not settings.patches:
        path = Path(settings.code or "")
        if not (corrected and sources.is_picture(path) and path.is_file()):
            codes, is_day = _sequence(bundle, settings, clip.seed, image)
            if is_day and settings.anchor and _relative(bundle, settings):
                return CodeCycle(codes, pace(codes), relative=True)
            return CodeCycle.even(codes)
        keys, phases = {0: str(path)}, (0.0,)  # one look, however many codes are asked for
    else:
        length = clip.frames / settings.cycles
        keys = _keys(settings, length)
        phases = tuple(frame / length for frame in keys)
    maps = color_maps(bundle, image, settings.anchor) if corrected else None
    codes, offsets = [], []
    for value in keys.values():
        code, wanted = _at_key(bundle, image, value, settings.anchor)
        offset = None
        if maps and wanted is not None:
            with torch.inference_mode():
                color_map = maps(predictor_input(image, bundle.device), code)
            offset = correction(bundle, image, color_map, wanted)
        codes.append(code)
        offsets.append(offset)
    return CodeCycle(torch.cat(codes), phases, tuple(offsets))


def as_cycle(
    codes: Tensor | CodeCycle,  # [K, Z]
    device: torch.device,
) -> CodeCycle:
    """Key codes as a cycle, evenly unless they are one already."""
    return CodeCycle.even(codes.to(device)) if isinstance(codes, Tensor) else codes


def _keys(settings: AppearanceSettings, length: float) -> dict[int, Any]:
    """What stands at each key frame, in their order; the input's own look at 0 if nothing does."""
    keys: dict[int, Any] = dict(map(parse_key, settings.keys))
    if settings.patches:
        frame = int(length / 2) if settings.patch_frame is None else settings.patch_frame
        if frame in keys:
            raise SettingsError(
                f"frame {frame} has a key and the patches; give another --patch-frame."
            )
        keys[frame] = read_patches(settings.patches)
    for frame in sorted(keys):
        if frame >= length:
            raise SettingsError(
                f"the key at frame {frame} is outside the light's cycle of {length:g} frames; "
                f"expected 0 to {-int(-length // 1) - 1} (see --frames, --appearance-cycles)."
            )
    keys.setdefault(0, "input")
    return dict(sorted(keys.items()))


# ----------------------------------------------------------------- single looks


def _at_key(
    bundle: ModelBundle, image: Tensor, value: Any, anchored: bool
) -> tuple[Tensor, Wanted | None]:  # [1, Z]
    """One look, and what it was made from where that has colors of its own.

    The input's, a codebook position's or a code file's; or a picture's, or patches'.
    """
    if value == "input":
        return encode(bundle, image), None
    if isinstance(value, str):
        position = sources.position(value, 0, "appearance", 1) if value != "random" else None
        if position is not None:
            return _height_of_day(bundle, position), None
        patches = sources.read_patch_file(Path(value))
        if patches is None:
            if sources.is_picture(Path(value)):
                reference = images.load_image(value)
                return encode(bundle, reference), reference
            return sources.read_code(bundle, Path(value), "appearance"), None
        value = patches
    *_, best = fit(bundle, image, value, anchored=anchored)
    return best.code, read_patches(value)


def _height_of_day(bundle: ModelBundle, position: float) -> Tensor:  # [1, Z]
    """Of a day in the codebook the look farthest from where it begins and ends."""
    day = bundle.appearance_codebook.at(position)
    return day[len(day) // 2 :][:1].to(bundle.device)


def _read(bundle: ModelBundle, path: Path) -> Tensor:  # [K, Z]; a picture's own look, K = 1
    if sources.is_picture(path) and path.is_file():
        return encode(bundle, images.load_image(path))
    return sources.read_codes(path, bundle.code_size("appearance"))
