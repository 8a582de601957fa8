"""Tasks: the worker's tasks, a function each, whose arguments are the fields of job.json.

    {"protocol": 1, "task": "animate", "job": {…}, "save_motion": FILE.npy}
    {"protocol": 1, "task": "preview", "job": {…}, "side": 384, "frames": 48}
    {"protocol": 1, "task": "thumbnails", "picture", "kind": "motion" or "appearance",
     "positions": [0, 0.5, 1], "side": 128, "frames": 8, "regions": {…}}
    {"protocol": 1, "task": "fit", "picture", "arrows": […] or "patches": […], "start", "out"}
    {"protocol": 1, "task": "regions", "picture", "regions": {…}}
    {"protocol": 1, "task": "status"}

A "job" is a document as `documents` reads it, "regions" its group of that name. Where there is no
job, "upright": false takes the picture as it is stored, "profile": false its colors. Paths are
absolute; what has a default may be left out.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, get_type_hints

import torch
from torch import Tensor

from .. import images, overwriting, regular_files, staging
from ..animator import Animator, load_animator
from ..bundles import checkpoints
from ..errors import BundleError, CodeError, DocumentError, OutputError, PictureError
from ..jobs import animate as animation
from ..jobs import fit as fitting
from ..jobs import read_files, thumbnails
from ..jobs.preview import fit_within, reduce
from ..scene.regions import Region, filled
from ..settings import DeviceName, RegionSettings, documents
from ..settings.documents import Job
from . import PROTOCOL
from .events import JobEvents
from .landscapes import KeptLandscapes

LAND = "#000000"
FOUND = {"sky": "#56b4e9", "water": "#0072b2"}  # colors of a label picture
OWN = ("#e69f00", "#009e73", "#d55e00", "#cc79a7", "#f0e442")  # of the artist's regions, in turn


READ = ("picture", "start")  # fields that name what is read, beside "job" and "regions"
WRITTEN = ("out", "save_motion")  # … and what is written
ALL = ".*"
MADE = {  # by the functions of the tasks: what they make in the job's folder; else `ALL`
    "animate": "",
    "preview": "frames",
    "draw_thumbnails": r"picture\.png|\d{3,}_(flow|\d{3,})\.png",
    "fit": r"code\.json",
    "find_regions": r"regions\.png",
    "status": "",
}
CHECKED = (str, str | None, int, bool)  # kinds of fields whose type is checked for all tasks


@dataclass(frozen=True)
class Desk:
    """The state that is kept between jobs."""

    animator: Animator
    landscapes: KeptLandscapes

    @classmethod
    def furnish(cls, bundle: Path | None, device: DeviceName) -> Desk:
        """Load a bundle onto a device."""
        animator = load_animator(bundle, device)
        return cls(animator, KeptLandscapes(animator))

    def about(self) -> dict[str, Any]:
        """The description that `worker.json` holds."""
        bundle = self.animator.bundle
        return {
            "device": str(self.animator.device),
            "bundle": str(bundle.folder or checkpoints.DEFAULT),
            "motion_codes": len(bundle.motion_codebook or ()),
            "appearance_codes": len(bundle.appearance_codebook or ()),
            "predicts_days": "code_lstm" in bundle.networks,
        }

    def do(self, job: JobEvents) -> dict[str, Any]:
        """Do a job's task; gives its result.

        Raises:
            LandscapeError: it can't be done; a field that is unknown, missing or wrong is named.
        """
        _refuse_links(job.folder)
        task, fields = read_task(job.folder / "job.json")
        _check_apart(job.folder, task, fields, self.animator.bundle.folder)
        return task(self, job, **fields)

    def tidy(self) -> None:
        """Release the GPU memory that the last job no longer needs."""
        if self.animator.device.type == "cuda":
            torch.cuda.empty_cache()


def read_task(path: Path) -> tuple[Callable[..., dict[str, Any]], dict[str, Any]]:
    """The task that a document names, and its fields."""
    try:
        document = regular_files.read_json(path, follow=False)
    except (OSError, ValueError) as error:
        raise DocumentError(f"'{path}' can't be read ({error}); expected a JSON object.") from error
    if not isinstance(document, dict):
        raise DocumentError(f"'{path}' holds no object; expected one with 'protocol' and 'task'.")
    protocol, name = document.pop("protocol", None), document.pop("task", None)
    if protocol != PROTOCOL:
        raise DocumentError(
            f"the job speaks protocol {protocol!r} and this engine {PROTOCOL}; expected both to "
            "agree: install the add-on and the engine of one version (run install_addon.py)."
        )
    task = TASKS.get(name) if isinstance(name, str) else None
    if task is None:
        raise DocumentError(f"the task is {name!r}; expected one of {', '.join(TASKS)}.")
    known = list(inspect.signature(task).parameters.values())[2:]
    for field in document:
        if field not in [p.name for p in known]:
            names = ", ".join(p.name for p in known) or "none"
            raise DocumentError(
                f"the task '{name}' has the unknown field '{field}'; expected some of: {names}."
            )
    for parameter in known:
        if parameter.default is parameter.empty and parameter.name not in document:
            raise DocumentError(f"the task '{name}' lacks the field '{parameter.name}'; add it.")
    hints = get_type_hints(task)
    for field, value in document.items():
        if hints[field] in CHECKED:
            document[field] = documents.checked(value, hints[field], field)
    return task, document


def _refuse_links(folder: Path) -> None:
    """Refuse a job whose folder leads elsewhere: what is written into it is to stay in it."""
    with os.scandir(folder) as entries:
        linked = next((entry.name for entry in entries if entry.is_symlink()), None)
    if linked is not None:
        raise DocumentError(
            f"'{linked}' in the job's folder is a link; expected files and folders: remove it."
        )


def _check_apart(
    folder: Path, task: Callable[..., dict[str, Any]], fields: dict[str, Any], bundle: Path | None
) -> None:
    """Refuse a job that would destroy what it, or the worker, reads: the other jobs too."""
    job = documents.parse(fields["job"]) if "job" in fields else Job()
    if "regions" in fields:
        job = replace(job, regions=_region_settings(fields["regions"]))
    read = [*read_files.of_job(job, bundle)]
    read += [Path(fields[name]) for name in READ if isinstance(fields.get(name), str)]
    asked = [Path(fields[name]) for name in WRITTEN if isinstance(fields.get(name), str)]
    asked += [job.out] if job.out and task is not preview else []
    own = [folder / name for name in ("job.json", "events.jsonl")]
    overwriting.check(asked, [*read, *own, folder.parents[1] / "worker.json"])
    for target in asked:
        _refuse_other_jobs(target, folder)
    of_task = re.compile(MADE.get(task.__name__, ALL))
    made = [p for p in folder.iterdir() if of_task.fullmatch(p.name)]
    overwriting.check(made, read)


def _refuse_other_jobs(target: Path, folder: Path) -> None:
    """Refuse a target among the worker's jobs that isn't in the job's own folder."""
    place = staging.resolve(target)
    for there in (place, *place.parents):
        if _is_same(there, folder):
            return
        if _is_same(there, folder.parent):
            raise OutputError(
                f"'{target}' lies among the worker's jobs, which others read; expected a place in "
                "this job's own folder or elsewhere: choose another."
            )


