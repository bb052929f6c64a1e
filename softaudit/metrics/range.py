"""Overflow and underflow, by where they happened."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from softaudit.formats import round_to
from softaudit.metrics.places import Places

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from numpy.typing import NDArray

    from softaudit.metrics.judged import Judged

    Mask: TypeAlias = NDArray[np.bool_] | None


class _Evidence:
    """The masks from which the counts are made, each of the values' shape or (rows, 1).

    None stands for a mask of which a glance shows that it is empty.
    """

    def __init__(self, judged: Judged) -> None:
        self.judged = judged
        self.v = judged.output.values
        self.y = judged.decision.enclosure.high
        self.rounded = judged.decision.rounded
        self.fits = judged.counted  # y is real, and round(y) finite
        self.logarithmic = judged.key.function != "softmax"
        self._steps = judged.output.steps
        total = None if self._steps is None else self._steps.total
        self._endless = None if total is None or np.isfinite(total).all() else ~np.isfinite(total)
        self._all_finite = bool(np.isfinite(judged.least) and np.isfinite(self.v.max(initial=0.0)))

    def exp(self) -> Mask:
        """Exponentials of finite logits that overflowed; none where the sums are finite."""
        steps = self._steps
        if self._endless is None or steps is None:
            return None
        if steps.exponential is None or steps.argument is None:
            return None
        over = ~np.isfinite(steps.exponential) & ~np.isnan(steps.argument)
        return np.asarray(over & np.isfinite(self.judged.problem.values))

    def sum(self) -> Mask:
        """Rows whose terms are finite and whose sum is not."""
        if self._endless is None or not self.judged.window.is_first:
            return None
        return np.asarray(self._endless & ~self.judged.facts.endless_term[:, None])

    def _own_term_finite(self) -> NDArray[np.bool_]:
        steps = self._steps
        if steps is None or steps.exponential is None or self.v.shape[-1] == 1:
            return np.ones(self.v.shape, dtype=np.bool_)
        return np.asarray(np.isfinite(steps.exponential))

    @cached_property
    def vanished(self) -> Mask:
        """Results that are a wrong or a forced zero; of a logarithm: a wrong −∞."""
        if self.logarithmic:
            return None if self._all_finite else np.asarray(self.fits & np.isneginf(self.v))
        if self.judged.least > 0:
            return None
        return np.asarray((self.v == 0) & (self.y != 0) & np.isfinite(self.y))

    def zeroed(self) -> Mask:
        if self.vanished is None or self._endless is None:
            return None
        return np.asarray(self.vanished & self._own_term_finite() & self._endless)

    def underflow_forced(self) -> Mask:
        if self.logarithmic:
            zero = (self.v == 0) & (self.rounded == 0)
            return np.asarray(zero & (self.y != 0) & np.isfinite(self.y)) if zero.any() else None
        return None if self.vanished is None else np.asarray(self.vanished & (self.rounded == 0))

    @cached_property
    def _premature(self) -> Mask:
        if self.vanished is None:
            return None
        if not self.logarithmic:
            return np.asarray(self.vanished & (self.rounded != 0))
        steps = self._steps
        zero = None
        if steps is not None:
            zero = steps.probability if steps.probability is not None else steps.total
        return self.vanished if zero is None else np.asarray(self.vanished & (zero == 0))

    def premature(self) -> Mask:
        return self._premature

    def subnormal(self) -> Mask:
        normal = self.judged.form.least_normal
        if self.logarithmic and float(self.v.max(initial=-np.inf)) <= -normal:
            return None
        return np.asarray((self.v != 0) & (np.abs(self.v) < normal))

    def nan(self) -> Mask:
        return None if self._all_finite else np.isnan(self.v)

    def result(self) -> Mask:
        if self._all_finite:
            return None
        infinite = np.isinf(self.v) & self.fits
        for counted_elsewhere in (self._premature, self.zeroed()):
            if counted_elsewhere is not None:
                infinite &= ~counted_elsewhere
        return infinite | np.isnan(self.v)

    def not_finite(self) -> Mask:
        """Everything that is not finite though it should be, but for log(0)."""
        if self._all_finite:
            return None
        found = self.fits & ~np.isfinite(self.v)
        return found if self._premature is None else found & ~self._premature

    def overflow_forced(self) -> Mask:
        if self.judged.yardstick.all_counted:
            return None
        return np.asarray(np.isfinite(self.y) & ~np.isfinite(self.rounded))

    def mismatch(self) -> Mask:
        if self.judged.yardstick.all_counted:
            return None
        return np.asarray(np.isinf(self.y) & (self.v != self.y))

    def not_infinite(self) -> Mask:
        """Everything that is not the infinity that it should be, or that overflow gives."""
        if self.judged.yardstick.all_counted:
            return None
        both_nan = np.isnan(self.v) & np.isnan(self.rounded)
        return np.asarray(~self.fits & (self.v != self.rounded) & ~both_nan)

    def not_in_format(self) -> Mask:
        """Numbers that the format does not have, among somebody else's results."""
        if self._steps is not None:  # ours are rounded
            return None
        rounded = round_to(self.v, self.judged.form)
        return np.asarray((rounded != self.v) & ~np.isnan(self.v))

    def out_of_range(self) -> Mask:
        if self.logarithmic:
            if self.judged.key.function == "logsumexp" or float(self.v.max(initial=0.0)) <= 0:
                return None
            return np.asarray(self.v > 0)
        if self.judged.least >= 0 and float(self.v.max(initial=0.0)) <= 1:
            return None
        return np.asarray((self.v < 0) | (self.v > 1))


COUNTS: dict[str, Callable[[_Evidence], Mask]] = {
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
    "not_infinite": _Evidence.not_infinite,
    "not_in_format": _Evidence.not_in_format,
}
"""Counts by their names in the JSON contract; `overflow.sum` counts rows."""

OVER_LOGITS = (
    "overflow.exp", "overflow.cast", "overflow.cast_to_mask", "overflow.saturated",
    "rows.masked_by_cast",
)  # fmt: skip
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
        once = judged.key.function == "logsumexp" and not judged.window.is_first
        for name, count in COUNTS.items():
            if once and name not in OVER_LOGITS:
                continue
            mask = count(evidence)
            if mask is not None:
                self.places[name].add(mask, judged.numbers, judged.window.start)

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
