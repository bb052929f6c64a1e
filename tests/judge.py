"""A second judge, written from the definitions alone: it imports nothing of softaudit.

Exact values are Arb balls (python-flint) whose precision grows until rounding and unit are decided
and every error has thirteen digits; numbers of the formats are rounded as integers.  softaudit's
own judge uses mpmath and double-words, so that the two have no line and no library in common.

    Question(logits, function, format, temperature).judge(outputs)

gives the figures of one cell.  A value whose position no precision would show (softmax of a
dominant class below 1, say) is decided by the same theorem that makes it so: by
Lindemann–Weierstrass, softmax and logsumexp of rational logits are rational only where all finite
logits of the row are equal (for logsumexp: is only one).
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from decimal import Context, Decimal
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import flint
import ml_dtypes  # noqa: F401  NumPy then knows the narrow dtypes by name
import numpy as np

INF = float("inf")
PRECISIONS = (128, 256, 512, 1400, 4096, 1 << 14)
NEGLIGIBLE_GAP = 10**6


class Form(NamedTuple):
    """A number format: written down here once more, from IEEE 754 and the float8 paper."""

    precision: int
    emin: int
    largest: int
    overflow: float = INF

    @property
    def least_exponent(self) -> int:
        return self.emin - self.precision + 1

    @property
    def least_normal(self) -> float:
        return math.ldexp(1.0, self.emin)


FORMS = {
    "float16": Form(11, -14, 65504),
    "bfloat16": Form(8, -126, 0xFF << 120),
    "float32": Form(24, -126, (2**24 - 1) << 104),
    "float64": Form(53, -1022, (2**53 - 1) << 971),
    "float8_e4m3fn": Form(4, -6, 448, float("nan")),
    "float8_e5m2": Form(3, -14, 57344),
}


class Size(NamedTuple):
    """A real number ≥ 0: n · 2^e, or for side ±1 one just above or just below it."""

    n: int
    e: int
    side: int = 0


class Rounded(NamedTuple):
    """The nearest number of a format, and the exponent of the exact number's unit."""

    value: float
    unit: int


def nearest(size: Size, form: Form) -> Rounded:
    """Round to nearest, ties to even, as integers."""
    n, e, side = size
    binade = form.emin
    if n:
        just_below_a_power = side < 0 and n & (n - 1) == 0
        binade = max(n.bit_length() - 1 + e - just_below_a_power, form.emin)
    unit = binade - form.precision + 1
    count = _nearest_count(n, unit - e, side)
    if count.bit_length() + unit > 0 and count << max(unit, 0) > form.largest << max(-unit, 0):
        return Rounded(form.overflow, unit)
    return Rounded(math.ldexp(count, unit), unit)


def _nearest_count(n: int, shift: int, side: int) -> int:
    if shift <= 0:
        return n << -shift
    count, rest = n >> shift, n & ((1 << shift) - 1)
    half = 1 << (shift - 1)
    up = rest > half or (rest == half and (side > 0 or (side == 0 and count & 1)))
    return count + up


def size_of(x: Fraction) -> Size:
    """Give |x|; what does not end in 4000 binary places is known to lie above its digits."""
    n, d = abs(x.numerator), x.denominator
    if d & (d - 1) == 0:
        return Size(n, 1 - d.bit_length())
    count, rest = divmod(n << 4000, d)
    return Size(count, -4000, 1 if rest else 0)


def round_rational(x: Fraction | float, form: Form) -> float:
    """Round a rational number, ties to even."""
    if isinstance(x, float) and not math.isfinite(x):
        return math.copysign(form.overflow, x) if math.isinf(x) else x
    x = Fraction(x)
    value = nearest(size_of(x), form).value
    return -value if x < 0 else value


def round_array(x: np.ndarray, form: Form) -> np.ndarray:
    """Round float64 numbers, each distinct one once."""
    distinct, inverse = np.unique(x, return_inverse=True)
    rounded = np.array([round_rational(v, form) for v in distinct.tolist()], dtype=np.float64)
    return rounded[inverse].reshape(x.shape)


