"""exp and log are correctly rounded: against Arb's 300 bits, rounded as integers.

Where both ends of Arb's ball did not round alike, a test would fail: it never happens.
"""

from __future__ import annotations

from itertools import product
from math import copysign, inf, isinf, isnan, nan

import numpy as np
import pytest
from flint import arb, ctx
from mpmath import libmp

from softaudit.formats import FORMATS as SOFTAUDIT_FORMATS
from softaudit.reference import elementary
from softaudit.reference.double_word import DoubleWord
from softaudit.reference.elementary import exp, log

from ..judge import FORMS, Size, nearest
from ..judge.decide import integers

WIDE = ("float32", "float64")
FUNCTIONS = {"exp": exp, "log": log}
BOTH = list(product(FUNCTIONS, WIDE))


@pytest.fixture(autouse=True)
def arb_precision():
    before, ctx.prec = ctx.prec, 300
    yield
    ctx.prec = before


def by_arb(function: str, x: float, form: str) -> float:
    """Round a value of Arb's; what has no digits is written down."""
    if isnan(x) or (function == "log" and x < 0):
        return nan
    if function == "log" and (x == 0 or isinf(x)):
        return inf if x else -inf
    if function == "exp" and abs(x) > 1000:
        return inf if x > 0 else 0.0
    n, r, e = integers(getattr(arb(x), function)())
    least, most = (nearest(Size(abs(end), e), FORMS[form]).value for end in (n - r, n + r))
    assert least == most, (function, x)
    return copysign(least, n)


def assert_right(function: str, x: np.ndarray) -> None:
    form = x.dtype.name
    found = FUNCTIONS[function](x)
    assert found.dtype == x.dtype
    expected = np.array([by_arb(function, v, form) for v in x.tolist()], dtype=x.dtype)
    wrong = ~((found == expected) | (np.isnan(found) & np.isnan(expected)))
    assert not wrong.any(), [(v.hex(), found[wrong][0]) for v in x[wrong].tolist()[:3]]


def every_binade(rng, form: str, count: int) -> np.ndarray:
    """Draw codes: every sign and exponent, subnormal numbers, infinities and NaN among them."""
    bits = 32 if form == "float32" else 64
    codes = rng.integers(0, 1 << bits, count, dtype=f"u{bits // 8}", endpoint=False)
    return codes.view(form)


@pytest.mark.parametrize(("function", "form"), BOTH)
def test_all_binades(function, form):
    with np.errstate(invalid="ignore"):
        assert_right(function, every_binade(np.random.default_rng(1), form, 8000))


RESULTS_BETWEEN_ZERO_AND_INFINITY = {"float32": (-104.0, 89.0), "float64": (-746.0, 710.0)}
SUBNORMAL = {"float32": (-104.0, -87.0), "float64": (-745.2, -708.3)}


@pytest.mark.parametrize("form", WIDE)
def test_exp_where_it_is_real(form):
    rng = np.random.default_rng(2)
    drawn = [
        rng.uniform(*RESULTS_BETWEEN_ZERO_AND_INFINITY[form], 6000),
        rng.uniform(*SUBNORMAL[form], 4000),
        -rng.exponential(10, 4000),
        rng.choice([-1, 1], 4000) * np.exp2(rng.uniform(-60, 6, 4000)),
    ]
    assert_right("exp", np.concatenate(drawn).astype(form))


@pytest.mark.parametrize("form", WIDE)
def test_log_where_softmax_takes_it(form):
    rng = np.random.default_rng(3)
    drawn = [
        rng.uniform(1, 100, 3000),
        rng.uniform(0, 1, 3000),
        1 + rng.choice([-1, 1], 3000) * np.exp2(-rng.uniform(1, 53, 3000)),
        np.exp2(rng.uniform(-149, 0, 3000)),
    ]
    assert_right("log", np.concatenate(drawn).astype(form))


