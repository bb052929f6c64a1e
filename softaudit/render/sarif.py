"""The report as SARIF 2.1.0, which code scanning shows beside the files.

Rules are the causes by their names, `requirement` and `baseline`.  Results are the verdicts that
fail, what breaks, and what loses.  A file of logits has no lines, so all stand at its first; what
was no file, a literal or standard input, has no physical location, and GitHub shows no such result.

GitHub tells results of one file and rule apart by the fingerprint `primaryLocationLineHash`, and
makes it of the first line's text where there is none: all of them would be one alert.  So it is
given here.  It is made of what a result is about and of no figure, that an alert stays the same one
while its figures change.

References
----------
.. [1] OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, 2020,
   https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
.. [2] GitHub, SARIF support for code scanning, https://docs.github.com/en/code-security
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from softaudit.findings import findings
from softaudit.json_v1 import as_json
from softaudit.metrics import CAUSES, DESCRIPTIONS, EXPLANATIONS
from softaudit.render.docstring import read
from softaudit.render.facts import line, missing
from softaudit.render.verdicts import BASELINE, REQUIREMENT, details, files, rule
from softaudit.reproduce import row_command
from softaudit.wording import count, place, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.findings import Finding
    from softaudit.model import Audit, Worst
    from softaudit.render.screen import Screen
    from softaudit.report import Report, Verdict

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000
"""How many results of a run GitHub takes."""

FORCED = "overflow-forced"
"""The rule of findings that name no cause: what no algorithm can return in the format."""

RULES: dict[str, str] = {
    **{cause: DESCRIPTIONS[cause] for cause in CAUSES},
    FORCED: "The exact value is beyond the format, whatever the algorithm.",
    "mismatch": "The exact value is infinite, and the result is not.",
    REQUIREMENT: "A requirement does not hold.",
    BASELINE: "A cell is worse than in the baseline, or differs from it.",
}
LEVELS = {"breaks": "warning", "loses": "note"}
"""Findings that are results, and how grave they are."""


@dataclass(frozen=True, slots=True)
class _Result:
    """What a result says, before it is laid out."""

    rule: str
    level: str
    lines: tuple[str, ...]
    input: str
    elements: tuple[tuple[str, Worst | None], ...]
    about: tuple[str, ...] = ()
    properties: dict[str, Any] = field(default_factory=dict)


def render(report: Report, screen: Screen | None = None) -> str:
    """Render a report as one SARIF log, the same bytes for the same report.

    Parameters
    ----------
    report : Report
    screen : Screen, optional
        Its folder stands before files: GitHub takes relative paths as seen from the root of the
        repository, and its checkout_path is for absolute ones alone.
    """
    results = list(_results(report))
    shown, left_out = results[:MOST_RESULTS], len(results[MOST_RESULTS:])
    named = {name for r in shown for name in (r.rule, r.properties.get("cause"))}
    rules = [name for name in RULES if name in named]
    run = {
        "tool": {"driver": _driver(report.tool["softaudit"], rules)},
        "invocations": [_invocation(report, left_out)],
        "results": list(_laid_out(shown, rules, files(report, screen))),
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(as_json(log), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _driver(version: str, rules: list[str]) -> dict[str, Any]:
    return {"name": "softaudit", "version": version, "rules": [_rule(name) for name in rules]}


def _rule(name: str) -> dict[str, Any]:
    text = _message(RULES[name])
    told = [f"{label}: {words}" for label, words in read(EXPLANATIONS.get(name, "")).labels]
    described = {"shortDescription": text, "fullDescription": text}
    return {"id": name, **described, "help": _message(*told or (RULES[name],))}


def _message(*lines: str) -> dict[str, str]:
    """Give lines as a message, in whose text braces are doubled (section 3.11.5)."""
    return {"text": "\n".join(map(plain, lines)).replace("{", "{{").replace("}", "}}")}


def _invocation(report: Report, left_out: int) -> dict[str, Any]:
    errors = [f"{name}: {words}" for name, words in missing(report)]
    told = []
    for audit in report.audits:
        told += [f"{audit.source.input}: {s.cell} skipped: {s.reason}" for s in audit.skipped]
    told += report.judgement.notes if report.judgement else ()
    told += [f"{count(left_out, 'result')} left out, beyond {MOST_RESULTS}"] if left_out else []
    leveled = [*(("error", text) for text in errors), *(("note", text) for text in told)]
    notes = [{"level": level, "message": _message(text)} for level, text in leveled]
    said = {"toolExecutionNotifications": notes} if notes else {}
    return {"executionSuccessful": not errors, **said}


def _results(report: Report) -> Iterator[_Result]:
    for verdict in report.judgement.failures if report.judgement else ():
        yield _of_verdict(verdict)
    for audit in report.audits:
        yield from (_of_finding(f, audit) for f in findings(audit) if f.kind in LEVELS)


def _of_verdict(verdict: Verdict) -> _Result:
    said = {
        "standing": verdict.standing,
        "metric": verdict.metric,
        "measured": verdict.measured,
        "limit": verdict.limit,
        "cause": verdict.worst.cause if verdict.worst else None,
    }
    sentence, *rest = details(verdict)
    return _Result(
        rule(verdict),
        verdict.level,
        (f"{line(verdict.cell)}: {sentence}", *rest),
        verdict.input,
        ((verdict.cell, verdict.worst),),
        (verdict.metric or "",),
        {name: value for name, value in said.items() if value is not None},
    )


def _of_finding(finding: Finding, audit: Audit) -> _Result:
    cells = [cell for cell in audit.cells if cell.key.name in finding.cells]
    worst = [next((w for w in c.worst if w.cause == finding.cause), None) for c in cells]
    pairs = [(c, w) for c, w in zip(cells, worst, strict=True) if w is not None]
    command = row_command(audit, *max(pairs, key=lambda pair: pair[1].ulp)) if pairs else ""
    return _Result(
        finding.cause or FORCED,
        LEVELS[finding.kind],
        (finding.text, command) if command else (finding.text,),
        audit.source.input,
        tuple((c.key.name, w) for c, w in zip(cells, worst, strict=True)),
        (finding.kind,),
    )


def _laid_out(
    results: list[_Result], rules: list[str], files: dict[str, str]
) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for result in results:
        mark = _fingerprint(result)
        seen[mark] += 1
        yield {
            "ruleId": result.rule,
            "ruleIndex": rules.index(result.rule),
            "level": result.level,
            "message": _message(*result.lines),
            "locations": [_location(result, files.get(result.input))],
            "partialFingerprints": {"primaryLocationLineHash": f"{mark}:{seen[mark]}"},
            "properties": {"input": line(result.input), **result.properties},
        }


def _fingerprint(result: _Result) -> str:
    """Give 16 digits for a rule, an input, its first cell, and the metric or kind of finding."""
    parts = (result.rule, result.input, *(name for name, _ in result.elements[:1]), *result.about)
    return sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _location(result: _Result, file: str | None) -> dict[str, Any]:
    names = (f"{cell} {place(worst.index)}" if worst else cell for cell, worst in result.elements)
    logical = {"logicalLocations": [{"fullyQualifiedName": line(name)} for name in names]}
    if file is None:
        return logical
    artifact = {"uri": quote(file, errors="surrogatepass")}
    return {
        "physicalLocation": {"artifactLocation": artifact, "region": {"startLine": 1}}
    } | logical
