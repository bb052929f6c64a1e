"""Causes: the step that explains an error, told from what the algorithm passed through.

The rules stand below, each with what it means, how it is told and what to do about it; they are
asked in the order of `_RULES`, and the first that applies names the cause.  Those that tell of a
row hold for a wrong result anywhere in it.

The first nine are events.  Of the others argument-rounding and shift-absorption are measured, to
first order in units of ulp(y); cancellation and absorption are told by where they happen.  Only
results that are off by more than `worst.WORTH_TELLING`, or 0 too early, are asked, and the worst
of all.
"""

from __future__ import annotations

from functools import cached_property
from inspect import getdoc
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.metrics.argument import deviation, excess, is_in_powers_of_two
from softaudit.metrics.places import per_row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from numpy.typing import NDArray

    from softaudit.metrics.judged import Judged
    from softaudit.model import Steps

    Applies: TypeAlias = NDArray[np.bool_] | None


def causes(judged: Judged, at: NDArray[np.int64]) -> NDArray[np.int8]:
    """Name the causes of some elements' errors, as indices into `CAUSES`.

    Parameters
    ----------
    judged : Judged
    at : ndarray of int64
        Places of the elements among the flattened values, in order.

    Returns
    -------
    ndarray of int8
        One for each element.
    """
    code = np.full(at.shape, len(CAUSES) - 1, dtype=np.int8)
    if judged.output.steps is None or code.size == 0:
        return code
    trail, left = _Trail(judged, judged.output.steps, at), np.ones(at.shape, dtype=np.bool_)
    with np.errstate(all="ignore"):
        for index, rule in enumerate(_RULES.values()):
            applies = rule(trail)
            if applies is not None:
                np.copyto(code, index, where=applies & left)
                left &= ~applies
                if not left.any():
                    break
    return code


class _Trail:
    """The steps of some elements in float64, taken when a rule asks for them.

    A function of whole rows has no elements of its own: for it, the row's largest logit stands.
    """

    def __init__(self, judged: Judged, steps: Steps, at: NDArray[np.int64]) -> None:
        self.judged = judged
        self.function = judged.key.function
        self.compute = judged.key.arithmetic.compute
        self.steps = steps
        self.at = at
        self.columns = judged.error.shape[-1]
        self._per_row = per_row(at, self.columns, len(judged.error))

    @cached_property
    def y(self) -> NDArray[np.float64]:
        """The exact values, rounded."""
        y = self.judged.decision.enclosure
        high = y.high.take(self.at)
        if y.far().size == 0:
            return high
        return np.ldexp(high, np.minimum(y.exponent.take(self.at), 1023))

    @cached_property
    def error(self) -> NDArray[np.float64]:
        return self.judged.error.take(self.at)

    @cached_property
    def unit(self) -> NDArray[np.float64]:
        """ulp(y)."""
        return self.judged.decision.ulp.take(self.at)

    @cached_property
    def result(self) -> NDArray[np.float64]:
        return self.judged.output.values.take(self.at)

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        return np.asarray(self.result != self.judged.decision.rounded.take(self.at))

    @cached_property
    def total(self) -> NDArray[np.float64]:
        return self.of_row(self.steps.total)

    @cached_property
    def logit(self) -> NDArray[np.float64]:
        return self._own(self.judged.problem.values, "logit")

    @cached_property
    def quotient(self) -> NDArray[np.float64]:
        return self._own(self.steps.quotient, "quotient")

    @cached_property
    def argument(self) -> NDArray[np.float64]:
        return self._own(self.steps.argument, "argument")

    @cached_property
    def exponential(self) -> NDArray[np.float64]:
        return self._own(self.steps.exponential, "exponential")

    def _own(self, step: NDArray[Any] | None, name: str) -> NDArray[np.float64]:
        return self.of_facts(name) if self.function == "logsumexp" else self.of_element(step)

    def of_element(self, step: NDArray[Any] | None) -> NDArray[np.float64]:
        """Take the elements' share of a step."""
        return _there(step).take(self.at).astype(np.float64)

    def of_facts(self, name: str) -> NDArray[Any]:
        """Take the share of the elements' rows of what is known of rows."""
        return np.repeat(getattr(self.judged.facts, name), self._per_row)

    def of_row(self, step: NDArray[Any] | None) -> NDArray[np.float64]:
        """Take the share of the elements' rows, of a step that has one number for each."""
        return np.repeat(_there(step)[:, 0].astype(np.float64), self._per_row)

    @cached_property
    def sums_are_finite(self) -> bool:
        """Whether no row's sum is infinite or NaN, and so nothing that it was made of."""
        return bool(np.isfinite(self.total).all())

    def stalled(self) -> NDArray[np.bool_] | None:
        """Tell whose row's accumulator stalled."""
        if self.steps.stalled is None or not self.steps.stalled.any():
            return None
        return np.repeat(self.steps.stalled[:, 0], self._per_row)


