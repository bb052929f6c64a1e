"""exp and log of narrow formats are correctly rounded: on every code, against mpmath.

mpmath's 120 bits leave nothing open: among 65,536 values the nearest to a tie is some 2^−30 away,
and exp and log of a rational are rational only where they are exact (exp 0, log 1).
"""

from __future__ import annotations

from math import copysign, inf, isinf, isnan, nan

import mpmath
import numpy as np
import pytest

from softaudit.arithmetic import elementary
from softaudit.formats import FORMATS

from ..judge import FORMS, Size, nearest

NARROW = {"float16": 16, "bfloat16": 16, "float8_e4m3fn": 8, "float8_e5m2": 8}


def every_code(name: str) -> np.ndarray:
    """Give every number of a format, NaN and infinities included, in the carrier dtype."""
    bits = NARROW[name]
    codes = np.arange(1 << bits).astype(f"u{bits // 8}")
    return codes.view(FORMATS[name].dtype).astype(np.float32)


def rounded(y: mpmath.mpf, name: str) -> float:
    n, e = y.man_exp
    value = nearest(Size(int(n), int(e)), FORMS[name]).value
    return -value if y < 0 else value


def exp_by_mpmath(x: float, name: str) -> float:
    if isnan(x):
        return nan
    if abs(x) > 1000:
        return FORMS[name].overflow if x > 0 else 0.0
    return rounded(mpmath.exp(mpmath.mpf(x)), name)


def log_by_mpmath(x: float, name: str) -> float:
    if isnan(x) or x < 0:
        return nan
    if x == 0 or isinf(x):
        return copysign(FORMS[name].overflow, 1.0 if x else -1.0)
    return rounded(mpmath.log(mpmath.mpf(x)), name)


def exp2_by_mpmath(x: float, name: str) -> float:
    if isnan(x):
        return nan
    if abs(x) > 1000:
        return FORMS[name].overflow if x > 0 else 0.0
    return rounded(mpmath.power(2, mpmath.mpf(x)), name)


def log1p_by_mpmath(x: float, name: str) -> float:
    if isnan(x) or x < -1:
        return nan
    if x == -1 or isinf(x):
        return copysign(FORMS[name].overflow, x)
    return rounded(mpmath.log1p(mpmath.mpf(x)), name)


BY_MPMATH = {
    elementary.exp: exp_by_mpmath,
    elementary.log: log_by_mpmath,
    elementary.exp2: exp2_by_mpmath,
    elementary.log1p: log1p_by_mpmath,
}


@pytest.mark.parametrize(("function", "expected"), BY_MPMATH.items())
@pytest.mark.parametrize("name", NARROW)
def test_right_on_every_code(name, function, expected):
    x = every_code(name)
    with np.errstate(all="ignore"):
        found = function(x, FORMATS[name])
    assert found.dtype == np.float32
    with mpmath.workprec(120):
        np.testing.assert_array_equal(found, [expected(v, name) for v in x.tolist()])


@pytest.mark.parametrize("function", BY_MPMATH)
@pytest.mark.parametrize("name", NARROW)
def test_few_numbers_and_many_take_different_ways_to_the_same_bits(name, function):
    x = every_code(name)
    many = np.resize(x, 1 << 16)  # long enough to be looked up
    with np.errstate(all="ignore"):
        looked_up = function(many, FORMATS[name])[: x.size]
        computed = np.concatenate(
            [function(x[i : i + 100], FORMATS[name]) for i in range(0, x.size, 100)]
        )
    assert np.array_equal(looked_up, computed, equal_nan=True)
    assert np.array_equal(np.signbit(looked_up), np.signbit(computed))


def test_nan_with_any_payload_is_looked_up_as_nan():
    quiet = (0x7FC00001, 0xFFC00001, 0x7FFFFFFF)
    x = np.resize(np.array(quiet, dtype=np.uint32), 1 << 14).view(np.float32)
    for name in NARROW:
        assert np.isnan(elementary.exp(x, FORMATS[name])).all()


@pytest.mark.parametrize("name", NARROW)
def test_the_same_on_a_strided_array(name):
    x = every_code(name)
    with np.errstate(all="ignore"):
        forwards = elementary.exp(x, FORMATS[name])
        backwards = elementary.exp(x[::-1], FORMATS[name])
    np.testing.assert_array_equal(backwards, forwards[::-1])


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_wide_formats_are_what_numpy_gives_on_contiguous_arrays(name):
    x = np.linspace(-100.0, 80.0, 4097).astype(name)
    form = FORMATS[name]
    np.testing.assert_array_equal(elementary.exp(x, form), np.exp(x))
    np.testing.assert_array_equal(elementary.exp(x[::-2], form), np.exp(x[::-2].copy()))
    assert elementary.exp(x, form).dtype.name == name


def exp2(x: float) -> mpmath.mpf:
    return mpmath.power(2, x)


@pytest.mark.parametrize(
    ("function", "precisely", "hard"),
    [
        ("exp", mpmath.exp, 2.0**-53),
        ("log", mpmath.log, 1 + 6 * 2.0**-52),
        ("exp2", exp2, -1075.0),
        ("log1p", mpmath.log1p, 2.0**-52),
    ],
)
def test_wide_formats_are_correctly_rounded_where_asked(function, precisely, hard):
    """e^x > 1 + x, and log(1 + d) > d − d²/2: both bounds are ties, and the value lies above.

    2^−1075 is a tie itself.
    """
    rng = np.random.default_rng(1)
    x = np.append(rng.uniform(0, 80, 500), hard)
    with mpmath.workprec(300):
        values = [precisely(v) for v in x.tolist()]
        expected = [rounded(y, "float64") for y in values]
    of = getattr(elementary, function)
    np.testing.assert_array_equal(of(x, FORMATS["float64"], "correct"), expected)
    np.testing.assert_array_equal(of(x[::-2], FORMATS["float64"], "correct"), expected[::-2])
    single = x.astype(np.float32)
    with mpmath.workprec(300):
        values = [precisely(v) for v in single.tolist()]
        expected = [rounded(y, "float32") for y in values]
    found = of(single, FORMATS["float32"], "correct")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", NARROW)
def test_narrow_formats_are_the_same_either_way(name):
    x = every_code(name)
    with np.errstate(all="ignore"):
        for function in BY_MPMATH:
            either = [function(x, FORMATS[name], whose) for whose in elementary.ELEMENTARY]
            assert either[0].tobytes() == either[1].tobytes()


def test_special_values():
    with np.errstate(all="ignore"):
        for name, form in FORMATS.items():
            x = np.array([-inf, inf, nan], dtype=form.carrier)
            infinite = [nan, nan] if name == "float8_e4m3fn" else [inf, inf]
            for whose in elementary.ELEMENTARY:
                found = elementary.exp(x, form, whose), elementary.log(x, form, whose)
                np.testing.assert_array_equal(found[0], [0.0, infinite[0], nan])
                np.testing.assert_array_equal(found[1], [nan, infinite[1], nan])