def _is_same(path: Path, folder: Path) -> bool:
    try:
        return path.samefile(folder)
    except (OSError, ValueError):  # it doesn't exist yet, or never can
        return False


# ------------------------------------------------------------------------ tasks


def animate(
    desk: Desk, events: JobEvents, job: Any, save_motion: str | None = None
) -> dict[str, Any]:
    """Do a job; the result is what `animate --json` reports."""
    parsed = _parsed(job)
    if parsed.out is None or not parsed.out.is_absolute():
        raise OutputError(f"the job's 'out' is '{parsed.out}'; expected an absolute path.")
    motion = None if save_motion is None else _target(save_motion, "save_motion")
    return _animate(desk, events, parsed, motion)


def preview(
    desk: Desk, events: JobEvents, job: Any, side: int = 384, frames: int = 48
) -> dict[str, Any]:
    """Do a job made small, into `frames/` in the job's folder.

    The result: frames, folder, paths, width, height, fps (at which it moves as the whole clip
    would), loop_frames, notes.
    """
    side, frames = _whole(side, "side", 16, 4096), _whole(frames, "frames", 2, 1000)
    parsed = _parsed(job)
    events.progress("read")
    clip = parsed.clip
    own = desk.landscapes.of(_existing(parsed), None, clip.upright, clip.profile, clip.wrap)
    small = reduce(parsed, own.size_hw[::-1], side, frames)
    small = replace(small, out=events.folder / "frames")
    done = _animate(desk, events, small)
    kept = ("frames", "paths", "width", "height", "loop_frames", "notes")
    return {
        **{name: done[name] for name in kept},
        "folder": str(small.out),
        "fps": small.output.fps,
    }


