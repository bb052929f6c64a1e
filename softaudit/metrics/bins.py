"""The bins that errors are counted in, 128 to an octave: twelve bits of exponent, seven beyond."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cache
from itertools import accumulate
from math import ceil
from struct import pack, unpack
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

BINS_PER_OCTAVE = 128
_SHIFT = 45
ONE_ULP_BIN = int(np.array(1.0).view(np.int64)) >> _SHIFT
INFINITE_BIN = int(np.array(np.inf).view(np.int64)) >> _SHIFT


def bin_numbers(error: NDArray[np.float64], first: int = 0) -> NDArray[np.int64]:
    """Give the errors' bins: bin b holds (edge(b − 1), edge(b)], 128 of them to an octave.

    A bin is the leading twelve exponent and seven significand bits of a double, rounded up, so that
    an error on an edge belongs to the bin that ends there.  Bin 0 holds exact zeros.  Numbers are
    given less `first`.
    """
    bits = np.ascontiguousarray(error).view(np.int64) + (((1 - first) << _SHIFT) - 1)
    bits >>= _SHIFT
    return bits


@cache
def edge(index: int) -> float:
    """Give the upper edge of a bin."""
    value: float = unpack("<d", pack("<q", index << _SHIFT))[0]
    return value


class Ranks:
    """A histogram added up from its first bin on, of which several things are asked.

    Parameters
    ----------
    histogram : mapping of int to int
        Counts by bin, ∞ in the last.
    """

    def __init__(self, histogram: Mapping[int, int]) -> None:
        self._bins = sorted(histogram)
        self._totals = list(accumulate(map(histogram.__getitem__, self._bins)))

    @property
    def total(self) -> int:
        """How many errors there are."""
        return self._totals[-1] if self._totals else 0

    def up_to(self, index: int) -> int:
        """Give how many errors are in a bin and in those before it."""
        place = bisect_right(self._bins, index)
        return self._totals[place - 1] if place else 0

    def percentile(self, part: float) -> float | None:
        """Give the nearest-rank percentile as the upper edge of its bin; None of nothing."""
        place = bisect_left(self._totals, ceil(part * self.total))
        return edge(self._bins[place]) if self._bins else None
