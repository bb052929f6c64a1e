"""JSON lines: every line stands alone, and all together say what the document says."""

from __future__ import annotations

import json

import pytest

import softaudit
from softaudit.audit import audit
from softaudit.plan import make_plan

from .judged import HOSTILE, REPORTS, changes, checked, golden, judged, rendered, report, rulings


def refuse(name: str):
    raise AssertionError(f"{name} is no JSON")


def parsed(given) -> list[dict]:
    text = rendered("json-lines", given)
    assert text.endswith("\n")
    return [json.loads(line, parse_constant=refuse) for line in text[:-1].split("\n")]


def of_type(given, name: str) -> list[dict]:
    return [line for line in parsed(given) if line["type"] == name]


@pytest.mark.parametrize("name", REPORTS)
def test_cells_are_the_document_s(name):
    document = json.loads(rendered("json", REPORTS[name]()))
    expected = []
    for found in document["audits"]:
        about = {k: v for k, v in found.items() if k not in ("cells", "skipped")}
        expected += [{"type": "cell", **about, **cell} for cell in found["cells"]]
    assert of_type(REPORTS[name](), "cell") == expected


def test_nothing_of_a_cell_hides_what_is_said_of_its_audit():
    document = json.loads(rendered("json", checked()))
    found = document["audits"][0]
    assert not set(found) & set(found["cells"][0])


def test_what_was_skipped():
    cells = of_type(checked(), "skipped-cell")
    assert [line["cell"].partition("/")[2] for line in cells] == [
        "float16:bfloat16/naive",
        "float16:bfloat16/stable",
    ]
    assert {line["source"]["name"] for line in cells} == {"[[40, 0], [1, nan]]"}
    (source,) = of_type(checked(), "skipped-source")
    assert source["source"]["name"] == "dumps/late.npy"
    assert source["reason"] == "interrupted"


def test_verdicts_come_with_their_requirement():
    lines = of_type(judged(), "verdict")
    assert len(lines) == sum(len(ruling.verdicts) for ruling in rulings()) + len(changes())
    failing = lines[2]
    assert failing["requirement"] == "log_softmax/*/stable: ulp.max <= 100"
    assert failing["passing"] == 2040.0
    assert failing["text"] == "ulp.max is 2037, at most 100 is allowed"
    assert failing["worst"]["index"] == [0, 2, 5, 4]
    assert not failing["passed"]
    assert [line["standing"] for line in lines[-4:]] == ["new", "worse", "fixed", "stale"]
    assert lines[-2]["limit"] == "inf"
    assert all(line["requirement"] is None for line in lines[-4:])


def test_the_last_line_is_the_judgement():
    last = parsed(judged())[-1]
    assert (last["type"], last["passed"], last["compared"]) == ("judgement", False, 16)
    assert not of_type(checked(), "judgement")


def test_an_element_view_is_there_too():
    found = audit(softaudit.read("[40, 0]"), make_plan({"format": ["float16"]}, elements=True))
    rows = of_type(report(found), "row")
    assert [row["function"] for row in rows] == ["softmax", "log_softmax"]
    assert [element["logit"] for element in rows[0]["elements"]] == [40.0, 0.0]


def test_names_survive():
    assert {line["source"]["name"] for line in of_type(REPORTS["hostile"](), "cell")} == {HOSTILE}


def test_golden():
    golden("judged.jsonl", rendered("json-lines", judged()))
