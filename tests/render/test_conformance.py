"""Conformance in every output: by eye where it is text, by other libraries where it has a form."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from jsonschema import Draft4Validator
from markdown_it import MarkdownIt
from sarif_pydantic import Sarif
from xmlschema import XMLSchema

from softaudit.implementations import Answer, Unanswered
from softaudit.model import Used
from softaudit.render import RENDERERS
from softaudit.render.conformance import CONFORMANCE_RENDERERS
from softaudit.render.conformance.answers import shortened
from softaudit.render.conformance.words import number, values_words
from softaudit.render.screen import Screen
from softaudit.studies.conformance import conformance
from softaudit.studies.respondents import Unasked

from ..studies.asked import Respondent

SCHEMAS = Path(__file__).parents[1] / "schemas"
ROWS = ["all-masked", "one-infinity", "zeros", "equal-4096", "gap-40"]


class Told(Respondent):
    """Somebody who answers from a table, and beyond it like the first of all."""

    def __init__(self, name, version, answers, word=""):
        super().__init__(name, Used(name, version, "cpu", command=word or name))
        self.answers = answers

    formats = ("float16", "float64")

    def ask(self, function, logits, form):
        key = (logits.shape[1], float(logits.flat[0]))
        answer = self.answers[key]
        if isinstance(answer, Exception):
            raise answer
        values = np.array(answer(form) if callable(answer) else answer, dtype=float)
        return Answer(values.reshape(1, -1), ())


NAN = float("nan")
INF = float("inf")
GOOD = {
    (3, -INF): [NAN] * 3,
    (3, 0.0): [NAN] * 3,
    (2, 0.0): [0.5, 0.5],
    (4096, 0.0): [2.0**-12] * 4096,
    (2, 40.0): lambda form: [1.0, 4.248354255291589e-18 if form.name == "float64" else 0.0],
}
BAD = {
    (3, -INF): [0, 0, 0],
    (3, 0.0): [0, NAN, 0],
    (2, 0.0): lambda form: [0.5, 0.5 + 8 * 2.0**-form.precision],
    (4096, 0.0): lambda form: [0] * 4096 if form.name == "float16" else [2.0**-12] * 4096,
    (2, 40.0): Unanswered("raises ValueError: <no> {gaps} | `here`"),
}


@pytest.fixture(scope="module")
def found():
    none = dict.fromkeys(GOOD, Unasked("has no softmax"))
    asked = [
        Told("torch", "2.0", GOOD),
        Told("kernels.f", None, BAD, "src/kernels.py:f"),
        Told("jax", "1.0", none | {(2, 0.0): [0.5, 0.5]}),
    ]
    return conformance(asked, ["softmax"], ["float16", "float64"], ROWS)


def rendered(kind, found, screen=None):
    return "".join(CONFORMANCE_RENDERERS[kind](found, screen))


WIDE = """\
conformance  5 edge rows · softmax · float16, float64

                         torch kernels.f    jax
softmax      answer      16 64 16 64        16 64
all-masked   all NaN*    ··    ≠≠ all 0     ––
one-infinity all NaN*    ··    ≠≠ 0, NaN, 0 ––
zeros        all 0.5     ··    ×× 8.0       ··
equal-4096   all 0.00024 ··    ×· all 0     ––
gap-40       1, 4.2e-18  ··    !!           ––

