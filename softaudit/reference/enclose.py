"""Enclosures of exact values: double-word arithmetic, and mpmath where that says no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from softaudit.formats import LEAST_BINADE
from softaudit.model import Enclosure, Function
from softaudit.reference import by_mpmath
from softaudit.reference.certified import RepeatedTerms, Sums, Terms
from softaudit.reference.repeats import NARROW, Repeats
from softaudit.reference.windows import Peak

if TYPE_CHECKING:
    from numpy.typing import NDArray

METHODS = ("certified", "mpmath")
"""certified: double-word arithmetic first; mpmath: every value by mpmath alone."""

WIDE = 2.0**-80
"""Relative radius from which an enclosure is made anew by mpmath."""


class Enclosed(NamedTuple):
    """Enclosures of one function, and which rows mpmath made."""

    enclosure: Enclosure
    by_mpmath: NDArray[np.bool_]


def enclose(
    values: NDArray[np.float64],
    temperature: float,
    functions: tuple[Function, ...],
    method: str = "certified",
    precision: int = 53,
) -> dict[Function, Enclosed]:
    """Enclose the exact values of functions on rows of logits.

    Parameters
    ----------
    values : ndarray of float64, shape (rows, columns)
        x̂.
    temperature : float
        T̂, positive and finite.
    functions : tuple of str
        Which functions; they share the rows' sums.
    method : str
        One of `METHODS`.
    precision : int
        Significant bits that x̂ has; where these are few, equal logits are enclosed once.  The
        result is the same to the bit.

    Returns
    -------
    dict of Enclosed
        Of shape (rows, columns), or (rows, 1) for logsumexp.  NaN where no real or infinite value
        is defined: rows with NaN, and for softmax and log_softmax rows with +∞ or nothing but −∞.
    """
    ordinary = np.zeros(len(values), dtype=np.bool_)
    parts: dict[Function, Enclosure] = {}
    if method == "certified":
        peak = Peak.of(values)
        ordinary = peak.tame(temperature)
        parts = _certified(values, temperature, functions, peak, ordinary, precision)
    if not ordinary.any():
        found = by_mpmath.enclose(values, temperature, functions)
        return {f: Enclosed(found[f], ~ordinary) for f in functions}
    redone = {f: ~ordinary | _wide(parts[f]) for f in functions}
    for f in functions:
        if redone[f].any():
            again = by_mpmath.enclose(values[redone[f]], temperature, (f,))[f]
            parts[f] = _put(parts[f], again, redone[f])
    return {f: Enclosed(parts[f], redone[f]) for f in functions}


def _certified(
    values: NDArray[np.float64],
    temperature: float,
    functions: tuple[Function, ...],
    peak: Peak,
    rows: NDArray[np.bool_],
    precision: int,
) -> dict[Function, Enclosure]:
    """Enclose tame rows, and leave of `rows` those that turn out to be ordinary."""
    while rows.any():
        x, top = (values, peak) if rows.all() else (values[rows], peak.rows(rows))
        terms = _terms(x, temperature, top, precision)
        share = terms.share()
        ordinary = share.ordinary()
        if ordinary.all():
            sums = Sums(top, share, temperature)
            return {f: _spread(terms.enclose(f, sums), rows) for f in functions}
        rows[rows] = ordinary
    return {}


def _terms(
    x: NDArray[np.float64], temperature: float, peak: Peak, precision: int
) -> Terms | RepeatedTerms:
    # Short rows have few repeats, and Repeats takes memory for every code in each row.
    long = 32 * x.shape[-1] >= 1 << (precision + 8)
    if precision <= NARROW and long and x.size >= _WORTH_LOOKING:
        repeats = Repeats(x, precision)
        if repeats.few:
            return RepeatedTerms(x, temperature, peak, repeats)
    return Terms(x, temperature, peak)


_WORTH_LOOKING = 1 << 13


def _spread(part: Enclosure, rows: NDArray[np.bool_]) -> Enclosure:
    """Put enclosures of some rows in their places among all."""
    if rows.all():
        return part
    shape = (len(rows), part.high.shape[1])
    empty = (np.zeros(shape, getattr(part, name).dtype) for name in Enclosure.__slots__)
    return _put(Enclosure(*empty), part, rows)


def _put(whole: Enclosure, part: Enclosure, rows: NDArray[np.bool_]) -> Enclosure:
    """Replace the enclosures of some rows."""
    arrays = [getattr(whole, name).copy() for name in Enclosure.__slots__]
    for array, name in zip(arrays, Enclosure.__slots__, strict=True):
        array[rows] = getattr(part, name)
    return Enclosure(*arrays)


def _wide(y: Enclosure) -> NDArray[np.bool_]:
    if not any(y.radius.strides):
        return np.full(len(y.high), y.radius.flat[0] > WIDE)
    real = np.isfinite(y.high) & (y.exponent > LEAST_BINADE)
    return np.asarray((real & (y.radius > WIDE)).any(axis=-1))
