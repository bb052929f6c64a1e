"""Errors in ulp: their mean, percentiles, histogram and extremes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.bins import BINS_PER_OCTAVE, INFINITE_BIN, ONE_ULP_BIN, Ranks, bin_numbers
from softaudit.metrics.exact_sum import ExactSum
from softaudit.metrics.gaps import COLUMNS, FINEST_OCTAVE, ULP_BIN_BITS, GapCounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from softaudit.metrics.judged import Judged

_FIRST, _COMMON = ONE_ULP_BIN + FINEST_OCTAVE * BINS_PER_OCTAVE, 264 * BINS_PER_OCTAVE
"""Bins that are counted in an array; those outside, exact 0 and ∞ among them, in a mapping."""

_BELOW = (1 << ULP_BIN_BITS) - 2
"""The number that errors below `_FIRST` get, so that the leading bits tell the half octave."""
_ABOVE = _BELOW + _COMMON + 1
_INFINITE = (COLUMNS - 1) << ULP_BIN_BITS


class UlpErrors:
    """Statistics of the errors of all elements that count."""

    def __init__(self) -> None:
        self._common = np.zeros(_COMMON, dtype=np.int64)
        self._rare: Counter[int] = Counter()
        self.gaps = GapCounts()
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
        self._count(judged)

    def _count(self, judged: Judged) -> None:
        yardstick, error = judged.yardstick, judged.error.ravel()
        error = error if yardstick.all_counted else error[yardstick.counted.ravel()]
        bins = bin_numbers(error, _FIRST - 1 - _BELOW)
        if bins.min() <= _BELOW or bins.max() >= _ABOVE:
            self._count_rare(bins, error)
        counts = np.bincount(bins, minlength=_ABOVE)
        self._common += counts[_BELOW + 1 : _ABOVE]
        if yardstick.gap_offsets is not None:
            bins >>= ULP_BIN_BITS
            self.gaps.add(bins, yardstick.gap_offsets)

    def _count_rare(self, bins: NDArray[np.int64], error: NDArray[np.float64]) -> None:
        """Count what the array has no bins for, and give it numbers beside these."""
        rare = {0: error == 0, INFINITE_BIN: error == np.inf}
        for index, of in rare.items():
            self._rare[index] += int(np.count_nonzero(of))
        outside = ((bins <= _BELOW) | (bins >= _ABOVE)) & ~(rare[0] | rare[INFINITE_BIN])
        if outside.any():
            found, counts = np.unique(bins[outside], return_counts=True)
            found += _FIRST - 1 - _BELOW
            self._rare.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))
        np.clip(bins, _BELOW, _ABOVE, out=bins)
        bins[rare[INFINITE_BIN]] = _INFINITE

    def merge(self, other: UlpErrors) -> None:
        """Take in what was counted of other rows."""
        self._common += other._common
        self._rare.update(other._rare)
        self.gaps.merge(other.gaps)
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


def percentile(histogram: Mapping[int, int], part: float) -> float | None:
    """Give the nearest-rank percentile as the upper edge of its bin: never low, at most 0.8 % high.

    Parameters
    ----------
    histogram : mapping of int to int
        Counts by bin, ∞ in the last.
    part : float
        As a fraction: 0.99 is the smallest error that at least 99 % do not exceed.
    """
    return Ranks(histogram).percentile(part)
