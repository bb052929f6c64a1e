"""Overflow and underflow, by where they happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from softaudit.metrics.judged import Judged


class _Evidence:
    """The masks from which the counts are made, each of the values' shape or (rows, 1)."""

    def __init__(self, judged: Judged) -> None:
        self.v = judged.output.values
        self.y = judged.verdict.enclosure.high
        self.rounded = judged.verdict.rounded
        self.form = judged.form
        self.function = judged.key.function
        self.judged = judged
        self.real = np.isfinite(self.y)
        self.fits = self.real & np.isfinite(self.rounded)
        self.infinite = np.isinf(self.y)
        self._finite_logit = np.isfinite(judged.problem.values)
        self._steps = judged.output.steps

    @property
    def logarithmic(self) -> bool:
        return self.function != "softmax"

    def exp(self) -> NDArray[np.bool_]:
        """Exponentials of finite logits that overflowed."""
        steps = self._steps
        if steps is None or steps.exponential is None or steps.argument is None:
            return np.zeros(self._finite_logit.shape, dtype=np.bool_)
        over = ~np.isfinite(steps.exponential) & ~np.isnan(steps.argument)
        return np.asarray(over & self._finite_logit)

    def infinite_total(self) -> NDArray[np.bool_]:
        steps = self._steps
        if steps is None or steps.total is None:
            return np.zeros((len(self.v), 1), dtype=np.bool_)
        return np.asarray(~np.isfinite(steps.total))

    def sum(self) -> NDArray[np.bool_]:
        """Rows whose terms are finite and whose sum is not."""
        over = self.infinite_total()
        if not over.any() or not self.judged.window.is_first:
            return np.zeros(over.shape, dtype=np.bool_)
        return np.asarray(over & ~self.judged.facts.endless_term[:, None])

    def _own_term_finite(self) -> NDArray[np.bool_]:
        steps = self._steps
        if steps is None or steps.exponential is None or self.v.shape[-1] == 1:
            return np.ones(self.v.shape, dtype=np.bool_)
        return np.asarray(np.isfinite(steps.exponential))

    def vanished(self) -> NDArray[np.bool_]:
        """Results that are a wrong or a forced zero; of a logarithm: a wrong −∞."""
        if self.logarithmic:
            return np.asarray(self.fits & np.isneginf(self.v))
        return np.asarray(self.real & (self.y != 0) & (self.v == 0))

    def zeroed(self) -> NDArray[np.bool_]:
        return self.vanished() & self._own_term_finite() & self.infinite_total()

    def underflow_forced(self) -> NDArray[np.bool_]:
        return np.asarray(self.real & (self.y != 0) & (self.v == 0) & (self.rounded == 0))

    def premature(self) -> NDArray[np.bool_]:
        if not self.logarithmic:
            return np.asarray(self.vanished() & (self.rounded != 0))
        steps = self._steps
        zero = None
        if steps is not None:
            zero = steps.probability if steps.probability is not None else steps.total
        if zero is None:
            return self.vanished()
        return np.asarray(self.vanished() & (zero == 0))

    def subnormal(self) -> NDArray[np.bool_]:
        return np.asarray((self.v != 0) & (np.abs(self.v) < self.form.least_normal))

    def nan(self) -> NDArray[np.bool_]:
        return np.isnan(self.v)

    def result(self) -> NDArray[np.bool_]:
        infinite = np.isinf(self.v) & self.fits & ~self.premature() & ~self.zeroed()
        return infinite | self.nan()

    def not_finite(self) -> NDArray[np.bool_]:
        """Everything that is not finite though it should be, but for log(0)."""
        return self.fits & ~np.isfinite(self.v) & ~self.premature()

    def overflow_forced(self) -> NDArray[np.bool_]:
        return self.real & ~np.isfinite(self.rounded)

    def mismatch(self) -> NDArray[np.bool_]:
        return np.asarray(self.infinite & (self.v != self.y))

    def out_of_range(self) -> NDArray[np.bool_]:
        if self.function == "softmax":
            return np.asarray((self.v < 0) | (self.v > 1))
        return np.asarray((self.v > 0) & (self.function == "log_softmax"))


COUNTS: dict[str, Callable[[_Evidence], NDArray[np.bool_]]] = {
    "overflow.exp": _Evidence.exp,
    "overflow.sum": _Evidence.sum,
    "overflow.zeroed": _Evidence.zeroed,
    "overflow.result": _Evidence.result,
    "overflow.nan": _Evidence.nan,
    "overflow.forced": _Evidence.overflow_forced,
    "overflow.mismatch": _Evidence.mismatch,
    "underflow.forced": _Evidence.underflow_forced,
    "underflow.premature": _Evidence.premature,
    "underflow.subnormal": _Evidence.subnormal,
    "out_of_range": _Evidence.out_of_range,
    "not_finite": _Evidence.not_finite,
}
"""Counts by their names in the JSON contract; `overflow.sum` counts rows."""

OVER_LOGITS = ("overflow.exp", "overflow.cast", "overflow.cast_to_mask", "rows.masked_by_cast")
"""Counts of logits rather than of results, which logsumexp has one of for a row."""


class Range:
    """Events by name: how many, in how many rows, and where first."""

    def __init__(self) -> None:
        self.places = {name: Places() for name in COUNTS}

    def add(self, judged: Judged) -> None:
        """Take in a block."""
        if _uneventful(judged):
            return
        evidence = _Evidence(judged)
        for name, count in COUNTS.items():
            self.places[name].add(count(evidence), judged.numbers, judged.window.start)

    def merge(self, other: Range) -> None:
        """Take in what was counted of other rows."""
        for name, places in other.places.items():
            self.places[name].merge(places)


def _uneventful(judged: Judged) -> bool:
    """Whether a glance shows that there is nothing to count: all is finite, normal, in range."""
    steps, v, least = judged.output.steps, judged.output.values, judged.form.least_normal
    if not judged.yardstick.all_counted or v.size == 0 or steps is None:
        return False
    if steps.total is None or not np.isfinite(steps.total).all():
        return False
    if judged.key.function == "softmax":
        return bool(judged.least >= least and v.max() <= 1.0)
    if judged.key.function == "log_softmax":
        return bool(v.max() <= -least and judged.least > -np.inf)
    return bool(np.abs(v).min() >= least and np.isfinite(v).all())


class Places:
    """A count of elements, of the rows they are in, and the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self.rows = 0
        self.first: tuple[int, int] | None = None
        self._last_row = -1

    def add(self, mask: NDArray[np.bool_], numbers: NDArray[np.int64], start: int = 0) -> None:
        """Count a block's elements; `numbers` says which rows these are, `start` what column."""
        if mask.any():
            self.add_at(np.flatnonzero(mask), mask.shape[-1], numbers, start)

    def add_at(
        self, at: NDArray[np.int64], width: int, numbers: NDArray[np.int64], start: int = 0
    ) -> None:
        """Count a block's elements by their places, in order, among values of some width."""
        if at.size == 0:
            return
        rows = at // width
        first, last = int(numbers[rows[0]]), int(numbers[rows[-1]])
        count = int(np.count_nonzero(rows[1:] != rows[:-1]))
        # The first row may be one of which an earlier window was counted.
        count += first != self._last_row
        self._last_row = last
        self._take(at.size, count, (first, start + int(at[0]) % width))

    def merge(self, other: Places) -> None:
        """Take in what was counted of other rows."""
        if other.first is not None:
            self._take(other.count, other.rows, other.first)

    def _take(self, count: int, rows: int, first: tuple[int, int]) -> None:
        self.count += count
        self.rows += rows
        self.first = first if self.first is None else min(self.first, first)
