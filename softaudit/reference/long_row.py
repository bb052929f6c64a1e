"""Rows that are too long to be looked at in one piece: their windows add up to what is asked.

Two sweeps over a row's windows gather its peak and its sum; after them any window can be enclosed
by itself.  Rows that double-words do not cover are gathered once more, as distinct values, and
summed by mpmath.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from mpmath import libmp

from softaudit.errors import InputError
from softaudit.reference import by_mpmath
from softaudit.reference.certified import Peak, Share, Sums, Terms
from softaudit.reference.enclose import WIDE, Enclosed
from softaudit.reference.exact import BASE_PRECISION, LARGEST_PRECISION, Row
from softaudit.reference.sharp import SharpSum, sharp_sum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from softaudit.model import Function

MOST_DISTINCT = 1 << 18
"""Distinct logits up to which mpmath sums a long row: some seconds."""


class LongRow:
    """One long row in one storage format.

    Parameters
    ----------
    read : callable
        Gives the row's windows, x̂ of shape (1, columns), from the first to the last.
    temperature : float
        T̂.
    method : str
        One of `METHODS`.
    """

    def __init__(
        self, read: Callable[[], Iterator[NDArray[np.float64]]], temperature: float, method: str
    ) -> None:
        self._read = read
        self.temperature = temperature
        self._method = method

    @cached_property
    def peak(self) -> Peak:
        """The largest and the least logit."""
        found: Peak | None = None
        for x in self._read():
            found = Peak.of(x) if found is None else found.beside(Peak.of(x))
        if found is None:
            raise ValueError("a row has at least one window")
        return found

    @cached_property
    def sums(self) -> Sums | None:
        """What enclosures by double-words need; None for a row that they do not cover."""
        if self._method == "mpmath" or not self.peak.tame(self.temperature)[0]:
            return None
        share: Share | None = None
        for x in self._read():
            part = Terms(x, self.temperature, self.peak).share()
            share = part if share is None else share.beside(part)
        if share is None or not share.ordinary()[0]:
            return None
        return Sums(self.peak, share, self.temperature)

    @cached_property
    def _distinct(self) -> tuple[NDArray[np.float64], NDArray[np.int64]] | None:
        """Distinct logits and their counts; None if there are too many."""
        values, counts = np.empty(0), np.empty(0, dtype=np.int64)
        for x in self._read():
            some, times = np.unique(x, return_counts=True)
            values, inverse = np.unique(np.concatenate([values, some]), return_inverse=True)
            counts = np.bincount(inverse, np.concatenate([counts, times])).astype(np.int64)
            if values.size > MOST_DISTINCT:
                return None
        return values, counts

    def _row(self, precision: int) -> Row | None:
        if self._distinct is None:
            return None
        values, counts = self._distinct
        return Row(values.tolist(), counts.tolist(), self.temperature, precision)

    @cached_property
    def _base_row(self) -> Row:
        row = self._row(BASE_PRECISION)
        if row is None:
            raise InputError(
                f"a row of over {MOST_DISTINCT} distinct logits needs mpmath, which would take too "
                f"long: its largest logit is more than 600 T above all others, or beyond 2^700, or "
                f"--reference mpmath asks for it"
            )
        return row

    def enclose(
        self, values: NDArray[np.float64], functions: tuple[Function, ...]
    ) -> dict[Function, Enclosed]:
        """Enclose the exact values of functions on a window; see `reference.enclose`."""
        if not np.isfinite(self.peak.top[0, 0]):  # NaN, +∞, or nothing but masks
            return self._by_mpmath(values, functions, None)
        if self.sums is None:
            return self._by_mpmath(values, functions, self._base_row)
        terms = Terms(values, self.temperature, self.peak)
        no = np.zeros(1, dtype=np.bool_)
        found = {f: Enclosed(terms.enclose(f, self.sums), no) for f in functions}
        if "logsumexp" in found and found["logsumexp"].enclosure.radius[0, 0] > WIDE:
            sharper, _, _ = next(self.growing(self._top, "logsumexp"))
            found |= self._by_mpmath(values, ("logsumexp",), sharper)
        return found

    def _by_mpmath(
        self, values: NDArray[np.float64], functions: tuple[Function, ...], row: Row | None
    ) -> dict[Function, Enclosed]:
        yes = np.ones(1, dtype=np.bool_)
        found = by_mpmath.enclose_window(values[0], row, self._top, functions)
        return {f: Enclosed(found[f], yes) for f in functions}

    @property
    def _top(self) -> float:
        return float(self.peak.top[0, 0])

    @cached_property
    def _sharp(self) -> SharpSum | None:
        if self.sums is None:
            return None
        parts = [sharp_sum(x[0], self.temperature, self.peak) for x in self._read()]
        return SharpSum(libmp.mpf_sum([part.others for part in parts]), parts[0].bits)

    def growing(self, x: float, function: Function) -> Iterator[tuple[Row, int, str]]:
        """See `settle.Answers`."""
        if self.sums is not None and self._sharp is not None:
            values = [x] if x == self._top else [x, self._top]
            # Only the maximum's count is asked for.
            counts = [int(self.sums.ties[0, 0]) if value == self._top else 1 for value in values]
            bits = self._sharp.bits
            yield Row(values, counts, self.temperature, bits, self._sharp.others), 0, "enclosed_sum"
        precision = BASE_PRECISION
        while precision <= LARGEST_PRECISION:
            whole = self._row(precision)
            if whole is None:
                return
            yield whole, 0 if function == "logsumexp" else whole.place(x), "mpmath"
            precision *= 2
