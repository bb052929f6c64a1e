"""log of doubles: the table of `exponential` once more, a short polynomial, and exact products.

x = 2^e f with f in [1/2, 1); the first bits of f name an entry t ≈ 2^(j/4096) with f t ≈ 1, and

    log x = k log 2 / 4096 + log(1 + δ),   k = 4096 e − j,   δ = f t − 1.

For x within 2^−14 of 1, k = 0 and t is 1 or 2, so that δ = x − 1 without error and nothing cancels:
one way serves all arguments.  A Newton step from exp, as in `certified`, would lose the relative
error there and take as long.

Error analysis.  u = 2^−53; t = t1 + t2 + t3 with t1 a multiple of 2^−25 of 26 bits (or 2),
t2 < 2^−25 and |t3| ≤ 2^−78; C1, C2, C3 and c as in `exponential`; |k| < 2^22.1.

1.  f is looked up by the 13 bits after its leading one.  |δ| < 2^−12.7 (a test looks at both ends
    of every interval).  k = 0 where −2^−14 ≤ x − 1 < 2^−13, and only there: elsewhere |log x| is
    above 2^−14.
2.  f = f1 + f2 with f1 a multiple of 2^−26, |f2| ≤ 2^−27, and t2 = t2a + t2b with t2a a multiple of
    2^−51, |t2b| ≤ 2^−52.  A = f1 t1 − 1, B = f2 t1 and C = f1 t2a are exact: products of integers
    up to 2^26, in units of 2^−51, 2^−78 and 2^−77; |B| ≤ 2^−26, |C| ≤ 2^−25.  The rest of f t is
    D = f1 t2b + f2 t2 + f t3, |D| < 2^−50.9, its roundings below 2^−102.
3.  d1 is A + B + C, rounded to a multiple of 2^−38, and d2 the rest.  A − d1 is a multiple of 2^−51
    below 2^−24; adding C leaves a multiple of 2^−77 below 2^−25.9, and adding B one of 2^−78 below
    2^−38.9: all exact.  Adding D rounds once: δ = d1 + d2 within 2^−91.9, exactly where k = 0, for
    D = 0 there.
4.  log(1 + δ) = δ − q − r + p.  q = d1²/2 is exact: d1 has at most 2^25.4 units.
    r = d2 (d1 + d2/2), |r| < 2^−51.5 and < 2^−38 |δ|, rounds twice.
    p = δ³ (1/3 − δ/4 + δ²/5 − δ³/6 + δ⁴/7) in double, |p| < 2^−39.6, has a relative error of 8u
    and terms in δ u: below 2^−89.5, and below 2^−76.9 |δ|.  Terms left out are below 2^−104, and
    below 2^−91 |δ|.
5.  k C1 and k C2 are exact, and so is a = k C1 + d1, a multiple of 2^−40 below 2^10.  A two-sum
    takes k C2 − q to b without error.  w = (p − r) + k C3 rounds thrice: below 2^−91.6, and where
    k = 0 below 2^−78 |δ|; k c is below 2^−100.
6.  a + b by a fast two-sum (a = b = 0 or |a| > |b|: a is 0 only where k = 0 = d1), d2 + w by a
    two-sum, and their sum by a fast two-sum (of a + b, no less than 2^−38.1, or 0) have no error.
    Adding the four low parts rounds thrice: below 2^−103 |log x|.

Where k ≠ 0 this is 2^−91.9 + 2^−89.5 + 2^−91.6 + 2^−99 < 2^−88.8 beside 2^−103 |log x|: below
2^−74.7 |log x|.  Where k = 0 it is below 2^−76.2 |δ|.  LOG_ERROR = 2^−74.5 is used.

References
----------
Tang, Table-driven implementation of the logarithm function in IEEE floating-point arithmetic, ACM
TOMS 16(4) (1990), doi:10.1145/98267.98294.
Joldes, Muller & Popescu, ACM TOMS 44(2) (2017), doi:10.1145/3121432, for the sums.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from softaudit.reference.double_word import DoubleWord, fast_two_sum, two_sum
from softaudit.reference.exponential import ENTRIES, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOG_ERROR = 2.0**-74.5
"""Proven bound of the relative error."""

_LEADING = 13
_TO_2_26 = 1.5 * 2.0**26
_TO_2_38 = 1.5 * 2.0**14
_TO_2_51 = 1.5 * 2.0
_SIGNIFICAND = (1 << 52) - 1
_HALF = 1022 << 52
_LEAST_NORMAL = 2.0**-1022


class Reciprocals(NamedTuple):
    """2^(j/4096) in three parts, 2 among them, and the j that fits each interval of f."""

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    third: NDArray[np.float64]
    place: NDArray[np.int64]


@cache
def reciprocals() -> Reciprocals:
    """Find for the middle of each interval of f the entry next to its reciprocal."""
    first, second, third = (
        np.append(part, end) for part, end in zip(table()[:3], (2.0, 0.0, 0.0), strict=True)
    )
    middle = 0.5 + (np.arange(1 << _LEADING) + 0.5) * 2.0 ** -(_LEADING + 1)
    place = np.searchsorted(0.5 * (first[1:] + first[:-1]), 1.0 / middle)
    return Reciprocals(first, second, third, place.astype(np.int64))


def log(x: NDArray[np.float64]) -> DoubleWord:
    """Take the natural logarithm of doubles.

    Parameters
    ----------
    x : ndarray of float64
        Positive and finite; subnormal numbers too.

    Returns
    -------
    DoubleWord
        |log(x) − (high + low)| ≤ LOG_ERROR · |log(x)|; +0 for x = 1.
    """
    if x.size and x.min() < _LEAST_NORMAL:
        small = x < _LEAST_NORMAL
        fraction, place, k = _cut(x * np.where(small, 2.0**54, 1.0))
        k = np.where(small, k - 54 * ENTRIES, k)
    else:
        fraction, place, k = _cut(x)
    d1, d2 = _excess(fraction, place)
    return _assemble(k.astype(np.float64), d1, d2)


def _cut(
    x: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Give f, j and k of normal numbers."""
    bits = x.view(np.int64)
    fraction = bits & _SIGNIFICAND
    place = reciprocals().place.take(fraction >> (52 - _LEADING))
    fraction |= _HALF
    k = (bits >> 52) - 1022
    k *= ENTRIES
    k -= place
    return fraction.view(np.float64), place, k


