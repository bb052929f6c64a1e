"""A report as the contract's nested dictionaries."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from softaudit.algorithms import ALGORITHMS, BLOCK_SIZE, BLOCKWISE
from softaudit.metrics import BINS_PER_OCTAVE, INFINITE_BIN, ONE_ULP_BIN
from softaudit.wording import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from softaudit.model import Audit, Cell, CellKey, Event, RowQuality, RowTable, Source, Worst
    from softaudit.report import Judgement, Report, Verdict

SCHEMA = 1


def to_json(report: Report) -> dict[str, Any]:
    """Give a report as the contract's nested dictionaries, ready for `json.dumps`."""
    audits = [audit_to_json(audit) for audit in report.audits]
    return {**head_to_json(report), "audits": audits, **tail_to_json(report)}


def head_to_json(report: Report) -> dict[str, Any]:
    """Give what stands before the audits: the schema, and what computed them."""
    document = {
        "schema": SCHEMA,
        "tool": dict(report.tool),
        "environment": dict(report.environment),
    }
    return dict(as_json(document))


def audit_to_json(audit: Audit) -> dict[str, Any]:
    """Give one of the audits."""
    return dict(as_json(_audit(audit)))


def tail_to_json(report: Report) -> dict[str, Any]:
    """Give what stands behind the audits: what was skipped, and the judgement."""
    document = {
        "skipped": [{"source": s.source, "reason": s.reason} for s in report.skipped],
        "judgement": None if report.judgement is None else _judgement(report.judgement),
    }
    return dict(as_json(document))


def as_json(value: Any) -> Any:
    """Replace what JSON has no number for, all the way down."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {name: as_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(part) for part in value]
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
        "range": audit.range,
        "widest": audit.widest,
        "reference": {
            "method": used.method,
            "settled_by_mpmath": used.settled_by_mpmath,
            "undecided": used.undecided,
            "tiers": dict(used.tiers),
            "ulp_radius": used.ulp_radius,
        },
        "cells": [_cell(cell, audit) for cell in audit.cells],
        "skipped": [{"cell": s.cell, "reason": s.reason} for s in audit.skipped],
    }
    if audit.tables:
        document["tables"] = [_table(table) for table in audit.tables]
    return document


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
        "worst": None if verdict.worst is None else _worst(verdict.worst),
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


def _key(key: CellKey) -> dict[str, Any]:
    arithmetic = key.arithmetic
    return {
        "name": key.name,
        "function": key.function,
        "format": arithmetic.storage.name,
        "compute": arithmetic.compute.name,
        "accumulate": arithmetic.accumulate.name,
        "order": arithmetic.order,
        "subnormals": "flush" if arithmetic.flushes else "keep",
        "saturate": arithmetic.saturates,
        "algorithm": key.algorithm,
        "block_size": key.block_size or (BLOCK_SIZE if key.algorithm in BLOCKWISE else None),
    }


def _cell(cell: Cell, audit: Audit) -> dict[str, Any]:
    return {
        **_key(cell.key),
        "input": audit.source.input,
        "implementation": implementation(cell.key),
        "elements": cell.elements,
        "rows": dict(cell.rows),
        "overflow": dict(cell.overflow),
        "underflow": dict(cell.underflow),
        "out_of_range": cell.out_of_range,
        "ulp": dict(cell.ulp),
        "histogram": _histogram(cell.histogram),
        "absolute": {"max": cell.absolute_max},
        "relative": {"max": cell.relative_max},
        "correctly_rounded": cell.correctly_rounded,
        "cast_error": dict(cell.cast_error),
        "origin": {name: dict(errors) for name, errors in cell.origin.items()},
        "row_sum": None if cell.row_sum_defect is None else {"max_defect": cell.row_sum_defect},
        "bound": None if cell.bound is None else asdict(cell.bound),
        "condition": None if cell.condition is None else asdict(cell.condition),
        "quality": None if cell.quality is None else _quality(cell.quality),
        "worst": [_worst(worst) for worst in cell.worst[: audit.shown_worst]],
        "events": {name: _event(event) for name, event in cell.events.items()},
        "causes": {name: _event(event) for name, event in cell.causes.items()},
        "breaks": {name: _event(event) for name, event in cell.breaks.items()},
        "degenerate": [
            {
                "kind": d.kind.name.lower(),
                "rows": d.rows,
                "first": d.first,
                "returned": d.returned,
            }
            for d in cell.degenerate
        ],
    }


def _quality(quality: RowQuality) -> dict[str, Any]:
    return {
        "argmax_kept": quality.argmax_kept,
        "top_k": quality.top_k,
        "top_k_kept": quality.top_k_kept,
        "kl": dict(quality.kl),
        "total_variation": dict(quality.total_variation),
        "log_probability": {"max": quality.log_probability},
        "choice_refused": quality.choice_refused,
    }


def implementation(key: CellKey) -> str | None:
    """Name whose outputs were judged; None for our own algorithms."""
    return None if key.algorithm in ALGORITHMS[key.function] else key.algorithm


def _histogram(counts: Mapping[int, int]) -> dict[str, Any]:
    """Give the counts by bin, numbered so that bin 0 ends at 1 ulp.

    Bin b holds errors up to 2^⌊b/128⌋ (1 + (b mod 128)/128), from where bin b − 1 ends.
    """
    finite = {b: n for b, n in counts.items() if b not in (0, INFINITE_BIN)}
    return {
        "bins_per_octave": BINS_PER_OCTAVE,
        "zero": counts.get(0, 0),
        "bins": [b - ONE_ULP_BIN for b in finite],
        "counts": list(finite.values()),
        "infinite": counts.get(INFINITE_BIN, 0),
    }


def _worst(worst: Worst) -> dict[str, Any]:
    return {
        "index": worst.index,
        "logit": worst.logit,
        "computed": worst.computed,
        "exact": worst.exact,
        "ulp": worst.ulp,
        "relative": worst.relative,
        "cause": worst.cause,
    }


def _event(event: Event) -> dict[str, Any]:
    return {"count": event.count, "rows": event.rows, "first": event.first}


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
