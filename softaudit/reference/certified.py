"""Enclosures by double-word arithmetic: millions of exact values a second, with proven radii.

With m the row's maximum, c its multiplicity, g_j = (x_j − m)/T, e_j = exp(g_j), S the sum of e_j
over all others, and L = log(c + S):

    softmax      e_j / (c + S);  1/c − (S/c) / (c + S) for a maximum with S ≤ c a power of two
    log_softmax  g_j − L
    logsumexp    m/T + L

Error analysis, u = 2^−53; bounds of the operations are those of `double_word`, [1]_ there.

1.  x_j − m = two_sum, exact.  Dividing by T is exact for a power of two, else within 15u² |g_j|,
    below 2^−91 for |g_j| ≤ 1700: an absolute error of g_j is a relative one of e_j.
2.  e_j: relative 2^−88 + 2^−91 (`exponential`).
3.  S: relative 2^−88 + 2^−91 + 3 (28 + 1024) u², for rows of at most 2^28 columns in at most 1024
    windows.  Terms below 2^−1000 count as at most 2.01 · 2^−1000, and low parts are rounded to
    multiples of 2^−1074: as S is at least 2^−866, that is below 2^−100 S.  In all below 2^−87.8.
4.  softmax: e_j times the double-word 1/(c + S), relative 2^−88 + 2^−91 + 2^−87.8 + 24u²: below
    2^−86.8.  Of a maximum, where S ≤ c: what is missing from 1/c is relative 2^−86.7 and at
    most half of it, and two roundings of the low part are below 2^−104.
5.  L: see `log_of_total`: relative below LOG_ERROR = 2^−86.
6.  g_j − L: a two-sum without error, and two roundings of low parts that are at most u |g_j| and
    u L.  Both are ≤ 0, so that all of it is below (2^−86 + 2^−101) |g_j − L|.  logsumexp has m/T in
    place of g_j, may cancel, and states its radius row by row.

RELATIVE_RADIUS = 2^−85 covers softmax and log_softmax.  What these steps do not cover goes to
mpmath row by row: rows whose finite logits are all equal, or with S below 2^−866, logits beyond
2^700, temperatures beyond 2^±100, rows with NaN, +∞ or nothing finite, and logsumexp where it
cancels.

A row may be looked at in windows of its columns: `Peak`, and then `Share`, are what windows tell
of their row, and add up to what the enclosures of every window need.
"""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from softaudit.formats import LEAST_BINADE, power_of_two
from softaudit.model import Enclosure
from softaudit.reference import double_word as dw
from softaudit.reference.double_word import DoubleWord
from softaudit.reference.exponential import exp
from softaudit.reference.log_of_total import LOG_ERROR, log_of_total
from softaudit.reference.windows import DEEP, Peak, Share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.model import Function
    from softaudit.reference.repeats import Repeats

SOFTMAX_ERROR = 2.0**-86.7
SOFTMAX_RADIUS = 2.0**-86.6
LOG_RADIUS = 2.0**-85.9
RELATIVE_RADIUS = 2.0**-85
QUOTIENT_ERROR = 2.0**-102
"""15u² + 56u³, rounded up."""

LARGEST_GAP = 1664.0
"""exp(−1664) < 2^LEAST_BINADE: softmax below it is enclosed by [0, 2^(LEAST_BINADE + 1)]."""
SMALL_SHARE = 2.0**-20
"""S/c below which the softmax of a maximum gets a radius that shrinks with S."""


