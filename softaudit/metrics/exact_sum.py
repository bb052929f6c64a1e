"""A sum of doubles without rounding, so that a mean does not depend on the order of blocks."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST = -1074
_AT_ONCE = 1 << 15
_TO_2_27 = 1.5 * 2.0 ** (52 - 27)
_TO_2_66 = 1.5 * 2.0 ** (52 - 66)


class ExactSum:
    """The exact sum of all finite float64 given to it, as one integer multiple of 2^−1074."""

    def __init__(self) -> None:
        self._units = 0
        self.count = 0

    def add(self, values: NDArray[np.float64]) -> None:
        """Add finite, non-negative numbers."""
        for start in range(0, values.size, _AT_ONCE):
            self._add(values[start : start + _AT_ONCE])

    def _add(self, values: NDArray[np.float64]) -> None:
        """Cut numbers into multiples of 2^−27 and of 2^−66, whose sums are exact in any order.

        For values below 2^11 both parts have at most 38 bits, and 2^15 of them at most 53.  What is
        left, of numbers below 2^−14 or above 2^11, is rare and summed as integers.
        """
        self.count += values.size
        if values.size and values.max() >= 2.0**11:
            self._add_rare(values[values >= 2.0**11])
            values = values[values < 2.0**11]
        head = (values + _TO_2_27) - _TO_2_27
        rest = values - head
        tail = (rest + _TO_2_66) - _TO_2_66
        left = rest - tail
        self._units += int(head.sum() * 2.0**27) << (1074 - 27)
        self._units += int(tail.sum() * 2.0**66) << (1074 - 66)
        if left.any():
            left = left[left != 0]
            self._add_rare(left[left > 0])
            self._add_rare(-left[left < 0], sign=-1)

    def _add_rare(self, values: NDArray[np.float64], sign: int = 1) -> None:
        """Sum significands per exponent, in halves of 27 and 26 bits: 2^15 of them do not round."""
        if values.size == 0:
            return
        fraction, exponent = np.frexp(values)
        scaled = np.ldexp(fraction, 27)
        head = np.floor(scaled)
        tail = np.ldexp(scaled - head, 26)
        index = exponent.astype(np.int64) - _LEAST
        heads, tails = np.bincount(index, head), np.bincount(index, tail)
        for i in np.flatnonzero(heads + tails).tolist():
            # 2^(i + _LEAST) · (head 2^−27 + tail 2^−53), and subnormals end in zeros enough.
            units = (int(heads[i]) << 26) + int(tails[i])
            self._units += sign * ((units << i) >> 53 if i < 53 else units << (i - 53))

    def merge(self, other: ExactSum) -> None:
        """Add what another sum has."""
        self._units += other._units
        self.count += other.count

    def mean(self) -> float | None:
        """Give the mean, rounded once; None of nothing."""
        if self.count == 0:
            return None
        return float(Fraction(self._units, self.count) * Fraction(2) ** _LEAST)
