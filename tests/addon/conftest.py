"""What every Blender test needs: a bpy that works, and Blender kept in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RENDER_LIMIT_S = 120


@pytest.fixture(scope="session")
def run_blender(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Run a script with the bpy wheel; give back what it printed.

    Blender gets its own process: Torch imported beside it has crashed at exit, and a broken script
    then can't take the other tests with it. The skip is for machines that never had the wheel;
    a wheel that is there but does not load is a failure, else a missing system library would look
    like success.
    """
    if importlib.util.find_spec("bpy") is None:
        pytest.skip('the bpy wheel is not installed: pip install ".[test]" on Python 3.11')
    user_folder = tmp_path_factory.mktemp("blender_user")
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(user_folder)}

    def run(script: Path, *arguments: object) -> str:
        finished = subprocess.run(
            [sys.executable, str(script), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=RENDER_LIMIT_S,
            env=environment,
        )
        if finished.returncode != 0:
            raise AssertionError(
                f"{script.name} ended with {finished.returncode}:\n"
                f"{finished.stdout[-2000:]}\n{finished.stderr[-4000:]}"
            )
        return finished.stdout

    probe = user_folder / "probe.py"
    probe.write_text("import bpy\nprint(bpy.app.version_string)\n")
    run(probe)
    return run
