"""Traps for whoever measures."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import cache, partial
from math import inf
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from mpmath import mp, mpf

import softaudit
from softaudit import cli

from .. import cells
from ..cells import error_ulp, exact, ulp
from ..judge import FORMS, round_rational

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
cell_of = partial(cells.cell_of, elementary="correct")


def attention() -> np.ndarray:
    """Give the attention scores of one layer of a small transformer, in float32."""
    return np.load(FIXTURES / "attention.npy")[0]


def test_numpy_s_assertion_refuses_bfloat16():
    """jax-ml/ml_dtypes#56: numpy.testing.assert_array_max_ulp does not know the type."""
    row = np.array([0.0, 1.0, 2.0])
    rounded = softaudit.exact("softmax", row, format="bfloat16")
    neighbours = (rounded.view(np.uint16) + 1).view(ml_dtypes.bfloat16)
    with pytest.raises(TypeError):
        np.testing.assert_array_max_ulp(rounded, neighbours)
    (cell,) = softaudit.judge(neighbours, row).cells
    errors = map(error_ulp, neighbours.astype(float), exact("softmax", row), ["bfloat16"] * 3)
    assert cell.ulp["max"] == pytest.approx(max(errors), rel=1e-9)
    assert 0.5 < cell.ulp["max"] <= 1.5


def test_infinity_is_not_one_ulp_from_the_largest_number():
    """jax-ml/ml_dtypes#56: numpy's integer distance makes neighbours of ∞ and the largest."""
    largest = np.finfo(np.float32).max
    answer, infinity = np.array([largest]), np.array([np.inf], dtype=np.float32)
    assert np.testing.assert_array_max_ulp(infinity, answer, maxulp=1) == 1
    (cell,) = softaudit.judge(infinity[0], answer, function="logsumexp").cells
    assert (cell.ulp["max"], cell.overflow["result"]) == (inf, 1)


@cache
def worst_on_attention(algorithm: str, form: str):
    """Give a cell's worst element on the attention scores, its error checked with mpmath."""
    logits = attention()
    worst = cell_of(logits, f"softmax/{form}/{algorithm}").worst[0]
    row = [round_rational(x, FORMS[form]) for x in logits[worst.index[:-1]].tolist()]
    y = exact("softmax", row)[worst.index[-1]]
    assert worst.ulp == pytest.approx(error_ulp(worst.computed, y, form), rel=1e-9)
    assert worst.relative == pytest.approx(float(worst.ulp * ulp(y, form) / y), rel=1e-9)
    return worst


def loss_from_shift(row: np.ndarray, j: int) -> float:
    """Give the relative error that softmax of a float32 row has from the rounding of x − m alone.

    An argument that is d too large makes an exponential d larger, and a term of the sum as well.
    """
    m = row.max()
    d = [float(Fraction(float(x - m)) - Fraction(float(x)) + Fraction(float(m))) for x in row]
    p = exact("softmax", row.astype(float).tolist())
    return d[j] - float(sum(q * e for q, e in zip(p, d, strict=True)))


def test_naive_is_closer_than_stable_where_nothing_overflows():
    """On attention scores in float32 naive is several times closer: stable has to round x − m.

    That rounding explains stable's worst error but for the few ulp of exp, sum and division.
    """
    naive, stable = worst_on_attention("naive", "float32"), worst_on_attention("stable", "float32")
    assert 6 * naive.ulp < stable.ulp
    j = stable.index[-1]
    y = mpf(stable.exact)
    explained = abs(loss_from_shift(attention()[stable.index[:-1]], j)) * y / ulp(y, "float32")
    assert stable.ulp == pytest.approx(float(explained), abs=4)
    assert stable.cause == "argument-rounding"


