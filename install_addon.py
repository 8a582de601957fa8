#!/usr/bin/env python3
"""Install the Landscape add-on: the extension in Blender and the engine that it starts.

    python3 install_addon.py                          into every Blender that is found here
    python3 install_addon.py --blender PATH           into that one (or a command that runs it)
    python3 install_addon.py --python PATH            with an environment that has the engine
    python3 install_addon.py --torch cpu|cuda         with that torch, whatever this machine has
    python3 install_addon.py --dry-run | --uninstall | --zip-only
    python3 install_addon.py --repository DIR         a repository that many Blenders update from

Standard library only, Python 3.9 or later. What needs bpy, Blender does by running this same file
(`inside`). A failure names its step and the remedy, and leaves nothing half installed. The parts
below: the command, the zip, the engine's environment, its torch, Blender from outside and inside.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import glob
import hashlib
import importlib.util
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent
ADDON = REPOSITORY / "blender_addon"
REPO = "user_default"  # Blender's name for its repository of extensions that come from a file
OLDEST_BLENDER = (4, 2)
PYTHONS = ("3.14", "3.13", "3.12", "3.11", "3.10")  # as requires-python in pyproject.toml
MARKER = "made_by_install_addon.txt"  # in an environment of ours: what it was made from
ANSWER = "install_addon answers: "
WINDOWS = os.name == "nt"
MAC_BINARY = "Contents/MacOS/Blender"  # in an app's folder
TORCH_INDEX = "https://download.pytorch.org/whl/"  # has the builds that pip's registry lacks
TORCH_BUILDS = {"cpu": "cpu", "cuda": "cu128"}
INSTRUCTIONS = """\
Landscape on a machine without a network

1. Where there is one, with the same system and Python ({pythons}), in this folder:
       python3 -m pip wheel --wheel-dir wheels "{repository}"
   Copy this folder, wheels/ included (some GB), to the other machine.
2. There, in this folder (on Windows: engine\\Scripts\\python.exe):
       python3 -m venv engine
       engine/bin/python -m pip install --no-index --find-links wheels landscape-engine=={version}
3. In Blender 4.2 or later: Edit > Preferences > Get Extensions > the arrow at the top right >
   Install from Disk > {archive}
4. In the add-on's preferences set Engine's Python to the whole path of engine/bin/python.
   The tab Landscape is in the 3D view's sidebar (press N).

With a checkout of the repository there, this does 3 and 4 and checks them:
       python3 install_addon.py --python engine/bin/python
"""


class Failure(Exception):
    """A step that can't be done: what is wrong, and the remedy."""

    def __init__(self, step: str, text: str) -> None:
        super().__init__(f"{step}: {text}")


def say(step: str, text: object) -> None:
    """Print one line of what is done."""
    print(f"{step:<12} {text}", flush=True)


# ---- the command


def main(words: list[str] | None = None) -> int:
    """Do what the command line asks; 0 where every step went well, else 1."""
    options = parse(words)
    try:
        failures = each_step(options)
    except Failure as failure:
        failures = [failure]
    except KeyboardInterrupt:
        failures = [Failure("Ctrl-C", "what was begun is undone; run it again to go on.")]
    for failure in failures:
        print(f"failed at {failure}", file=sys.stderr)
    if not failures and not (options.dry_run or options.zip_only or options.repository):
        where = "; the tab Landscape is in the 3D view's sidebar (N)"
        say("done", f"restart Blender where it is open{'' if options.uninstall else where}.")
    return 1 if failures else 0


