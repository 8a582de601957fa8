"""What is published: the source distribution, the metadata, and the versions that CI installs."""

from __future__ import annotations

import re
import tarfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
ALONE = {
    ".ci/run", "LICENSE", "README.md", "constraints.txt", "constraints-blender.txt",
    "install_addon.py", "pyproject.toml",
}  # fmt: skip
WHOLE = "benchmarks", "blender_addon", "docs", "examples", "landscape_engine", "tests"


@pytest.fixture(scope="module")
def sdist(tmp_path_factory) -> dict[str, bytes]:
    """The files of the source distribution, as hatchling builds it, by their paths in it."""
    builders = pytest.importorskip("hatchling.builders.sdist", reason="hatchling isn't installed")
    pytest.importorskip("hatch_fancy_pypi_readme", reason="the README's plugin isn't installed")
    builder = builders.SdistBuilder(str(ROOT))
    (archive,) = builder.build(directory=str(tmp_path_factory.mktemp("dist")))
    with tarfile.open(archive) as opened:
        files = [member for member in opened.getmembers() if member.isfile()]
        return {m.name.partition("/")[2]: opened.extractfile(m).read() for m in files}


@pytest.fixture(scope="module")
def metadata(sdist) -> Message:
    return Parser().parsestr(sdist["PKG-INFO"].decode())


@pytest.fixture(scope="module")
def project() -> dict:
    tomllib = pytest.importorskip("tomllib", reason="tomllib comes with Python 3.11")
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_sdist_holds_the_add_on_the_installer_and_all_that_tests_need(sdist):
    here = {path.relative_to(ROOT) for folder in WHOLE for path in (ROOT / folder).rglob("*")}
    made = "__pycache__", ".pytest_cache", ".ruff_cache"
    wanted = {p.as_posix() for p in here if (ROOT / p).is_file() and not {*made} & {*p.parts}}
    assert wanted | ALONE <= set(sdist)
    assert {"blender_addon/LICENSE", "tests/masks/example.png"} <= set(sdist)
    assert sdist["install_addon.py"] == (ROOT / "install_addon.py").read_bytes()


def test_the_metadata_names_authors_licence_and_pythons(metadata):
    assert metadata["Author"] == "The landscape-engine authors"
    assert metadata["License-Expression"] == "Apache-2.0"
    classifiers = metadata.get_all("Classifier")
    assert not any(c.startswith("License ::") for c in classifiers)  # as PEP 639 asks
    assert {c.partition(" :: ")[0] for c in classifiers} >= {"Development Status", "Topic"}
    minors = [int(m[1]) for c in classifiers if (m := re.fullmatch(r".*:: 3\.(\d+)", c))]
    accepted = SpecifierSet(metadata["Requires-Python"])
    assert minors == [minor for minor in range(30) if f"3.{minor}" in accepted]
    typed = (ROOT / "landscape_engine" / "py.typed").exists()
    assert ("Typing :: Typed" in classifiers) == typed


def test_the_published_readme_shows_nothing_that_only_the_repository_has(metadata, sdist):
    published = metadata.get_payload()
    assert published.startswith("# landscape-engine\n")
    targets = re.findall(r"\]\(([^)]*)\)", published)
    assert all(target.startswith("https://") for target in targets), targets
    linked = re.findall(r"\]\(([^)#:]+)[^):]*\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(linked) > 10
    for file in linked:
        assert f"`{file}`" in published and file in sdist


def direct(project) -> list[Requirement]:
    """What the project asks for itself, with its extras."""
    groups = project["dependencies"], *project["optional-dependencies"].values()
    wanted = [Requirement(text) for group in groups for text in group]
    return [one for one in wanted if one.name != project["name"]]


def test_each_dependency_has_one_version_that_the_project_accepts(project):
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    versions = {canonicalize_name(name): version for name, version in pins}
    assert len(versions) == len(pins)
    for one in direct(project):
        assert one.specifier.contains(versions[canonicalize_name(one.name)]), one


def test_what_comes_with_blenders_wheels_has_one_version_too():
    """CI installs it by these lines, and fails where anything else came in."""
    lines = (ROOT / "constraints-blender.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert {"numpy", "pillow", "requests", "zstandard", "Cython"} <= pins.keys()
    assert Requirement("numpy<2").specifier.contains(pins["numpy"])
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    installs = re.findall(r"^.*pip\" install.*bpy==.*$", script, re.MULTILINE)
    assert installs and all("-c constraints-blender.txt" in line for line in installs)
    assert 'locked "$scratch/bpy$1/bin/python" constraints-blender.txt' in script


def test_lower_bounds_are_those_beyond_the_known_holes(project):
    """SECURITY.md's table and pyproject.toml say the same."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| ([\w-]+) \| ([\d.]+) \|", text, re.MULTILINE))
    least = {"torch", "pillow", "opencv-python-headless", "OpenEXR", "av", "cryptography"}
    assert least <= set(table)
    bounds: dict[str, set[str]] = {}
    for one in direct(project):
        bounds.setdefault(one.name, set()).update(s.version for s in one.specifier)
    for name, version in table.items():
        assert version in bounds[name], name
