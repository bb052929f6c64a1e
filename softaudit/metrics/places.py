"""Where something happened: how often, in how many rows, and where first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def per_row(
    at: NDArray[np.int64], width: int, rows: int, chosen: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Count places, in order, by their rows; where `chosen` is given, only those."""
    ends = np.searchsorted(at, np.arange(rows + 1) * width)
    if chosen is not None:
        ends = np.concatenate([[0], np.cumsum(chosen)])[ends]
    return np.diff(ends)


class Places:
    """A count of elements, of the rows they are in, and the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self.rows = 0
        self.first: tuple[int, int] | None = None
        self._last_row = -1

    def add(self, mask: NDArray[np.bool_], numbers: NDArray[np.int64], start: int = 0) -> None:
        """Count a block's elements; `numbers` says which rows these are, `start` what column."""
        if mask.any():
            self.add_at(np.flatnonzero(mask), mask.shape[-1], numbers, start)

    def add_at(
        self,
        at: NDArray[np.int64],
        width: int,
        numbers: NDArray[np.int64],
        start: int = 0,
        chosen: NDArray[np.bool_] | None = None,
    ) -> None:
        """Count a block's elements by their places, in order, among values of some width.

        Where `chosen` is given, only those of the places count.
        """
        counts = per_row(at, width, len(numbers), chosen)
        rows = np.flatnonzero(counts)
        if rows.size == 0:
            return
        first = int(at[0 if chosen is None else np.argmax(chosen)])
        # The first row may be one of which an earlier window was counted.
        again = int(numbers[rows[0]]) == self._last_row
        self._last_row = int(numbers[rows[-1]])
        place = int(numbers[rows[0]]), start + first % width
        self._take(int(counts.sum()), rows.size - again, place)

    def merge(self, other: Places) -> None:
        """Take in what was counted of other rows."""
        if other.first is not None:
            self._take(other.count, other.rows, other.first)

    def _take(self, count: int, rows: int, first: tuple[int, int]) -> None:
        self.count += count
        self.rows += rows
        self.first = first if self.first is None else min(self.first, first)
