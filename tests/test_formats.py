"""Formats against NumPy and ml_dtypes on every narrow code, and rounding against rationals."""

from __future__ import annotations

import pickle
from fractions import Fraction
from math import copysign, inf, isnan, nan

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from softaudit.face import audit
from softaudit.formats import FORMATS, binade, round_fraction, round_to, ulp, ulp_at

from .judge import FORMS, Size, nearest, round_rational, size_of

NARROW = ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")


def numbers(name: str) -> np.ndarray:
    """Give all finite numbers ≥ 0 of a narrow format, in the order of their codes."""
    dtype = FORMATS[name].dtype
    codes = np.arange(1 << (8 * dtype.itemsize - 1)).astype(f"u{dtype.itemsize}")
    with np.errstate(invalid="ignore"):
        values = codes.view(dtype).astype(np.float64)
    return values[np.isfinite(values)]


def some_float32() -> np.ndarray:
    """Give float32 numbers ≥ 0 from every binade, each with its successor behind it."""
    random = np.random.default_rng(1)
    codes = random.integers(0, 0x7F7FFFFE, 20000).astype(np.uint32)
    edges = np.array([0, 1, 0x7FFFFF, 0x800000, 0x3F7FFFFF, 0x7F7FFFFE], dtype=np.uint32)
    codes = np.concatenate([codes, edges])
    return np.stack([codes, codes + 1]).view(np.float32).astype(np.float64)


