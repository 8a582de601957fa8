"""Facts of the report's page: whatever names and sentences hold, they are text and nothing more."""

from __future__ import annotations

import dataclasses
import json
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from landscape_engine.farm import batch_report, manifests
from landscape_engine.farm.ledger import Record
from landscape_engine.farm.outcomes import End, Outcome, Plan
from landscape_engine.farm.roots import Roots

TAGS = {"html", "meta", "title", "style", "h1", "p", "main", "article", "img", "h2", "a"}
HOSTILE = [
    "<script>alert(1)</script>", "a\" onmouseover=\"alert(1)", "javascript:alert(1)",
    "</style><img src=x onerror=alert(1)>", "a\nb\x1b[31m", "\u202egnp.exe", "%2e%2e/x",
    "&lt;b&gt;", "a?b#c", "\udce9.png",
]  # fmt: skip


class Seen(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text(tmp_path: Path, name: str) -> None:
    plates, out = tmp_path / "plates", tmp_path / "out"
    plates.mkdir()
    out.mkdir()
    manifest = plates / "a.jsonl"
    manifest.write_text(
        json.dumps({"picture": "a.png", "out": name})
        + "\n"
        + json.dumps({"picture": "b.png", "out": "b"})
    )
    roots = Roots.named([plates], out)
    items = manifests.read(manifest, roots)
    record = Record("0", [], f"posters/{name}.jpg", "run", 1, 3, 8, 8, 1.0, name, [name])
    ends = [
        End(items[0], "made", 1, None, dataclasses.asdict(record)),
        End(items[1], "failed", 1, f"'{name}' is damaged.", None),
    ]
    described = batch_report.describe(
        Plan(items, roots), Outcome("run", ends, problem=name), Path(name)
    )
    report, page = batch_report.write(described, out)
    assert json.loads(report.read_text(encoding="utf-8"))["items"][0]["notes"] == [name]
    seen = Seen()
    text = page.read_text(encoding="utf-8")
    seen.feed(text)
    assert seen.tags <= TAGS
    assert not {name for name in seen.attributes if name.startswith("on")}
    assert len(seen.addresses) == 2 and all(a.startswith("./") for a in seen.addresses)
    link = unquote(seen.addresses[1].removeprefix("./"), errors="surrogateescape")
    assert link == items[0].name and not {"?", "#", ":"} & set(seen.addresses[1])
    assert seen.text.count(name.encode("utf-8", "replace").decode().replace("\r", "")) >= 3
    assert "script-src 'none'" in text
