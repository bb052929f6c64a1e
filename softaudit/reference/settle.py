"""From enclosures and doubts to decisions, and to figures that hold to the last digit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Protocol, cast

import numpy as np
from mpmath import libmp

from softaudit.formats import LEAST_BINADE, Format, binade, round_fraction
from softaudit.model import Decision, Enclosure, Function
from softaudit.reference import decide
from softaudit.reference.certified import Terms
from softaudit.reference.exact import BASE_PRECISION, LARGEST_PRECISION, Mpf, Row
from softaudit.reference.sharp import SharpSum, sharp_sum
from softaudit.reference.windows import Peak

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from softaudit.model import Problem

Side = Literal[-1, 0, 1]

QUESTIONS_PER_ROW = 1000
"""Values of one row, function and format that are looked at one by one; the rest stay undecided.

Enclosures leave one in some 2^30 open by chance, and all of a row that was made for it.
"""


class Answers(Protocol):
    """One row's logits, to whoever asks about single elements."""

    def growing(self, x: float, function: Function) -> Iterator[tuple[Row, int, str]]:
        """Give rows of growing precision, the place of x in them, and the tier.

        The tiers: "enclosed_sum", of mpmath with the sum that double-words give; "mpmath" alone.
        """


def judge(
    y: Enclosure,
    problem: Problem,
    function: Function,
    row: Answers | None = None,
    by_mpmath: NDArray[np.bool_] | None = None,
) -> Decision:
    """Decide rounding and ulp for the problem's format, by mpmath where the enclosure cannot.

    Parameters
    ----------
    y : Enclosure
        Of the function on the problem.
    problem : Problem
    function : str
    row : Answers, optional
        The whole row of which the problem is a window.
    by_mpmath : ndarray of bool, shape (rows,), optional
        Rows whose enclosures mpmath made.

    Returns
    -------
    Decision
        At most `QUESTIONS_PER_ROW` questions of a row, and of a window, are asked of mpmath;
        `undecided` counts those beyond, and those still open at the largest precision.
    """
    form = problem.format
    rounded, ulp, doubtful = decide.at_once(y, form)
    several = np.zeros(len(rounded), np.bool_) if by_mpmath is None else by_mpmath
    tiers = Counter(mpmath=int(np.count_nonzero(several)) * rounded.shape[-1])
    tiers["double_word"] = rounded.size - tiers["mpmath"]
    asked: Counter[int] = Counter()
    for i, j in doubtful:
        asked[i] += 1
        tier, decision = "undecided", None
        if asked[i] <= QUESTIONS_PER_ROW:
            answers = row or ShortRow(problem.values[i], problem.temperature)
            tier, decision = settle(answers, float(problem.values[i, j]), function, form)
        tiers["mpmath" if several[i] else "double_word"] -= 1
        tiers[tier if decision is None or not several[i] else "mpmath"] += 1
        if decision is not None:
            rounded[i, j], at = decision
            ulp[i, j] = np.ldexp(1.0, max(at, form.emin) - form.precision + 1)
    return Decision(y, rounded, ulp, tiers)


def settle(
    row: Answers, x: float, function: Function, form: Format
) -> tuple[str, tuple[float, int] | None]:
    """Give the tier that decides, and (round(y), ⌊log2|y|⌋) of one value; None if it stays open."""
    for at, place, tier in row.growing(x, function):
        ends = _ends(at, function, place)
        decisions = [(round_fraction(v, form, s), binade(v, s)) for v, s in ends]
        if repr(decisions[0]) == repr(decisions[-1]):  # where NaN equals itself
            return tier, decisions[0]
        if all(b <= LEAST_BINADE for _, b in decisions):
            return tier, (0.0, LEAST_BINADE)
    return "undecided", None


class ShortRow:
    """The answers of a row that is all there; see `Answers`."""

    def __init__(self, x: NDArray[np.float64], temperature: float) -> None:
        self._x = x
        self._temperature = temperature

    def growing(self, x: float, function: Function) -> Iterator[tuple[Row, int, str]]:
        """See `Answers`."""
        row, temperature = self._x.tobytes(), self._temperature
        enclosed = _enclosed_sum(row, temperature)
        if enclosed is not None:
            yield two_values(enclosed, x, self._x, temperature), 0, "enclosed_sum"
        precision = BASE_PRECISION
        while precision <= LARGEST_PRECISION:
            whole = _row(row, temperature, precision)
            yield whole, 0 if function == "logsumexp" else whole.place(x), "mpmath"
            precision *= 2


def two_values(enclosed: SharpSum, x: float, row: NDArray[np.float64], temperature: float) -> Row:
    """Give a row of which only an element and the maximum are looked at, in this order or equal."""
    values = [x] if (top := float(row.max())) == x else [x, top]
    counts = [int(np.count_nonzero(row == value)) for value in values]
    return Row(values, counts, temperature, enclosed.bits, enclosed.others)


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


def figures(row: Answers, x: float, function: Function, computed: float, form: Format) -> Figures:
    """Measure one result to the last digit that is printed.

    Precision grows until both ends of what y may be give the same 25 digits, and errors that
    agree to one part in 2^32.

    Parameters
    ----------
    row : Answers
    x : float
        x̂ of the element; anything for a function of the whole row.
    function : str
    computed : float
        v; for NaN and ±∞ every error is ∞.
    form : Format
        Whose ulp is the unit.
    """
    answer = None
    for at, j, _ in row.growing(x, function):
        if at.vanishes(function, j):
            y = at.vanishing(function, j)
            answer = _measure_vanishing(y, computed, form)
            if _digits_hold(y, at.precision):
                break
            continue
        ends = _ends(at, function, j)
        found = [_measure(v, s, computed, form) for v, s in ends]
        answer = found[0]
        if found[0] != found[-1]:
            answer = _measure((ends[0][0] + ends[-1][0]) / 2, 0, computed, form)
        if _agree(found[0], found[-1]):
            break
    return cast("Figures", answer)


def _digits_hold(y: Mpf, precision: int) -> bool:
    """Whether all that lies within 2^−precision of a number has the same digits."""
    slack = libmp.mpf_shift(y, -precision)
    ends = libmp.mpf_sub(y, slack), libmp.mpf_add(y, slack)
    return bool(libmp.to_str(ends[0], DIGITS) == libmp.to_str(ends[1], DIGITS))


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