def _there(step: NDArray[Any] | None) -> NDArray[Any]:
    if step is None:
        raise ValueError("an algorithm that keeps steps keeps all of exp's")
    return step


def _cast_overflow(t: _Trail) -> Applies:
    """A finite number became infinite or NaN in being rounded outside exp and sum.

    Notes
    -----
    Told: the row's x̂/T̂ or shifted logit is not finite, or the finished result is not, on its way
    from the compute to the storage format.  Rows that rounding the logits took count here too.

    Remedy: a format with the range, such as bfloat16 in place of float16; masks of −∞ instead of
    the least finite number.
    """
    found = np.zeros(t.total.shape, dtype=np.bool_)
    sound = np.isfinite(t.total) & (t.total > 0)
    if sound.any():
        found |= ~np.isfinite(t.result) & sound
        if t.steps.probability is not None:
            found &= t.of_element(t.steps.probability) > 0
    if not t.sums_are_finite:
        found |= t.of_facts("left_range")
    if t.judged.problem.temperature != 1.0:
        found |= ~np.isfinite(t.quotient) & np.isfinite(t.logit)
    return found


def _inf_over_inf(t: _Trail) -> Applies:
    """The element's own exponential overflowed, and so did the row's sum.

    Notes
    -----
    Told: the exponential of a finite logit is not finite, nor is the sum: ∞/∞ is NaN.

    Remedy: subtract the maximum before exp, as stable does.
    """
    if t.function == "logsumexp" or t.sums_are_finite:
        return None
    own = ~np.isfinite(t.exponential) & ~np.isnan(t.argument) & np.isfinite(t.logit)
    return np.asarray(own & ~np.isfinite(t.total))


def _exp_overflow(t: _Trail) -> Applies:
    """An exponential of the row overflowed.

    Notes
    -----
    Told: of a wrong result anywhere in a row in which the exponential of a finite logit is not
    finite.  A softmax whose own exponential is finite becomes 0 there (finite/∞).

    Remedy: subtract the maximum before exp, as stable does; or compute in a wider format.
    """
    return None if t.sums_are_finite else t.of_facts("exp_overflowed")


def _sum_overflow(t: _Trail) -> Applies:
    """Every exponential of the row is finite and their sum is not.

    Notes
    -----
    Told: of a wrong result anywhere in such a row.  65536 equal logits do it in float16, also when
    shifted: each exponential is 1.

    Remedy: accumulate in a wider format, as GPUs do in float32.
    """
    if t.sums_are_finite:
        return None
    return np.asarray(~np.isfinite(t.total) & ~t.of_facts("endless_term"))


def _saturation(t: _Trail) -> Applies:
    """An exponential or the sum is the largest number, which stands for what is beyond it.

    Notes
    -----
    Told: of a wrong result anywhere in such a row, where the compute format saturates.  Nothing is
    infinite there, and nothing NaN: the results are finite and wrong.

    Remedy: subtract the maximum before exp, as stable does, and accumulate in a wider format.
    """
    if t.compute.beyond != "largest":
        return None
    return np.asarray((t.total >= t.compute.largest) | t.of_facts("saturated"))


def _flush(t: _Trail) -> Applies:
    """A subnormal number of the compute format became 0.

    Notes
    -----
    Told: where the compute format flushes: the exponential is 0 and its argument not below the
    logarithm of half the least subnormal number; or the probability or the result is 0 and the
    exponential is not.

    Remedy: keep subnormal numbers, or compute in a format with more range.
    """
    if not t.compute.flushes:
        return None
    unit = 1.0 if t.steps.base_two else log(2.0)
    vanishes = (t.compute.subnormal_exponent - 1) * unit
    found = (t.exponential == 0) & (t.argument >= vanishes)
    there = (t.exponential > 0) & np.isfinite(t.logit)
    if t.function == "softmax":
        found |= (t.result == 0) & there & (t.total < np.inf)
    if t.steps.probability is not None:
        found |= (t.of_element(t.steps.probability) == 0) & there & (t.total < np.inf)
    return np.asarray(found)


