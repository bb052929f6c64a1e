"""The fused multiply-add, emulated: a·b + c with one rounding.

NumPy has none, and two roundings are another operation: in float16 3·683 + 2^−14 is 2050, and
2049 rounded first is 2048.  A number that is rounded to odd (truncated, and its last bit set where
that lost something) keeps on which side of a tie it lay, if it has two bits more than the format.

Up to p = 24 the product of two numbers is exact in float64; a two-sum with c, rounded to odd to 53
bits, is rounded once to the format.  In float64 itself the product is two doubles, and the sum of
three doubles is rounded as Boldo & Melquiond have it, barring underflow and overflow.  Where the
products or the halves of their factors might leave the range, rationals decide, one by one: in
logits that is next to nothing but masks of the least float64, which are all the same.

References
----------
Boldo & Melquiond, Emulation of a FMA and correctly rounded sums: proved algorithms using rounding
to odd, IEEE Trans. Comput. 57(4) (2008), doi:10.1109/TC.2007.70819.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.formats import Format, round_fraction, round_to
from softaudit.reference.double_word import DoubleWord, two_product, two_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray


def fma(a: NDArray[Any], b: NDArray[Any], c: NDArray[Any], form: Format) -> NDArray[Any]:
    """Give a·b + c of numbers of a format, rounded once.

    Parameters
    ----------
    a, b, c : ndarray
        Numbers of the format in its carrier dtype, of shapes that fit each other.
    form : Format

    Returns
    -------
    ndarray
        Of the carrier dtype.  Infinities and NaN as IEEE 754 has them: ∞ · 0 and ∞ − ∞ are NaN.
    """
    a, b, c = np.broadcast_arrays(*(part.astype(np.float64, copy=False) for part in (a, b, c)))
    if form.precision > _SINGLE:
        return round_to(_of_doubles(a, b, c, form), form)
    return round_to(_to_odd(two_sum(a * b, c)), form).astype(form.carrier, copy=False)


def _to_odd(x: DoubleWord) -> NDArray[np.float64]:
    """Round a two-sum to odd: 53 bits, the last one set where the sum is no double."""
    bits = x.high.view(np.int64)
    outward = np.where((x.low > 0) == (x.high > 0), 1, -1)
    move = (x.low != 0) & (bits & 1 == 0) & np.isfinite(x.high)
    return np.where(move, bits + outward, bits).view(np.float64)


def _of_doubles(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], form: Format
) -> NDArray[np.float64]:
    product = a * b
    plain = product + c
    trivial = ~np.isfinite(a) | ~np.isfinite(b) | ~np.isfinite(c) | (a == 0) | (b == 0)
    within = (np.abs(a) < _LARGE) & (np.abs(b) < _LARGE) & (np.abs(c) < _LARGE)
    within &= (np.abs(product) < _LARGE) & (np.abs(product) > _SMALL)
    found = np.where(trivial, plain, _in_range(a, b, c))
    odd = ~(within | trivial)
    if odd.any():
        found[odd] = _one_by_one(np.stack([a[odd], b[odd], c[odd]], axis=-1), form)
    return found


def _in_range(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Follow Boldo & Melquiond's figure 5."""
    product = two_product(a, b)
    low = two_sum(c, product.low)
    high = two_sum(product.high, low.high)
    return high.high + _to_odd(two_sum(high.low, low.low))


def _one_by_one(triples: NDArray[np.float64], form: Format) -> NDArray[np.float64]:
    distinct, places = np.unique(triples, axis=0, return_inverse=True)
    sums = [Fraction(a) * Fraction(b) + Fraction(c) for a, b, c in distinct.tolist()]
    return np.array([round_fraction(y, form) for y in sums])[places.ravel()]


_SINGLE = 24
_LARGE = 2.0**990
"""Below it nothing is too large to be cut in halves, and no sum overflows."""

_SMALL = 2.0**-960
"""A product above it has its last bit above the least subnormal number."""
