"""Condition numbers and errors in the maximum norm, from their definitions."""

from __future__ import annotations

import math
from fractions import Fraction

import flint

from .decide import PRECISIONS
from .errors import is_sharp, to_float
from .rounding import INF
from .row import Row, precision


def condition_number(row: Row, function: str) -> float:
    """Give ‖J‖ ‖x‖ / ‖y‖ with the largest row sum of the Jacobian matrix."""
    size = max(abs(Fraction(x)) for x in row.values) / Fraction(row.temperature)
    exactly = row.rational(function)
    if size == 0 or (row.alone and row.ties == 1 and function != "logsumexp"):
        return 0.0  # J is 0, or what it is multiplied by
    if exactly == 0:
        return INF
    for bits in PRECISIONS:
        jacobian, y = _jacobian(row, function, bits), _largest(row, function, bits)
        with precision(bits):
            found = jacobian * (flint.arb(size.numerator) / size.denominator) / y
        if found.is_finite() and is_sharp(found):
            return to_float(found.mid())
    raise ArithmeticError(f"condition of {function} of {row.values} stays open")


def _jacobian(row: Row, function: str, bits: int) -> flint.arb:
    """Give the largest of Σ_j |∂y_i/∂x_j|, where x stands for x/T."""
    g = [row.ball("softmax", x, bits) for x in row.values]
    with precision(bits):
        total = sum((v * n for v, n in zip(g, row.counts, strict=True)), flint.arb(0))
        if function == "logsumexp":
            return total
        sums = [abs(1 - v) + (total - v) for v in g]
        if function == "softmax":
            sums = [v * s for v, s in zip(g, sums, strict=True)]
        return _most(sums)


def _largest(row: Row, function: str, bits: int) -> flint.arb:
    """Give the largest |y|."""
    places = row.values[-1:] if function == "logsumexp" else row.values
    return _most([abs(row.ball(function, x, bits)) for x in places])


def _most(balls: list[flint.arb]) -> flint.arb:
    found = balls[0]
    for ball in balls[1:]:
        found = found.max(ball)
    return found


def norms(row: Row, function: str, x: list[float], v: list[float]) -> tuple[float, float]:
    """Give max |v − y| and max |y| of a row's results v at x; ∞ if one is not finite."""
    if not all(map(math.isfinite, v)):
        return INF, to_float(_largest(row, function, PRECISIONS[0]).mid())
    pairs = set(zip(x, v, strict=True))
    for bits in PRECISIONS:
        size = _largest(row, function, bits)
        with precision(bits):
            farthest = _most([abs(flint.arb(b) - _at(row, function, a, bits)) for a, b in pairs])
        if is_sharp(farthest):
            break
    return to_float(farthest.mid()), to_float(size.mid())


def _at(row: Row, function: str, x: float, bits: int) -> flint.arb:
    return row.ball(function, x, bits) if math.isfinite(x) else flint.arb(0)
