"""Sums that overflow, stall, or grow too fast."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import inf, log
from typing import TYPE_CHECKING

import numpy as np
import pytest
from mpmath import mp, mpf

import softaudit

from ..cells import cell_of
from ..judge import FORMS, round_rational

if TYPE_CHECKING:
    from ..judge.rounding import Form

FLOAT16, BFLOAT16 = FORMS["float16"], FORMS["bfloat16"]


def left_to_right(terms, form) -> Fraction:
    """Sum in one accumulator, every partial sum rounded to the format."""
    total = Fraction(0)
    for term in terms:
        total = Fraction(round_rational(total + term, form))
    return total


@cache
def exponential(x: Fraction, form: Form) -> Fraction:
    """Give exp of a rational number, correctly rounded."""
    with mp.workdps(60):
        exact = mp.exp(mpf(x.numerator) / x.denominator)
        return Fraction(round_rational(Fraction(mp.nstr(exact, 50)), form))


def test_float16_sum_of_65536_equal_terms_overflows():
    """jax: a float16 row of equal logits gets softmax 0 everywhere, its logsumexp is ∞."""
    n = 2**16
    assert round_rational(Fraction(n), FLOAT16) == inf  # 65520 is where rounding to ∞ begins
    assert round_rational(Fraction(1, n), FLOAT16) == 2.0**-16  # and the answer is a number
    cell = cell_of(np.zeros(n), "softmax/float16/stable")
    assert (cell.overflow["sum"], cell.overflow["exp"]) == (1, 0)
    assert cell.overflow["zeroed"] == cell.underflow["premature"] == n
    assert cell.underflow["lost_mass"] == cell.row_sum_defect == 1.0
    assert cell.ulp["max"] == 2**-16 / 2**-24
    assert cell.worst[0].cause == "sum-overflow"


def test_float16_logarithms_of_an_infinite_sum():
    """torch on a CPU: float16 log_softmax of 65536 equal logits is −∞, where exact is −log n."""
    row = np.zeros(2**16)
    cell = cell_of(row, "log_softmax/float16/stable")
    assert (cell.overflow["sum"], cell.overflow["zeroed"]) == (1, row.size)
    assert float(cell.worst[0].exact) == pytest.approx(-16 * log(2), rel=1e-15)
    cell = cell_of(row, "logsumexp/float16/stable")
    assert (cell.worst[0].computed, cell.overflow["sum"], cell.overflow["result"]) == (inf, 1, 1)
    assert float(cell.worst[0].exact) == pytest.approx(16 * log(2), rel=1e-15)


def test_a_sum_overflows_where_no_exponential_does():
    """Among 2500 published float16 rows 4 do so: looking at the exponentials finds nothing."""
    row = [11.0, 11.0, 10.9]
    terms = [exponential(Fraction(round_rational(x, FLOAT16)), FLOAT16) for x in row]
    assert max(terms) < FLOAT16.largest
    assert round_rational(sum(terms), FLOAT16) == inf
    cell = cell_of(row, "softmax/float16/naive")
    assert (cell.overflow["exp"], cell.overflow["sum"], cell.overflow["zeroed"]) == (0, 1, 3)
    assert {w.cause for w in cell.worst} == {"sum-overflow"}
    assert cell_of(row, "softmax/float16/stable").overflow["sum"] == 0


@pytest.mark.parametrize(
    ("form", "stalls_at", "n"),
    [("float16", 2048, 4096), ("bfloat16", 256, 512), ("float8_e5m2", 8, 16)],
)
def test_an_accumulator_stalls_and_the_row_sums_to_2(form, stalls_at, n):
    """candle#3727: float16 rows sum to about 2.0; executorch#20090: bfloat16 stalls at 256."""
    assert left_to_right([Fraction(1)] * n, FORMS[form]) == stalls_at
    cell = cell_of(np.zeros(n), f"softmax/{form}:{form}:{form}:sequential/stable")
    assert cell.row_sum_defect == Fraction(n, stalls_at) - 1 == 1
    (worst,) = cell.worst
    assert (worst.computed, float(worst.exact)) == (1 / stalls_at, 1 / n)
    assert (worst.relative, worst.cause) == (1.0, "sum-stall")
    assert cell_of(np.zeros(n), f"softmax/{form}/stable").row_sum_defect == 0


def test_an_accumulator_rounds_up_and_the_row_sums_to_less_than_1():
    """tt-metal#52045: bfloat16 rows of 8192 sum to 0.865, for the accumulator had 16 bits.

    In ascending order the terms are between half of the sum's unit and a whole one, most of them,
    and make the sum grow by a whole one.
    """
    logits = np.linspace(-37.0, 0.0, 8192)
    terms = [exponential(Fraction(round_rational(x, BFLOAT16)), BFLOAT16) for x in logits.tolist()]
    total = left_to_right(terms, BFLOAT16)
    probabilities = {t: Fraction(round_rational(t / total, BFLOAT16)) for t in set(terms)}
    row_sum = sum(probabilities[t] for t in terms)
    assert 0.86 < row_sum < 0.87
    cell = cell_of(logits, "softmax/bfloat16:bfloat16:bfloat16:sequential/stable")
    assert cell.row_sum_defect == pytest.approx(float(1 - row_sum), rel=1e-12)
    assert cell_of(logits, "softmax/bfloat16:float32/stable").row_sum_defect < 2**-9


def test_numpy_s_own_sum_is_no_float16_sum():
    """8000 float16 ones sum to 8000 over a contiguous axis, and to 2048 one after the other."""
    ones = np.ones(8000, dtype=np.float16)
    assert (ones.sum(), np.cumsum(ones)[-1]) == (8000, 2048)
    for order, total in (("numpy", 8000), ("sequential", 2048), ("pairwise", 8000)):
        p = softaudit.compute(
            "softmax", np.zeros(8000), format="float16", algorithm="stable", order=order
        )
        assert set(p.tolist()) == {round_rational(Fraction(1, total), FLOAT16)}


def test_float8_probability_mass_vanishes():
    """flashinfer#5020: float8 probabilities become 0, and logsumexp, still right, does not show it.

    p = 2^−11 is less than half of e4m3fn's least number 2^−9.
    """
    n = 2048
    assert round_rational(Fraction(1, n), FORMS["float8_e4m3fn"]) == 0
    cell = cell_of(np.zeros(n), "softmax/float8_e4m3fn:float32/stable")
    assert (cell.underflow["forced"], cell.underflow["premature"]) == (n, 0)
    assert cell.underflow["lost_mass"] == cell.row_sum_defect == 1.0
    assert cell.ulp["max"] == 2**-11 / 2**-9
    assert cell_of(np.zeros(n), "logsumexp/float8_e4m3fn:float32/stable").correctly_rounded == 1
