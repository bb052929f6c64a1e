"""What windows tell of their rows: the ends, the maxima and the sum of all other terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from softaudit.reference import double_word as dw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.reference.double_word import DoubleWord

DEEP = -866
"""Least binade of S, and of a term that is held without an exponent beside it."""
LARGEST_LOGIT = 2.0**700
LARGEST_TEMPERATURE = 2.0**100


class Peak(NamedTuple):
    """The largest and the least logits of rows, shape (rows, 1); masks are no logits here.

    NaN in a row with NaN.  Of nothing but masks the largest is −∞ and the least +∞.
    """

    top: NDArray[np.float64]
    least: NDArray[np.float64]

    @classmethod
    def of(cls, x: NDArray[np.float64]) -> Peak:
        """Look at a window."""
        least = x.min(axis=-1, keepdims=True)
        if np.isneginf(least).any():
            least = np.where(x == -np.inf, np.inf, x).min(axis=-1, keepdims=True)
        return cls(x.max(axis=-1, keepdims=True), least)

    def beside(self, other: Peak) -> Peak:
        """Put two windows of the same rows together."""
        return Peak(np.maximum(self.top, other.top), np.minimum(self.least, other.least))

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Peak:
        """Give some rows."""
        return Peak(self.top[chosen], self.least[chosen])

    def tame(self, temperature: float) -> NDArray[np.bool_]:
        """Tell which rows the error analysis covers, if S is not too small; shape (rows,)."""
        if not 1 / LARGEST_TEMPERATURE <= temperature <= LARGEST_TEMPERATURE:
            return np.zeros(len(self.top), dtype=np.bool_)
        small = (np.abs(self.top) < LARGEST_LOGIT) & (np.abs(self.least) < LARGEST_LOGIT)
        return np.asarray(small[:, 0])


class Share(NamedTuple):
    """c and S, of a window or of whole rows, shape (rows, 1)."""

    ties: NDArray[np.float64]
    others: DoubleWord

    def beside(self, other: Share) -> Share:
        """Put two windows of the same rows together."""
        return Share(self.ties + other.ties, dw.add(self.others, other.others))

    def rows(self, chosen: NDArray[np.bool_]) -> Share:
        """Give some rows."""
        return Share(self.ties[chosen], self.others.rows(chosen))

    def ordinary(self) -> NDArray[np.bool_]:
        """Tell in which rows S is large enough; shape (rows,)."""
        return np.asarray((self.others.high >= 2.0**DEEP)[:, 0])