def parse(words: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add(
        "--blender", action="append", default=[], help="a Blender's path, or a command that runs it"
    )
    add("--python", metavar="PATH", help="an interpreter that has the engine; none is made then")
    add("--environment", type=Path, metavar="DIR", default=data_folder() / "venv")
    add(
        "--torch",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="the build of torch; auto: for CUDA where there is NVIDIA's driver",
    )
    add("--uninstall", action="store_true", help="remove all that this script installed")
    add("--dry-run", action="store_true", help="say what would be done and do nothing")
    add("--zip-only", action="store_true", help="write the zip and INSTALL.txt, install nothing")
    add(
        "--repository",
        type=Path,
        metavar="DIR",
        help="write a static repository of extensions with the add-on, install nothing",
    )
    add("--out", type=Path, metavar="DIR", default=Path("dist"), help="folder for --zip-only")
    add("--no-check", action="store_true", help="leave out the tiny job at the end")
    options = parser.parse_args(words)
    options.environment = Path(os.path.abspath(options.environment.expanduser()))
    if options.python:  # made absolute, but not resolved: a link into an environment is the point
        options.python = os.path.abspath(shutil.which(options.python) or options.python)
    return options


def each_step(options: argparse.Namespace) -> list[Failure]:
    """Do what was asked; give the failures of single Blenders, which don't stop the others."""
    dry, manifest = options.dry_run, "blender_addon/blender_manifest.toml"
    identity, failures = stated(manifest, "id"), []
    name = f"{identity}-{stated(manifest, 'version')}.zip"
    if options.zip_only:
        write_zip(options.out, name, dry)
        return []
    if options.repository:
        write_repository(options.repository, identity, name, options, dry)
        return []
    if options.python and not options.uninstall:
        check_engine(options.python)
    blenders = []
    for blender in find_blenders(options.blender, options.python):
        try:
            blenders.append((blender, look_at(blender, identity, options.python)))
        except Failure as failure:
            failures.append(failure)
    if options.blender and failures and not options.uninstall:
        return failures  # before anything is downloaded
    if not options.uninstall:
        if not blenders:
            lacking = Failure("blender", "none was found here; give --blender PATH, or --zip-only.")
            return failures or [lacking]
        if not options.python:
            options.python = make_environment(options.environment, options.torch, dry)
    with tempfile.TemporaryDirectory() as folder:
        for blender, about in blenders:
            try:
                if options.uninstall:
                    uninstall(blender, about, identity, dry)
                else:
                    archive = pack(ADDON, Path(folder) / name)
                    install_into(blender, about, archive, identity, options)
            except Failure as failure:
                failures.append(failure)
    if options.uninstall and not failures:
        remove_environment(options.environment, dry)
    return failures


# ---- the repository: versions and the extension's zip


def stated(file: str, name: str) -> str:
    """The text of `name = "…"` in one of this repository's Python or TOML files."""
    with contextlib.suppress(OSError):
        text = (REPOSITORY / file).read_text(encoding="utf-8")
        found = re.search(rf'(?m)^{name}\s*=\s*"([^"]+)"', text)
        if found:
            return found[1]
    raise Failure("repository", f"{REPOSITORY / file} lacks {name}; run this in a whole checkout.")


def engine_version() -> str:
    """The version that the environment must have."""
    return stated("landscape_engine/__init__.py", "__version__")


def required(package: str) -> list[str]:
    """The requirement in pyproject.toml for a package that the engine needs."""
    text = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    return re.findall(rf'"({package}[^"]*)"', text)[:1] or [package]


def engine_fingerprint() -> str:
    """A line that changes whenever the engine's files do."""
    digest = hashlib.sha256()
    for path in sorted(
        [REPOSITORY / "pyproject.toml", *(REPOSITORY / "landscape_engine").rglob("*")]
    ):
        if path.is_file() and path.parent.name != "__pycache__":
            name = path.relative_to(REPOSITORY).as_posix()
            digest.update(f"{name} {path.stat().st_size} ".encode() + path.read_bytes())
    return f"landscape-engine {engine_version()} {digest.hexdigest()}"


def write_zip(out: Path, name: str, dry: bool) -> None:
    """Write the extension's zip and the instructions for a machine without a network."""
    words = {"archive": name, "version": engine_version(), "repository": REPOSITORY}
    text = INSTRUCTIONS.format(pythons=" or ".join(PYTHONS), **words)
    try:
        if not dry:
            pack(ADDON, out / name)
            (out / "INSTALL.txt").write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure("package", f"{out} can't be written ({error}); give another --out.") from None
    say("package", f"{out / name} and INSTALL.txt beside it")


def write_repository(
    out: Path, identity: str, name: str, options: argparse.Namespace, dry: bool
) -> None:
    """Write a folder that Blenders install and update the add-on from, once they know of it."""
    out = Path(os.path.abspath(out.expanduser()))
    blenders = find_blenders(options.blender, options.python)
    if not blenders:
        raise Failure("repository", "no Blender was found to list it; give --blender PATH.")
    earlier = [path for path in sorted(out.glob(f"{identity}-*.zip")) if path.name != name]
    try:
        if not dry:
            pack(ADDON, out / name)
            for path in earlier:
                path.unlink()
            blenders[0].list_extensions(out)
            if f"./{name}" not in (text_of(out / "index.json") or ""):
                raise Failure(
                    "repository",
                    f"{blenders[0].name} didn't list {out / name}; give --blender one from 4.2 on.",
                )
    except OSError as error:
        raise Failure("repository", f"{out} can't be written ({error}); give another.") from None
    for path in earlier:
        say("repository", f"{path} is replaced")
    say("repository", f"{out / name}, listed in index.json")
    say(
        "share",
        "put the folder on a web server or a drive that all reach; each artist once: Preferences > "
        "Get Extensions > Repositories > + > Add Remote Repository, with the address of its "
        f"index.json, such as {(out / 'index.json').as_uri()}",
    )


def pack(folder: Path, archive: Path) -> Path:
    """Write an extension's zip; the same files always give the same bytes."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in contents(folder).items():
            written.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return archive


def contents(folder: Path) -> dict[str, bytes]:
    """The files of an extension by relative path, without those that its manifest excludes."""
    manifest = (folder / "blender_manifest.toml").read_text(encoding="utf-8")
    listed = re.search(r"(?ms)^paths_exclude_pattern\s*=\s*\[(.*?)\]", manifest)
    patterns = ["__pycache__/", ".*", "/*.zip"]
    patterns += re.findall(r'"([^"]+)"', listed[1]) if listed else []
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {n: files[n].read_bytes() for n in sorted(files) if not excluded(n, patterns)}


def excluded(path: str, patterns: list[str]) -> bool:
    """Whether a pattern (as in .gitignore, without ! and **) names a file or a folder above it."""
    parts = path.split("/")
    for end in range(1, len(parts) + 1):
        for pattern in patterns:
            start = 0 if "/" in pattern[:-1] else end - 1
            is_file = end == len(parts)
            name = "/".join(parts[start:end])
            if fnmatch.fnmatchcase(name, pattern.strip("/")) and not (
                is_file and pattern.endswith("/")
            ):
                return True
    return False


# ---- the engine's environment


def data_folder() -> Path:
    """Where programs of this user keep their data."""
    if WINDOWS:
        base = os.environ.get("LOCALAPPDATA", "~/AppData/Local")
    elif sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "landscape-engine"


def check_engine(interpreter: str) -> None:
    """Refuse an interpreter that lacks this version of the engine."""
    if shutil.which(interpreter) is None:
        what = "is no program" if os.path.exists(interpreter) else "isn't there"
        raise Failure(
            "environment",
            f"{interpreter} {what}, expected a Python; give its path, or leave out --python.",
        )
    found = engine_of(interpreter)
    if found != engine_version():
        has = f"has landscape-engine {found}" if found else "has no landscape-engine"
        raise Failure(
            "environment",
            f"{interpreter} {has}, expected {engine_version()}; run "
            f'"{interpreter}" -m pip install "{REPOSITORY}", or leave out --python.',
        )
    say("environment", f"{interpreter} has landscape-engine {found}")


def make_environment(folder: Path, torch: str, dry: bool) -> str:
    """Make the environment, or bring it up to date; give its interpreter."""
    python = folder / ("Scripts/python.exe" if WINDOWS else "bin/python")
    kind, index = torch_of(torch)
    marker, wanted = folder / MARKER, f"{engine_fingerprint()} torch for {kind}"
    made_from = text_of(marker)
    if made_from == wanted and python.exists():
        say("environment", f"{folder} is up to date")
        return str(python)
    if made_from is None and folder.exists() and any(folder.iterdir()):
        raise Failure("environment", f"{folder} isn't this script's; give another --environment.")
    base = base_python()
    size = "some GB" if kind == "cuda" else "some 500 MB"
    say("environment", f"{folder} by {base}, with the engine and torch for {kind} ({size})")
    if dry:
        return str(python)
    above = [parent for parent in folder.parents if not parent.exists()]  # the nearest first
    earlier = re.search(r" torch for (\w+)$", made_from or "")
    # An empty marker is what a killed run left; and pip takes one build of torch for another.
    is_new = not made_from or (earlier is not None and earlier[1] != kind)
    try:
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            marker.write_text("", encoding="utf-8")
            subprocess.run([base, "-m", "venv", str(folder)], check=True)
        install_torch(str(python), kind, index)
        subprocess.run([str(python), "-m", "pip", "install", str(REPOSITORY)], check=True)
        marker.write_text(wanted, encoding="utf-8")
    except (OSError, subprocess.CalledProcessError, KeyboardInterrupt) as error:
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
            for parent in above:
                with contextlib.suppress(OSError):
                    parent.rmdir()
        raise Failure(
            "environment",
            f"{folder} couldn't be made ({error or 'interrupted'}), the lines above "
            "say more; it takes a network and some 6 GB of disk (without a network: --zip-only).",
        ) from None
    ask = "import torch; print(torch.__version__, 'for CUDA', torch.version.cuda or '- none')"
    say("torch", said_by(str(python), "-c", ask) or "can't be imported")
    return str(python)


def base_python() -> str:
    """A Python here that the engine runs on and that can make environments."""
    ask = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    for python in [sys.executable, *filter(None, (shutil.which(f"python{v}") for v in PYTHONS))]:
        if said_by(python, "-c", ask) in PYTHONS:
            return python
    raise Failure(
        "environment",
        f"no Python {' or '.join(PYTHONS)} with venv was found; install one (on "
        "Debian and Ubuntu python3-venv too) and run this with it, or give --python.",
    )


def remove_environment(folder: Path, dry: bool) -> None:
    """Remove the environment, if this script made it."""
    if not (folder / MARKER).exists():
        say("uninstall", f"{folder} isn't this script's: left alone")
        return
    say("uninstall", folder)
    if not dry:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            raise Failure("uninstall", f"{folder} is still there; close Blender and try again.")
        with contextlib.suppress(OSError):
            folder.parent.rmdir()


def engine_of(interpreter: str) -> str | None:
    """The version of the engine that an interpreter has, or None."""
    return said_by(interpreter, "-I", "-c", "import landscape_engine as e; print(e.__version__)")


def said_by(*command: str) -> str | None:
    """What a command prints, or None where it fails; Python's own variables are kept from it."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(
            command, capture_output=True, text=True, timeout=300, env=environment, check=True
        ).stdout.strip()
    return None


