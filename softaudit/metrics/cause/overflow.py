"""Rules for what was infinite, NaN, or the largest number in place of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.metrics.cause.trail import Applies, Trail


def cast_overflow(t: Trail) -> Applies:
    """A finite number became infinite or NaN in being rounded outside exp and sum.

    Notes
    -----
    Told: the row's x̂/T̂ or shifted logit is not finite; in base 2 a block's m c, and of a pair
    x − n log 2 is not small; or the finished result is not finite, on its way from the compute to
    the storage format.  Rows that rounding the logits took count here too.

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
    beyond = _reduced_beyond(t)
    if beyond is not None:
        found |= (t.of_row(beyond) > 0) & ~np.isfinite(t.result)
    return found


def _reduced_beyond(t: Trail) -> NDArray[np.bool_] | None:
    """Tell in which rows the products with log2 e, or n log 2, left what the format counts.

    Those of a pair of mantissa and exponent have then arguments that are no longer small.
    """
    steps, finite = t.steps, np.isfinite(t.judged.problem.values)
    if steps.base_two and steps.shift is not None:
        return np.asarray(~np.isfinite(steps.shift).all(axis=-1, keepdims=True))
    if steps.doublings is not None and steps.argument is not None:
        return np.asarray((~(np.abs(steps.argument) <= 1) & finite).any(axis=-1, keepdims=True))
    return None


def inf_over_inf(t: Trail) -> Applies:
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


def exp_overflow(t: Trail) -> Applies:
    """An exponential of the row overflowed.

    Notes
    -----
    Told: of a wrong result anywhere in a row in which the exponential of a finite logit is not
    finite.  A softmax whose own exponential is finite becomes 0 there (finite/∞).

    Remedy: subtract the maximum before exp, as stable does; or compute in a wider format.
    """
    return None if t.sums_are_finite else t.of_facts("exp_overflowed")


def sum_overflow(t: Trail) -> Applies:
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


def saturation(t: Trail) -> Applies:
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
