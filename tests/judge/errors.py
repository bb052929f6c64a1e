"""How far a result lies from the exact value, to thirteen digits."""

from __future__ import annotations

import math
from decimal import Context, Decimal
from fractions import Fraction
from typing import NamedTuple

import flint

from .decide import PRECISIONS, dyadic, integers
from .rounding import INF
from .row import Row, precision


class Errors(NamedTuple):
    """One result's errors: in ulp, as such, and over |y|."""

    ulp: float
    absolute: float
    relative: float


NOT_FINITE = Errors(INF, INF, INF)


def measure(row: Row, function: str, x: float, v: float, unit: int) -> Errors:
    """Measure a result; every error has thirteen digits, or is below 2^−2500."""
    if not math.isfinite(v):
        return NOT_FINITE
    exactly = row.rational(function)
    if exactly is not None:
        return measure_rational(exactly, v, unit)
    for bits in PRECISIONS:
        y = row.ball(function, x, bits)
        with precision(bits):
            distance = abs(flint.arb(v) - y)
            if is_sharp(distance) or bits == PRECISIONS[-1]:
                absolute = distance.mid()
                relative = 1.0 if v == 0 else _quotient(absolute, abs(y))
                return Errors(to_float(absolute, unit), to_float(absolute), relative)
    raise AssertionError


def is_sharp(distance: flint.arb) -> bool:
    radius, middle = distance.rad(), distance.mid()
    return bool(radius * 10**13 <= middle) or bool(radius + middle < _TINY)


_TINY = flint.arb((1, -2500))


def _quotient(a: flint.arb, b: flint.arb) -> float:
    quotient = a / b
    return to_float(quotient.mid()) if quotient.is_finite() else INF


def to_float(x: flint.arb, unit: int = 0) -> float:
    """Give a number in units of 2^unit."""
    n, e = dyadic(x)
    if n == 0:
        return 0.0
    e -= unit
    if n.bit_length() + e > 1024:
        return INF
    excess = max(n.bit_length() - 64, 0)
    return math.ldexp(n >> excess, e + excess)


def measure_rational(y: Fraction, v: float, unit: int) -> Errors:
    distance = abs(Fraction(v) - y)
    relative = distance / abs(y) if y else (0 if not distance else INF)
    return Errors(*map(_rational_float, (distance / Fraction(2) ** unit, distance, relative)))


def _rational_float(q: Fraction | float) -> float:
    try:
        return float(q)
    except OverflowError:
        return INF


def decimal(row: Row, function: str, x: float) -> Decimal | None:
    """Give y to 60 digits; None below 2^−5000."""
    exactly = row.rational(function)
    if exactly is not None:
        return DIGITS.divide(Decimal(exactly.numerator), Decimal(exactly.denominator))
    for bits in PRECISIONS:
        n, r, e = integers(row.ball(function, x, bits))
        if n.bit_length() + e < -5000:
            return None
        if r.bit_length() < n.bit_length() - 210:
            return _decimal(n, e)
    return None


DIGITS = Context(prec=60, Emin=-(10**9), Emax=10**9)


def _decimal(n: int, e: int) -> Decimal:
    """Give n · 2^e to 60 digits."""
    return DIGITS.divide(Decimal(n << max(e, 0)), Decimal(1 << max(-e, 0)))
