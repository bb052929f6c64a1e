"""Sums stall where they must, and depend on nothing but the row, the format and the order."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import ml_dtypes
import numpy as np
import pytest

from softaudit.algorithms import ALGORITHMS, ORDERS_OF
from softaudit.arithmetic import ORDERS, total, unchecked
from softaudit.face import audit, compute
from softaudit.formats import FORMATS

from ..judge import FORMS, round_rational

# Where adding 1 no longer changes the sum: it is half the gap to the next number, and a tie.
STALLS_AT = {"float16": 2048, "bfloat16": 256, "float8_e4m3fn": 16, "float8_e5m2": 8}


def cells(order: str) -> list[tuple[str, str]]:
    """Give functions and algorithms that have an order."""
    named = [(function, algorithm) for function, of in ALGORITHMS.items() for algorithm in of]
    return [cell for cell in named if order in ORDERS_OF.get(cell[1], ORDERS)]


def summed(terms, name: str, order: str) -> tuple[list[float], list[bool]]:
    form = FORMATS[name]
    with unchecked():
        sums, stalled = total(np.atleast_2d(np.asarray(terms, dtype=form.carrier)), form, order)
    return sums[:, 0].tolist(), stalled[:, 0].tolist()


@pytest.mark.parametrize("name", STALLS_AT)
def test_a_loop_over_ones_stalls_and_says_so(name):
    """candle#3727 had the first, executorch#20090 the second."""
    assert summed(np.ones(8000), name, "sequential") == ([STALLS_AT[name]], [True])


@pytest.mark.parametrize("name", STALLS_AT)
def test_a_loop_that_ends_before_the_stall_says_nothing(name):
    ones = np.ones(STALLS_AT[name])
    assert summed(ones, name, "sequential") == ([STALLS_AT[name]], [False])


@pytest.mark.parametrize("order", ["pairwise", "compensated"])
@pytest.mark.parametrize("name", FORMATS)
def test_a_tree_of_ones_does_not_stall(name, order):
    for power in range(16 if name not in ("float16", "float8_e4m3fn") else 8):
        assert summed(np.ones(2**power), name, order) == ([2.0**power], [False])


