"""Exponentials that overflow or become subnormal, and rows of masks or without an answer."""

from __future__ import annotations

from fractions import Fraction
from math import inf, nan
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from mpmath import mp, mpf

import softaudit
from softaudit.model import RowKind

from ..cells import cell_of, error_ulp, exact, ulp
from ..hard_rows import LEAST_FLOAT32
from ..judge import FORMS, round_rational

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"


def test_naive_overflow_shows_no_infinity_in_its_results():
    """Counting infinities in a softmax finds nothing: ∞/∞ is NaN, and finite/∞ is 0."""
    row = [12.0, 0.0, -6.0]
    assert mp.exp(12) > 65520 > mp.exp(0)  # the first of them alone becomes ∞
    softmax = softaudit.compute("softmax", row, format="float16", algorithm="naive")
    np.testing.assert_array_equal(softmax, np.array([nan, 0, 0], dtype=np.float16))
    cell = cell_of(row, "softmax/float16/naive")
    assert (cell.overflow["exp"], cell.overflow["zeroed"], cell.overflow["nan"]) == (1, 2, 1)
    assert mp.exp(-18) < mpf(2) ** -25 < mp.exp(-12)  # the last is 0 in float16 anyway
    assert (cell.underflow["premature"], cell.underflow["forced"]) == (1, 1)
    assert [w.cause for w in cell.worst] == ["inf-over-inf", "exp-overflow"]


def test_adding_to_a_float16_mask_makes_minus_infinity_and_nan():
    """transformers#17306: finfo(float16).min + (−16) is −∞; a row of them is NaN."""
    least = -FORMS["float16"].largest
    assert round_rational(Fraction(least - 16), FORMS["float16"]) == -inf
    assert round_rational(Fraction(least - 15), FORMS["float16"]) == least
    with np.errstate(over="ignore"):
        row = np.full(3, least, dtype=np.float16) + np.float16(-16)
    assert_no_answer(row, "float16", RowKind.ALL_MASKED)


def test_two_bfloat16_masks_add_up_to_minus_infinity():
    """transformers#17306: one finfo.min mask for padding and one for causality are too many."""
    least = ml_dtypes.finfo(ml_dtypes.bfloat16).min
    assert 2 * Fraction(float(least)) == -2 * FORMS["bfloat16"].largest
    with np.errstate(over="ignore"):
        row = np.full(3, least) + np.full(3, least)
    assert_no_answer(row, "bfloat16", RowKind.ALL_MASKED)


def assert_no_answer(row, form: str, kind: RowKind) -> None:
    """Check that a row is NaN throughout, counted by its kind, and in no statistics."""
    cell = cell_of(row, f"softmax/{form}/stable")
    (out,) = cell.degenerate
    assert (out.kind, out.rows) == (kind, 1)
    assert np.isnan(softaudit.compute("softmax", row, format=form, algorithm="stable")).all()
    assert (cell.rows["audited"], cell.elements, cell.ulp["max"]) == (0, 0, None)


def test_minus_1e9_is_a_mask_in_float16():
    """transformers#17306: −1e9 is no float16; its cast is −∞, which masks as it was meant to."""
    assert round_rational(-1e9, FORMS["float16"]) == -inf
    cell = cell_of([0.0, 0.0, -1e9], "softmax/float16/stable")
    assert (cell.overflow["cast_to_mask"], cell.rows["audited"]) == (1, 1)
    assert cell.ulp["max"] == 0  # ½, ½ and 0


def test_a_row_of_float32_masks_has_no_finite_logit_left_in_float16():
    """finfo(float32).min in every column is uniform in float32, and nothing in float16."""
    n = 4
    row = np.full(n, np.finfo(np.float32).min)
    assert softaudit.exact("softmax", row, format="float32").tolist() == [1 / n] * n
    cell = cell_of(row, "softmax/float16/stable")
    assert (cell.rows["lost_to_cast"], cell.rows["audited"]) == (1, 0)
    assert np.isnan(softaudit.exact("softmax", row, format="float16")).all()


@pytest.mark.parametrize("form", ["float16", "bfloat16"])
def test_finfo_min_masks_stay_masks_when_cast(form):
    """If rows with such masks left the statistics, masked attention files would show nothing."""
    logits = np.load(FIXTURES / "attention_finfo_min.npy")[..., ::5, :]
    masks = int((logits == LEAST_FLOAT32).sum())
    assert masks > 0
    cell = cell_of(logits, f"softmax/{form}:float32/stable")
    assert cell.overflow["cast"] == cell.overflow["cast_to_mask"] == masks
    assert cell.rows["audited"] == logits.size // logits.shape[-1]
    assert cell.elements == logits.size


def test_fully_masked_rows_are_nan():
    """scipy, jax, torch and onnxruntime return NaN; torch's safe softmax returns 0: both shown."""
    row = np.full(3, -inf, dtype=np.float32)
    assert_no_answer(row, "float32", RowKind.ALL_MASKED)
    (cell,) = softaudit.judge(np.zeros_like(row), row).cells
    assert (cell.rows["all_masked"], cell.degenerate[0].returned) == (1, (0,))


def test_one_positive_infinity_is_nan_though_the_limit_is_one_hot():
    """pytorch#6864: ∞ − ∞ is NaN, while softmax of [0, t] tends to [0, 1]."""
    assert_no_answer([0.0, inf], "float32", RowKind.POSITIVE_INFINITY)
    assert mp.exp(-104) < mpf(2) ** -150
    for t in (104.0, 1e4, float(FORMS["float32"].largest)):
        assert softaudit.exact("softmax", [0.0, t], format="float32").tolist() == [0, 1]


