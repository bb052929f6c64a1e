"""Statistics over the elements of a cell."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from .rounding import INF, exact_sum

if TYPE_CHECKING:
    from .errors import Errors


class Element(NamedTuple):
    """One result beside what is exact, and how often the same occurs in its row."""

    v: float
    y: float
    rounded: float
    errors: Errors | None
    cast: float | None
    count: int
    floor: float | None = None

    @property
    def counted(self) -> bool:
        return math.isfinite(self.y) and math.isfinite(self.rounded)


def row_sum_defect(row: list[float]) -> float:
    if not all(map(math.isfinite, row)):
        return INF
    return float(abs(exact_sum(row) - 1))


def count_of(elements: list[Element], holds) -> int:
    return sum(e.count for e in elements if holds(e))


def error_figures(elements: list[Element]) -> dict:
    counted = [e for e in elements if e.errors is not None]
    errors = sorted((e.errors.ulp, e.count) for e in counted)
    finite = [(error, count) for error, count in errors if error < INF]
    over = sum(count for _, count in finite)
    return {
        "ulp": {
            "max": errors[-1][0] if errors else None,
            "mean": math.fsum(e * k for e, k in finite) / over if over else None,
            "mean_over": over,
            "p50": _nearest_rank(errors, Fraction(1, 2)),
            "p99": _nearest_rank(errors, Fraction(99, 100)),
            "p999": _nearest_rank(errors, Fraction(999, 1000)),
        },
        "absolute": {"max": max((e.errors.absolute for e in counted), default=None)},
        "relative": {"max": max((e.errors.relative for e in counted), default=None)},
    }


def origin_figures(elements: list[Element]) -> dict[str, dict[str, float | None]]:
    """Give the errors of correctly rounded results, and what those of the results are above."""
    counted = [e for e in elements if e.errors is not None]
    floors = [(e.floor, e.count) for e in counted]
    excess = [(max(e.errors.ulp - e.floor, 0.0), e.count) for e in counted]
    return {"floor": _extreme_and_mean(floors), "excess": _extreme_and_mean(excess)}


def _extreme_and_mean(errors: list[tuple[float, int]]) -> dict[str, float | None]:
    finite = [(error, count) for error, count in errors if error < INF]
    over = sum(count for _, count in finite)
    return {
        "max": max((error for error, _ in errors), default=None),
        "mean": math.fsum(e * k for e, k in finite) / over if over else None,
    }


def _nearest_rank(errors: list[tuple[float, int]], part: Fraction) -> float | None:
    """Give the smallest error that at least this part of all errors do not exceed."""
    rank = math.ceil(part * sum(count for _, count in errors))
    for error, count in errors:
        rank -= count
        if rank <= 0:
            return error
    return None


def cast_figures(elements: list[Element]) -> dict[str, float | None]:
    errors = [(e.cast, e.count) for e in elements if e.cast is not None]
    over = sum(count for _, count in errors)
    return {
        "max": max((error for error, _ in errors), default=None),
        "mean": math.fsum(e * k for e, k in errors) / over if over else None,
    }
