"""How Blender's window goes on while the engine works: its timers, and the longest step of ours.

`BLENDER="<command>" python benchmarks/blender_window.py [--painted] [--float] [--clip] [--live]`,
of which each leaves out the others; without a flag all are measured. The command is a path or
several words; it has to bring its own display (under Xvfb, say). What Blender's timers do while
nothing is to be done is printed first, for other programs slow both alike; what a step computed is
printed beside what it took, of which other programs may have a part.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "landscape_engine" / "data" / "example.jpg"
SESSION = Path(__file__).parent / "blender_session.py"
MODULE = "bl_ext.user_default.landscape"
PARTS = ("painted", "float", "clip", "live")
LIMIT_S = 1200


def measured(blender: str, folder: Path, parts: list[str]) -> dict:
    """What the session in Blender tells, with the add-on installed for it alone."""
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(folder / "user")}
    install = [sys.executable, str(ROOT / "install_addon.py"), "--blender", blender]
    done = subprocess.run(
        [*install, "--python", sys.executable], capture_output=True, text=True, env=environment
    )
    if done.returncode:
        raise SystemExit(f"the add-on could not be installed:\n{done.stdout}{done.stderr}")
    report = folder / "report.json"
    picture = shutil.copy(EXAMPLE, folder / "lake.jpg")
    job = {"report": str(report), "screenshots": str(folder), "folder": str(folder)}
    job |= {"addon": MODULE, "picture": str(picture), "parts": parts}
    flags = ["--factory-startup", "--enable-event-simulate", "--window-geometry"]
    flags += ["0", "0", "1280", "800", "--python", str(SESSION), "--", json.dumps(job)]
    done = subprocess.run(
        [*shlex.split(blender), *flags],
        capture_output=True,
        text=True,
        errors="replace",
        env=environment,
        timeout=LIMIT_S,
    )
    told = json.loads(report.read_text()) if report.exists() else {"error": "no report"}
    if "error" in told:
        raise SystemExit(f"{told['error']}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for part in PARTS:
        parser.add_argument(f"--{part}", action="store_true")
    options = parser.parse_args()
    parts = [part for part in PARTS if getattr(options, part)] or list(PARTS)
    blender = os.environ.get("BLENDER")
    if not blender:
        raise SystemExit('BLENDER is not set; expected a command that starts Blender: BLENDER="…".')
    with tempfile.TemporaryDirectory() as folder:
        told = measured(blender, Path(folder), parts)
    print(f"Blender {'.'.join(map(str, told['version']))}, {os.cpu_count()} cores")
    for n, what in enumerate(("", ", computing")):
        enabling = " ".join(f"{row[n]:.3f}" for row in told["enabling"])
        print(f"{'enabling the add-on' + what + ', s':33} {enabling}")
    print(f"NumPy, torch loaded by enabling   {told['numpy']}, {told['torch']}")
    print(f"{'timer of 50 ms, in ms':32} {'median':>7} {'95 %':>7} {'longest':>8} {'ticks':>6}")
    for name, row in told["ticks"].items():
        print(f"{name:32} {row['median']:7.0f} {row['95']:7.0f} {row['longest']:8.0f} {row['n']:6}")
    print(f"{'steps of the add-on, in ms':44} {'longest':>8} {'computing':>9} {'all':>7} {'n':>5}")
    for name, row in told["steps"].items():
        longest, computed, whole = row["longest"], row["computed"], row["all"]
        print(f"{name:44} {longest:8.0f} {computed:9.0f} {whole:7.0f} {row['n']:5}")


if __name__ == "__main__":
    main()