def around(values: tuple[float, ...], form: str, steps: int = 20) -> np.ndarray:
    """Give numbers of a format with their neighbours on both sides."""
    word = "i4" if form == "float32" else "i8"
    codes = np.array(values, dtype=form).view(word)[:, None] + np.arange(-steps, steps + 1)
    return codes.astype(word).ravel().view(form)


EDGES_OF_EXP = {
    # log of: 2^1024 less half an ulp, 2^-1022, 2^-1074, 2^-1075
    "float64": (709.782712893384, -708.3964185322641, -744.4400719213812, -745.1332191019411),
    # log of: 2^128 less half an ulp, 2^-126, 2^-149, 2^-150
    "float32": (88.72283905206835, -87.33654475055310, -103.2789299019278, -103.9720770839918),
}


@pytest.mark.parametrize("form", WIDE)
def test_exp_around_the_ends_of_the_range(form):
    x = around(EDGES_OF_EXP[form], form)
    assert_right("exp", x)
    overflows, normal, _, vanishes = exp(x).reshape(4, -1)
    info = np.finfo(form)
    assert set(overflows[[0, -1]]) == {inf, overflows[0]}
    assert 0.999 * info.max < overflows[0] < inf
    assert normal.min() < info.tiny < normal.max()
    assert set(vanishes) == {0.0, info.smallest_subnormal}


@pytest.mark.parametrize("form", WIDE)
def test_exp_of_tiny_arguments_is_one_or_its_neighbour(form):
    """Half the distance from 1 to its neighbours is where it turns: 2^-p above, 2^-p-1 below."""
    p = FORMS[form].precision
    tiny = np.array([0.0, 5e-324, 2.0**-149, 1e-300, 2.0**-60, 2.0 ** (-p - 2)], dtype=form)
    np.testing.assert_array_equal(exp(np.r_[tiny, -tiny]), 1.0)
    above, below = np.array([2.0**-p, -(2.0 ** (-p - 1))], dtype=form)
    zero, up, down = (np.array(v, dtype=form) for v in (0.0, 2.0, -2.0))
    turns = np.array([np.nextafter(above, zero), above, np.nextafter(above, up)])
    # e^x > 1 + x: the tie itself goes up, to the neighbour above 1 and to 1 from below it.
    np.testing.assert_array_equal(exp(turns), np.array([1, 1 + 2 * above, 1 + 2 * above]))
    turns = np.array([np.nextafter(below, zero), below, np.nextafter(below, down)])
    np.testing.assert_array_equal(exp(turns), np.array([1, 1, 1 + 2 * below]))
    assert_right("exp", np.r_[around((2.0**-p, 2.0 ** (1 - p)), form), around((2.0**-p,), form)])


@pytest.mark.parametrize("form", WIDE)
def test_special_values(form):
    x = np.array([0.0, -0.0, inf, -inf, nan, 1.0, -1.0], dtype=form)
    np.testing.assert_array_equal(exp(x[:5]), np.array([1, 1, inf, 0, nan]))
    np.testing.assert_array_equal(log(x), np.array([-inf, -inf, inf, nan, nan, 0, nan]))
    assert not np.signbit(exp(x[3:4]))
    assert not np.signbit(log(x[5:6]))


def test_signalling_nan_is_nan_without_a_warning():
    for form, code in (("float32", 0x7F800001), ("float64", 0x7FF0000000000001)):
        x = np.array([code], dtype="u4" if form == "float32" else "u8").view(form)
        assert np.isnan(exp(x)).all()
        assert np.isnan(log(x)).all()


@pytest.mark.parametrize("form", WIDE)
def test_log_around_one_and_the_ends_of_the_range(form):
    info = np.finfo(form)
    x = around((1.0, 0.5, 2.0, info.tiny), form)
    assert_right("log", x[x > 0])
    word = "i4" if form == "float32" else "i8"
    assert_right("log", np.arange(1, 60, dtype=word).view(form))
    assert_right("log", np.array([info.max, np.nextafter(info.max, info.dtype.type(0))]))


