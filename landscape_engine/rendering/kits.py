"""Kits: a two-phase loop as a few pictures and numbers, which a shader plays without any frames.

A kit has the picture, and of each region that moves its flow, what of it moves (`Plates`), and how
much a source counts (`Place`); one phase map, and two looks of the light. `EQUATIONS` says how they
are played: `loops.two_phase` in the terms of a texture. Not played are blends other than the plain
one, ripples, sway and stars, and the picture's alpha stays.

Legend: H W pixels of the picture, h w pixels of the predictor's grid. In a kit, places are
fractions of the picture, u to the right and v down, and pixel i of n has its center at (i + ½) / n.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .. import images
from ..loops import two_phase
from ..loops.places import EDGE_WEIGHT, FAR_PX, NEAR_PX, OUTSIDE, Place
from ..motion.fields import MotionField, MovingPart
from ..ops import warping
from ..sequence import Kit
from ..settings import LoopSettings
from .baked_light import Looks
from .plates import Plates

VERSION = 5
MIDDLE = 32768 / 65535  # of a 16-bit map: the value that stands for 0, exactly
EXACT = 1e-3  # of 255: what lies nearer to a whole level is a picture of 8 bits

EQUATIONS = (
    "Places are (u, v), fractions of the picture, u right and v down; pixel i of n lies at "
    "(i + 0.5) / n. All maps cover the whole picture and are sampled bilinearly as plain values, "
    "never as sRGB. value = (texel - offset) * scale, texel 0..1, for each map.",
    "Beyond the picture flow, phase and matte go on mirrored at its edges, and plates mirrored at "
    "the centers of its border pixels.",
    "At frame t, colors begin as C = picture(p), display-referred sRGB, 0..1. For each layer, in "
    "order: x = rounds * (t / period + start) + phase(p), or without phase(p) where the layer has "
    "none; n = period / rounds.",
    "flow(q) is backward: a pixel at q shows what lay at q + flow(q) a frame before. S(p, k) "
    "follows it for k frames with one step of Runge and Kutta's fourth order: a = flow(p), "
    "b = flow(p + k/2 a), c = flow(p + k/2 b), d = flow(p + k c), "
    "S = p + k/6 (a + 2b + 2c + d); k below 0 is the future.",
    "Two copies, A = S(p, k) with k = 2n (fract(x / 2 + 0.5) - 0.5), and B with "
    "k = 2n (fract(x / 2) - 0.5). A copy jumps only where 1 - |k| / n, its share of time, is 0, so "
    "that smaller copies of a texture may be taken (mip maps).",
    "How much a source s counts: i = matte(s).g, and least_weight where s lies beyond the "
    "picture; m(s) = (1 - |k| / n) (1 - (1 - i) min(|s - p| / decided, 1)). "
    "share = m(B) / (m(A) + m(B)).",
    "What is found there: g(s) = matte(s).b * (1 - clamp((o - fade[0]) / (fade[1] - fade[0]))), "
    "o how far s lies beyond the picture, in u or in v, whichever is more; 1 where fade is null.",
    "kind difference: M = mix(plate(A), plate(B), share) * mix(g(A), g(B), share), "
    "C = clamp(C + matte(p).r * (M - plate(p))). "
    "kind whole: C = mix(C, mix(plate(A), plate(B), share), matte(p).r).",
    "Light, with w, b and G the weights, biases and gain of both looks mixed by one number 0..1, "
    "E = edge, t = toe: "
    "x = logit((C + E) / (1 + 2E)); where it is dark less of its color is left, "
    "d = clamp((dark[0] - G) / (dark[0] - dark[1])), x = mix(x, dot(grey, x), faded * d); "
    "y = w x + b; then green is limited, and blue, "
    "y.g = min(y.g, max(y.r, y.b) + max(x.g - max(x.r, x.b), 0) + teal * max(x.b - x.r, 0)), "
    "y.b = min(y.b, max(y.r, y.g) + max(x.b - max(x.r, x.g), 0) + cobalt); "
    "C = clamp(G (clamp((1 + 2E) / (1 + exp(-y)) - E) + t) - t).",
    "Another speed is a factor on flow, another direction a turn of it (in pixels, not in "
    "fractions); the loop stays closed.",
)


def kit_of(
    picture: Tensor,  # [1, 3 or 4, H, W]
    motion: MotionField,
    loop: LoopSettings,
    period: int,
    frames: int,
    looks: Looks | None = None,
) -> Kit:
    """The kit of a steady motion, closed as a two-phase loop.

    Args:
        picture: the picture.
        motion: how it moves, fitted to the period by `travel.fit`.
        loop: its phase noise is used.
        period: frames of the loop.
        frames: of the clip.
        looks: two looks of the light; None: it stays.
    """
    height, width = picture.shape[2:]
    kit = Kit({"kit": "two-phase loop", "version": VERSION, "width": width})
    kit.images["picture.png"] = _colors(picture)
    kit.document |= {
        "height": height,
        "frames": frames,
        "period": period,
        "picture": {"file": "picture.png", "scale": 1.0, "offset": 0.0},
        "border": "mirrored",
        "equations": list(EQUATIONS),
    }
    layers = []
    plates = Plates(picture[:, :3])
    parts: Sequence[MovingPart | None] = motion.parts or [None]
    moving = [part for part in parts if bool((motion.step if part is None else part.step).any())]
    for number, part in enumerate(moving, start=1):
        made = _Layer.everywhere(motion, plates) if part is None else _Layer.of(part, plates)
        layers.append(made.put_into(kit, number, picture, period))
    kit.document["layers"] = layers
    if motion.parts and layers and loop.phase_noise:
        phase = two_phase.phase_offset(motion.step, loop.phase_noise)
        kit.document["phase"] = _keep_map(kit, "phase.png", _on_texels(phase, height, width))
    if looks:
        kit.document["light"] = _keep_looks(kit, looks)
    return kit


@dataclass(frozen=True)
class _Layer:
    """One region, or the whole picture, as the maps of a kit."""

    name: str
    step: Tensor  # [1, 2, h, w]
    plate: Tensor  # [1, 3, H, W] as `Plates.of` gives it
    alpha: Tensor  # [1, 1, H', W'] 0..1
    inside: Tensor  # [1, 1, h, w] 0..1, how much a source counts
    found: Tensor  # [1, 1, h, w] 0..1
    kind: str  # difference, whole
    least_weight: float  # of a source beyond the picture
    decided: float  # distance of a source from which its weight counts fully, pixels of the grid
    phased: bool = True  # whether the phase map holds for it
    rounds: int = 1
    start: float = 0.0  # share of the period

    @classmethod
    def of(cls, part: MovingPart, plates: Plates) -> _Layer:
        """A region's."""
        place, region = Place(part), part.region
        return cls(
            name=region.name,
            step=part.step,
            plate=plates.of(region.alpha, part.base),
            alpha=region.alpha,
            inside=place.inside,
            found=torch.ones_like(place.inside) if place.reached is None else place.reached,
            kind="whole" if part.base is None else "difference",
            least_weight=EDGE_WEIGHT,
            decided=place.decided,
            rounds=part.rounds,
            start=region.guide.phase,
        )

    @classmethod
    def everywhere(cls, motion: MotionField, plates: Plates) -> _Layer:
        """The whole picture's."""
        whole = torch.ones_like(motion.step[:, :1])
        return cls(
            name="picture",
            step=motion.step,
            plate=plates.picture,
            alpha=whole,
            inside=whole,
            found=whole,
            kind="whole",
            least_weight=OUTSIDE,
            decided=1e-3,
            phased=False,
        )

    def put_into(self, kit: Kit, number: int, picture: Tensor, period: int) -> dict[str, Any]:
        """Keep the layer's maps in a kit; gives its part of the document."""
        height, width = picture.shape[2:]
        h, w = self.step.shape[2:]
        # one unit of a normalised flow is half of the way between the border pixels' centers
        per_unit = self.step.new_tensor([(width - 1) / width / 2, (height - 1) / height / 2])
        flow = _on_texels(self.step, height, width) * per_unit.view(1, 2, 1, 1)
        flow = torch.cat([flow, torch.zeros_like(flow[:, :1])], 1)
        fields = (self.alpha, self.inside, self.found)
        matte = torch.cat([warping.enlarge(one, height, width) for one in fields], 1)
        kit.images[f"matte_{number}.png"] = images.to_uint8(2 * matte - 1)
        plate, whole = f"plate_{number}.png", self.kind == "whole"
        values = (self.plate + 1) / 2 if whole else self.plate / 2
        grid = max(w, 2) - 1
        return {
            "name": self.name,
            "kind": self.kind,
            "rounds": self.rounds,
            "start": round(self.start * period) / period,
            "phase": self.phased,
            "flow": _keep_map(kit, f"flow_{number}.png", flow),
            "plate": _keep_map(kit, plate, values, whole=whole),
            "matte": {"file": f"matte_{number}.png", "scale": 1.0, "offset": 0.0},
            "least_weight": self.least_weight,
            "decided": self.decided / grid,
            "fade": None if whole else [NEAR_PX / grid, FAR_PX / grid],
            "cell": 1 / grid,
        }


