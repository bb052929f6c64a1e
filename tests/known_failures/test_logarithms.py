"""Logarithms: what a 1 absorbs, what cancels, and the logarithm of a zero."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from math import inf, log

import numpy as np
import pytest
from mpmath import mp, mpf

import softaudit

from .. import cells
from ..cells import error_ulp, exact, ulp
from ..judge import FORMS, round_rational

cell_of = partial(cells.cell_of, elementary="correct")


@pytest.mark.parametrize("algorithm", ["naive", "log-of-softmax", "stable"])
@pytest.mark.parametrize(("form", "gap"), [("float64", 40.0), ("float32", 30.0)])
def test_log_softmax_of_a_dominant_class_is_0(algorithm, form, gap):
    """torch: log_softmax([40, 0]) in float64 is 0.0 for the top class, where exact is −4.25e-18.

    In float32 so is cross_entropy([30, 0], 0): softmax collapse (arXiv:2501.04697).  1 absorbs
    e^−gap, which is less than half of its unit.
    """
    p = FORMS[form].precision
    assert mp.exp(-gap) < mpf(2) ** -p
    y = exact("log_softmax", [gap, 0.0])[0]
    assert mp.almosteq(y, -mp.exp(-gap), rel_eps=1e-12)
    worst = cell_of([gap, 0.0], f"log_softmax/{form}/{algorithm}").worst[0]
    assert (worst.index, worst.computed, worst.relative) == ((0,), 0, 1)
    assert worst.ulp == pytest.approx(float(-y / ulp(y, form)), rel=1e-9)
    assert 2 ** (p - 1) <= worst.ulp < 2**p
    assert worst.cause == "absorption"


@pytest.mark.parametrize(
    ("function", "form", "row"),
    [
        ("log_softmax", "float64", [40.0, 0.0]),
        ("log_softmax", "float32", [30.0, 0.0]),
        ("log_softmax", "float64", [0.0, -40.0, -40.0]),
        ("logsumexp", "float64", [0.0, -40.0]),
    ],
)
def test_log1p_keeps_what_1_absorbs(function, form, row):
    """scipy#19521, pytorch#113708: log1p of the sum without the maximum is right within an ulp."""
    values = softaudit.compute(function, row, format=form, algorithm="log1p", elementary="correct")
    values = np.atleast_1d(values).tolist()
    assert 0 not in values
    errors = [error_ulp(v, y, form) for v, y in zip(values, exact(function, row), strict=True)]
    assert max(errors) < 1
    cell = cell_of(row, f"{function}/{form}/log1p")
    assert cell.ulp["max"] == pytest.approx(max(errors), rel=1e-9)


@pytest.mark.parametrize("size", [1e4, 1e8, 1e20])
def test_a_folded_shift_loses_the_logarithm_for_large_logits(size):
    """mlx#4169: log_softmax of [v, v] in float32 is −0.693359375, 0, 0 for v = 1e4, 1e8, 1e20.

    v + log 2 is rounded to float32, and what is left when it is taken from v is that rounding's.
    pytorch#11752, #56340: the loss of two equal logits of 1e8 is 0, where exact is log 2.
    """
    form, v = FORMS["float32"], round_rational(size, FORMS["float32"])
    with mp.workdps(60):
        folded = round_rational(Fraction(v) + Fraction(mp.nstr(mp.log(2), 50)), form)
    assert v - folded == {1e4: -0.693359375, 1e8: 0, 1e20: 0}[size]
    cell = cell_of([v, v], "log_softmax/float32/folded-shift")
    y = exact("log_softmax", [v, v])[0]
    assert mp.almosteq(y, -mp.log(2))
    worst = cell.worst[0]
    assert (worst.computed, worst.cause) == (v - folded, "shift-absorption")
    assert worst.ulp == pytest.approx(error_ulp(v - folded, y, "float32"), rel=1e-9)
    assert cell_of([v, v], "log_softmax/float32/stable").ulp["max"] < 0.5


def test_a_folded_shift_gives_whole_numbers_near_minus_1e7():
    """pytorch#38839: CUDA's log_softmax of three equal logits near −1e7 is −1, and not −log 3.

    Between 2^23 and 2^24 float32 has whole numbers, and −1e7 + log 3 becomes −9999999.
    """
    row = [-1e7] * 3
    values = softaudit.compute("log_softmax", row, format="float32", algorithm="folded-shift")
    assert values.tolist() == [-1, -1, -1]
    (worst,) = cell_of(row, "log_softmax/float32/folded-shift").worst
    assert worst.ulp == pytest.approx((log(3) - 1) / 2**-23, rel=1e-9)


def test_the_gradient_of_a_collapsed_softmax_vanishes():
    """arXiv:2501.04697: p − 1, the gradient of the cross entropy, is 0 where p is rounded to 1."""
    row = [30.0, 0.0]
    for p in (
        softaudit.exact("softmax", row, format="float32")[0],
        softaudit.compute("softmax", row, format="float32", algorithm="stable")[0],
    ):
        assert p - np.float32(1) == 0
    gradient = exact("softmax", row)[0] - 1
    assert abs(gradient) > FORMS["float32"].least_normal


