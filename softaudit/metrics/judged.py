"""One block of results beside the exact values: what every metric looks at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from softaudit.metrics.facts import RowFacts
from softaudit.metrics.row_sums import two_parts
from softaudit.model import WHOLE, Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.metrics.extent import Extent
    from softaudit.metrics.probabilities import Probabilities
    from softaudit.model import CellKey, Decision, Output, Problem


class Errors(NamedTuple):
    """Errors of a block of results.

    Attributes
    ----------
    ulp : ndarray of float64
        |v − y| / ulp(y); ∞ where v is not finite, NaN where it does not count.
    absolute : float
        The largest |v − y| of those that count; −1 where none does.
    relative : callable
        Gives the largest |v − y| / |y|, if it is above one that is known, or what is not above it.
    difference : ndarray of float64
        v − y.
    distance : ndarray of float64
        |v − y|; −1 of what does not count, and not finite where v is not.
    """

    ulp: NDArray[np.float64]
    absolute: float
    relative: Callable[[float], float]
    difference: NDArray[np.float64]
    distance: NDArray[np.float64]


class Yardstick:
    """What the results of one function in one format are measured with; all cells share it.

    Parameters
    ----------
    decision : Decision
    form : Format
        Whose ulp is the unit.
    extent : Extent, optional
        Of the whole rows; None where the block is a window of theirs, and not the last.
    gaps : ndarray of int64, optional
        See `gaps.gap_offsets`; None for logsumexp, whose results are no logits'.

    Attributes
    ----------
    counted : ndarray of bool
        Elements with a real y and a finite round(y): those with an error in ulp.
    """

    def __init__(
        self,
        decision: Decision,
        form: Format,
        extent: Extent | None = None,
        gaps: NDArray[np.int64] | None = None,
    ) -> None:
        y = decision.enclosure
        self.decision = decision
        self.form = form
        self.extent = extent
        self._gaps = gaps
        # round(y) is not finite where y is not.
        self.counted = np.isfinite(decision.rounded)
        self.all_counted = bool(self.counted.all())
        with np.errstate(all="ignore"):
            self._per_ulp = 1.0 / decision.ulp
        self._zero = np.flatnonzero(y.high == 0)
        far = y.far()
        self._far = far[self.counted.take(far)]

    def measure(self, v: NDArray[np.float64]) -> Errors:
        """Measure results.

        Notes
        -----
        The first difference is exact where v is near y (Sterbenz); elsewhere, and in the second,
        one rounding of relative size 2^−53 is made, and one more in the relative error.
        """
        y = self.decision.enclosure
        with np.errstate(all="ignore"):
            difference = v - y.high
            difference -= y.low
            if self._far.size:
                difference.put(self._far, self._measure_far(v)[1])
            absolute = np.abs(difference)
            error = absolute * self._per_ulp
            if self._zero.size:
                at = self._zero
                error.put(at, np.ldexp(np.abs(v.take(at)), -self.form.subnormal_exponent))
            if self._far.size:
                error.put(self._far, np.abs(self._measure_far(v)[0]))
        if not self.all_counted:
            error[~self.counted] = np.nan
            absolute[~self.counted] = -1.0
        largest = float(absolute.max(initial=-1.0))
        if not largest < np.inf:
            # v is NaN or infinite; or the error itself is beyond float64.
            error[self.counted & ~np.isfinite(v)] = largest = np.inf
        relative = partial(self._relative, v, absolute, error)
        return Errors(error, largest, relative, difference, absolute)

    def _relative(
        self,
        v: NDArray[np.float64],
        absolute: NDArray[np.float64],
        error: NDArray[np.float64],
        known: float,
    ) -> float:
        """Give the largest |v − y| / |y| of the elements that count, if it is above one known."""
        # What is below this is not above the one known; widened for the roundings of both sides.
        least = known / (self.most_relative * (1 + 2.0**-48))
        if not least > 0:
            return self._largest_relative(v, absolute)
        at = np.flatnonzero(error >= least)
        with np.errstate(all="ignore"):
            relative = absolute.take(at) / np.abs(self.decision.enclosure.high.take(at))
        largest = float(relative.max(initial=-1.0))
        return np.inf if np.isnan(largest) else largest

    def _largest_relative(self, v: NDArray[np.float64], absolute: NDArray[np.float64]) -> float:
        """Give the largest |v − y| / |y| of the elements that count; −1 where none does."""
        with np.errstate(all="ignore"):
            relative = absolute / np.abs(self.decision.enclosure.high)
            if self._zero.size:
                relative.put(self._zero, np.where(v.take(self._zero) == 0, 0.0, np.inf))
            if self._far.size:
                relative.put(self._far, np.abs(self._measure_far(v)[2]))
        largest = float(np.max(relative, where=self.counted, initial=-1.0))
        return np.inf if np.isnan(largest) else largest

    @cached_property
    def gap_offsets(self) -> NDArray[np.int64] | None:
        """The offsets of the gaps of those that count, one after the other."""
        if self._gaps is None or self.all_counted:
            return None if self._gaps is None else self._gaps.ravel()
        return self._gaps[self.counted]

    @cached_property
    def floor(self) -> NDArray[np.float64]:
        """|round(y) − y| / ulp(y): what no result of the format is below."""
        return self.measure(self.decision.rounded).ulp

    @cached_property
    def most_relative(self) -> float:
        """A bound of ulp(y) / |y| of those that count: 2^(1−p), and more below normal numbers."""
        if self._far.size or self._zero.size:
            return np.inf
        least = float(np.abs(self.decision.enclosure.high).min(initial=np.inf))
        return 2.0 ** (1 - self.form.precision) * max(1.0, self.form.least_normal / least)

    def _measure_far(self, v: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Give v − y in ulp, as such, and over |y|, where an exponent stands beside y."""
        y, at = self.decision.enclosure, self._far
        high, low, exponent = y.high.take(at), y.low.take(at), y.exponent.take(at)
        _, unit = np.frexp(self.decision.ulp.take(at))
        found = []
        for of in (unit - 1, np.zeros_like(unit), exponent):
            nearest = np.ldexp(v.take(at), -of) - np.ldexp(high, exponent - of)
            found.append(nearest - np.ldexp(low, exponent - of))
        return found[0], found[1], found[2] / np.abs(high)

    @cached_property
    def radius(self) -> float:
        """A bound of the radius in ulp of any element that counts."""
        y = self.decision.enclosure
        widest = 0.0
        near = self.counted.ravel()
        if self._far.size:
            size = y.radius.take(self._far) * np.abs(y.high.take(self._far))
            _, unit = np.frexp(self.decision.ulp.take(self._far))
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
    errors : Errors
    window : Window
        Which columns of the rows these are.
    given_facts : RowFacts or None
        Of the whole rows, where these are not all of their columns.
    probabilities : Probabilities or None
        The rows' exact probabilities; None for a function that has none.
    """

    key: CellKey
    numbers: NDArray[np.int64]
    problem: Problem
    output: Output
    yardstick: Yardstick
    errors: Errors
    window: Window = WHOLE
    given_facts: RowFacts | None = None
    probabilities: Probabilities | None = None

    @property
    def error(self) -> NDArray[np.float64]:
        """|v − y| / ulp(y)."""
        return self.errors.ulp

    @property
    def decision(self) -> Decision:
        """What the judge decided."""
        return self.yardstick.decision

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
        return RowFacts.of(self.problem, self.output.steps, self.key.arithmetic.compute)

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

    @cached_property
    def row_sums(self) -> NDArray[np.float64]:
        """What the rows' results add up to, in two parts; see `row_sums.two_parts`."""
        return two_parts(self.output.values)


def compare(
    key: CellKey,
    numbers: NDArray[np.int64],
    problem: Problem,
    output: Output,
    yardstick: Yardstick,
    window: Window = WHOLE,
    facts: RowFacts | None = None,
    probabilities: Probabilities | None = None,
) -> Judged:
    """Measure results against enclosures of the exact values."""
    errors = yardstick.measure(output.values)
    return Judged(key, numbers, problem, output, yardstick, errors, window, facts, probabilities)