def _excess(
    f: NDArray[np.float64], place: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give δ = f t − 1 as d1 + d2: steps 2 and 3."""
    t1, t2, t3 = (part.take(place) for part in reciprocals()[:3])
    f1 = (f + _TO_2_26) - _TO_2_26
    f2 = f - f1
    t2a = (t2 + _TO_2_51) - _TO_2_51
    a = f1 * t1 - 1.0
    b = f2 * t1
    c = f1 * t2a
    rest = f1 * (t2 - t2a) + f2 * t2 + f * t3
    d1 = (a + (b + c) + _TO_2_38) - _TO_2_38
    return d1, (((a - d1) + c) + b) + rest


def _assemble(
    k: NDArray[np.float64], d1: NDArray[np.float64], d2: NDArray[np.float64]
) -> DoubleWord:
    """Give k log 2 / 4096 + log(1 + d1 + d2): steps 4 to 6."""
    c1, c2, c3 = table().steps
    d = d1 + d2
    tail = 1 / 3 - d * (1 / 4 - d * (1 / 5 - d * (1 / 6 - d * (1 / 7))))
    cube = d * d * d * tail
    w = (cube - d2 * (d1 + 0.5 * d2)) + k * c3
    b = two_sum(k * c2, -0.5 * d1 * d1)
    s = fast_two_sum(k * c1 + d1, b.high)
    p = two_sum(d2, w)
    y = fast_two_sum(s.high, p.high)
    return fast_two_sum(y.high, y.low + (s.low + (b.low + p.low)))