def text_of(file: Path) -> str | None:
    """What a small file holds, or None where there is none."""
    return file.read_text(encoding="utf-8") if file.exists() else None


def write_whole(file: Path, text: str | None) -> None:
    """Write a small file whole or not at all; without a text remove it."""
    try:
        if text is None:
            return file.unlink(missing_ok=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.with_suffix(".part").write_text(text, encoding="utf-8")
        os.replace(file.with_suffix(".part"), file)
    except OSError as error:
        raise Failure("record", f"{file} can't be written ({error}); free its folder.") from None


# ---- torch, built for this machine


def torch_of(asked: str) -> tuple[str, list[str]]:
    """The kind of torch, "cpu", "cuda" or "apple", and the options by which pip finds it.

    The registry's own build is CPU-only on Windows and ARM, and for CUDA (some GB) on Linux.
    """
    if sys.platform == "darwin":
        return "apple", []
    kind = ("cuda" if has_nvidia() else "cpu") if asked == "auto" else asked
    small = WINDOWS or platform.machine().lower() in ("aarch64", "arm64")
    if kind == ("cpu" if small else "cuda"):
        return kind, []
    return kind, ["--index-url", TORCH_INDEX + TORCH_BUILDS[kind]]


def has_nvidia() -> bool:
    """Whether this machine has a driver for NVIDIA's GPUs."""
    places = ["/proc/driver/nvidia/version"]
    if WINDOWS:
        places = [os.path.expandvars("%SystemRoot%/System32/nvcuda.dll")]
    return shutil.which("nvidia-smi") is not None or any(map(os.path.exists, places))


def install_torch(python: str, kind: str, index: list[str]) -> None:
    """Install a build that the registry lacks; where that fails, the engine brings pip's own."""
    if not index:
        return
    words = ["-m", "pip", "install", *required("torch"), *index]
    if subprocess.run([python, *words]).returncode != 0:
        say("torch", f"{index[-1]} has none for {kind}; pip's own is taken instead")


# ---- Blender, seen from outside


def find_blenders(asked: list[str], interpreter: str | None) -> list[Blender]:
    """Those asked for; else each Blender here, and the bpy wheels of this and the given Python."""
    if asked:
        return [Blender(text) for text in asked]
    wheels = [sys.executable] if importlib.util.find_spec("bpy") else []
    looks = "import importlib.util, sys; sys.exit(importlib.util.find_spec('bpy') is None)"
    if interpreter not in (None, sys.executable) and said_by(interpreter, "-c", looks) is not None:
        wheels.append(interpreter)
    for path in downloaded():
        say("blender", f'{path} is left alone, a download; to use it give --blender "{path}"')
    return [Blender(path) for path in usual_places() + wheels]


def usual_places() -> list[str]:
    """The Blenders on the path and where their installers put them."""
    steam, binary = "steamapps/common/Blender", MAC_BINARY
    if WINDOWS:
        patterns = ["%ProgramFiles%/Blender Foundation/Blender */blender.exe"]
        patterns += [f"%ProgramFiles(x86)%/Steam/{steam}/blender.exe"]
    elif sys.platform == "darwin":
        patterns = [f"{place}/Applications/Blender*.app/{binary}" for place in ("", "~")]
        patterns += [f"~/Library/Application Support/Steam/{steam}/Blender.app/{binary}"]
    else:
        homes = ("/opt", "/usr/local", "~", "~/Applications")
        patterns = [f"{home}/[Bb]lender*/blender" for home in homes]
        patterns += ["/snap/bin/blender", f"~/.local/share/Steam/{steam}/blender"]
        exported = "flatpak/exports/bin/org.blender.Blender"
        patterns += [f"/var/lib/{exported}", f"~/.local/share/{exported}"]
    found = [shutil.which("blender") or "", *globbed(patterns)]
    places = {os.path.realpath(path): path for path in found if path}
    unasked = os.path.realpath(os.path.expanduser("~/Downloads")) + os.sep
    return [path for real, path in places.items() if not real.startswith(unasked)]


def downloaded() -> list[str]:
    """The Blenders that lie among downloads, where anything may have come from."""
    names = ("[Bb]lender*/blender", "[Bb]lender*/blender.exe", f"[Bb]lender*.app/{MAC_BINARY}")
    return globbed([f"~/Downloads/{name}" for name in names])


def globbed(patterns: list[str]) -> list[str]:
    """The files that patterns name."""
    expanded = [os.path.expandvars(os.path.expanduser(pattern)) for pattern in patterns]
    return [path for pattern in expanded for path in sorted(glob.glob(pattern))]


class Blender:
    """A Blender, or a Python with the bpy wheel: a path, or a command of several words."""

    def __init__(self, text: str) -> None:
        self.name = text
        path = Path(text).expanduser()
        if path.is_dir():
            names = ("blender", "blender.exe", MAC_BINARY)
            path = next((path / name for name in names if (path / name).is_file()), path)
        self.command = [str(path)]
        if not path.exists():
            with contextlib.suppress(ValueError):  # a lone quote, in a name that isn't there
                self.command = [w.strip('"') for w in shlex.split(text, posix=not WINDOWS)]
        self.is_wheel = Path(self.command[0]).name.lower().startswith("python")

    def ask(self, step: str, task: str, **job: object) -> dict:
        """Have it do a task of `inside`; give the answer."""
        this = str(Path(__file__).resolve())
        job_text = json.dumps({"task": task, "wheel": self.is_wheel, **job})
        start = [this] if self.is_wheel else ["--background", "--python", this, "--"]
        command = [*self.command, *start, "--inside", job_text]
        both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=1200, **both)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failure(
                step, f"{self.name} doesn't run ({error}); give another --blender."
            ) from None
        printed = done.stdout.decode("utf-8", "replace").splitlines()
        lines = [line for line in printed if line.strip() not in ("", "Blender quit")]
        for line in lines:
            if line.startswith(ANSWER):
                return json.loads(line[len(ANSWER) :])
        raise Failure(
            step,
            f"{self.name} gave no answer, only '{(lines or [''])[-1]}'; "
            "give --blender the path of a Blender.",
        )

    def list_extensions(self, folder: Path) -> None:
        """Have its own tool list a folder's zips in index.json and index.html."""
        arguments = ["server-generate", "--html", "--repo-dir", str(folder)]
        if self.is_wheel:
            self.do("repository", "list", "see that the folder can be written", words=arguments)
        else:
            command = [*self.command, "--background", "--command", "extension", *arguments]
            with contextlib.suppress(OSError):
                subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)

    def do(self, step: str, task: str, remedy: str, **job: object) -> dict:
        """Ask, and turn what went wrong inside into the step's failure."""
        answer = self.ask(step, task, **job)
        if "error" in answer:
            error = " ".join(answer["error"].removeprefix("Error: ").split()).rstrip(".")
            raise Failure(step, f"{self.name} says: {error}; {remedy}.")
        return answer


