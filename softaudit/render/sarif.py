"""The report as SARIF 2.1.0, which code scanning shows beside the files.

Rules are the causes by their names, `requirement` and `baseline`.  Results are the verdicts that
fail, what breaks, and what loses.  A file of logits has no lines, so all stand at its first; what
was no file, a literal or standard input, has no physical location, and GitHub shows no such result.
Inputs that were skipped for what they are are warnings among the notifications; a run that was
interrupted did not succeed.

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
from softaudit.render.facts import line, missing_of, missing_sources
from softaudit.render.verdicts import BASELINE, REQUIREMENT, details, file_of, rule
from softaudit.reproduce import row_command
from softaudit.wording import count, place, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from softaudit.findings import Finding
    from softaudit.model import Audit, Worst
    from softaudit.render.facts import Missing
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


@dataclass(slots=True)
class _Taken:
    """What is taken of audits, which are gone through once."""

    results: list[_Result] = field(default_factory=list)
    files: dict[str, str | None] = field(default_factory=dict)
    left_out: list[Missing] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, audit: Audit, screen: Screen | None) -> None:
        """Take what is small of an audit."""
        name = audit.source.input
        self.results += (_of_finding(f, audit) for f in findings(audit) if f.kind in LEVELS)
        self.files[name] = file_of(audit.source, screen)
        self.left_out += missing_of(audit)
        self.notes += (f"{name}: {s.cell} skipped: {s.reason}" for s in audit.skipped)


def render(report: Report, screen: Screen | None = None) -> Iterator[str]:
    """Render a report as one SARIF log, result by result, the same bytes for the same report.

    Parameters
    ----------
    report : Report
    screen : Screen, optional
        Its folder stands before files: GitHub takes relative paths as seen from the root of the
        repository, and its checkout_path is for absolute ones alone.
    """
    taken = _Taken([_of_verdict(v) for v in report.judgement.failures] if report.judgement else [])
    for audit in report.audits:
        taken.add(audit, screen)
    shown = taken.results[:MOST_RESULTS]
    named = {name for r in shown for name in (r.rule, r.properties.get("cause"))}
    rules = [name for name in RULES if name in named]
    run = {
        "tool": {"driver": _driver(report.tool["softaudit"], rules)},
        "invocations": [_invocation(report, taken)],
        "results": [],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    yield from with_results(dumped(log), _laid_out(shown, rules, taken.files))


def with_results(log: str, results: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Put results into the last list of a log, which is empty, where they stand four levels in."""
    before, _, after = log.rpartition("[]")
    margin = "\n    "
    between, end = "[", "[]"
    yield before
    for result in results:
        yield f"{between}{margin}" + dumped(result).replace("\n", margin)
        between, end = ",", "\n   ]"
    yield f"{end}{after}\n"


def dumped(document: dict[str, Any]) -> str:
    """Give a document as this file lays it out."""
    return json.dumps(as_json(document), ensure_ascii=False, allow_nan=False, indent=1)


def _driver(version: str, rules: list[str]) -> dict[str, Any]:
    return {"name": "softaudit", "version": version, "rules": [_rule(name) for name in rules]}


def _rule(name: str) -> dict[str, Any]:
    text = message(RULES[name])
    told = [f"{label}: {words}" for label, words in read(EXPLANATIONS.get(name, "")).labels]
    described = {"shortDescription": text, "fullDescription": text}
    return {"id": name, **described, "help": message(*told or (RULES[name],))}


def message(*lines: str) -> dict[str, str]:
    """Give lines as a message, in whose text braces are doubled (section 3.11.5)."""
    return {"text": "\n".join(map(plain, lines)).replace("{", "{{").replace("}", "}}")}


def _invocation(report: Report, taken: _Taken) -> dict[str, Any]:
    missing = [*taken.left_out, *missing_sources(report)]
    told = [*taken.notes, *(report.judgement.notes if report.judgement else ())]
    left_out = len(taken.results[MOST_RESULTS:])
    told += [f"{count(left_out, 'result')} left out, beyond {MOST_RESULTS}"] if left_out else []
    leveled = [("error" if m.interrupted else "warning", f"{m.input}: {m.text}") for m in missing]
    leveled += [("note", text) for text in told]
    notes = [{"level": level, "message": message(text)} for level, text in leveled]
    said = {"toolExecutionNotifications": notes} if notes else {}
    return {"executionSuccessful": not any(m.interrupted for m in missing), **said}


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
    results: list[_Result], rules: list[str], files: dict[str, str | None]
) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for result in results:
        mark = _fingerprint(result)
        seen[mark] += 1
        yield {
            "ruleId": result.rule,
            "ruleIndex": rules.index(result.rule),
            "level": result.level,
            "message": message(*result.lines),
            "locations": [_location(result, files.get(result.input))],
            "partialFingerprints": {"primaryLocationLineHash": f"{mark}:{seen[mark]}"},
            "properties": {"input": line(result.input), **result.properties},
        }


def _fingerprint(result: _Result) -> str:
    """Give 16 digits for a rule, an input, its first cell, and the metric or kind of finding."""
    parts = (result.rule, result.input, *(name for name, _ in result.elements[:1]), *result.about)
    return fingerprint(parts)


def fingerprint(parts: Sequence[str]) -> str:
    """Give 16 digits for what a result is about."""
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
