"""From enclosures and doubts to decisions, and to figures that hold to the last digit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from mpmath import libmp

from softaudit.formats import LEAST_BINADE, Format, binade, round_fraction
from softaudit.model import Enclosure, Function, Verdict
from softaudit.reference import decide
from softaudit.reference.certified import Peak, Terms
from softaudit.reference.exact import BASE_PRECISION, LARGEST_PRECISION, Mpf, Row
from softaudit.reference.sharp import SharpSum, sharp_sum

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from softaudit.model import Problem

Side = Literal[-1, 0, 1]


def judge(y: Enclosure, problem: Problem, function: Function) -> Verdict:
    """Decide rounding and ulp for the problem's format, by mpmath where the enclosure cannot.

    Parameters
    ----------
    y : Enclosure
        Of the function on the problem.
    problem : Problem
    function : str

    Returns
    -------
    Verdict
        `undecided` counts questions still open at the largest precision.
    """
    form = problem.format
    rounded, ulp, doubtful = decide.at_once(y, form)
    settled = undecided = 0
    for i, j in doubtful:
        decision = settle(problem, function, i, j)
        if decision is None:
            undecided += 1
        else:
            settled += 1
            rounded[i, j], at = decision
            ulp[i, j] = np.ldexp(1.0, max(at, form.emin) - form.precision + 1)
    return Verdict(y, rounded, ulp, settled, undecided)


def settle(problem: Problem, function: Function, i: int, j: int) -> tuple[float, int] | None:
    """Give (round(y), ⌊log2|y|⌋) of one value, at growing precision; None if it stays open."""
    for row, place in _growing(problem, function, i, j):
        ends = _ends(row, function, place)
        decisions = [(round_fraction(v, problem.format, s), binade(v, s)) for v, s in ends]
        if repr(decisions[0]) == repr(decisions[-1]):  # where NaN equals itself
            return decisions[0]
        if all(b <= LEAST_BINADE for _, b in decisions):
            return 0.0, LEAST_BINADE
    return None


def _growing(problem: Problem, function: Function, i: int, j: int) -> Iterator[tuple[Row, int]]:
    """Give a row and the element's place in it at growing precision.

    The first has the row's enclosed sum, where there is one; only then mpmath sums the row itself.
    """
    x, temperature = problem.values[i], problem.temperature
    enclosed = _enclosed_sum(x.tobytes(), temperature)
    if enclosed is not None:
        top = float(x.max())
        values = sorted({float(x[j]), top})
        counts = [int(np.count_nonzero(x == value)) for value in values]
        yield Row(values, counts, temperature, enclosed.bits, enclosed.others), 0
    precision = BASE_PRECISION
    while precision <= LARGEST_PRECISION:
        row = _row(x.tobytes(), temperature, precision)
        yield row, 0 if function == "logsumexp" else row.values.index(x[j])
        precision *= 2


@lru_cache(maxsize=8)
def _row(x: bytes, temperature: float, precision: int) -> Row:
    """Sum a whole row by mpmath; several cells often have their worst elements in the same one."""
    distinct, counts = np.unique(np.frombuffer(x), return_counts=True)
    return Row(distinct.tolist(), counts.tolist(), temperature, precision)


@lru_cache(maxsize=64)
def _enclosed_sum(row: bytes, temperature: float) -> SharpSum | None:
    x = np.frombuffer(row)
    peak = Peak.of(x[None])
    if not peak.tame(temperature)[0]:
        return None
    if not Terms(x[None], temperature, peak).share().ordinary()[0]:
        return None
    return sharp_sum(x, temperature, peak)


def _ends(row: Row, function: Function, j: int) -> tuple[tuple[Fraction, Side], ...]:
    """Give the ends of what y may be, each with the side of it on which y lies."""
    exactly = row.exactly(function, j)
    if exactly is not None:
        return ((exactly, 0),)
    least, most = getattr(row, function)(j).ends()
    ends: list[tuple[Fraction, Side]] = [(least, 0), (most, 0)]
    fact = row.fact(function, j)
    if fact is not None:
        bound, side = fact
        if side < 0 and most >= bound:
            ends[1] = (bound, -1)
        if side > 0 and least <= bound:
            ends[0] = (bound, +1)
    return tuple(ends)


@dataclass(frozen=True, slots=True)
class Figures:
    """mpmath's figures of one result: exact value as decimal, and the errors against it."""

    exact: str
    ulp: float
    absolute: float
    relative: float


def figures(
    problem: Problem, function: Function, place: tuple[int, int], computed: float, form: Format
) -> Figures:
    """Measure one result to the last digit that is printed.

    Precision grows until both ends of what y may be give the same 25 digits, and errors that
    agree to one part in 2^32.

    Parameters
    ----------
    place : tuple of int
        Row and column in the problem.
    computed : float
        v; for NaN and ±∞ every error is ∞.
    form : Format
        Whose ulp is the unit.
    """
    answer = None
    for row, j in _growing(problem, function, *place):
        if row.vanishes(function, j):
            return _measure_vanishing(row.vanishing(function, j), computed, form)
        ends = _ends(row, function, j)
        found = [_measure(v, s, computed, form) for v, s in ends]
        answer = found[0]
        if found[0] != found[-1]:
            answer = _measure((ends[0][0] + ends[-1][0]) / 2, 0, computed, form)
        if _agree(found[0], found[-1]):
            break
    return cast("Figures", answer)


def _agree(a: Figures, b: Figures) -> bool:
    """Whether two measurements print alike: 25 digits, and errors to one part in 2^32."""
    pairs = (a.ulp, b.ulp), (a.absolute, b.absolute), (a.relative, b.relative)
    return a.exact == b.exact and all(
        p == q or abs(p - q) <= 2.0**-32 * max(abs(p), abs(q)) for p, q in pairs
    )


def _measure(y: Fraction, side: Side, computed: float, form: Format) -> Figures:
    decimal = _decimal(y)
    if not np.isfinite(computed):
        return Figures(decimal, np.inf, np.inf, np.inf)
    error = abs(Fraction(computed) - y)
    quantum = Fraction(2) ** (max(binade(y, side), form.emin) - form.precision + 1)
    relative = _to_float(error / abs(y)) if y else (0.0 if error == 0 else np.inf)
    return Figures(decimal, _to_float(error / quantum), _to_float(error), relative)


def _measure_vanishing(y: Mpf, computed: float, form: Format) -> Figures:
    """Measure against a value below 2^LEAST_BINADE, which no difference of doubles can see."""
    decimal = libmp.to_str(y, DIGITS)
    if not np.isfinite(computed):
        return Figures(decimal, np.inf, np.inf, np.inf)
    size = Fraction(abs(computed))
    error = _to_float(size / Fraction(2) ** form.subnormal_exponent)
    return Figures(decimal, error, float(size), np.inf if computed else 1.0)


def _decimal(y: Fraction) -> str:
    """Round a rational number once, to 25 significant digits, ties to even."""
    context = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN, Emin=MIN_EMIN, Emax=MAX_EMAX)
    quotient = context.divide(Decimal(y.numerator), Decimal(y.denominator))
    return str(quotient).replace("E+", "e").replace("E", "e")


DIGITS = 25


def _to_float(q: Fraction) -> float:
    try:
        return float(q)
    except OverflowError:
        return np.inf
