"""Probes for people and programs: they fit the width, and all outputs say the same."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from markdown_it import MarkdownIt
from rich.text import Text

from softaudit.render.invariance import INVARIANCE_RENDERERS
from softaudit.render.screen import Screen
from softaudit.sources.array import from_array

from ..studies.asked import CHANGES, asked
from .judged import golden


@pytest.fixture(scope="module")
def found():
    names = [name for name in CHANGES if name != "drifting"]
    return asked(*names, functions=["softmax", "logsumexp"], formats=["float16"])


def rendered(kind, found, screen=None) -> str:
    return "".join(INVARIANCE_RENDERERS[kind](found, screen))


@pytest.mark.parametrize("width", [60, 80, 140])
def test_it_fits_the_width_and_shows_everybody(found, width):
    text = rendered("table", found, Screen(width))
    assert max(map(len, text.split("\n"))) <= width
    heads = " ".join(line for line in text.split("\n") if line.startswith("format"))
    assert re.findall(r"[\w-]+", heads.replace("format", "").replace("probe", "")) == [
        used.name for used in found.respondents
    ]


def test_golden(found):
    golden("invariance_80.txt", rendered("table", found, Screen(80)))


def test_plain_and_colored_say_the_same(found):
    colored = Text.from_ansi(rendered("table", found, Screen(100, color=True))).plain
    lines = [line.rstrip() for line in colored.split("\n")]
    plain = rendered("table", found, Screen(100))
    assert "\n".join(lines).rstrip() == plain.rstrip()


def test_shares_where_there_is_room():
    few = asked("placed", "counted")
    assert "(75 %)" in rendered("table", few, Screen(80))  # all when reversed, half when scattered
    assert "(75 %)" not in rendered("table", few, Screen(32))


def test_quiet_leaves_the_table_out(found):
    text = rendered("table", found, Screen(80, quiet=True))
    assert "format" not in text.replace("log_softmax", "")
    assert "in batches of 64, 61 ULP" in " ".join(text.split())


def test_of_one_whose_answers_differ_nothing_else_is_said():
    text = " ".join(rendered("table", asked("drifting", "placed"), Screen(200)).split())
    assert "no other probe proves anything of drifting" in text
    assert "layout a result depends" not in text
    assert "drifting" not in text.partition("permutation a result depends")[2].partition("run ")[0]


def test_rows_of_each_shift():
    found = asked("steady", logits=from_array([[0.0, 1.0], [0.0, 2050.0]]), probes=["shift"])
    text = " ".join(rendered("table", found, Screen(200)).split())
    # 2050 is even, as its sums with 2, 32 and 1024 are; 1 − 4096 is odd, and a last place there 2.
    said = "c = ±2^1: 2 of 2; ±2^5: 2; +2^10: 2; −2^12: 1"
    assert f"shift in float16, rows in which no sum is rounded: {said}" in text


def test_json_has_everything(found):
    document = json.loads(rendered("json", found))["invariance"]
    assert [one["name"] for one in document["respondents"]] == [
        used.name for used in found.respondents
    ]
    remarks = {"softmax/float16/steady": ["prints: 'hello'"]}
    assert document["respondents"][0] == {
        "name": "steady", "version": "1.0", "device": "cpu", "sha256": None, "command": "steady",
        "remarks": remarks,
    }  # fmt: skip
    for line, probed in zip(document["probes"], found.probes, strict=True):
        assert line["verdict"] == probed.verdict
        assert line["ulp"] == probed.distance
        assert [way["ulp"] for way in line["ways"]] == [
            way.largest.ulp if way.largest else 0.0 for way in probed.ways
        ]
    by_name = {(probed["name"], probed["probe"]): probed for probed in document["probes"]}
    placed = by_name["softmax/float16/placed", "permutation"]
    assert placed["ways"][0] == {
        "way": "reversed", "rows": 3, "left_out": 0, "elements": 12, "differ": 12, "ulp": 3.0,
        "largest": {"index": [0, 0], "first": 0.25, "second": 0.25 + 3 * 2.0**-12},
    }  # fmt: skip


def test_csv_has_a_line_for_each_way(found):
    lines = list(csv.DictReader(io.StringIO(rendered("csv", found))))
    assert len(lines) == sum(max(len(probed.ways), 1) for probed in found.probes)
    by_way = {(line["name"], line["way"]): line for line in lines}
    line = by_way["softmax/float16/counted", "in batches of 64"]
    assert (line["verdict"], line["ulp"], line["index"]) == ("differs", "61.0", "0 0")
    refusing = {line["reason"] for line in lines if line["implementation"] == "refusing"}
    assert "raises ValueError: no | thanks" in refusing


def test_markdown_is_tables_and_lists(found):
    page = MarkdownIt("commonmark").enable("table").render(rendered("markdown", found))
    assert page.count("<table>") == 2
    assert page.count("<tr>") == 2 * (1 + 6)
    assert "raises ValueError: no | thanks" in page
    assert "<code>softmax/float16</code>" in page
