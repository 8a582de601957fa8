"""Color maps: how a picture's colors change with a code, on the predictors' grid.

Two kinds: color transfer maps (section 4.2), which may be anchored in the picture's own look, and
tone curves, which lead from that look to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ..landscape import Landscape
from ..ops import color, shrinking, warping
from ..scene.segmentation import GRID_HW
from . import daylight, relighting, tone_curves
from .lit_scene import Scene

Predict = Callable[[Tensor, Tensor], Tensor]  # picture [B, 3, S, S], codes [B, Z] → maps
Map = Callable[[Tensor], Tensor]  # a code [1, Z] → a map or curves [1, M, 256, 256]

SEEN_HW = 16, 16  # of what is compared of two looks
TOGETHER = 4  # looks that are predicted at a time
CURVE = ("curve",)  # under which tone curves are kept


def transfer_maps(landscape: Landscape, anchored: bool = True) -> Map:
    """Make the predictor of a picture's color transfer maps; its results are cached.

    Args:
        landscape: the picture.
        anchored: whether the maps are corrected by what the predictor loses of the picture
            in its own look (`ops.color.anchor`); a bundle without an encoder can't.
    """
    return _kept(landscape, ("map", anchored), transfer_predictor(landscape, anchored))


def curves(landscape: Landscape) -> Map:
    """Make the predictor of a picture's tone curves; its results are cached.

    They are what light that begins with the picture is made with (`light.tone_curves`).
    """
    return _kept(landscape, CURVE, curve_predictor(landscape))


@torch.inference_mode()
def exposures(
    landscape: Landscape,
    codes: Tensor,  # [K, Z]
) -> list[float]:
    """The change of ln Y, Y the picture's mean luminance, by each look's tone curves."""
    before, *after = (
        daylight.luminance(daylight.linear(one)).mean().clamp(min=daylight.FAINT).log()
        for one in (landscape.small, *_shown(landscape, codes))
    )
    return [float(one - before) for one in after]


@torch.inference_mode()
def seen(
    landscape: Landscape,
    codes: Tensor,  # [K, Z]
) -> Tensor:  # [K, N]
    """The picture in the tone curves of each look, small: what of them is seen to differ."""
    return torch.stack([shrinking.area(one, SEEN_HW).flatten() for one in _shown(landscape, codes)])


def _shown(
    landscape: Landscape,
    codes: Tensor,  # [K, Z]
) -> Iterator[Tensor]:  # K of [1, 3, 256, 256]
    _foresee(landscape, codes)
    maps = curves(landscape)
    return (tone_curves.shade(landscape.small, maps(code)) for code in torch.split(codes, 1))


def _foresee(
    landscape: Landscape,
    codes: Tensor,  # [K, Z]
) -> None:
    """Predict the tone curves that aren't kept yet, several at a time, and keep them."""
    asked = {_name(CURVE, code): code for code in torch.split(codes, 1)}
    lacking = [code for name, code in asked.items() if not landscape.keeps(name)]
    predictor = curve_predictor(landscape)
    for k in range(0, len(lacking), TOGETHER):
        some = lacking[k : k + TOGETHER]
        made = _predict(landscape, predictor, torch.cat(some))
        for code, one in zip(some, torch.split(made, 1), strict=True):
            landscape.keep(_name(CURVE, code), lambda one=one: one)  # type: ignore[misc]


def _kept(landscape: Landscape, name: tuple[object, ...], predictor: Predict) -> Map:
    return lambda code: landscape.keep(
        _name(name, code), lambda: _predict(landscape, predictor, code)
    )


def _name(kind: tuple[object, ...], code: Tensor) -> tuple[object, ...]:
    return (*kind, *code.flatten().tolist())


@torch.inference_mode()
def _predict(
    landscape: Landscape,
    predictor: Predict,
    codes: Tensor,  # [K, Z]
) -> Tensor:  # [K, M, 256, 256]
    asked = landscape.input_of("appearance_predictor").expand(len(codes), -1, -1, -1)
    return warping.enlarge(predictor(asked, codes.to(landscape.device)), *GRID_HW)


def transfer_predictor(landscape: Landscape, anchored: bool = True) -> Predict:
    """Make the function from codes to color transfer maps of one picture, at any size."""
    predictor = landscape.bundle.appearance_predictor
    if not anchored or "appearance_encoder" not in landscape.bundle.networks:
        return predictor
    make = lambda: AnchoredPredictor(predictor, landscape.own_look)  # noqa: E731
    return landscape.keep(("transfer predictor",), make)


def curve_predictor(landscape: Landscape) -> RelativePredictor:
    """Make the function from codes to tone curves of one picture, at any size."""
    predictor = landscape.bundle.appearance_predictor
    scene = lambda: Shown(landscape.edged_shares, landscape.starry, landscape.buildings)  # noqa: E731
    make = lambda: RelativePredictor(predictor, landscape.own_look, scene)  # noqa: E731
    return landscape.keep(("curve predictor",), make)


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


@dataclass(frozen=True)
class Shown:
    """What a picture shows, as far as its light depends on it.

    Attributes:
        shares: [1, 3, h, w] of land, sky and water; None where nothing tells them.
        starry: how much of the sky is full of stars, 0..1.
        buildings: [1, 1, h', w'] share; None where nothing tells them.
    """

    shares: Tensor | None = None
    starry: float = 0.0
    buildings: Tensor | None = None


class RelativePredictor(AnchoredPredictor):
    """Predicts tone curves from codes: the change from the picture's own look to another.

    As `AnchoredPredictor`, and exact: the own code's curves are the picture itself.
    """

    def __init__(self, predictor: Predict, own_code: Tensor, scene: Callable[[], Shown]) -> None:
        """Take over a predictor; `scene` gives, when first asked, what the picture shows."""
        super().__init__(predictor, own_code)
        self._scene = cache(scene)
        self._lit: dict[int, tuple[Tensor, Scene]] = {}  # by the picture's size

    def _related(self, maps: Tensor, own: Tensor, picture: Tensor) -> Tensor:
        size = picture.shape[3]
        if size not in self._lit:
            with torch.inference_mode(False), torch.no_grad():
                self._lit[size] = self._formless(picture[:1].clone())
        return tone_curves.relate(maps, own, *self._lit[size])

    def _formless(self, picture: Tensor) -> tuple[Tensor, Scene]:
        """The picture without the forms of what moves, and what its light depends on."""
        shown = self._scene()
        shares, buildings = (
            one
            if one is None or one.shape[2:] == picture.shape[2:]
            else interpolate(one, picture.shape[2:], mode="bilinear", antialias=True)
            for one in (shown.shares, shown.buildings)
        )
        formless = picture if shares is None else tone_curves.formless(picture, shares)
        return formless, relighting.scene_of(formless, shares, picture, shown.starry, buildings)
