"""Numbers in words, by tables made by hand."""

from __future__ import annotations

from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from softaudit.wording import (
    NO_BREAK,
    apart,
    beside_one,
    count,
    percent,
    place,
    rounded_away,
    short,
    shorten,
    significant,
    telling,
    ulps,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (40.0, "40"),
        (-95.0, "−95"),
        (65504.0, "65504"),
        (-999999.0, "−999999"),
        (0.1, "0.1"),
        (-31.5, "−31.5"),
        (44.590123, "44.59"),
        (1e6, "1e6"),
        (-3.4028234663852886e38, "−3.403e38"),
        (4.248354255291589e-18, "4.248e-18"),
        (0.00012345678, "0.0001235"),
        (inf, "inf"),
        (-inf, "−inf"),
        (nan, "nan"),
    ],
)
def test_short(value, text):
    assert short(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.5, "0.50"),
        (0.01, "0.01"),
        (0.0049, "4.9e-3"),
        (1e-10, "1.0e-10"),
        (0.994, "0.99"),
        (0.996, "1.0"),
        (1.0, "1.0"),
        (9.94, "9.9"),
        (9.96, "10"),
        (62.3, "62"),
        (2047.2, "2047"),
        (99999.4, "99999"),
        (99999.6, "1.0e5"),
        (1.23e6, "1.2e6"),
        (5514679113423396.0, "5.5e15"),
        (inf, "∞"),
    ],
)
def test_significant(value, text):
    assert significant(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (1e-300, "<0.01"),
        (0.0049, "<0.01"),
        (0.0069, "<0.01"),
        (0.01, "0.01"),
        (0.02, "0.02"),
        (0.5, "0.50"),
        (4.7, "4.7"),
        (inf, "∞"),
    ],
)
def test_ulps(value, text):
    assert ulps(value) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "–"),
        (0, 7, "0 %"),
        (7, 7, "100 %"),
        (1, 2, "50 %"),
        (1, 3, "33 %"),
        (994, 1000, "99 %"),
        (996, 1000, "99.6 %"),
        (999_999, 1_000_000, "99.9+ %"),
        (4, 1000, "0.4 %"),
        (1, 10_000, "<0.1 %"),
    ],
)
def test_percent(part, whole, text):
    assert percent(part, whole) == text


@given(st.integers(0, 10**9), st.integers(1, 10**9))
@example(1999, 2000)
@example(1, 2000)
@example(999, 1000)
@example(1, 1000)
def test_percent_never_says_what_is_not(part, whole):
    part = min(part, whole)
    text = percent(part, whole)
    share = Decimal(100) * part / whole
    assert (text == "100 %") == (part == whole)
    assert (text == "0 %") == (part == 0)
    number = Decimal(text.removesuffix(" %").removesuffix("+").removeprefix("<"))
    if text.startswith("<"):
        assert 0 < share < number
    elif "+" in text:
        assert number <= share < 100
    else:
        assert abs(number - share) <= Decimal("0.5")


@pytest.mark.parametrize(
    ("decimal", "digits", "text"),
    [
        ("0.0", 4, "0"),
        ("-0.0", 4, "0"),
        ("1.0", 4, "1"),
        ("1234.5678", 6, "1234.57"),
        ("1234.5678", 2, "1200"),
        ("123456789.0", 4, "1.235e8"),
        ("-40.00000000000000000424835", 8, "−40"),
        ("-4.248354255291588986304978e-18", 8, "−4.2483543e-18"),
        ("0.00001670142184809518075523529", 4, "1.67e-5"),
        ("0.000152587890625", 5, "0.00015259"),
        ("0.9999999999", 4, "1"),
        ("9.99951e-7", 4, "1e-6"),
        ("999999.9", 6, "1e6"),
        ("1.0e-400", 4, "1e-400"),
        ("6.02e+23", 4, "6.02e23"),
        ("6553600000.0", 3, "6.55e9"),
    ],
)
def test_shorten(decimal, digits, text):
    assert shorten(decimal, digits) == text


