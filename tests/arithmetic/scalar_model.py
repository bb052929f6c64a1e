"""Every algorithm once more, one number at a time, in exact rationals.

A number of a format is a Python float.  Each step takes the exact result, a fraction (or for exp
and log 300 bits of mpmath), and rounds it with the judge's integers.  Sums follow the words of
softaudit's documentation, written as recursions.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import mpmath

from ..judge import FORMS, INF, Form, round_rational

NAN = float("nan")
CHUNK = 4096


class Scalar:
    """The operations of one format."""

    def __init__(self, name: str) -> None:
        self.form: Form = FORMS[name]
        self.add = lru_cache(None)(self._add)
        self.divide = lru_cache(None)(self._divide)
        self.exp = lru_cache(None)(self._exp)
        self.log = lru_cache(None)(self._log)

    def round(self, x: Fraction | float) -> float:
        return round_rational(x, self.form)

    def _add(self, a: float, b: float) -> float:
        if not (math.isfinite(a) and math.isfinite(b)):
            return self.round(a + b)
        return self.round(Fraction(a) + Fraction(b))

    def subtract(self, a: float, b: float) -> float:
        return self.add(a, -b)

    def _divide(self, a: float, b: float) -> float:
        if math.isfinite(a) and math.isfinite(b) and b != 0:
            return self.round(Fraction(a) / Fraction(b))
        both_zero, both_infinite = a == b == 0, math.isinf(a) and math.isinf(b)
        if math.isnan(a) or math.isnan(b) or both_zero or both_infinite:
            return NAN
        if math.isinf(b):
            return 0.0
        return self.round(math.copysign(INF, a) * math.copysign(1.0, b))

    def _exp(self, a: float) -> float:
        if math.isnan(a):
            return NAN
        if abs(a) > 1000:
            return self.round(INF if a > 0 else 0.0)
        return self._of_real(mpmath.exp, a)

    def _log(self, a: float) -> float:
        if math.isnan(a) or a < 0:
            return NAN
        if a in (0, INF):
            return self.round(-INF if a == 0 else INF)
        return self._of_real(mpmath.log, a)

    def _of_real(self, function, a: float) -> float:
        with mpmath.workprec(300):
            y = function(mpmath.mpf(a))
        n, e = y.man_exp
        size = Fraction(int(n)) * Fraction(2) ** int(e)
        return self.round(-size if y < 0 else size)


NARROW = ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")
WIDE = ("float32", "float64")
SCALARS = {name: Scalar(name) for name in (*NARROW, *WIDE)}


def pairwise(add, terms: list):
    """Sum by a balanced tree fixed by position: chunks of 4096, then adjacent pairs of chunks."""
    chunks = [terms[i : i + CHUNK] for i in range(0, len(terms), CHUNK)]
    return adjacent(add, [folded(add, chunk, 0, 1) for chunk in chunks])


def folded(add, terms: list, at: int, step: int):
    """Sum every step-th term from a place on: the tree that folding the upper half down makes."""
    if at + step >= len(terms):
        return terms[at]
    return add(folded(add, terms, at, 2 * step), folded(add, terms, at + step, 2 * step))


def adjacent(add, sums: list):
    if len(sums) == 1:
        return sums[0]
    pairs = [add(a, b) for a, b in zip(sums[::2], sums[1::2], strict=False)]
    return adjacent(add, pairs + sums[2 * len(pairs) :])


def sequential(add, terms: list):
    partial = terms[0]
    for term in terms[1:]:
        partial = add(partial, term)
    return partial


def two_sum(scalar: Scalar, a: float, b: float) -> tuple[float, float]:
    """Give the sum, and what it lost (Knuth)."""
    s = scalar.add(a, b)
    b_part = scalar.subtract(s, a)
    a_part = scalar.subtract(s, b_part)
    return s, scalar.add(scalar.subtract(a, a_part), scalar.subtract(b, b_part))


def compensated(scalar: Scalar, terms: list[float]) -> float:
    def add(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
        s, lost = two_sum(scalar, a[0], b[0])
        return s, scalar.add(scalar.add(a[1], b[1]), lost)

    s, lost = pairwise(add, [(t, 0.0) for t in terms])
    return scalar.add(s, lost) if math.isfinite(s) else s


def total(scalar: Scalar, accumulator: Scalar, order: str, terms: list[float]) -> float:
    """Sum in the accumulator's format, and round on leaving it."""
    taken = [accumulator.round(t) for t in terms]
    if order == "compensated":
        return scalar.round(compensated(accumulator, taken))
    tree = {"pairwise": pairwise, "sequential": sequential}[order]
    return scalar.round(tree(accumulator.add, taken))


class Model:
    """One storage format, compute format, accumulator and order.

    What the last run passed through stays: the arguments and results of exp, their sum, and the
    probabilities of which a logarithm was taken.
    """

    def __init__(self, storage: str, compute: str, accumulate: str, order: str) -> None:
        self.storage, self.scalar = SCALARS[storage], SCALARS[compute]
        self.accumulator, self.order = SCALARS[accumulate], order
        self.arguments: list[float] = []
        self.exponentials: list[float] = []
        self.sum = NAN
        self.probabilities: list[float] | None = None

    def run(self, function: str, algorithm: str, x: list[float], temperature: float) -> list[float]:
        """Give what a cell's algorithm makes of a row as read."""
        t = self.storage.round(temperature)
        logits = [self.storage.round(v) for v in x]
        self.probabilities = None
        if t != 1.0:
            logits = [self.scalar.divide(v, t) for v in logits]
        name = f"{function}_{algorithm}".replace("-", "_")
        return [self.storage.round(v) for v in getattr(self, name)(logits)]

    def exp(self, x: list[float]) -> list[float]:
        self.arguments, self.exponentials = x, [self.scalar.exp(v) for v in x]
        return self.exponentials

    def total(self, terms: list[float]) -> float:
        self.sum = total(self.scalar, self.accumulator, self.order, terms)
        return self.sum

    def shifted(self, x: list[float]) -> list[float]:
        top = maximum(x)
        return [self.scalar.subtract(v, top) for v in x]

    def log_of(self, probabilities: list[float]) -> list[float]:
        self.probabilities = probabilities
        return [self.scalar.log(p) for p in probabilities]

    def softmax_naive(self, x: list[float]) -> list[float]:
        e = self.exp(x)
        s = self.total(e)
        return [self.scalar.divide(v, s) for v in e]

    def softmax_stable(self, x: list[float]) -> list[float]:
        return self.softmax_naive(self.shifted(x))

    def log_softmax_naive(self, x: list[float]) -> list[float]:
        return self.log_of(self.softmax_naive(x))

    def log_softmax_log_of_softmax(self, x: list[float]) -> list[float]:
        return self.log_of(self.softmax_stable(x))

    def log_softmax_stable(self, x: list[float]) -> list[float]:
        shifted = self.shifted(x)
        log_sum = self.logsumexp_naive(shifted)[0]
        return [self.scalar.subtract(v, log_sum) for v in shifted]

    def logsumexp_naive(self, x: list[float]) -> list[float]:
        return [self.scalar.log(self.total(self.exp(x)))]

    def logsumexp_stable(self, x: list[float]) -> list[float]:
        top = maximum(x)
        if math.isinf(top):
            return self.logsumexp_naive(x)
        return [self.scalar.add(top, self.logsumexp_naive(self.shifted(x))[0])]


def maximum(x: list[float]) -> float:
    return NAN if any(map(math.isnan, x)) else max(x)