@pytest.mark.parametrize("name", STALLS_AT)
def test_a_tree_of_any_number_of_ones_is_near(name):
    largest = min(FORMS[name].largest // 2, 5000)
    for n in (3, 7, 100, 200, 3000, 4097, 5000):
        if n <= largest:
            (found,), _ = summed(np.ones(n), name, "pairwise")
            depth = (n - 1).bit_length()
            assert abs(found - n) <= n * ((1 + 2.0 ** -FORMS[name].precision) ** depth - 1)


def test_numpy_sums_8000_float16_ones_in_float32():
    assert summed(np.ones(8000), "float16", "numpy") == ([8000.0], [False])


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_numpys_order_stalls_for_the_types_of_ml_dtypes(name):
    assert summed(np.ones(8000), name, "numpy") == ([STALLS_AT[name]], [True])


@pytest.mark.parametrize("name", FORMATS)
def test_numpys_order_is_numpys_sum_along_a_contiguous_last_axis(name):
    random = np.random.default_rng(3)
    for rows, columns in ((1, 1), (1, 1000), (7, 33), (300, 5), (3, 4099)):
        terms = random.random((rows, columns)).astype(FORMATS[name].dtype)
        with unchecked():
            expected = [float(np.sum(row)) for row in terms]
        found, _ = summed(terms.astype(np.float64), name, "numpy")
        np.testing.assert_array_equal(found, expected)


def test_the_cause_of_a_stalled_softmax_is_the_stall():
    """Each of 8000 equal classes gets 1/2048, and the row sums to almost 4."""
    options = {"function": ["softmax"], "format": ["float16"], "algorithm": ["stable"]}
    cell = audit(np.zeros(8000), order=["sequential"], **options).cells[0]
    assert [w.cause for w in cell.worst] == ["sum-stall"]
    assert cell.worst[0].computed == 1 / 2048
    assert cell.row_sum_defect == 8000 / 2048 - 1
    fine = audit(np.zeros(8000), order=["pairwise"], **options).cells[0]
    assert "sum-stall" not in [w.cause for w in fine.worst]


def test_a_wider_sum_is_rounded_when_it_leaves_the_accumulator():
    """65,536 exceeds float16, however it was summed; computing in float32 keeps it."""
    zeros = np.zeros(65536, dtype=np.float16)
    options = {"format": "float16", "algorithm": "stable"}
    lost = compute("softmax", zeros, accumulate="float32", **options)
    kept = compute("softmax", zeros, compute="float32", **options)
    assert set(lost.tolist()) == {0.0}
    assert set(kept.tolist()) == {2.0**-16}


def test_compensation_keeps_what_one_absorbs():
    terms = [1.0] + [2.0**-30] * 4095
    exact = 1.0 + 4095 * 2.0**-30
    expected = round_rational(exact, FORMS["float32"])
    assert expected > 1.0
    assert summed(terms, "float32", "compensated") == ([expected], [False])
    assert summed(terms, "float32", "sequential") == ([1.0], [True])


def test_compensated_float32_sums_are_correctly_rounded():
    random = np.random.default_rng(11)
    for n in (3, 100, 5000, 9000):
        terms = np.exp(random.normal(0, 6, n)).astype(np.float32)
        exact = sum(map(Fraction, terms.tolist()))
        expected = round_rational(exact, FORMS["float32"])
        assert summed(terms, "float32", "compensated")[0] == [expected]


@pytest.mark.parametrize("order", ORDERS)
def test_an_overflowing_sum_is_infinite_and_not_nan(order):
    for name, form in FORMATS.items():
        found, stalled = summed([form.largest] * 3, name, order)
        expected = np.nan if name == "float8_e4m3fn" else np.inf
        np.testing.assert_array_equal(found, [expected])
        assert stalled == [False]


def layouts(x: np.ndarray):
    """Give the same rows laid out in memory in every way."""
    spread = np.full((2 * x.shape[0], 3 * x.shape[1]), 77.0, dtype=x.dtype)
    spread[::2, ::3] = x
    yield np.asfortranarray(x)
    yield spread[::2, ::3]
    yield np.ascontiguousarray(x[::-1])[::-1]
    yield np.ascontiguousarray(x[:, ::-1])[:, ::-1]
    yield np.ascontiguousarray(x.T).T
    yield x.astype(x.dtype.newbyteorder(">"))
    yield np.moveaxis(np.ascontiguousarray(np.moveaxis(x[:, None], -1, 0)), 0, -1)[:, 0]


def bits(values: np.ndarray) -> bytes:
    return np.ascontiguousarray(values).tobytes()


@pytest.mark.parametrize(("name", "order"), list(product(FORMATS, ORDERS)))
def test_no_result_depends_on_memory_layout(name, order):
    x = np.random.default_rng(5).normal(0, 4, (9, 37)).astype(np.float32)
    for function, algorithm in cells(order):
        options = {"format": name, "algorithm": algorithm, "order": order}
        expected = bits(compute(function, x, **options))
        for layout in layouts(x):
            assert bits(compute(function, layout, **options)) == expected


@pytest.mark.parametrize(("name", "order"), list(product(FORMATS, ORDERS)))
def test_no_result_depends_on_the_rows_beside_it(name, order):
    x = np.random.default_rng(6).normal(0, 4, (11, 45))
    for function, algorithm in cells(order):
        options = {"format": name, "algorithm": algorithm, "order": order}
        whole = compute(function, x, **options)
        for rows in (slice(0, 1), slice(3, 4), slice(4, 11), slice(10, 11)):
            assert bits(compute(function, x[rows], **options)) == bits(whole[rows])
        assert bits(compute(function, x[4], **options)) == bits(whole[4])


def test_types_of_ml_dtypes_are_taken_as_they_are():
    x = np.random.default_rng(9).normal(0, 4, (3, 20)).astype(ml_dtypes.bfloat16)
    found = compute("softmax", x, format="bfloat16", algorithm="stable")
    again = compute("softmax", x.astype(np.float64), format="bfloat16", algorithm="stable")
    assert bits(found) == bits(again)
