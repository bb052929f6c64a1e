"""round(y) and ulp(y), by precision that grows until no doubt is left."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .rounding import Form, Rounded, Size, nearest, size_of

if TYPE_CHECKING:
    from fractions import Fraction

    import flint

    from .row import Row

PRECISIONS = (128, 256, 512, 1400, 4096, 1 << 14)

End = tuple[bool, Size]
"""A real number as whether it is negative, and its size."""


def _ends(ball: flint.arb) -> list[End]:
    """Give the least and the largest number of a ball."""
    n, r, e = integers(ball)
    return [(n < r, Size(abs(n - r), e)), (n + r < 0, Size(abs(n + r), e))]


def _cut(ball: flint.arb, bound: tuple[Fraction, int]) -> list[End]:
    """Give the same, the ball being cut at a bound that lies in it."""
    ends = _ends(ball)
    limit, side = bound
    if _contains(*integers(ball), limit):
        negative = limit < 0 or (limit == 0 and side < 0)
        size = size_of(limit)
        ends[side < 0] = negative, Size(size.n, size.e, -side if negative else side)
    return ends


def _agreed(ends: list[End], form: Form) -> Rounded | None:
    """Give what both ends are rounded to, if that and their units are the same."""
    (negative, least), (also_negative, most) = ends
    a, b = nearest(least, form), nearest(most, form)
    if a.unit != b.unit or (negative != also_negative and (a.value or b.value)):
        return None
    if a.value != b.value and not (math.isnan(a.value) and math.isnan(b.value)):
        return None
    return Rounded(-a.value if negative else a.value, a.unit)


def integers(ball: flint.arb) -> tuple[int, int, int]:
    """Give middle, radius and their common exponent."""
    n, middle = dyadic(ball.mid())
    r, radius = dyadic(ball.rad())
    e = min(middle, radius)
    return n << (middle - e), r << (radius - e), e


def _contains(n: int, r: int, e: int, limit: Fraction) -> bool:
    """Whether (n ± r) · 2^e holds a limit; one that is no binary fraction is not asked about."""
    places = limit.denominator.bit_length() - 1
    if limit.denominator != 1 << places:
        return False
    common = min(e, -places)
    middle, radius = n << (e - common), r << (e - common)
    return abs(middle - (limit.numerator << (-places - common))) <= radius


def dyadic(x: flint.arb) -> tuple[int, int]:
    n, e = x.man_exp()
    return int(n), int(e)


def decide(row: Row, function: str, x: float, form: Form) -> Rounded:
    """Give round(y) and the exponent of ulp(y), at whatever precision it takes."""
    exactly = row.rational(function)
    if exactly is not None:
        found = nearest(size_of(exactly), form)
        return Rounded(-found.value if exactly < 0 else found.value, found.unit)
    for bits in PRECISIONS:
        ball = row.ball(function, x, bits)
        found = _agreed(_ends(ball), form)
        found = found or _agreed(_cut(ball, row.bound(function, x)), form)
        if found:
            return found
    raise ArithmeticError(f"{function} at {x} of {row.values} stays open")
