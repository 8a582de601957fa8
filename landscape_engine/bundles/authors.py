"""Turn the checkpoints that the paper's authors published into a bundle; the user brings the files.

Their files are CC BY-NC-SA: none is shipped, and a bundle made of them is for non-commercial use.
What differs from ours and is undone here: channels in BGR order at both ends, other parameter
names, batch norm used with the statistics of the single picture (which is instance norm), unused
heads.

Expected: `PMNet_weight_*.pth`, `PANet_weight_*.pth`, `EMNet_weight_*.pth`, `EANet_weight_*.pth`,
`codebook_m_*.pkl` ([n, 8]) and `codebook_a_*.pkl` (a list of [T_i, 8]).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import BundleError, is_out_of_memory
from ..networks import stored
from ..networks.blocks import channels_last
from . import checkpoints, pickled_arrays
from .checkpoints import ModelBundle
from .codebook import AppearanceCodebook, MotionCodebook

PREDICTOR_NAMES = [  # theirs, ours
    (r"^conv([123])\.conv2d\.", r"trunk.conv\1."),
    (r"^in([23])\.scale$", r"trunk.norm\1.weight"),
    (r"^in([23])\.shift$", r"trunk.norm\1.bias"),
    (r"^deconv([123])\.conv2d\.", r"trunk.upconv\1."),
    (r"^in4\.", "trunk.upnorm1."),
    (r"^in5\.", "trunk.upnorm2."),
    (r"^res(\d)\.conv([12])\.conv2d\.", r"trunk.residual.\1.conv\2."),
    (r"^res(\d)\.in([12])\.", r"trunk.residual.\1.norm\2."),
    (r"\.scale$", ".weight"),
    (r"\.shift$", ".bias"),
]
ENCODER_NAMES = [
    (r"^fc\.0\.", "fc."),
    (r"^conv\.0\.", "conv1."),
    (r"^conv\.(\d)\.conv\.0\.", r"blocks.\1.norm1."),
    (r"^conv\.(\d)\.conv\.2\.", r"blocks.\1.conv1."),
    (r"^conv\.(\d)\.conv\.3\.", r"blocks.\1.norm2."),
    (r"^conv\.(\d)\.conv\.5\.0\.", r"blocks.\1.conv2."),
    (r"^conv\.(\d)\.shortcut\.1\.", r"blocks.\1.shortcut."),
]
UNUSED = re.compile(r"^fc1\.|^fcVar\.|running_(mean|var)$|num_batches_tracked$")
PARTS = {
    "motion_predictor": ("PMNet", PREDICTOR_NAMES),
    "appearance_predictor": ("PANet", PREDICTOR_NAMES),
    "motion_encoder": ("EMNet", ENCODER_NAMES),
    "appearance_encoder": ("EANet", ENCODER_NAMES),
}


def import_authors(folder: Path) -> ModelBundle:
    """Read the authors' files from a folder.

    Raises:
        BundleError: a file is missing, of another shape, or holds more than arrays.
    """
    # Their motion codes are stored in order, and positions count in it; their appearance
    # sequences are not.
    networks, built = {}, {}
    for name, (theirs, table) in PARTS.items():
        state = _translate(_read_weights(_find(folder, f"{theirs}_weight_*.pth")), table)
        _to_rgb(name, state)
        arguments = _arguments(name, state)
        try:
            network = checkpoints.outline(name, arguments)
            network.load_state_dict(state, assign=True)
        except RuntimeError as error:
            first = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
            raise BundleError(
                f"{theirs} in {folder} isn't shaped like the authors' network: {first}"
            ) from error
        networks[name], built[name] = channels_last(network), arguments
    codes = _read_codes(_find(folder, "codebook_m_*.pkl"))
    sequences = _read_codes(_find(folder, "codebook_a_*.pkl"))
    bundle = ModelBundle(
        networks,
        built,
        MotionCodebook(torch.from_numpy(np.concatenate(codes))),
        AppearanceCodebook.ordered([torch.from_numpy(s) for s in sequences]),
        {
            "source": "the authors' published checkpoints, imported",
            "license": "CC BY-NC-SA 4.0: not for commercial use",
        },
    )
    checkpoints.check_agreement(bundle, folder)
    return bundle


def _find(folder: Path, pattern: str) -> Path:
    if not folder.is_dir():
        raise BundleError(f"{folder} is no folder; expected one with the authors' checkpoints.")
    found = sorted(folder.glob(pattern))
    if not found:
        raise BundleError(f"{folder} has no {pattern}; expected the authors' six files together.")
    return found[-1]  # the most epochs


def _read_weights(path: Path) -> dict[str, Tensor]:
    try:
        state = stored.read(path)
    except Exception as error:  # torch raises what it likes for damaged or hostile files
        if is_out_of_memory(error):
            raise
        raise BundleError(
            f"{path} can't be read as weights alone ({type(error).__name__}); expected a plain "
            "state dict: download it anew."
        ) from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise BundleError(f"{path} holds no state dict; download it anew.")
    if any(v.is_complex() for v in state.values()):
        raise BundleError(f"{path} holds tensors of another kind; download it anew.")
    if not all(bool(torch.isfinite(v.float()).all()) for v in state.values()):
        raise BundleError(f"{path} holds NaN; download it anew.")
    return state


def _read_codes(path: Path) -> list[NDArray[np.float32]]:  # each [n, Z]
    try:
        with np.errstate(over="ignore"):  # too large for float32: refused below, as infinite
            arrays = [a.astype(np.float32) for a in pickled_arrays.read(path)]
    except Exception as error:  # a hostile pickle can raise anything
        if is_out_of_memory(error):
            raise
        raise BundleError(
            f"{path} was refused: {error}; a codebook holds numpy arrays and nothing else: "
            "download it anew."
        ) from error
    if not arrays or any(a.ndim != 2 or not a.size for a in arrays):
        raise BundleError(f"{path} holds no codes; expected arrays [n, 8] of floats.")
    if len({a.shape[1] for a in arrays}) > 1 or not all(np.isfinite(a).all() for a in arrays):
        raise BundleError(f"{path} holds codes of mixed sizes, or NaN; download it anew.")
    return arrays


def _translate(state: dict[str, Tensor], table: list[tuple[str, str]]) -> dict[str, Tensor]:
    ours = {}
    for key, value in state.items():
        if UNUSED.search(key):
            continue
        for pattern, replacement in table:
            key = re.sub(pattern, replacement, key)
        # their blocks are counted from 1, ours from 0
        key = re.sub(r"(residual|blocks)\.(\d)", lambda m: f"{m[1]}.{int(m[2]) - 1}", key)
        ours[key] = value.float()
    return ours


def _to_rgb(name: str, state: dict[str, Tensor]) -> None:
    """Reorder the weights that touch pixels from BGR to RGB, in place."""
    bgr = [2, 1, 0]
    if name.endswith("predictor"):
        first = state.get("trunk.conv1.weight")
        if first is not None and first.dim() == 4 and first.shape[1] > 3:
            state["trunk.conv1.weight"] = first[:, bgr + list(range(3, first.shape[1]))]
    elif name == "appearance_encoder" and "conv1.weight" in state:
        state["conv1.weight"] = state["conv1.weight"][:, bgr]
    if name == "appearance_predictor":
        for key in ("trunk.upconv3.weight", "trunk.upconv3.bias"):
            if key in state and len(state[key]) == 6:
                state[key] = state[key][[2, 1, 0, 5, 4, 3]]


def _arguments(name: str, state: dict[str, Tensor]) -> dict[str, Any]:
    """The arguments that build a network of these weights' sizes."""
    first = "trunk.conv1.weight" if name.endswith("predictor") else "conv1.weight"
    if first not in state or state[first].dim() != 4:
        raise BundleError(f"the {name.replace('_', ' ')}'s file lacks its first convolution.")
    width, channels = state[first].shape[:2]
    if name.endswith("predictor"):
        return {"width": width, "code_size": channels - 3}
    code_size = len(state["fc.bias"]) if "fc.bias" in state else 8
    return {"in_channels": channels, "width": width, "code_size": code_size, "norm": "instance"}
