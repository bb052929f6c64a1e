"""Errors in ulp: their mean, percentiles, histogram and extremes."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.exact_sum import ExactSum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from softaudit.metrics.judged import Judged

BINS_PER_OCTAVE = 128
_SHIFT = 45
ONE_ULP_BIN = int(np.array(1.0).view(np.int64)) >> _SHIFT
INFINITE_BIN = int(np.array(np.inf).view(np.int64)) >> _SHIFT


_FIRST, _COMMON = ONE_ULP_BIN - 200 * BINS_PER_OCTAVE, 264 * BINS_PER_OCTAVE
"""Bins that are counted in an array; those outside, exact 0 and ∞ among them, in a mapping."""


class UlpErrors:
    """Statistics of the errors of all elements that count."""

    def __init__(self) -> None:
        self._common = np.zeros(_COMMON, dtype=np.int64)
        self._rare: Counter[int] = Counter()
        self.sum = ExactSum()
        self.absolute = self.relative = self.radius = -1.0
        self.correct = 0

    def add(self, judged: Judged) -> None:
        """Take in a block."""
        self.correct += int(np.count_nonzero(judged.output.values == judged.decision.rounded))
        self.absolute = max(self.absolute, judged.errors.absolute)
        if judged.largest < 0:
            return
        self.radius = max(self.radius, judged.yardstick.radius)
        self.relative = max(self.relative, judged.errors.relative(self.relative))
        whole = judged.yardstick.all_counted
        if whole and judged.largest < np.inf:
            self.sum.add_rows(judged.error)
        else:
            finite = np.isfinite(judged.error)
            self.sum.add_rows(np.where(finite, judged.error, 0.0), int(np.count_nonzero(finite)))
        self._count(judged.error if whole else judged.error[judged.counted])

    def _count(self, error: NDArray[np.float64]) -> None:
        bins = bin_numbers(error.ravel(), _FIRST - 1)
        if bins.min() < 1 or bins.max() > _COMMON:
            rare = {0: error == 0, INFINITE_BIN: error == np.inf}
            for index, of in rare.items():
                self._rare[index] += int(np.count_nonzero(of))
            outside = ((bins < 1) | (bins > _COMMON)) & ~(rare[0] | rare[INFINITE_BIN]).ravel()
            if outside.any():
                found, counts = np.unique(bins[outside] + (_FIRST - 1), return_counts=True)
                self._rare.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))
            np.clip(bins, 0, _COMMON + 1, out=bins)
        counts = np.bincount(bins, minlength=_COMMON + 2)
        self._common += counts[1:-1]

    def merge(self, other: UlpErrors) -> None:
        """Take in what was counted of other rows."""
        self._common += other._common
        self._rare.update(other._rare)
        self.sum.merge(other.sum)
        self.absolute = max(self.absolute, other.absolute)
        self.relative = max(self.relative, other.relative)
        self.radius = max(self.radius, other.radius)
        self.correct += other.correct

    @property
    def histogram(self) -> dict[int, int]:
        """Counts by bin, in order; see `bin_numbers`."""
        filled = np.flatnonzero(self._common)
        common = zip((filled + _FIRST).tolist(), self._common[filled].tolist(), strict=True)
        rare = [(index, count) for index, count in self._rare.items() if count]
        return dict(sorted([*rare, *common]))


def bin_numbers(error: NDArray[np.float64], first: int = 0) -> NDArray[np.int64]:
    """Give the errors' bins: bin b holds (edge(b − 1), edge(b)], 128 of them to an octave.

    A bin is the leading twelve exponent and seven significand bits of a double, rounded up, so that
    an error on an edge belongs to the bin that ends there.  Bin 0 holds exact zeros.  Numbers are
    given less `first`.
    """
    bits = np.ascontiguousarray(error).view(np.int64) + (((1 - first) << _SHIFT) - 1)
    bits >>= _SHIFT
    return bits


def edge(index: int) -> float:
    """Give the upper edge of a bin."""
    return float(np.array(index << _SHIFT, dtype=np.int64).view(np.float64))


def percentile(histogram: Mapping[int, int], part: float) -> float | None:
    """Give the nearest-rank percentile as the upper edge of its bin: never low, at most 0.8 % high.

    Parameters
    ----------
    histogram : mapping of int to int
        Counts by bin, ∞ in the last.
    part : float
        As a fraction: 0.99 is the smallest error that at least 99 % do not exceed.
    """
    rank = ceil(part * sum(histogram.values()))
    for index in sorted(histogram):
        rank -= histogram[index]
        if rank <= 0:
            return edge(index)
    return None
