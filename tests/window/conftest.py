"""A real Blender with its window: BLENDER="<command>" pytest tests/window.

The command is a path or several words; it has to bring its own display (under Xvfb, say). Without
BLENDER these tests skip. Screenshots are kept where LANDSCAPE_SCREENSHOTS names a folder. Where
others use the machine too, LANDSCAPE_PATIENCE=4 lets scenarios wait four times as long.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = Path(__file__).parent / "scenarios"
SCENARIO_LIMIT_S = 300 * float(os.environ.get("LANDSCAPE_PATIENCE", "1"))


def whole_run(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run a command to its end; its code, and what it printed. What takes too long ends whole."""
    pipe, one = subprocess.PIPE, subprocess.STDOUT
    process = subprocess.Popen(
        command, stdout=pipe, stderr=one, errors="replace", env=environment, start_new_session=True
    )
    try:
        printed, _ = process.communicate(timeout=SCENARIO_LIMIT_S)
    except subprocess.TimeoutExpired:
        if hasattr(os, "killpg"):  # with the display that it brought
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        raise
    return process.returncode, printed


@pytest.fixture(scope="session")
def blender() -> str:
    command = os.environ.get("BLENDER")
    if not command:
        pytest.skip('needs a window: BLENDER="<command>" pytest tests/window')
    return command


@pytest.fixture(scope="session")
def user_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Blender's own files, for this session alone; the name is one that breaks what is careless."""
    return tmp_path_factory.mktemp("Künstler und ihre Dateien")


@pytest.fixture(scope="session")
def addon(blender: str, user_folder: Path) -> str:
    """The add-on, put into that Blender by its own installer; gives the module's name."""
    if not (ROOT / "blender_addon" / "blender_manifest.toml").exists():
        pytest.skip("the add-on has no manifest yet")
    command = [sys.executable, str(ROOT / "install_addon.py"), "--blender", blender]
    done = subprocess.run(
        [*command, "--python", sys.executable],
        capture_output=True,
        text=True,
        env={**os.environ, "BLENDER_USER_RESOURCES": str(user_folder)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return "bl_ext.user_default.landscape"


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine's example picture, where a careless program would not find it."""
    file = tmp_path_factory.mktemp("Bilder ü") / "der See.jpg"
    return Path(shutil.copy(ROOT / "landscape_engine" / "data" / "example.jpg", file))


@pytest.fixture(scope="session")
def play(
    blender: str, user_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., dict]:
    """Play a scenario in the window; give its report."""
    kept = os.environ.get("LANDSCAPE_SCREENSHOTS")

    def run(name: str, *, factory: bool = True, **job: object) -> dict:
        folder = tmp_path_factory.mktemp(name)
        screenshots = Path(kept).resolve() if kept else folder / "screenshots"
        screenshots.mkdir(parents=True, exist_ok=True)
        report = folder / "report.json"
        job |= {"report": str(report), "screenshots": str(screenshots), "folder": str(folder)}
        flags = ["--factory-startup"] if factory else []
        flags += ["--enable-event-simulate", "--window-geometry", "0", "0", "1280", "800"]
        script = str(SCENARIOS / f"{name}.py")
        end = ["--python-exit-code", "7", "--python", script, "--", json.dumps(job)]
        code, printed = whole_run(
            [*shlex.split(blender), *flags, *end],
            {**os.environ, "BLENDER_USER_RESOURCES": str(user_folder)},
        )
        assert report.exists(), f"Blender ended with {code}:\n{printed[-4000:]}"
        told = json.loads(report.read_text(encoding="utf-8"))
        assert "error" not in told, f"{told['error']}\n{told['notes']}\n{printed[-2000:]}"
        assert told["warnings"] == []
        return told

    return run
