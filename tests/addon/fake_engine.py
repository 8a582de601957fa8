"""A worker without an engine: it copies a picture as its frames, and waits for the test's word.

`python fake_engine.py PICTURE … worker --folder DIR …` speaks the worker's protocol. Each job ends
when the file `go` lies in the picture's folder, of which it takes one letter for each job; the file
`die` kills the process in the middle of a job.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
import time
from pathlib import Path

picture = Path(sys.argv[1])
folder = Path(sys.argv[sys.argv.index("--folder") + 1])
device = sys.argv[sys.argv.index("--device") + 1]
go, die = picture.with_name("go"), picture.with_name("die")
waiting: list[str] = []
cancelled: set[str] = set()
unread = b""


def listen(seconds: float) -> None:
    """Hear what Blender asks."""
    global unread
    if not select.select([0], [], [], seconds)[0]:
        return
    heard = os.read(0, 1 << 16)
    if not heard:
        os._exit(0)
    *lines, unread = (unread + heard).split(b"\n")
    for line in lines:
        request = json.loads(line)
        waiting.extend([request["job"]] if "job" in request else [])
        cancelled.update([request["cancel"]] if "cancel" in request else [])


def may_end() -> bool:
    """Take one letter of the test's word."""
    if not go.exists() or not go.read_text():
        return False
    go.write_text(go.read_text()[1:])
    return True


def result_of(task: dict, own: Path) -> dict:
    """Make what the task asks for."""
    if task["task"] == "status":
        return {"device": device, "motion_codes": 1, "appearance_codes": 1}
    if task["task"] == "thumbnails":
        files = [str(own / f"{n}.png") for n in range(len(task["positions"]))]
        for file in files:
            shutil.copy(picture, file)
        return {"thumbnails": [{"flow": None, "frames": [file]} for file in files]}
    if task["task"] == "fit":
        Path(task["out"]).write_text("{}")
        return {"path": task["out"]}
    document = task["job"]
    out = own / "frames" if task["task"] == "preview" else Path(document["out"])
    out.mkdir(parents=True)
    frames = document["clip"]["frames"]
    paths = [out / f"{n:04d}.png" for n in range(1, frames + 1)]
    for path in paths:
        shutil.copy(picture, path)
    made = {"paths": [str(p) for p in paths], "frames": frames, "folder": str(out), "width": 32}
    return {**made, "height": 18, "seconds": {"total": 1.0}, "job": document}


about = {"protocol": 1, "version": "0", "pid": os.getpid(), "device": device}
(folder / "worker.new").write_text(json.dumps(about))
os.replace(folder / "worker.new", folder / "worker.json")
while True:
    listen(0.01)
    if not waiting:
        continue
    job_id = waiting.pop(0)
    own = folder / "jobs" / job_id
    with (own / "events.jsonl").open("a", buffering=1) as events:

        def say(event: str, **fields: object) -> None:
            events.write(json.dumps({"event": event, **fields}) + "\n")

        if job_id in cancelled:
            say("cancelled")
            continue
        say("started")
        say("progress", stage="frames", done=1, total=4, seconds_left=75.0)
        while not may_end() and job_id not in cancelled:
            listen(0.01)
            if die.exists():
                die.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(10)
        if job_id in cancelled:
            say("cancelled")
        else:
            task = json.loads((own / "job.json").read_text())
            say("done", result=result_of(task, own))
