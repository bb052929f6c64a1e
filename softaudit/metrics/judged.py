"""One block of results beside the exact values: what every metric looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.model import CellKey, Enclosure, Output, Problem, Verdict


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Audited rows of a block, results and exact values side by side.

    Attributes
    ----------
    key : CellKey
    numbers : ndarray of int64, shape (rows,)
        Which rows of the logits these are.
    problem : Problem
        Of shape (rows, columns).
    output : Output
        Values of shape (rows, columns), or (rows, 1) for logsumexp.
    verdict : Verdict
        Of the values' shape.
    counted : ndarray of bool
        Elements with a real y and a finite round(y): those with an error in ulp.
    error, absolute, relative : ndarray of float64
        |v − y| in ulp(y), as such, and over |y|; ∞ where v is not finite, NaN where not counted.
    """

    key: CellKey
    numbers: NDArray[np.int64]
    problem: Problem
    output: Output
    verdict: Verdict
    counted: NDArray[np.bool_]
    error: NDArray[np.float64]
    absolute: NDArray[np.float64]
    relative: NDArray[np.float64]

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Counted elements whose result is not the correctly rounded one."""
        return np.asarray(self.counted & (self.output.values != self.verdict.rounded))

    @property
    def form(self) -> Format:
        """The storage format."""
        return self.key.arithmetic.storage


def compare(
    key: CellKey, numbers: NDArray[np.int64], problem: Problem, output: Output, verdict: Verdict
) -> Judged:
    """Measure results against enclosures of the exact values."""
    y, v = verdict.enclosure, output.values
    counted = np.isfinite(y.high) & np.isfinite(verdict.rounded)
    finite = counted & np.isfinite(v)
    form = key.arithmetic.storage
    unit = np.maximum(verdict.binade, form.emin) - form.precision + 1
    bad = np.where(counted, np.inf, np.nan)
    with np.errstate(all="ignore"):
        error = np.where(finite, distance(v, y, unit), bad)
        absolute = np.where(finite, distance(v, y, np.zeros_like(unit)), bad)
        exact = np.abs(y.high + y.low)
        relative = distance(v, y, y.exponent) / exact
        relative = np.where(finite, np.where((y.high == 0) & (v == 0), 0.0, relative), bad)
    return Judged(key, numbers, problem, output, verdict, counted, error, absolute, relative)


def distance(v: NDArray[np.float64], y: Enclosure, unit: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give |v − y| in units of 2^unit.

    The first difference is exact where v is near y (Sterbenz); elsewhere, and in the second, one
    rounding of relative size 2^−53 is made.
    """
    nearest = np.ldexp(v, -unit) - np.ldexp(y.high, y.exponent - unit)
    return np.asarray(np.abs(nearest - np.ldexp(y.low, y.exponent - unit)))
