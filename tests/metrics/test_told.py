"""Causes that somebody else's results prove, by hand; and what they do not prove."""

from __future__ import annotations

from itertools import pairwise
from math import inf, log, nan

import mpmath
import numpy as np
import pytest

import softaudit
from softaudit import long_view, work
from softaudit.answers import Answers, Given
from softaudit.audit import audit
from softaudit.findings import findings
from softaudit.formats import FORMATS
from softaudit.json_v1 import audit_from_json, audit_to_json
from softaudit.metrics import CAUSES
from softaudit.model import Plan, Used
from softaudit.sources.array import from_array


def judged(outputs, logits, form: str, function: str = "softmax", **options):
    outputs = np.array(outputs, dtype=FORMATS[form].dtype)
    return softaudit.judge(outputs, logits, function=function, **options)


def answers_of(outputs: np.ndarray) -> Answers:
    return Answers([Given(from_array(outputs), Used("outputs"))])


def told(*args, **options) -> tuple[dict[str, int], dict[str, int]]:
    """Give how many results each cause is told of: those above 4 ulp, and those that break."""
    (cell,) = judged(*args, **options).cells
    assert list(cell.causes) == [cause for cause in CAUSES if cause in cell.causes]
    return (
        {cause: event.count for cause, event in cell.causes.items()},
        {cause: event.count for cause, event in cell.breaks.items()},
    )


def exact(function: str, logits: list[float], i: int) -> mpmath.mpf:
    with mpmath.workdps(60):
        total = sum((mpmath.exp(x) for x in logits), mpmath.mpf(0))
        y = logits[i] - mpmath.log(total)
        return mpmath.exp(y) if function == "softmax" else y


FLUSHED = [1.0, 0.0]


@pytest.mark.parametrize(
    ("form", "outputs", "logits", "broken"),
    [
        # e^−90 = 8.2e-40, of which the least normal number of float32, 1.2e-38, is the limit
        ("float32", FLUSHED, [0.0, -90.0], {"flush": 1}),
        ("float32", FLUSHED, [50.0, -40.0], {"flush": 1}),
        ("bfloat16", FLUSHED, [0.0, -90.0], {"flush": 1}),
        ("float16", FLUSHED, [0.0, -10.0], {"flush": 1}),  # e^−10 = 4.5e-5, below 2^−14
        ("float16", FLUSHED, [0.0, -9.5], {"rounding": 1}),  # e^−9.5 = 7.5e-5: normal
        ("float64", FLUSHED, [0.0, -740.0], {"flush": 1}),
        ("float8_e5m2", FLUSHED, [0.0, -10.0], {"flush": 1}),
        ("float16", FLUSHED, [0.0, -18.0], {}),  # half of the least subnormal number is more
        # without a shift, e^−104 in float32 is 0 whether subnormal numbers are kept or not
        ("float32", FLUSHED, [-20.0, -110.0], {"rounding": 1}),
        ("float32", FLUSHED, [-20.0, -103.5], {"rounding": 1}),
        # a row without another number may be one whose sum is infinite
        ("float32", [0.0, 0.0], [0.0, -90.0], {"rounding": 2}),
        ("float32", [nan, 0.0], [89.0, -1.0], {"rounding": 2}),
        ("float32", [1.0, -0.0], [0.0, -90.0], {"flush": 1}),
    ],
)
def test_zeros_of_subnormal_numbers(form, outputs, logits, broken):
    assert told(outputs, logits, form)[1] == broken


def test_a_sum_of_float16_that_overflowed_is_no_flush():
    """Of 65536 equal logits each answer, 2^−16, is subnormal, and 0 where the sum is infinite."""
    logits = np.zeros((2, 65536), np.float16)
    outputs = np.zeros_like(logits)
    assert told(outputs, logits, "float16")[1] == {"rounding": 2 * 65536}
    outputs[1, 7] = 1.0
    assert told(outputs, logits, "float16")[1] == {"flush": 65535, "rounding": 65536}


def test_who_returns_a_subnormal_number_flushes_none():
    """One result of 2^−16 shows that subnormal numbers are kept, also in another row."""
    logits = np.array([[0.0, -11.0], [0.0, -11.0]])
    flushed = np.array([[1.0, 0.0], [1.0, 0.0]], np.float16)
    assert told(flushed, logits, "float16")[1] == {"flush": 2}
    kept = np.array([[1.0, 0.0], [1.0, 2.0**-16]], np.float16)
    assert told(kept, logits, "float16")[1] == {"rounding": 1}