def _keep_map(
    kit: Kit,
    name: str,
    values: Tensor,  # [1, C, H, W]
    whole: bool = False,
) -> dict[str, Any]:
    """Keep a 16-bit map in a kit; gives the numbers with which its values come back.

    Args:
        kit: where it is kept.
        name: of its file.
        values: any finite numbers.
        whole: whether they lie in 0..1 and need no other scale.
    """
    scale, offset = 1.0, 0.0
    if not whole:
        scale, offset = 2.001 * max(float(values.abs().max()), 1e-9), MIDDLE
    kit.images[name] = images.to_uint16(2 * (values / scale + offset) - 1)
    return {"file": name, "scale": scale, "offset": offset}


def _keep_looks(kit: Kit, looks: Looks) -> dict[str, Any]:
    made: dict[str, Any] = {
        "frames": looks.frames,
        "edge": looks.edge,
        "toe": looks.toe / 2,  # of values in [-1, 1]
        "teal": looks.teal,
        "dark": list(looks.dark),
        "faded": looks.faded,
        "grey": list(looks.grey),
        "cobalt": looks.cobalt,
        "looks": [],
    }
    for number, (frame, curves) in enumerate(zip(looks.at, looks.curves, strict=True), start=1):
        parts = {"weights": curves[:, :3], "biases": curves[:, 3:6], "gain": curves[:, 6:]}
        maps = {
            name: _keep_map(kit, f"light_{number}_{name}.png", values)
            for name, values in parts.items()
        }
        made["looks"].append({"frame": frame, **maps})
    return made


def _colors(
    picture: Tensor,  # [1, 3 or 4, H, W]
) -> NDArray[Any]:  # [H, W, 3 or 4]
    """The picture in 8 bits where they hold it, else in 16."""
    levels = (picture.clamp(-1, 1) + 1) * 127.5
    eight = bool(((levels - levels.round()).abs() <= EXACT).all())
    return images.to_uint8(picture) if eight else images.to_uint16(picture)


def _on_texels(
    values: Tensor,  # [1, C, h, w] at the picture's pixels' centers, first to last
    height: int,
    width: int,
) -> Tensor:  # [1, C, h, w]
    """A field at the centers of a texture's pixels, which lie apart from those of the grid."""
    h, w = values.shape[2:]
    u, v = (
        ((np.arange(n) + 0.5) / n * side - 0.5) / max(side - 1, 1) * 2 - 1
        for n, side in ((w, width), (h, height))
    )
    x = torch.from_numpy(u).to(values).clamp(-1, 1).expand(h, -1)
    y = torch.from_numpy(v).to(values).clamp(-1, 1)[:, None].expand(-1, w)
    return warping.sample(values, torch.stack([x, y])[None])
