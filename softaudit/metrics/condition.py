"""Condition numbers: what a small relative change of the logits does to exact values, at most.

Of a function y of x, in the maximum norm, κ = ‖J‖ ‖x‖ / ‖y‖ with J the matrix of derivatives and
‖J‖ its largest row sum of absolute values.  Rounding the logits to a format changes them by up to
u ‖x‖, so exact values may change by κ u ‖y‖: no algorithm can do anything about that.

Temperature: dividing by T scales J by 1/T; so x/T stands for x.  Masks: a −∞ stays −∞ under any
relative change, and exact values beside it do not depend on it; norms and sums run over finite
logits alone.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.bins import bin_numbers
from softaudit.metrics.largest_row import LargestRow
from softaudit.metrics.ulp import percentile
from softaudit.reference import elementary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.metrics.extent import Extent
    from softaudit.model import Function


def condition(extent: Extent, function: Function) -> NDArray[np.float64]:
    """Give the condition number of each row in the maximum norm.

    Parameters
    ----------
    extent : Extent
    function : str

    Returns
    -------
    ndarray of float64, shape (rows,)
        Relatively within 2^−49.  0 where no relative change of x changes y: nothing but zeros, or
        one finite logit of softmax or log_softmax.  ∞ where logsumexp is 0 and x is not.  NaN of a
        row without a finite logit, or whose logsumexp is infinite.

    Notes
    -----
    With g = softmax(x):

    logsumexp    ∂y/∂x_j = g_j, so ‖J‖ = Σ g_j = 1, and κ = ‖x‖ / |y|.
    softmax      ∂g_i/∂x_j = g_i (δ_ij − g_j), of row sum g_i (1 − g_i) + g_i Σ_{j≠i} g_j =
                 2 g_i (1 − g_i).  Every g_i lies in [0, M] and in [0, 1 − M] ∪ {M}, M = max g,
                 where t (1 − t) is at most M (1 − M): it grows up to t = 1/2 and is the same at t
                 and 1 − t.  So κ = 2 M (1 − M) ‖x‖ / M = 2 (1 − max g) ‖x‖.  As max g ≥ 1/n, that
                 is at most 2 (1 − 1/n) ‖x‖ ≤ (n/2) ‖x‖, since 4 (n − 1) ≤ n².
    log_softmax  ∂y_i/∂x_j = δ_ij − g_j, of row sum (1 − g_i) + Σ_{j≠i} g_j = 2 (1 − g_i):
                 κ = 2 (1 − min g) ‖x‖ / ‖y‖, where min g = exp(−‖y‖).

    References
    ----------
    Blanchard, Higham & Higham, IMA J. Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038, who
    have logsumexp, and the bound (n/2) ‖x‖ for softmax.
    """
    x, x_exponent = np.frexp(np.maximum(np.abs(extent.top), np.abs(extent.least)))
    t, t_exponent = np.frexp(extent.temperature)
    factor, y, y_exponent = _parts(extent, function)
    with np.errstate(all="ignore"):
        numerator = factor * (x / t)
        scale = x_exponent - t_exponent - y_exponent
        found = np.where(numerator == 0, 0.0, np.ldexp(numerator / y, scale))
        undefined = (extent.count == 0) | ~np.isfinite(extent.high)
    return np.where(undefined, np.nan, found)


def _parts(
    extent: Extent, function: Function
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Give ‖J‖, or for softmax ‖J‖/‖y‖, and ‖y‖ as significand and exponent."""
    one, nothing = np.ones_like(extent.high), np.zeros_like(extent.exponent)
    if function == "softmax":
        # 1 − high is exact where it is small, and low carries what is missing from 1.
        return 2 * ((1 - extent.high) - extent.low), one, nothing
    y, exponent = np.frexp(np.abs(extent.high))
    exponent = exponent + extent.exponent
    if function == "logsumexp":
        return one, y, exponent
    return 2 * (1 - elementary.exp(-extent.size)), y, exponent


class Conditions:
    """Condition numbers of the rows that cells of one function and storage format share.

    Attributes
    ----------
    largest : LargestRow
    """

    def __init__(self) -> None:
        self.largest = LargestRow()
        self._histogram: Counter[int] = Counter()

    def add(self, extent: Extent, function: Function, numbers: NDArray[np.int64]) -> None:
        """Take in whole rows."""
        values = condition(extent, function)
        self.largest.add(values, numbers)
        self._histogram.update(bin_numbers(values[~np.isnan(values)]).tolist())

    def merge(self, other: Conditions) -> None:
        """Take in what was counted of other rows."""
        self.largest.merge(other.largest)
        self._histogram.update(other._histogram)

    def median(self) -> float:
        """Give the median, as the upper edge of a bin of 128 to an octave, at most 0.8 % high."""
        return min(percentile(self._histogram, 0.5) or 0.0, self.largest.value)
