"""Bundles: a folder with the networks' weights, the settings that build them, the codebooks.

    bundle.json           format, version, what each network is, how it came to be
    weights.safetensors   tensors, named `network.parameter` or `codebook.…`
    NAME.safetensors      those of a network that was added later, so that the rest stays as it is

Nothing in a bundle is executed; tensors must match the networks exactly, name by name.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .. import regular_files, staging
from ..errors import BundleError, OutputError, is_out_of_memory
from ..images import kinds
from ..networks.appearance import AppearancePredictor
from ..networks.blocks import channels_last
from ..networks.code_lstm import CodeLSTM
from ..networks.encoder import Encoder
from ..networks.inputs import PREDICTOR_SIZE
from ..networks.mosaic import SceneParser
from ..networks.motion import MotionPredictor
from ..networks.scene import SceneNetwork
from ..settings.fields import MAX_SEED
from .codebook import AppearanceCodebook, MotionCodebook

FORMAT = "landscape-engine bundle"
VERSION = 1
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
LEAST_BETA, MOST_BETA = 1, 1_000_000  # a step is at most half the picture, and still a number
MOST_IN_DAY = 1000  # codes that an LSTM predicts, one after the other
FILLING = {Tensor.uniform_, Tensor.normal_, Tensor.fill_, Tensor.zero_}
CODEBOOKS = "codebooks.safetensors"  # beside a file for each network
DEFAULT = Path(__file__).parents[1] / "models" / "default"

PredictorName = Literal["motion_predictor", "appearance_predictor"]
CodeKind = Literal["motion", "appearance"]
BUILDERS: dict[str, Callable[..., nn.Module]] = {
    "motion_predictor": MotionPredictor,
    "motion_encoder": Encoder,
    "appearance_predictor": AppearancePredictor,
    "appearance_encoder": Encoder,
    "scene_network": SceneNetwork,
    "scene_parser": SceneParser,
    "code_lstm": CodeLSTM,
}


@dataclass
class ModelBundle:
    """Everything that the animator needs; loaded onto the CPU in float32.

    Attributes:
        networks: by the names of `BUILDERS`; one may lack what it wasn't trained for.
        built: for each network the arguments that build it.
        motion_codebook: None where the bundle has no motion.
        appearance_codebook: None where the bundle has no appearance.
        about: how the bundle came to be; plain JSON data.
        folder: where it was loaded from, if it was.
        input_sizes: side in pixels of the square pictures that a predictor was trained on, by its
            name; it is asked at that size (`input_size`).
    """

    networks: dict[str, nn.Module]
    built: dict[str, dict[str, Any]]
    motion_codebook: MotionCodebook | None = None
    appearance_codebook: AppearanceCodebook | None = None
    about: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    input_sizes: dict[str, int] = field(default_factory=dict)

    def input_size(self, name: PredictorName) -> int:
        """Side in pixels of a predictor's square input; by default the paper's 256."""
        return self.input_sizes.get(name, PREDICTOR_SIZE)

    @property
    def device(self) -> torch.device:
        """The device of the networks."""
        first = next(iter(self.networks.values()), nn.Module())
        return next((p.device for p in first.parameters()), torch.device("cpu"))

    def code_size(self, kind: CodeKind) -> int:
        """Numbers in a latent code of that kind.

        Raises:
            BundleError: the bundle has no predictor for it.
        """
        predictor = self.motion_predictor if kind == "motion" else self.appearance_predictor
        return predictor.trunk.conv1.in_channels - 3

    def on(self, device: torch.device) -> ModelBundle:
        """The bundle on a device: itself if it is there, else a copy, so that both stay usable."""
        if self.device == device or not self.networks:
            return self
        moved = {name: copy.deepcopy(one).to(device) for name, one in self.networks.items()}
        return replace(self, networks=moved)

    def network(self, name: str) -> nn.Module:
        """A network by its name.

        Raises:
            BundleError: the bundle lacks it.
        """
        if name not in self.networks:
            raise self._lack(name)
        return self.networks[name]

    @property
    def motion_predictor(self) -> MotionPredictor:
        """The network of that name; `BundleError` if the bundle lacks it."""
        return cast(MotionPredictor, self.network("motion_predictor"))

    @property
    def motion_encoder(self) -> Encoder:
        """The network of that name; `BundleError` if the bundle lacks it."""
        return cast(Encoder, self.network("motion_encoder"))

    @property
    def appearance_predictor(self) -> AppearancePredictor:
        """The network of that name; `BundleError` if the bundle lacks it."""
        return cast(AppearancePredictor, self.network("appearance_predictor"))

    @property
    def appearance_encoder(self) -> Encoder:
        """The network of that name; `BundleError` if the bundle lacks it."""
        return cast(Encoder, self.network("appearance_encoder"))

    @property
    def scene_network(self) -> SceneNetwork:
        """The network of that name; `BundleError` if the bundle lacks it."""
        return cast(SceneNetwork, self.network("scene_network"))

    @property
    def scene_parser(self) -> SceneParser:
        """The network of that name; `BundleError` if the bundle lacks it."""
        return cast(SceneParser, self.network("scene_parser"))

    @property
    def code_lstm(self) -> CodeLSTM:
        """The network of that name; `BundleError` if the bundle lacks it."""
        return cast(CodeLSTM, self.network("code_lstm"))

    @property
    def motion_codes(self) -> MotionCodebook:
        """The codebook of motion; `BundleError` if the bundle lacks it."""
        if self.motion_codebook is None:
            raise self._lack("motion_codebook")
        return self.motion_codebook

    @property
    def days(self) -> AppearanceCodebook:
        """The codebook of appearance; `BundleError` if the bundle lacks it."""
        if self.appearance_codebook is None:
            raise self._lack("appearance_codebook")
        return self.appearance_codebook

    def _lack(self, name: str) -> BundleError:
        has = ", ".join(sorted(self.networks)) or "nothing"
        return BundleError(
            f"the bundle has no {name.replace('_', ' ')} (it has: {has}); choose another."
        )


def build(name: str, arguments: dict[str, Any]) -> nn.Module:
    """Build a network with its arguments, in inference mode, channels last."""
    return channels_last(BUILDERS[name](**arguments).eval().requires_grad_(False))


class _Unfilled(TorchFunctionMode):
    """Leaves out the first values of weights, which takes a while even where there are none."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in FILLING:
            return args[0]
        return func(*args, **(kwargs or {}))