digits_of_any_size = st.builds(
    "{}{}.{}{}".format,
    st.sampled_from(["", "-"]),
    st.from_regex(r"\A(0|[1-9][0-9]{0,12})\Z"),
    st.from_regex(r"\A[0-9]{1,25}\Z"),
    st.one_of(st.just(""), st.integers(-5000, 5000).map("e{}".format)),
)


@given(digits_of_any_size, st.integers(1, 25))
@example("0.5", 1)
@example("-9.995", 3)
@example("0.00099999", 4)
@example("0.0", 3)
def test_shorten_is_within_half_a_unit_of_its_last_digit(decimal, digits):
    exact, found = Decimal(decimal), Decimal(shorten(decimal, digits).replace("−", "-"))
    if exact == 0:
        assert found == 0
    else:
        unit = Decimal(1).scaleb(exact.adjusted() - digits + 1)
        assert abs(found - exact) <= unit / 2
        assert len(found.normalize().as_tuple().digits) <= digits


@pytest.mark.parametrize(
    ("exact", "computed", "text"),
    [
        ("0.1235", 0.5, "0.1235"),
        ("-1.552869123456e-10", -1.552868123456e-10, "−1.552869e-10"),
        ("-1.55286912345678e-10", -1.55286912345699e-10, "−1.5528691234568e-10"),
        ("0.5", 0.5, "0.5"),
        ("0.0", 1.0, "0"),
        ("0.25", nan, "0.25"),
        ("1.0", -inf, "1"),
    ],
)
def test_telling(exact, computed, text):
    assert telling(exact, computed) == text


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300))
@example(1.0, 1.0 + 2**-52)
def test_telling_tells_two_doubles_apart(a, b):
    if a != b:
        assert telling(repr(a), b) != telling(repr(b), a)


def test_counts_and_places():
    assert count(1, "row").replace(NO_BREAK, " ") == "1 row"
    assert count(31, "row").replace(NO_BREAK, " ") == "31 rows"
    assert count(0, "row").replace(NO_BREAK, " ") == "0 rows"
    assert place((0, 2, 5)).replace(NO_BREAK, " ") == "(0, 2, 5)"
    assert place((7,)) == "(7)"
    assert place(()) == "(0)"


def as_number(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf"))


@given(st.floats(1e-300, 1e300), st.sampled_from([3, 6]))
@example(34.525503108463646, 6)
@example(99.9999999, 3)
@example(1e6, 6)
def test_rounded_away_from_what_would_fail(value, digits):
    """A limit of few digits that is met: not below the value, and hardly above; or the opposite."""
    above = as_number(rounded_away(value, up=True, digits=digits))
    assert value <= above <= value * (1 + 2 * 10.0 ** (1 - digits))
    below = as_number(rounded_away(value, up=False, digits=digits))
    assert value * (1 - 2 * 10.0 ** (1 - digits)) <= below <= value


def test_counts_are_not_rounded():
    assert rounded_away(1234567, up=True, digits=3) == "1234567"
    assert rounded_away(inf, up=True) == "∞"


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300))
@example(40.0, 40.00000000000001)
@example(39.99999, 40.0)
def test_apart_tells_two_doubles_apart(a, b):
    shown, other = apart(a, b)
    assert (shown == other) == (a == b)


@pytest.mark.parametrize(
    ("pair", "texts"),
    [
        ((34.5255, 40), ("34.53", "40")),
        ((40.001, 40), ("40.001", "40")),
        ((218, 0), ("218", "0")),
        ((inf, 40.0), ("∞", "40")),
        ((1234567, 1234566), ("1234567", "1234566")),
        ((0.00012346, 0.0001), ("0.0001235", "0.0001")),
    ],
)
def test_apart(pair, texts):
    assert apart(*pair) == texts


@pytest.mark.parametrize("exact", ["1e-99999999999999999999", "-3.5e-12345678901234567890123"])
def test_what_is_far_from_one_is_not_written_beside_it(exact):
    assert beside_one(exact) is None
