"""Errors by origin: what the format costs whatever the algorithm, and what the algorithm adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.exact_sum import ExactSum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.metrics.judged import Judged, Yardstick


class _Errors:
    """The largest of some errors, and the mean of the finite ones."""

    def __init__(self) -> None:
        self.largest = -1.0
        self.sum = ExactSum()

    def _take(self, errors: NDArray[np.float64], largest: float, *, all_counted: bool) -> None:
        self.largest = max(self.largest, largest)
        if all_counted and largest < np.inf:
            self.sum.add_rows(errors)
        else:
            finite = np.isfinite(errors)
            self.sum.add_rows(np.where(finite, errors, 0.0), int(np.count_nonzero(finite)))

    def merge(self, other: _Errors) -> None:
        """Take in what was measured in other rows."""
        self.largest = max(self.largest, other.largest)
        self.sum.merge(other.sum)


class Floor(_Errors):
    """The format's floor, |round(y) − y| / ulp(y), of the elements that count.

    All cells of one function and storage format share it.  It is at most ½.
    """

    def add(self, yardstick: Yardstick) -> None:
        """Take in the exact values of a block."""
        floor, whole = yardstick.floor, yardstick.all_counted
        counted = floor if whole else floor[yardstick.counted]
        self._take(floor, min(float(counted.max(initial=-1.0)), 0.5), all_counted=whole)


class Excess(_Errors):
    """What an algorithm's errors are above the floor: (|v − y| − |round(y) − y|) / ulp(y).

    Notes
    -----
    Exactly 0 where v is round(y), since both are measured alike, and never negative: what rounding
    leaves below 0, next to a tie, is 0.  ∞ where v is not finite, and then out of the mean.
    """

    def add(self, judged: Judged) -> None:
        """Take in a block."""
        if judged.largest < 0:
            return
        excess = judged.error - judged.yardstick.floor
        if not excess.min() >= 0:
            np.maximum(excess, 0.0, out=excess)
        whole = judged.yardstick.all_counted
        counted = excess if whole else excess[judged.counted]
        self._take(excess, float(counted.max()), all_counted=whole)