@pytest.mark.parametrize(
    ("outputs", "logits", "options", "broken"),
    [
        ([0.0, -inf], [0.0, -18.0], {}, {"log-of-zero": 1}),
        ([0.0, nan, -inf], [0.0, -18.0, -19.0], {}, {"log-of-zero": 1, "rounding": 1}),
        ([0.0, inf], [0.0, -18.0], {}, {"rounding": 1}),
        ([-inf, -inf], [0.0, 0.0], {}, {"rounding": 2}),  # log of an infinite sum, or of zeros
        ([0.0, -inf], [0.0, -inf], {}, {}),  # which is the answer
        # −4e4/½ is no number of float16, nor is an exponential or a logarithm needed for that
        ([0.0, -inf], [-3e4, -4e4], {"temperature": 0.5}, {"rounding": 1}),
        ([0.0, -inf], [0.0, -9.0], {"temperature": 0.5}, {"log-of-zero": 1}),
    ],
)
def test_infinite_logarithms(outputs, logits, options, broken):
    assert told(outputs, logits, "float16", "log_softmax", **options)[1] == broken


def test_an_infinite_logsumexp_is_a_logarithm_of_zero():
    broken = told([-inf, inf, nan], [[-20.0, -20.0]] * 3, "float16", "logsumexp")[1]
    assert broken == {"log-of-zero": 1, "rounding": 2}


def test_what_a_one_absorbs():
    """Of [40, 0] the answers are −4.2e-18 and −40: 0 is 5.5e15 ulp off, by less than an ulp of 1.

    At −log(1 + e^−1) = −0.31 rounding costs 2^−55 at most, and two ulp of 1 are 2^−51.
    """
    for first, cause in ((0.0, "absorption"), (2.0**-52, "absorption"), (-(2.0**-50), "rounding")):
        found = told([first, -40.0], [40.0, 0.0], "float64", "log_softmax")
        assert found == ({cause: 1}, {})
    y = [exact("log_softmax", [1.0, 0.0], i) for i in (0, 1)]
    assert -log(2) < y[0] < -0.3 < 2.0**-2 < -y[0]
    for off, cause in ((5, "absorption"), (9, "rounding")):  # in ulp(y), which is 2^−54
        outputs = [float(y[0]) + off * 2.0**-54, float(y[1]) + off * 2.0**-52]
        causes = told(outputs, [1.0, 0.0], "float64", "log_softmax")[0]
        assert causes == ({cause: 1, "rounding": 1} if cause != "rounding" else {cause: 2})


def test_no_more_than_rounding_is_not_absorption():
    """With the limit at 0 every error is told of; up to 1 ulp it is the rounding of the result."""
    y = float(exact("log_softmax", [1.0, 0.0], 0))
    outputs, logits = [np.nextafter(y, 1), -1.25], [1.0, 0.0]
    off = abs(mpmath.mpf(outputs[0]) - exact("log_softmax", [1.0, 0.0], 0)) * 2**54
    causes = told(outputs, logits, "float64", "log_softmax", limit=0)[0]
    assert causes == ({"rounding": 2} if off <= 1 else {"absorption": 1, "rounding": 1})


def test_a_logsumexp_near_zero_may_have_absorbed_or_cancelled():
    assert told([0.0], [[0.0, -40.0]], "float64", "logsumexp") == ({"rounding": 1}, {})


def test_all_above_the_limit_are_counted_whatever_their_cause():
    """Rows in which two causes are told of count once."""
    outputs = [[0.0, -1.0, -inf], [0.0, -40.0, -40.0]]
    cell = judged(outputs, [[40.0, 0.0, 0.0]] * 2, "float64", "log_softmax").cells[0]
    assert {c: (e.count, e.rows, e.first) for c, e in cell.causes.items()} == {
        "log-of-zero": (1, 1, (0, 2)),
        "absorption": (2, 2, (0, 0)),
        "rounding": (1, 1, (0, 1)),
    }
    above = cell.events["above_limit"]
    assert (above.count, above.rows, above.first) == (4, 2, (0, 0))
    causes = [worst.cause for worst in cell.worst[:4]]
    assert causes == ["log-of-zero", "absorption", "absorption", "rounding"]


