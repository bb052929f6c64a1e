"""The page without a browser: well-formed, the same bytes, its figures those of the contract."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from math import inf
from xml.etree import ElementTree

import numpy as np
import pytest

from softaudit.algorithms import ALGORITHMS, SHIFTED
from softaudit.audit import audit as audited
from softaudit.errors import OptionError
from softaudit.formats import FORMATS
from softaudit.json_v1 import to_json
from softaudit.metrics import CAUSES
from softaudit.metrics.gaps import LEAST_GAP, gap_edge, ulp_edge
from softaudit.plan import make_plan
from softaudit.render.html import NEEDS, check_installed
from softaudit.render.html.densities import Axes, errors, largest_share, position, shared_axes
from softaudit.render.html.describing import description
from softaudit.render.html.drawing import picture, subnormal_beyond, zero_beyond
from softaudit.render.html.inputs import Inputs
from softaudit.render.html.maps import MOST_SQUARES, Maps
from softaudit.render.html.scale import UP_TO, step
from softaudit.report import INTERRUPTED, SkippedSource
from softaudit.sources.array import from_array
from softaudit.summary import summarize
from softaudit.wording import ulps

from .judged import hostile, judged, rendered, report
from .pages import HOSTILE, PLAIN, SKIPPED, audits, batch, many, single

VOID = {"meta", "br", "wbr", "input", "link", "img"}


class Page(HTMLParser):
    """A page's elements in order, with attributes and text, checked for nesting."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs)
        made = {"tag": tag, "text": "", **dict(attrs)}
        self.elements.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag, **attributes):
        return [
            e for e in self.elements
            if e["tag"] == tag and all(e.get(k.strip("_")) == v for k, v in attributes.items())
        ]  # fmt: skip


@cache
def text() -> str:
    return rendered("html", batch())


@cache
def page() -> Page:
    return Page(text())


@cache
def data() -> dict:
    return json.loads(page().all("script", id="data")[0]["text"])


@cache
def document() -> dict:
    return to_json(batch())


def number(value):
    """Read a data-value as JSON has the figure."""
    return value if value in ("inf", "nan") else None if value == "" else json.loads(value)


@pytest.mark.parametrize("made", [batch, judged, hostile, report])
def test_well_formed(made):
    found = Page(rendered("html", made()))
    ids = [e["id"] for e in found.elements if "id" in e]
    assert len(ids) == len(set(ids))
    links = [e["href"] for e in found.all("a")]
    assert links
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert len(found.all("h1")) == 1


def test_no_name_becomes_markup():
    assert "alert(1)</script>" not in text()
    assert [e["text"] for e in page().all("th", _class="name", scope="row")] == [PLAIN, HOSTILE]
    assert SKIPPED.reason in page().all("section", id="skipped")[0]["text"]
    assert data()["inputs"][1]["commands"][0][0] == f"softaudit check '{HOSTILE}'"


def test_nothing_is_asked_of_the_network():
    (policy,) = (e["content"] for e in page().all("meta") if "http-equiv" in e)
    assert policy.startswith("default-src 'none'; ")
    assert not re.findall(r"(?:https?:)?//[\w.]+\.\w+", re.sub(r"<script.*?</script>", "", text()))
    assert not [e for e in page().elements if "src" in e or e["tag"] in ("link", "iframe")]
    sources = {e["href"][:22] for e in page().all("image")}
    assert sources == {"data:image/png;base64,"}


@pytest.mark.processes
def test_the_same_bytes_in_another_process():
    asked = (
        "import sys; from tests.render.pages import single; from softaudit.render import RENDERERS;"
        "sys.stdout.buffer.write(''.join(RENDERERS['html'](single(), None)).encode())"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", asked], check=True, capture_output=True, env=environment
    )
    assert done.stdout.decode() == rendered("html", single())


def test_a_summary_is_made_where_there_is_none():
    assert rendered("html", replace(batch(), summary=None)) == text()


class Counted(tuple):
    """Audits that know how often they were gone through."""

    passes = 0

    def __iter__(self):
        type(self).passes += 1
        return super().__iter__()


