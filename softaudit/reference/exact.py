"""Exact values by mpmath: each row at a stated precision, with a bound on what is left.

A row is shifted by its maximum m, so that with g_j = (x_j − m)/T, c maxima and
S = Σ_{others} exp(g_j) every value is one of

    softmax      exp(g_j) / (c + S)          1/c − S / (c (c + S)) for a maximum
    log_softmax  g_j − log(c + S)            −log1p(S) for a single maximum
    logsumexp    m/T + log(c + S)

and nothing cancels but the last sum, whose bound says so.

Error analysis.  All operations run at w = p + guard bits, guard = 24 + ⌈log2(n + 1)⌉ + 4; mpmath
rounds + − × ÷ correctly and gives exp and log within 1 ulp at the precision asked for.

1.  x_j − m is exact.  g_j has relative error 2^−w, absolute at most 2^(k−w), where k is the bit
    length of the largest gap that is not dropped (k ≤ 20).  Where the quotient times T is x_j − m
    it has no error at all.
2.  exp(g_j): relative at most 2^(k+1−w) + 2^(1−w), with its count 2^−w more.
3.  S: n positive terms, relative 2^(k+1−w) + (n + 4) 2^−w.  Terms with a gap beyond 2400 + p are
    dropped: a term is below 2^(−3462−p), so n < 2^60 of them are below 2^−3400 2^−p.  Where
    S > 2^−2400 that is nothing; where S is smaller, 2^−3400 stands as its absolute error, which no
    rounding sees but beside a number that a one-sided fact excludes.
4.  c + S and the quotients: three more roundings.  In all, relative 2^(k+3−w) + n 2^(1−w), less
    than 2^(−p−4).
5.  log(c + S): for c = 1 taken of the exact sum 1 + S, and |d log1p(S)/log1p(S)| ≤ |dS/S|; for
    c ≥ 2 the relative error of the sum is divided by log(c + S) ≥ log 2.  Below 2^(−p−3).
6.  g_j − log(c + S): both are ≤ 0, so relative errors do not grow.  The difference is taken
    exactly where g_j is exact.

So softmax and log_softmax are within 2^(−p−2) relatively, and logsumexp within
2^(−p−2) (|m/T| + log(c + S)) absolutely; where that is too little for its own size, p grows.

References
----------
Blanchard, Higham & Higham, IMA J. Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from mpmath import libmp

from softaudit.formats import LEAST_BINADE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from softaudit.model import Function

BASE_PRECISION = 128
"""Bits that every value has at first."""

LARGEST_PRECISION = 1 << 14
"""Bits at which a question that is still open is given up and counted as undecided."""

DROPPED = -3400
"""Exponent of a bound on the sum of all terms that are dropped."""

Mpf = Any
"""An mpmath number as its functions have it: (sign, mantissa, exponent, bit count)."""


class Bounded(NamedTuple):
    """A real number y with |y − value| ≤ 2^error; exact where error is None.

    side −1 says y < value strictly, +1 that y > value: a fact, not a measurement.
    """

    value: Mpf
    error: int | None
    side: int = 0

    def ends(self) -> tuple[Fraction, Fraction]:
        """Give the least and the largest real it may be."""
        middle = to_fraction(self.value)
        slack = Fraction(0) if self.error is None else Fraction(2) ** self.error
        return middle - slack, middle + slack


class Row:
    """One row's exact values at a precision.

    Parameters
    ----------
    values : sequence of float
        Distinct logits of the row, at least one finite, without NaN and +∞.
    counts : sequence of int
        How often each occurs.
    temperature : float
        T̂, positive and finite.
    precision : int
        p: relative errors are below 2^−p.
    others : mpmath number, optional
        S, already known to within 2^(−p−3); then `values` need only hold the maximum and the
        elements that are asked for.
    """

    def __init__(
        self,
        values: Sequence[float],
        counts: Sequence[int],
        temperature: float,
        precision: int,
        others: Mpf | None = None,
    ) -> None:
        self.values = values
        self.counts = counts
        self.precision = precision
        n = sum(counts)
        self.work = precision + 28 + n.bit_length()
        self.temperature = libmp.from_float(temperature)
        self.maximum = max(values)
        self._top = libmp.from_float(self.maximum)
        self._cutoff = 2400 + precision
        self.ties = counts[values.index(self.maximum)]
        gaps = [self._gap(x) for x in values]
        self.gaps = [gap for gap, _ in gaps]
        self._exact_gaps = [exact for _, exact in gaps]
        self.terms = [self._term(g) for g in self.gaps]
        weighted = [
            libmp.mpf_mul_int(e, k, self.work, "n")
            for x, e, k in zip(values, self.terms, counts, strict=True)
            if e is not None and x != self.maximum
        ]
        self._given = others
        self.others = others or libmp.mpf_sum(weighted, self.work, "n")
        self.dropped = any(
            e is None and x > float("-inf") for x, e in zip(values, self.terms, strict=True)
        )
        if others is not None and others[2] + others[3] < DROPPED:
            self.others, self.dropped = libmp.fzero, True

    @cached_property
    def _places(self) -> dict[float, int]:
        return {x: place for place, x in enumerate(self.values)}

    def place(self, x: float) -> int:
        """Give the place of a logit among the row's distinct ones."""
        return self._places[x]

    def scaled(self, x: Mpf) -> tuple[Mpf, bool]:
        """Give x/T, and whether that is exact."""
        if self.temperature[1] == 1:
            return libmp.mpf_shift(x, -self.temperature[2]), True
        quotient = libmp.mpf_div(x, self.temperature, self.work, "n")
        return quotient, libmp.mpf_mul(quotient, self.temperature) == x

    def _gap(self, x: float) -> tuple[Mpf | None, bool]:
        if x == float("-inf"):
            return None, True
        return self.scaled(libmp.mpf_sub(libmp.from_float(x), self._top))

    def _term(self, gap: Mpf | None) -> Mpf | None:
        if gap is None or (gap[1] and libmp.to_int(libmp.mpf_neg(gap)) > self._cutoff):
            return None
        return libmp.mpf_exp(gap, self.work, "n")

    @cached_property
    def total(self) -> Mpf:
        """c + S."""
        return libmp.mpf_add(libmp.from_int(self.ties), self.others, self.work, "n")

    @cached_property
    def log_total(self) -> Mpf:
        """log(c + S), relatively accurate also where it is tiny."""
        exact_sum = libmp.mpf_add(libmp.from_int(self.ties), self.others)
        return libmp.mpf_log(exact_sum, self.work, "n")

    @property
    def rational(self) -> bool:
        """Whether all finite logits are equal."""
        return self.others == libmp.fzero and not self.dropped

    def softmax(self, j: int) -> Bounded:
        """Give exp(g_j) / (c + S)."""
        if self.values[j] == self.maximum:
            return self._softmax_of_maximum()
        if self.gaps[j] is None:
            return Bounded(libmp.fzero, None)
        if self.terms[j] is None:
            return Bounded(libmp.fzero, LEAST_BINADE - 1, +1)
        return self._rounded(libmp.mpf_div(self.terms[j], self.total, self.work, "n"))

    def _softmax_of_maximum(self) -> Bounded:
        if self.ties & (self.ties - 1):
            return self._rounded(libmp.mpf_div(libmp.fone, self.total, self.work, "n"))
        share = libmp.mpf_shift(libmp.fone, 1 - self.ties.bit_length())
        if self.rational:
            return Bounded(share, None)
        if self.others == libmp.fzero:
            return Bounded(share, LEAST_BINADE - 1, -1)
        missing = libmp.mpf_div(libmp.mpf_mul(self.others, share), self.total, self.work, "n")
        return Bounded(libmp.mpf_sub(share, missing), self._error_of_sum(missing))

    def log_softmax(self, j: int) -> Bounded:
        """Give g_j − log(c + S)."""
        gap = self.gaps[j]
        if gap is None:
            return Bounded(libmp.fninf, None)
        if self._exact_gaps[j]:
            if self.log_total == libmp.fzero:
                return Bounded(gap, None) if self.rational else Bounded(gap, LEAST_BINADE - 1, -1)
            error = self._error_of_sum(self.log_total)
            return Bounded(libmp.mpf_sub(gap, self.log_total), error)
        return self._rounded(libmp.mpf_sub(gap, self.log_total, self.work, "n"))

    def logsumexp(self, _: int = 0) -> Bounded:
        """Give m/T + log(c + S)."""
        shift, exact = self.scaled(self._top)
        errors = [] if exact else [self._error(shift)]
        if self.log_total == libmp.fzero:
            errors += [LEAST_BINADE - 2] if self.dropped else []
            side = +1 if self.dropped and exact else 0
            return Bounded(shift, max(errors) + 1 if errors else None, side)
        errors.append(self._error_of_sum(self.log_total))
        return Bounded(libmp.mpf_add(shift, self.log_total), max(errors) + 1)

    def vanishes(self, function: Function, j: int) -> bool:
        """Whether the value is a positive or negative real below 2^LEAST_BINADE in size."""
        y = getattr(self, function)(j)
        if y.value == libmp.fzero:
            return bool(y.side)
        return y.value != libmp.fninf and bool(y.value[2] + y.value[3] <= LEAST_BINADE)

    def vanishing(self, function: Function, j: int) -> Mpf:
        """Give such a value to 2^−p: its logarithm's leading term, the rest being below 2^−2400."""
        if function == "softmax":
            term = far_term(self.values[j], self.maximum, self.temperature, self.work)
            return libmp.mpf_div(term, self.total, self.work, "n")
        others = self._given or libmp.fzero
        if self._given is None:
            far = (
                (far_term(x, self.maximum, self.temperature, self.work), k)
                for x, k in zip(self.values, self.counts, strict=True)
                if float("-inf") < x < self.maximum
            )
            terms = [libmp.mpf_mul_int(term, k, self.work, "n") for term, k in far]
            for term in sorted(terms, key=lambda e: e[2] + e[3]):
                others = libmp.mpf_add(others, term, self.work, "n")
        return libmp.mpf_neg(others) if function == "log_softmax" else others

    def fact(self, function: Function, j: int) -> tuple[Fraction, int] | None:
        """Give a strict one-sided bound: (B, −1) says y < B, (B, +1) says y > B.

        These decide what no precision would: how the value lies to a number that it comes
        arbitrarily close to.
        """
        temperature = to_fraction(self.temperature)
        if function == "logsumexp":
            alone = self.ties == 1 and self.rational
            return None if alone else (Fraction(self.maximum) / temperature, +1)
        if self.rational or self.gaps[j] is None:
            return None
        gap = (Fraction(self.values[j]) - Fraction(self.maximum)) / temperature
        if function == "softmax":
            if gap == 0:
                return Fraction(1, self.ties), -1
            return Fraction(0), +1
        return gap, -1

    def exactly(self, function: Function, j: int) -> Fraction | None:
        """Give the value itself in rows where it is rational: all finite logits equal."""
        if not self.rational or (self.ties > 1 and function != "softmax"):
            return None
        if function == "logsumexp":
            return Fraction(self.maximum) / to_fraction(self.temperature)
        if self.values[j] == float("-inf"):
            return None
        return Fraction(1, self.ties) if function == "softmax" else Fraction(0)

    def _rounded(self, value: Mpf) -> Bounded:
        return Bounded(value, self._error(value))

    def _error_of_sum(self, value: Mpf) -> int:
        """Bound the error of a multiple of S, or of its logarithm, where terms were dropped too."""
        error = self._error(value)
        return max(error, DROPPED) if self.dropped else error

    def _error(self, value: Mpf) -> int:
        # |value| < 2^(exponent + bit count), and its relative error is below 2^(−p−2).
        return int(value[2] + value[3] - self.precision - 2)


def far_term(x: float, maximum: float, temperature: Mpf, precision: int) -> Mpf:
    """Give exp((x − m)/T) within 2^(1−precision), however large the gap is.

    The absolute error of the quotient is the relative one of its exponential, so the quotient gets
    as many more bits as it has before the point.
    """
    gap = libmp.mpf_sub(libmp.from_float(x), libmp.from_float(maximum))
    size = gap[2] + gap[3] - temperature[2] - temperature[3] + 1
    quotient = libmp.mpf_div(gap, temperature, precision + max(int(size), 0), "n")
    return libmp.mpf_exp(quotient, precision, "n")


def to_fraction(x: Mpf) -> Fraction:
    """Give a finite mpmath number as a fraction."""
    sign, man, exponent, _ = x
    size: Fraction = int(man) * Fraction(2) ** int(exponent)
    return -size if sign else size
