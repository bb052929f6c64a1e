"""The limits of number formats, computed from their parameters.

Nothing here is copied from a table: thresholds are logarithms of the formats' own numbers, taken by
mpmath, and the neighbours beside them are found by asking what exp of each rounds to.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from mpmath import libmp

from softaudit.formats import FORMATS, Format, round_to, ulp_at

if TYPE_CHECKING:
    from collections.abc import Sequence

PRECISION = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """What one format can and cannot do.

    Attributes
    ----------
    format : str
    precision, emin, emax : int
        Significant bits, and the exponents of the least normal and of the largest number.
    largest, least_normal, least_subnormal : float
    ulp_of_one : float
    exp_overflows, exp_subnormal, exp_zero : str
        Logits beyond which exp, correctly rounded, is not finite, is subnormal, is 0: reals, as
        decimals of 25 digits.
    last_finite : float
        The largest logit of the format whose exponential is finite.
    last_normal, last_nonzero : float
        The least logits of the format whose exponentials are normal, and not 0.
    ones_stall : int
        A sequential sum of so many ones does not grow any further.
    ones_overflow : int
        The least row length at which a sum of ones that does not stall overflows.
    overflow_gives : str
        "inf" or "nan".
    """

    format: str
    precision: int
    emin: int
    emax: int
    largest: float
    least_normal: float
    least_subnormal: float
    ulp_of_one: float
    exp_overflows: str
    exp_subnormal: str
    exp_zero: str
    last_finite: float
    last_normal: float
    last_nonzero: float
    ones_stall: int
    ones_overflow: int
    overflow_gives: str


def limits(formats: Sequence[str] = ()) -> tuple[Limits, ...]:
    """Compute the limits of formats, of all of them by default.

    Parameters
    ----------
    formats : sequence of str
        Names in `softaudit.formats.FORMATS`.
    """
    return tuple(_limits(FORMATS[name]) for name in formats or FORMATS)


def _limits(form: Format) -> Limits:
    # Rounding goes to the even neighbour at a tie, so a tie with the next power of two overflows
    # where that neighbour would be the even one.
    last_step = Fraction(ulp_at(form.largest, form))
    overflow = Fraction(form.largest) + last_step / 2
    subnormal = Fraction(form.least_normal) - Fraction(form.least_subnormal) / 2
    zero = Fraction(form.least_subnormal) / 2
    return Limits(
        format=form.name,
        precision=form.precision,
        emin=form.emin,
        emax=form.emax,
        largest=form.largest,
        least_normal=form.least_normal,
        least_subnormal=form.least_subnormal,
        ulp_of_one=ulp_at(1.0, form),
        exp_overflows=_decimal(overflow),
        exp_subnormal=_decimal(subnormal),
        exp_zero=_decimal(zero),
        last_finite=_beside(overflow, form, -1),
        last_normal=_beside(subnormal, form, +1),
        last_nonzero=_beside(zero, form, +1),
        ones_stall=2**form.precision,
        ones_overflow=_first_overflow(overflow, form),
        overflow_gives="inf" if form.has_infinity else "nan",
    )


def _log(q: Fraction) -> tuple[int, int, int, int]:
    x = libmp.from_rational(q.numerator, q.denominator, PRECISION, "n")
    found: tuple[int, int, int, int] = libmp.mpf_log(x, PRECISION, "n")
    return found


def _decimal(q: Fraction) -> str:
    return str(libmp.to_str(_log(q), 25))


def _beside(q: Fraction, form: Format, side: int) -> float:
    """Give the number of a format next to log(q), on one side; log(q) itself is irrational."""
    threshold = _log(q)
    nearest = float(round_to(np.array([libmp.to_float(threshold)]), form)[0])
    step = ulp_at(nearest, form)
    candidates = [nearest + k * step for k in (-1, 0, 1)]
    inside = [x for x in candidates if libmp.mpf_cmp(libmp.from_float(x), threshold) * side > 0]
    return min(inside, key=lambda x: abs(x - nearest))


def _first_overflow(overflow: Fraction, form: Format) -> int:
    # At the tie itself the even neighbour is taken: the overflow where the largest is odd.
    return int(overflow) + (form.top % 2 == 0)
