"""Histograms put on the axes that all pictures of a page share.

The axes run in bins, of errors two and of gaps four to an octave, so that a step is as wide
wherever it is and pictures can be compared line by line.  What is infinite stands apart, beyond the
last finite bin of the page.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import frexp, inf
from typing import TYPE_CHECKING

from softaudit.metrics import BINS_PER_OCTAVE, INFINITE_BIN, ONE_ULP_BIN
from softaudit.metrics.gaps import (
    GAP_BINS_PER_OCTAVE,
    INFINITE_ULP,
    LEAST_GAP,
    MOST_GAP,
    MOST_ULP,
    ULP_BINS_PER_OCTAVE,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from softaudit.model import Cell

_FINER = BINS_PER_OCTAVE // ULP_BINS_PER_OCTAVE
FLOOR = -13
"""The lowest bin of errors that is drawn, up to 0.012 ulp: all below is in it, 0 included."""
BEYOND = 3
"""How many bins beyond the last finite one ∞ stands."""


def errors(cell: Cell) -> Counter[int]:
    """Count a cell's errors by the bins of the pictures, ∞ in `INFINITE_ULP`."""
    found: Counter[int] = Counter()
    for index, count in cell.histogram.items():
        found[_coarse(index)] += count
    return found


def _coarse(index: int) -> int:
    if index == INFINITE_BIN:
        return INFINITE_ULP
    return min(max(-((ONE_ULP_BIN - index) // _FINER), FLOOR), MOST_ULP)


def by_gap(cell: Cell) -> Counter[tuple[int, int]]:
    """Count a cell's errors by the bins of gap and error; empty where there are none."""
    found: Counter[tuple[int, int]] = Counter()
    for (gap, error), count in (cell.gaps or {}).items():
        found[gap, max(error, FLOOR)] += count
    return found


def position(value: float, per_octave: int) -> float:
    """Give where a number is on an axis in bins: 1 at 0, and straight within an octave."""
    mantissa, exponent = frexp(value)
    return (exponent - 1 + 2 * mantissa - 1) * per_octave


@dataclass(frozen=True, slots=True)
class Axes:
    """What all pictures of a page share.

    Attributes
    ----------
    top : int
        The last finite bin of errors.
    has_infinite : bool
        Whether there are errors of ∞.
    left, right : int
        The first and the last finite bin of gaps.
    has_masks : bool
        Whether there are gaps of ∞, or beyond 2^12.
    most, densest : int
        The largest count of a bin of errors, and of a bin of both.
    """

    top: int
    has_infinite: bool
    left: int
    right: int
    has_masks: bool
    most: int
    densest: int

    @property
    def infinite(self) -> int:
        """The row of ∞."""
        return self.top + BEYOND

    @property
    def masks(self) -> int:
        """The column of gaps of ∞."""
        return self.right + BEYOND

    @property
    def height(self) -> int:
        """The last row."""
        return self.infinite if self.has_infinite else self.top

    @property
    def width(self) -> int:
        """The last column."""
        return self.masks if self.has_masks else self.right

    def row(self, error: int) -> int:
        """Give the row of a bin of errors."""
        return self.infinite if error == INFINITE_ULP else error

    def column(self, gap: int) -> int:
        """Give the column of a bin of gaps."""
        return self.masks if gap == MOST_GAP else gap

    def at_error(self, error: float) -> float:
        """Give where an error is, within the axis."""
        if error == inf:
            return self.infinite - 1.0
        if error <= 0:
            return FLOOR - 1.0
        return min(max(position(error, ULP_BINS_PER_OCTAVE), FLOOR - 1.0), float(self.top))

    def at_gap(self, gap: float) -> float:
        """Give where a gap is."""
        return position(gap, GAP_BINS_PER_OCTAVE)


def shared_axes(cells: Iterable[Cell]) -> Axes:
    """Find the axes that hold all of some cells."""
    rows: Counter[int] = Counter()
    columns: set[int] = set()
    densest = 1
    for cell in cells:
        rows |= errors(cell)
        densities = by_gap(cell)
        columns.update(gap for gap, _ in densities)
        densest = max(densest, *densities.values(), 1)
    finite = [bin_ for bin_ in rows if bin_ != INFINITE_ULP]
    inside = [gap for gap in columns if gap != MOST_GAP]
    return Axes(
        top=max(*finite, 4, 4),
        has_infinite=INFINITE_ULP in rows,
        left=min(inside, default=LEAST_GAP),
        right=max(inside, default=0),
        has_masks=MOST_GAP in columns,
        most=max(rows.values(), default=1),
        densest=densest,
    )


def largest_share(counts: Mapping[int, int], part: float) -> tuple[int, int] | None:
    """Give the bins between which the middle part of the counts lies; None of nothing."""
    total = sum(counts.values())
    if not total:
        return None
    cut, seen, low = (1 - part) / 2 * total, 0, None
    for index in sorted(counts):
        seen += counts[index]
        low = index if low is None and seen > cut else low
        if low is not None and seen >= total - cut:
            return low, index
    return None