def outline(name: str, arguments: dict[str, Any]) -> nn.Module:
    """The same without memory for its weights, which `load_state_dict(…, assign=True)` gives it."""
    with torch.device("meta"), _Unfilled(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of layers without numbers, which are refused later
        return BUILDERS[name](**arguments).eval().requires_grad_(False)


def check_target(folder: Path) -> None:
    """Find out, before there is a bundle, whether one can be written to a folder.

    Raises:
        BundleError: it is a file, holds other things, or may not be written to.
    """
    try:
        place = staging.resolve(folder)
        if not place.exists():
            staging.check_parents(folder, place)
            return
        if not place.is_dir():
            raise BundleError(
                f"{folder} is a file; expected a new folder or a bundle's: choose another name."
            )
        there = list(place.iterdir())
        odd = next((p for p in there if not (p.is_file() or p.is_dir() or p.is_symlink())), None)
        if odd is not None:
            raise BundleError(
                f"{folder} holds '{odd.name}', a pipe or a device; expected files alone: remove it."
            )
        described = (place / "bundle.json").exists()
        if not described and not all(p.is_file() and kinds.is_hidden(p) for p in there):
            raise BundleError(
                f"{folder} holds other files; expected a new folder or a bundle's: choose another."
            )
        staging.check_writable(folder, place)
        staging.check_writable(folder, place.parent)
    except OutputError as error:
        raise BundleError(str(error)) from error
    except OSError as error:
        raise BundleError(str(staging.explain_write_failure(folder, error))) from error


def save(bundle: ModelBundle, folder: Path, dtype: torch.dtype = torch.float16) -> None:
    """Write a bundle; the folder appears whole or not at all.

    Raises:
        BundleError: the folder can't be written, or holds something that isn't a bundle.
    """
    check_target(folder)
    files = {
        f"{name}.safetensors": _tensors(name, network, dtype)
        for name, network in bundle.networks.items()
    }
    codes: dict[str, Tensor] = {}
    if bundle.motion_codebook:
        codes["codebook.motion"] = bundle.motion_codebook.codes.contiguous()
    if bundle.appearance_codebook:
        for i, sequence in enumerate(bundle.appearance_codebook.sequences):
            codes[f"codebook.appearance.{i:04d}"] = sequence.contiguous()
    description = {
        "format": FORMAT,
        "version": VERSION,
        "networks": bundle.built,
        "input_sizes": bundle.input_sizes,
        "about": bundle.about,
    }
    gone: dict[str, dict[str, Tensor]] = {path.name: {} for path in _weights(folder)}
    _write(folder, gone | files | {CODEBOOKS: codes}, description)


def add_network(
    folder: Path,
    name: str,  # one of `BUILDERS`
    network: nn.Module,
    arguments: dict[str, Any],
    about: dict[str, Any],
    dtype: torch.dtype = torch.float16,
) -> None:
    """Put one network into a bundle; everything else in it stays identical to the byte.

    Args:
        folder: a bundle.
        name: what the network is; an earlier one of that name goes.
        network: its weights.
        arguments: what builds it.
        about: what the bundle then says about how it came to be, by keys.
        dtype: of the weights as written.

    Raises:
        BundleError: the folder isn't a bundle, is damaged, or can't be written.
    """
    load(folder)  # raises if anything is wrong
    files: dict[str, dict[str, Tensor]] = {}
    for path in _weights(folder):
        tensors = _read_tensors(path)
        rest = {k: v for k, v in tensors.items() if not k.startswith(f"{name}.")}
        if len(rest) < len(tensors):
            files[path.name] = rest
    files[f"{name}.safetensors"] = _tensors(name, network, dtype)
    description = _describe(folder)
    description["networks"][name] = arguments
    description["about"] = description.get("about", {}) | about
    _write(folder, files, description)


def _tensors(name: str, network: nn.Module, dtype: torch.dtype) -> dict[str, Tensor]:
    """A network's weights by their names in a bundle."""
    return {
        f"{name}.{key}": value.detach().cpu().to(dtype).contiguous()
        for key, value in network.state_dict().items()
    }


def _weights(folder: Path) -> list[Path]:
    """The weights files of a bundle, in a fixed order."""
    return sorted(path for path in folder.glob("*.safetensors") if not kinds.is_hidden(path))


def _write(
    folder: Path,
    files: dict[str, dict[str, Tensor]],  # by name; one without tensors goes
    description: dict[str, Any],
) -> None:
    """Write a bundle's weights and description; its other files stay."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        place = staging.resolve(folder)
        with staging.stage(folder, place, place.parent) as partial:
            partial.mkdir()
            (partial / "bundle.json").write_text(json.dumps(description, indent=1) + "\n")
            usual = (partial / "bundle.json").stat().st_mode & 0o777
            for name, tensors in files.items():
                if tensors:
                    save_file(tensors, partial / name)
                    os.chmod(partial / name, usual)  # the library makes it private
            for kept in place.iterdir() if place.exists() else ():
                if kept.name in files or kept.name == "bundle.json":
                    continue
                if kept.is_dir() and not kept.is_symlink():
                    shutil.copytree(kept, partial / kept.name, symlinks=True)
                else:  # other weights, its card, a licence
                    shutil.copy(kept, partial, follow_symlinks=False)
            if place.exists():
                staging.swap_folder(partial, place)
            else:
                partial.rename(place)
    except OutputError as error:
        raise BundleError(str(error)) from error
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BundleError(
            f"the bundle {folder} can't be written ({reason}); expected room in a folder that you "
            "may write to: choose another."
        ) from error


def load(folder: Path | str = DEFAULT) -> ModelBundle:
    """Load a bundle strictly: exactly the expected tensors, in their shapes.

    Raises:
        BundleError: the folder isn't a bundle, or is damaged; the message says in what.
    """
    folder = Path(folder)
    description = _describe(folder)
    if not _weights(folder):
        raise BundleError(f"the bundle {folder} has no weights (*.safetensors); copy it anew.")
    tensors: dict[str, Tensor] = {}
    for path in _weights(folder):
        tensors |= _read_tensors(path)
    for name, tensor in tensors.items():
        if tensor.dtype not in FLOATS:
            raise BundleError(
                f"the tensor '{name}' of {folder} holds {str(tensor.dtype).removeprefix('torch.')};"
                " expected float16, bfloat16, float32 or float64: copy the bundle anew."
            )

    scene = description["networks"].get("scene_network", {"trunk": ""})
    if isinstance(scene, dict) and "trunk" not in scene:
        raise BundleError(
            f"the scene network of {folder} is of an earlier engine, which this one doesn't read; "
            "train one into a new folder (`train scene`) or take the bundle that comes with this "
            "engine."
        )
    networks: dict[str, nn.Module] = {}
    try:
        for name, arguments in description["networks"].items():
            networks[name] = outline(name, arguments)
    except Exception as error:  # whatever torch makes of the numbers that are said
        raise BundleError(
            f"{folder / 'bundle.json'} describes a network that this version doesn't know "
            f"({error}); expected {', '.join(BUILDERS)} with their arguments."
        ) from error
    for name, network in networks.items():
        networks[name] = _fill(network, name, tensors, folder)

    motion = tensors.pop("codebook.motion", None)
    names = sorted(k for k in tensors if k.startswith("codebook.appearance."))
    sequences = [tensors.pop(k).float() for k in names]
    if tensors:
        raise BundleError(
            f"the bundle {folder} holds {len(tensors)} tensors that nothing uses (the first is "
            f"'{min(tensors)}'); copy it anew."
        )
    for part, found in (("motion", motion is not None), ("appearance", bool(sequences))):
        if found != (f"{part}_predictor" in networks):
            raise BundleError(
                f"the bundle {folder} has a {part} predictor without its codebook or the other way "
                "round; copy it anew."
            )
    bundle = ModelBundle(
        networks,
        description["networks"],
        MotionCodebook(_codes(motion, folder)) if motion is not None else None,
        AppearanceCodebook([_codes(s, folder) for s in sequences]) if sequences else None,
        _about(description.get("about", {}), folder),
        folder,
        _sizes(description.get("input_sizes", {}), folder),
    )
    check_agreement(bundle, folder)
    return bundle


def _read_tensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    try:
        regular_files.check(path, regular_files.MOST_WEIGHTS)
        return load_file(path)
    except Exception as error:  # its own kind, and others for types of numbers that it hasn't
        if is_out_of_memory(error):
            raise
        raise BundleError(f"{path} is damaged ({error}); copy the bundle anew.") from error


def _describe(folder: Path) -> dict[str, Any]:
    path = folder / "bundle.json"
    try:
        if not path.exists():
            found = "no such folder" if not folder.exists() else "no bundle.json in it"
            raise BundleError(
                f"{folder} is no bundle ({found}); expected a folder made by this engine: name "
                "another."
            )
        description = regular_files.read_json(path)
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} can't be read ({error}); copy the bundle anew.") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise BundleError(f'{path} is of another kind; expected "format": "{FORMAT}".')
    if description.get("version") != VERSION:
        raise BundleError(
            f"the bundle {folder} has version {description.get('version')}; this engine reads "
            f"version {VERSION}: update whichever is older."
        )
    if not isinstance(description.get("networks"), dict):
        raise BundleError(f"{path} names no networks; copy the bundle anew.")
    return description


def _about(found: Any, folder: Path) -> dict[str, Any]:
    seed = found.get("thumbnail_seed", 0) if isinstance(found, dict) else None
    if type(seed) is not int or not 0 <= seed <= MAX_SEED:
        what = f"the thumbnail seed {seed!r}" if isinstance(found, dict) else f"{found!r} as about"
        raise BundleError(
            f"{folder / 'bundle.json'} has {what}; expected an object, with a whole number from 0 "
            "as thumbnail_seed: copy the bundle anew."
        )
    return cast("dict[str, Any]", found)


def check_agreement(bundle: ModelBundle, folder: Path) -> None:
    """Refuse networks and codebooks that don't belong together."""
    motions, days = bundle.motion_codebook, bundle.appearance_codebook
    books = {
        "motion": [motions.codes] if motions else [],
        "appearance": days.sequences if days else [],
    }
    for kind, channels in (("motion", 2), ("appearance", 3)):
        sizes = {f"codebook {i}": codes.shape[1] for i, codes in enumerate(books[kind])}
        if len(set(sizes.values())) == 1:
            sizes = {"codebook": sizes["codebook 0"]}
        predictor = bundle.networks.get(f"{kind}_predictor")
        encoder = bundle.networks.get(f"{kind}_encoder")
        if isinstance(predictor, MotionPredictor | AppearancePredictor):
            sizes["predictor"] = predictor.trunk.conv1.in_channels - 3
        if isinstance(encoder, Encoder):
            sizes["encoder"] = encoder.fc.out_features
            if encoder.conv1.in_channels != channels:
                raise BundleError(
                    f"the {kind} encoder of {folder} takes {encoder.conv1.in_channels} channels; "
                    f"expected {channels}: copy the bundle anew."
                )
        lstm = bundle.networks.get("code_lstm")
        if kind == "appearance" and isinstance(lstm, CodeLSTM):
            sizes["LSTM"] = lstm.fc_in.in_features
        if len(set(sizes.values())) > 1 or min(sizes.values(), default=1) < 1:
            found = ", ".join(f"{name} {size}" for name, size in list(sizes.items())[:8])
            raise BundleError(
                f"the {kind} codes of {folder} have several sizes ({found}); expected one: its "
                "parts don't belong together, copy the bundle anew."
            )
    motion = bundle.networks.get("motion_predictor")
    if isinstance(motion, MotionPredictor):
        beta: Any = motion.beta
        number = isinstance(beta, int | float) and not isinstance(beta, bool)
        if not number or not LEAST_BETA <= beta <= MOST_BETA:
            raise BundleError(
                f"the motion predictor of {folder} has the beta {beta!r}; expected a number from "
                f"{LEAST_BETA} to {MOST_BETA}: copy the bundle anew."
            )
    lstm = bundle.networks.get("code_lstm")
    if isinstance(lstm, CodeLSTM) and len(lstm.unrest) > MOST_IN_DAY:
        raise BundleError(
            f"the code LSTM of {folder} predicts {len(lstm.unrest)} codes of a day; expected at "
            f"most {MOST_IN_DAY}: copy the bundle anew."
        )


def _sizes(found: Any, folder: Path) -> dict[str, int]:
    fit = isinstance(found, dict) and all(
        isinstance(n, int) and n % 8 == 0 and 64 <= n <= 1024 for n in found.values()
    )
    if not fit:
        raise BundleError(
            f"{folder / 'bundle.json'} has the input sizes {found!r}; expected for each predictor "
            "a multiple of 8 from 64 to 1024."
        )
    return cast("dict[str, int]", found)


def _fill(network: nn.Module, name: str, tensors: dict[str, Tensor], folder: Path) -> nn.Module:
    """Give an outline its weights, once all are known to fit."""
    state = {}
    for key, wanted in network.state_dict().items():
        found = tensors.pop(f"{name}.{key}", None)
        if found is None:
            raise BundleError(f"the bundle {folder} lacks the tensor '{name}.{key}'; copy it anew.")
        if found.shape != wanted.shape:
            raise BundleError(
                f"the tensor '{name}.{key}' of {folder} has shape {list(found.shape)}; expected "
                f"{list(wanted.shape)}: its bundle.json and its weights don't belong together."
            )
        if not wanted.numel():
            raise BundleError(f"the tensor '{name}.{key}' of {folder} is empty; copy it anew.")
        if not bool(torch.isfinite(found).all()):
            raise BundleError(f"the tensor '{name}.{key}' of {folder} holds NaN; copy it anew.")
        state[key] = found.float()
    network.load_state_dict(state, assign=True)
    return channels_last(network)


def _codes(codes: Tensor, folder: Path) -> Tensor:
    if codes.dim() != 2 or not len(codes) or not bool(torch.isfinite(codes).all()):
        raise BundleError(
            f"a codebook of {folder} has shape {list(codes.shape)} or holds NaN; expected finite "
            "codes [n, code size]."
        )
    if not codes.shape[1]:
        raise BundleError(f"a codebook of {folder} holds codes of no numbers; copy it anew.")
    return codes.float()