@contextmanager
def precision(bits: int):
    """Work at a precision, and leave the global one as it was."""
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


class Row:
    """Exact values of one row: finite and −∞ logits, at least one of them finite."""

    def __init__(self, x: np.ndarray, temperature: float) -> None:
        distinct, counts = np.unique(x[np.isfinite(x)], return_counts=True)
        self.values = distinct.tolist()
        self.counts = counts.tolist()
        self.maximum = self.values[-1]
        self.ties = self.counts[-1]
        self.temperature = temperature
        self._balls: dict[tuple[str, int], dict[float, flint.arb]] = {}

    @property
    def alone(self) -> bool:
        """Whether all finite logits are equal."""
        return len(self.values) == 1

    def rational(self, function: str) -> Fraction | None:
        """Give the value, the same for all finite logits, where it is rational."""
        if not self.alone:
            return None
        if function == "softmax":
            return Fraction(1, self.ties)
        if self.ties > 1:
            return None
        if function == "log_softmax":
            return Fraction(0)
        return Fraction(self.maximum) / Fraction(self.temperature)

    def bound(self, function: str, x: float) -> tuple[Fraction, int]:
        """Give what y, being irrational, lies strictly below (−1) or above (+1)."""
        t = Fraction(self.temperature)
        if function == "logsumexp":
            return Fraction(self.maximum) / t, 1
        if function == "log_softmax":
            return (Fraction(x) - Fraction(self.maximum)) / t, -1
        return (Fraction(1, self.ties), -1) if x == self.maximum else (Fraction(0), 1)

    def ball(self, function: str, x: float, bits: int) -> flint.arb:
        """Enclose the value at a logit (for logsumexp: at the maximum)."""
        if (function, bits) not in self._balls:
            with precision(bits):
                self._balls[function, bits] = dict(self._all_balls(function))
        return self._balls[function, bits][x]

    def _all_balls(self, function: str):
        t, top = flint.arb(self.temperature), flint.arb(self.maximum)
        gaps = [(flint.arb(x) - top) / t for x in self.values]
        terms = [_exp(g) for g in gaps]
        others = flint.arb(0)
        for term, count in zip(terms[:-1], self.counts, strict=False):
            others += term * count
        total = self.ties + others
        if function == "softmax":
            yield from ((x, e / total) for x, e in zip(self.values, terms, strict=True))
            return
        log_total = others.log1p() if self.ties == 1 else total.log()
        if function == "log_softmax":
            yield from ((x, g - log_total) for x, g in zip(self.values, gaps, strict=True))
        else:
            yield self.maximum, top / t + log_total


def _exp(gap: flint.arb) -> flint.arb:
    if gap > -NEGLIGIBLE_GAP:
        return gap.exp()
    # Positive and below e^(−10^6) < 2^(−1.4·10^6).
    half = flint.arb((1, -1_400_001))
    return flint.arb(half, half)


End = tuple[bool, Size]
"""A real number as whether it is negative, and its size."""


def _ends(ball: flint.arb) -> list[End]:
    """Give the least and the largest number of a ball."""
    n, r, e = _integers(ball)
    return [(n < r, Size(abs(n - r), e)), (n + r < 0, Size(abs(n + r), e))]


def _cut(ball: flint.arb, bound: tuple[Fraction, int]) -> list[End]:
    """Give the same, the ball being cut at a bound that lies in it."""
    ends = _ends(ball)
    limit, side = bound
    if _contains(*_integers(ball), limit):
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


def _integers(ball: flint.arb) -> tuple[int, int, int]:
    """Give middle, radius and their common exponent."""
    n, middle = _dyadic(ball.mid())
    r, radius = _dyadic(ball.rad())
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


def _dyadic(x: flint.arb) -> tuple[int, int]:
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


class Errors(NamedTuple):
    """One result's errors: in ulp, as such, and over |y|."""

    ulp: float
    absolute: float
    relative: float


