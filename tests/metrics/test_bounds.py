"""The published bounds by hand: coefficients, what they leave out, and where they fail."""

from __future__ import annotations

from math import inf, isclose

import numpy as np
import pytest
from mpmath import log, mp, mpf

import softaudit
from softaudit.algorithms import ALGORITHMS
from softaudit.errors import OptionError
from softaudit.metrics import BOUNDS

from ..cells import cell_of

U = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24}


@pytest.mark.parametrize(("algorithm", "coefficient"), [("naive", 3), ("stable", 2)])
def test_logsumexp_of_two_zeros(algorithm, coefficient):
    """y = log 2, in bfloat16 177/256; the bounds are (|y| + n + 1) u and (y + n − x_min) u."""
    found = cell_of([0.0, 0.0], f"logsumexp/bfloat16/{algorithm}").bound
    with mp.workprec(200):
        y = log(2)
        error, bound = abs(mpf(177) / 256 - y) / y, (1 + coefficient / y) * U["bfloat16"]
        assert (found.rows, found.index) == (1, ())
        assert isclose(found.error, error, rel_tol=1e-15)
        assert isclose(found.bound, bound, rel_tol=1e-15)
        assert isclose(found.ratio, error / bound, rel_tol=1e-15)


def test_softmax_of_two_equal_logits_is_exact():
    found = cell_of([0.0, 0.0], "softmax/float16/stable").bound
    assert (found.error, found.ratio, found.bound) == (0.0, 0.0, 4 * U["float16"])


@pytest.mark.parametrize(
    ("arithmetic", "coefficient", "u", "last"),
    [
        ("float16", 3, "float16", 0.0),
        ("float16:float32", 3, "float32", U["float16"]),
        ("float16:float16:float32", 5, "float16", 0.0),
        ("float32:float32:bfloat16", 5, "bfloat16", 0.0),
        ("bfloat16:float32:float16", 5, "float16", U["bfloat16"]),
    ],
)
def test_formats_of_steps_sums_and_results(arithmetic, coefficient, u, last):
    """Of one logit n = 1, and (n + 2) u is 3 u; another accumulator counts as two terms."""
    cell = cell_of([1.0], f"softmax/{arithmetic}/stable")
    assert cell.bound.bound == coefficient * U[u] + last


def test_masks_are_no_terms():
    found = cell_of([[-inf, 2.0, -inf, 0.5]], "softmax/float32/stable").bound
    assert isclose(found.bound, (2 + 2 + 2 * 1.5) * U["float32"], rel_tol=1e-15)


def test_a_temperature_divides_the_logits():
    found = cell_of([1.0, 4.0], "softmax/float32/stable", temperature=0.5).bound
    assert isclose(found.bound, (2 + 2 + 2 * 6.0) * U["float32"], rel_tol=1e-15)


def test_the_row_with_the_largest_ratio_need_not_have_the_largest_error():
    """Two results in float16 beside the definitions: the first row's bound is the wider."""
    rows = [[10.0, -5.5], [0.5, 0.25]]
    each = [cell_of([row], "softmax/float16/stable").bound for row in rows]
    both = cell_of(rows, "softmax/float16/stable").bound
    largest = max(range(2), key=lambda i: each[i].ratio)
    assert (both.ratio, both.bound) == (each[largest].ratio, each[largest].bound)
    assert both.index == (largest,)
    assert both.error == max(bound.error for bound in each)
    assert both.rows == 2


def test_rows_whose_sum_overflows_have_no_bound():
    logits = np.zeros((2, 65536), dtype=np.float16)
    logits[1, 30000:] = -np.inf
    found = cell_of(logits, "softmax/float16/stable").bound
    assert (found.rows, found.index) == (1, (1,))
    assert cell_of(logits[:1], "softmax/float16/stable").bound is None


def test_nor_have_rows_whose_sum_saturates():
    """exp(7) is 1097, and the largest number of float8_e4m3fn 448; exp(5) is 148."""
    options = {"function": "softmax", "format": "float8_e4m3fn", "algorithm": "naive"}
    (cell,) = softaudit.audit([[7.0, 0.0], [5.0, 0.0]], saturate=True, **options).cells
    assert (cell.bound.rows, cell.bound.index) == (1, (1,))


@pytest.mark.parametrize("function", ALGORITHMS)
def test_other_algorithms_have_none(function):
    for algorithm in ALGORITHMS[function]:
        cell = cell_of([0.5, 0.25], f"{function}/float32/{algorithm}")
        assert (cell.bound is None) == ((function, algorithm) not in BOUNDS)


def test_nor_have_the_outputs_of_others():
    with pytest.raises(OptionError, match="an algorithm of softmax has it"):
        softaudit.judge(np.float32([[0.5, 0.5]]), [[0.0, 0.0]], name="stable")
    found = softaudit.judge(np.float32([[0.5, 0.5]]), [[0.0, 0.0]], name="my.stable")
    assert [cell.bound for cell in found.cells] == [None]
    assert found.cells[0].condition.max == 0.0


def test_underflow_is_not_in_the_bound():
    """exp(−97.25) is about 2^−140.3: float32 keeps nine of its bits, an error of up to 2^−10."""
    found = cell_of([-95.0, -96.5, -97.25], "softmax/float32/naive", elementary="correct").bound
    assert found.bound == 6 * U["float32"]
    assert found.ratio > 200


def test_nor_is_the_last_rounding_of_shifted_logsumexp():
    """y is rounded to a multiple of 8, and so off by up to 4; the bound is (n + y − x_min) u."""
    x = [1e8, 1e8 + 8, 1e8 + 16]
    found = cell_of(x, "logsumexp/float32/stable").bound
    with mp.workprec(200):
        y = mpf(1e8) + log(1 + mp.e**8 + mp.e**16)
        assert isclose(found.bound * y, (3 + y - mpf(1e8)) * U["float32"], rel_tol=1e-9)
        assert isclose(found.error * y, y - 100000016, rel_tol=1e-9)
    assert found.ratio > 250


def test_nor_is_the_rounding_of_quotients():
    found = cell_of([1000.0, 999.7], "softmax/float32/stable", temperature=0.7).bound
    assert found.ratio > 100
