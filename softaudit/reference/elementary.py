"""exp, exp2, log and log1p, correctly rounded: float64 and float32, the same on every machine.

A double-word with a proven bound encloses each value (`exponential`, `logarithm`).  Rounding is
monotone: where both ends of the enclosure round to one number, so does all that lies between.
Where they do not, about once in 2^20 values of log and far more rarely of exp, mpmath decides, at
a precision that grows.  That comes to an end: exp(x) for x ≠ 0 and log(x) for x ≠ 1 are irrational
(Lindemann), so no ties; exp(0) = 1 and log(1) = 0 lie amid what rounds to them.  2^x is irrational
but for integers (Gelfond–Schneider; a binary fraction gives a root of 2), whose powers are exact
before they are rounded, and may be ties: they are taken apart.

The ends, from a double-word h + l, |l| ≤ u |h|, u = 2^−53:

float64: h + (l ± e), e twice the proven bound, which also covers that l ± e rounds, by u² |h|.
exp scales after rounding, by powers of two: exactly, or to ∞ where the rounded result is 2^1024 or
more, as IEEE 754 has it.  A subnormal result is rounded once, to multiples of 2^−1074, which are
multiples of some Q before scaling: with 2^52 Q added to h by a fast two-sum, h + (l ± e) rounds
to multiples of Q, and subtracting 2^52 Q is exact.  What that two-sum leaves, r, is added to l
with a rounding, for which e grows by 4u |r|.

float32: h (1 ± 2u), rounded, are a full ulp of h or more away from it, and the value at most half
of one and the bound.  They go to float32 in one rounding each, subnormal results and overflow
included.

2^x = 2^n exp(g), n the integer nearest to x and g = (x − n) log 2 as a double-word: the product
costs 5u² |g|, below 2^−105, which twice the bound of exp covers too.

log1p(x): 1 + x = s + r without error.  With q = r/s as a double-word q1 + q2, log(s + r) is
log(s) + q1 + (q2 − q1²/2), and what is left out is below q³/3.  As |r| ≤ ½ ulp(s), |q| is at most
about half of |log s| where s ≠ 1, so that |log s| ≤ 2.1 |log(s + r)|, and q³/3 and the roundings
of the small terms are below 2^−100 |log(s + r)|; beyond s = 2^100 q does not matter.  Where s = 1
q = x, and the sum is x − x²/2, within x³/3.  In all LOG1P_ERROR = 2^−73, relatively.

Algorithms that use these share a table and its polynomials with the judge.  So tests compare them
with another library, on every float32, and `--reference mpmath` judges without them.

References
----------
Ziv, Fast evaluation of elementary mathematical functions with correctly rounded last bit, ACM TOMS
17(3) (1991), doi:10.1145/114697.116813, for precision that grows.
Tang, ACM TOMS 15(2) (1989), doi:10.1145/63522.214389, and 16(4) (1990),
doi:10.1145/98267.98294, for the tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from mpmath import libmp

from softaudit.formats import FORMATS, Format, power_of_two, round_fraction
from softaudit.reference.double_word import DoubleWord, fast_two_sum, two_product, two_sum
from softaudit.reference.exact import BASE_PRECISION, Bounded, Mpf
from softaudit.reference.exponential import EXP_ERROR
from softaudit.reference.exponential import exp as enclose_exp
from softaudit.reference.logarithm import LOG_ERROR
from softaudit.reference.logarithm import log as enclose_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Rounded = tuple[NDArray[Any], NDArray[np.bool_]]


def exp(x: NDArray[Any]) -> NDArray[Any]:
    """Take the exponential, rounded once: to nearest, ties to even.

    Parameters
    ----------
    x : ndarray of float32 or float64
        Any shape.

    Returns
    -------
    ndarray
        Of the same dtype.  exp(−∞) = 0, exp(±0) = 1, exp(+∞) = +∞, NaN stays NaN; results beyond
        the range are +∞, and subnormal ones are rounded once too.
    """
    return _by_pieces(_exp, libmp.mpf_exp, x)


def log(x: NDArray[Any]) -> NDArray[Any]:
    """Take the natural logarithm, rounded once: to nearest, ties to even.

    Parameters
    ----------
    x : ndarray of float32 or float64
        Any shape.

    Returns
    -------
    ndarray
        Of the same dtype.  log(±0) = −∞, log(1) = +0, log(+∞) = +∞, of a negative number NaN; NaN
        stays NaN.
    """
    return _by_pieces(_log, libmp.mpf_log, x)


def exp2(x: NDArray[Any]) -> NDArray[Any]:
    """Take 2 to the power of numbers, rounded once: to nearest, ties to even.

    Parameters
    ----------
    x : ndarray of float32 or float64
        Any shape.

    Returns
    -------
    ndarray
        Of the same dtype.  2^−∞ = 0, 2^±0 = 1, 2^∞ = +∞, NaN stays NaN; integers give powers of
        two; results beyond the range are +∞, and subnormal ones are rounded once too.
    """
    return _by_pieces(_exp2, _precise_exp2, x)


def log1p(x: NDArray[Any]) -> NDArray[Any]:
    """Take the natural logarithm of 1 + x, rounded once: to nearest, ties to even.

    Parameters
    ----------
    x : ndarray of float32 or float64
        Any shape.

    Returns
    -------
    ndarray
        Of the same dtype.  log1p(±0) = ±0, log1p(−1) = −∞, log1p(+∞) = +∞, below −1 NaN; NaN
        stays NaN.
    """
    return _by_pieces(_log1p, _precise_log1p, x)


def _precise_exp2(x: Mpf, precision: int, rounding: str) -> Mpf:
    """Give 2^x within 1 ulp, |x| ≤ 2^11."""
    wide = precision + 30
    g = libmp.mpf_mul(x, libmp.mpf_ln2(wide), wide, "n")
    return libmp.mpf_exp(g, precision, rounding)


def _precise_log1p(x: Mpf, precision: int, rounding: str) -> Mpf:
    """Give log(1 + x) within 1 ulp; the sum is exact."""
    return libmp.mpf_log(libmp.mpf_add(libmp.fone, x), precision, rounding)


_PIECE = 1 << 14
"""Elements whose steps fit the cache."""


def _by_pieces(
    function: Callable[[NDArray[np.float64], Format], Rounded],
    precisely: Callable[..., Mpf],
    x: NDArray[Any],
) -> NDArray[Any]:
    """Round what the enclosures decide, and settle the rest one by one."""
    flat = np.ascontiguousarray(x).ravel()
    y = np.empty_like(flat)
    form = FORMATS[x.dtype.name]
    with np.errstate(all="ignore"):
        for start in range(0, flat.size, _PIECE):
            part, found = flat[start : start + _PIECE], y[start : start + _PIECE]
            found[:], doubt = function(part.astype(np.float64, copy=False), form)
            if doubt.any():
                distinct, places = np.unique(part[doubt], return_inverse=True)
                settled = [settle(precisely, value, form) for value in distinct.tolist()]
                found[doubt] = np.array(settled, dtype=y.dtype)[places]
    return y.reshape(x.shape)


def settle(precisely: Callable[..., Mpf], x: float, form: Format) -> float:
    """Round a function of one number, at whatever precision it takes.

    Parameters
    ----------
    precisely : callable
        mpmath's function, within 1 ulp of the precision asked for.
    x : float
        An argument whose value is irrational.
    form : Format
    """
    precision = BASE_PRECISION
    while True:
        y = precisely(libmp.from_float(x), precision, "n")
        least, most = Bounded(y, y[2] + y[3] - precision + 1).ends()
        if (rounded := round_fraction(least, form)) == round_fraction(most, form):
            return rounded
        precision *= 2


_RANGE = {"float64": (-746.0, 710.0), "float32": (-104.0, 89.0)}
"""Beyond these exp is 0 and overflows: e^−746 < 2^−1076, e^−104 < 2^−150, and 2^128 < e^89."""


def _exp(x: NDArray[np.float64], form: Format) -> Rounded:
    nan = np.isnan(x)
    within = np.where(nan, 0.0, np.clip(x, *_RANGE[form.name]))
    value, exponent = enclose_exp(DoubleWord(within, np.zeros_like(x)))
    if form.precision == 53:
        y, doubt = _scaled(value, exponent)
    else:
        y, doubt = _float32(value.high * power_of_two(exponent))
    y[nan] = np.nan
    return y, doubt


def _log(x: NDArray[np.float64], form: Format) -> Rounded:
    real = (x > 0) & (x < np.inf)
    value = enclose_log(np.where(real, x, 1.0))
    if form.precision == 53:
        y, doubt = _float64(value, np.abs(value.high) * (2 * LOG_ERROR))
    else:
        y, doubt = _float32(value.high)
    if not real.all():
        limit = np.where(x == 0, -np.inf, np.where(x > 0, np.inf, np.nan))
        y = np.where(real, y, limit)
    return y, doubt


_RANGE_OF_POWERS = {"float64": (-1076.0, 1025.0), "float32": (-151.0, 129.0)}
"""Beyond these 2^x is 0 and overflows."""

LOG2 = DoubleWord(
    np.array(float.fromhex("0x1.62E42FEFA39EFp-1")),
    np.array(float.fromhex("0x1.ABC9E3B39803Fp-56")),
)
"""log 2, within 2^−110."""


def _exp2(x: NDArray[np.float64], form: Format) -> Rounded:
    nan = np.isnan(x)
    within = np.where(nan, 0.0, np.clip(x, *_RANGE_OF_POWERS[form.name]))
    n = np.rint(within)
    f = within - n
    product = two_product(f, LOG2.high)
    value, exponent = enclose_exp(fast_two_sum(product.high, product.low + f * LOG2.low))
    exponent += n.astype(np.int64)
    y, doubt = _scaled(value, exponent)
    if form.precision != 53:
        y, doubt = _float32(value.high * power_of_two(exponent))
    whole = f == 0
    half = exponent >> 1
    power = power_of_two(half) * power_of_two(exponent - half)
    y = np.where(whole, power.astype(y.dtype), y)
    y[nan] = np.nan
    return y, doubt & ~whole


LOG1P_ERROR = 2.0**-73
"""Proven bound of the relative error."""


def _log1p(x: NDArray[np.float64], form: Format) -> Rounded:
    real = (x > -1) & (x < np.inf)
    s, r = two_sum(np.ones(1), np.where(real, x, 0.0))
    value = _log_of_sum(s, r)
    if form.precision == 53:
        y, doubt = _float64(value, np.abs(value.high) * (2 * LOG1P_ERROR))
    else:
        y, doubt = _float32(value.high)
    limit = np.where(x == -1, -np.inf, np.where(x > 0, np.inf, np.nan))
    y = np.where(real & (x != 0), y, np.where(real, x, limit))
    return y, doubt & real & (x != 0)


def _log_of_sum(s: NDArray[np.float64], r: NDArray[np.float64]) -> DoubleWord:
    """Enclose log(s + r), |r| ≤ ½ ulp(s); see the module's docstring."""
    r, divisor = np.where(s > 2.0**100, 0.0, r), np.minimum(s, 2.0**100)
    q = r / divisor
    product = two_product(q, divisor)
    rest = ((r - product.high) - product.low) / divisor - 0.5 * q * q
    main = enclose_log(s)
    high = two_sum(main.high, q)
    return fast_two_sum(high.high, high.low + (main.low + rest))


def _scaled(value: DoubleWord, exponent: NDArray[np.int64]) -> Rounded:
    """Round value · 2^exponent to float64; see the module's docstring."""
    error = value.high * (2 * EXP_ERROR)
    shift: Any = 0.0
    if exponent.min() <= -1022:
        unit = power_of_two(np.maximum(-1022 - exponent, -1000))
        shift = np.where(value.high < unit, unit, 0.0)
        s, rest = fast_two_sum(shift, value.high)
        value = DoubleWord(s, rest + value.low)
        error += np.abs(rest) * 2.0**-51
    y, doubt = _float64(value, error)
    half = exponent >> 1
    return (y - shift) * power_of_two(half) * power_of_two(exponent - half), doubt


def _float64(value: DoubleWord, error: NDArray[np.float64]) -> Rounded:
    least = value.high + (value.low - error)
    most = value.high + (value.low + error)
    return least, least != most


def _float32(high: NDArray[np.float64]) -> Rounded:
    least = (high * (1 - 2.0**-52)).astype(np.float32)
    most = (high * (1 + 2.0**-52)).astype(np.float32)
    return least, least != most