NOT_FINITE = Errors(INF, INF, INF)


def measure(row: Row, function: str, x: float, v: float, unit: int) -> Errors:
    """Measure a result; every error has thirteen digits, or is below 2^−1200."""
    if not math.isfinite(v):
        return NOT_FINITE
    exactly = row.rational(function)
    if exactly is not None:
        return _measure_rational(exactly, v, unit)
    for bits in PRECISIONS:
        y = row.ball(function, x, bits)
        with precision(bits):
            distance = abs(flint.arb(v) - y)
            if _sharp(distance) or bits == PRECISIONS[-1]:
                absolute = distance.mid()
                relative = 1.0 if v == 0 else _quotient(absolute, abs(y))
                return Errors(_float(absolute, unit), _float(absolute), relative)
    raise AssertionError


def _sharp(distance: flint.arb) -> bool:
    radius, middle = distance.rad(), distance.mid()
    return bool(radius * 10**13 <= middle) or bool(radius + middle < _TINY)


_TINY = flint.arb((1, -1200))


def _quotient(a: flint.arb, b: flint.arb) -> float:
    quotient = a / b
    return _float(quotient.mid()) if quotient.is_finite() else INF


def _float(x: flint.arb, unit: int = 0) -> float:
    """Give a number in units of 2^unit."""
    n, e = _dyadic(x)
    e -= unit
    if n.bit_length() + e > 1024:
        return INF
    excess = max(n.bit_length() - 64, 0)
    return math.ldexp(n >> excess, e + excess)


def _measure_rational(y: Fraction, v: float, unit: int) -> Errors:
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
        n, r, e = _integers(row.ball(function, x, bits))
        if n.bit_length() + e < -5000:
            return None
        if r.bit_length() < n.bit_length() - 210:
            return _decimal(n, e)
    return None


DIGITS = Context(prec=60, Emin=-(10**9), Emax=10**9)


def _decimal(n: int, e: int) -> Decimal:
    """Give n · 2^e to 60 digits."""
    return DIGITS.divide(Decimal(n << max(e, 0)), Decimal(1 << max(-e, 0)))


def _kind(x: np.ndarray, rounded: np.ndarray, function: str) -> str:
    """Say what becomes of a row: the logits as read are asked first, then what rounding did."""
    if np.isnan(x).any():
        return "nan"
    if function != "logsumexp":
        if (x == INF).any():
            return "positive_infinity"
        if (x == -INF).all():
            return "all_masked"
    bad = np.isnan(rounded) | ((rounded == INF) & (x != INF))
    none_left = np.isfinite(x).any() and not np.isfinite(rounded).any()
    return "lost_to_cast" if bad.any() or none_left else "audited"


class Element(NamedTuple):
    """One result beside what is exact, and how often the same occurs in its row."""

    v: float
    y: float
    rounded: float
    errors: Errors | None
    cast: float | None
    count: int

    @property
    def counted(self) -> bool:
        return math.isfinite(self.y) and math.isfinite(self.rounded)


