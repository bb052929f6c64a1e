"""SARIF: valid by the schema, read by another library, and alerts that stay the same."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from jsonschema import Draft4Validator
from sarif_pydantic import Sarif

from softaudit.findings import findings
from softaudit.metrics import CAUSES, DESCRIPTIONS
from softaudit.model import Source
from softaudit.render import sarif
from softaudit.render.facts import is_file
from softaudit.render.screen import Screen

from .judged import (
    ATTENTION,
    HEADS,
    HOSTILE,
    REPORTS,
    checked,
    golden,
    hostile,
    interrupted,
    judged,
    passed,
    rendered,
    report,
)


@cache
def schema() -> Draft4Validator:
    path = Path(__file__).parents[1] / "schemas" / "sarif-2.1.0-rtm.5.json"
    return Draft4Validator(json.loads(path.read_text(encoding="utf-8")))


def run_of(given) -> dict:
    log = json.loads(rendered("sarif", given))
    (run,) = log["runs"]
    return run


def uri_of(result) -> str | None:
    (location,) = result["locations"]
    physical = location.get("physicalLocation")
    return physical and physical["artifactLocation"]["uri"]


def marks(given) -> list[str]:
    found = [result["partialFingerprints"] for result in run_of(given)["results"]]
    return [mark["primaryLocationLineHash"] for mark in found]


@pytest.mark.parametrize("name", REPORTS)
def test_valid_by_the_schema(name):
    text = rendered("sarif", REPORTS[name]())
    schema().validate(json.loads(text))
    read = Sarif.model_validate_json(text)
    assert [r.message.text for r in read.runs[0].results] == [
        result["message"]["text"] for result in run_of(REPORTS[name]())["results"]
    ]
    assert (read.runs[0].tool.driver.name, read.runs[0].tool.driver.version) == (
        "softaudit",
        "1.2.3",
    )


def test_an_empty_report_is_valid():
    schema().validate(json.loads(rendered("sarif", report())))


@pytest.mark.parametrize("name", REPORTS)
def test_rules_are_those_that_results_name(name):
    run = run_of(REPORTS[name]())
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert set(rules) <= {*CAUSES, "requirement", "baseline", "overflow-forced", "mismatch"}
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    named = {r["ruleId"] for r in run["results"]} | {
        r["properties"]["cause"] for r in run["results"] if "cause" in r["properties"]
    }
    assert set(rules) == named


def test_every_cause_is_described():
    assert tuple(DESCRIPTIONS) == CAUSES
    for text in sarif.RULES.values():
        assert text.endswith(".")
        assert len(text) <= 120


def test_the_help_of_a_cause_says_what_to_do():
    for rule in run_of(judged())["tool"]["driver"]["rules"]:
        assert ("\nRemedy: " in rule["help"]["text"]) == (rule["id"] in CAUSES)


def test_results_are_what_fails_breaks_and_loses():
    results = run_of(judged())["results"]
    kinds = [f.kind for audit in judged().audits for f in findings(audit)]
    levels = ["error"] * 3 + ["warning"] * 2
    levels += [{"breaks": "warning", "loses": "note"}[k] for k in kinds if k in ("breaks", "loses")]
    assert [result["level"] for result in results] == levels
    first = results[0]
    assert first["ruleId"] == "requirement"
    assert first["message"]["text"].split("\n") == [
        "log_softmax/float16/stable: ulp.max is 2037, at most 100 is allowed",
        "worst: absorption (0, 2, 5, 4): 0, exact −0.0004856, 2037 ULP",
        "softaudit check dumps/attention.npy --row 0,2,5 --function log_softmax --format float16",
    ]
    names = [place["fullyQualifiedName"] for place in first["locations"][0]["logicalLocations"]]
    assert names == ["log_softmax/float16/stable (0, 2, 5, 4)"]
    assert results[1]["ruleId"] == "baseline"


def test_files_have_a_place_and_literals_have_none():
    uris = [uri_of(result) for result in run_of(checked())["results"]]
    assert set(uris) == {ATTENTION, HEADS, None}
    regions = [
        result["locations"][0]["physicalLocation"]["region"]
        for result in run_of(checked())["results"]
        if uri_of(result)
    ]
    assert all(region == {"startLine": 1} for region in regions)


def test_files_are_seen_from_the_root_of_the_repository():
    """An alert is the same one from wherever the run was started."""
    seen = json.loads(rendered("sarif", judged(), Screen(folder="a b/sub")))["runs"][0]["results"]
    assert {uri_of(result) for result in seen} == {f"a%20b/sub/{ATTENTION}", f"a%20b/sub/{HEADS}"}
    found = [result["partialFingerprints"]["primaryLocationLineHash"] for result in seen]
    assert found == marks(judged())


@pytest.mark.parametrize(
    ("name", "command", "form", "answer"),
    [
        ("dumps/a.npy", "dumps/a.npy", "float32", True),
        ("a.npy", "", "float32", True),
        ("[1].csv", "'[1].csv'", "text", True),
        ("logits", "logits", "text", True),
        ("<stdin>", "-", "float32", False),
        ("[40, 0]", "'[40, 0]'", "text", False),
        ("[40, 0, 12, 13, 14, 15, 16, 17, 18, 19, …", "'[…]'", "text", False),
        ("array", "", "float64", False),
    ],
)
def test_what_is_a_file(name, command, form, answer):
    assert is_file(Source(name, command, None, form, (2,), -1, 1, 2, "")) is answer


def test_hostile_names_are_one_path():
    for result in run_of(hostile())["results"]:
        uri = uri_of(result)
        parts = urlsplit(uri)
        assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
        assert uri.isascii()
        assert unquote(parts.path) == HOSTILE


def test_braces_are_doubled():
    text = run_of(hostile())["results"][0]["message"]["text"]
    assert "{{0}}" in text
    assert "{0}" not in text.replace("{{", "").replace("}}", "")


def test_marks_are_unlike_within_a_run_and_alike_across_runs():
    found = marks(judged())
    assert len(set(found)) == len(found)
    judgement = judged().judgement
    failures = tuple(
        replace(
            v, measured=v.measured * 2, text="other", worst=replace(v.worst, index=(9, 9, 9, 9))
        )
        for v in judgement.failures
    )
    moved = replace(judged(), judgement=replace(judgement, failures=failures))
    assert marks(moved) == found


def test_two_requirements_of_one_figure_are_two_alerts():
    judgement = judged().judgement
    twice = replace(judgement, failures=(judgement.failures[0],) * 2)
    first, second = marks(replace(judged(), audits=(), judgement=twice))
    assert (first[-2:], second[-2:]) == (":1", ":2")
    assert first[:-2] == second[:-2]


def test_notes_and_skips_are_notifications():
    (invocation,) = run_of(checked())["invocations"]
    told = [note["message"]["text"] for note in invocation["toolExecutionNotifications"]]
    assert told[0] == "dumps/late.npy: skipped: interrupted"
    assert len(told) == 3
    for ended in (judged(), passed()):
        (invocation,) = run_of(ended)["invocations"]
        assert invocation["executionSuccessful"] is True
        assert "exitCode" not in invocation


def test_an_interrupted_run_did_not_succeed():
    text = rendered("sarif", interrupted())
    schema().validate(json.loads(text))
    (invocation,) = run_of(interrupted())["invocations"]
    assert invocation["executionSuccessful"] is False
    told = invocation["toolExecutionNotifications"]
    assert [(note["level"], note["message"]["text"]) for note in told] == [
        ("error", f"{ATTENTION}: partial: interrupted after 31 rows"),
        ("error", "dumps/late.npy: skipped: interrupted"),
    ]


def test_no_more_results_than_github_takes(monkeypatch):
    monkeypatch.setattr(sarif, "MOST_RESULTS", 4)
    total = len(marks(judged()))
    run = run_of(judged())
    assert len(run["results"]) == total == 4
    assert run["results"][0]["level"] == "error"
    (invocation,) = run["invocations"]
    assert (
        "results left out, beyond 4"
        in invocation["toolExecutionNotifications"][-1]["message"]["text"]
    )


@pytest.mark.parametrize("name", ["judged", "checked"])
def test_golden(name):
    golden(f"{name}.sarif", rendered("sarif", REPORTS[name]()))
