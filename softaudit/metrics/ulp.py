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


class UlpErrors:
    """Statistics of the errors of all elements that count."""

    def __init__(self) -> None:
        self.histogram: Counter[int] = Counter()
        self.sum = ExactSum()
        self.absolute = self.relative = self.radius = -1.0
        self.correct = 0

    def add(self, judged: Judged) -> None:
        """Take in a block."""
        v, verdict = judged.output.values, judged.verdict
        defined = ~np.isnan(verdict.enclosure.high)
        self.correct += int(np.count_nonzero(defined & (v == verdict.rounded)))
        error = judged.error[judged.counted]
        if error.size == 0:
            return
        self.sum.add(error[np.isfinite(error)])
        self.histogram.update(bin_counts(error))
        self.absolute = max(self.absolute, float(np.max(judged.absolute[judged.counted])))
        self.relative = max(self.relative, float(np.max(judged.relative[judged.counted])))
        self.radius = max(self.radius, _radius(judged))

    def merge(self, other: UlpErrors) -> None:
        """Take in what another process counted."""
        self.histogram.update(other.histogram)
        self.sum.merge(other.sum)
        self.absolute = max(self.absolute, other.absolute)
        self.relative = max(self.relative, other.relative)
        self.radius = max(self.radius, other.radius)
        self.correct += other.correct


def _radius(judged: Judged) -> float:
    y, form = judged.verdict.enclosure, judged.form
    unit = np.maximum(judged.verdict.binade, form.emin) - form.precision + 1
    return float(np.max(np.ldexp(y.radius, y.exponent - unit)[judged.counted]))


def bin_counts(error: NDArray[np.float64]) -> dict[int, int]:
    """Count errors by bin: bin b holds (edge(b − 1), edge(b)], 128 of them to an octave.

    A bin is the leading twelve exponent and seven significand bits of a double, rounded up, so that
    an error on an edge belongs to the bin that ends there.  Bin 0 holds exact zeros.
    """
    bits = np.ascontiguousarray(error).view(np.int64)
    bins = (bits + ((1 << _SHIFT) - 1)) >> _SHIFT
    least = int(bins.min())
    counts = np.bincount(bins - least)
    filled = np.flatnonzero(counts)
    return dict(zip((filled + least).tolist(), counts[filled].tolist(), strict=True))


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