def test_ulp_of_a_lost_logarithm_is_measured_by_the_exact_value():
    """Every library returns 0 for [0, −40, −40]; the spacing of that 0 would make 1e306 ULP of it.

    By the exact value's own unit a lost value is 2^52 to 2^53 units off, and it is not underflow.
    """
    row = [0.0, -40.0, -40.0]
    y = exact("log_softmax", row)[0]
    assert float(y) == pytest.approx(-8.5e-18, rel=1e-3)
    cell = cell_of(row, "log_softmax/float64/stable")
    assert cell.worst[0].computed == 0
    assert float(-y / mpf(np.spacing(0.0))) > 1e306
    assert cell.ulp["max"] == pytest.approx(error_ulp(0.0, y, "float64"), rel=1e-9)
    assert 2**52 <= cell.ulp["max"] <= 2**53
    assert cell.worst[0].cause == "absorption"
    assert cell.underflow["premature"] == cell.underflow["forced"] == 0


def test_logsumexp_of_a_dominant_logit_at_0_is_0():
    """scipy#18295: logsumexp([0, −40]) = 0, where exact is log1p(e^−40) = 4.2e-18."""
    y = exact("logsumexp", [0.0, -40.0])[0]
    worst = cell_of([0.0, -40.0], "logsumexp/float64/stable").worst[0]
    assert (worst.computed, worst.relative, worst.cause) == (0, 1, "absorption")
    with mp.workdps(60):
        assert mp.almosteq(mpf(worst.exact), mp.log1p(mp.exp(-40)), rel_eps=1e-24)
    assert worst.ulp == pytest.approx(float(y / ulp(y, "float64")), rel=1e-9)


def test_logsumexp_near_0_cancels():
    """scipy: logsumexp is 3.1e8 ULP off near −5e-10.

    Of two equal logits x it is x + log 2.  The addition is exact (Sterbenz), and what is left is
    the rounding error of log 2, in units of the small result.
    """
    x = -log(2.0) - 5e-10
    with mp.workdps(60):
        y = mpf(x) + mp.log(2)
        log_2 = round_rational(Fraction(mp.nstr(mp.log(2), 50)), FORMS["float64"])
        expected = float(abs(mpf(log_2) - mp.log(2)) / ulp(y, "float64"))
    assert round(expected / 1e8, 1) == 2.2
    assert Fraction(x) + Fraction(log_2) == Fraction(x + log_2)
    worst = cell_of([x, x], "logsumexp/float64/stable").worst[0]
    assert worst.ulp == pytest.approx(expected, rel=1e-9)
    assert worst.cause == "cancellation"


def test_the_logarithm_of_a_softmax_that_became_0():
    """onnx#8423: the reference implementation's LogSoftmax([0, −104]) in float32 is −∞.

    e^−104 is less than half of the least float32, 2^−149.
    """
    row = [0.0, -104.0]
    assert mp.exp(-104) < mpf(2) ** -150
    cell = cell_of(row, "log_softmax/float32/log-of-softmax")
    assert cell.underflow["premature"] == 1
    worst = cell.worst[0]
    assert (worst.index, worst.computed, worst.cause) == ((1,), -inf, "log-of-zero")
    stable = softaudit.compute("log_softmax", row, format="float32", algorithm="stable")
    assert stable[1] == -104  # and so says exact, −104 − e^−104


def test_a_float16_loss_made_of_softmax_and_log_is_infinite():
    """apex#379: training with softmax → log → nll_loss in float16 ends in overflow.

    e^−18 is less than half of the least float16, 2^−24.
    """
    row = [0.0, -18.0]
    assert mp.exp(-18) < mpf(2) ** -25
    cell = cell_of(row, "log_softmax/float16/log-of-softmax")
    assert (cell.underflow["premature"], cell.worst[0].computed) == (1, -inf)
    cell = cell_of(row, "log_softmax/float16/stable")
    assert cell.underflow["premature"] == 0
    assert cell.worst[-1].computed in (0, -18)


def test_the_float16_gradient_of_log_softmax_is_nan():
    """jax#40474: for 65536 logits the gradient of Σ log_softmax is NaN, and not 1 − n·p.

    n is ∞ in float16, and ∞·0 is NaN wherever p becomes 0; the gradient is a number near 1.
    """
    n = 2**16
    row = np.array([20.0] + [0.0] * (n - 1))
    p = exact("softmax", [20.0, log(n - 1.0)])  # all others as one class
    assert p[1] / (n - 1) < mpf(2) ** -25
    assert 0.99 < 1 - n * p[1] / (n - 1) < 1
    softmax = softaudit.exact("softmax", row, format="float16")
    with np.errstate(over="ignore", invalid="ignore"):
        gradient = np.float16(1) - np.float16(n) * softmax
    assert gradient[0] == -inf
    cell = cell_of(row, "softmax/float16:float32/stable")
    assert np.isnan(gradient).sum() == cell.underflow["forced"] == n - 1