def look_at(blender: Blender, identity: str, interpreter: str | None) -> dict:
    """What `about` says of a Blender; refuse one that no extension can be put into."""
    about = blender.do(
        "blender", "about", "start it once by hand", id=identity, interpreter=interpreter
    )
    version = ".".join(map(str, about["version"]))
    say("blender", f"{blender.name} is Blender {version}")
    if about["version"] < list(OLDEST_BLENDER):
        raise Failure("blender", f"{blender.name} is {version}, expected 4.2 or later; update it.")
    if not about["folder"]:
        raise Failure(
            "blender",
            f"{blender.name} has no repository called User Default; add one in "
            "Preferences > Get Extensions > Repositories.",
        )
    return about


def install_into(
    blender: Blender, about: dict, archive: Path, identity: str, options: argparse.Namespace
) -> None:
    """Install, record the interpreter, check; take this run's part back where a step fails."""
    folder, record = Path(about["folder"]), Path(about["user_folder"]) / "engine.json"
    wanted = json.dumps({"interpreter": options.python, "version": engine_version()})
    recorded = text_of(record)
    is_installed = folder.is_dir() and contents(folder) == contents(ADDON)
    if options.dry_run:
        say("install", f"{folder} {'stays' if is_installed else 'would be written'}")
        say("record", f"{record} {'stays' if recorded == wanted else 'would be written'}")
        return
    engine = about["engine"] or blender.ask("blender", "engine", interpreter=options.python).get(
        "engine"
    )
    if engine != engine_version():
        raise Failure(
            "blender",
            f"{blender.name} can't start {options.python}, perhaps from within a sandbox "
            "such as Flatpak's; take one from blender.org, or give a --python that it can start.",
        )
    with contextlib.ExitStack() as undo:
        if is_installed and about["enabled"]:
            say("install", f"{folder} is up to date")
        else:
            install_extension(blender, archive, identity, folder, undo)
        if recorded != wanted:
            undo.callback(write_whole, record, recorded)
            write_whole(record, wanted)
        say("record", f"{record} names {options.python}")
        if not options.no_check:
            check_in(blender, identity, record.parent)
        undo.pop_all()