def _log_of_zero(t: _Trail) -> Applies:
    """The logarithm was taken of a 0.

    Notes
    -----
    Told: the probability, or a whole row's sum, is 0: the result is −∞.

    Remedy: the stable log_softmax of the logits, never softmax and log in two steps; for logsumexp
    stable, whose sum is at least 1.
    """
    if t.function == "softmax" or t.steps.beside_one:
        return None
    if t.steps.probability is None:
        return np.asarray(t.total == 0)
    return np.asarray(t.of_element(t.steps.probability) == 0)


def _exp_underflow(t: _Trail) -> Applies:
    """The exponential, the probability or the reciprocal of the sum is 0 or subnormal.

    Notes
    -----
    Told: of what the result is made of, in the compute format: its own exponential, the probability
    of which the logarithm is taken, the reciprocal by which is multiplied, or a logsumexp's sum; of
    a softmax also where the whole sum is 0.  Subnormal numbers have fewer bits than normal ones.

    Remedy: a compute format with more range; for a row that is far below 0 as a whole, subtract
    the maximum, as stable does.
    """
    least = t.compute.least_normal
    if t.function == "logsumexp":
        return None if t.steps.beside_one else np.asarray(t.total < least)
    if t.function == "softmax":
        return _softmax_underflow(t, least)
    if t.steps.probability is None:
        return None
    small = (t.exponential < least) | (t.of_element(t.steps.probability) < least)
    return np.asarray(small & np.isfinite(t.logit))


def _softmax_underflow(t: _Trail, least: float) -> Applies:
    if t.steps.folded is not None:  # there the exponential is the result
        return None
    found = ((t.exponential < least) & np.isfinite(t.logit)) | (t.total == 0)
    if t.steps.reciprocal is not None:
        found |= t.of_row(t.steps.reciprocal) < least
    return np.asarray(found)


def _sum_stall(t: _Trail) -> Applies:
    """The accumulator lost more than a balanced tree of as many terms can lose.

    Notes
    -----
    Told: of a wrong result anywhere in a row whose sum is further from a sharper sum of the same
    terms than the tree's rounding allows.  A sequential sum of ones stops growing at 2^p: in
    bfloat16 at 256, in float16 at 2048.

    Remedy: pairwise or compensated sums, or a wider accumulator.
    """
    return t.stalled()


def _argument_rounding(t: _Trail) -> Applies:
    """The rounding of what goes into exp explains at least half of the error.

    Notes
    -----
    Told: by measuring it.  What x/T and x − m were rounded by (in base 2 the products with log2 e
    and the factors by which blocks are rescaled; n log 2; lse(x) and x − lse(x)) is recovered,
    taken through the function to first order, and compared with the error.

    Remedy: compute in a wider format, as GPUs do.  Without a shift (naive) only x/T is rounded, as
    long as nothing overflows or becomes subnormal.

    References
    ----------
    Dekker, Numer. Math. 18 (1971), doi:10.1007/BF01397083: products and sums with their errors.
    """
    loss = np.abs(_argument_error(t))
    # An absolute error of the argument is a relative one of exp, and an absolute one of its log.
    if t.function == "softmax":
        loss = loss * np.abs(t.y)
    return np.asarray((loss >= 0.5 * t.error * t.unit) & (loss > 0) & t.wrong)


def _argument_error(t: _Trail) -> NDArray[np.float64]:
    """Give what the argument of exp has from rounding, beside what its whole row has."""
    if t.steps.folded is not None and t.function == "softmax":
        return excess(t.argument, t.judged.decision.enclosure, t.at)
    temperature = t.judged.problem.temperature
    top = t.of_facts("quotient")
    error = of_top = np.zeros(top.shape)
    if temperature != 1.0:
        error = _quotient_error(t.logit, temperature, t.quotient)
        of_top = _quotient_error(t.of_facts("logit"), temperature, top)
    if is_in_powers_of_two(t.steps):
        own = deviation(t.steps, divmod(t.at, t.columns))
        return np.asarray((error - of_top) + (own - t.of_facts("pull") / t.of_facts("weight")))
    if t.steps.folded is not None:  # x − m goes into the sum alone
        return np.asarray(error - of_top)
    shifted = error - of_top - _difference_error(t.quotient, top, t.argument)
    # Without a shift the largest logit itself goes into exp.
    return np.asarray(np.where(t.of_facts("argument") == top, error, shifted))


