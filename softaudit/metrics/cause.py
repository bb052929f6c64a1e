"""Causes: the step that explains an error, told from what the algorithm passed through.

The rules, in this order; the first that applies names the cause.  "Row" rules hold for a wrong
result anywhere in such a row.

cast-overflow      A finite number became infinite or NaN in being rounded outside exp and sum: the
                   row's x̂/T̂ or shifted logit, or the finished result on its way from the compute
                   to the storage format.
inf-over-inf       The element's own exponential overflowed, and so did the row's sum.
exp-overflow       Row: an exponential overflowed.
sum-overflow       Row: every exponential is finite and their sum is not.
log-of-zero        The logarithm was taken of a 0 (of a probability, or of a whole sum).
exp-underflow      What the result is made of, the exponential or the probability, is 0 or
                   subnormal in the compute format; of a softmax also where the whole sum is 0.
sum-stall          Row: the accumulator lost more than a balanced tree of as many terms can lose.
argument-rounding  The rounding of x/T and x − m explains at least half of the error.
cancellation       logsumexp: m and the logarithm of the sum have opposite signs, and the result is
                   less than half of the larger; or the sum is near 1 and no term dominates it.
absorption         Of a logarithm: the number it is taken of lies within a factor 2 of 1, because
                   one term dominates, and the error is above 1 ulp: what the 1 absorbed is missing.
rounding           Everything else: the ordinary rounding of every step.

The first seven are events.  Of the others argument-rounding alone is measured, to first order in
units of ulp(y); cancellation and absorption are told by where they happen.  Only results that are
more than 1 ulp off, or 0 too early, are asked, and the worst of all.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.formats import ulp

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from softaudit.metrics.judged import Judged
    from softaudit.model import Steps


def causes(judged: Judged, at: NDArray[np.int64]) -> NDArray[np.int8]:
    """Name the causes of some elements' errors, as indices into `CAUSES`.

    Parameters
    ----------
    judged : Judged
    at : ndarray of int64
        Places of the elements among the flattened values.

    Returns
    -------
    ndarray of int8
        One for each element.
    """
    code = np.full(at.shape, len(CAUSES) - 1, dtype=np.int8)
    if judged.output.steps is None or code.size == 0:
        return code
    with np.errstate(all="ignore"):
        trail = _Trail(judged, judged.output.steps, at)
        for index, rule in reversed(list(enumerate(_RULES.values()))):
            code[rule(trail)] = index
    return code


class _Trail:
    """The steps of some elements in float64, and what went wrong in their rows.

    A function of whole rows has no elements of its own: for it, the row's largest logit stands.
    """

    def __init__(self, judged: Judged, steps: Steps, at: NDArray[np.int64]) -> None:
        self.judged = judged
        self.function = judged.key.function
        self.compute = judged.key.arithmetic.compute
        self._steps = steps
        self.rows = at // judged.output.values.shape[-1]
        y = judged.verdict.enclosure
        self.y = np.ldexp(y.high.take(at), np.minimum(y.exponent.take(at), 1023))
        self.error = judged.error.take(at)
        self.result = judged.output.values.take(at)
        self.wrong = self.result != judged.verdict.rounded.take(at)
        self.total = _share(steps.total, self.rows)
        self._tops = self._largest()
        self._own = self._tops if self.function == "logsumexp" else at
        self.logit = judged.problem.values.take(self._own)
        self.quotient = self.of_element(steps.quotient)
        self.argument = self.of_element(steps.argument)
        self.exponential = self.of_element(steps.exponential)

    def _largest(self) -> NDArray[np.int64]:
        """Give the places of the largest logits of the elements' rows."""
        quotient = np.asarray(self._steps.quotient)
        found = np.zeros(len(quotient), dtype=np.int64)
        rows = np.flatnonzero(np.bincount(self.rows, minlength=len(quotient)))
        found[rows] = np.argmax(quotient[rows], axis=-1) + rows * quotient.shape[-1]
        return np.asarray(found[self.rows])

    def of_element(self, step: NDArray[Any] | None) -> NDArray[np.float64]:
        """Take the elements' share of a step."""
        return _share(step, self._own)

    def of_top(self, step: NDArray[Any] | None) -> NDArray[np.float64]:
        """Take the share of the largest logits of the elements' rows."""
        return _share(step, self._tops)

    def of_row(self, step: NDArray[Any] | None) -> NDArray[np.float64]:
        """Take the share of the elements' rows, of a step that has one number for each."""
        return _share(step, self.rows)

    def in_row(
        self, happened: Callable[[NDArray[np.bool_], Steps], NDArray[np.bool_]]
    ) -> NDArray[np.bool_]:
        """Tell of each element whether something happened anywhere in its row.

        Only rows whose sum is not finite are looked at: elsewhere nothing was infinite or NaN.
        """
        found = np.zeros(len(self.judged.numbers), dtype=np.bool_)
        odd = np.unique(self.rows[~np.isfinite(self.total)])
        if odd.size:
            finite = np.isfinite(self.judged.problem.values[odd])
            parts = {n: _rows_of(getattr(self._steps, n), odd) for n in _OF_LOGITS}
            found[odd] = happened(finite, type(self._steps)(**parts)).any(axis=-1)
        return np.asarray(found[self.rows])

    def never(self) -> NDArray[np.bool_]:
        """Give the answer of a rule that does not apply."""
        return np.zeros(self.rows.shape, dtype=np.bool_)