def install_extension(
    blender: Blender, archive: Path, identity: str, folder: Path, undo: contextlib.ExitStack
) -> None:
    """Have Blender install the zip; put onto the stack what brings the earlier state back."""
    remedy = "see that its user folder can be written"
    if folder.is_dir():
        earlier = pack(folder, archive.with_name(f"earlier-{archive.name}"))
        undo.callback(blender.ask, "install", "install", archive=str(earlier))
    else:
        undo.callback(blender.ask, "install", "remove", id=identity)
    blender.do("install", "install", remedy, archive=str(archive))
    if not folder.is_dir() or contents(folder) != contents(ADDON):
        raise Failure("install", f"{folder} doesn't hold what {archive.name} does; {remedy}.")
    say("install", f"{folder}, enabled")


def check_in(blender: Blender, identity: str, user_folder: Path) -> None:
    """Have Blender do a tiny job; where it fails, show the ends of the add-on's logs."""
    remedy = "mend that and try again, or leave this out with --no-check"
    try:
        files = blender.do("check", "check", remedy, id=identity)["files"]
    except Failure:  # the logs that it may name go with the extension
        for log in user_folder.rglob("*.log"):
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            print(f"{log} ends with:", *lines[-20:], sep="\n", file=sys.stderr)
        raise
    say("check", f"a tiny job through Blender made {files} frames")


