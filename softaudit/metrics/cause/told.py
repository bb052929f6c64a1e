"""Causes that results prove by themselves, where nobody knows the steps that made them.

Somebody else's outputs come without steps, and most of their errors could have come from any.  A
few could not, whichever way the function was computed: these are told by the rules in here, under
the names that they have where steps are known.  Guessing at the rest by their size was rejected: a
sum that stalled, an exponential in a narrower format and a wrong kernel leave the same errors.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from softaudit.metrics.cause.trail import Trail
    from softaudit.metrics.judged import Judged


def flush(t: Trail) -> NDArray[np.bool_]:
    """Mark zeros of a softmax where round(y) is subnormal.

    Notes
    -----
    The exponential of what is computed without a shift may be too small for the format even as a
    subnormal number, which is no flush: logits of which that is so prove nothing.
    """
    form, rounded = t.judged.form, t.judged.decision.rounded.take(t.at)
    quotient = t.logit / t.judged.problem.temperature
    held = quotient >= form.exp2_vanishes_below * log(2.0)
    return np.asarray((t.result == 0) & (rounded > 0) & (rounded < form.least_normal) & held)


def log_of_zero(t: Trail) -> NDArray[np.bool_]:
    """Mark the −∞ of a logarithm where round(y) is finite.

    Notes
    -----
    A logit that leaves the range in being divided by T becomes −∞ without a logarithm.
    """
    found = np.isneginf(t.result) & t.judged.counted.take(t.at)
    if t.function == "log_softmax":
        found &= np.abs(t.logit / t.judged.problem.temperature) <= t.judged.form.largest
    return np.asarray(found)


def absorption(t: Trail) -> NDArray[np.bool_]:
    """Mark log p where p > ½ and the error is what a 1 leaves of a small number: two of its ulp.

    Notes
    -----
    Near 0 that is many ulp(y).  The sum of the exponentials is between 1 and 2 there, so that one
    rounding of it costs up to ½ ulp(1), and that of a probability as much.
    """
    off = t.judged.errors.distance.take(t.at)
    least = 2.0 ** (2 - t.judged.form.precision)
    return np.asarray((np.abs(t.y) < log(2.0)) & (t.error > 1.0) & (off <= least))


TOLD: Mapping[str, Mapping[str, Callable[[Trail], NDArray[np.bool_]]]] = {
    "softmax": {"flush": flush},
    "log_softmax": {"log-of-zero": log_of_zero, "absorption": absorption},
    "logsumexp": {"log-of-zero": log_of_zero},
}
"""What tells of each cause by results alone, for each function."""


def answered(judged: Judged) -> NDArray[np.bool_]:
    """Tell of which rows the sum was finite, and not 0: the others' results prove nothing.

    Returns
    -------
    ndarray of bool, shape (rows,)
        Whether a result is finite, and of a softmax not 0; of a window, whether one in it is.

    Notes
    -----
    Terms over an infinite sum are 0, and their logarithms −∞, in the whole row.
    """
    v = judged.output.values
    if judged.key.function == "logsumexp":
        return np.ones(len(v), dtype=np.bool_)
    told = np.isfinite(v)
    if judged.key.function == "softmax":
        told &= v != 0
    return np.asarray(told.any(axis=-1))