@pytest.mark.parametrize("is_summarized", [True, False])
def test_audits_are_gone_through_once(is_summarized):
    Counted.passes = 0
    found = single()
    summary = summarize(found.audits) if is_summarized else None
    rendered("html", replace(found, audits=Counted(found.audits), summary=summary))
    assert Counted.passes == 1


class TestFigures:
    def test_overview(self):
        largest = {one.cell.key.name: one.cell.ulp["max"] for one in batch().summary}
        found = {e["data-cell"]: e for e in page().all("td") if "data-cell" in e}
        assert found.keys() == largest.keys()
        for name, value in largest.items():
            assert float(found[name]["data-value"]) == value
            assert found[name]["text"].startswith(ulps(value))
            broken = {c["input"] for a in document()["audits"] for c in a["cells"]
                      if c["name"] == name and c["breaks"]}  # fmt: skip
            assert ("×\u00a0breaks" in found[name]["text"]) == bool(broken)
            assert (f"×\u00a0breaks {len(broken)}/2" in found[name]["text"]) == (len(broken) == 1)

    def test_inputs(self):
        squares = [e for e in page().all("td") if re.fullmatch(r"l\d [bhl]", e.get("class", ""))]
        cells = [cell for audit in document()["audits"] for cell in audit["cells"]]
        assert len(squares) == len(cells)
        for square, cell in zip(squares, cells, strict=True):
            assert number(square["data-value"]) == cell["ulp"]["max"]

    def test_what_inputs_open_to(self):
        for shown, audit in zip(data()["inputs"], document()["audits"], strict=True):
            for (index, texts, values, *worst), cell in zip(
                shown["cells"], audit["cells"], strict=True
            ):
                function, _, algorithm, anchor, _ = data()["cells"][index]
                assert (function, algorithm) == (cell["function"], cell["algorithm"])
                assert anchor == f"cell-{cell['name']}"
                assert values == [
                    cell["events"].get("not_finite", {"count": 0})["count"],
                    cell["underflow"]["premature"], cell["underflow"]["forced"],
                    cell["ulp"]["p50"], cell["ulp"]["p99"], cell["correctly_rounded"],
                ]  # fmt: skip
                assert texts.split("\t")[3] == ulps(cell["ulp"]["p50"])
                assert worst[0] == cell["worst"][0]["cause"]
                assert worst[1].replace("\u00a0", " ").strip("()").split(", ") == [
                    str(i) for i in cell["worst"][0]["index"]
                ]

    def test_worst_elements_are_those_of_the_summary(self):
        shown = [(e["data-value"], e["text"]) for e in page().all("b") if "data-value" in e]
        assert [float(value) for value, _ in shown] == [
            at.worst.ulp for one in batch().summary for at in one.worst
        ]
        assert [words for _, words in shown] == [
            ulps(at.worst.ulp) for one in batch().summary for at in one.worst
        ]

    def test_every_cause_is_explained(self):
        named = {e["text"].strip() for e in page().all("a", _class="cause")}
        explained = {e["id"].removeprefix("cause-") for e in page().all("div") if "id" in e}
        assert named <= explained <= set(CAUSES)