def uninstall(blender: Blender, about: dict, identity: str, dry: bool) -> None:
    """Take the extension and its record out of a Blender."""
    folder, user_folder = Path(about["folder"]), Path(about["user_folder"])
    if not folder.is_dir():
        say("uninstall", f"{folder} isn't there")
        return
    say("uninstall", folder)
    if not dry:
        blender.do("uninstall", "remove", "close it and try again", id=identity)
        shutil.rmtree(user_folder, ignore_errors=True)


# ---- inside Blender


def inside(job: dict) -> None:
    """Do one task with bpy, print the answer and end, whatever add-ons hold at exit."""
    import bpy

    tasks = {
        "about": about,
        "engine": engine,
        "install": install,
        "remove": remove,
        "check": check,
        "list": list_extensions,
    }
    try:
        answer = tasks[job["task"]](bpy, job)
    except Exception as error:  # whoever started this Blender makes a sentence of it
        answer = {"error": str(error) or type(error).__name__}
    print(f"\n{ANSWER}{json.dumps(answer)}", flush=True)
    shutil.rmtree(bpy.app.tempdir, ignore_errors=True)
    os._exit(0)


def about(bpy, job: dict) -> dict:
    """The version, where the extension is or would be, and the engine as seen from here."""
    answer = {"version": list(bpy.app.version)}
    if bpy.app.version < OLDEST_BLENDER:
        return answer
    preferences, module = bpy.context.preferences, module_of(job)
    homes = [repo.directory for repo in preferences.extensions.repos if repo.module == REPO]
    # The wheel always starts with factory settings: there a script enables what it uses.
    answer["enabled"] = job["wheel"] or module in preferences.addons
    answer["folder"] = os.path.join(homes[0], job["id"]) if homes else None
    answer["user_folder"] = bpy.utils.extension_path_user(module)
    answer["engine"] = job["interpreter"] and engine_of(job["interpreter"])
    return answer


