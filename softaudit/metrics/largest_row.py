"""The row with the largest of a figure that every row has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DROPPED_BITS = 12


class LargestRow:
    """The largest figure so far, its row, and what stands beside it.

    Figures are compared by 40 significant bits, since enclosures separate no more with certainty;
    of equal ones the first row's is kept.

    Attributes
    ----------
    number : int
        Which row; −1 while there is none.
    value : float
        Its figure.
    beside : float
        Another figure of the same row.
    """

    def __init__(self) -> None:
        self.number = -1
        self.value = self.beside = 0.0
        self._key = -1

    def add(
        self,
        values: NDArray[np.float64],
        numbers: NDArray[np.int64],
        beside: NDArray[np.float64] | None = None,
    ) -> None:
        """Take in figures ≥ 0 of rows, in the rows' order; NaN stands for none."""
        keys = np.where(np.isnan(values), -1, np.abs(values).view(np.int64) >> _DROPPED_BITS)
        if keys.max(initial=-1) < 0:
            return
        at = int(np.argmax(keys))
        other = 0.0 if beside is None else float(beside[at])
        self._take(int(keys[at]), int(numbers[at]), float(values[at]), other)

    def merge(self, other: LargestRow) -> None:
        """Take in what was found in other rows."""
        if other.number >= 0:
            self._take(other._key, other.number, other.value, other.beside)

    def _take(self, key: int, number: int, value: float, beside: float) -> None:
        if (-key, number) < (-self._key, self.number):
            self._key, self.number, self.value, self.beside = key, number, value, beside