_OF_LOGITS = ("quotient", "argument", "exponential")


def _rows_of(step: NDArray[Any] | None, rows: NDArray[np.int64]) -> NDArray[Any] | None:
    return None if step is None else step[rows]


def _share(step: NDArray[Any] | None, at: NDArray[np.int64]) -> NDArray[np.float64]:
    if step is None:
        raise ValueError("an algorithm that keeps steps keeps all of exp's")
    return step.take(at).astype(np.float64)


def _wide(step: NDArray[Any] | None) -> NDArray[np.float64]:
    if step is None:
        raise ValueError("an algorithm that keeps steps keeps all of exp's")
    return step if step.dtype == np.float64 else step.astype(np.float64)


def _exp_overflowed(finite: NDArray[np.bool_], steps: Steps) -> NDArray[np.bool_]:
    argument, exponential = _wide(steps.argument), _wide(steps.exponential)
    return np.asarray(~np.isfinite(exponential) & ~np.isnan(argument) & finite)


def _left_the_range(finite: NDArray[np.bool_], steps: Steps) -> NDArray[np.bool_]:
    quotient, argument = _wide(steps.quotient), _wide(steps.argument)
    return np.asarray(finite & (~np.isfinite(quotient) | np.isnan(argument)))


def _cast_overflow(t: _Trail) -> NDArray[np.bool_]:
    own = ~np.isfinite(t.quotient) & np.isfinite(t.logit)
    sound = np.isfinite(t.total) & (t.total > 0)
    if t.judged.output.steps is not None and t.judged.output.steps.probability is not None:
        sound = sound & (t.of_element(t.judged.output.steps.probability) > 0)
    return np.asarray(own | t.in_row(_left_the_range) | (~np.isfinite(t.result) & sound))


def _inf_over_inf(t: _Trail) -> NDArray[np.bool_]:
    if t.function == "logsumexp":
        return t.never()
    own = ~np.isfinite(t.exponential) & ~np.isnan(t.argument) & np.isfinite(t.logit)
    return np.asarray(own & ~np.isfinite(t.total))


def _exp_overflow(t: _Trail) -> NDArray[np.bool_]:
    return t.in_row(_exp_overflowed)


def _sum_overflow(t: _Trail) -> NDArray[np.bool_]:
    terms = t.in_row(lambda _, steps: ~np.isfinite(_wide(steps.exponential)))
    return np.asarray(~np.isfinite(t.total) & ~terms)


def _log_of_zero(t: _Trail) -> NDArray[np.bool_]:
    if t.function == "softmax":
        return t.never()
    steps = t.judged.output.steps
    if steps is None or steps.probability is None:
        return np.asarray(t.total == 0)
    return np.asarray(t.of_element(steps.probability) == 0)


def _exp_underflow(t: _Trail) -> NDArray[np.bool_]:
    least = t.compute.least_normal
    if t.function == "logsumexp":
        return np.asarray(t.total < least)
    low = (t.exponential < least) & np.isfinite(t.logit)
    if t.function == "softmax":
        return np.asarray(low | (t.total == 0))
    steps = t.judged.output.steps
    if steps is None or steps.probability is None:
        return t.never()
    small = t.of_element(steps.probability) < least
    return np.asarray(low | (small & np.isfinite(t.logit)))


