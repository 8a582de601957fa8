"""What the installer's tests share: a checkout, the bpy wheel, the script as a module."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from tests.installer.checkout import BLENDER_PYTHON, ROOT, Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def blender() -> None:
    if BLENDER_PYTHON == sys.executable and importlib.util.find_spec("bpy") is None:
        pytest.skip("the bpy wheel is not installed, and LANDSCAPE_BPY names no Python that has it")


@pytest.fixture
def installer(monkeypatch):
    spec = importlib.util.spec_from_file_location("install_addon", ROOT / "install_addon.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
