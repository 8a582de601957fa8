"""Looks: appearance codes of pictures and patches, and their remaining color errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from .. import images
from ..bundles import sources
from ..bundles.checkpoints import ModelBundle
from ..errors import BundleError
from ..fitting import optimize
from ..fitting.annotations import Patch, PatchLike, read_patch_file, read_patches
from ..fitting.optimize import AppearanceFit
from ..images.kinds import holds_picture
from ..landscape import Landscape
from ..ops import color
from ..settings import wrapped
from ..settings.sentences import say
from . import color_maps, corrections, days

Wanted = Landscape | Sequence[Patch]  # a reference picture, or patches
Key = str | tuple[Patch, ...]  # a key frame's value


def fit(
    landscape: Landscape,
    patches: Iterable[PatchLike],
    start: Tensor | None = None,  # [1, Z]
    steps: int | None = None,
    anchored: bool = True,
) -> Iterator[AppearanceFit]:
    """Fit a look to patches (Equation 13); the last one yielded is the result.

    Args:
        landscape: the picture.
        patches: `Patch`es, or anything that `read_patch` takes; one or more.
        start: a code to go on from, without searching the codebook.
        steps: of Adam, where the default isn't wanted.
        anchored: whether the maps are those of `color_maps.transfer_maps` with the same argument.

    Raises:
        AnnotationError: a patch is malformed or outside the picture.
    """
    bundle = landscape.bundle
    return optimize.fit_appearance_code(
        color_maps.transfer_predictor(landscape, anchored),
        landscape.input_of("appearance_predictor"),
        landscape.aspect,
        read_patches(patches),
        torch.cat(bundle.days.sequences).to(bundle.device),
        None if start is None else start.to(bundle.device),
        steps,
    )


@torch.inference_mode()
def correction(
    landscape: Landscape,
    color_map: Tensor,  # [1, 6, 256, 256] of a code
    wanted: Wanted,
) -> Tensor:  # [1, 3, 256, 256]
    """The offset that corrects the color error of a code's map on a reference or on patches."""
    own = landscape.small, landscape.shares
    if isinstance(wanted, Landscape):
        return corrections.towards_reference(color_map, *own, wanted.small, wanted.shares)
    return corrections.towards_patches(color_map, *own, wanted, landscape.aspect)


@torch.inference_mode()
def corrected_map(
    landscape: Landscape,
    code: Tensor,  # [1, Z]
    wanted: Landscape | Iterable[PatchLike],  # a reference picture, or patches
    anchored: bool = True,
) -> Tensor:  # [1, 6, 256, 256]
    """The color transfer map of a code, with the remaining color error added back.

    Raises:
        AnnotationError: a patch is malformed or outside the picture.
    """
    asked = wanted if isinstance(wanted, Landscape) else read_patches(wanted)
    color_map = color_maps.transfer_maps(landscape, anchored)(code)
    return color.correct(color_map, landscape.small, correction(landscape, color_map, asked))


@torch.inference_mode()
def predict_day(
    landscape: Landscape,
    count: int = days.CODES,
    seed: int | None = None,
) -> Tensor:  # [count, Z]
    """A day that begins with the picture's own look (Appendix B).

    Without a seed it is the paper's deterministic one; each seed, 0 too, draws a livelier one.

    Raises:
        BundleError: the bundle has no code LSTM.
    """
    if "code_lstm" not in landscape.bundle.networks:
        raise BundleError(
            say(
                "<appearance.code> predict needs a bundle with a code LSTM and this one has none; "
                "name a position of the codebook instead."
            )
        )
    return days.predict_day(landscape.bundle.code_lstm, landscape.own_look, count, seed)


def at_key(
    landscape: Landscape, value: Key, anchored: bool
) -> tuple[Tensor, Wanted | None]:  # [1, Z]
    """One look, and its reference picture or patches, if it has any.

    The input's, a codebook position's or a code file's; or a picture's, or patches'.

    Raises:
        SettingsError: the picture wraps, and the key names a file of patches.
    """
    bundle = landscape.bundle
    if value == "input":
        return landscape.own_look, None
    if isinstance(value, str):
        position = sources.position(value, 0, "appearance", 1) if value != "random" else None
        if position is not None:
            return _height_of_day(bundle, position), None
        if holds_picture(Path(value)):
            reference = Landscape(images.load_image(value), bundle)
            return reference.own_look, reference
        patches = read_patch_file(Path(value))
        if patches is None:
            return sources.read_code(bundle, Path(value), "appearance"), None
        if landscape.wrap:
            wrapped.refuse_patches_of_key(value)
        value = patches
    *_, best = fit(landscape, value, anchored=anchored)
    return best.code, read_patches(value)


def read(bundle: ModelBundle, path: Path) -> Tensor:  # [K, Z]
    """The looks of a code file; of a picture its own look, K = 1."""
    if path.is_file() and holds_picture(path):
        return Landscape(images.load_image(path), bundle).own_look
    return sources.read_codes(path, bundle.code_size("appearance"))


def _height_of_day(bundle: ModelBundle, position: float) -> Tensor:  # [1, Z]
    """The look of a codebook day that is farthest from its start and end."""
    day = bundle.days.at(position)
    return day[len(day) // 2 :][:1].to(bundle.device)
