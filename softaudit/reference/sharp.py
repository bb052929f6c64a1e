"""The sum of one row's exponentials to some 98 bits: enough for the digits of its worst elements.

As in `certified`, S is the sum of exp(g_j) over all but the maxima.  With k, C1, C2, C3 and the
table 2^(i/4096) = t1 + t2 + t3 of `exponential`, and T = t1 + t2 + t3,

    exp(g) = 2^(k >> 12) · (T + T q),   q = exp(r) − 1,   r = g − k log 2 / 4096,   |r| ≤ 2^−13.5.

The first part is summed without roundings of its terms, and the second is small.

Error analysis, relative to a term; |g| ≤ 700, u = 2^−53.

1.  k < 2^22: k C1 and k C2 are exact, k C3 is taken as a two-product, and k c < 2^−101.  The parts
    of r are added by two-sums, whose errors are below 2^−66: their sum is rounded below 2^−117.
2.  r² and r³ in double-word: 7u² of 2^−27 and 14u² of 2^−40.5.  r^4/24 + r^5/120 + r^6/720 in
    double: 2^−52 of 2^−58; r^7/5040 is left out: below 2^−106.  Their sum: 9u² of 2^−13.4.
3.  T q: 7u² of 2^−12.4; t3 times the low part of q is left out: below 2^−143.
4.  The sum of the first parts: 3 · 28 u², below 2^−99.6; of the second parts, whose signs differ,
    in proportion to the sum of their sizes: below 2^−110.
5.  Terms below 2^−1000 are left out: as S ≥ 2^−866, below 2^−106.

In all below 2^−98.8.  Dividing by a T that is no power of two adds 2^−102 |g|: below 2^−92.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from mpmath import libmp

from softaudit.formats import power_of_two
from softaudit.reference import double_word as dw
from softaudit.reference.certified import quotient
from softaudit.reference.double_word import DoubleWord
from softaudit.reference.exponential import ENTRIES, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.reference.exact import Mpf
    from softaudit.reference.windows import Peak

_LARGEST_GAP = 692.0
"""exp(−692) > 2^−1000."""

_TO_INTEGER = 1.5 * 2.0**52
_THIRD = 1 / 3, float.fromhex("0x1.5555555555555p-56")


class SharpSum(NamedTuple):
    """S within 2^(−bits − 3) relatively."""

    others: Mpf
    bits: int


def sharp_sum(x: NDArray[np.float64], temperature: float, peak: Peak) -> SharpSum:
    """Sum the exponentials of a row, or of a window of its columns.

    Parameters
    ----------
    x : ndarray of float64, shape (columns,)
        Of an ordinary row; see `certified`.
    temperature : float
        T̂.
    peak : Peak
        Of the whole row.
    """
    top = float(peak.top[0, 0])
    x = x[x < top]
    with np.errstate(over="ignore"):
        x = x[(x - top) / temperature > -_LARGEST_GAP]
    gap, error = quotient(dw.two_sum(x, np.full_like(x, -top)), temperature)
    parts = [part[0] for sums in _sums(gap) for part in sums]
    exact = libmp.mpf_sum([libmp.from_float(float(part)) for part in parts])
    return SharpSum(exact, 89 if error else 95)


def _sums(g: DoubleWord) -> tuple[DoubleWord, DoubleWord]:
    """Sum the two parts of the terms."""
    constants = table()
    k = (g.high * constants.inverse_step + _TO_INTEGER) - _TO_INTEGER
    number = k.astype(np.int64)
    scale = power_of_two(number >> 12)
    t1, t2, t3 = (part.take(number & (ENTRIES - 1)) for part in constants[:3])
    entry = dw.fast_two_sum(t1, t2)
    q = _expm1(_reduced(g, k, constants.steps))
    product = dw.multiply(entry, q)
    small = dw.two_sum(product.high, product.low + (t3 + t3 * q.high))
    return _total(entry.scaled(scale)), _total(small.scaled(scale))


def _reduced(
    g: DoubleWord, k: NDArray[np.float64], steps: tuple[float, float, float]
) -> DoubleWord:
    """Give r = g − k log 2 / 4096."""
    c1, c2, c3 = steps
    third = dw.two_product(k, np.full_like(k, c3))
    b, e1 = dw.two_sum(g.high - k * c1, -(k * c2))
    b, e2 = dw.two_sum(b, -third.high)
    b, e3 = dw.two_sum(b, g.low)
    return dw.two_sum(b, (e1 - third.low) + (e2 + e3))


def _expm1(r: DoubleWord) -> DoubleWord:
    """Give exp(r) − 1 for |r| ≤ 2^−13.5."""
    half = dw.multiply(r, r).scaled(0.5)
    third = DoubleWord(*(np.full_like(r.high, part) for part in _THIRD))
    sixth = dw.multiply(dw.multiply(half, r), third)
    square = r.high * r.high
    rest = square * square * (1 / 24 + r.high * (1 / 120 + r.high * (1 / 720)))
    return dw.add(r, dw.add(half, dw.add_double(sixth, rest)))


def _total(terms: DoubleWord) -> DoubleWord:
    none = np.zeros(1)
    return dw.total(DoubleWord(*(np.concatenate([part, none]) for part in terms)))
