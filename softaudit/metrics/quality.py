"""Whole rows as distributions: what a sampler or a loss sees of a result.

With p the exact probabilities and q the computed ones, v or e^v, and Q = Σ q:

divergence    KL(p ‖ q/Q) = Σ p log(p/q) + log Q, in nats.  With q = p (1 + r), and O what q has
              where p is 0, it is Σ p φ(r) + O − φ(Q − 1): see `divergence`.
variation     ½ Σ |q − p|; q is not normalized.
Δ log p       |log q − log p|, of an element; masks have none.
argmax, order Whether the elements that lead the row are still in front.

Probabilities below 2^−900 count as 0 in sums, which moves these by less.  A row with a result that
is NaN or infinite as a probability, or beyond float64, keeps nothing, and has divergence and
variation ∞; so has the divergence where q is 0 and p is not, or q is negative.

The divergence is known to 2^−30 of Σ p φ(r), which is nearly all of it, unless every result is off
by the same factor, as under a sum that stalled: what is left then is no better known than that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from softaudit.metrics import divergence
from softaudit.metrics.exact_sum import ExactSum
from softaudit.metrics.ranking import Leaders
from softaudit.metrics.row_sums import by_chunks
from softaudit.reference.elementary import exp, log

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


class _Extremes(NamedTuple):
    """The least and the largest r, and what is known of |Δ log p| without them.

    The logarithm is taken in the end, of the extremes of all rows: its roundings are not monotone.
    """

    least: float = 0.0
    ratio: float = 1.0  # 1 + least, which near 0 has digits that the least has not
    most: float = 0.0
    direct: float = 0.0

    def beside(self, other: _Extremes) -> _Extremes:
        """Take in other elements."""
        least, ratio = min(self[:2], other[:2])
        return _Extremes(least, ratio, max(self.most, other.most), max(self.direct, other.direct))

    def largest_log(self) -> float:
        """Give the largest |Δ log p|."""
        if self.direct == np.inf:
            return self.direct
        below = divergence.log_ratio(self.least, self.ratio)
        return max(self.direct, below, divergence.log_ratio(self.most, 1.0 + self.most))


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
        self._extremes = _Extremes()
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
        look = _of_softmax if judged.key.function == "softmax" else _of_logarithm
        sums, flags, extremes = look(judged, p)
        if flags.any() or not np.isfinite(sums[1:3]).all():
            extremes = _Extremes(direct=np.inf)
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


_Looked = tuple["NDArray[np.float64]", "NDArray[np.bool_]", _Extremes]
"""Sums, flags, and extremes where no flag is set."""


def _of_softmax(judged: Judged, p: Probabilities) -> _Looked:
    v, errors = judged.output.values, judged.errors
    flags = np.zeros((2, len(v)), dtype=np.bool_)
    if not judged.least > 0:
        flags[0] = (v <= 0 if p.masks is None else (v <= 0) & ~p.masks).any(axis=-1)
    if not judged.least >= 0:
        flags[1] = (v < 0).any(axis=-1)
    terms, extremes = np.zeros(len(v)), _Extremes()
    if not flags[0].all():  # of those flagged, the divergence is ∞ in any case
        terms, extremes = _compare(judged, p, ~flags[0])
    at = p.gone[v.take(p.gone) != 0]
    outside, distance = _sums_of(at, v.take(at), v.shape), by_chunks(errors.distance)
    sums = [terms, *judged.row_sums, outside, distance]
    return np.stack(sums), flags, extremes


def _compare(
    judged: Judged, p: Probabilities, asked: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], _Extremes]:
    """Give Σ p φ(r) of the rows asked for, and the extremes of r."""
    v, difference = judged.output.values, judged.errors.difference
    r = difference * p.inverse
    terms, bound = divergence.log_terms(r, difference, p.value, judged.form)
    least, most = float(r.min()), float(r.max())
    if not max(most, -least) <= bound:
        at = np.flatnonzero(np.abs(r) > bound)
        at = at[asked[at // v.shape[-1]]]
        some = divergence.phi(r.take(at), v.take(at) * p.inverse.take(at))
        terms.put(at, some * p.value.take(at))
    ratio = 1.0 + least
    if least < -0.5:
        at = np.flatnonzero(r == least)
        ratio = float((v.take(at) * p.inverse.take(at)).min())
    return by_chunks(terms), _Extremes(least, ratio, most).beside(_far_extremes(v, p))


def _far_extremes(v: NDArray[np.float64], p: Probabilities) -> _Extremes:
    """Look at probabilities that carry an exponent; results of them are not 0."""
    if p.far.size == 0:
        return _Extremes()
    y, some = p.enclosure, v.take(p.far)
    high, exponent = y.high.take(p.far), y.exponent.take(p.far)
    scaled = np.ldexp(some, -exponent)
    beyond = scaled == np.inf
    r = ((scaled - high) - y.low.take(p.far)) / high
    direct = log(some[beyond] / high[beyond]) - exponent[beyond] * _LOG_2
    least = float(r.min())
    ratio = float((scaled / high).min()) if least < -0.5 else 1.0 + least
    most = float(np.max(r, where=~beyond, initial=0.0))
    return _Extremes(min(least, 0.0), ratio, most, float(direct.max(initial=0.0)))


_LOG_2 = 0.6931471805599453


def _of_logarithm(judged: Judged, p: Probabilities) -> _Looked:
    v, d = judged.output.values, judged.errors.difference
    if p.masks is not None:
        d = np.where(p.masks, 0.0, d)
    least, most = float(d.min()), float(d.max())
    flags = np.zeros((2, len(v)), dtype=np.bool_)
    if not least > -np.inf:
        flags[0] = (d == -np.inf).any(axis=-1)
    if p.far.size:
        d = d.copy()
        d.put(p.far, 0.0)
    terms, grown = divergence.exp_terms(d, judged.form)
    terms *= p.value
    grown *= p.value
    # e^−746 is 0 in float64; what is not below it may be NaN.
    at = p.gone[~(v.take(p.gone) < -746.0)]
    outside = _sums_of(at, exp(v.take(at)), v.shape)
    distance = by_chunks(np.abs(grown)) + outside
    sums = [by_chunks(terms), by_chunks(grown), outside, outside, distance]
    return np.stack(sums), flags, _Extremes(direct=max(-least, most))


def _sums_of(
    at: NDArray[np.int64], values: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Sum rows that have values at some flattened places, and 0 elsewhere."""
    if at.size == 0:
        return np.zeros(shape[0])
    found = np.zeros(shape)
    found.put(at, values)
    return by_chunks(found)