def draw_thumbnails(
    desk: Desk,
    events: JobEvents,
    picture: str,
    kind: str,
    positions: Sequence[float],
    side: int = 128,
    frames: int = 8,
    regions: Any = None,
    upright: bool = True,
    profile: bool = True,
) -> dict[str, Any]:
    """Draw thumbnails of the codes at positions 0..1 of a codebook.

    The result: kind, width, height, picture (the path of the small picture as it is) and
    thumbnails, each with position, flow (the path of its flow in colors; null for appearance) and
    frames (the paths of a small loop). Those of motion have direction_deg (0: right, 90: up) and
    speed (widths of the picture per frame), and an arrow in their frames; those of appearance
    lightness (0..1) and warmth (-1..1) of each frame.
    """
    side, frames = _whole(side, "side", 16, 1024), _whole(frames, "frames", 1, 100)
    if kind not in ("motion", "appearance"):
        raise DocumentError(f"'kind' is {kind!r}; expected motion or appearance.")
    if not isinstance(positions, list) or not all(_is_position(p) for p in positions):
        raise DocumentError(f"'positions' is {positions!r}; expected a list of numbers 0 to 1.")
    if not desk.about()[f"{kind}_codes"]:
        raise BundleError(f"the bundle has no codebook of {kind}; choose another bundle.")
    found = _region_settings(regions)
    events.progress("read")
    read = partial(
        desk.landscapes.of, _picture(picture), upright=bool(upright), profile=bool(profile)
    )
    own = read().image
    small = read(fit_within((own.shape[3], own.shape[2]), side))
    events.progress("predict")
    asked = (desk.animator, small, positions, frames, events.folder)
    if kind == "motion":
        drawn = thumbnails.draw_motion(*asked, found)
    else:
        drawn = thumbnails.draw_appearance(*asked)
    rows = list(events.follow(drawn, len(positions), "thumbnails"))
    height, width = small.image.shape[2:]
    plain = events.folder / "picture.png"
    images.save_image(small.picture.cpu(), plain)
    return {
        "kind": kind,
        "width": width,
        "height": height,
        "picture": str(plain),
        "thumbnails": rows,
    }


def fit(
    desk: Desk,
    events: JobEvents,
    picture: str,
    arrows: Any = (),
    patches: Any = (),
    start: str | None = None,
    out: str | None = None,
    upright: bool = True,
    profile: bool = True,
) -> dict[str, Any]:
    """Fit a code; it is written to `out`, or `code.json` in the job's folder.

    The result is what `fit --json` reports, with the errors under "errors" too.
    """
    for name, value in (("arrows", arrows), ("patches", patches)):
        if not isinstance(value, list | tuple):
            raise DocumentError(f"'{name}' is {value!r}; expected a list.")
    target = events.folder / "code.json" if out is None else _target(out, "out")
    path, begin = _picture(picture), _source(start, "start") if start else None
    asked = fitting.check(arrows, patches, target, path, begin, desk.animator.bundle.folder)
    events.progress("read")
    landscape = desk.landscapes.of(path, None, bool(upright), bool(profile))
    events.progress("predict")
    done = fitting.search(landscape, asked, target, start=begin, progress=events.follow)
    if done["note"]:
        events.note(done["note"])
    return {**done, "errors": done.get("errors_deg") or done.get("errors_levels")}


