"""Every algorithm once more, one number at a time, in exact rationals.

A number of a format is a Python float.  Each step takes the exact result, a fraction (or for exp
and log 300 bits of mpmath), and rounds it with the judge's integers.  Sums follow the words of
softaudit's documentation, written as recursions.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache, partial

import mpmath

from ..judge import FORMS, INF, Form, round_ratio, round_rational

NAN = float("nan")
CHUNK = 4096


class Scalar:
    """The operations of one format, or of one that flushes subnormal numbers or saturates."""

    def __init__(self, name: str, *, flushes: bool = False, saturates: bool = False) -> None:
        self.form: Form = FORMS[name]
        self.flushes, self.saturates = flushes, saturates
        self.add = lru_cache(None)(self._add)
        self.fma = lru_cache(None)(self._fma)
        self.divide = lru_cache(None)(self._divide)
        self.exp = lru_cache(None)(self._exp)
        self.log = lru_cache(None)(self._log)
        self.exp2 = lru_cache(None)(self._exp2)
        self.log1p = lru_cache(None)(self._log1p)

    def round(self, x: Fraction | float) -> float:
        return self._within(round_rational(x, self.form), x)

    def round_ratio(self, n: int, d: int) -> float:
        return self._within(round_ratio(n, d, self.form), -1 if n < 0 else 1)

    def _within(self, y: float, x: Fraction | float) -> float:
        if self.saturates and not math.isfinite(y) and x == x:  # noqa: PLR0124 -- no NaN
            return math.copysign(self.largest(), x)
        if self.flushes and abs(y) < self.form.least_normal:
            return math.copysign(0.0, y)
        return y

    def _add(self, a: float, b: float) -> float:
        if not (math.isfinite(a) and math.isfinite(b)):
            return self.round(a + b)
        (n, d), (m, e) = a.as_integer_ratio(), b.as_integer_ratio()
        return self.round_ratio(n * e + m * d, d * e)

    def subtract(self, a: float, b: float) -> float:
        return self.add(a, -b)

    def _divide(self, a: float, b: float) -> float:
        if math.isfinite(a) and math.isfinite(b) and b != 0:
            (n, d), (m, e) = a.as_integer_ratio(), b.as_integer_ratio()
            return self.round_ratio(n * e if m > 0 else -n * e, d * abs(m))
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

    def multiply(self, a: float, b: float) -> float:
        return self.fma(a, b, 0.0)

    def _fma(self, a: float, b: float, c: float) -> float:
        if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
            return self.round(a * b + c)
        (n, d), (m, e), (k, f) = (x.as_integer_ratio() for x in (a, b, c))
        return self.round_ratio(n * m * f + k * d * e, d * e * f)

    def scale(self, a: float, n: float) -> float:
        """Give a · 2^n."""
        if math.isnan(a) or math.isnan(n) or not math.isfinite(a):
            return a
        bounded = int(max(min(n, 3000.0), -3000.0))
        return self.round(Fraction(a) * Fraction(2) ** bounded)

    def largest(self) -> float:
        return float(self.form.largest)

    def _exp2(self, a: float) -> float:
        if math.isnan(a):
            return NAN
        if abs(a) > 3000:
            return self.round(INF if a > 0 else 0.0)
        if a == int(a):
            return self.round(Fraction(2) ** int(a))
        return self._of_real(lambda x: mpmath.power(2, x), a)

    def _log1p(self, a: float) -> float:
        if math.isnan(a) or a < -1:
            return NAN
        if a in (-1, INF):
            return self.round(-INF if a == -1 else INF)
        return self._of_real(mpmath.log1p, a)

    def _of_real(self, function, a: float) -> float:
        with mpmath.workprec(300):
            y = function(mpmath.mpf(a))
        n, e = y.man_exp
        size = Fraction(int(n)) * Fraction(2) ** int(e)
        return self.round(-size if y < 0 else size)


NARROW = ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")
WIDE = ("float32", "float64")
SCALARS = {name: Scalar(name) for name in (*NARROW, *WIDE)}


@lru_cache(None)
def variant(name: str, *, flushes: bool, saturates: bool) -> Scalar:
    """Give a format's operations; only those of eight bits saturate."""
    return Scalar(name, flushes=flushes, saturates=saturates and name.startswith("float8"))


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
    return scalar.round(summed(accumulator, order, [accumulator.round(t) for t in terms]))


