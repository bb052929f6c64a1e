"""Rules that compare what a step's rounding did to a result with its error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.cause.argument import (
    deviation,
    difference_error,
    excess,
    is_in_powers_of_two,
    quotient_error,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.metrics.cause.trail import Applies, Trail


def argument_rounding(t: Trail) -> Applies:
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


def _argument_error(t: Trail) -> NDArray[np.float64]:
    """Give what the argument of exp has from rounding, beside what its whole row has."""
    if t.steps.folded is not None and t.function == "softmax":
        return excess(t.argument, t.judged.decision.enclosure, t.at)
    temperature = t.judged.problem.temperature
    top = t.of_facts("quotient")
    error = of_top = np.zeros(top.shape)
    if temperature != 1.0:
        error = quotient_error(t.logit, temperature, t.quotient)
        of_top = quotient_error(t.of_facts("logit"), temperature, top)
    if is_in_powers_of_two(t.steps):
        own = deviation(t.steps, divmod(t.at, t.columns))
        return np.asarray((error - of_top) + (own - t.of_facts("pull") / t.of_facts("weight")))
    if t.steps.folded is not None:  # x − m goes into the sum alone
        return np.asarray(error - of_top)
    shifted = error - of_top - difference_error(t.quotient, top, t.argument)
    # Without a shift the largest logit itself goes into exp.
    return np.asarray(np.where(t.of_facts("argument") == top, error, shifted))


def shift_absorption(t: Trail) -> Applies:
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
    loss = np.abs(difference_error(m, -log_total, folded))
    return np.asarray((loss >= 0.5 * t.error * t.unit) & (loss > 0) & t.wrong)