@pytest.mark.parametrize(
    ("source", "closer", "farther", "why"),
    [
        (str(FIXTURES / "attention.npy"), "naive", "stable", "stable errs from rounding x − m"),
        ("[-95, -96.5, -97.25]", "stable", "naive", "where the exponential is subnormal"),
    ],
    ids=["attention scores", "subnormal exponentials"],
)
def test_the_report_says_which_of_naive_and_stable_is_closer(source, closer, farther, why, capsys):
    """A tool that calls stable more accurate everywhere is wrong: it is safer."""
    assert cli.run(["check", source, "--function", "softmax", "--format", "float32"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"{closer} is closer than {farther} in float32" in said
    assert f"{farther} is closer than {closer}" not in said
    assert why in said


def test_relative_error_stands_beside_ulp():
    """An error of 34.5 ulp of bfloat16 is 13 %, and as many of float32 are 2e-6."""
    narrow, wide = (worst_on_attention("stable", form) for form in ("bfloat16", "float32"))
    assert round(narrow.ulp, 1) == 34.5  # as published; narrow formats have no machine's own exp
    assert round(narrow.relative, 3) == 0.135
    assert wide.ulp > 30
    assert wide.relative < wide.ulp * 2**-23 < 5e-6


@pytest.mark.parametrize("gap", [40.0, 700.0, 2000.0])
def test_the_reference_keeps_its_digits_for_a_dominant_class(gap, capsys):
    """A reference of b bits keeps b − 1.44·gap of them in log_softmax of a dominant class."""
    row = f"[{gap:g}, 0]"
    arguments = ["--function", "log_softmax", "--format", "float64", "--output-format", "json"]
    assert cli.run(["check", row, *arguments]) == 0
    (audit,) = json.loads(capsys.readouterr().out)["audits"]
    digits = audit["tables"][0]["elements"][0]["exact"]
    with mp.workdps(1000):
        y = -mp.log1p(mp.exp(-mpf(gap)))
        assert abs(mpf(digits) / y - 1) < mpf(10) ** -24 / 2
    with mp.workprec(200):
        fixed = -mp.log(1 + mp.exp(-mpf(gap)))
        assert -mp.log(abs(fixed / y - 1), 2) < max(200 - gap / mp.log(2), 0) + 8


@pytest.mark.parametrize(("form", "half_unit"), [("bfloat16", 2.0**-8), ("float16", 2.0**-11)])
def test_casts_round_once(form, half_unit):
    """Through float32, as ml_dtypes and torch cast float64, 1 + ½ ulp + 2^−40 becomes a tie."""
    x = 1 + half_unit + 2.0**-40
    assert round_rational(Fraction(x), FORMS[form]) == 1 + 2 * half_unit
    assert float(np.float32(x)) == 1 + half_unit  # the tie, which goes to the even 1
    assert round_rational(float(np.float32(x)), FORMS[form]) == 1
    assert softaudit.exact("logsumexp", [x], format=form) == 1 + 2 * half_unit
    for algorithm in ("naive", "stable"):
        single = softaudit.compute("log_softmax", [x], format=form, algorithm=algorithm)
        assert single.tolist() == [0]


@pytest.mark.parametrize("form", ["float32", "float64"])
def test_results_do_not_depend_on_memory_layout(form):
    """NumPy's exp of a reversed or strided float64 array is not that of a contiguous one."""
    logits = np.random.default_rng(0).normal(0, 8, (16, 500))
    compute = partial(softaudit.compute, "softmax", format=form, algorithm="naive")
    wide = np.repeat(logits, 2, axis=-1)[:, ::2]
    for view in (logits[:, ::-1], np.asfortranarray(logits), wide):
        np.testing.assert_array_equal(compute(view), compute(np.ascontiguousarray(view)))
    alone = np.stack([compute(row) for row in logits])
    np.testing.assert_array_equal(alone, compute(logits))


def test_the_mean_does_not_depend_on_the_order_of_the_rows():
    """The same errors summed in blocks of 4096, 8192 and 65536 gave three different doubles."""
    logits = attention().reshape(-1, 31)
    shuffled = np.random.default_rng(0).permutation(logits)
    name = "softmax/float32/stable"
    there, here = cell_of(logits, name), cell_of(shuffled, name)
    assert there.ulp["mean"] == here.ulp["mean"]
    assert there.cast_error == here.cast_error