def distance_to_tie(function: str, x: float) -> float:
    """Give how far a value is from the nearest float64 tie, in ulp."""
    y = getattr(arb(x), function)()
    n, _, e = integers(y)
    ulp = arb(2) ** (abs(n).bit_length() + e - 53)
    offset = abs(y) / ulp
    return float(abs(offset - offset.floor() - arb(0.5)).abs_upper())


HARDEST = [
    ("exp", "0x1.9E9CBBFD6080Bp-31"),
    ("exp", "-0x1.12D31A20FB38Bp5"),
    ("log", "0x1.613955DC802F8p-35"),
]
"""Lefèvre & Muller, Worst cases for correct rounding of the elementary functions in double
precision (2001), doi:10.1109/ARITH.2001.930110: to nearest."""


@pytest.mark.parametrize(("function", "x"), HARDEST)
def test_hardest_of_float64(function, x):
    number = float.fromhex(x)
    assert distance_to_tie(function, number) < 2.0**-55
    assert_right(function, np.array([number]))


@pytest.mark.parametrize("x", ["0x1.827a74p-7", "0x1.2f1fd6p+3", "0x1.bacb4ap+25"])
def test_float32_is_not_rounded_by_way_of_float64(x):
    """The float64 next to the logarithm is a tie of float32, and goes to the wrong side."""
    number = float.fromhex(x)
    twice = np.float32(by_arb("log", number, "float64"))
    assert twice != by_arb("log", number, "float32")
    assert_right("log", np.array([number], dtype=np.float32))


def close_to_ties() -> dict[str, np.ndarray]:
    """Give arguments whose series begin with a tie: 1 + x, and δ − δ²/2, so that rest decides."""
    odd = np.arange(1, 3000, 2)
    k = np.array([odd << j for j in range(9)]).ravel()
    k = k[k < 1 << 16]
    return {
        "exp": np.r_[odd * 2.0**-53, -odd * 2.0**-54],
        "log": np.r_[1 + k * 2.0**-52, 1 - k * 2.0**-53],
    }


@pytest.fixture
def asked(monkeypatch):
    """Give the list of what mpmath is asked from here on."""
    questions: list[float] = []
    before = elementary.settle

    def settle(precisely, x, form):
        questions.append(x)
        return before(precisely, x, form)

    monkeypatch.setattr(elementary, "settle", settle)
    return questions


@pytest.mark.parametrize("function", FUNCTIONS)
def test_series_that_begin_with_a_tie(function, asked):
    x = close_to_ties()[function]
    assert_right(function, x)
    assert len(asked) > 50


@pytest.mark.parametrize("form", WIDE)
def test_precision_grows_until_the_rounding_is_decided(form, monkeypatch):
    monkeypatch.setattr(elementary, "BASE_PRECISION", 20)
    for function, x in (("exp", -87.5), ("exp", -103.5), ("exp", 2.0**-53), ("log", 1 + 2.0**-20)):
        precisely = {"exp": libmp.mpf_exp, "log": libmp.mpf_log}[function]
        settled = elementary.settle(precisely, x, SOFTAUDIT_FORMATS[form])
        assert settled == by_arb(function, x, form)


@pytest.mark.parametrize("low", [2.0**-85, -(2.0**-85)])
def test_what_a_subnormal_tie_leaves_is_not_rounded_away(low):
    """v · 2^-1054 between two subnormal numbers, but for less than 53 bits can say."""
    value = DoubleWord(np.array([1 + 2.0**-21]), np.array([low]))
    _, doubt = elementary._scaled(value, np.array([-1054]))
    assert doubt.all()
    _, doubt = elementary._scaled(value, np.array([0]))
    assert not doubt.any()


def test_equal_doubts_are_settled_once(asked):
    x = np.full(5000, 2.0**-53)
    x[::7] = 3 * 2.0**-53
    assert_right("exp", x[:8])
    asked.clear()
    found = exp(x)
    assert sorted(asked) == [2.0**-53, 3 * 2.0**-53]
    np.testing.assert_array_equal(found[::7], 1 + 2.0**-51)
    np.testing.assert_array_equal(found[1:7], 1 + 2.0**-52)


