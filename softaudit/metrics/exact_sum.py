"""A sum of doubles without rounding, so that a mean does not depend on the order of blocks."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST = -1074


class ExactSum:
    """The exact sum of all finite float64 given to it, as one integer multiple of 2^−1074."""

    def __init__(self) -> None:
        self._units = 0
        self.count = 0

    def add(self, values: NDArray[np.float64]) -> None:
        """Add finite, non-negative numbers, at most 2^25 at a time.

        Significands are split into halves of 27 and 26 bits and summed per exponent: at most 2^25
        numbers below 2^27 make less than 2^53, so no addition rounds.
        """
        fraction, exponent = np.frexp(values)
        scaled = np.ldexp(fraction, 27)
        head = np.floor(scaled)
        tail = np.ldexp(scaled - head, 26)
        index = exponent.astype(np.int64) - _LEAST
        heads, tails = np.bincount(index, head), np.bincount(index, tail)
        for i in np.flatnonzero(heads + tails).tolist():
            # 2^(i + _LEAST) · (head 2^−27 + tail 2^−53), and subnormals end in zeros enough.
            units = (int(heads[i]) << 26) + int(tails[i])
            self._units += (units << i) >> 53 if i < 53 else units << (i - 53)
        self.count += len(values)

    def merge(self, other: ExactSum) -> None:
        """Add what another sum has."""
        self._units += other._units
        self.count += other.count

    def mean(self) -> float | None:
        """Give the mean, rounded once; None of nothing."""
        if self.count == 0:
            return None
        return float(Fraction(self._units, self.count) * Fraction(2) ** _LEAST)
