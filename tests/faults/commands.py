"""Short commands of the engine, as the arguments of a command line."""

from __future__ import annotations

from pathlib import Path


def animation_words(picture: Path, bundle: Path, out: Path, frames: int = 3) -> list[object]:
    """A clip of a few small frames, made as fast as any."""
    return [
        "animate", picture, "--out", out, "--bundle", bundle, "--frames", frames,
        "--appearance", "off", "--size", "64x36", "--loop", "none", "--no-clean",
    ]  # fmt: skip


def training_words(home: Path) -> list[object]:
    """A run of four steps, `run`, into a bundle, `bundle`, in a folder."""
    return [
        "train", "motion", "--run", home / "run", "--bundle", home / "bundle", "--steps", 4,
        "--batch", 2, "--workers", 0, "--width", 4, "--encoder-width", 4, "--size", 64,
        "--save-every", 1, "--log-every", 1, "--no-mixed", "--device", "cpu",
    ]  # fmt: skip
