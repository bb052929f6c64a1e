"""Conformance as one JSON document, of a stable shape.

`{"schema": 1, "tool", "environment", "conformance": {"functions", "formats", "strict", "partial",
"respondents", "edge_rows", "questions"}}`.  Strict says whether replies are judged, and partial
how many there were when somebody had enough of the run, null where it was not interrupted.  A
respondent has what an implementation has in a report (name, version, device, command, remarks by
cell), and how many of its replies have which verdict.  A question is an edge row as one function in
one format: with its logits, what is expected (exact decimals and their roundings, or a convention
and its reason), and every respondent's reply: verdict, whether it deviates, values, the largest
error in ulp and the element that has it, why there is no answer, and remarks.  Rows are lists of
[value, times in a row].  NaN and infinities are "nan", "inf", "-inf"; what does not apply is null;
numbers are not rounded.  More keys may join, and none changes its meaning.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from softaudit.json_v1 import SCHEMA, as_json, used_to_json
from softaudit.render.conformance.words import counts
from softaudit.render.json import dumped
from softaudit.report import make_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.model import Used
    from softaudit.render.screen import Screen
    from softaudit.studies.conforming import Conformance, Question, Reply


def render(found: Conformance, screen: Screen | None = None) -> Iterator[str]:  # noqa: ARG001
    """Render conformance as one JSON document, the same bytes for the same answers."""
    study = {
        "functions": found.functions,
        "formats": found.formats,
        "strict": found.strict,
        "partial": found.partial,
        "respondents": [respondent(found, one) for one in found.respondents],
        "edge_rows": edge_rows(found),
        "questions": [question(one) for one in found.questions],
    }
    yield f"{dumped(as_json({**head(), 'conformance': study}))}\n"


def head() -> dict[str, Any]:
    """Give the schema's number, versions, and what the figures depend on."""
    about = make_report(())
    return {"schema": SCHEMA, "tool": about.tool, "environment": about.environment}


def respondent(found: Conformance, one: Used) -> dict[str, Any]:
    """Give who was asked, with counts of verdicts."""
    return {**used_to_json(one), "verdicts": counts(found, one.name)}


def edge_rows(found: Conformance) -> list[dict[str, str]]:
    """Give what the edge rows are."""
    rows = found.edge_rows
    return [{"name": r.name, "sentence": r.sentence, "disputed": r.disputed} for r in rows]


def question(one: Question) -> dict[str, Any]:
    """Give a question, with what is expected and every reply."""
    return {**asked(one), "replies": [reply(r) for r in one.replies]}


def asked(one: Question) -> dict[str, Any]:
    """Give a question, with what is expected."""
    return {
        "function": one.function,
        "format": one.format,
        "edge_row": one.edge_row.name,
        "logits": one.logits,
        "expected": None if one.expected is None else asdict(one.expected),
    }


def reply(one: Reply) -> dict[str, Any]:
    """Give a reply, and whether it deviates."""
    return {**asdict(one), "deviates": one.deviates, "reason": one.reason or None}
