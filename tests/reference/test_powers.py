"""exp2 and log1p are correctly rounded: against Arb's 300 bits, and powers of two against integers.

Where both ends of Arb's ball did not round alike, a test would fail: it never happens.
"""

from __future__ import annotations

from fractions import Fraction
from math import copysign, inf, isnan, nan

import numpy as np
import pytest
from flint import arb, ctx

from softaudit.reference.elementary import exp2, log1p

from ..judge import FORMS, Size, nearest, round_rational
from ..judge.decide import integers

WIDE = ("float32", "float64")


@pytest.fixture(autouse=True)
def arb_precision():
    before, ctx.prec = ctx.prec, 300
    yield
    ctx.prec = before


def rounded(ball: arb, form: str) -> float:
    n, r, e = integers(ball)
    least, most = (nearest(Size(abs(end), e), FORMS[form]).value for end in (n - r, n + r))
    assert least == most
    return least if n > 0 else -least


def exp2_by_arb(x: float, form: str) -> float:
    if isnan(x):
        return nan
    if abs(x) > 3000:
        return inf if x > 0 else 0.0
    if x == int(x):
        return round_rational(Fraction(2) ** int(x), FORMS[form])
    return rounded((arb(x) * arb.const_log2()).exp(), form)


def log1p_by_arb(x: float, form: str) -> float:
    if isnan(x) or x < -1:
        return nan
    if x in (-1, inf):
        return copysign(inf, x)
    return rounded(arb(x).log1p(), form) if x else x


def assert_right(function, by_arb, x: np.ndarray) -> None:
    with np.errstate(all="ignore"):
        found = function(x)
    assert found.dtype == x.dtype
    expected = [by_arb(v, x.dtype.name) for v in x.tolist()]
    np.testing.assert_array_equal(found, np.array(expected, dtype=x.dtype))


def every_binade(form: str) -> np.ndarray:
    word = np.dtype("u4" if form == "float32" else "u8")
    return np.random.default_rng(1).integers(0, 1 << 8 * word.itemsize, 3000, dtype=word).view(form)


@pytest.mark.parametrize("form", WIDE)
@pytest.mark.parametrize(("function", "by_arb"), [(exp2, exp2_by_arb), (log1p, log1p_by_arb)])
def test_all_binades(function, by_arb, form):
    assert_right(function, by_arb, every_binade(form))


@pytest.mark.parametrize("form", WIDE)
def test_exp2_where_it_is_real(form):
    low, high = (-151, 129) if form == "float32" else (-1076, 1025)
    random = np.random.default_rng(2)
    integers_and_ties = np.arange(low, high, 0.5)
    drawn = (
        random.uniform(low, high, 2000),
        random.uniform(-4, 1, 1000),
        random.normal(0, 1e-9, 500),
    )
    assert_right(exp2, exp2_by_arb, np.concatenate([integers_and_ties, *drawn]).astype(form))


@pytest.mark.parametrize("form", WIDE)
def test_log1p_where_softmax_takes_it(form):
    random = np.random.default_rng(3)
    drawn = [
        random.uniform(0, 100, 1000),
        np.exp2(random.uniform(-120, 0, 2000)),
        -np.exp2(random.uniform(-120, -1e-6, 500)),
        2.0 ** -np.arange(40.0, 60.0) * (1 + 2.0**-20),
        [0.0, -0.0, 2.0**-53, 3 * 2.0**-53, 2.0**100, 1e30],
    ]
    assert_right(log1p, log1p_by_arb, np.concatenate(drawn).astype(form))
