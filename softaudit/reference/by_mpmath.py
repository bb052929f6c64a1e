"""Enclosures by mpmath: one row after the other, at a stated precision."""

from __future__ import annotations

from math import ldexp
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from mpmath import libmp

from softaudit.formats import LEAST_BINADE, power_of_two
from softaudit.model import PLAIN, Enclosure, Function
from softaudit.reference.exact import BASE_PRECISION, LARGEST_PRECISION, Bounded, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


class Scaled(NamedTuple):
    """One value's share of an `Enclosure`; here `high` is always in ±[1, 2)."""

    high: float
    low: float
    exponent: int
    radius: float
    side: int


def enclose(
    values: NDArray[np.float64], temperature: float, functions: tuple[Function, ...]
) -> dict[Function, Enclosure]:
    """Enclose the exact values of functions on any rows; see `softaudit.reference.enclose`."""
    parts: dict[Function, list[NDArray[np.void]]] = {f: [] for f in functions}
    for row in values:
        enclosed = _enclose_row(row, temperature, functions)
        for function, part in zip(functions, enclosed, strict=True):
            parts[function].append(part)
    return {f: _assemble(np.stack(part)) for f, part in parts.items()}


_FIELDS = np.dtype(
    [("high", "f8"), ("low", "f8"), ("exponent", "i8"), ("radius", "f8"), ("side", "i1")]
)


def _assemble(part: NDArray[np.void]) -> Enclosure:
    """Put parts together; a radius that holds for |high| = 1 holds for what lies above."""
    high, low, exponent, radius, side = (np.array(part[name]) for name in _FIELDS.names or ())
    plain = np.abs(exponent) <= PLAIN
    size = power_of_two(np.where(plain, exponent, 0))
    return Enclosure(high * size, low * size, np.where(plain, 0, exponent), radius, side)


def _enclose_row(
    x: NDArray[np.float64], temperature: float, functions: tuple[Function, ...]
) -> Iterator[NDArray[np.void]]:
    distinct, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    row = None
    if np.isfinite(x).any() and distinct[-1] < np.inf:
        row = Row(distinct.tolist(), counts.tolist(), temperature, BASE_PRECISION)
    for function in functions:
        if function == "logsumexp":
            yield np.array([scale(_logsumexp(x, row))], dtype=_FIELDS)
        elif row is None:
            yield np.full(len(x), np.array(_UNDEFINED, dtype=_FIELDS))
        else:
            of = getattr(row, function)
            part = [scale(of(j)) for j in range(len(distinct))]
            yield np.array(part, dtype=_FIELDS)[inverse]


def enclose_window(
    x: NDArray[np.float64], row: Row | None, top: float, functions: tuple[Function, ...]
) -> dict[Function, Enclosure]:
    """Enclose the exact values of functions on a window of a row; None is a row without any."""
    found = {}
    for function in functions:
        if function == "logsumexp":
            y = Bounded(libmp.from_float(top), None) if row is None else row.logsumexp()
            part = np.array([scale(y)], dtype=_FIELDS)
        elif row is None:
            part = np.full(len(x), np.array(_UNDEFINED, dtype=_FIELDS))
        else:
            of = getattr(row, function)
            distinct, inverse = np.unique(x, return_inverse=True)
            values = [scale(of(row.place(value))) for value in distinct.tolist()]
            part = np.array(values, dtype=_FIELDS)[inverse]
        found[function] = _assemble(part[None])
    return found


_UNDEFINED = Scaled(np.nan, 0.0, 0, 0.0, 0)


def _logsumexp(x: NDArray[np.float64], row: Row | None) -> Bounded:
    if row is None:
        top = float(np.max(x))  # NaN wherever there is one
        return Bounded(libmp.from_float(top), None)
    while True:
        y = row.logsumexp()
        if y.error is None or y.error < y.value[2] + y.value[3] - BASE_PRECISION + 8:
            return y
        if row.precision >= LARGEST_PRECISION:
            return y
        row = _sharper(row, x)


def _sharper(row: Row, x: NDArray[np.float64]) -> Row:
    distinct, counts = np.unique(x, return_counts=True)
    temperature = libmp.to_float(row.temperature)
    return Row(distinct.tolist(), counts.tolist(), temperature, 2 * row.precision)


def scale(y: Bounded) -> Scaled:
    """Turn one bounded value into a scaled double-word with a radius.

    The nearest double-word is at most 2^−53 |low| away, which the radius takes in beside the
    value's own error; what a float64 cannot hold of the low part leaves its sign as a fact.
    """
    sign, man, exponent, size = y.value
    if man == 0:
        return _scale_special(y)
    man, top = int(man), int(exponent + size - 1)
    if top <= LEAST_BINADE:
        return _tiny(-1.0 if sign else 1.0)
    shift = max(size - 53, 0)
    head = (man + (1 << shift >> 1)) >> shift
    rest = man - (head << shift)
    high, low = ldexp(head, shift + 1 - size), _ldexp(rest, 1 - size)
    radius = abs(low) * 2.0**-52 + (_LEAST if rest else 0.0)
    if y.error is not None:
        radius += _ldexp(1, min(y.error - top, 1000)) * (1 + 2.0**-50) + _LEAST
    side = y.side * (-1 if sign else 1) if rest == 0 else 0
    if low == 0.0 and (y.error is None or y.error < exponent + rest.bit_length() - 1):
        side = side or (rest > 0) - (rest < 0)
    if high == 2.0:
        high, low, radius, top = 1.0, low / 2, radius / 2 + _LEAST, top + 1
    return Scaled(-high, -low, top, radius, -side) if sign else Scaled(high, low, top, radius, side)


_LEAST = 2.0**-1074


def _scale_special(y: Bounded) -> Scaled:
    if y.side:
        return _tiny(float(y.side))
    return Scaled(libmp.to_float(y.value), 0.0, 0, 0.0, 0)


def _tiny(sign: float) -> Scaled:
    """Enclose a value between 0 and sign · 2^(LEAST_BINADE + 1)."""
    return Scaled(sign, 0.0, LEAST_BINADE, 1.0, 0)


def _ldexp(man: int, exponent: int) -> float:
    excess = max(abs(man).bit_length() - 64, 0)
    return ldexp(man >> excess, exponent + excess)
