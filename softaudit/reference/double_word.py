"""Double-word arithmetic over float64: a number as an unevaluated sum of two doubles.

IEEE basic operations alone, rounding to nearest, u = 2^−53; no fused multiply-add, so every result
has the same bits on every machine.  A double-word (h, l) has |l| ≤ ½ ulp(h).  Barring overflow,
each function states a proven bound; underflow adds at most 2^−1074 for each operation, which the
callers' ranges make harmless.

References
----------
.. [1] Joldes, Muller & Popescu, Tight and rigorous error bounds for basic building blocks of
   double-word arithmetic, ACM TOMS 44(2) (2017), doi:10.1145/3121432.
.. [2] Dekker, A floating-point technique for extending the available precision, Numer. Math. 18
   (1971), doi:10.1007/BF01397083.
.. [3] Muller & Rideau, Formalization of double-word arithmetic, and comments on "Tight and
   rigorous error bounds for basic building blocks of double-word arithmetic", ACM TOMS 48(1)
   (2022), doi:10.1145/3484514.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SPLITTER = 134217729.0  # 2^27 + 1


class DoubleWord(NamedTuple):
    """The real number high + low; arrays of one shape."""

    high: NDArray[np.float64]
    low: NDArray[np.float64]

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> DoubleWord:
        """Give some rows."""
        return DoubleWord(self.high[chosen], self.low[chosen])

    def scaled(self, factor: NDArray[np.float64] | float) -> DoubleWord:
        """Multiply by a power of two: exact."""
        return DoubleWord(self.high * factor, self.low * factor)


def two_sum(a: NDArray[np.float64], b: NDArray[np.float64]) -> DoubleWord:
    """Add two doubles without error ([1]_, Algorithm 2)."""
    s = a + b
    b_part = s - a
    return DoubleWord(s, (a - (s - b_part)) + (b - b_part))


def fast_two_sum(a: NDArray[np.float64], b: NDArray[np.float64]) -> DoubleWord:
    """Add two doubles without error where |a| ≥ |b| or a = 0 ([1]_, Algorithm 1)."""
    s = a + b
    return DoubleWord(s, b - (s - a))


def split(a: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cut a double into two of at most 26 bits each ([2]_); |a| < 2^996."""
    scaled = _SPLITTER * a
    head = scaled - (scaled - a)
    return head, a - head


def two_product(a: NDArray[np.float64], b: NDArray[np.float64]) -> DoubleWord:
    """Multiply two doubles without error ([2]_)."""
    p = a * b
    a_head, a_tail = split(a)
    b_head, b_tail = split(b)
    rest = ((a_head * b_head - p) + a_head * b_tail + a_tail * b_head) + a_tail * b_tail
    return DoubleWord(p, rest)


def add(a: DoubleWord, b: DoubleWord) -> DoubleWord:
    """Add double-words: relative error at most 3u² + 13u³ ([1]_, Algorithm 6, Theorem 3.1)."""
    s, s_rest = two_sum(a.high, b.high)
    t, t_rest = two_sum(a.low, b.low)
    v = fast_two_sum(s, s_rest + t)
    return fast_two_sum(v.high, t_rest + v.low)


def add_double(a: DoubleWord, b: NDArray[np.float64]) -> DoubleWord:
    """Add a double to a double-word: relative error at most 2u² ([1]_, Algorithm 4)."""
    s, rest = two_sum(a.high, b)
    return fast_two_sum(s, a.low + rest)


def multiply(a: DoubleWord, b: DoubleWord) -> DoubleWord:
    """Multiply double-words: relative error at most 7u² ([1]_, Algorithm 10; proof in [3]_)."""
    p, rest = two_product(a.high, b.high)
    cross = a.high * b.low + a.low * b.high
    return fast_two_sum(p, rest + cross)


def divide(a: DoubleWord, b: DoubleWord) -> DoubleWord:
    """Divide double-words: relative error at most 15u².

    As Algorithm 17 of [1]_, but with the product's sum by `fast_two_sum` of a rounded low part.
    The product costs 3u², the difference of the low parts 2u², its sum 3u², the rounding of the
    quotient's low part 3u², and dividing it by b's high part alone 3u²: 14u² and terms in u³.
    """
    t = a.high / b.high
    p, rest = two_product(b.high, t)
    r = fast_two_sum(p, rest + b.low * t)
    remainder = (a.high - r.high) + (a.low - r.low)
    return fast_two_sum(t, remainder / b.high)


def total(terms: DoubleWord) -> DoubleWord:
    """Add up non-negative double-words along the last axis, by halves.

    Each of the ⌈log2 n⌉ levels adds x and y of one sign.  With |l| ≤ u h, the sum of the low parts
    is rounded by at most u²(xh + yh), and adding it to the error of the high parts' sum by at most
    u(2u + u²)(xh + yh); as x + y ≥ (1 − u)(xh + yh), a level costs less than 3u² + 5u³.  So the
    relative error is at most 3 ⌈log2 n⌉ u² (1 + 2^−50), and n 2^−1075 where low parts underflow.

    Returns
    -------
    DoubleWord
        Of shape (..., 1).
    """
    high, low = terms
    width = high.shape[-1]
    while width > 1:
        half = 1 << (width - 1).bit_length() - 1
        over = width - half
        s, rest = two_sum(high[..., :over], high[..., half:width])
        folded = fast_two_sum(s, rest + (low[..., :over] + low[..., half:width]))
        high = np.concatenate([folded.high, high[..., over:half]], axis=-1)
        low = np.concatenate([folded.low, low[..., over:half]], axis=-1)
        width = half
    return DoubleWord(high, low)
