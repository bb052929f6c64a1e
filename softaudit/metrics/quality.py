"""Whole rows as distributions: what a sampler or a loss sees of a result.

With p the exact probabilities and q the computed ones, v or e^v, and Q = Σ q:

divergence    KL(p ‖ q/Q) = Σ p log(p/q) + log Q, in nats.  With q = p (1 + r), and O what q has
              where p is 0, it is Σ p φ(r) + O − φ(Q − 1): see `divergence`.
variation     ½ Σ |q − p|; q is not normalized.
Δ log p       |log q − log p|, of an element; masks have none.
argmax, order Whether the elements that lead the row are still in front.

Probabilities below 2^−900 count as 0 in sums, which moves these by less, and a q of 0 is right for
them.  A row with a result that is NaN or infinite as a probability, or beyond float64, keeps
nothing, and has divergence and variation ∞; so has the divergence where q is 0 and p is not, or q
is negative.

The divergence is known to 2^−30 of Σ p φ(r), which is nearly all of it, unless every result is off
by the same factor, as under a sum that stalled: what is left then is no better known than that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from softaudit.metrics import divergence
from softaudit.metrics.distances import Extremes, of_logarithm, of_softmax
from softaudit.metrics.exact_sum import ExactSum
from softaudit.metrics.ranking import Leaders

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.metrics.judged import Judged
    from softaudit.metrics.probabilities import Probabilities

CHOICE_TOLERANCE = 2.0**-26
"""√eps of float64, by which `numpy.random.choice` lets Σ v differ from 1."""


class _Part(NamedTuple):
    """What a window adds to its rows.

    Attributes
    ----------
    sums : ndarray of float64, shape (5, rows)
        Σ p φ(r); Q − 1 in two parts; O; Σ |q − p|.
    flags : ndarray of bool, shape (2, rows)
        Whether a q is 0 where p is not; whether one is negative.
    leaders : Leaders
    """

    sums: NDArray[np.float64]
    flags: NDArray[np.bool_]
    leaders: Leaders

    def beside(self, other: _Part) -> _Part:
        """Put two windows of the same rows together, this one in front."""
        with np.errstate(invalid="ignore"):
            sums = self.sums + other.sums
        return _Part(sums, self.flags | other.flags, self.leaders.beside(other.leaders))


class _Rows:
    """A figure of rows: its maximum, and the mean of what is finite."""

    def __init__(self) -> None:
        self.largest: float | None = None
        self.sum = ExactSum()

    def add(self, values: NDArray[np.float64]) -> None:
        """Take in rows; what is not a number is ∞."""
        values = np.where(np.isfinite(values), np.maximum(values, 0.0), np.inf)
        self.largest = max(self.largest or 0.0, float(values.max()))
        self.sum.add(values[values < np.inf])

    def merge(self, other: _Rows) -> None:
        """Take in other rows."""
        if other.largest is not None:
            self.largest = max(self.largest or 0.0, other.largest)
        self.sum.merge(other.sum)


class Quality:
    """Figures of the rows of a softmax or log_softmax.

    Attributes
    ----------
    argmax_kept, top_k_kept : int
        Rows whose largest result is that of a largest logit; rows of which a stable descending
        sort lists first what the exact order does, equal logits being exchangeable.
    divergence, variation : _Rows
    refused : int
        Rows of a softmax that `numpy.random.choice` would refuse, given float64 or a list: Σ v is
        farther from 1 than `CHOICE_TOLERANCE`, or a v is NaN or negative.  Given an array of a
        narrower dtype, NumPy's tolerance is that dtype's √eps, where this is larger.
    """

    def __init__(self) -> None:
        self.argmax_kept = self.top_k_kept = self.refused = 0
        self.divergence, self.variation = _Rows(), _Rows()
        self._extremes = Extremes()
        self._unfinished: _Part | None = None

    def add(self, judged: Judged) -> None:
        """Take in a block; of a long row its windows, one after the other."""
        if judged.probabilities is None or len(judged.numbers) == 0:
            return
        with np.errstate(all="ignore"):
            part = self._look(judged, judged.probabilities)
            if self._unfinished is not None:
                part = self._unfinished.beside(part)
            self._unfinished = None if judged.window.is_last else part
            if judged.window.is_last:
                self._finish(part, is_softmax=judged.key.function == "softmax")

    def _look(self, judged: Judged, p: Probabilities) -> _Part:
        look = of_softmax if judged.key.function == "softmax" else of_logarithm
        sums, flags, extremes = look(judged, p)
        if flags.any() or not np.isfinite(sums[1:3]).all():
            extremes = Extremes(direct=np.inf)
        self._extremes = self._extremes.beside(extremes)
        leaders = Leaders.of(judged.output.values, p.logits, p.largest)
        return _Part(sums, flags, leaders)

    def _finish(self, part: _Part, *, is_softmax: bool) -> None:
        terms, head, rest, outside, distance = part.sums
        surplus = (head - 1.0) + rest if is_softmax else head + rest
        sound, (endless, negative) = np.isfinite(surplus), part.flags
        self.argmax_kept += int(np.count_nonzero(part.leaders.argmax_is_kept() & sound))
        self.top_k_kept += int(np.count_nonzero(part.leaders.order_is_kept() & sound))
        finite = sound & ~endless & ~negative
        grown = np.where(finite, surplus, 0.0)
        of_rows = terms + outside - divergence.phi(grown, 1.0 + grown)
        self.divergence.add(np.where(finite, of_rows, np.inf))
        self.variation.add(np.where(sound, 0.5 * distance, np.inf))
        refused = ~(np.abs(surplus) <= CHOICE_TOLERANCE) | negative
        self.refused += int(np.count_nonzero(refused)) if is_softmax else 0

    def merge(self, other: Quality) -> None:
        """Take in what was counted of other rows."""
        self.argmax_kept += other.argmax_kept
        self.top_k_kept += other.top_k_kept
        self.refused += other.refused
        self.divergence.merge(other.divergence)
        self.variation.merge(other.variation)
        self._extremes = self._extremes.beside(other._extremes)

    @property
    def log_probability(self) -> float | None:
        """The largest |Δ log p|; ∞ where a q is 0 and p is not, or no probability."""
        return None if self.divergence.largest is None else self._extremes.largest_log()