class TestPictures:
    def test_each_is_an_element_with_a_text_alternative(self):
        pictures = re.findall(r"<svg.*?</svg>", text(), re.DOTALL)
        assert len(pictures) == len(batch().summary)
        for drawn, one in zip(pictures, batch().summary, strict=True):
            root = ElementTree.fromstring(drawn)
            assert root.get("role") == "img"
            title, said = root.find("title"), root.find("desc")
            assert one.cell.key.name in title.text
            assert f"at most {ulps(one.cell.ulp['p50'])} ULP" in said.text
            assert root.get("aria-labelledby").split() == [title.get("id"), said.get("id")]
            texts = {e.text for e in root.iter("text")}
            assert {f"{n} {ulps(one.cell.ulp[n])}" for n in ("p50", "p99", "max")} <= texts
            assert (root.find("image") is None) == (one.cell.gaps is None)
            assert "≤0.01" in texts
            assert ("0" in texts) == any(gap == LEAST_GAP for gap, _ in one.cell.gaps or ())
            assert len(drawn.encode()) <= 12_000
            colors = {e.get("fill") for e in root.iter()} | {e.get("stroke") for e in root.iter()}
            assert colors <= {None, "none", "currentColor"}

    def test_bins_are_where_their_edges_are(self):
        for index in range(-32, 49):
            assert position(ulp_edge(index), 2) == index
            assert position(gap_edge(index), 4) == index

    def test_the_histogram_in_fewer_bins_holds_all(self):
        """Against the gaps, whose bins of errors are the same."""
        for one in batch().summary:
            if one.cell.gaps is not None:
                by_error = {}
                for (_, index), count in one.cell.gaps.items():
                    by_error[max(index, -13)] = by_error.get(max(index, -13), 0) + count
                assert errors(one.cell) == by_error

    def test_axes_of_nothing(self):
        assert shared_axes([]) == Axes(4, False, -32, 0, False, 1, 1)

    @pytest.mark.parametrize(
        ("name", "subnormal", "zero"),
        [("float16", 9.704, 17.33), ("bfloat16", 87.34, 92.88), ("float64", 708.4, 745.1)],
    )
    def test_where_exp_ends(self, name, subnormal, zero):
        """−ln of the least normal number, and of half the least subnormal one (mpmath)."""
        assert subnormal_beyond(FORMATS[name]) == pytest.approx(subnormal, rel=1e-3)
        assert zero_beyond(FORMATS[name]) == pytest.approx(zero, rel=1e-3)
        assert zero_beyond(FORMATS[name].flushing) == pytest.approx(subnormal, rel=1e-3)

    def test_where_the_large_errors_are(self):
        cell = next(c for c in audits()[0].cells if c.key.name == "softmax/float16/stable")
        told = description(replace(cell, gaps={(0, 0): 90, (3, 6): 5, (8, 7): 5}))
        assert "10 are above 4.0 ULP, most of them at gaps" in told
        assert "to the row’s maximum from 1.5 to 4.0." in told
        assert "In float16 exp(−gap) is subnormal beyond 9.7, and 0 beyond 17." in told

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("naive", "overflows above 11 and is 0 below −17."),
            ("online", "In float16 exp(−gap) is subnormal beyond 9.7, and 0 beyond 17."),
            ("two-pass", None),
            ("division-free", None),
            ("theirs", None),
        ],
    )
    def test_ends_are_those_of_what_exp_is_taken_of(self, name, said):
        """Of float16: log 65504 is 11.1."""
        cell = next(c for c in audits()[0].cells if c.key.name == "softmax/float16/stable")
        named = replace(cell, key=replace(cell.key, algorithm=name))
        told = description(named)
        assert told.endswith(said) if said else "exp" not in told
        drawn = picture(named, shared_axes([named]), "", told, "p").partition("</desc>")[2]
        assert ("exp = 0" in drawn) == (name == "online")

    def test_every_algorithm_that_is_shifted_is_one(self):
        assert set(SHIFTED) < {name for names in ALGORITHMS.values() for name in names}

    def test_the_middle_of_counts(self):
        assert largest_share({0: 1, 1: 98, 2: 1}, 0.9) == (1, 1)
        assert largest_share({5: 1}, 0.9) == (5, 5)
        assert largest_share({}, 0.9) is None


class TestTop:
    def test_overview_says_what_the_terminal_does(self):
        said = [e["text"] for e in page().all("div", _class="found")]
        assert [text.split("in ")[0] for text in said] == ["breaks", "holdsnarrowest "]
        broken = [{c["name"] for c in a["cells"] if c["breaks"]} for a in document()["audits"]]
        of = f"in {sum(map(bool, broken))} of 2 inputs, of 6 cells:"
        assert of in said[0].replace("\u00a0", " ")
        for name, cells in zip((PLAIN, HOSTILE), broken, strict=True):
            assert (f"{len(cells)} cells of {name}" in said[0].replace("\u00a0", " ")) == bool(
                cells
            )

    def test_what_was_interrupted(self):
        late = tuple(SkippedSource(f"{i}.npy", INTERRUPTED) for i in range(3))
        for skipped, said in ((late, "before 3 files."), (late[:1], "before 1 file.")):
            found = Page(rendered("html", replace(batch(), skipped=(SKIPPED, *skipped))))
            assert [e["text"] for e in found.all("p", _class="warning")] == [
                f"Partial: interrupted {said}"
            ]
        assert not page().all("p", _class="warning")

    def test_logits_are_those_that_were_audited(self):
        logits = np.zeros((4, 3), dtype=np.float16)
        plan = make_plan({"format": ["float16"], "function": ["softmax"]}, row=(1,))
        found = Page(rendered("html", report(audited(from_array(logits), plan))))
        assert "3of 12" in [e["text"] for e in found.all("td")]
        assert "row (1) alone" in found.all("p", _class="facts")[0]["text"].replace("\u00a0", " ")