def summed(accumulator: Scalar, order: str, terms: list[float]) -> float:
    """Sum numbers of the accumulator's format."""
    if order == "compensated":
        return compensated(accumulator, terms)
    tree = {"pairwise": pairwise, "sequential": sequential}[order]
    return tree(accumulator.add, terms)


def constant(scalar: Scalar, value: mpmath.mpf) -> float:
    n, e = value.man_exp
    size = Fraction(int(n)) * Fraction(2) ** int(e)
    return scalar.round(-size if value < 0 else size)


with mpmath.workprec(400):
    LOG_2 = +mpmath.log(2)
    LOG2_E = 1 / mpmath.log(2)


class Model:
    """One storage format, compute format, accumulator, order and block size.

    What the last run passed through stays: the arguments and results of exp, their sum, and the
    probabilities of which a logarithm was taken.
    """

    def __init__(
        self,
        storage: str,
        compute: str,
        accumulate: str,
        order: str,
        block_size: int = 64,
        *,
        flushes: bool = False,
        saturates: bool = False,
    ) -> None:
        of = partial(variant, flushes=flushes, saturates=saturates)
        self.storage, self.scalar, self.accumulator = map(of, (storage, compute, accumulate))
        self.posed = variant(storage, flushes=False, saturates=saturates)
        self.order, self.block_size = order, block_size
        self.arguments: list[float] = []
        self.exponentials: list[float] = []
        self.sum = NAN
        self.probabilities: list[float] | None = None

    def run(self, function: str, algorithm: str, x: list[float], temperature: float) -> list[float]:
        """Give what a cell's algorithm makes of a row as read."""
        t = self.posed.round(temperature)
        logits = [self.posed.round(v) for v in x]
        if self.scalar.flushes:
            logits = [self.scalar.round(v) for v in logits]
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

    def softmax_reciprocal(self, x: list[float]) -> list[float]:
        e = self.exp(self.shifted(x))
        over = self.scalar.divide(1.0, self.total(e))
        return [self.scalar.multiply(v, over) for v in e]

    def softmax_division_free(self, x: list[float]) -> list[float]:
        y = self.logsumexp_stable(x)[0]
        return self.exp([self.scalar.subtract(v, y) for v in x])

    def softmax_online(self, x: list[float]) -> list[float]:
        tops = [v if math.isnan(v) else max(v, -self.scalar.largest()) for v in x]
        ones = [self.scalar.exp(self.scalar.subtract(v, m)) for v, m in zip(x, tops, strict=True)]

        def shrink(d: float, gap: float) -> float:
            factor = self.accumulator.round(self.scalar.exp(gap))
            return self.accumulator.multiply(d, factor)

        m, self.sum = self.pairs(list(zip(tops, ones, strict=True)), shrink)
        e = self.exp([self.scalar.subtract(v, m) for v in x])
        return [self.scalar.divide(v, self.sum) for v in e]

    def softmax_two_pass(self, x: list[float]) -> list[float]:
        s = self.scalar
        with mpmath.workprec(400):
            c, high = constant(s, LOG2_E), constant(s, LOG_2)
            low = constant(s, LOG_2 - mpmath.mpf(high))
        n = [self.bounded_integer(s.multiply(v, c)) for v in x]
        t = [s.fma(k, -low, s.fma(k, -high, v)) for k, v in zip(n, x, strict=True)]
        mantissas = self.exp(t)
        pairs = list(zip(n, mantissas, strict=True))
        top, self.sum = self.pairs(pairs, self.accumulator.scale)
        over = s.divide(1.0, self.sum)
        return [s.scale(s.multiply(e, over), s.subtract(k, top)) for k, e in pairs]

    def bounded_integer(self, v: float) -> float:
        if math.isnan(v):
            return v
        whole = v if math.isinf(v) else float(round(v))
        return max(min(whole, self.scalar.largest()), -self.scalar.largest())

    def pairs(self, pairs: list, shrink) -> tuple[float, float]:
        """Add (m, d) and (m', d') to (max, d shrunk by m − max + d' shrunk by m' − max)."""

        def add(a, b):
            m = maximum([a[0], b[0]])
            parts = [shrink(d, self.scalar.subtract(top, m)) for top, d in (a, b)]
            return m, self.accumulator.add(*parts)

        entered = [(m, self.accumulator.round(d)) for m, d in pairs]
        if self.order == "sequential":
            entered[0] = (
                entered[0][0],
                shrink(entered[0][1], self.scalar.subtract(*[entered[0][0]] * 2)),
            )
        tree = {"pairwise": pairwise, "sequential": sequential}[self.order]
        m, d = tree(add, entered)
        return m, self.scalar.round(d)

    def softmax_blockwise(self, x: list[float]) -> list[float]:
        s = self.scalar
        return self.blocks(x, lambda v, c, u: s.subtract(s.multiply(v, c), u))

    def softmax_blockwise_fma(self, x: list[float]) -> list[float]:
        return self.blocks(x, lambda v, c, u: self.scalar.fma(v, c, -u))

    def blocks(self, x: list[float], argument) -> list[float]:
        """Take block after block; what came before is rescaled, as a kernel does its output."""
        s, acc = self.scalar, self.accumulator
        c = constant(s, LOG2_E)
        outputs: list[float] = []
        self.arguments, d, m = [], 0.0, -INF
        for start in range(0, len(x), self.block_size):
            block = x[start : start + self.block_size]
            before, m = m, maximum([m, *block])
            known = 0.0 if math.isinf(m) else m
            u = s.multiply(known, c)
            arguments = [argument(v, c, u) for v in block]
            e = [s.exp2(v) for v in arguments]
            block_sum = summed(acc, self.order, [acc.round(v) for v in e])
            if start:
                r = s.exp2(s.multiply(s.subtract(before, known), c))
                if r != 1:
                    outputs = [s.multiply(v, r) for v in outputs]
                    d = acc.multiply(d, acc.round(r))
                d = acc.add(d, block_sum)
            else:
                d = block_sum
            outputs += e
            self.arguments += arguments
        self.sum, self.exponentials = s.round(d), outputs
        over = s.divide(1.0, self.sum)
        return [s.multiply(v, over) for v in outputs]

    def log_softmax_folded_shift(self, x: list[float]) -> list[float]:
        y = self.logsumexp_stable(x)[0]
        return [self.scalar.subtract(v, y) for v in x]

    def log_softmax_log1p(self, x: list[float]) -> list[float]:
        shifted = self.shifted(x)
        others = self.log1p_of_others(x, shifted)
        return [self.scalar.subtract(v, others) for v in shifted]

    def logsumexp_log1p(self, x: list[float]) -> list[float]:
        top = maximum(x)
        shifted = x if math.isinf(top) else self.shifted(x)
        return [self.scalar.add(top, self.log1p_of_others(x, shifted))]

    def log1p_of_others(self, x: list[float], shifted: list[float]) -> float:
        """Take log1p of the sum, with 0 in place of the first maximum's exponential."""
        e = self.exp(shifted)
        top = maximum(x)
        place = next(i for i, v in enumerate(x) if v == top or math.isnan(v))
        return self.scalar.log1p(self.total([*e[:place], 0.0, *e[place + 1 :]]))


def maximum(x: list[float]) -> float:
    return NAN if any(map(math.isnan, x)) else max(x)
