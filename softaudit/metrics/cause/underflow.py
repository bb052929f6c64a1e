"""Rules for what was 0, or subnormal."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from softaudit.metrics.cause.trail import Applies, Trail


def flush(t: Trail) -> Applies:
    """A subnormal number of the compute format became 0.

    Notes
    -----
    Told: where the compute format flushes: the exponential is 0 and its argument not below the
    logarithm of half the least subnormal number; or the probability or the result is 0 and the
    exponential is not.

    Of outputs: a 0 where the correctly rounded softmax is subnormal, in a row with another result.

    Remedy: keep subnormal numbers, or compute in a format with more range.
    """
    if not t.compute.flushes:
        return None
    unit = 1.0 if t.steps.base_two else log(2.0)
    vanishes = t.compute.exp2_vanishes_below * unit
    found = (t.exponential == 0) & (t.argument >= vanishes)
    there = (t.exponential > 0) & np.isfinite(t.logit)
    if t.function == "softmax":
        found |= (t.result == 0) & there & (t.total < np.inf)
    if t.steps.probability is not None:
        found |= (t.of_element(t.steps.probability) == 0) & there & (t.total < np.inf)
    return np.asarray(found)


def log_of_zero(t: Trail) -> Applies:
    """The logarithm was taken of a 0.

    Notes
    -----
    Told: the probability, or a whole row's sum, is 0: the result is −∞.

    Of outputs: a −∞ where the answer is finite, of a log_softmax in a row with a finite result.

    Remedy: the stable log_softmax of the logits, never softmax and log in two steps; for logsumexp
    stable, whose sum is at least 1.
    """
    if t.function == "softmax" or t.steps.beside_one:
        return None
    if t.steps.probability is None:
        return np.asarray(t.total == 0)
    return np.asarray(t.of_element(t.steps.probability) == 0)


def exp_underflow(t: Trail) -> Applies:
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


def _softmax_underflow(t: Trail, least: float) -> Applies:
    if t.steps.folded is not None:  # there the exponential is the result
        return None
    found = ((t.exponential < least) & np.isfinite(t.logit)) | (t.total == 0)
    if t.steps.reciprocal is not None:
        found |= t.of_row(t.steps.reciprocal) < least
    return np.asarray(found)
