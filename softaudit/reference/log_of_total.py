"""L = log(c + S) of a row, c the number of its maxima and S the sum of all other terms."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from softaudit.formats import power_of_two
from softaudit.reference import double_word as dw
from softaudit.reference.double_word import DoubleWord
from softaudit.reference.exponential import exp

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOG_ERROR = 2.0**-86
"""Proven bound of the relative error, S being within 2^−87.8; see `certified`."""


def log_of_total(total: DoubleWord, others: DoubleWord, ties: NDArray[np.float64]) -> DoubleWord:
    """Take log(c + S), with a relative error below LOG_ERROR.

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
