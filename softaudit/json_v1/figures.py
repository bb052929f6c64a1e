"""A cell's figures under their dotted names in the contract: what requirements may name."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from softaudit.metrics import CAUSES
from softaudit.model import RowKind
from softaudit.tally import OVERFLOW, UNDERFLOW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from softaudit.model import Cell

ROWS = tuple(kind.name.lower() for kind in RowKind)
ULP = ("max", "mean", "mean_over", "p50", "p99", "p999")


def _of(group: str, name: str) -> Callable[[Cell], float | None]:
    def figure(cell: Cell) -> float | None:
        value: float | None = getattr(cell, group)[name]
        return value

    return figure


def _count_of(group: str, name: str) -> Callable[[Cell], float | None]:
    def figure(cell: Cell) -> float | None:
        events = getattr(cell, group)
        return int(events[name].count) if name in events else 0

    return figure


def _in(group: str, name: str) -> Callable[[Cell], float | None]:
    def figure(cell: Cell) -> float | None:
        found = getattr(cell, group)
        return None if found is None else getattr(found, name)

    return figure


CELL_FIGURES: Mapping[str, Callable[[Cell], float | None]] = {
    "elements": attrgetter("elements"),
    **{f"rows.{name}": _of("rows", name) for name in ROWS},
    **{f"overflow.{name}": _of("overflow", name) for name in OVERFLOW},
    **{f"underflow.{name}": _of("underflow", name) for name in (*UNDERFLOW, "lost_mass")},
    "out_of_range": attrgetter("out_of_range"),
    **{f"ulp.{name}": _of("ulp", name) for name in ULP},
    "absolute.max": attrgetter("absolute_max"),
    "relative.max": attrgetter("relative_max"),
    "correctly_rounded": attrgetter("correctly_rounded"),
    "cast_error.max": _of("cast_error", "max"),
    "cast_error.mean": _of("cast_error", "mean"),
    "row_sum.max_defect": attrgetter("row_sum_defect"),
    **{f"bound.{name}": _in("bound", name) for name in ("rows", "error", "ratio", "bound")},
    **{f"condition.{name}": _in("condition", name) for name in ("max", "p50")},
}
"""The figures that every cell has, by dotted name; None where not applicable."""

FIGURES: Mapping[str, Callable[[Cell], float | None]] = {
    **CELL_FIGURES,
    **{f"causes.{name}.count": _count_of("causes", name) for name in CAUSES},
    **{f"breaks.{name}.count": _count_of("breaks", name) for name in CAUSES},
}
"""With the counts of causes and breaks: 0 of those that did not happen, which cells leave out."""
