"""Schema 1 line by line: what jq, log collectors and tables of columns read without a whole file.

Every line is an object with a "type", and stands alone: a cell carries what the document says of
its audit.  Types, in this order: report (schema and versions), summary (a cell over all inputs,
where there are many), cell, row (an element view that was asked for), skipped-cell, skipped-source,
verdict, judgement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softaudit.json_v1 import as_json, audit_to_json, head_to_json, summary_to_json, verdict_to_json
from softaudit.render.json import dumped
from softaudit.wording import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.render.screen import Screen
    from softaudit.report import Judgement, Report, Ruling, SkippedSource, Verdict

_PARTS = ("cells", "skipped", "tables")


def render(report: Report, screen: Screen | None = None) -> Iterator[str]:  # noqa: ARG001
    """Render a report as JSON objects, one on a line, the same bytes for the same report."""
    yield _line({"type": "report", **head_to_json(report)})
    for cell in summary_to_json(report.summary or ()):
        yield _line({"type": "summary", **cell})
    skipped: list[dict[str, Any]] = []
    for audit in report.audits:
        document = audit_to_json(audit)
        yield from map(_line, _of_audit(document))
        skipped += _skipped(document)
    yield from map(_line, skipped)
    yield from (_line(_skipped_source(source)) for source in report.skipped)
    if report.judgement is not None:
        yield from (_line(as_json(line)) for line in _judged(report.judgement))


def _line(line: dict[str, Any]) -> str:
    return f"{dumped(line)}\n"


def _of_audit(audit: dict[str, Any]) -> Iterator[dict[str, Any]]:
    about = {name: part for name, part in audit.items() if name not in _PARTS}
    for cell in audit["cells"]:
        yield {"type": "cell", **about, **cell}
    for table in audit.get("tables", ()):
        yield {"type": "row", **about, **table}


def _skipped(audit: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for skipped in audit["skipped"]:
        yield {"type": "skipped-cell", "source": audit["source"], **skipped}


def _skipped_source(skipped: SkippedSource) -> dict[str, Any]:
    source = {"name": skipped.source}
    return {"type": "skipped-source", "source": source, "reason": skipped.reason}


def _judged(judgement: Judgement) -> Iterator[dict[str, Any]]:
    for ruling in judgement.rulings:
        yield from (_verdict(verdict, ruling) for verdict in ruling.verdicts)
    yield from (_verdict(verdict, None) for verdict in judgement.changes)
    yield {
        "type": "judgement",
        "passed": judgement.passed,
        "compared": judgement.compared,
        "notes": [plain(note) for note in judgement.notes],
    }


def _verdict(verdict: Verdict, ruling: Ruling | None) -> dict[str, Any]:
    line = {"type": "verdict", **verdict_to_json(verdict)}
    if ruling is None:
        return {**line, "requirement": None, "passing": None}
    return {**line, "requirement": ruling.requirement.text, "passing": ruling.passing}