class Question:
    """One function asked of logits in one storage format.

    Parameters
    ----------
    logits : array_like, shape (..., columns)
        Any float dtype.
    function : str
        softmax, log_softmax or logsumexp.
    format : str
        A key of `FORMS`.
    temperature : float
    """

    def __init__(self, logits, function: str, format: str, temperature: float = 1.0) -> None:
        x = np.asarray(logits)
        self.function = function
        self.form = FORMS[format]
        self.shape = x.shape[:-1] if function == "logsumexp" else x.shape
        self.given = x.shape
        self.x = x.astype(np.float64).reshape(-1, x.shape[-1])
        self.rounded = round_array(self.x, self.form)
        self.original_temperature = float(temperature)
        self.temperature = round_rational(float(temperature), self.form)
        pairs = zip(self.x, self.rounded, strict=True)
        self.kinds = [_kind(x, rounded, function) for x, rounded in pairs]
        self._decided: dict[tuple[int, float], Rounded] = {}
        self._casts: dict[tuple[int, float, float], float | None] = {}
        self._kept: dict[int, bool] = {}

    @cached_property
    def rows(self) -> list[Row | None]:
        """One exact row for each that is audited and has a finite logit."""
        return [self._row(x, self.temperature) for x in self.rounded]

    @cached_property
    def originals(self) -> list[Row | None]:
        """The same on the logits as read."""
        return [self._row(x, self.original_temperature) for x in self.x]

    def _row(self, x: np.ndarray, temperature: float) -> Row | None:
        usable = np.isfinite(x).any() and not np.isnan(x).any() and not (x == INF).any()
        return Row(x, temperature) if usable else None

    def correctly_rounded(self) -> np.ndarray:
        """Give round(y) everywhere; NaN in rows without an answer."""
        values = [self._rounded_row(i) for i in range(len(self.x))]
        return np.array(values, dtype=np.float64).reshape(self.shape)

    def _rounded_row(self, i: int) -> list[float]:
        places = self._places(i)
        if self.kinds[i] not in ("audited", "lost_to_cast"):
            return [math.nan] * len(places)
        if np.isnan(self.rounded[i]).any():
            return [math.nan] * len(places)
        if self.function != "logsumexp" and self.rows[i] is None:
            return [math.nan] * len(places)
        return [self._decide(i, hat)[1].value for _, hat in places]

    def _places(self, i: int) -> list[tuple[float, float]]:
        """Give (x, x̂) of every value that the function has on a row."""
        if self.function == "logsumexp":
            return [(float(self.x[i].max()), float(self.rounded[i].max()))]
        return list(zip(self.x[i].tolist(), self.rounded[i].tolist(), strict=True))

    def answer(self, i: int, hat: float) -> tuple[float, float]:
        """Give y, or 1 for any real but 0, and round(y)."""
        y, found = self._decide(i, hat)
        return y, found.value

    def _decide(self, i: int, hat: float) -> tuple[float, Rounded]:
        """Give a stand-in for y (0, ±∞, or 1 for other reals), round(y) and the unit."""
        if not math.isfinite(hat):
            y = 0.0 if self.function == "softmax" else hat
            return y, Rounded(math.copysign(self.form.overflow, y) if y else y, self.least)
        if (i, hat) not in self._decided:
            self._decided[i, hat] = decide(self.rows[i], self.function, hat, self.form)
        return float(self.rows[i].rational(self.function) != 0), self._decided[i, hat]

    @property
    def least(self) -> int:
        return self.form.least_exponent

    def judge(self, outputs) -> dict:
        """Give the figures of a cell that returned these outputs."""
        v = np.asarray(outputs).astype(np.float64).reshape(len(self.x), -1)
        audited = [i for i, kind in enumerate(self.kinds) if kind == "audited"]
        rows = [self._elements(i, v[i].tolist()) for i in audited]
        elements = [e for row in rows for e in row]
        return {
            "elements": sum(e.count for e in elements),
            "rows": self._row_counts(),
            "overflow": {**self._cast_counts(), **self._overflow(elements)},
            "underflow": {**self._underflow(elements), "lost_mass": self._lost_mass(audited, v)},
            "out_of_range": self._out_of_range(elements),
            **_error_figures(elements),
            "correctly_rounded": _count(elements, lambda e: e.v == e.rounded),
            "cast_error": _cast_figures(elements),
            "row_sum": self._row_sum(v[audited]),
            "largest": max((abs(e.v) for e in elements if math.isfinite(e.v)), default=0.0),
        }

    def worst(self, index: tuple[int, ...], computed: float) -> tuple[Errors, Decimal | None]:
        """Give the errors of one result that counts, and the exact value to 60 digits."""
        if self.function == "logsumexp":
            index = (*index, int(np.argmax(self.rounded.reshape(*self.shape, -1)[index])))
        i, j = np.unravel_index(np.ravel_multi_index(index, self.given), self.x.shape)
        hat = float(self.rounded[i, j])
        if not math.isfinite(hat):
            return self._measure_mask(computed), Decimal(0)
        unit = self._decide(int(i), hat)[1].unit
        row = self.rows[i]
        errors = measure(row, self.function, hat, computed, unit)
        return errors, decimal(row, self.function, hat)

    def _elements(self, i: int, v: list[float]) -> list[Element]:
        triples: dict[tuple[float, float, float | None], int] = {}
        for (x, hat), value in zip(self._places(i), v, strict=True):
            key = x, hat, None if math.isnan(value) else value
            triples[key] = triples.get(key, 0) + 1
        return [
            self._element(i, x, hat, math.nan if v is None else v, count)
            for (x, hat, v), count in triples.items()
        ]

    def _element(self, i: int, x: float, hat: float, v: float, count: int) -> Element:
        y, (rounded, unit) = self._decide(i, hat)
        errors = None
        if math.isfinite(y) and math.isfinite(rounded):
            on_row = math.isfinite(hat)
            errors = measure(self.rows[i], self.function, hat, v, unit) if on_row else None
            errors = errors or self._measure_mask(v)
        return Element(v, y, rounded, errors, self._cast_error(i, x, hat), count)

    def _measure_mask(self, v: float) -> Errors:
        """Measure a softmax whose exact value is 0."""
        return _measure_rational(Fraction(0), v, self.least) if math.isfinite(v) else NOT_FINITE

    def _cast_error(self, i: int, x: float, hat: float) -> float | None:
        """Give |exact(x̂, T̂) − exact(x, T)| in ulp of the latter, where both are real."""
        if (i, x, hat) not in self._casts:
            self._casts[i, x, hat] = self._new_cast_error(i, x, hat)
        return self._casts[i, x, hat]

    def _new_cast_error(self, i: int, x: float, hat: float) -> float | None:
        before, after = self.originals[i], self.rows[i]
        if not math.isfinite(x):
            return 0.0 if self.function == "softmax" else None
        if not math.isfinite(hat) and self.function != "softmax":
            return None
        unit = decide(before, self.function, x, self.form).unit
        if self._same(i):
            return 0.0
        for bits in PRECISIONS:
            y = before.ball(self.function, x, bits)
            moved = after.ball(self.function, hat, bits) if math.isfinite(hat) else flint.arb(0)
            with precision(bits):
                distance = abs(moved - y)
            if _sharp(distance):
                break
        return _float(distance.mid(), unit)

    def _same(self, i: int) -> bool:
        """Whether rounding left the row's answer as it was."""
        if i not in self._kept:
            answers = {row.rational(self.function) for row in (self.originals[i], self.rows[i])}
            same = self.temperature == self.original_temperature
            same = same and np.array_equal(self.x[i], self.rounded[i])
            self._kept[i] = same or (len(answers) == 1 and None not in answers)
        return self._kept[i]

    def _row_counts(self) -> dict[str, int]:
        names = ("audited", "nan", "positive_infinity", "all_masked", "lost_to_cast")
        return {name: self.kinds.count(name) for name in names}

    def _cast_counts(self) -> dict[str, int]:
        good = np.isin(self.kinds, ("audited", "lost_to_cast"))[:, None]
        over = good & np.isfinite(self.x) & ~np.isfinite(self.rounded)
        return {"cast": int(over.sum()), "cast_to_mask": int((over & (self.rounded == -INF)).sum())}

    def _overflow(self, elements: list[Element]) -> dict[str, int]:
        """Give the counts that results alone tell.

        Of a logarithm's −∞ only the steps say whether they count as `result`, `premature` or
        `zeroed`: `vanished` is what the three make together, less the rest of `result`.
        """
        logarithm = self.function != "softmax"
        return {
            "result": _count(
                elements,
                lambda e: math.isnan(e.v)
                or (e.counted and math.isinf(e.v) and not (logarithm and e.v < 0)),
            ),
            "vanished": _count(elements, lambda e: logarithm and e.counted and e.v == -INF),
            "nan": _count(elements, lambda e: math.isnan(e.v)),
            "forced": _count(elements, lambda e: math.isfinite(e.y) and not e.counted),
            "mismatch": _count(elements, lambda e: math.isinf(e.y) and e.v != e.y),
        }

    def _underflow(self, elements: list[Element]) -> dict[str, int]:
        real_and_lost = [e for e in elements if math.isfinite(e.y) and e.y != 0 and e.v == 0]
        premature = None
        if self.function == "softmax":
            premature = _count(real_and_lost, lambda e: e.rounded != 0)
        return {
            "forced": _count(real_and_lost, lambda e: e.rounded == 0),
            "premature": premature,
            "subnormal": _count(elements, lambda e: 0 < abs(e.v) < self.form.least_normal),
        }

    def _out_of_range(self, elements: list[Element]) -> int | None:
        if self.function == "logsumexp":
            return None
        if self.function == "softmax":
            return _count(elements, lambda e: e.v < 0 or e.v > 1)
        return _count(elements, lambda e: e.v > 0)

    def _lost_mass(self, audited: list[int], v: np.ndarray) -> float | None:
        if self.function != "softmax" or not audited:
            return None
        return max(self._lost_in_row(i, v[i].tolist()) for i in audited)

    def _lost_in_row(self, i: int, v: list[float]) -> float:
        lost = [x for x, value in zip(self.rounded[i].tolist(), v, strict=True) if value == 0]
        with precision(128):
            mass = flint.arb(0)
            for x in lost:
                if math.isfinite(x):
                    mass += self.rows[i].ball("softmax", x, 128)
            return _float(mass.mid())

    def _row_sum(self, v: np.ndarray) -> dict[str, float] | None:
        if self.function != "softmax" or len(v) == 0:
            return None
        return {"max_defect": max(_defect(row) for row in v.tolist())}