def neighbours(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give adjacent numbers a < b, and the one of them whose significand is even."""
    if name == "float32":
        a, b = some_float32()
        even = np.where(a.astype(np.float32).view(np.uint32) % 2 == 0, a, b)
        return a, b, even
    values = numbers(name)
    a, b = values[:-1], values[1:]
    return a, b, np.where(np.arange(len(a)) % 2 == 0, a, b)


@pytest.mark.parametrize("name", FORMATS)
def test_parameters_are_those_of_numpy_and_ml_dtypes(name):
    form = FORMATS[name]
    info = ml_dtypes.finfo(form.dtype)
    assert form.dtype.name == name
    assert form.largest == float(info.max)
    assert form.least_normal == float(info.smallest_normal)
    assert form.least_subnormal == float(info.smallest_subnormal)
    assert ulp_at(1.0, form) == float(info.eps)
    assert form.has_infinity == (name != "float8_e4m3fn")


# By hand: the largest number, the least normal one, the least one.
LIMITS = {
    "float16": (65504.0, 2.0**-14, 2.0**-24),
    "bfloat16": (255 * 2.0**120, 2.0**-126, 2.0**-133),
    "float32": ((2 - 2.0**-23) * 2.0**127, 2.0**-126, 2.0**-149),
    "float64": ((2 - 2.0**-52) * 2.0**1023, 2.0**-1022, 2.0**-1074),
    "float8_e4m3fn": (448.0, 2.0**-6, 2.0**-9),
    "float8_e5m2": (57344.0, 2.0**-14, 2.0**-16),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_by_hand(name):
    form = FORMATS[name]
    assert (form.largest, form.least_normal, form.least_subnormal) == LIMITS[name]


@pytest.mark.parametrize("carrier", [np.float64, np.float32])
@pytest.mark.parametrize("name", NARROW)
def test_every_number_rounds_to_itself(name, carrier):
    for values in (numbers(name), -numbers(name)):
        found = round_to(values.astype(carrier), FORMATS[name])
        assert found.dtype == carrier
        np.testing.assert_array_equal(found, values)
        np.testing.assert_array_equal(np.signbit(found), np.signbit(values))


@pytest.mark.parametrize("name", [*NARROW, "float32"])
def test_ulp_is_the_way_to_the_next_number(name):
    a, b, _ = neighbours(name)
    between = (a + b) / 2
    for values in (a, between, -a, -between, np.nextafter(b, 0)):
        np.testing.assert_array_equal(ulp(values, FORMATS[name]), b - a)


@pytest.mark.parametrize("name", FORMATS)
def test_ulp_at_the_ends(name):
    form = FORMATS[name]
    tiny = np.array([0.0, -0.0, form.least_subnormal, form.least_subnormal / 2, form.least_normal])
    assert set(ulp(tiny, form).tolist()) == {form.least_subnormal}
    # 448 = 14 · 2^5 is the one largest number whose significand is not all ones.
    ones = 14 if name == "float8_e4m3fn" else 2**form.precision - 1
    assert ulp(np.array([form.largest, -form.largest]), form).tolist() == [form.largest / ones] * 2
    assert np.isnan(ulp(np.array([inf, -inf, nan]), form)).all()


@pytest.mark.parametrize("name", [*NARROW, "float32"])
def test_ties_go_to_even_and_their_neighbours_do_not(name):
    a, b, even = neighbours(name)
    tie = (a + b) / 2
    for sign in (1.0, -1.0):
        for beside, expected in (
            (tie, even),
            (np.nextafter(tie, -1), a),
            (np.nextafter(tie, inf), b),
        ):
            found = round_to(sign * beside, FORMATS[name])
            np.testing.assert_array_equal(found, sign * expected)


@pytest.mark.parametrize("name", NARROW)
def test_ties_in_float32(name):
    a, b, even = neighbours(name)
    tie = ((a + b) / 2).astype(np.float32)
    for beside, expected in (
        (tie, even),
        (np.nextafter(tie, np.float32(-1)), a),
        (np.nextafter(tie, np.float32(inf)), b),
    ):
        found = round_to(beside, FORMATS[name])
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected)


# The first tie beyond the largest number: IEEE formats overflow at it; in float8_e4m3fn the code
# of 480 is NaN, but 448 is even, so that the tie 464 still becomes 448.
OVERFLOW = {
    "float16": (65520.0, inf),
    "bfloat16": (511 * 2.0**119, inf),
    "float32": ((2 - 2.0**-24) * 2.0**127, inf),
    "float8_e4m3fn": (464.0, 448.0),
    "float8_e5m2": (61440.0, inf),
}


@pytest.mark.parametrize("name", OVERFLOW)
def test_where_overflow_begins(name):
    form = FORMATS[name]
    tie, at_tie = OVERFLOW[name]
    x = np.array([np.nextafter(tie, 0), tie, np.nextafter(tie, inf), 1e308, inf])
    expected = np.array([form.largest, at_tie, *[form.overflow] * 3])
    np.testing.assert_array_equal(round_to(x, form), expected)
    np.testing.assert_array_equal(round_to(-x, form), -expected)
    assert [round_fraction(Fraction(v), form) for v in x[:2].tolist()] == [form.largest, at_tie]


@pytest.mark.parametrize("name", FORMATS)
def test_nan_stays_and_infinity_stays_where_there_is_one(name):
    for dtype in (np.float64, np.float32):
        found = round_to(np.array([nan, inf, -inf, -0.0, 0.0], dtype=dtype), FORMATS[name])
        infinite = nan if name == "float8_e4m3fn" else inf
        np.testing.assert_array_equal(found, [nan, infinite, -infinite, 0.0, 0.0])
        assert np.signbit(found[3:]).tolist() == [True, False]


def test_a_signalling_nan_warns_nobody():
    signalling = np.array([0x7FA00000, 0x3F800000], dtype=np.uint32).view(np.float32)
    np.testing.assert_array_equal(round_to(signalling, FORMATS["float16"]), [nan, 1.0])
    found = audit(signalling, function=["softmax"], format=["float16"])
    assert found.cells[0].rows["nan"] == 1


# A tie and a little more, which float32 would drop: ml_dtypes' cast from float64 to bfloat16, and
# torch's to float16 and bfloat16, go through float32 and give 1.
ROUNDED_TWICE = {
    "float16": (1 + 2.0**-11 + 2.0**-40, 1 + 2.0**-10),
    "bfloat16": (1 + 2.0**-8 + 2.0**-40, 1 + 2.0**-7),
    "float32": (1 + 2.0**-24 + 2.0**-52, 1 + 2.0**-23),
    "float8_e4m3fn": (1 + 2.0**-4 + 2.0**-40, 1.125),
    "float8_e5m2": (1 + 2.0**-3 + 2.0**-40, 1.25),
}


@pytest.mark.parametrize("name", ROUNDED_TWICE)
def test_rounded_once_where_casts_round_twice(name):
    x, expected = ROUNDED_TWICE[name]
    found = round_to(np.array([x, -x, x * 2.0**-3]), FORMATS[name])
    np.testing.assert_array_equal(found, [expected, -expected, expected * 2.0**-3])
    assert round_fraction(Fraction(x), FORMATS[name]) == expected


def test_double_rounding_in_the_subnormal_range():
    tie = 1.5 * 2.0**-24
    x = np.array([tie, tie + 2.0**-70, tie - 2.0**-70])
    np.testing.assert_array_equal(round_to(x, FORMATS["float16"]), [2.0**-23, 2.0**-23, 2.0**-24])


@pytest.mark.parametrize("name", NARROW)
def test_float32_rounds_as_the_libraries_cast(name):
    random = np.random.default_rng(2)
    codes = random.integers(0, 2**32, 300_000, dtype=np.uint64).astype(np.uint32)
    x = codes.view(np.float32)
    x = x[~np.isnan(x)]
    with np.errstate(all="ignore"):
        expected = x.astype(FORMATS[name].dtype).astype(np.float32)
    np.testing.assert_array_equal(round_to(x, FORMATS[name]), expected)


@settings(max_examples=400)
@given(st.floats(), st.sampled_from(list(FORMATS)))
@example(5e-324, "float64")
@example(-5e-324, "float32")
@example(2.2250738585072014e-308, "bfloat16")
def test_rounding_is_that_of_rationals(x, name):
    found = round_to(np.array([x]), FORMATS[name])[0]
    expected = round_rational(x, FORMS[name])
    np.testing.assert_array_equal(found, expected)
    if not isnan(found):
        assert copysign(1.0, found) == copysign(1.0, x)


def scaled(n: int, d: int, e: int) -> Fraction:
    return Fraction(n, d) * Fraction(2) ** e


FRACTIONS = st.one_of(
    st.fractions(),
    st.builds(scaled, st.integers(-40, 40), st.just(1), st.integers(-160, 140)),
    st.builds(scaled, st.integers(-9, 9), st.just(3), st.integers(-1080, 1024)),
)


@settings(max_examples=400)
@given(FRACTIONS, st.sampled_from(list(FORMATS)))
@example(Fraction(464), "float8_e4m3fn")
@example(Fraction(-465), "float8_e4m3fn")
@example(Fraction(1, 2**25), "float16")
@example(Fraction(3, 2**25), "float16")
def test_fractions_are_rounded_once(x, name):
    found, expected = round_fraction(x, FORMATS[name]), round_rational(x, FORMS[name])
    np.testing.assert_array_equal(found, expected)


@given(
    st.integers(-300, 300),
    st.integers(-150, 120),
    st.sampled_from([-1, 1]),
    st.sampled_from(list(FORMATS)),
)
@example(1, 0, -1, "float16")
@example(-1, -25, 1, "float16")
@example(0, 0, 1, "float16")
def test_the_real_just_beside_a_number(n, e, side, name):
    x = Fraction(n) * Fraction(2) ** e
    outward = -side if n < 0 else side
    size = size_of(x)
    if n:
        expected = nearest(Size(size.n, size.e, outward), FORMS[name])
        found = round_fraction(x, FORMATS[name], side)
        np.testing.assert_array_equal(abs(found), expected.value)
        unit = max(binade(x, side), FORMS[name].emin) - FORMS[name].precision + 1
        assert unit == expected.unit
    else:
        assert round_fraction(x, FORMATS[name], side) == 0.0


@pytest.mark.parametrize(("x", "side", "expected"), [
    (Fraction(1), 0, 0),
    (Fraction(1), -1, -1),
    (Fraction(1), 1, 0),
    (Fraction(-1), 1, -1),
    (Fraction(-1), -1, 0),
    (Fraction(3), -1, 1),
    (Fraction(1, 3), 0, -2),
    (Fraction(2**60 - 1), 0, 59),
    (Fraction(1, 2**1074), 0, -1074),
])  # fmt: skip
def test_binades_by_hand(x, side, expected):
    assert binade(x, side) == expected


HOLDS = {
    "float16": {"float16", "float8_e4m3fn", "float8_e5m2"},
    "bfloat16": {"bfloat16", "float8_e4m3fn", "float8_e5m2"},
    "float32": set(FORMATS) - {"float64"},
    "float64": set(FORMATS),
    "float8_e4m3fn": {"float8_e4m3fn"},
    "float8_e5m2": {"float8_e5m2"},
}


@pytest.mark.parametrize("name", FORMATS)
def test_which_formats_hold_which(name):
    assert {other for other in FORMATS if FORMATS[name].holds(FORMATS[other])} == HOLDS[name]


SATURATED = [
    ("float8_e4m3fn", [448.0, 463.9, 464.0, 465.0, 1e9, inf, nan], [448.0] * 6 + [nan]),
    ("float8_e5m2", [57344.0, 61439.0, 61440.0, 1e300, inf, nan], [57344.0] * 5 + [nan]),
]


@pytest.mark.parametrize(("name", "given_values", "expected"), SATURATED)
def test_what_saturates_becomes_the_largest_number(name, given_values, expected):
    form = FORMATS[name].saturating
    x = np.array(given_values)
    np.testing.assert_array_equal(round_to(x, form), expected)
    np.testing.assert_array_equal(round_to(-x, form), -np.array(expected))
    assert not form.has_infinity
    assert form.plain is FORMATS[name]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_flushes_has_no_subnormal_numbers(name, dtype):
    form = FORMATS[name]
    if form.precision > 24 and dtype == np.float32:
        return
    least = form.least_normal
    x = np.array([least, least * 0.6, form.least_subnormal, 1.0, -least / 2, -least], dtype)
    flushed = round_to(x, form.flushing)
    np.testing.assert_array_equal(flushed, [least, 0, 0, 1, 0, -least])
    assert np.signbit(flushed[4])
    assert form.flushing.keeping == form


# What rounds to the least normal number is not subnormal.
def test_flushing_looks_at_what_was_rounded():
    form = FORMATS["float16"]
    x = np.array([form.least_normal - form.least_subnormal / 4])
    assert round_to(x, form.flushing) == form.least_normal


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_the_same_in_every_process(name):
    for form in (FORMATS[name], FORMATS[name].saturating, FORMATS[name].flushing):
        there = pickle.loads(pickle.dumps(form))
        assert there == form
        assert hash(there) == hash(form)
