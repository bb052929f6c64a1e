"""What an enclosure decides: the correctly rounded result and the binade, or that it cannot say.

Everything here is exact: scaling by powers of two, floor, and differences of neighbours
(Sterbenz).  The one rounded sum is compared with a radius that has been widened for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit.formats import LEAST_BINADE, Format, power_of_two, round_to
from softaudit.model import Enclosure

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WIDEN = 1 + 2.0**-40
_BINADE = 0x7FF << 52


def at_once(
    y: Enclosure, form: Format
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[tuple[int, int]]]:
    """Give round(y) and ulp(y) in a format, and the places where the enclosure leaves one open.

    Nearly all values are decided by their high parts alone.  `high` is the double next to y, and
    ties, numbers and binade edges of a format with p < 53 are doubles whose last 52 − p bits are
    0 (subnormal ones have still fewer bits): so y lies on the side of them on which `high` lies,
    unless `high` is one of them.  For p = 53 a tie is near where |low| is near half an ulp.
    Those, and what carries an exponent, are looked at one by one.

    Parameters
    ----------
    y : Enclosure
        Of shape (rows, columns).
    """
    bits = y.high.view(np.int64)
    close = (bits & ((1 << max(52 - form.precision, 0)) - 1)) == 0
    size = (bits & _BINADE).view(np.float64)
    if form.precision == 53:
        close = (bits & ((1 << 52) - 1)) == 0
        close |= np.abs(y.low) >= size * (2.0**-53 - 2.0**-70)
    with np.errstate(all="ignore"):
        rounded = round_to(y.high, form)
        ulp = np.maximum(size, form.least_normal)
        ulp *= 2.0 ** (1 - form.precision)
    close.flat[y.far()] = True
    if any(y.radius.strides):
        close |= y.radius >= 2.0**-72
    at = np.flatnonzero(close)
    at = at[np.isfinite(y.high.take(at)) & (y.high.take(at) != 0)]
    if at.size == 0:
        return rounded, ulp, []
    few = _normalized(y, at)
    binades, open_binade = binade(few)
    found, open_rounding = rounding(few, binades, form)
    rounded = np.array(rounded)
    rounded.put(at, found)
    quantum = np.maximum(binades, form.emin) - form.precision + 1
    ulp.put(at, np.ldexp(1.0, quantum))
    doubt = at[open_binade | open_rounding]
    rows, columns = np.unravel_index(doubt, rounded.shape)
    return rounded, ulp, list(zip(rows.tolist(), columns.tolist(), strict=True))


def _normalized(y: Enclosure, at: NDArray[np.int64]) -> Enclosure:
    """Take some real values other than 0, scaled so that their high parts are in ±[1, 2)."""
    high, low, exponent, radius, side = (getattr(y, n).flat[at] for n in Enclosure.__slots__)
    shift = ((high.view(np.int64) >> 52) & 0x7FF) - 1023
    scale = power_of_two(-shift)
    return Enclosure(high * scale, low * scale, exponent + shift, radius, side)


def binade(y: Enclosure) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Give ⌊log2|y|⌋ of what has its high part in ±[1, 2), and where the enclosure leaves it open.

    y lies in the binade of `high` unless it crosses |high| = 1 downwards or |high| = 2 upwards;
    `high` being the nearest double, only the first needs more than the radius.
    """
    size, rest, side = np.abs(y.high), np.copysign(1.0, y.high) * y.low, _outward(y)
    radius = _absolute(y)
    edge = size == 1.0
    below = edge & _negative(rest, radius, side)
    doubt = edge & ~below & ~_negative(-rest, radius, -side) & ~_exactly(rest, radius, side)
    doubt |= (2.0 - size) - rest <= radius * _WIDEN
    doubt |= ~edge & ((size - 1.0) + rest <= radius * _WIDEN)
    tiny = _tiny(y)
    return np.where(tiny, LEAST_BINADE, y.exponent - below), doubt & ~tiny & ~_special(y)


def rounding(
    y: Enclosure, exponent: NDArray[np.int64], form: Format
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Give round(y) in a format, ties to even, and where the enclosure leaves it open.

    Parameters
    ----------
    y : Enclosure
        With high parts in ±[1, 2), 0 or not finite.
    exponent : ndarray of int64
        ⌊log2|y|⌋, decided.

    Returns
    -------
    rounded : ndarray of float64
        ±∞, or NaN in a format without infinity, where round(y) overflows.
    doubt : ndarray of bool
    """
    special = _special(y)
    zero = (exponent < form.emin - form.precision) | special
    quantum_exponent = np.maximum(exponent, form.emin) - form.precision + 1
    quantum = np.ldexp(1.0, np.where(zero, 0, quantum_exponent - y.exponent))
    size, rest, side = np.abs(y.high), np.copysign(1.0, y.high) * y.low, _outward(y)
    size = np.where(special, 1.0, size)
    below = np.floor(size / quantum)
    offset = size - below * quantum
    radius, odd = _absolute(y), below % 2 == 1
    up, up_doubt = _beyond(offset - quantum / 2, rest, radius, side, odd)
    down, down_doubt = _beyond(-(offset + quantum / 2), -rest, radius, -side, odd)
    count = below + up - down
    # An integer below 2^54 times a power of two that is not below the format's least: exact.
    with np.errstate(over="ignore"):
        rounded = np.ldexp(count, np.where(zero, 0, quantum_exponent))
    rounded = np.where(zero, 0.0, rounded)
    rounded = np.where(rounded > form.largest, form.overflow, rounded)
    rounded = np.copysign(rounded, y.high)
    return np.where(special, y.high, rounded), (up_doubt | down_doubt) & ~zero


def _beyond(
    offset: NDArray[np.float64],
    rest: NDArray[np.float64],
    radius: NDArray[np.float64],
    side: NDArray[np.int8],
    odd: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell whether offset + rest, known to within the radius, is above 0 (a tie: if odd)."""
    exact_tie = (offset == -rest) & (radius == 0)
    above = _negative(-(offset + rest), radius, -side)
    beneath = _negative(offset + rest, radius, side)
    return above | (exact_tie & odd), ~(above | beneath | exact_tie)


def _negative(
    a: NDArray[np.float64], radius: NDArray[np.float64], side: NDArray[np.int8]
) -> NDArray[np.bool_]:
    """Tell where a real within the radius of `a` is certainly below 0."""
    return np.asarray((a < -radius * _WIDEN) | ((a == 0) & (side < 0)))


def _exactly(
    rest: NDArray[np.float64], radius: NDArray[np.float64], side: NDArray[np.int8]
) -> NDArray[np.bool_]:
    return np.asarray((rest == 0) & ((radius == 0) | (side > 0)))


def _absolute(y: Enclosure) -> NDArray[np.float64]:
    """Give the radius in the unit of `high`; 0 of special values."""
    return y.radius * np.where(np.isfinite(y.high), np.abs(y.high), 0.0)


def _outward(y: Enclosure) -> NDArray[np.int8]:
    """Give the one-sided fact as seen from 0: −1 where |y| is strictly the smaller."""
    return np.where(y.high < 0, -y.side, y.side).astype(np.int8)


def _special(y: Enclosure) -> NDArray[np.bool_]:
    return np.asarray(~np.isfinite(y.high) | (y.high == 0))


def _tiny(y: Enclosure) -> NDArray[np.bool_]:
    return np.asarray((y.exponent <= LEAST_BINADE) | (y.high == 0))