@pytest.mark.parametrize(("function", "form"), BOTH)
def test_enclosures_decide_nearly_all(function, form, asked):
    x = np.random.default_rng(4).uniform(0.0 if function == "log" else -60.0, 60.0, 1 << 18)
    FUNCTIONS[function](x.astype(form))
    assert len(asked) <= 4


@pytest.mark.parametrize(("function", "form"), BOTH)
def test_what_mpmath_decides_is_what_enclosures_decide(function, form):
    """A way that does not depend on the enclosures at all, on subnormal results too."""
    rng = np.random.default_rng(5)
    x = rng.uniform(*SUBNORMAL[form], 200) if function == "exp" else rng.uniform(0, 3, 200)
    x = x.astype(form)
    precisely = {"exp": libmp.mpf_exp, "log": libmp.mpf_log}[function]
    settled = [elementary.settle(precisely, v, SOFTAUDIT_FORMATS[form]) for v in x.tolist()]
    np.testing.assert_array_equal(FUNCTIONS[function](x), np.array(settled, dtype=form))


@pytest.mark.parametrize(("function", "form"), BOTH)
def test_bits_do_not_depend_on_pieces_or_layout(function, form, monkeypatch):
    rng = np.random.default_rng(6)
    with np.errstate(invalid="ignore"):
        x = np.r_[every_binade(rng, form, 3001), rng.uniform(-760, 760, 3001).astype(form)]
    x = np.r_[x, close_to_ties()[function][:999].astype(form)]
    of = FUNCTIONS[function]
    whole = of(x)
    monkeypatch.setattr(elementary, "_PIECE", 100)
    assert of(x).tobytes() == whole.tobytes()
    assert np.concatenate([of(x[i : i + 7]) for i in range(0, 700, 7)]).tobytes() == (
        whole[:700].tobytes()
    )
    np.testing.assert_array_equal(of(x[::-1]), whole[::-1])
    np.testing.assert_array_equal(of(x[:7000].reshape(7, -1).T), whole[:7000].reshape(7, -1).T)
    assert of(x[:0].reshape(0, 4)).shape == (0, 4)


def by_numpy(function: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round NumPy's float64 results to float32, and tell where that cannot be trusted.

    It is taken to be within a relative 2^-40, some 8000 times what it documents: where results
    moved by that much round alike, so does the exact value between them.
    """
    y = getattr(np, function)(x.astype(np.float64))
    with np.errstate(over="ignore"):
        least, most = ((y * (1 + s * 2.0**-40)).astype(np.float32) for s in (-1, 1))
    return least, least != most


def compare_codes(function: str, first: int, last: int, stride: int = 1) -> None:
    """Compare all float32 of a range of codes, the trusted ones with NumPy, others with Arb."""
    step = stride << 20
    for start in range(first, last, step):
        x = np.arange(start, min(start + step, last), stride, dtype=np.uint32).view(np.float32)
        expected, open_ = by_numpy(function, x)
        found = FUNCTIONS[function](x)
        assert np.array_equal(found[~open_], expected[~open_])
        assert_right(function, x[open_])


def code(x: float) -> int:
    return int(np.array(x, dtype=np.float32).view(np.uint32))


RANGES = {
    "exp, positive": ("exp", code(2.0**-26), code(89.0)),
    "exp, negative": ("exp", code(-(2.0**-26)), code(-104.5)),
    "log, below 1": ("log", 1, code(1.0)),
    "log, above 1": ("log", code(1.0) + 1, code(inf)),
}
"""Arguments for which exp is neither 0, 1 nor infinite; all of log's but those written down."""


@pytest.mark.parametrize("part", RANGES)
def test_float32_every_4001st(part):
    compare_codes(*RANGES[part], stride=4001)


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", RANGES)
def test_every_float32(part):
    compare_codes(*RANGES[part])
