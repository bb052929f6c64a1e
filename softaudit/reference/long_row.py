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
from softaudit.reference.certified import Sums, Terms
from softaudit.reference.enclose import WIDE, Enclosed
from softaudit.reference.exact import BASE_PRECISION, LARGEST_PRECISION, Row, far_term
from softaudit.reference.sharp import SharpSum, sharp_sum
from softaudit.reference.windows import Peak, Share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from softaudit.model import Function

_PRECISION = 160

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
    def _second(self) -> tuple[float, int]:
        """The largest logit below the maximum, and how often it occurs; −∞ if there is none."""
        largest, count = -np.inf, 0
        for x in self._read():
            others = x[x < self._top]
            found = float(others.max(initial=-np.inf))
            if found > largest:
                largest, count = found, 0
            count += int(np.count_nonzero(others == largest))
        return largest, count

    @cached_property
    def _ties(self) -> int:
        return sum(int(np.count_nonzero(x == self._top)) for x in self._read())

    @cached_property
    def _others(self) -> SharpSum | None:
        """S by double-words; None for rows whose logits are all equal, or too large for them.

        In a dominated row it is taken relatively to the second-largest logit: with c2 of these, S
        is their exponential times c2 + S2.  What S2 leaves out is below 2^−866.
        """
        if self._method == "mpmath" or not self.peak.tame(self.temperature)[0]:
            return None
        if self.sums is not None:
            return self._sharp_sum(self.peak)
        second, count = self._second
        if second == -np.inf:
            return None
        below = Peak(np.array([[second]]), self.peak.least)
        rest = self._sharp_sum(below)
        temperature = libmp.from_float(self.temperature)
        factor = far_term(second, self._top, temperature, _PRECISION)
        total = libmp.mpf_add(libmp.from_int(count), rest.others)
        return SharpSum(libmp.mpf_mul(factor, total, _PRECISION, "n"), rest.bits)

    def _sharp_sum(self, peak: Peak) -> SharpSum:
        parts = [sharp_sum(x[0], self.temperature, peak) for x in self._read()]
        return SharpSum(libmp.mpf_sum([part.others for part in parts]), parts[0].bits)

    def sum_up(self) -> None:
        """Make the sweeps that enclosing any window needs."""
        if np.isfinite(self._top) and self.sums is None:
            self._others  # noqa: B018 -- kept once it is known

    @property
    def _top(self) -> float:
        return float(self.peak.top[0, 0])

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
                f"a row of over {MOST_DISTINCT} distinct logits, with one beyond 2^700 or a "
                f"temperature beyond 2^±100, or by --reference mpmath: mpmath would take too long; "
                f"leave that out, or name other rows with --row or --sample"
            )
        return row

    def enclose(
        self, values: NDArray[np.float64], functions: tuple[Function, ...]
    ) -> dict[Function, Enclosed]:
        """Enclose the exact values of functions on a window; see `reference.enclose`."""
        if not np.isfinite(self._top):  # NaN, +∞, or nothing but masks
            return self._by_mpmath(values, functions, None)
        if self.sums is None:
            return self._by_mpmath(values, functions, self._row_of(values))
        terms = Terms(values, self.temperature, self.peak)
        no = np.zeros(1, dtype=np.bool_)
        found = {f: Enclosed(terms.enclose(f, self.sums), no) for f in functions}
        if "logsumexp" in found and found["logsumexp"].enclosure.radius[0, 0] > WIDE:
            found |= self._by_mpmath(values, ("logsumexp",), self._row_of(self.peak.top))
        return found

    def _row_of(self, values: NDArray[np.float64]) -> Row:
        """Give a row of which only some logits and the maximum are looked at."""
        if self._others is None:
            return self._base_row
        distinct = np.union1d(values, self.peak.top)
        # Only the maximum's count is asked for.
        counts = np.where(distinct == self._top, self._ties, 1)
        sharp = self._others
        return Row(distinct.tolist(), counts.tolist(), self.temperature, sharp.bits, sharp.others)

    def _by_mpmath(
        self, values: NDArray[np.float64], functions: tuple[Function, ...], row: Row | None
    ) -> dict[Function, Enclosed]:
        yes = np.ones(1, dtype=np.bool_)
        found = by_mpmath.enclose_window(values[0], row, self._top, functions)
        return {f: Enclosed(found[f], yes) for f in functions}

    def growing(self, x: float, function: Function) -> Iterator[tuple[Row, int, str]]:
        """See `settle.Answers`."""
        if self._others is not None:
            row = self._row_of(np.array([x]))
            yield row, row.place(x), "enclosed_sum"
        precision = BASE_PRECISION
        while precision <= LARGEST_PRECISION:
            whole = self._row(precision)
            if whole is None:
                return
            yield whole, 0 if function == "logsumexp" else whole.place(x), "mpmath"
            precision *= 2
