"""The largest error in each slice along the logits' first axes: which layer, which head."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from softaudit.model import AxisMap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from softaudit.metrics.judged import Judged

MOST_AXES, MOST_SLICES = 2, 4096


def mapped_axes(rows_shape: Sequence[int]) -> tuple[int, ...] | None:
    """Give the lengths of the axes that have a map; None of logits that are given none.

    Parameters
    ----------
    rows_shape : sequence of int
        Of the logits, without the class axis.  The last of these axes is no layer or head: logits
        of two axes are a table, of three the sequences of each layer.
    """
    axes = tuple(rows_shape[: min(MOST_AXES, len(rows_shape) - 1)])
    return axes if axes and 0 < prod(axes) <= MOST_SLICES else None


class ByAxis:
    """The largest error of each slice.

    Parameters
    ----------
    rows_shape : sequence of int
        Of the logits.
    axes : tuple of int
        See `mapped_axes`.
    """

    def __init__(self, rows_shape: Sequence[int], axes: tuple[int, ...]) -> None:
        self._axes = axes
        self._rows_of_each = max(1, prod(rows_shape[len(axes) :]))
        self._largest = np.full(prod(axes), -1.0)

    def add(self, judged: Judged) -> None:
        """Take in a block, or a window; rows are in order, so that a slice's are side by side."""
        if judged.largest < 0:
            return
        slices = judged.numbers // self._rows_of_each
        first = np.flatnonzero(np.diff(slices, prepend=-1))
        starts = first * judged.error.shape[-1]
        # What does not count is NaN, which fmax leaves out.
        larger = np.maximum if judged.yardstick.all_counted else np.fmax
        found = larger.reduceat(judged.error.ravel(), starts)
        at = slices[first]
        self._largest[at] = np.fmax(self._largest[at], found)

    def merge(self, other: ByAxis) -> None:
        """Take in what was found in other rows."""
        np.maximum(self._largest, other._largest, out=self._largest)

    @property
    def map(self) -> AxisMap:
        """What was found."""
        return AxisMap(self._axes, tuple(e if e >= 0 else None for e in self._largest.tolist()))