def find_regions(
    desk: Desk,
    events: JobEvents,
    picture: str,
    regions: Any = None,
    upright: bool = True,
    profile: bool = True,
) -> dict[str, Any]:
    """Segment the picture; `regions.png` in the job's folder shows each region in a color.

    The result: path, width, height, still (share of the picture) and regions, each with name, share
    and color; land is black, sky #56b4e9, water #0072b2, and the artist's own are `OWN`.
    """
    settings = _region_settings(regions)
    events.progress("read")
    landscape = desk.landscapes.of(_picture(picture), None, bool(upright), bool(profile))
    events.progress("predict")
    label, rows = _paint(filled(landscape.regions(settings)), landscape.image)
    path = events.folder / "regions.png"
    images.save_image(label, path)
    return {
        "path": str(path),
        "width": label.shape[3],
        "height": label.shape[2],
        "still": max(0.0, 1 - sum(row["share"] for row in rows)),
        "regions": rows,
    }


def status(desk: Desk, events: JobEvents) -> dict[str, Any]:
    """The content of `worker.json`."""
    return desk.about()


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "animate": animate,
    "preview": preview,
    "thumbnails": draw_thumbnails,
    "fit": fit,
    "regions": find_regions,
    "status": status,
}


# ------------------------------------------------------------------------------


def _animate(
    desk: Desk, events: JobEvents, job: Job, save_motion: Path | None = None
) -> dict[str, Any]:
    animation.check(job, save_motion, bundle=desk.animator.bundle.folder)
    events.progress("read")
    landscape, own_hw = desk.landscapes.of_job(job)
    events.progress("predict")
    done = animation.render(
        job, desk.animator, landscape, own_hw, save_motion=save_motion, progress=events.follow
    )
    for note in done["notes"]:
        events.note(note)
    return done


def _paint(
    found: Sequence[Region], image: Tensor
) -> tuple[Tensor, list[dict[str, Any]]]:  # [1, 3, h, w] in [-1, 1]
    """Regions in colors, at the size of their masks, and what they are."""
    own = iter(OWN * (1 + len(found) // len(OWN)))
    height, width = found[0].alpha.shape[2:] if found else image.shape[2:]
    label = _color(LAND).expand(1, 3, height, width).clone()
    rows = []
    for region in found:
        color = FOUND.get(region.name) or next(own)
        alpha = region.alpha.cpu()
        label = torch.where(alpha > 0.5, _color(color), label)
        rows.append({"name": region.name, "share": float(alpha.mean()), "color": color})
    return label, rows


def _color(text: str) -> Tensor:  # [1, 3, 1, 1] in [-1, 1]
    return torch.tensor(list(bytes.fromhex(text[1:]))).view(1, 3, 1, 1) / 127.5 - 1


def _parsed(job: Any) -> Job:
    parsed = documents.parse(job)
    _existing(parsed)
    return parsed


def _existing(job: Job) -> Path:
    return _picture(None if job.picture is None else str(job.picture))


def _picture(path: Any) -> Path:
    if not isinstance(path, str) or not path or not documents.is_usable(path):
        raise DocumentError(f"'picture' is {path!r}; expected the path of a picture: name one.")
    if not Path(path).is_absolute():
        raise PictureError(f"the picture's path is '{path}'; expected an absolute one.")
    try:
        there = Path(path).is_file()
    except OSError as error:  # a name that no system takes
        raise PictureError(staging.explain_failure(error)) from error
    if not there:
        raise PictureError(f"'{path}' isn't there or is no file; expected a picture: check it.")
    return Path(path)


def _source(path: str, name: str) -> Path:
    if not Path(path).is_absolute():
        raise CodeError(f"'{name}' is {path!r}; expected an absolute path of a file.")
    return Path(path)


def _target(path: Any, name: str) -> Path:
    usable = isinstance(path, str) and documents.is_usable(path)
    if not usable or not Path(path).is_absolute():
        raise OutputError(f"'{name}' is {path!r}; expected an absolute path of a file.")
    return Path(path)


def _region_settings(group: Any) -> RegionSettings:
    group = {} if group is None else group
    found = documents.parse({"version": documents.VERSION, "regions": group}).regions
    read_files.check_regions(found)
    return found


def _whole(value: Any, name: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise DocumentError(f"'{name}' is {value!r}; expected a whole number {least} to {most}.")
    return value


def _is_position(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
