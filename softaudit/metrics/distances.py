"""How far computed probabilities lie from exact ones, row by row and at worst; see `quality`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from softaudit.metrics import divergence
from softaudit.metrics.row_sums import by_chunks
from softaudit.reference.elementary import exp, log

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.metrics.judged import Judged
    from softaudit.metrics.probabilities import Probabilities


class Extremes(NamedTuple):
    """The least and the largest r, and what is known of |Δ log p| without them.

    The logarithm is taken in the end, of the extremes of all rows: its roundings are not monotone.
    """

    least: float = 0.0
    ratio: float = 1.0  # 1 + least, which near 0 has digits that the least has not
    most: float = 0.0
    direct: float = 0.0

    def beside(self, other: Extremes) -> Extremes:
        """Take in other elements."""
        least, ratio = min(self[:2], other[:2])
        return Extremes(least, ratio, max(self.most, other.most), max(self.direct, other.direct))

    def largest_log(self) -> float:
        """Give the largest |Δ log p|."""
        if self.direct == np.inf:
            return self.direct
        below = divergence.log_ratio(self.least, self.ratio)
        return max(self.direct, below, divergence.log_ratio(self.most, 1.0 + self.most))


Looked = tuple["NDArray[np.float64]", "NDArray[np.bool_]", Extremes]
"""Sums and flags of rows, as `quality` has them, and extremes where no flag is set."""


def of_softmax(judged: Judged, p: Probabilities) -> Looked:
    """Compare results with probabilities."""
    v, errors = judged.output.values, judged.errors
    flags = np.zeros((2, len(v)), dtype=np.bool_)
    if not judged.least > 0:
        flags[0] = (v <= 0 if p.gone.size == 0 else (v <= 0) & (p.value > 0)).any(axis=-1)
    if not judged.least >= 0:
        flags[1] = (v < 0).any(axis=-1)
    terms, extremes = np.zeros(len(v)), Extremes()
    if not flags[0].all():  # of those flagged, the divergence is ∞ in any case
        terms, extremes = _compare(judged, p, ~flags[0])
    at = p.gone[v.take(p.gone) != 0]
    outside, distance = _sums_of(at, v.take(at), v.shape), by_chunks(errors.distance)
    sums = [terms, *judged.row_sums, outside, distance]
    return np.stack(sums), flags, extremes


def _compare(
    judged: Judged, p: Probabilities, asked: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], Extremes]:
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
    return by_chunks(terms), Extremes(least, ratio, most).beside(_far_extremes(v, p))


def _far_extremes(v: NDArray[np.float64], p: Probabilities) -> Extremes:
    """Look at results of probabilities that carry an exponent, but for zeros."""
    far = p.far[v.take(p.far) > 0]
    if far.size == 0:
        return Extremes()
    y, some = p.enclosure, v.take(far)
    high, exponent = y.high.take(far), y.exponent.take(far)
    scaled = np.ldexp(some, -exponent)
    beyond = scaled == np.inf
    r = ((scaled - high) - y.low.take(far)) / high
    direct = log(some[beyond] / high[beyond]) - exponent[beyond] * _LOG_2
    least = float(r.min())
    ratio = float((scaled / high).min()) if least < -0.5 else 1.0 + least
    most = float(np.max(r, where=~beyond, initial=0.0))
    return Extremes(min(least, 0.0), ratio, most, float(direct.max(initial=0.0)))


_LOG_2 = 0.6931471805599453


def of_logarithm(judged: Judged, p: Probabilities) -> Looked:
    """Compare results, as logarithms, with probabilities."""
    v, d = judged.output.values, judged.errors.difference
    if p.masks is not None:
        d = np.where(p.masks, 0.0, d)
    lost = p.far[v.take(p.far) == -np.inf]
    if lost.size:
        d = d.copy()
        d.put(lost, 0.0)
    largest = judged.errors.absolute
    if lost.size or not judged.yardstick.all_counted:
        largest = max(-float(d.min()), float(d.max()))
    flags = np.zeros((2, len(v)), dtype=np.bool_)
    if not largest < np.inf:
        flags[0] = (d == -np.inf).any(axis=-1)
    if p.far.size:
        d = d.copy()
        d.put(p.far, 0.0)
    terms, grown = divergence.exp_terms(d, judged.form, largest)
    terms *= p.value
    grown *= p.value
    # e^−746 is 0 in float64; what is not below it may be NaN.
    at = p.gone[~(v.take(p.gone) < -746.0)]
    outside = _sums_of(at, exp(v.take(at)), v.shape)
    surplus = by_chunks(grown)
    distance = by_chunks(np.abs(grown, out=grown)) + outside
    sums = [by_chunks(terms), surplus, outside, outside, distance]
    return np.stack(sums), flags, Extremes(direct=largest)


def _sums_of(
    at: NDArray[np.int64], values: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Sum rows that have values at some flattened places, and 0 elsewhere."""
    if at.size == 0:
        return np.zeros(shape[0])
    found = np.zeros(shape)
    found.put(at, values)
    return by_chunks(found)
