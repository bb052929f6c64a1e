"""assert_accurate: its figures by hand, and what a test that uses it prints."""

from __future__ import annotations

from importlib.metadata import entry_points
from math import inf, nan, nextafter

import numpy as np
import pytest

import softaudit
from softaudit.errors import InputError, OptionError

FORTY = {"logits": [[40.0, 0.0]], "function": "log_softmax"}
Y = -4.248354255291589e-18  # −log(1 + e^−40), between 2^−58 and 2^−57
ULP = 2.0**-110


def said(outputs, logits, **options) -> list[str]:
    """Give the lines that an assertion fails with."""
    with pytest.raises(AssertionError) as error:
        softaudit.assert_accurate(outputs, logits, **options)
    assert str(error.value).isprintable() or "\n" in str(error.value)
    return str(error.value).split("\n")


def test_a_dominant_class_that_became_zero():
    lines = said([[0.0, -40.0]], max_ulp=4, **FORTY)
    assert f"{-Y / ULP:.3e}" == "5.515e+15"
    assert lines == [
        "log_softmax in float64: the largest error is 5.515e15 ULP, above max_ulp=4",
        "  1 of 2 results above it, in 1 row, first (0, 0)",
        "  max_ulp=5.52e15 passes",
        "   index  logit  computed       exact     ULP",
        "  (0, 0)     40         0  −4.248e-18  5.5e15",
    ]
    softaudit.assert_accurate([[0.0, -40.0]], max_ulp=5.52e15, **FORTY)


def test_the_error_and_the_limit_are_told_apart():
    """Of [0, 0] the answer is ½: 0.75 is 2^51 ulp off, exactly."""
    at = float(2**51)
    softaudit.assert_accurate([0.75, 0.5], [0.0, 0.0], max_ulp=at)
    (headline, *_) = said([0.75, 0.5], [0.0, 0.0], max_ulp=nextafter(at, 0))
    assert "2.251799813685248e15 ULP, above max_ulp=2251799813685247.8" in headline


def test_errors_are_real_numbers():
    """In float16 a third is 1365⅓ ulp of 2^−12: what is nearest to it is a third of one off."""
    logits, outputs = np.zeros((1, 3), np.float16), np.full((1, 3), 1365 * 2**-12, np.float16)
    softaudit.assert_accurate(outputs, logits, max_ulp=1 / 3 + 1e-12)
    headline = said(outputs, logits, max_ulp=0.333)[0]
    assert "the largest error is 0.3333 ULP, above max_ulp=0.333" in headline


def test_results_that_are_not_finite_fail_whatever_the_limit():
    logits = np.zeros((3, 2), np.float32)
    outputs = np.array([[0.5, nan], [inf, 0.5], [0.0, 0.5]], np.float32)
    lines = said(outputs, logits, max_ulp=1e30)
    assert lines[:4] == [
        "softmax in float32: the largest error is ∞ ULP, above max_ulp=1e+30",
        "  2 of 6 results above it, in 2 rows, first (0, 1)",
        "  2 results not finite, of finite answers",
        "  1 result 0 too early, though the format holds the answer",
    ]
    assert lines[4:] == [
        "  no max_ulp passes",
        "   index  logit  computed  exact  ULP",
        "  (0, 1)      0       nan    0.5    ∞",
        "  (1, 0)      0       inf    0.5    ∞",
    ]


def test_a_logarithm_s_early_infinity_is_not_finite():
    lines = said([[0.0, -inf, nan]], [[0.0, -18.0, -19.0]], function="log_softmax", max_ulp=1e9)
    assert "  2 results not finite, of finite answers" in lines
    assert not any("too early" in line for line in lines)


def test_wrong_infinities_fail_though_they_have_no_error_in_ulp():
    finfo = float(np.finfo(np.float64).min)
    logits = [[7.0, -inf], [7.0, -inf]]
    lines = said([[0.0, -inf], [0.0, finfo]], logits, function="log_softmax", max_ulp=2)
    assert lines == [
        "log_softmax in float64: infinite answers are not returned as such",
        "  1 infinite answer not returned, first (1, 1)",
        "  no max_ulp passes",
    ]
    softaudit.assert_accurate([[0.0, -inf]] * 2, logits, function="log_softmax", max_ulp=0)


def test_infinite_answers_alone_can_be_right():
    softaudit.assert_accurate([-inf], [[-inf, -inf]], function="logsumexp", max_ulp=0)
    assert "infinite" in said([nan], [[-inf, -inf]], function="logsumexp", max_ulp=0)[0]


