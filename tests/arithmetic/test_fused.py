"""The fused multiply-add has one rounding: against rationals, in every format."""

from __future__ import annotations

from fractions import Fraction
from math import inf, isfinite, nan

import numpy as np
import pytest

from softaudit.arithmetic import unchecked
from softaudit.arithmetic.fused import fma
from softaudit.formats import FORMATS, round_to

from ..judge import FORMS, round_rational

COUNT = 1500


def fused(a, b, c, name: str) -> np.ndarray:
    form = FORMATS[name]
    with unchecked():
        return fma(*(np.atleast_1d(np.asarray(v, dtype=form.carrier)) for v in (a, b, c)), form)


def by_rationals(a: np.ndarray, b: np.ndarray, c: np.ndarray, name: str) -> list[float]:
    triples = zip(a.tolist(), b.tolist(), c.tolist(), strict=True)
    return [
        round_rational(Fraction(x) * Fraction(y) + Fraction(z), FORMS[name]) for x, y, z in triples
    ]


def test_a_fused_multiply_add_of_float16_has_one_rounding():
    """3 · 683 = 2049 is a tie of float16, and 2^−14 decides it."""
    assert fused(3.0, 683.0, 2.0**-14, "float16").tolist() == [2050.0]
    assert fused(3.0, 683.0, 0.0, "float16").tolist() == [2048.0]
    assert fused(3.0, 683.0, -(2.0**-14), "float16").tolist() == [2048.0]


class Numbers:
    """Random numbers of a format between two powers of two."""

    def __init__(self, name: str) -> None:
        self.form = FORMATS[name]
        self.random = np.random.default_rng(4)

    def between(self, low: int, high: int) -> np.ndarray:
        size = np.ldexp(self.random.uniform(1, 2, COUNT), self.random.integers(low, high, COUNT))
        return self.rounded(size * self.random.choice([-1, 1], COUNT))

    def rounded(self, x: np.ndarray) -> np.ndarray:
        return round_to(x, self.form).astype(self.form.carrier)

    def nearly(self, x: np.ndarray) -> np.ndarray:
        """Give numbers some units in the last place away."""
        units = self.random.integers(-2, 3, COUNT) * 2.0**-self.form.precision
        return self.rounded(x.astype(np.float64) * (1 + units))


def operands(kind: str, numbers: Numbers):
    least, most = numbers.form.subnormal_exponent, numbers.form.emax
    if kind == "all":
        return [numbers.between(least, most + 1) for _ in range(3)]
    a, b = numbers.between(-4, 2), numbers.between(-4, 2)
    if kind == "near":
        return a, b, numbers.between(-20, 4)
    if kind == "cancelling":
        return a, b, numbers.nearly(-a.astype(np.float64) * b)
    if kind == "a tie and a whisper":
        half = (numbers.random.integers(2, 4, COUNT) * 2 + 1.0) / 2
        return (
            numbers.rounded(half),
            numbers.rounded(a * 0 + 1.0),
            numbers.between(least, least + 3),
        )
    return (
        numbers.between(least, least // 2),
        numbers.between(least // 2 - 3, least // 2 + 3),
        b * 0,
    )


KINDS = ("all", "near", "cancelling", "a tie and a whisper", "subnormal")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FORMATS)
def test_against_rationals(name, kind):
    with unchecked():
        parts = [np.asarray(part) for part in operands(kind, Numbers(name))]
    real = np.logical_and.reduce([np.isfinite(part) for part in parts])
    a, b, c = (part[real] for part in parts)
    assert a.size > COUNT // 3
    np.testing.assert_array_equal(fused(a, b, c, name), by_rationals(a, b, c, name))


@pytest.mark.parametrize("name", FORMATS)
def test_ties_of_the_product_are_decided_by_the_smallest_addend(name):
    """(2^p + 1) · 1.5 · 2^k and the like end in a half unit of the result."""
    form = FORMATS[name]
    odd = np.arange(2.0 ** (form.precision - 1) + 1, 2.0 ** (form.precision - 1) + 40, 2)
    odd = odd[odd < 2.0**form.precision].astype(form.carrier)
    scaled, three = odd * form.carrier.type(2.0**-form.precision), np.full_like(odd, 3.0)
    for whisper in (form.least_subnormal, -form.least_subnormal, 0.0):
        c = np.full_like(odd, whisper)
        expected = by_rationals(scaled, three, c, name)
        np.testing.assert_array_equal(fused(scaled, three, c, name), expected)


def test_halves_of_doubles_that_would_overflow_go_by_rationals():
    top = np.finfo(np.float64).max
    a = np.array([top, -top, 2.0**1000, top, 2.0**-1000, 2.0**-600])
    b = np.array([1.0, 1.4426950408889634, 2.0**23, 2.0**-30, 2.0**-70, 2.0**-475])
    c = np.array([-top, 0.0, 1.0, -top, 2.0**-1074, 2.0**-1074])
    np.testing.assert_array_equal(fused(a, b, c, "float64"), by_rationals(a, b, c, "float64"))


@pytest.mark.parametrize("name", FORMATS)
def test_infinities_and_nan(name):
    a, b, c = (
        [inf, -inf, inf, 0.0, nan, 1.0],
        [2.0, 2.0, 0.0, 3.0, 1.0, 1.0],
        [1, 1, 1, -inf, 1, inf],
    )
    over = FORMATS[name].overflow
    expected = [over, -over, nan, -over, nan, over]
    found = fused(a, b, c, name)
    np.testing.assert_array_equal(found, expected)
    assert not any(map(isfinite, found.tolist()))
