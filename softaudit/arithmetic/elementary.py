"""exp and log, exp2 and log1p, in a number format.

Formats of at most 16 bits: float64 and one rounding.  The float64 result would have to be wrong by
more than the distance of the true value from the nearest tie, which is far above its error at each
of the 65,536 codes; a test shows it on every code against mpmath.  So these columns are the same
on every machine.  Wider formats: by default what NumPy gives on contiguous arrays, because that is
what people run; it differs between processors.  "correct" rounds them correctly too, by the
judge's enclosures: every machine then gives the same bits, which a gate wants.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from softaudit.formats import Format, round_to
from softaudit.reference import elementary as correct

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Function = Callable[..., NDArray[Any]]


class Elementary(NamedTuple):
    """Somebody's exp, log, exp2 and log1p of float32 and float64.

    They are given contiguous arrays: NumPy's exp is another function on a strided one.
    """

    exp: Callable[[NDArray[Any]], NDArray[Any]]
    log: Callable[[NDArray[Any]], NDArray[Any]]
    exp2: Callable[[NDArray[Any]], NDArray[Any]]
    log1p: Callable[[NDArray[Any]], NDArray[Any]]


ELEMENTARY: dict[str, Elementary] = {
    "numpy": Elementary(np.exp, np.log, np.exp2, np.log1p),
    "correct": Elementary(correct.exp, correct.log, correct.exp2, correct.log1p),
}


def exp(x: NDArray[Any], form: Format, elementary: str = "numpy") -> NDArray[Any]:
    """Take the exponential of numbers of a format, rounded to that format.

    Parameters
    ----------
    x : ndarray
        In the format's carrier dtype.
    form : Format
    elementary : str
        A key of `ELEMENTARY`: whose, in formats of more than 16 bits.

    Returns
    -------
    ndarray
        Of the same dtype.  exp(−∞) = 0, exp(+∞) = +∞, NaN stays NaN; overflow is what the format
        makes of it.
    """
    return _rounded(ELEMENTARY[elementary].exp, np.exp, x, form)


def log(x: NDArray[Any], form: Format, elementary: str = "numpy") -> NDArray[Any]:
    """Take the natural logarithm of numbers of a format, rounded to that format.

    Parameters
    ----------
    x : ndarray
        In the format's carrier dtype.
    form : Format
    elementary : str
        A key of `ELEMENTARY`: whose, in formats of more than 16 bits.

    Returns
    -------
    ndarray
        Of the same dtype.  log(0) = −∞ (NaN where the format has no infinity), log(+∞) = +∞, of a
        negative number NaN.
    """
    return _rounded(ELEMENTARY[elementary].log, np.log, x, form)


def exp2(x: NDArray[Any], form: Format, elementary: str = "numpy") -> NDArray[Any]:
    """Take 2 to the power of numbers of a format, rounded to that format.

    Parameters
    ----------
    x : ndarray
        In the format's carrier dtype.
    form : Format
    elementary : str
        A key of `ELEMENTARY`: whose, in formats of more than 16 bits.

    Returns
    -------
    ndarray
        Of the same dtype.  2^−∞ = 0, 2^∞ = +∞, NaN stays NaN; overflow is what the format makes
        of it.
    """
    return _rounded(ELEMENTARY[elementary].exp2, _exp2, x, form)


def log1p(x: NDArray[Any], form: Format, elementary: str = "numpy") -> NDArray[Any]:
    """Take the natural logarithm of 1 + x of numbers of a format, rounded to that format.

    Parameters
    ----------
    x : ndarray
        In the format's carrier dtype.
    form : Format
    elementary : str
        A key of `ELEMENTARY`: whose, in formats of more than 16 bits.

    Returns
    -------
    ndarray
        Of the same dtype.  log1p(−1) = −∞ (NaN where the format has no infinity), log1p(+∞) = +∞,
        below −1 NaN.
    """
    return _rounded(ELEMENTARY[elementary].log1p, np.log1p, x, form)


def _exp2(x: NDArray[Any], dtype: type[np.float64]) -> NDArray[Any]:
    """Take 2^x as 2^(x − n) · 2^n: exactly for integers, which may be ties of a format."""
    wide = np.clip(x.astype(dtype), -2000.0, 2000.0)
    n = np.rint(wide)
    scale = np.where(np.isnan(n), 0.0, n).astype(np.int32)
    return np.asarray(np.ldexp(np.exp2(wide - n), scale))


def _rounded(
    wide: Callable[[NDArray[Any]], NDArray[Any]], function: Function, x: NDArray[Any], form: Format
) -> NDArray[Any]:
    """Round what `wide` gives, or in narrow formats what `function` gives in float64."""
    contiguous = np.ascontiguousarray(x)
    if form.precision > _NARROW:
        return round_to(wide(contiguous), form)
    if contiguous.size < _WORTH_A_TABLE:
        return _narrow(function, contiguous, form)
    codes = contiguous.view(np.uint32) >> np.uint32(24 - form.precision)
    return _table(function, form).take(codes)


def _narrow(function: Function, x: NDArray[Any], form: Format) -> NDArray[Any]:
    return round_to(function(x, dtype=np.float64), form).astype(x.dtype)


@cache
def _table(function: Function, form: Format) -> NDArray[Any]:
    """Tabulate a function over all float32 of the format's precision, by their leading bits."""
    codes = np.arange(1 << (form.precision + 8), dtype=np.uint32)
    with np.errstate(all="ignore"):
        return _narrow(function, (codes << np.uint32(24 - form.precision)).view(np.float32), form)


_NARROW = 11
_WORTH_A_TABLE = 1 << 13
"""Elements from which looking a result up is worth more than making the table, at least twice."""