A mark for each of float16, float64. Beside them, of the worst: what was
returned, or its error in ULP. Where their answers differ, that of float64.
· correctly rounded, or the convention  ≈ within 4 ULP  ≠ another convention
× off  ! no answer  – not asked  * by convention"""

NARROW = """\
softmax      answer      torch
all-masked   all NaN*    ··
one-infinity all NaN*    ··
zeros        all 0.5     ··
equal-4096   all 0.00024 ··
gap-40       1, 4.2e-18  ··"""

DEVIATES = """\
deviates  softmax gap-40: no answer: raises ValueError: <no> {gaps} | `here`;
          kernels.f in every format
          softmax equal-4096: all 0, where the answer is all 0.0002441
          (1024 ULP, 0.00024 absolute); kernels.f in float16
          softmax zeros: 0.5, 0.5039, where the answer is all 0.5 (8.0 ULP);
          kernels.f in float16
          softmax zeros: 0.500000000000001, exact 0.5 (8.0 ULP); kernels.f in
          float64
          softmax all-masked: all 0, where the convention is all NaN; kernels.f
          in every format
          softmax one-infinity: 0, NaN, 0, where the convention is all NaN;
          kernels.f in every format"""


def test_what_all_do_alike_is_folded_after_what_they_differ_in():
    names = ("torch", "jax", "scipy")
    alike = GOOD | {(2, 40.0): [1.0, 1.0], (4096, 0.0): [1.0] * 4096}
    asked = [Told(name, "1", alike) for name in names[:2]]
    asked.append(Told("scipy", "1", alike | {(2, 0.0): [0.5, 0.75]}))
    text = rendered("table", conformance(asked, ["softmax"], ["float16"], ROWS), Screen(200))
    sentences = text.split("\n\n")[3].splitlines()
    assert sentences[0].startswith("deviates   softmax zeros: 0.5, 0.75")
    assert sentences[1].startswith("all alike  softmax of gap-40, equal-4096; the worst, gap-40: ")
    assert len(sentences) == 2


@pytest.mark.parametrize(
    ("name", "most", "text"),
    [
        ("torch", 12, "torch"),
        ("kernels.fused_softmax_1", 12, "ker…oftmax_1"),
        ("kernels.fused_softmax_1", 23, "kernels.fused_softmax_1"),
    ],
)
def test_long_names_are_shortened_in_the_middle(name, most, text):
    assert shortened(name, most) == text
    assert len(text) <= most


def test_long_names_need_no_second_table():
    asked = [Told(f"kernels.fused_online_softmax_{i}", None, GOOD) for i in range(4)]
    text = rendered("table", conformance(asked, ["softmax"], ["float16"], ROWS), Screen(80))
    assert text.count("all-masked") == 1
    for width in (40, 60, 80):
        asked = [Told(name, "1.2.3+cpu", GOOD) for name in ("torch", "onnxruntime")]
        small = conformance(asked, ["softmax"], ["float16"], ROWS)
        assert max(map(len, rendered("table", small, Screen(width)).splitlines())) <= width


def test_as_many_outputs_as_reports_have():
    assert list(CONFORMANCE_RENDERERS) == list(RENDERERS)


def test_table(found):
    text = rendered("table", found, Screen(80))
    assert text.split("\n\n")[:3] == WIDE.split("\n\n")
    assert text.split("\n\n")[3] == DEVIATES
    assert rendered("table", found, Screen(36)).split("\n\n")[1] == NARROW
    totals = [line.split() for line in text.split("\n\n")[-1].splitlines()]
    assert " ".join(totals[0]) == (
        "3 of 22 answers are off, 4 follow another convention, 2 are missing"
    )
    assert totals[1] == ["·", "≈", "≠", "×", "!", "–"]
    assert totals[2] == ["torch", "2.0", "on", "cpu", "10", "·", "·", "·", "·", "·"]
    assert totals[3] == ["kernels.f", "on", "cpu", "1", "·", "4", "3", "2", "·"]
    assert totals[4] == ["jax", "1.0", "on", "cpu", "2", "·", "·", "·", "·", "8"]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
def test_it_fits_the_width_and_has_all(found, width):
    text = rendered("table", found, Screen(width))
    tables = text.split("conformance", 1)[1].split("deviates")[0]
    assert max(map(len, tables.splitlines())) <= width
    assert {mark for mark in "·×≠!–" if mark in tables} == set("·×≠!–")
    assert all(name in tables for name in ("torch", "kernels.f", "jax", *ROWS))


def test_a_wide_table_says_how(found):
    assert "×· all 0" in rendered("table", found, Screen(140))
    assert "×· all 0" not in rendered("table", found, Screen(44))
    assert "≠≠ 0, NaN, 0" in rendered("table", found, Screen(140))


def test_quiet_leaves_tables_out(found):
    text = rendered("table", found, Screen(80, quiet=True))
    assert "  torch" not in text
    assert "deviates" in text


def test_colors_say_the_same(found):
    plain = rendered("table", found, Screen(100))
    colored = rendered("table", found, Screen(100, color=True))
    assert "\x1b[" in colored
    bare = re.sub(r"\x1b\[[\d;]*m", "", colored)
    assert [line.rstrip() for line in bare.split("\n")] == plain.split("\n")


@pytest.mark.parametrize(
    ("value", "text"),
    [(NAN, "NaN"), (-INF, "−∞"), (-0.0, "0"), (-745.13, "−745"), (0.66524, "0.67")],
)  # fmt: skip
def test_numbers(value, text):
    assert number(value, 2) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((), "empty"),
        (((1.0, 1),), "1"),
        (((0.0, 65536),), "all 0"),
        (((0.0, 2), (1.0, 1)), "0, 0, 1"),
        (((1.0, 1), (0.25, 4095)), "1, 0.25 (4095×)"),
        (tuple((float(i), 1) for i in range(9)), "9 values, 0 … 8"),
        (((NAN, 1), *((float(i), 1) for i in range(9))), "10 values, 0 … 8, not all finite"),
    ],
)
def test_rows_in_words(values, text):
    assert values_words(values) == text


def strict(text):
    def refuse(name):
        raise ValueError(name)

    return json.loads(text, parse_constant=refuse)


def test_json(found):
    document = strict(rendered("json", found))
    assert document["schema"] == 1
    study = document["conformance"]
    assert [r["name"] for r in study["edge_rows"]] == ROWS
    assert study["respondents"][0] == {
        "name": "torch", "version": "2.0", "device": "cpu", "sha256": None, "command": "torch",
        "remarks": {},
        "verdicts": {"correct": 10, "close": 0, "other convention": 0, "off": 0, "no answer": 0,
                     "not asked": 0},
    }  # fmt: skip
    masked = study["questions"][0]
    assert masked["logits"] == [["-inf", 3]]
    assert masked["expected"]["values"] == [["nan", 3]]
    assert masked["expected"]["exact"] == []
    gap = next(
        q for q in study["questions"] if q["edge_row"] == "gap-40" and q["format"] == "float64"
    )
    assert gap["expected"]["exact"][1][0].startswith("4.24835425529158897")
    assert gap["replies"][1]["verdict"] == "no answer"
    assert gap["replies"][1]["values"] is None
    assert [r["deviates"] for r in gap["replies"]] == [False, True, False]
    assert study["respondents"][1]["command"] == "src/kernels.py:f"


def test_json_lines(found):
    lines = [strict(line) for line in rendered("json-lines", found).splitlines()]
    kinds = [line["type"] for line in lines]
    assert kinds == ["conformance"] + ["respondent"] * 3 + ["edge-row"] * 5 + ["reply"] * 30
    whole = strict(rendered("json", found))["conformance"]["questions"]
    first = {**whole[0], **whole[0]["replies"][0], "type": "reply"}
    del first["replies"]
    assert lines[9] == first


def test_csv(found):
    lines = list(csv.DictReader(StringIO(rendered("csv", found), newline="")))
    assert len(lines) == 30
    bad = next(r for r in lines if r["respondent"] == "kernels.f" and r["edge_row"] == "equal-4096")
    assert (bad["logits"], bad["values"], bad["ulp"]) == ("[0.0*4096]", "[0.0*4096]", "1024.0")
    assert (bad["verdict"], bad["deviates"], bad["convention"]) == ("off", "true", "")


def test_markdown_tables_are_tables(found):
    html = MarkdownIt("gfm-like", {"linkify": False}).render(rendered("markdown", found))
    tables = re.findall(r"<table>(.*?)</table>", html, re.DOTALL)
    assert [table.count("<tr>") for table in tables] == [4, 6, 7, 6]
    widths = {tuple(re.findall(r"<t[hd]", row)) for row in tables[2].split("<tr>")[1:]}
    assert widths == {("<th",) * 4, ("<td",) * 4}
    assert "&lt;no&gt; {gaps} | `here`" in html


def test_junit_is_valid(found):
    for strict, failures, errors in ((False, "0", "0"), (True, "3", "2")):
        text = rendered("junit", replace(found, strict=strict))
        XMLSchema(str(SCHEMAS / "junit-10.xsd")).validate(text)
        torch, kernels, jax = ElementTree.fromstring(text)
        assert (torch.get("tests"), torch.get("failures"), torch.get("errors")) == ("10", "0", "0")
        assert (kernels.get("failures"), kernels.get("errors")) == (failures, errors)
        assert kernels.get("tests") == "10"
        assert "other convention: all 0" in text
        assert jax.get("skipped") == "8"


def test_what_was_interrupted_says_so(found):
    left = replace(found, partial=7)
    assert "partial: interrupted after 7 of 30 questions" in " ".join(
        rendered("table", left).split()
    )
    assert strict(rendered("json", left))["conformance"]["partial"] == 7
    assert ElementTree.fromstring(rendered("junit", left)).get("errors") == "3"
    run = json.loads(rendered("sarif", left))["runs"][0]
    assert run["invocations"] == [{"executionSuccessful": False}]


def test_sarif_is_valid(found):
    text = rendered("sarif", found, Screen(folder="sub"))
    schema = SCHEMAS / "sarif-2.1.0-rtm.5.json"
    Draft4Validator(json.loads(schema.read_text("utf-8"))).validate(json.loads(text))
    (run,) = Sarif.model_validate_json(text).runs
    assert [rule.id for rule in run.tool.driver.rules] == ROWS
    levels = [result.level for result in run.results]
    assert levels == ["warning"] * 5 + ["note"] * 4
    judged = json.loads(rendered("sarif", replace(found, strict=True)))["runs"][0]["results"]
    levels = [result["level"] for result in judged]
    assert levels == ["warning"] * 2 + ["error"] * 3 + ["note"] * 4
    places = {r.locations[0].physical_location.artifact_location.uri for r in run.results}
    assert places == {"sub/src/kernels.py"}
    marks = [r.partial_fingerprints["primaryLocationLineHash"] for r in run.results]
    assert len(set(marks)) == len(marks)
    assert "{{gaps}}" in run.results[0].message.text


def test_frameworks_have_no_place(found):
    asked = [Told("torch", "2.0", BAD)]
    run = json.loads(rendered("sarif", conformance(asked, ["softmax"], ["float16"], ["zeros"])))
    (location,) = run["runs"][0]["results"][0]["locations"]
    assert list(location) == ["logicalLocations"]


def test_github(found):
    lines = rendered("github", found).splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("::warning title=conformance%3A softmax gap-40::no answer")
    assert [line.partition(" ")[0] for line in lines] == ["::warning"] * 4 + ["::notice"] * 2
    assert rendered("github", replace(found, strict=True)).startswith("::error title")
    good = conformance([Told("torch", "2.0", GOOD)], ["softmax"], ["float16", "float64"], ROWS)
    assert rendered("github", good) == ""


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.tags, self.ids, self.links = [], [], set(), []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        self.ids.add(given.get("id"))
        if "href" in given:
            self.links.append(given["href"])
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_stands_alone(found):
    text = rendered("html", found)
    page = Page()
    page.feed(text)
    assert page.open == []
    assert {link.removeprefix("#") for link in page.links} <= page.ids
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe"}
    assert "://" not in text
    assert "<no>" not in text
    marks = [given for tag, given in page.tags if given.get("role") == "img"]
    assert len(marks) == 30
    assert marks[-1]["aria-label"] == "float64: not asked: has no softmax"