class TestMaps:
    def test_of_inputs_together_and_of_each(self):
        maps = data()["maps"]
        names = [name for name, _, _ in maps["maps"]]
        assert names == ["all 2 inputs of 2 × 6", PLAIN, HOSTILE]
        for place, (_, shape, cells) in zip((None, 0, 1), maps["maps"], strict=True):
            assert shape == [2, 6]
            for index, codes in cells.items():
                found = [
                    audit.cells[int(index)].by_axis.largest for audit in audits()
                    if place is None or audit is audits()[place]
                ]  # fmt: skip
                first = max(errors[0] for errors in found)
                assert maps["texts"][codes[0]] == [ulps(first), step(first)]
                assert maps["texts"][codes[-1]] == ["–", None]

    def test_there_are_not_too_many(self):
        """Of inputs that break alike the first are kept."""
        one, maps = audits()[0], Maps()
        numbers = {cell.key: i for i, cell in enumerate(one.cells)}
        squares = sum(12 for cell in one.cells if cell.by_axis)
        for i in range(MOST_SQUARES // squares + 3):
            maps.add(i, one, numbers, int(i == 500))
        assert maps.left_out == 3
        assert [m.input for m in maps.kept] == list(range(MOST_SQUARES // squares))


def test_steps_end_where_the_key_says():
    assert [step(bound) for bound in UP_TO] == list(range(len(UP_TO)))
    assert (step(0.0), step(0.5000001), step(inf), step(None)) == (0, 1, 8, None)


def test_three_hundred_files_are_three_megabytes():
    """Whose 24 pictures take up to 12 kB, and whose maps 4 bytes for a square."""
    inputs = Inputs()
    summarize(inputs.keeping(many(2).audits))
    lines = [len(line.details.encode()) + 75 * len(line.marks) for line in inputs.lines]
    assert 300 * max(lines) + 24 * 12_000 + 4 * MOST_SQUARES + 100_000 < 3_000_000


@pytest.mark.parametrize("module", NEEDS)
def test_without_what_it_needs(module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(OptionError, match=rf"{NEEDS[module]}.* pip install 'softaudit\[html\]'"):
        check_installed()


@pytest.mark.parametrize(
    ("before", "backend", "kept"),
    [
        ("pass", "nonsense", "None"),
        ("pass", "pdf", "pdf"),
        ("import matplotlib; matplotlib.use('ps')", "pdf", "ps"),
    ],
)
def test_no_backend_is_needed(before, backend, kept):
    """Jupyter names one in all that it starts; who imports Matplotlib after us still has it."""
    asked = (
        f"import os; {before}; os.environ['MPLBACKEND'] = '{backend}';"
        "from softaudit.render.html import check_installed; check_installed();"
        "import matplotlib.figure, matplotlib.style;"
        "found = dict.__getitem__(matplotlib.rcParams, 'backend');"  # asking would choose one
        "print(os.environ['MPLBACKEND'], found if isinstance(found, str) else None)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", asked], check=True, capture_output=True, env=environment, text=True
    )
    assert done.stdout.split() == [backend, kept]


def test_what_is_installed_and_does_not_load(monkeypatch):
    def refuse(name):
        raise AttributeError(f"{name}:\nbuilt for another NumPy")

    monkeypatch.setattr(sys.modules["softaudit.render.html"], "import_module", refuse)
    with pytest.raises(OptionError, match=r"cannot be imported: jinja2: built for another NumPy$"):
        check_installed()
