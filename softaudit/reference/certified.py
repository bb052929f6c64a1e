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
3.  S: relative 2^−88 + 2^−91 + 3 · 30 u², where terms with a gap beyond 1664 are left out and those
    below 2^−1000 taken for at most 2.01 · 2^−1000, with low parts rounded to multiples of 2^−1074:
    S is at least exp(−600) > 2^−866, so that n < 2^30 of them (no row that fits memory has more)
    are below 2^−100 S.  In all below 2^−87.8.
4.  softmax: e_j times the double-word 1/(c + S), relative 2^−88 + 2^−91 + 2^−87.8 + 24u²: below
    2^−86.8.  Of a maximum, where S is small: the difference from 1/c relative 2^−86.7, and two
    roundings of the low part.
5.  L: see `_log_of_total`: relative below LOG_ERROR = 2^−86.
6.  g_j − L: a two-sum without error; the low parts' sum is rounded twice, which the radius states
    in terms of the low parts themselves, not of the result.

RELATIVE_RADIUS = 2^−85 covers softmax and log_softmax; each value carries its own, smaller radius.
What these steps do not cover goes to mpmath row by row: rows whose finite logits are all equal, or
whose second-largest lies more than 600 T below the maximum, logits beyond 2^800, temperatures
beyond 2^±100, rows with NaN, +∞ or nothing finite, and logsumexp where it cancels.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from softaudit.formats import LEAST_BINADE, power_of_two
from softaudit.model import Enclosure
from softaudit.reference import double_word as dw
from softaudit.reference.double_word import DoubleWord
from softaudit.reference.exponential import exp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.model import Function

SUM_BITS = 84
"""S is known to within 2^−87.8, which is below 2^(−SUM_BITS − 3)."""

SOFTMAX_ERROR = 2.0**-86.7
LOG_ERROR = 2.0**-86
RELATIVE_RADIUS = 2.0**-85
QUOTIENT_ERROR = 2.0**-102
"""15u² + 56u³, rounded up."""

LARGEST_GAP = 1664.0
"""exp(−1664) < 2^LEAST_BINADE: softmax below it is enclosed by [0, 2^(LEAST_BINADE + 1)]."""
DOMINANT_GAP = 600.0
LARGEST_LOGIT = 2.0**800
LARGEST_TEMPERATURE = 2.0**100


