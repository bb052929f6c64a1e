"""What holds for every output: its name, its suffix, the same bytes, and no imports before use."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from softaudit.render import RENDERERS, SUFFIXES, by_suffix
from softaudit.wording import NO_BREAK

from .judged import REPORTS, rendered

ORDER = ["table", "json", "json-lines", "csv", "markdown", "junit", "sarif", "github", "html"]


def test_the_order_of_the_outputs():
    assert list(RENDERERS) == ORDER
    assert set(SUFFIXES.values()) <= set(ORDER)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("report.md", "markdown"),
        ("out/report.JSON", "json"),
        ("report.sarif.json", "sarif"),
        ("report.sarif", "sarif"),
        ("cells.ndjson", "json-lines"),
        ("cells.jsonl", "json-lines"),
        ("junit.xml", "junit"),
        ("cells.csv", "csv"),
        ("report.txt", "table"),
        ("report.html", "html"),
        ("report.htm", None),
        ("json", None),
    ],
)
def test_a_suffix_chooses_the_output(path, name):
    assert by_suffix(path) == name


def test_listing_outputs_imports_none():
    asked = "import sys, softaudit.render; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    heavy = ("jinja2", "matplotlib", "xml", "rich", "numpy", "csv", "softaudit.render.json")
    assert not {name for name in done.stdout.split() if name.startswith(heavy)}


@pytest.mark.parametrize("kind", [kind for kind in ORDER if kind != "html"])  # see test_html.py
@pytest.mark.parametrize("name", REPORTS)
def test_the_same_report_gives_the_same_bytes(name, kind):
    text = rendered(kind, REPORTS[name]())
    assert text == rendered(kind, replace(REPORTS[name]()))
    if name != "hostile":
        assert NO_BREAK not in text
