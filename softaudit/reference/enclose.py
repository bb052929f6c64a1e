"""Enclosures of exact values: double-word arithmetic, and mpmath where that says no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from softaudit.formats import LEAST_BINADE
from softaudit.model import Enclosure, Function
from softaudit.reference import by_mpmath, certified

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

    Returns
    -------
    dict of Enclosed
        Of shape (rows, columns), or (rows, 1) for logsumexp.  NaN where no real or infinite value
        is defined: rows with NaN, and for softmax and log_softmax rows with +∞ or nothing but −∞.
    """
    odd = np.ones(len(values), dtype=np.bool_)
    if method == "certified":
        odd = ~certified.ordinary_rows(values, temperature)
    if odd.all():
        found = by_mpmath.enclose(values, temperature, functions)
        return {f: Enclosed(found[f], odd) for f in functions}
    ordinary = certified.enclose(values[~odd], temperature, functions)
    parts = {f: _spread(ordinary[f], ~odd) for f in functions}
    redone = {f: odd | _wide(parts[f]) for f in functions}
    for f in functions:
        if redone[f].any():
            again = by_mpmath.enclose(values[redone[f]], temperature, (f,))[f]
            for name in Enclosure.__slots__:
                getattr(parts[f], name)[redone[f]] = getattr(again, name)
    return {f: Enclosed(parts[f], redone[f]) for f in functions}


def _spread(part: Enclosure, rows: NDArray[np.bool_]) -> Enclosure:
    """Put enclosures of some rows in their places among all."""
    if rows.all():
        return part
    arrays = []
    for name in Enclosure.__slots__:
        array = getattr(part, name)
        whole = np.zeros((len(rows), array.shape[1]), dtype=array.dtype)
        whole[rows] = array
        arrays.append(whole)
    return Enclosure(*arrays)


def _wide(y: Enclosure) -> NDArray[np.bool_]:
    real = np.isfinite(y.high) & (y.exponent > LEAST_BINADE)
    return np.asarray((real & (y.radius > WIDE)).any(axis=-1))