def ordinary_rows(x: NDArray[np.float64], temperature: float) -> NDArray[np.bool_]:
    """Tell which rows the error analysis covers."""
    if not 1 / LARGEST_TEMPERATURE <= temperature <= LARGEST_TEMPERATURE:
        return np.zeros(len(x), dtype=np.bool_)
    top = x.max(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", over="ignore"):
        others = np.where(x < top, x, -np.inf).max(axis=-1, keepdims=True)
        near = (top - others) / temperature <= DOMINANT_GAP
    least = np.where(x == -np.inf, 0.0, x).min(axis=-1, keepdims=True)
    small = (np.abs(top) < LARGEST_LOGIT) & (np.abs(least) < LARGEST_LOGIT)
    return np.asarray((near & small)[:, 0])


class Rows:
    """Ordinary rows on their way to enclosures.

    Parameters
    ----------
    x : ndarray of float64, shape (rows, columns)
    temperature : float
    """

    def __init__(self, x: NDArray[np.float64], temperature: float) -> None:
        self.top = x.max(axis=-1, keepdims=True)
        self.masks = x == -np.inf
        self.maxima = x == self.top
        self.ties = np.count_nonzero(self.maxima, axis=-1, keepdims=True).astype(np.float64)
        self.temperature = temperature
        # Masks take the maximum's place while computing, and get their own values in the end.
        self.gap, self._gap_error = self._quotient(
            dw.two_sum(np.where(self.masks, self.top, x), -self.top)
        )
        self.far = self.gap.high < -LARGEST_GAP
        near = DoubleWord(
            np.where(self.far, 0.0, self.gap.high), np.where(self.far, 0.0, self.gap.low)
        )
        self.term, self.exponent = exp(near)
        scale = np.where(
            self.maxima | self.masks | self.far, 0.0, power_of_two(np.maximum(self.exponent, -1000))
        )
        self.others = dw.total(self.term.scaled(scale))
        self.sum = dw.add_double(self.others, self.ties)
        self.inverse = dw.divide(_constant(1.0, self.ties), self.sum)

    def _quotient(self, a: DoubleWord) -> tuple[DoubleWord, float]:
        """Divide by T, with a bound of the relative error."""
        if np.frexp(self.temperature)[0] == 0.5:
            return a.scaled(1.0 / self.temperature), 0.0
        return dw.divide(a, _constant(self.temperature, a.high)), QUOTIENT_ERROR

    def softmax(self) -> Enclosure:
        """Enclose e_j / (c + S)."""
        y, exponent = _normalized(dw.multiply(self.term, self.inverse), self.exponent)
        radius = np.abs(y.high) * SOFTMAX_ERROR
        self._put_maxima(y, exponent, radius)
        high = np.where(self.masks, 0.0, np.where(self.far, 1.0, y.high))
        none = self.masks | self.far
        return Enclosure(
            high,
            np.where(none, 0.0, y.low),
            np.where(self.masks, 0, np.where(self.far, LEAST_BINADE, exponent)),
            np.where(self.masks, 0.0, np.where(self.far, 1.0, radius)),
            np.zeros(high.shape, dtype=np.int8),
        )

    def _put_maxima(
        self, y: DoubleWord, exponent: NDArray[np.int64], radius: NDArray[np.float64]
    ) -> None:
        """Replace maxima's values by 1/c − (S/c)/(c + S), sharp also where that is near 1/c."""
        fraction, _ = np.frexp(self.ties)
        # S ≤ c: what is missing is at most half of 1/c, and nothing cancels.
        rows = ((fraction == 0.5) & (self.others.high <= self.ties))[:, 0]
        if not rows.any():
            return
        share = 1.0 / self.ties[rows]
        missing = dw.multiply(self.others.rows(rows), self.inverse.rows(rows)).scaled(share)
        s, rest = dw.two_sum(share, -missing.high)
        value = dw.fast_two_sum(s, rest - missing.low)
        sharp, binade = _normalized(value, np.zeros(s.shape, dtype=np.int64))
        error = missing.high * SOFTMAX_ERROR + (np.abs(rest) + np.abs(missing.low)) * 2.0**-52
        error = error * power_of_two(-binade)
        where = np.flatnonzero(rows)
        i, j = np.nonzero(self.maxima[rows])
        for array, values in (
            (y.high, sharp.high),
            (y.low, sharp.low),
            (exponent, binade),
            (radius, error),
        ):
            array[where[i], j] = values[i, 0]

    def log_softmax(self) -> Enclosure:
        """Enclose g_j − L."""
        log = self.log_of_total
        error = log.high * LOG_ERROR + np.abs(self.gap.high) * self._gap_error
        found = _enclosed(*_sum_of(self.gap, DoubleWord(-log.high, -log.low)), error)
        if not self.masks.any():
            return found
        return Enclosure(
            np.where(self.masks, -np.inf, found.high),
            np.where(self.masks, 0.0, found.low),
            np.where(self.masks, 0, found.exponent),
            np.where(self.masks, 0.0, found.radius),
            found.side,
        )

    def logsumexp(self) -> Enclosure:
        """Enclose m/T + L; where that cancels, the radius is large."""
        shift, shift_error = self._quotient(DoubleWord(self.top, np.zeros_like(self.top)))
        error = self.log_of_total.high * LOG_ERROR + np.abs(shift.high) * shift_error
        return _enclosed(*_sum_of(shift, self.log_of_total), error)

    @cached_property
    def log_of_total(self) -> DoubleWord:
        """L = log(c + S) > 0, relative error below LOG_ERROR."""
        return _log_of_total(self.sum, self.others, self.ties)


def _constant(value: float, like: NDArray[np.float64]) -> DoubleWord:
    return DoubleWord(np.full(like.shape, value), np.zeros(like.shape))


def _normalized(
    value: DoubleWord, exponent: NDArray[np.int64]
) -> tuple[DoubleWord, NDArray[np.int64]]:
    """Scale double-words whose high parts are normal so that these are in ±[1, 2)."""
    binade = ((value.high.view(np.int64) >> 52) & 0x7FF) - 1023
    return value.scaled(power_of_two(-binade)), exponent + binade


def _sum_of(a: DoubleWord, b: DoubleWord) -> tuple[DoubleWord, NDArray[np.float64]]:
    """Add double-words, with a bound of what the rounding of the low parts costs."""
    s, rest = dw.two_sum(a.high, b.high)
    lows = a.low + b.low
    value = dw.fast_two_sum(s, rest + lows)
    return value, (np.abs(rest) + 2 * np.abs(lows)) * 2.0**-52


def _enclosed(
    value: DoubleWord, rounding: NDArray[np.float64], error: NDArray[np.float64]
) -> Enclosure:
    y, exponent = _normalized(value, np.zeros(value.high.shape, dtype=np.int64))
    radius = (rounding + error) * (1 + 2.0**-50) * power_of_two(-exponent)
    return Enclosure(y.high, y.low, exponent, radius, np.zeros(exponent.shape, dtype=np.int8))


def _log_of_total(total: DoubleWord, others: DoubleWord, ties: NDArray[np.float64]) -> DoubleWord:
    """Take log(c + S).

    Where c = 1 and S ≤ 1/2: 2 atanh(S/(2 + S)), whose relative error is that of S and 60u².
    Elsewhere one Newton step from a double L0 within 2^−45: log(c + S) = L0 + log1p(δ) with
    δ = (c + S) exp(−L0) − 1, |δ| < 2^−44, so that δ − δ²/2 is within 2^−133; δ has the absolute
    error 2^−87.8 S/(c + S) + 2^−88 + 30u²: below 2^−86.9, and L ≥ log 2, where c + S ≥ 2, which
    is 2^−86.3 relatively; elsewhere c = 1 and 1/2 < S < 1, and with t = S the bound
    (2^−87.8 t/(1 + t) + 2^−88)/log(1 + t) falls with t: at t = 1/2 it is 2^−86.2.
    """
    high, low = np.empty_like(total.high), np.empty_like(total.low)
    small = ((ties == 1.0) & (others.high <= 0.5))[:, 0]
    if small.any():
        high[small], low[small] = _log1p(others.rows(small))
    if not small.all():
        high[~small], low[~small] = _newton(total.rows(~small))
    return DoubleWord(high, low)


_COEFFICIENTS = [
    (1 / (2 * k + 1), float(Fraction(1, 2 * k + 1) - Fraction(1 / (2 * k + 1)))) for k in range(21)
]


def _log1p(t: DoubleWord) -> DoubleWord:
    """Take log(1 + t) for 0 < t ≤ 1/2 as 2 atanh(s), s = t/(2 + t) ≤ 1/5.

    z = s² ≤ 1/25; terms from z^21 on are left out: below 2^−97 relatively.  The terms from z^12
    on are summed in double: 2^−52 of them is below 2^−107.
    """
    s = dw.divide(t, dw.add_double(t, np.full(t.high.shape, 2.0)))
    z = dw.multiply(s, s)
    tail = np.zeros_like(z.high)
    for coefficient, _ in reversed(_COEFFICIENTS[12:]):
        tail = coefficient + z.high * tail
    series = DoubleWord(tail, np.zeros_like(tail))
    for high, low in reversed(_COEFFICIENTS[:12]):
        constant = DoubleWord(np.full(tail.shape, high), np.full(tail.shape, low))
        series = dw.add(constant, dw.multiply(z, series))
    return dw.multiply(s, series).scaled(2.0)


def _newton(total: DoubleWord) -> DoubleWord:
    start = _rough_log(total.high)
    inverse, exponent = exp(DoubleWord(-start, np.zeros_like(start)))
    near_one = dw.multiply(total, inverse.scaled(power_of_two(exponent)))
    delta = dw.add_double(near_one, np.full(start.shape, -1.0))
    correction = dw.add_double(delta, -0.5 * delta.high * delta.high)
    return dw.add_double(correction, start)


def _rough_log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take log(x) of x ≥ 1 to about 2^−48: 2 atanh of a fraction in ±0.18, and some log 2."""
    fraction, exponent = np.frexp(x)
    lower = fraction < 0.7071067811865476
    fraction = np.where(lower, 2 * fraction, fraction)
    s = (fraction - 1) / (fraction + 1)
    z = s * s
    series = np.zeros_like(z)
    for coefficient, _ in reversed(_COEFFICIENTS[:12]):
        series = coefficient + z * series
    return np.asarray(2 * s * series + (exponent - lower) * 0.6931471805599453)


def enclose(
    x: NDArray[np.float64], temperature: float, functions: tuple[Function, ...]
) -> dict[Function, Enclosure]:
    """Enclose the exact values of functions on ordinary rows; see `ordinary_rows`.

    Parameters
    ----------
    x : ndarray of float64, shape (rows, columns)
        x̂.
    temperature : float
        T̂.
    functions : tuple of str

    Returns
    -------
    dict of Enclosure
        Of shape (rows, columns), or (rows, 1) for logsumexp.
    """
    rows = Rows(x, temperature)
    return {function: getattr(rows, function)() for function in functions}