def test_a_nan_takes_its_whole_row():
    """onnxruntime: float64 LogSoftmax of [0, NaN, 1] is [45.05, NaN, 46.05], and no logarithm."""
    row = [0.0, nan, 1.0]
    (cell,) = softaudit.judge([45.05, nan, 46.05], row, function="log_softmax").cells
    assert (cell.rows["nan"], cell.rows["audited"], cell.out_of_range) == (1, 0, 0)
    assert str(cell.degenerate[0].returned) == "(45.05, 46.05, nan)"
    assert_no_answer(row, "float64", RowKind.NAN)


def test_naive_float16_far_below_zero_is_nan_everywhere():
    """pytorch#158310: LogSoftmax of these float16 logits is −∞ on a CPU, and finite on a GPU.

    Without a shift every exponential is 0, and 0/0 is NaN; with it none but the small ones are.
    """
    logits = np.random.default_rng(432).uniform(-20260.0, -19740.0, size=(18, 1, 2, 2, 21, 2))
    logits = np.moveaxis(logits, 2, -1)
    assert mp.exp(-19740) < mpf(2) ** -25
    cell = cell_of(logits, "log_softmax/float16/naive")
    assert cell.overflow["nan"] == cell.overflow["result"] == logits.size
    cell = cell_of(logits, "log_softmax/float16/stable")
    assert (cell.overflow["result"], cell.underflow["premature"]) == (0, 0)


def flushing(logits):
    """Audit stable float32 softmax as processors that keep subnormal numbers do it, or flush them.

    Returns
    -------
    kept, flushed : Cell
    """
    return softaudit.audit(
        logits,
        function="softmax",
        format="float32",
        algorithm="stable",
        subnormals=["keep", "flush"],
        elementary="correct",
    ).cells


def test_flushing_subnormal_numbers_loses_a_small_probability():
    """jax on a CPU has no subnormal numbers: e^−87.5 < 2^−126 becomes 0."""
    row = [0.0, -87.5]
    y = exact("softmax", row)[1]
    assert y < mpf(2) ** -126
    kept, flushed = flushing(row)
    assert kept.ulp["max"] < 1
    assert flushed.underflow["premature"] == 1
    assert flushed.ulp["max"] == pytest.approx(float(y / mpf(2) ** -149), rel=1e-12)
    assert (flushed.worst[0].computed, flushed.worst[0].relative) == (0, 1)


def test_flushed_probabilities_of_real_logits_are_the_worst_errors():
    """jax on a CPU: 5.2e4 ULP on a perceptron's logits, where torch has 56.

    The largest probability below 2^−126 decides: it has nearly 2^23 units.
    """
    logits = 2 * np.load(FIXTURES / "digits_mlp.npy").astype(np.float32)
    gaps = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    e = np.exp(gaps)
    p = e / e.sum(axis=-1, keepdims=True)
    lost = p < 2.0**-126  # where e is below it, so is p
    assert np.abs(p * 2.0**126 - 1).min() > 1e-5
    kept, flushed = flushing(logits)
    assert flushed.ulp["max"] == pytest.approx(p[lost].max() / 2.0**-149, rel=1e-9)
    assert 2**16 < flushed.ulp["max"] < 2**23
    forced = int((p < 2.0**-150).sum())
    assert flushed.underflow["forced"] == kept.underflow["forced"] == forced
    assert flushed.underflow["premature"] == lost.sum() - forced
    assert kept.ulp["max"] < 200


def test_naive_is_thousands_of_ulp_off_where_its_exponentials_are_subnormal():
    """[−95, −96.5, −97.25] in float32: naive is 6173 ULP off, and stable less than one.

    Below 2^−126 exponentials are whole multiples n of 2^−149, of few digits.
    """
    row = [-95.0, -96.5, -97.25]
    with mp.workdps(60):
        counts = [int(mp.nint(mp.exp(x) * mpf(2) ** 149)) for x in row]
    quotients = [round_rational(Fraction(n, sum(counts)), FORMS["float32"]) for n in counts]
    errors = [
        error_ulp(v, y, "float32") for v, y in zip(quotients, exact("softmax", row), strict=True)
    ]
    naive = cell_of(row, "softmax/float32/naive", elementary="correct")
    assert naive.ulp["max"] == pytest.approx(max(errors), rel=1e-9)
    assert round(max(errors)) == 6173
    assert naive.worst[0].cause == "exp-underflow"
    stable = cell_of(row, "softmax/float32/stable", elementary="correct")
    assert stable.ulp["max"] < 1


def test_a_zero_that_is_correctly_rounded_is_no_failure():
    """Polygraphy replaces a reference's zeros by 2.2e-16; tt-metal's p99 explodes at zeros.

    A relative error of 1 is all there is to see; in units of the least number it is e^−200·2^149.
    """
    row = [0.0] + [-200.0] * 99
    y = exact("softmax", row)[1]
    cell = cell_of(row, "softmax/float32/stable")
    assert (cell.underflow["forced"], cell.underflow["premature"]) == (99, 0)
    assert cell.correctly_rounded == 100
    assert cell.ulp["max"] == pytest.approx(float(y / ulp(0, "float32")), rel=1e-12)
    assert cell.ulp["p99"] < 1e-40
    assert cell.relative_max == 1.0