def _sum_stall(t: _Trail) -> NDArray[np.bool_]:
    steps = t.judged.output.steps
    if steps is None or steps.stalled is None:
        return t.never()
    return np.asarray(steps.stalled.take(t.rows))


def _argument_rounding(t: _Trail) -> NDArray[np.bool_]:
    loss = np.abs(_argument_error(t))
    # An absolute error of the argument is a relative one of exp, and an absolute one of its log.
    if t.function == "softmax":
        loss = loss * np.abs(t.y)
    unit = ulp(np.where(np.isfinite(t.y), t.y, 0.0), t.judged.form)
    return np.asarray((loss >= 0.5 * t.error * unit) & (loss > 0) & t.wrong)


def _argument_error(t: _Trail) -> NDArray[np.float64]:
    """Give what the argument of exp has from the roundings of x/T, m/T and their difference."""
    temperature = t.judged.problem.temperature
    error = _quotient_error(t.logit, temperature, t.quotient)
    steps = t.judged.output.steps
    if steps is None:
        return error
    top = t.of_top(steps.quotient)
    of_top = _quotient_error(t.of_top(t.judged.problem.values), temperature, top)
    shifted = error - of_top - _difference_error(t.quotient, top, t.argument)
    # Without a shift the largest logit itself goes into exp.
    return np.asarray(np.where(t.of_top(steps.argument) == top, error, shifted))


def _quotient_error(
    x: NDArray[np.float64], temperature: float, quotient: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give quotient − x/T, with the product quotient · T taken without error (Dekker 1971)."""
    if temperature == 1.0:
        return np.zeros(x.shape)
    head, tail = _halves(quotient)
    t_head, t_tail = _halves(np.array(temperature))
    product = quotient * temperature
    rest = ((head * t_head - product) + head * t_tail + tail * t_head) + tail * t_tail
    return np.asarray(((product - x) + rest) / temperature)


def _halves(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    scaled = x * 134217729.0
    head = scaled - (scaled - x)
    return head, x - head


def _difference_error(
    a: NDArray[np.float64], b: NDArray[np.float64], computed: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give (a − b) − computed, by a two-sum of a and −b."""
    s = a - b
    b_part = s - a
    rest = (a - (s - b_part)) + (-b - b_part)
    return np.asarray((s - computed) + rest)


def _cancellation(t: _Trail) -> NDArray[np.bool_]:
    steps = t.judged.output.steps
    if t.function != "logsumexp" or steps is None:
        return t.never()
    if steps.addend is not None:
        shift = t.of_row(steps.addend)
        return np.asarray((shift < 0) & (np.abs(t.y) < 0.5 * np.abs(shift)))
    dominant = 2 * t.of_top(steps.exponential) > t.total
    return np.asarray((np.abs(t.y) < log(2.0)) & ~dominant & (t.error > 1.0))


def _absorption(t: _Trail) -> NDArray[np.bool_]:
    steps = t.judged.output.steps
    if t.function == "softmax" or steps is None:
        return t.never()
    near_one = np.abs(t.y) < log(2.0)
    if steps.addend is not None:
        whole_row = t.function == "logsumexp"
        own = t.of_row(steps.addend) if whole_row else t.of_element(steps.addend)
        near_one = (t.total < 2.0) & (np.abs(own) < 1.0)
    return np.asarray(near_one & (t.error > 1.0))


_RULES: dict[str, Callable[[_Trail], NDArray[np.bool_]]] = {
    "cast-overflow": _cast_overflow,
    "inf-over-inf": _inf_over_inf,
    "exp-overflow": _exp_overflow,
    "sum-overflow": _sum_overflow,
    "log-of-zero": _log_of_zero,
    "exp-underflow": _exp_underflow,
    "sum-stall": _sum_stall,
    "argument-rounding": _argument_rounding,
    "cancellation": _cancellation,
    "absorption": _absorption,
}

CAUSES: tuple[str, ...] = (*_RULES, "rounding")
"""The names, in the order of the rules."""
