"""Rules for finite results that are told by where they happen, and for all that is left."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from softaudit.metrics.cause.trail import Applies, Trail


def sum_stall(t: Trail) -> Applies:
    """The accumulator lost more than a balanced tree of as many terms can lose.

    Notes
    -----
    Told: of a wrong result anywhere in a row whose sum is further from a sharper sum of the same
    terms than the tree's rounding allows.  A sequential sum of ones stops growing at 2^p: in
    bfloat16 at 256, in float16 at 2048.

    Remedy: pairwise or compensated sums, or a wider accumulator.
    """
    return t.stalled()


def cancellation(t: Trail) -> Applies:
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


def absorption(t: Trail) -> Applies:
    """The logarithm was taken of a number near 1, whose small part the 1 absorbed.

    Notes
    -----
    Told: of a logarithm, where the number it is taken of lies within a factor 2 of 1, because one
    term dominates, and the error is above 1 ulp.

    Of outputs: a log_softmax of p > ½ that is off by more than 1 ulp, and by no more than 2 ulp(1).

    Remedy: log1p of the sum of all but the maximum; or compute in a wider format.
    """
    if t.function == "softmax" or t.steps.beside_one:
        return None
    near_one = np.abs(t.y) < log(2.0)
    if t.steps.addend is not None:
        own = t.of_row(t.steps.addend) if t.function == "logsumexp" else t.argument
        near_one = (t.total < 2.0) & (np.abs(own) < 1.0)
    return np.asarray(near_one & (t.error > 1.0))


def rounding(t: Trail) -> Applies:
    """The ordinary rounding of every step.

    Notes
    -----
    Told: no other rule applies.

    Of outputs: nothing else is proven by results alone, whose steps are not known.

    Remedy: compute in a wider format; there is no single step to mend.
    """
    return np.ones(t.result.shape, dtype=np.bool_)