def _shift_absorption(t: _Trail) -> Applies:
    """m absorbed the logarithm of the sum, which was added to it first.

    Notes
    -----
    Told: by measuring it, where m + log Σ is subtracted from x as one number: its rounding explains
    at least half of the error.

    Remedy: (x − m) − log Σ in that order, as stable does.
    """
    if t.function != "log_softmax" or t.steps.folded is None:
        return None
    m, log_total, folded = map(t.of_row, (t.steps.addend, t.steps.log_total, t.steps.folded))
    loss = np.abs(_difference_error(m, -log_total, folded))
    return np.asarray((loss >= 0.5 * t.error * t.unit) & (loss > 0) & t.wrong)


def _quotient_error(
    x: NDArray[np.float64], temperature: float, quotient: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give quotient − x/T, with the product quotient · T taken without error (Dekker 1971)."""
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


def _cancellation(t: _Trail) -> Applies:
    """m and the logarithm of the sum nearly cancel.

    Notes
    -----
    Told: of a logsumexp, where they have opposite signs and the result is less than half of the
    larger; without a shift, where the sum is near 1 and no term dominates it.

    Remedy: compute in a wider format.  The exact value itself is ill-conditioned there: rounding
    the logits moves it as far, and no algorithm makes up for that.
    """
    if t.function != "logsumexp":
        return None
    if t.steps.addend is not None:
        shift = t.of_row(t.steps.addend)
        return np.asarray((shift < 0) & (np.abs(t.y) < 0.5 * np.abs(shift)))
    dominant = 2 * t.of_facts("exponential") > t.total
    return np.asarray((np.abs(t.y) < log(2.0)) & ~dominant & (t.error > 1.0))


def _absorption(t: _Trail) -> Applies:
    """The logarithm was taken of a number near 1, whose small part the 1 absorbed.

    Notes
    -----
    Told: of a logarithm, where the number it is taken of lies within a factor 2 of 1, because one
    term dominates, and the error is above 1 ulp.

    Remedy: log1p of the sum of all but the maximum; or compute in a wider format.
    """
    if t.function == "softmax" or t.steps.beside_one:
        return None
    near_one = np.abs(t.y) < log(2.0)
    if t.steps.addend is not None:
        own = t.of_row(t.steps.addend) if t.function == "logsumexp" else t.argument
        near_one = (t.total < 2.0) & (np.abs(own) < 1.0)
    return np.asarray(near_one & (t.error > 1.0))


def _rounding(t: _Trail) -> Applies:
    """The ordinary rounding of every step.

    Notes
    -----
    Told: no other rule applies, or the steps are not known, as of outputs that somebody else
    computed.

    Remedy: compute in a wider format; there is no single step to mend.
    """
    return np.ones(t.result.shape, dtype=np.bool_)


_RULES: dict[str, Callable[[_Trail], Applies]] = {
    "cast-overflow": _cast_overflow,
    "inf-over-inf": _inf_over_inf,
    "exp-overflow": _exp_overflow,
    "sum-overflow": _sum_overflow,
    "saturation": _saturation,
    "flush": _flush,
    "log-of-zero": _log_of_zero,
    "exp-underflow": _exp_underflow,
    "sum-stall": _sum_stall,
    "argument-rounding": _argument_rounding,
    "shift-absorption": _shift_absorption,
    "cancellation": _cancellation,
    "absorption": _absorption,
    "rounding": _rounding,
}

CAUSES: tuple[str, ...] = tuple(_RULES)
"""The names, in the order of the rules."""

EXPLANATIONS: Mapping[str, str] = {name: getdoc(rule) or "" for name, rule in _RULES.items()}
"""What each means, how it is told, and what to do about it: the rules' docstrings."""

DESCRIPTIONS: Mapping[str, str] = {
    name: text.partition("\n")[0] for name, text in EXPLANATIONS.items()
}
"""A sentence for each, for those who meet a name for the first time."""
