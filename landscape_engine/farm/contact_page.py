"""The contact page of a batch: posters, states and sentences on one page without any script."""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .. import staging

STYLE = (
    "body{font:14px/1.4 system-ui,sans-serif;margin:2em;background:#1d1d1d;color:#ddd}"
    "main{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:1.5em}"
    "article{background:#2a2a2a;padding:10px;border-top:4px solid #444}"
    "article.made{border-color:#009e73}article.found{border-color:#56b4e9}"
    "article.failed{border-color:#d55e00}img{width:100%;height:auto;display:block}"
    "h2{font-size:1em;margin:.6em 0 .2em;overflow-wrap:anywhere}p{margin:.2em 0}a{color:#9cf}"
)
WORDS = {
    "made": "made by this run",
    "found": "finished before",
    "failed": "failed",
    "open": "not done yet",
}


def write_page(described: dict[str, Any], page: Path) -> None:
    """Write the page of a report (`batch_report.describe`).

    Raises:
        OutputError: it can't be written.
    """
    with staging.explaining(page), staging.new_file(page) as staged:
        text = _page(described).encode("utf-8", "replace")
        staged.write_bytes(text)


def _page(described: dict[str, Any]) -> str:
    counts = ", ".join(f"{n} {WORDS[state]}" for state, n in described["counts"].items() if n)
    head = f"{len(described['items'])} pictures: {counts or 'none'}"
    problem = f"<p>{_text(described['problem'])}</p>" if described["problem"] else ""
    cards = "\n".join(_card(item) for item in described["items"])
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="script-src \'none\'">'
        f"<title>{_text(head)}</title><style>{STYLE}</style>\n"
        f"<h1>{_text(head)}</h1>\n<p>{_text(described['manifest'])}, "
        f"{described['seconds']:.0f} s, landscape-engine {_text(described['version'])}</p>{problem}"
        f"\n<main>\n{cards}\n</main></html>\n"
    )


def _card(item: dict[str, Any]) -> str:
    link = _address(item["name"])
    shown = _text(item["name"])
    if item["poster"]:
        picture = f'<img loading="lazy" alt="" src="{_address(item["poster"])}">'
        shown = f'<a href="{link}">{shown}</a>'
    else:
        picture = ""
    lines = [WORDS[item["state"]]]
    if item["frames"]:
        size = f"{item['width']}×{item['height']}"
        lines.append(f"{item['frames']} frames, {size}, {item['seconds']:.1f} s")
    lines += [item["sentence"]] if item["sentence"] else []
    lines += item["notes"] or []
    said = "".join(f"<p>{_text(line)}</p>" for line in lines)
    return f'<article class="{item["state"]}">{picture}<h2>{shown}</h2>{said}</article>'


def _address(name: str) -> str:
    """A path below the page's folder as a link; no name in it is taken for a protocol."""
    return "./" + quote(os.fsencode(name), safe="/")


def _text(value: Any) -> str:
    return html.escape(str(value), quote=True)