def _defect(row: list[float]) -> float:
    if not all(map(math.isfinite, row)):
        return INF
    return float(abs(sum(map(Fraction, row)) - 1))


def _count(elements: list[Element], holds) -> int:
    return sum(e.count for e in elements if holds(e))


def _error_figures(elements: list[Element]) -> dict:
    counted = [e for e in elements if e.errors is not None]
    errors = sorted((e.errors.ulp, e.count) for e in counted)
    finite = [(error, count) for error, count in errors if error < INF]
    over = sum(count for _, count in finite)
    return {
        "ulp": {
            "max": errors[-1][0] if errors else None,
            "mean": math.fsum(e * k for e, k in finite) / over if over else None,
            "mean_over": over,
            "p50": _nearest_rank(errors, Fraction(1, 2)),
            "p99": _nearest_rank(errors, Fraction(99, 100)),
            "p999": _nearest_rank(errors, Fraction(999, 1000)),
        },
        "absolute": {"max": max((e.errors.absolute for e in counted), default=None)},
        "relative": {"max": max((e.errors.relative for e in counted), default=None)},
    }


def _nearest_rank(errors: list[tuple[float, int]], part: Fraction) -> float | None:
    """Give the smallest error that at least this part of all errors do not exceed."""
    rank = math.ceil(part * sum(count for _, count in errors))
    for error, count in errors:
        rank -= count
        if rank <= 0:
            return error
    return None


def _cast_figures(elements: list[Element]) -> dict[str, float | None]:
    errors = [(e.cast, e.count) for e in elements if e.cast is not None]
    over = sum(count for _, count in errors)
    return {
        "max": max((error for error, _ in errors), default=None),
        "mean": math.fsum(e * k for e, k in errors) / over if over else None,
    }


def judge(logits, function: str, format: str, temperature: float, outputs) -> dict:
    """Give the figures of one cell; see `Question`."""
    return Question(logits, function, format, temperature).judge(outputs)
