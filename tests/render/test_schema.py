"""The JSON Schema that the package ships: what is written is valid, and nothing is undescribed."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import softaudit
from softaudit.algorithms import ALGORITHMS
from softaudit.arithmetic import ELEMENTARY, ORDERS
from softaudit.audit import audit
from softaudit.cli import run
from softaudit.formats import FORMATS
from softaudit.json_v1 import to_json
from softaudit.metrics import CAUSES
from softaudit.plan import make_plan
from softaudit.reference import METHODS
from softaudit.report import make_report
from softaudit.schema import schema_text
from softaudit.summary import summarize

from ..hard_rows import HARD_ROWS
from .judged import checked, hostile, judged, passed

FIXTURES = Path(__file__).parents[2] / "fixtures"
SCHEMA = json.loads(schema_text())


def closed(part):
    """Let no object have keys that the schema does not name."""
    if isinstance(part, list):
        return [closed(p) for p in part]
    if not isinstance(part, dict):
        return part
    found = {name: closed(p) for name, p in part.items()}
    if "properties" in found and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


VALID = jsonschema.Draft202012Validator(SCHEMA)
CLOSED = jsonschema.Draft202012Validator(closed(SCHEMA))


def documents():
    yield from ((name.__name__, name()) for name in (checked, judged, passed, hostile))
    every = {"function": list(ALGORITHMS), "format": ["float16", "float64", "float8_e4m3fn"]}
    for name, row in list(HARD_ROWS.items())[::12]:
        yield name, make_report([softaudit.audit([row], **every)])
    orders = softaudit.audit([[1.0, 2.0]], format=list(FORMATS), order=list(ORDERS))
    yield "orders", make_report([orders])
    modes = {"subnormals": ["keep", "flush"], "saturate": True, "algorithm": "all"}
    yield "modes", make_report([softaudit.audit([[500.0, 2.0]], format="float8_e5m2", **modes)])
    logits = np.load(FIXTURES / "attention_finfo_min.npy")
    yield "masks", make_report([softaudit.audit(logits, format=["float16"])])
    yield "outputs", make_report([softaudit.judge(np.float32([[0.5, np.nan]]), [[0.0, 1.0]])])
    plan = make_plan({}, elementary="correct", row=(1,), elements=True)
    literal = softaudit.read("[[1, 2], [-inf, nan]]")
    yield "row", make_report([audit(literal, plan)])
    made = [softaudit.audit(rows, format=["float16"]) for rows in ([[[12.0, 2.0]]], [[[np.nan]]])]
    yield "summary", replace(make_report(made), summary=summarize(made))


def test_what_is_written_is_valid_and_described():
    for name, report in documents():
        document = json.loads(softaudit.render(report, "json"))
        assert document == json.loads(json.dumps(to_json(report))), name
        # Closed, the schema takes nothing that it would not take as it is.
        assert not [error.message for error in CLOSED.iter_errors(document)], name


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("place", "names"),
    [
        (("format",), FORMATS),
        (("cause",), CAUSES),
        (("cell", "properties", "function"), ALGORITHMS),
        (("cell", "properties", "order"), ORDERS),
        (("audit", "properties", "elementary"), ELEMENTARY),
        (("audit", "properties", "reference", "properties", "method"), METHODS),
    ],
)
def test_names_are_those_that_are_known(place, names):
    part = SCHEMA["$defs"]
    for key in place:
        part = part[key]
    assert part["enum"] == list(names)


def test_every_key_of_a_cell_is_demanded():
    """A document that lacks one, or has another type, is invalid."""
    found = softaudit.audit([[1.0, 2.0]], function=["softmax"], format=["float16"])
    document = json.loads(softaudit.render(found, "json"))
    cell = document["audits"][0]["cells"][0]
    for key in cell:
        damaged = copy.deepcopy(document)
        del damaged["audits"][0]["cells"][0][key]
        assert not VALID.is_valid(damaged), key
        damaged["audits"][0]["cells"][0][key] = {"other": 1}
        assert not VALID.is_valid(damaged), key


def test_explain_prints_it(capsys):
    assert run(["explain", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA


def test_an_unknown_topic_suggests_the_nearest(capsys):
    assert run(["explain", "shema"]) == 2
    assert "did you mean schema?" in capsys.readouterr().err