class Terms:
    """A window of tame rows: g_j and exp(g_j).

    Parameters
    ----------
    x : ndarray of float64, shape (rows, columns)
    temperature : float
    peak : Peak
        Of the whole rows.

    Attributes
    ----------
    gap, term : DoubleWord
        The term of a mask or a far logit is 0.
    exponent : ndarray of int64, or None where all are 0
        Of the powers of two that terms below 2^DEEP are without.
    maxima : ndarray of int64
        Places in the flattened window.
    masks, far : ndarray of bool, or None where there are none
        −∞; gaps beyond LARGEST_GAP.
    """

    def __init__(self, x: NDArray[np.float64], temperature: float, peak: Peak) -> None:
        self.maxima = np.flatnonzero(x == peak.top)
        masks = x == -np.inf
        self.masks = masks if masks.any() else None
        # Masks take the maximum's place while computing, and get their own values in the end.
        finite = x if self.masks is None else np.where(masks, peak.top, x)
        self.gap, _ = quotient(dw.two_sum(finite, -peak.top), temperature)
        lowest = float(((peak.least - peak.top) / temperature).min(initial=0.0))
        near, self.far = self.gap, None
        if lowest < -LARGEST_GAP:
            self.far = self.gap.high < -LARGEST_GAP
            near = DoubleWord(*(np.where(self.far, 0.0, part) for part in self.gap))
        self.term, exponent = exp(near)
        self.exponent = None
        if lowest < -599.0:  # exp(−599) > 2^DEEP
            deep = exponent < DEEP
            self.exponent = np.where(deep, exponent, 0)
            exponent = np.where(deep, 0, exponent)
        self.term = self.term.scaled(power_of_two(exponent))
        for none in (self.masks, self.far):
            if none is not None:
                self.term.high[none] = self.term.low[none] = 0.0

    def share(self) -> Share:
        """Give what the window adds to c and to S."""
        return _share(self.summands(), self.maxima)

    def summands(self) -> DoubleWord:
        """Give a copy of the terms, each with its power of two."""
        if self.exponent is None:
            return DoubleWord(self.term.high.copy(), self.term.low.copy())
        return self.term.scaled(power_of_two(np.maximum(self.exponent, -1000)))

    def enclose(self, function: Function, sums: Sums) -> Enclosure:
        """Enclose the window's values of a function, or the rows' own of logsumexp."""
        if function == "logsumexp":
            return sums.logsumexp()
        return sums.softmax(self) if function == "softmax" else sums.log_softmax(self)


class RepeatedTerms:
    """As `Terms`, of rows with few distinct logits: each is looked at once."""

    def __init__(
        self, x: NDArray[np.float64], temperature: float, peak: Peak, repeats: Repeats
    ) -> None:
        self._repeats = repeats
        self._maxima = np.flatnonzero(x == peak.top)
        self._terms = Terms(repeats.values, temperature, peak.rows(repeats.rows))

    def share(self) -> Share:
        """Give c and S, summed in the order of the logits."""
        summands = self._terms.summands()
        return _share(DoubleWord(*map(self._repeats.spread, summands)), self._maxima)

    def enclose(self, function: Function, sums: Sums) -> Enclosure:
        """Enclose the rows' values of a function."""
        if function == "logsumexp":
            return sums.logsumexp()
        found = self._terms.enclose(function, sums.rows(self._repeats.rows))
        return self._repeats.spread_enclosure(found)


