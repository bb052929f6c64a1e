"""What rows span: of that, bounds and condition numbers are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from softaudit.model import WHOLE, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.model import Enclosure, Function, Problem


@dataclass(frozen=True, slots=True, eq=False)
class Extent:
    """How many logits rows have, between which ends, and what lies farthest from 0 in y.

    Masks are no logits here.  Arrays are of shape (rows,).

    Attributes
    ----------
    temperature : float
        T̂.
    count : ndarray of int64
        n, the number of finite logits.
    top, least : ndarray of float64
        The largest and the least finite x̂; −∞ and +∞ where there is none.
    high, low, exponent : ndarray
        The exact value of the largest size, as an `Enclosure` has it: that of the largest logit
        for softmax, of the least for log_softmax, the only one of logsumexp.
    """

    temperature: float
    count: NDArray[np.int64]
    top: NDArray[np.float64]
    least: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    exponent: NDArray[np.int64]

    @classmethod
    def of(cls, problem: Problem, y: Enclosure, function: Function) -> Extent:
        """Look at rows, or at a window of their columns."""
        x = problem.values
        top, least = x.max(axis=-1), x.min(axis=-1)
        count = np.full(len(x), x.shape[-1])
        lowest = x
        if not (np.isfinite(top).all() and np.isfinite(least).all()):
            finite = np.isfinite(x)
            count = np.count_nonzero(finite, axis=-1)
            lowest = np.where(finite, x, np.inf)
            top, least = np.where(finite, x, -np.inf).max(axis=-1), lowest.min(axis=-1)
        rows = np.arange(len(x))
        at = np.zeros_like(rows)
        if function != "logsumexp":
            at = x.argmax(axis=-1) if function == "softmax" else lowest.argmin(axis=-1)
        exponent = np.broadcast_to(y.exponent, y.high.shape)
        high, low = y.high[rows, at], y.low[rows, at]
        return cls(problem.temperature, count, top, least, high, low, exponent[rows, at])

    def beside(self, other: Extent, function: Function) -> Extent:
        """Put two windows of the same rows together, this one in front."""
        here = self.top >= other.top if function == "softmax" else self.least <= other.least
        return Extent(
            self.temperature,
            self.count + other.count,
            np.maximum(self.top, other.top),
            np.minimum(self.least, other.least),
            np.where(here, self.high, other.high),
            np.where(here, self.low, other.low),
            np.where(here, self.exponent, other.exponent),
        )

    @property
    def size(self) -> NDArray[np.float64]:
        """‖y‖, rounded to double."""
        with np.errstate(all="ignore"):
            return np.asarray(np.ldexp(np.abs(self.high), self.exponent))


class Extents:
    """Extents of rows that may come in windows."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._front: Extent | None = None

    def add(self, problem: Problem, y: Enclosure, window: Window = WHOLE) -> Extent | None:
        """Take in a window; give the rows' extent with their last one, None before."""
        extent = Extent.of(problem, y, self._function)
        if self._front is not None:
            extent = self._front.beside(extent, self._function)
        self._front = None if window.is_last else extent
        return extent if window.is_last else None