def hard(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Give logits and outputs of float16 with zeros, infinities and rows without an answer."""
    logits = rng.normal(0, 8, (16, 40)).astype(np.float16)
    e = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    p = (e / e.sum(axis=-1, keepdims=True)).astype(np.float16)
    p[p < 2.0**-14] = 0
    p[::7] = 0
    p[3, ::5] = nan
    return logits, p


@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
def test_blocks_and_windows_tell_the_same(function, monkeypatch):
    logits, outputs = hard(np.random.default_rng(5))
    if function == "log_softmax":
        with np.errstate(divide="ignore"):
            outputs = np.log(outputs)
    (whole,) = judged(outputs, logits, "float16", function, worst=12).cells
    assert len(whole.causes) >= 2 or function == "softmax"
    assert len(whole.breaks) == 2
    for module in (work, long_view):
        monkeypatch.setattr(module, "WINDOW", 16)
    given = answers_of(outputs)
    plan = Plan((whole.key,), worst=12)
    (cell,) = audit(from_array(logits), plan, block=40, answers=given).cells
    for figure in ("worst", "causes", "breaks", "events"):
        assert repr(getattr(cell, figure)) == repr(getattr(whole, figure)), figure


def sentences(found) -> list[str]:
    return [f"{finding.kind}: {finding.plain}" for finding in findings(found)]


def test_sentences_claim_no_steps():
    """Nobody knows whether there was an exponential, and of what."""
    outputs, logits = [[1.0, 0.0, nan], [0.75, 0.0, 0.25]], [[0.0, -90.0, -1.0]] * 2
    found = judged(outputs, logits, "float32")
    assert [s for s in sentences(found) if s.startswith(("breaks", "loses"))] == [
        "breaks: float32 outputs: what is below 1.175e-38 becomes 0: 2 results, 2 rows, "
        "first (0, 1)",
        "breaks: float32 outputs: results are not finite: 1 result, 1 row, first (0, 2)",
        "loses: softmax in steps that the outputs do not show: float32 outputs "
        "4.5e6 ULP (relative 0.37); up to 4 results, 2 rows, first (0, 0)",
        "loses: softmax where subnormal numbers become 0: float32 outputs "
        "4.3e5 ULP (relative 1.0); up to 2 results, 2 rows, first (0, 1)",  # of e^−90/(1 + 1/e)
    ]


def test_losses_below_the_limit_asked_for_are_not_told():
    found = judged([0.5 + 2.0**-8, 0.5], [0.0, 0.0], "float16", limit=100)
    assert not any(s.startswith("loses") for s in sentences(found))
    (loss,) = (s for s in sentences(judged([0.0, -40.0], [40.0, 0.0], "float64", "log_softmax"))
               if s.startswith("loses"))  # fmt: skip
    assert loss == (
        "loses: log_softmax where p > ½: float64 outputs 5.5e15 ULP (relative 1.0); "
        "up to 1 result, 1 row, first (0)"
    )


def strays() -> tuple[np.ndarray, Plan]:
    """Give outputs of float32, one of them no number of float16, and a plan to judge them in it."""
    outputs = np.array([[0.5, 0.5], [0.5, 0.5 + 2.0**-13], [nan, 0.5]], np.float32)
    (cell,) = judged(np.zeros((3, 2)), np.zeros((3, 2)), "float16").cells
    return outputs, Plan((cell.key,))


def test_numbers_that_the_format_does_not_have_are_judged_as_they_are():
    """In float16 an ulp(½) is 2^−11: what is 2^−13 off has an error of ¼, and is no answer."""
    outputs, plan = strays()
    found = audit(from_array(np.zeros((3, 2))), plan, answers=answers_of(outputs))
    (cell,) = found.cells
    stray = cell.events["not_in_format"]
    assert (stray.count, stray.rows, stray.first) == (1, 1, (1, 1))
    assert (cell.correctly_rounded, cell.ulp["mean"]) == (4, 0.25 / 5)
    note = "note: float16 outputs: 1 result is no float16 number, 1 row, first (1, 1): judged as"
    assert any(s.startswith(note) for s in sentences(found))
    (read_back,) = audit_from_json(audit_to_json(found), "it").cells
    assert read_back.events == cell.events


def test_outputs_of_their_own_format_have_no_such_numbers():
    for form in FORMATS:
        (cell,) = judged([[1.0, 0.0], [nan, 0.25]], [[0.0, 0.0]] * 2, form).cells
        assert "not_in_format" not in cell.events


def test_limits_lie_in_order():
    """What the limit counts, less with every larger one."""
    logits, outputs = hard(np.random.default_rng(6))
    counts = [
        judged(outputs, logits, "float16", limit=limit).cells[0].events["above_limit"].count
        for limit in (0, 1, 30, 1000)
    ]
    assert all(more > less for more, less in pairwise(counts))
