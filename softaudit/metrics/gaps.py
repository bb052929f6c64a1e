"""Errors by the gap between a logit and its row's maximum: where the cause of an error shows.

A two-dimensional histogram, since the points themselves would be as many as the logits.  The gap is
(m − x̂)/T̂ in float64, with m the largest finite x̂ of the whole row; a mask's is ∞.  Bins of gaps are
quarters of an octave, and bins of errors halves of one; both are numbered so that bin 0 ends at 1,
and an edge belongs to the bin that ends there.
"""

from __future__ import annotations

from itertools import pairwise
from math import inf, ldexp
from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.bins import BINS_PER_OCTAVE, INFINITE_BIN, ONE_ULP_BIN, Ranks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

GAP_BINS_PER_OCTAVE, ULP_BINS_PER_OCTAVE = 4, 2
LEAST_GAP, MOST_GAP = -32, 49
"""Bins of gaps: the first holds 0 and all below 2^−8, the last all above 2^12, masks among them."""
LEAST_ULP, MOST_ULP, INFINITE_ULP = -20, 80, 81
"""Bins of errors: 0 and all below 2^−10 ulp, all finite ones above 1.5 · 2^39 ulp, and ∞."""

_GAP_SHIFT = 50
_GAP_OF_ONE = int(np.array(1.0).view(np.int64)) >> _GAP_SHIFT
_GAPS, _ULPS = MOST_GAP - LEAST_GAP + 1, INFINITE_ULP - LEAST_ULP + 1

ULP_BIN_BITS = 6
"""Bits of a number in the histogram of errors that one of these bins does not tell apart."""
FINEST_OCTAVE, COLUMNS = -200, 530
"""Errors are counted from 2^−200 ulp on, in so many half octaves, and put together afterwards: to
clip them would take longer.  The last column holds ∞, the last but one what is above 2^64 ulp."""
_FIRST, _LAST = (ULP_BINS_PER_OCTAVE * -FINEST_OCTAVE + ulp for ulp in (LEAST_ULP, MOST_ULP))


def gap_edge(gap: int) -> float:
    """Give the upper edge of a bin of gaps; ∞ of the last."""
    return _edge(gap, GAP_BINS_PER_OCTAVE) if gap < MOST_GAP else inf


def ulp_edge(ulp: int) -> float:
    """Give the upper edge in ulp of a bin of errors; of `MOST_ULP`, 2^40, which some are above."""
    return _edge(ulp, ULP_BINS_PER_OCTAVE) if ulp < INFINITE_ULP else inf


def _edge(index: int, per_octave: int) -> float:
    octave, part = divmod(index, per_octave)
    return ldexp(1 + part / per_octave, octave)


def gap_offsets(
    x: NDArray[np.float64], top: NDArray[np.float64], temperature: float
) -> NDArray[np.int64]:
    """Give where in `GapCounts` the bins of gaps begin.

    Parameters
    ----------
    x : ndarray of float64, shape (rows, columns)
        x̂, of rows or of a window of theirs.
    top : ndarray of float64, shape (rows, 1)
        The rows' largest finite x̂.
    temperature : float
        T̂.
    """
    with np.errstate(over="ignore"):
        gap = top - x
        if temperature != 1:
            gap /= temperature
    offsets = gap.view(np.int64)
    offsets += (1 << _GAP_SHIFT) - 1
    offsets >>= _GAP_SHIFT
    least = LEAST_GAP + _GAP_OF_ONE
    np.clip(offsets, least, MOST_GAP + _GAP_OF_ONE, out=offsets)
    offsets -= least
    offsets *= COLUMNS
    return offsets


class GapCounts:
    """Counts of errors by the bins of gap and error."""

    def __init__(self) -> None:
        self._counts: NDArray[np.int64] | None = None

    def add(self, columns: NDArray[np.int64], offsets: NDArray[np.int64]) -> None:
        """Count errors by their column, which is not kept, and by their gap's offset."""
        columns += offsets
        found = np.bincount(columns, minlength=_GAPS * COLUMNS).reshape(_GAPS, COLUMNS)
        counts = np.empty((_GAPS, _ULPS), dtype=np.int64)
        counts[:, 0] = found[:, : _FIRST + 1].sum(axis=1)
        counts[:, 1:-2] = found[:, _FIRST + 1 : _LAST]
        counts[:, -2] = found[:, _LAST:-1].sum(axis=1)
        counts[:, -1] = found[:, -1]
        self._take(counts)

    def merge(self, other: GapCounts) -> None:
        """Take in what was counted of other rows."""
        if other._counts is not None:
            self._take(other._counts)

    def _take(self, counts: NDArray[np.int64]) -> None:
        self._counts = counts if self._counts is None else self._counts + counts

    @property
    def counts(self) -> dict[tuple[int, int], int]:
        """Counts by bin of gap and bin of error, in order."""
        if self._counts is None:
            return {}
        gaps, ulps = np.nonzero(self._counts)
        bins = zip((gaps + LEAST_GAP).tolist(), (ulps + LEAST_ULP).tolist(), strict=True)
        return dict(zip(bins, self._counts[gaps, ulps].tolist(), strict=True))


def by_error(gaps: Mapping[tuple[int, int], int]) -> dict[int, int]:
    """Give counts by the bin of the error alone."""
    found: dict[int, int] = {}
    for (_, ulp), count in gaps.items():
        found[ulp] = found.get(ulp, 0) + count
    return found


def in_half_octaves(histogram: Mapping[int, int]) -> dict[int, int]:
    """Put the bins of a cell's histogram together: what `by_error` has to agree with."""
    ranks = Ranks(histogram)
    finite = ranks.total - histogram.get(INFINITE_BIN, 0)
    ends = [ranks.up_to(_last_of(ulp)) for ulp in range(LEAST_ULP, MOST_ULP)]
    counts = (n - before for before, n in pairwise([0, *ends, finite, ranks.total]))
    return {ulp: count for ulp, count in enumerate(counts, LEAST_ULP) if count}


def _last_of(ulp: int) -> int:
    return ONE_ULP_BIN + ulp * BINS_PER_OCTAVE // ULP_BINS_PER_OCTAVE