def test_rounded_logits_and_rows_left_out_are_noted():
    logits = np.array([[0.1, 0.0], [nan, 0.0], [-inf, -inf]], np.float32)
    outputs = np.array([[0.75, 0.5], [nan, nan], [0.0, 0.0]], np.float16)
    lines = said(outputs, logits, max_ulp=0.5)
    p = 1 / (1 + np.exp(0.1))  # between ¼ and ½, where an ulp is 2^−12; its derivative is p(1 − p)
    cost = p * (1 - p) * float(np.float32(0.1) - np.float32(np.float16(0.1))) / 2**-12
    note = f"which alone costs up to {cost:.2f} ULP and is not counted"
    assert f"  judged on the logits rounded to float16, {note}" in lines
    assert "  2 rows with NaN, +∞ or nothing but −∞ left out" in lines


def test_logsumexp_has_a_column_less():
    lines = said(np.array([1.0, 2.5]), [[0.0, 0.0], [1.0, 1.0]], function="logsumexp", max_ulp=1)
    assert lines[3:] == [
        "  index  computed   exact     ULP",
        "    (1)       2.5   1.693  3.6e15",  # |2.5 − (1 + log 2)| / 2^−52
        "    (0)         1  0.6931  2.8e15",  # |1 − log 2| / 2^−53
    ]


@pytest.mark.parametrize(
    ("outputs", "logits", "options", "error", "says"),
    [
        ([nan, nan], [nan, 0.0], {}, InputError, "nothing to judge, since every row has NaN"),
        ([0.0, 0.0], [-inf, -inf], {}, InputError, "give a row that has an answer"),
        (
            np.array([[1, 0], [1, 0]], np.float16),
            [[7e4, 0.0], [1.0, 0.0]],
            {},
            InputError,
            "logits: rows that float16 does not hold: 1; give the logits as the implementation got",
        ),
        ([0.5], [0.0, 0.0], {}, InputError, "shape"),
        ([0.5, 0.5], [0.0, 0.0], {"max_ulp": nan}, OptionError, "max_ulp nan: must be a finite"),
        ([0.5, 0.5], [0.0, 0.0], {"max_ulp": -1}, OptionError, "max_ulp -1"),
        ([0.5, 0.5], [0.0, 0.0], {"max_ulp": inf}, OptionError, "max_ulp inf"),
        ([0.5, 0.5], [0.0, 0.0], {"function": "softmin"}, OptionError, "did you mean softmax"),
    ],
)
def test_what_cannot_be_asserted(outputs, logits, options, error, says):
    with pytest.raises(error, match=says):
        softaudit.assert_accurate(outputs, logits, **{"max_ulp": 1, **options})


def test_undecided_values_are_no_pass():
    """softmax of equal logits but for 1e-30 is 2^−k (1 ± 1e-30), on a side nobody asked."""
    logits = np.random.default_rng(4).normal(0, 1e-30, (1, 2048))
    outputs = np.full_like(logits, 2.0**-11)
    with pytest.raises(InputError, match="1048 exact values are undecided"):
        softaudit.assert_accurate(outputs, logits, max_ulp=4)


def test_the_plugin_is_registered():
    found = [point.value for point in entry_points(group="pytest11", name="softaudit")]
    assert found == ["softaudit.pytest_plugin"], "install softaudit again: it has a pytest plugin"


TESTS = """
    import sys

    def test_the_plugin_takes_no_time():
        assert not {"numpy", "mpmath", "ml_dtypes", "rich", "typer"} & set(sys.modules)

    def test_passes(assert_accurate):
        assert_accurate([0.5, 0.5], [0.0, 0.0], max_ulp=0)

    def test_fails(assert_accurate):
        outputs = [[0.0, -40.0]]
        assert_accurate(outputs, [[40.0, 0.0]], function="log_softmax", max_ulp=4)

    def test_asks_for_what_is_not_there():
        from softaudit import assert_accurate

        assert_accurate([0.5, 0.5, 0.5], [0.0, 0.0], max_ulp=4)
"""


@pytest.mark.processes
def test_pytest_shows_the_line_of_the_test_and_what_is_wrong(pytester):
    pytester.makepyfile(test_kernel=TESTS)
    found = pytester.runpytest_subprocess("-q", "-W", "error")
    found.assert_outcomes(passed=2, failed=2)
    found.stdout.fnmatch_lines(
        [
            '>       assert_accurate(outputs, *, function="log_softmax", max_ulp=4)',
            "E       AssertionError: log_softmax in float64: the largest error is 5.515e15 ULP, *",
            "E         1 of 2 results above it, in 1 row, first (0, 0)",
            "E         max_ulp=5.52e15 passes",
            "E          index  logit  computed       exact     ULP",
            "E         (0, 0)     40         0  −4.248e-18  5.5e15",
            "test_kernel.py:*: AssertionError",
            ">       assert_accurate(*0.5, 0.5, 0.5*, max_ulp=4)",
            "E       softaudit.errors.InputError: outputs: shape (3,), and softmax of logits of *",
            "test_kernel.py:*: InputError",
        ]
    )
    found.stdout.no_fnmatch_line("*accuracy.py*")
