"""A cell's figures under their dotted names in the JSON contract: what requirements may name."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from softaudit.cell_making import OVERFLOW, UNDERFLOW
from softaudit.metrics import CAUSES
from softaudit.model import RowKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from softaudit.model import Cell, RowQuality

ROWS = tuple(kind.name.lower() for kind in RowKind)
ULP = ("max", "mean", "mean_over", "p50", "p99", "p999")
ORIGINS = ("cast", "floor", "excess")
RATIO = "ratio."
"""What names of ratios begin with."""


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


def _of_origin(name: str, statistic: str) -> Callable[[Cell], float | None]:
    return lambda cell: cell.origin[name][statistic]


def _of_rows(read: Callable[[RowQuality], float | None]) -> Callable[[Cell], float | None]:
    return lambda cell: None if cell.quality is None else read(cell.quality)


OWN_FIGURES: Mapping[str, Callable[[Cell], float | None]] = {
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
    **{
        f"origin.{name}.{statistic}": _of_origin(name, statistic)
        for name in ORIGINS
        for statistic in ("max", "mean")
    },
    "row_sum.max_defect": attrgetter("row_sum_defect"),
    **{f"bound.{name}": _in("bound", name) for name in ("rows", "error", "ratio", "bound")},
    **{f"condition.{name}": _in("condition", name) for name in ("max", "p50")},
    "quality.argmax_kept": _of_rows(attrgetter("argmax_kept")),
    "quality.top_k_kept": _of_rows(attrgetter("top_k_kept")),
    "quality.kl.max": _of_rows(lambda q: q.kl["max"]),
    "quality.kl.mean": _of_rows(lambda q: q.kl["mean"]),
    "quality.kl.mean_over": _of_rows(lambda q: q.kl["mean_over"]),
    "quality.total_variation.max": _of_rows(lambda q: q.total_variation["max"]),
    "quality.total_variation.mean": _of_rows(lambda q: q.total_variation["mean"]),
    "quality.log_probability.max": _of_rows(attrgetter("log_probability")),
    "quality.choice_refused": _of_rows(attrgetter("choice_refused")),
}
"""The figures that a cell has of itself, by dotted name; None where not applicable."""

SIZES = (
    *(f"ulp.{name}" for name in ("max", "mean", "p50", "p99", "p999")),
    *("absolute.max", "relative.max", "underflow.lost_mass", "row_sum.max_defect"),
    *("quality.kl.max", "quality.kl.mean"),
    *("quality.total_variation.max", "quality.total_variation.mean"),
    "quality.log_probability.max",
)
"""Of these the sizes of errors, 0 or more: so many times another's is something to say."""


def _ratio(name: str) -> Callable[[Cell], float | None]:
    return lambda cell: None if cell.ratio is None else cell.ratio[name]


CELL_FIGURES: Mapping[str, Callable[[Cell], float | None]] = {
    **OWN_FIGURES,
    **{f"{RATIO}{name}": _ratio(name) for name in SIZES},
}
"""With the ratios to a trusted cell's figures; None where a cell stands against none."""

FIGURES: Mapping[str, Callable[[Cell], float | None]] = {
    **CELL_FIGURES,
    **{f"causes.{name}.count": _count_of("causes", name) for name in CAUSES},
    **{f"breaks.{name}.count": _count_of("breaks", name) for name in CAUSES},
}
"""With the counts of causes and breaks: 0 of those that did not happen, which cells leave out."""


def nested(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Put `ulp.max` under `ulp`, as the contract has it."""
    found: dict[str, Any] = {}
    for dotted, value in figures.items():
        *groups, name = dotted.split(".")
        inner = found
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[name] = value
    return found
