"""Sums of doubles that do not depend on how rows were put into blocks, so neither does a mean."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK = 4096
"""Columns that are summed in double; windows of long rows begin at a multiple of it."""

_LEAST = -1074
_AT_ONCE = 1 << 15
_WORTH_IT = 1 << 12
"""Numbers from which adding them up takes longer than the calls that it takes."""


class ExactSum:
    """The exact sum of all finite float64 given to it, as one integer multiple of 2^−1074."""

    def __init__(self) -> None:
        self._units = 0
        self._waiting: list[NDArray[np.float64]] = []
        self._to_come = 0
        self.count = 0

    def add_rows(self, values: NDArray[np.float64], count: int | None = None) -> None:
        """Add up finite, non-negative numbers of shape (rows, columns), of which `count` count.

        Each row is cut into chunks of 4096 columns, whose sums are taken in double by a tree that
        the position in the row decides, within 2^−48 relatively; these are added exactly.
        """
        rows, columns = values.shape
        whole = columns - columns % CHUNK
        with np.errstate(over="ignore"):
            parts = [values[:, whole:].sum(axis=-1)]
            if whole:
                side_by_side = values[:, :whole].reshape(rows, whole // CHUNK, CHUNK)
                parts.append(side_by_side.sum(axis=-1).ravel())
        sums = np.concatenate(parts)
        if not np.isfinite(sums).all():
            sums = values.ravel()
        self.add(sums)
        self.count += (values.size if count is None else count) - sums.size

    def add(self, values: NDArray[np.float64]) -> None:
        """Add finite, non-negative numbers, few of them together with those that come next."""
        self.count += values.size
        self._to_come += values.size
        self._waiting.append(values.copy())
        if self._to_come >= _WORTH_IT:
            self._catch_up()

    def _catch_up(self) -> None:
        """Add what waits."""
        if self._to_come:
            values = np.concatenate(self._waiting)
            self._waiting, self._to_come = [], 0
            for start in range(0, values.size, _AT_ONCE):
                self._add(values[start : start + _AT_ONCE])

    def _add(self, values: NDArray[np.float64]) -> None:
        """Sum significands per exponent, in halves of 27 and 26 bits: 2^15 of them do not round."""
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

    def merge(self, other: ExactSum) -> None:
        """Add what another sum has."""
        other._catch_up()
        self._units += other._units
        self.count += other.count

    def mean(self) -> float | None:
        """Give the mean, rounded once; None of nothing."""
        if self.count == 0:
            return None
        self._catch_up()
        return float(Fraction(self._units, self.count) * Fraction(2) ** _LEAST)
