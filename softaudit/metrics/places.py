"""Where something happened: how often, in how many rows, and where first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def per_row(at: NDArray[np.int64], width: int, rows: int) -> NDArray[np.int64]:
    """Count places, in order, by their rows."""
    ends = at.searchsorted(np.arange(rows + 1) * width)
    return ends[1:] - ends[:-1]


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
        if chosen is not None and not chosen.all():
            at = at[chosen]
        if at.size == 0:
            return
        (i, j), last = divmod(int(at[0]), width), int(at[-1]) // width
        rows = int(np.count_nonzero(per_row(at, width, len(numbers))))
        # The first row may be one of which an earlier window was counted.
        again = int(numbers[i]) == self._last_row
        self._last_row = int(numbers[last])
        self._take(at.size, rows - again, (int(numbers[i]), start + j))

    def merge(self, other: Places) -> None:
        """Take in what was counted of other rows."""
        if other.first is not None:
            self._take(other.count, other.rows, other.first)

    def _take(self, count: int, rows: int, first: tuple[int, int]) -> None:
        self.count += count
        self.rows += rows
        self.first = first if self.first is None else min(self.first, first)