def _share(terms: DoubleWord, maxima: NDArray[np.int64]) -> Share:
    """Count the maxima, and sum all other terms; `terms` are written to."""
    rows, width = terms.high.shape
    ties = np.bincount(maxima // width, minlength=rows)[:, None]
    terms.high.put(maxima, 0.0)  # where exp(0) is 1, and its low part 0
    return Share(ties.astype(np.float64), dw.total(terms))


class Sums:
    """What all windows of some ordinary rows share.

    Parameters
    ----------
    peak : Peak
    share : Share
        Of the whole rows.
    temperature : float
    """

    def __init__(self, peak: Peak, share: Share, temperature: float) -> None:
        self.top = peak.top
        self.ties, self.others = share
        self.temperature = temperature
        self.sum = dw.add_double(self.others, self.ties)
        self.inverse = dw.divide(_constant(1.0, self.ties), self.sum)

    def rows(self, chosen: NDArray[np.int64]) -> Sums:
        """Give rows, some of them several times."""
        some = copy(self)
        some.log_of_total = self.log_of_total.rows(chosen)
        for name in ("top", "ties"):
            setattr(some, name, getattr(self, name)[chosen])
        for name in ("others", "sum", "inverse"):
            setattr(some, name, getattr(self, name).rows(chosen))
        return some

    def softmax(self, terms: Terms) -> Enclosure:
        """Enclose e_j / (c + S)."""
        y = dw.multiply(terms.term, self.inverse)
        radius = self._put_maxima(y, terms.maxima)
        exponent = _nothing(y.high.shape)
        if terms.exponent is not None:
            exponent = _normalize(y, terms.exponent)
        if terms.far is not None:
            radius = radius.copy()
            y.high[terms.far], exponent[terms.far], radius[terms.far] = 1.0, LEAST_BINADE, 1.0
        return Enclosure(y.high, y.low, exponent, radius, _no_side(y.high.shape))

    def _put_maxima(self, y: DoubleWord, maxima: NDArray[np.int64]) -> NDArray[np.float64]:
        """Replace maxima's values by 1/c − (S/c)/(c + S), sharp also near 1/c; give the radii."""
        radius = np.broadcast_to(SOFTMAX_RADIUS, y.high.shape)
        fraction, _ = np.frexp(self.ties)
        # S ≤ c: what is missing is at most half of 1/c, and nothing cancels.
        rows = (fraction == 0.5) & (self.others.high <= self.ties)
        if not rows.any():
            return radius
        share = 1.0 / self.ties
        missing = dw.multiply(self.others, self.inverse).scaled(share)
        s, rest = dw.two_sum(share, -missing.high)
        value = dw.fast_two_sum(s, rest - missing.low)
        of = maxima // y.high.shape[-1]
        places = maxima[rows[of, 0]]
        of = of[rows[of, 0]]
        y.high.put(places, value.high[of, 0])
        y.low.put(places, value.low[of, 0])
        if (missing.high < SMALL_SHARE * share)[rows].any():
            error = missing.high * SOFTMAX_ERROR + (np.abs(rest) + np.abs(missing.low)) * 2.0**-52
            radius = radius.copy()
            radius.put(places, np.minimum((error / value.high)[of, 0] * _WIDEN, SOFTMAX_RADIUS))
        return radius

    def log_softmax(self, terms: Terms) -> Enclosure:
        """Enclose g_j − L."""
        log = self.log_of_total
        y = _sum_of(terms.gap, DoubleWord(-log.high, -log.low))
        if terms.masks is not None:
            y.high[terms.masks], y.low[terms.masks] = -np.inf, 0.0
        shape = y.high.shape
        radius = np.broadcast_to(LOG_RADIUS, shape)
        return Enclosure(y.high, y.low, _nothing(shape), radius, _no_side(shape))

    def logsumexp(self) -> Enclosure:
        """Enclose m/T + L; where that cancels, the radius is large."""
        top = DoubleWord(self.top, np.zeros_like(self.top))
        shift, shift_error = quotient(top, self.temperature)
        log = self.log_of_total
        y = _sum_of(shift, log)
        # Low parts are at most u of their high parts, and their sums are rounded twice.
        error = log.high * LOG_ERROR + np.abs(shift.high) * shift_error
        error += (log.high + np.abs(shift.high)) * 2.0**-104
        with np.errstate(divide="ignore"):
            radius = error / np.abs(y.high) * _WIDEN
        return Enclosure(*y, _nothing(radius.shape), radius, _no_side(radius.shape))

    @cached_property
    def log_of_total(self) -> DoubleWord:
        """L = log(c + S) > 0, relative error below LOG_ERROR."""
        return log_of_total(self.sum, self.others, self.ties)


_WIDEN = 1 + 2.0**-50


def _constant(value: float, like: NDArray[np.float64]) -> DoubleWord:
    return DoubleWord(np.full(like.shape, value), np.zeros(like.shape))


def _nothing(shape: tuple[int, ...]) -> NDArray[np.int64]:
    return np.broadcast_to(np.int64(0), shape)


def _no_side(shape: tuple[int, ...]) -> NDArray[np.int8]:
    return np.broadcast_to(np.int8(0), shape)


def quotient(a: DoubleWord, temperature: float) -> tuple[DoubleWord, float]:
    """Divide by T, with a bound of the relative error."""
    if temperature == 1.0:
        return a, 0.0
    if np.frexp(temperature)[0] == 0.5:
        return a.scaled(1.0 / temperature), 0.0
    return dw.divide(a, _constant(temperature, a.high)), QUOTIENT_ERROR


def _normalize(y: DoubleWord, exponent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Scale what has an exponent so that its high part is in [1, 2), and give the exponents."""
    at = np.flatnonzero(exponent)
    binade = ((y.high.take(at).view(np.int64) >> 52) & 0x7FF) - 1023
    for part in y:
        part.put(at, part.take(at) * power_of_two(-binade))
    found = exponent.copy()
    found.put(at, exponent.take(at) + binade)
    return found


def _sum_of(a: DoubleWord, b: DoubleWord) -> DoubleWord:
    """Add double-words of any signs; the error is of the low parts, see 6."""
    s, rest = dw.two_sum(a.high, b.high)
    return dw.fast_two_sum(s, rest + (a.low + b.low))
