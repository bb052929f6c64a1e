"""A report as the contract's nested dictionaries."""

from __future__ import annotations

import math
import shlex
from posixpath import isabs
from typing import TYPE_CHECKING, Any

from softaudit.json_v1.write_cell import cell_to_json, over_inputs_to_json, worst_to_json
from softaudit.wording import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from softaudit.model import Audit, RowTable, Source, Used
    from softaudit.report import Judgement, Report, Verdict
    from softaudit.summary import CellSummary

SCHEMA = 1


def to_json(report: Report) -> dict[str, Any]:
    """Give a report as the contract's nested dictionaries, ready for `json.dumps`."""
    return {
        **head_to_json(report),
        "audits": [audit_to_json(audit) for audit in report.audits],
        **tail_to_json(report),
    }


def head_to_json(report: Report) -> dict[str, Any]:
    """Give what stands in a document before the audits."""
    return {
        "schema": SCHEMA,
        "tool": dict(report.tool),
        "environment": dict(report.environment),
    }


def tail_to_json(report: Report) -> dict[str, Any]:
    """Give what stands in a document after the audits."""
    found = {
        "summary": None if report.summary is None else summary_to_json(report.summary),
        "skipped": [{"source": s.source, "reason": s.reason} for s in report.skipped],
        "judgement": None if report.judgement is None else _judgement(report.judgement),
    }
    return dict(as_json(found))


def summary_to_json(summary: Iterable[CellSummary]) -> list[dict[str, Any]]:
    """Give what all inputs say of each cell."""
    return [dict(as_json(over_inputs_to_json(found))) for found in summary]


def audit_to_json(audit: Audit) -> dict[str, Any]:
    """Give one audit, as it stands among a document's."""
    return dict(as_json(_audit(audit)))


def as_json(value: Any) -> Any:
    """Replace what JSON has no number for, all the way down."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {name: as_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        # Histograms are long lists of integers, which JSON has numbers for.
        return list(value) if set(map(type, value)) <= {int} else list(map(as_json, value))
    return value


def _audit(audit: Audit) -> dict[str, Any]:
    used = audit.reference
    document = {
        "source": _source(audit.source),
        "sampled": audit.sampled,
        "row": audit.row,
        "partial": audit.partial,
        "temperature": audit.temperature,
        "elementary": audit.elementary,
        "logits_format": audit.logits_format,
        "implementations": [used_to_json(used) for used in audit.implementations],
        "range": audit.range,
        "widest": audit.widest,
        "reference": {
            "method": used.method,
            "settled_by_mpmath": used.settled_by_mpmath,
            "undecided": used.undecided,
            "tiers": dict(used.tiers),
            "ulp_radius": used.ulp_radius,
        },
        "trusted": audit.trusted,
        "cells": [cell_to_json(cell, audit) for cell in audit.cells],
        "skipped": [{"cell": s.cell, "reason": s.reason} for s in audit.skipped],
    }
    if audit.tables:
        document["tables"] = [_table(table) for table in audit.tables]
    return document


def used_to_json(used: Used) -> dict[str, Any]:
    """Give who answered, as far as is known, and what they did beside."""
    return {
        "name": used.name,
        "version": used.version,
        "device": used.device,
        "sha256": used.sha256,
        "command": "" if any(map(isabs, shlex.split(used.command))) else used.command,
        "remarks": {cell: list(remarks) for cell, remarks in used.remarks.items()},
    }


def _judgement(judgement: Judgement) -> dict[str, Any]:
    return {
        "passed": judgement.passed,
        "requirements": [
            {
                "where": ruling.requirement.where,
                "metric": ruling.requirement.metric,
                ruling.requirement.bound: ruling.requirement.limit,
                "input": ruling.requirement.input,
                "level": ruling.requirement.level,
                "passed": ruling.passed,
                "passing": ruling.passing,
                "verdicts": [verdict_to_json(verdict) for verdict in ruling.verdicts],
            }
            for ruling in judgement.rulings
        ],
        "baseline": None
        if judgement.compared is None
        else {
            "compared": judgement.compared,
            "changes": [verdict_to_json(change) for change in judgement.changes],
        },
        "notes": list(judgement.notes),
    }


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    """Give what a requirement, or the baseline, says of one cell."""
    return {
        "standing": verdict.standing,
        "passed": verdict.passed,
        "level": verdict.level,
        "input": verdict.input,
        "cell": verdict.cell,
        "metric": verdict.metric,
        "measured": verdict.measured,
        "limit": verdict.limit,
        "bound": verdict.bound,
        "text": plain(verdict.text),
        "worst": None if verdict.worst is None else worst_to_json(verdict.worst),
        "command": verdict.command,
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "key": source.key,
        "format": source.format,
        "shape": source.shape,
        "axis": source.axis,
        "rows": source.rows,
        "columns": source.columns,
        "sha256": source.sha256,
    }


def _table(table: RowTable) -> dict[str, Any]:
    return {
        "index": table.index,
        "function": table.function,
        "format": table.format,
        "kind": table.kind.name.lower(),
        "left_out": table.left_out,
        "condition": table.condition,
        "elements": [
            {
                "column": e.column,
                "logit": e.logit,
                "rounded": e.rounded,
                "exact": e.exact,
                "results": {
                    name: {"computed": r.computed, "ulp": r.ulp} for name, r in e.results.items()
                },
            }
            for e in table.elements
        ],
    }
