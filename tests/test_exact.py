"""softaudit.exact is the correctly rounded answer: by hand, by theorem, and against the judge."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import inf, isfinite, nan
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from softaudit.errors import InputError, OptionError
from softaudit.face import exact, judge
from softaudit.formats import FORMATS as OURS
from softaudit.formats import round_fraction
from softaudit.reference.exact import Row

from .hard_rows import HARD_ROWS, by_length
from .judge import FORMS, Question, round_rational

FUNCTIONS = ("softmax", "log_softmax", "logsumexp")
FIXTURES = Path(__file__).parent.parent / "fixtures"


def in_float64(found) -> np.ndarray:
    return np.asarray(found).astype(np.float64)


def assert_correctly_rounded(logits, function: str, form: str, temperature: float = 1.0) -> None:
    found = exact(function, logits, format=form, temperature=temperature)
    expected = Question(logits, function, form, temperature).correctly_rounded()
    np.testing.assert_array_equal(in_float64(found), expected)


def by_mpmath(value, form: str) -> float:
    """Round a real that lies on no tie, given to 400 bits."""
    n, e = mpmath.mpf(value).man_exp
    size = round_rational(Fraction(int(n)) * Fraction(2) ** int(e), FORMS[form])
    return -size if value < 0 else size


@pytest.mark.parametrize("row", HARD_ROWS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_hard_rows(row, function):
    for form in FORMS:
        assert_correctly_rounded(np.array(HARD_ROWS[row]), function, form)


@pytest.mark.parametrize("temperature", [0.7, 0.5, 3.0])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_hard_rows_at_temperatures(temperature, function):
    for form, rows in product(FORMS, by_length()):
        assert_correctly_rounded(rows, function, form, temperature)


@pytest.mark.parametrize(("function", "form"), list(product(FUNCTIONS, FORMS)))
def test_real_logits(function, form):
    assert_correctly_rounded(np.load(FIXTURES / "digits_mlp.npy")[::45], function, form)
    masked = np.load(FIXTURES / "attention_left_padded.npy")[::5, ::7, ::5]
    assert_correctly_rounded(masked, function, form)


@given(
    hnp.arrays(np.float64, st.integers(1, 5), elements=st.floats(allow_nan=False)),
    st.sampled_from(FUNCTIONS),
    st.sampled_from(list(FORMS)),
)
@settings(max_examples=200)
def test_any_doubles(logits, function, form):
    assert_correctly_rounded(logits, function, form)


@pytest.mark.parametrize("form", FORMS)
def test_equal_logits_share_one_in_c_parts(form):
    for c in (*range(1, 70), 100, 127, 1000, 1023, 1024, 1025):
        found = in_float64(exact("softmax", np.full(c, 1.25), format=form))
        assert set(found.tolist()) == {round_rational(Fraction(1, c), FORMS[form])}


# 1/c lies halfway between 0 and the least number, and 0 is even.
@pytest.mark.parametrize(("form", "c"), [("float8_e4m3fn", 2**10), ("float8_e5m2", 2**17)])
def test_half_the_least_number_is_a_tie_and_becomes_zero(form, c):
    least = {"float8_e4m3fn": 2.0**-9, "float8_e5m2": 2.0**-16}[form]
    assert set(in_float64(exact("softmax", np.zeros(c), format=form)).tolist()) == {0.0}
    assert set(in_float64(exact("softmax", np.zeros(c - 1), format=form)).tolist()) == {least}


# The same in float16 would take 2^25 logits: so the count is given, and not the row.
def test_half_the_least_float16_is_a_tie_and_becomes_zero():
    share = Row([0.0], [2**25], 1.0, 128).exactly("softmax", 0)
    assert share == Fraction(1, 2**25)
    assert round_fraction(share, OURS["float16"]) == 0.0
    one_fewer = Row([0.0], [2**25 - 1], 1.0, 128).exactly("softmax", 0)
    assert round_fraction(one_fewer, OURS["float16"]) == 2.0**-24


def test_a_dominant_class_is_below_one_and_its_logarithm_below_zero():
    with mpmath.workprec(400):
        expected = float(-mpmath.log1p(mpmath.exp(-40)))
    assert expected == -4.248354255291589e-18  # as scipy#18295 and pytorch's issues have it
    found = exact("log_softmax", [40.0, 0.0], format="float64")
    assert found.tolist() == [expected, -40.0]
    assert exact("softmax", [40.0, 0.0], format="float64").tolist() == [1.0, 4.248354255291589e-18]


def test_two_classes_forty_below_are_absorbed_by_every_library():
    with mpmath.workprec(400):
        expected = float(-mpmath.log1p(2 * mpmath.exp(-40)))
    assert exact("log_softmax", [0.0, -40.0, -40.0], format="float64")[0] == expected


@pytest.mark.parametrize("gap", [88, 104, 700, 708, 740, 744, 745, 746, 800, 5000])
@pytest.mark.parametrize("form", FORMS)
def test_gaps_beyond_every_exponent(form, gap):
    rounded = round_rational(float(gap), FORMS[form])
    if not isfinite(rounded):
        return
    with mpmath.workprec(2**15):
        small = mpmath.exp(-mpmath.mpf(rounded))
        expected = [1.0, by_mpmath(small / (1 + small), form)]
        logarithm = by_mpmath(-mpmath.log1p(small), form)
    row = np.array([gap, 0.0])
    assert in_float64(exact("softmax", row, format=form)).tolist() == expected
    assert in_float64(exact("log_softmax", row, format=form))[0] == logarithm
    assert in_float64(exact("logsumexp", row, format=form)) == rounded


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("c", [2, 3, 10, 1000])
def test_logsumexp_of_zeros_is_the_logarithm_of_their_number(form, c):
    with mpmath.workprec(400):
        expected = by_mpmath(mpmath.log(c), form)
    assert in_float64(exact("logsumexp", np.zeros(c), format=form)) == expected
    found = in_float64(exact("log_softmax", np.zeros(c), format=form))
    assert set(found.tolist()) == {-expected}


def test_logsumexp_near_zero_keeps_its_digits():
    pair = [float(np.log(0.5))] * 2
    with mpmath.workprec(400):
        expected = float(mpmath.mpf(pair[0]) + mpmath.log(2))
    assert 0 < abs(expected) < 1e-16
    assert exact("logsumexp", pair, format="float64") == expected


NO_ANSWER = {
    "softmax": ([0.0, nan], [0.0, inf], [-inf, -inf]),
    "log_softmax": ([0.0, nan], [0.0, inf], [-inf, -inf]),
    "logsumexp": ([0.0, nan], [nan, inf]),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_rows_without_an_answer_are_nan(function):
    for row, form in product(NO_ANSWER[function], ("float16", "bfloat16", "float32", "float64")):
        assert np.isnan(in_float64(exact(function, row, format=form))).all()


def test_logsumexp_has_infinite_answers():
    for form in ("float16", "bfloat16", "float32", "float64", "float8_e5m2"):
        rows = [[0.0, inf], [-inf, -inf], [inf, -inf]]
        assert in_float64(exact("logsumexp", rows, format=form)).tolist() == [inf, -inf, inf]


def test_one_finite_logit_among_masks_is_certain():
    row = [-inf, 7.0, -inf]
    for form in ("float16", "bfloat16", "float32", "float64", "float8_e5m2"):
        assert in_float64(exact("softmax", row, format=form)).tolist() == [0.0, 1.0, 0.0]
        assert in_float64(exact("log_softmax", row, format=form)).tolist() == [-inf, 0.0, -inf]
        assert in_float64(exact("logsumexp", row, format=form)) == 7.0


def test_a_finfo_min_becomes_a_mask_in_narrower_formats():
    row = np.array([1.0, 2.0, np.finfo(np.float32).min], dtype=np.float32)
    found = in_float64(exact("log_softmax", row, format="float16"))
    assert found[2] == -inf
    assert np.array_equal(found[:2], in_float64(exact("log_softmax", row[:2], format="float16")))


def test_a_row_that_the_cast_fills_with_infinities_has_no_answer():
    for row in ([70000.0, 1.0], [-70000.0, -70001.0]):
        assert np.isnan(in_float64(exact("softmax", row, format="float16"))).all()
    assert np.isnan(in_float64(exact("softmax", [465.0, 1.0], format="float8_e4m3fn"))).all()
    assert np.isnan(in_float64(exact("softmax", [-inf, 1.0], format="float8_e4m3fn"))).all()


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4), (2, 1, 3, 4)])
@pytest.mark.parametrize("form", ["float16", "float64", "float8_e5m2"])
def test_shapes_and_dtypes(shape, form):
    x = np.linspace(-3.0, 2.0, int(np.prod(shape))).reshape(shape)
    for function in FUNCTIONS:
        found = exact(function, x, format=form)
        assert found.dtype.name == form
        assert found.shape == (shape[:-1] if function == "logsumexp" else shape)
        last = exact(function, x.reshape(-1, 4)[-1], format=form)
        np.testing.assert_array_equal(in_float64(found).reshape(-1, *last.shape)[-1], last)


def test_dividing_by_two_is_exact_and_so_is_a_temperature_of_two():
    x = np.load(FIXTURES / "digits_mlp.npy")[:20]
    for function in FUNCTIONS:
        hot = exact(function, x, format="float64", temperature=2.0)
        np.testing.assert_array_equal(hot, exact(function, x / 2, format="float64"))


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(OptionError):
        exact("softmax", [0.0], format="float16", temperature=1e-9)
    with pytest.raises(OptionError):
        exact("softmax", [0.0], format="float128")
    with pytest.raises(InputError):
        exact("softmax", [], format="float16")


def test_saturated_logits():
    """500 is 448 in float8_e4m3fn, and e^-64 is below half of its least number, 2^-9."""
    found = exact("softmax", [500.0, 384.0], format="float8_e4m3fn", saturate=True)
    assert found.astype(float).tolist() == [1.0, 0.0]
    assert np.isnan(exact("softmax", [500.0, 384.0], format="float8_e4m3fn").astype(float)).all()


def test_outputs_of_saturated_logits():
    audit = judge(np.array([1.0, 0.0]), [500.0, 384.0], format="float8_e4m3fn", saturate=True)
    (cell,) = audit.cells
    assert cell.key.name == "softmax/float8_e4m3fn+saturate/outputs"
    assert (cell.correctly_rounded, cell.overflow["saturated"]) == (2, 1)
