"""One block of results beside the exact values: what every metric looks at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.facts import RowFacts
from softaudit.model import WHOLE, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.model import CellKey, Output, Problem, Verdict

class Yardstick:
    """What the results of one function in one format are measured with; all cells share it.

    Parameters
    ----------
    verdict : Verdict
    form : Format
        Whose ulp is the unit.

    Attributes
    ----------
    counted : ndarray of bool
        Elements with a real y and a finite round(y): those with an error in ulp.
    """

    def __init__(self, verdict: Verdict, form: Format) -> None:
        y = verdict.enclosure
        self.verdict = verdict
        self.form = form
        # round(y) is not finite where y is not.
        self.counted = np.isfinite(verdict.rounded)
        self.all_counted = bool(self.counted.all())
        with np.errstate(all="ignore"):
            self._per_ulp = 1.0 / verdict.ulp
            self._per_size = np.abs(1.0 / y.high)
        self._zero = np.flatnonzero(np.isinf(self._per_size))
        far = y.far()
        self._far = far[self.counted.take(far)]

    def measure(self, v: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, float]:
        """Measure results.

        Returns
        -------
        error : ndarray of float64
            |v − y| / ulp(y); ∞ where v is not finite, NaN where it does not count.
        absolute, relative : float
            The largest |v − y| and |v − y| / |y| of those that count; −1 where none does.

        Notes
        -----
        The first difference is exact where v is near y (Sterbenz); elsewhere, and in the second,
        one rounding of relative size 2^−53 is made, and two in the relative error.
        """
        y = self.verdict.enclosure
        with np.errstate(all="ignore"):
            absolute = v - y.high
            absolute -= y.low
            np.abs(absolute, out=absolute)
            error = absolute * self._per_ulp
            relative = absolute * self._per_size
            if self._zero.size:
                at = self._zero
                size = np.abs(v.take(at))
                error.put(at, np.ldexp(size, -self.form.subnormal_exponent))
                relative.put(at, np.where(size == 0, 0.0, np.inf))
            if self._far.size:
                for array, of in zip((error, absolute, relative), self._measure_far(v), strict=True):
                    array.put(self._far, of)
        if not self.all_counted:
            error[~self.counted] = np.nan
            absolute, relative = absolute[self.counted], relative[self.counted]
        if absolute.size == 0:
            return error, -1.0, -1.0
        largest = float(absolute.max())
        if largest < np.inf:
            return error, largest, float(relative.max())
        # v is NaN or infinite; or the error itself is beyond float64.
        broken = self.counted & ~np.isfinite(v)
        error[broken] = np.inf
        return error, np.inf, np.inf

    def _measure_far(self, v: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        y, at = self.verdict.enclosure, self._far
        high, low, exponent = y.high.take(at), y.low.take(at), y.exponent.take(at)
        _, unit = np.frexp(self.verdict.ulp.take(at))
        found = []
        for of in (unit - 1, np.zeros_like(unit), exponent):
            nearest = np.ldexp(v.take(at), -of) - np.ldexp(high, exponent - of)
            found.append(np.abs(nearest - np.ldexp(low, exponent - of)))
        return found[0], found[1], found[2] / np.abs(high)

    @cached_property
    def radius(self) -> float:
        """A bound of the radius in ulp of any element that counts."""
        y = self.verdict.enclosure
        widest = 0.0
        near = self.counted.ravel()
        if self._far.size:
            size = y.radius.take(self._far) * np.abs(y.high.take(self._far))
            _, unit = np.frexp(self.verdict.ulp.take(self._far))
            widest = float(np.ldexp(size, y.exponent.take(self._far) - (unit - 1)).max())
            near = near.copy()
            near[self._far] = False
        if near.any():
            relative = y.radius.ravel()[near].max() if any(y.radius.strides) else y.radius.flat[0]
            widest = max(widest, float(relative) * 2.0**self.form.precision)
        return widest


@dataclass(frozen=True, eq=False)
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
    yardstick : Yardstick
    error : ndarray of float64
        See `Yardstick.measure`, and so are the two largest.
    absolute, relative : float
    window : Window
        Which columns of the rows these are.
    given_facts : RowFacts or None
        Of the whole rows, where these are not all of their columns.
    """

    key: CellKey
    numbers: NDArray[np.int64]
    problem: Problem
    output: Output
    yardstick: Yardstick
    error: NDArray[np.float64]
    absolute: float
    relative: float
    window: Window = WHOLE
    given_facts: RowFacts | None = None

    @property
    def verdict(self) -> Verdict:
        """What the judge decided."""
        return self.yardstick.verdict

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Elements with an error in ulp."""
        return self.yardstick.counted

    @property
    def form(self) -> Format:
        """The storage format."""
        return self.yardstick.form

    @cached_property
    def facts(self) -> RowFacts:
        """What the algorithm met in the rows; of a window's rows it must be given."""
        if self.given_facts is not None:
            return self.given_facts
        if self.output.steps is None:
            raise ValueError("results without steps have no causes")
        return RowFacts.of(self.problem, self.output.steps)

    @cached_property
    def largest(self) -> float:
        """The largest error in ulp of those that count; −1 where none does."""
        if self.yardstick.all_counted:
            return float(self.error.max(initial=-1.0))
        return float(np.max(self.error, where=self.counted, initial=-1.0))

    @cached_property
    def least(self) -> float:
        """The least result; NaN where one is."""
        return float(self.output.values.min(initial=np.inf))


def compare(
    key: CellKey,
    numbers: NDArray[np.int64],
    problem: Problem,
    output: Output,
    yardstick: Yardstick,
    window: Window = WHOLE,
    facts: RowFacts | None = None,
) -> Judged:
    """Measure results against enclosures of the exact values."""
    error, absolute, relative = yardstick.measure(output.values)
    return Judged(
        key, numbers, problem, output, yardstick, error, absolute, relative, window, facts
    )
