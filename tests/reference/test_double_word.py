"""Every operation of double-word arithmetic, against rational numbers and its stated bound."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from softaudit.reference import double_word as dw
from softaudit.reference.double_word import DoubleWord

U2 = Fraction(2) ** -106
U3 = Fraction(2) ** -159
DRAWS = 4000

doubles = st.floats(min_value=2.0**-200, max_value=2.0**200) | st.floats(-(2.0**200), -(2.0**-200))
signs = st.sampled_from([-1.0, 1.0])


def rational(value: DoubleWord) -> list[Fraction]:
    """Give high + low as rational numbers."""
    return [
        Fraction(h) + Fraction(low)
        for h, low in zip(value.high.ravel().tolist(), value.low.ravel().tolist(), strict=True)
    ]


def one(high: float, low: float = 0.0) -> DoubleWord:
    return DoubleWord(np.array([high]), np.array([low]))


def is_normal(value: DoubleWord) -> bool:
    """Whether each low part is at most half a unit of its high part."""
    return bool(np.all(value.high + value.low == value.high))


def random_doubles(rng, count: int, spread: int) -> np.ndarray:
    """Give doubles of both signs, of many binades, half of them with few or special bits."""
    significand = rng.integers(2**52, 2**53, count)
    kind = rng.integers(0, 6, count)
    significand = np.where(kind == 0, 2**52, significand)
    significand = np.where(kind == 1, 2**53 - 1, significand)
    significand = np.where(kind == 2, 2**52 + 1, significand)
    significand = np.where(kind == 3, significand & ~np.int64(2**26 - 1), significand)
    sign = rng.choice([-1.0, 1.0], count)
    return sign * np.ldexp(significand.astype(np.float64), rng.integers(-spread, spread + 1, count))


def random_words(rng, count: int, spread: int = 60) -> DoubleWord:
    """Give double-words whose low parts are half a unit, nothing, or far below."""
    high = random_doubles(rng, count, spread)
    half = np.ldexp(0.5, np.frexp(high)[1] - 53)
    below = np.abs(np.frexp(high)[0]) == 0.5  # towards 0 the unit of a power of two is the smaller
    largest = half * np.where(below, 0.5, 1.0)
    part = rng.uniform(-1, 1, count)
    kind = rng.integers(0, 6, count)
    part = np.where(kind == 0, rng.choice([-1.0, 1.0], count), part)
    part = np.where(kind == 1, 0.0, part)
    part = np.where(kind == 2, np.ldexp(part, -rng.integers(0, 60, count)), part)
    low = part * largest
    even = high + low == high
    return DoubleWord(high, np.where(even, low, low / 2))


def cancelling(rng, a: DoubleWord) -> DoubleWord:
    """Give double-words close to −a: units off in the high part, or only in the low one."""
    count = len(a.high)
    unit = np.ldexp(1.0, np.frexp(a.high)[1] - 53)
    high = -a.high + unit * rng.integers(-2, 3, count)
    low = np.where(rng.integers(0, 2, count) == 1, -a.low, a.low * rng.uniform(-1, 1, count))
    s = high + low
    return DoubleWord(s, low - (s - high))


def operands(seed: int, name: str) -> tuple[DoubleWord, DoubleWord]:
    rng = np.random.default_rng(seed)
    if name == "wide":
        return random_words(rng, DRAWS), random_words(rng, DRAWS)
    if name == "near":
        return random_words(rng, DRAWS, 2), random_words(rng, DRAWS, 2)
    a = random_words(rng, DRAWS, 10)
    return a, cancelling(rng, a)


KINDS = ("wide", "near", "cancelling")


def assert_within(found: DoubleWord, expected: list[Fraction], bound: Fraction) -> None:
    assert is_normal(found)
    for got, exact in zip(rational(found), expected, strict=True):
        assert abs(got - exact) <= bound * abs(exact), (float(abs(got - exact) / exact / U2), "u²")


@pytest.mark.parametrize("kind", KINDS)
def test_operands_are_double_words(kind):
    a, b = operands(0, kind)
    assert is_normal(a)
    assert is_normal(b)


@pytest.mark.parametrize("spread", [1, 30, 200])
def test_two_sum_and_fast_two_sum_are_exact(spread):
    rng = np.random.default_rng(spread)
    a, b = random_doubles(rng, DRAWS, spread), random_doubles(rng, DRAWS, spread)
    expected = [Fraction(x) + Fraction(y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert rational(dw.two_sum(a, b)) == expected
    larger, smaller = np.where(abs(a) >= abs(b), [a, b], [b, a])
    assert rational(dw.fast_two_sum(larger, smaller)) == expected
    assert rational(dw.fast_two_sum(np.zeros_like(b), b)) == [Fraction(y) for y in b.tolist()]


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, width=32))
@example(5e-324, -1e-310)
def test_two_sum_is_exact_with_subnormals(a, b):
    if not np.isfinite(b) or abs(a) > 2.0**1022:
        return
    assert rational(dw.two_sum(np.array([a]), np.array([b]))) == [Fraction(a) + Fraction(b)]


@pytest.mark.parametrize("spread", [1, 30, 200])
def test_two_product_and_split_are_exact(spread):
    rng = np.random.default_rng(spread)
    a, b = random_doubles(rng, DRAWS, spread), random_doubles(rng, DRAWS, spread)
    expected = [Fraction(x) * Fraction(y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert rational(dw.two_product(a, b)) == expected
    for part in dw.split(a):
        significand = np.ldexp(np.frexp(part)[0], 26)
        assert np.all(significand == np.floor(significand))
    assert np.all(sum(dw.split(a)) == a)


def test_split_reaches_to_the_end_of_its_range():
    a = np.array([np.nextafter(2.0**996, 0), -(2.0**995)])
    head, tail = dw.split(a)
    np.testing.assert_array_equal(head + tail, a)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_add_and_add_double(kind, seed):
    a, b = operands(seed, kind)
    exact = [x + y for x, y in zip(rational(a), rational(b), strict=True)]
    assert_within(dw.add(a, b), exact, 3 * U2 + 13 * U3)
    exact = [x + Fraction(y) for x, y in zip(rational(a), b.high.tolist(), strict=True)]
    assert_within(dw.add_double(a, b.high), exact, 2 * U2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_multiply_and_divide(kind, seed):
    a, b = operands(seed, kind)
    b = DoubleWord(np.where(b.high == 0, 1.0, b.high), np.where(b.high == 0, 0.0, b.low))
    exact = [x * y for x, y in zip(rational(a), rational(b), strict=True)]
    assert_within(dw.multiply(a, b), exact, 7 * U2)
    exact = [x / y for x, y in zip(rational(a), rational(b), strict=True)]
    assert_within(dw.divide(a, b), exact, 15 * U2 + 56 * U3)


@given(doubles, doubles, st.floats(-1, 1), st.floats(-1, 1))
@example(1.0 + 2.0**-52, 1.0 + 2.0**-52, 1.0, 1.0)
@example(2.0 - 2.0**-52, -1.0, -1.0, 1.0)
@example(1.0, -1.0, 0.5, -0.25)
def test_operations_on_drawn_operands(x, y, x_part, y_part):
    a, b = (
        dw.fast_two_sum(np.array([v]), np.array([v * part * 2.0**-53]))
        for v, part in ((x, x_part), (y, y_part))
    )
    (p,), (q,) = rational(a), rational(b)
    assert_within(dw.add(a, b), [p + q], 3 * U2 + 13 * U3)
    assert_within(dw.multiply(a, b), [p * q], 7 * U2)
    assert_within(dw.divide(a, b), [p / q], 15 * U2 + 56 * U3)
    assert_within(dw.add_double(a, b.high), [p + Fraction(b.high.item())], 2 * U2)


def test_adding_the_opposite_gives_nothing():
    a = one(1.0, 2.0**-54)
    found = dw.add(a, DoubleWord(-a.high, -a.low))
    assert rational(found) == [0]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 8, 31, 1000, 4097])
def test_total_of_terms_of_one_sign(n):
    for seed in range(4):
        rng = np.random.default_rng(seed * 10000 + n)
        spread = (0, 3, 60, 400)[seed]
        a = random_words(rng, n, spread)
        terms = DoubleWord(np.abs(a.high), a.low * np.sign(a.high))
        if n > 2:
            terms.high[n // 2] = terms.low[n // 2] = 0.0
        levels = (n - 1).bit_length()
        bound = 3 * levels * U2 * (1 + Fraction(2) ** -50)
        assert_within(dw.total(terms), [sum(rational(terms))], bound)


def test_total_keeps_rows_apart():
    rng = np.random.default_rng(5)
    flat = random_words(rng, 30)
    terms = DoubleWord(*(part.reshape(5, 6) for part in (np.abs(flat.high), flat.low * 0)))
    found = dw.total(terms)
    assert found.high.shape == (5, 1)
    for i in range(5):
        row = dw.total(terms.rows(np.arange(5) == i))
        assert (row.high[0, 0], row.low[0, 0]) == (found.high[i, 0], found.low[i, 0])


def test_scaling_by_powers_of_two_and_taking_rows_is_exact():
    a = operands(1, "near")[0]
    assert rational(a.scaled(2.0**-90)) == [x / 2**90 for x in rational(a)]
    chosen = a.high > 0
    assert rational(a.rows(chosen)) == [x for x in rational(a) if x > 0]
