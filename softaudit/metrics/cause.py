"""Causes: the step that lost most, told from what the algorithm passed through.

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

The first seven are events; the losses of the others are compared in units of ulp(y), to first
order.
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


def causes(judged: Judged) -> NDArray[np.int8]:
    """Name each element's cause, as an index into `CAUSES`.

    Returns
    -------
    ndarray of int8
        Of the values' shape; meaningful where the element counts and has an error.
    """
    steps = judged.output.steps
    code = np.full(judged.output.values.shape, len(CAUSES) - 1, dtype=np.int8)
    if steps is None:
        return code
    with np.errstate(all="ignore"):
        trail = _Trail(judged, steps)
        for index, rule in reversed(list(enumerate(_RULES.values()))):
            code[np.broadcast_to(rule(trail), code.shape)] = index
    return code


class _Trail:
    """The steps in float64, and the questions that the rules ask of them."""

    def __init__(self, judged: Judged, steps: Steps) -> None:
        self.judged = judged
        self.function = judged.key.function
        self.compute = judged.key.arithmetic.compute
        self.y = judged.verdict.enclosure.high * np.ldexp(
            1.0, np.minimum(judged.verdict.enclosure.exponent, 1023)
        )
        self.finite_logit = np.isfinite(judged.problem.values)
        self.quotient = _wide(steps.quotient)
        self.argument = _wide(steps.argument)
        self.exponential = _wide(steps.exponential)
        self.total = _wide(steps.total)
        self.probability = None if steps.probability is None else _wide(steps.probability)
        self.addend = None if steps.addend is None else _wide(steps.addend)
        self.stalled = steps.stalled

    def per_row(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Reduce a mask over logits to rows."""
        return np.asarray(mask.any(axis=-1, keepdims=True))

    def exp_overflowed(self) -> NDArray[np.bool_]:
        return ~np.isfinite(self.exponential) & ~np.isnan(self.argument) & self.finite_logit


def _wide(x: NDArray[Any] | None) -> NDArray[np.float64]:
    if x is None:
        raise ValueError("an algorithm that keeps steps keeps all of exp's")
    return x.astype(np.float64)


def _cast_overflow(t: _Trail) -> NDArray[np.bool_]:
    quotient = t.per_row(~np.isfinite(t.quotient) & t.finite_logit)
    shifted = t.per_row(np.isnan(t.argument) & t.finite_logit & np.isfinite(t.quotient))
    sound = np.isfinite(t.total) & (t.total > 0)
    if t.probability is not None:
        sound = sound & (t.probability > 0)
    result = ~np.isfinite(t.judged.output.values) & sound
    return quotient | shifted | result


def _inf_over_inf(t: _Trail) -> NDArray[np.bool_]:
    if t.function == "logsumexp":
        return np.zeros((len(t.total), 1), dtype=np.bool_)
    return np.asarray(t.exp_overflowed() & ~np.isfinite(t.total))


def _exp_overflow(t: _Trail) -> NDArray[np.bool_]:
    return t.per_row(t.exp_overflowed())


def _sum_overflow(t: _Trail) -> NDArray[np.bool_]:
    return ~np.isfinite(t.total) & ~t.per_row(~np.isfinite(t.exponential))


def _log_of_zero(t: _Trail) -> NDArray[np.bool_]:
    if t.function == "softmax":
        return np.zeros(t.total.shape, dtype=np.bool_)
    return np.asarray((t.total if t.probability is None else t.probability) == 0)


def _exp_underflow(t: _Trail) -> NDArray[np.bool_]:
    least = t.compute.least_normal
    if t.function == "logsumexp":
        return np.asarray(t.total < least)
    low = (t.exponential < least) & t.finite_logit
    if t.function == "softmax":
        return np.asarray(low | (t.total == 0))
    if t.probability is None:
        return np.zeros(t.total.shape, dtype=np.bool_)
    return low | ((t.probability < least) & t.finite_logit)


def _sum_stall(t: _Trail) -> NDArray[np.bool_]:
    return np.zeros(t.total.shape, dtype=np.bool_) if t.stalled is None else t.stalled


def _argument_rounding(t: _Trail) -> NDArray[np.bool_]:
    loss = np.abs(_argument_error(t))
    if t.function == "logsumexp":
        loss = np.take_along_axis(loss, np.argmax(t.quotient, axis=-1, keepdims=True), axis=-1)
    # An absolute error of the argument is a relative one of exp, and an absolute one of its log.
    if t.function == "softmax":
        loss = loss * np.abs(t.y)
    unit = ulp(np.where(np.isfinite(t.y), t.y, 0.0), t.judged.form)
    return np.asarray(loss >= 0.5 * t.judged.error * unit) & (loss > 0) & t.judged.wrong


def _argument_error(t: _Trail) -> NDArray[np.float64]:
    """Give what the argument of exp has from the roundings of x/T, m/T and their difference."""
    x, temperature = t.judged.problem.values, t.judged.problem.temperature
    error = _quotient_error(x, temperature, t.quotient)
    if np.array_equal(t.argument, t.quotient, equal_nan=True):
        return error
    at = np.argmax(t.quotient, axis=-1, keepdims=True)
    top = np.take_along_axis(t.quotient, at, axis=-1)
    shift = _difference_error(t.quotient, top, t.argument)
    return error - np.take_along_axis(error, at, axis=-1) - shift


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
    if t.function != "logsumexp":
        return np.zeros(t.total.shape, dtype=np.bool_)
    if t.addend is not None:
        return np.asarray((t.addend < 0) & (np.abs(t.y) < 0.5 * np.abs(t.addend)))
    dominant = 2 * np.max(t.exponential, axis=-1, keepdims=True) > t.total
    return np.asarray((np.abs(t.y) < log(2.0)) & ~dominant & (t.judged.error > 1.0))


def _absorption(t: _Trail) -> NDArray[np.bool_]:
    if t.function == "softmax":
        return np.zeros(t.total.shape, dtype=np.bool_)
    near_one = np.abs(t.y) < log(2.0)
    if t.addend is not None:
        near_one = (t.total < 2.0) & (np.abs(t.addend) < 1.0)
    return np.asarray(near_one & (t.judged.error > 1.0))


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