def engine(bpy, job: dict) -> dict:
    """The engine as seen from here."""
    return {"engine": engine_of(job["interpreter"])}


def install(bpy, job: dict) -> dict:
    """Install a zip and enable it."""
    path = job["archive"]
    bpy.ops.extensions.package_install_files(filepath=path, repo=REPO, enable_on_install=True)
    return remember(bpy, job)


def remove(bpy, job: dict) -> dict:
    """Disable and remove the extension."""
    names = [repo.module for repo in bpy.context.preferences.extensions.repos]
    bpy.ops.extensions.package_uninstall(repo_index=names.index(REPO), pkg_id=job["id"])
    return remember(bpy, job)


def list_extensions(bpy, job: dict) -> dict:
    """Run the tool of the wheel's, which knows no --command."""
    scripts = Path(bpy.utils.system_resource("SCRIPTS"))
    tool = scripts / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    done = subprocess.run(
        [sys.executable, str(tool), *job["words"]], capture_output=True, text=True, timeout=300
    )
    return {"error": done.stderr or done.stdout} if done.returncode else {}


def remember(bpy, job: dict) -> dict:
    """Save the preferences; the wheel's are factory ones and would overwrite a Blender's."""
    if not job["wheel"]:
        bpy.ops.wm.save_userpref()
    return {}


def check(bpy, job: dict) -> dict:
    """Animate a tiny picture on a plane, as an artist would, and count the frames."""
    module = module_of(job)
    if module not in bpy.context.preferences.addons:
        bpy.ops.preferences.addon_enable(module=module)
    width, height, frames = 64, 36, 4
    with tempfile.TemporaryDirectory() as folder:
        picture = bpy.data.images.new("check", width, height)
        places = [(x, y) for y in range(height) for x in range(width)]
        picture.pixels = [v for x, y in places for v in (y / height, x % 9 / 9, 1 - y / height, 1)]
        picture.filepath_raw, picture.file_format = os.path.join(folder, "check.png"), "PNG"
        picture.save()
        bpy.ops.landscape.make_plane(filepath=picture.filepath_raw)
        settings = bpy.context.object.landscape
        settings.clip.frames, settings.clip.size_from = frames, "EXACT"
        settings.clip.width, settings.clip.height = width, height
        settings.output.folder = os.path.join(folder, "frames")
        bpy.ops.landscape.animate()
        files = [p for p in Path(settings.output.folder).rglob("*.png") if p.stat().st_size]
        if len(files) < frames:
            raise RuntimeError(f"the job left {len(files)} PNG files, expected {frames}")
    return {"files": len(files)}


def module_of(job: dict) -> str:
    """The name that Blender imports the extension by."""
    return f"bl_ext.{REPO}.{job['id']}"


if __name__ == "__main__":
    if "--inside" in sys.argv:
        inside(json.loads(sys.argv[-1]))
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main())
