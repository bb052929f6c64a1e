"""One cell as the contract has it, of one input or of all of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from softaudit.algorithms import ALGORITHMS, BLOCK_SIZE, BLOCKWISE
from softaudit.figures import nested
from softaudit.metrics import (
    BINS_PER_OCTAVE,
    GAP_BINS_PER_OCTAVE,
    INFINITE_BIN,
    ONE_ULP_BIN,
    ULP_BINS_PER_OCTAVE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from softaudit.model import Audit, AxisMap, Cell, CellKey, Event, RowQuality, Worst
    from softaudit.summary import CellSummary


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


def cell_to_json(cell: Cell, audit: Audit) -> dict[str, Any]:
    """Give a cell of an audit."""
    return {
        **_key(cell.key),
        "input": audit.source.input,
        "implementation": implementation(cell.key),
        **_errors(cell),
        "by_axis": None if cell.by_axis is None else _map(cell.by_axis),
        "cast_error": dict(cell.cast_error),
        "origin": _origin(cell),
        "row_sum": _row_sum(cell),
        "bound": None if cell.bound is None else asdict(cell.bound),
        "condition": None if cell.condition is None else asdict(cell.condition),
        "quality": None if cell.quality is None else _quality(cell.quality),
        **_beside(cell),
        "worst": [worst_to_json(worst) for worst in cell.worst[: audit.shown_worst]],
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


def over_inputs_to_json(summary: CellSummary) -> dict[str, Any]:
    """Give what all inputs say of a cell."""
    cell = summary.cell
    return {
        **_key(cell.key),
        "implementation": implementation(cell.key),
        "inputs": summary.inputs,
        "states": {
            state: {"count": inputs.count, "first": inputs.first}
            for state, inputs in summary.states.items()
        },
        **_errors(cell),
        "origin": _origin(cell),
        "row_sum": _row_sum(cell),
        "quality": None if cell.quality is None else _quality(cell.quality),
        **_beside(cell),
        "worst": [
            {"input": found.audit.source.input, **worst_to_json(found.worst)}
            for found in summary.worst
        ],
    }


def _errors(cell: Cell) -> dict[str, Any]:
    return {
        "elements": cell.elements,
        "rows": dict(cell.rows),
        "overflow": dict(cell.overflow),
        "underflow": dict(cell.underflow),
        "out_of_range": cell.out_of_range,
        "ulp": dict(cell.ulp),
        "histogram": _histogram(cell.histogram),
        "gaps": None if cell.gaps is None else _gaps(cell.gaps),
        "absolute": {"max": cell.absolute_max},
        "relative": {"max": cell.relative_max},
        "correctly_rounded": cell.correctly_rounded,
    }


def _origin(cell: Cell) -> dict[str, Any]:
    return {name: dict(errors) for name, errors in cell.origin.items()}


def _row_sum(cell: Cell) -> dict[str, Any] | None:
    return None if cell.row_sum_defect is None else {"max_defect": cell.row_sum_defect}


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


def _beside(cell: Cell) -> dict[str, Any]:
    ratio = None if cell.ratio is None else nested(cell.ratio)
    return {"against": cell.against, "ratio": ratio}


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


def _gaps(counts: Mapping[tuple[int, int], int]) -> dict[str, Any]:
    return {
        "gap_bins_per_octave": GAP_BINS_PER_OCTAVE,
        "ulp_bins_per_octave": ULP_BINS_PER_OCTAVE,
        "gap": [gap for gap, _ in counts],
        "ulp": [ulp for _, ulp in counts],
        "counts": list(counts.values()),
    }


def _map(found: AxisMap) -> dict[str, Any]:
    return {"shape": found.shape, "ulp_max": found.largest}


def worst_to_json(worst: Worst) -> dict[str, Any]:
    """Give a worst element."""
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
