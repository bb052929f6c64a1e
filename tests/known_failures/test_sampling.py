"""Long rows of logits, and what samplers make of their probabilities."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import cache, partial
from math import inf, log2

import numpy as np
import pytest
from mpmath import mp, mpf

import softaudit

from .. import cells
from ..cells import exact

VOCABULARY = 151936
"""Of a language model's."""

cell_of = partial(cells.cell_of, elementary="correct")


@cache
def logits(columns: int) -> np.ndarray:
    """Give a row of variance 16, in float32."""
    return np.random.default_rng(0).normal(0.0, 4.0, columns).astype(np.float32)


def probabilities(row: np.ndarray) -> np.ndarray:
    """Give softmax to about 1e-13: NumPy's exp in float64, however far it is off by units."""
    e = np.exp(row.astype(np.float64) - row.max())
    return e / e.sum()


def test_most_of_a_float16_vocabulary_is_0():
    """torch: the float16 softmax of 151936 logits of variance 16 has 111566 zeros.

    0 is the nearest float16 where p is at most 2^-25, half of the least number.
    """
    row = logits(VOCABULARY).astype(np.float16)
    p = probabilities(row)
    half = 2.0**-25
    zeros = int((p <= half).sum())
    assert zeros == (p < half * (1 - 1e-5)).sum() == (p < half * (1 + 1e-5)).sum()
    assert 0.7 < zeros / VOCABULARY < 0.75
    cell = cell_of(row, "softmax/float16:float32/stable")
    assert (cell.underflow["forced"], cell.underflow["premature"]) == (zeros, 0)
    lost = p[p <= half].sum()
    assert cell.underflow["lost_mass"] == pytest.approx(lost, rel=1e-9)


@pytest.mark.parametrize("columns", [1000, 32000, VOCABULARY])
def test_a_flat_limit_of_4_ulp_fails_healthy_data(columns):
    """Stable float32 softmax is 18, 23 and 27 ULP off, from rounding x − m.

    In units u = 2^−24: x − m is rounded by at most |x − m| u, and so is what every other term adds
    to the sum; then there are an exponential, a tree of additions and a division.
    """
    row = logits(columns)
    gap = (row.max() - row).astype(np.float64)
    (worst, *_) = cell_of(row, "softmax/float32/stable").worst
    of_the_sum = float((probabilities(row) * gap).sum()) + log2(columns) + 2
    assert 4 < worst.ulp < gap[worst.index] + of_the_sum + 3
    assert worst.cause == "argument-rounding"


def test_numpy_refuses_float32_probabilities():
    """numpy#6123: `numpy.random.choice` wants a sum within √eps of 1, which is 1.49e-8."""
    row = logits(VOCABULARY)
    p = softaudit.compute(
        "softmax", row, format="float32", algorithm="stable", elementary="correct"
    )
    defect = abs(sum(map(Fraction, p.tolist())) - 1)
    assert defect > 2.0**-26 == np.sqrt(np.finfo(np.float64).eps)
    with pytest.raises(ValueError, match="do not sum to 1"):
        np.random.default_rng(0).choice(p.size, p=p.tolist())
    found = softaudit.audit(
        row, function="softmax", format="float32", algorithm="stable", elementary="correct"
    )
    (cell,) = json.loads(softaudit.render(found))["audits"][0]["cells"]
    assert cell["row_sum"]["max_defect"] == pytest.approx(float(defect), rel=1e-9)
    assert cell["quality"]["choice_refused"] == 1


def test_gumbel_noise_on_the_logarithm_of_a_zero_is_nan():
    """pytorch#22442, #20179: log p is −∞ where p became 0, the noise of u = 1 is ∞: NaN."""
    row = [0.0, -104.0]
    assert mp.exp(-104) < mpf(2) ** -150
    with np.errstate(divide="ignore", invalid="ignore"):
        noise = -np.log(-np.log(np.float32(1)))
        assert noise == inf
        for algorithm, is_nan in (("log-of-softmax", True), ("stable", False)):
            log_p = softaudit.compute("log_softmax", row, format="float32", algorithm=algorithm)
            assert np.isnan(log_p[1] + noise) == is_nan
            cell = cell_of(row, f"log_softmax/float32/{algorithm}")
            assert cell.underflow["premature"] == is_nan


def test_float32_gumbel_noise_cannot_draw_a_small_probability():
    """vllm#43150, jax#26974: uniform noise has 24 bits, so that classes far below are never drawn.

    Noise is −log(−log u) with u from 2^−24 to 1 − 2^−24, less than 19.5 wide; 20.5 below the first
    class float32 holds p and its logarithm.
    """
    row = [0.0, -20.5]
    y, p = (exact(function, row)[1] for function in ("log_softmax", "softmax"))
    with mp.workdps(60):
        least, most = (-mp.log(-mp.log(u)) for u in (mpf(2) ** -24, 1 - mpf(2) ** -24))
        assert mp.almosteq(most, 24 * mp.log(2), rel_eps=1e-7)
        assert y + most < least
    assert softaudit.exact("softmax", row, format="float32")[1] == pytest.approx(float(p), rel=1e-7)
    log_p = softaudit.compute("log_softmax", row, format="float32", algorithm="stable")
    assert log_p.tolist() == [0, -20.5]
    assert float(log_p[1]) + most < float(log_p[0]) + least
