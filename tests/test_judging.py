"""Somebody else's outputs: their figures by the independent judge, and what cannot be judged."""

from __future__ import annotations

from itertools import product
from math import inf, isclose, nan

import ml_dtypes
import numpy as np
import pytest

import softaudit
from softaudit import long_view, work
from softaudit.answers import Answers, Given
from softaudit.audit import audit
from softaudit.errors import InputError, OptionError
from softaudit.findings import findings
from softaudit.formats import FORMATS
from softaudit.model import Plan, Used
from softaudit.sources.array import from_array

from .cells import error_ulp, exact
from .hard_rows import HARD_ROWS
from .judge import Question
from .test_against_judge import FUNCTIONS, assert_cell, assert_worst, load

WRONG = (nan, inf, -inf, 0.0, -0.0, 1.0, -3.0, 2.0**-14)
"""What implementations return instead of an answer; numbers of every format but float8's."""


def somebody_s(function: str, logits: np.ndarray, form: str, seed: int = 0) -> np.ndarray:
    """Give answers as plain NumPy in float32 has them, some of them replaced by wrong ones."""
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        x = logits.astype(np.float32)
        m = np.nan_to_num(x.max(axis=-1, keepdims=True), posinf=0.0, neginf=0.0)
        e = np.exp(x - m)
        total = e.sum(axis=-1, keepdims=True)
        of = {"softmax": e / total, "log_softmax": np.log(e / total)}
        values = of[function] if function in of else (m + np.log(total))[..., 0]
        values = np.where(rng.random(values.shape) < 0.1, rng.choice(WRONG, values.shape), values)
        return values.astype(FORMATS[form].dtype)


def judged(outputs, logits, function: str, **options):
    (cell,) = softaudit.judge(outputs, logits, function=function, **options).cells
    return cell


def padded() -> np.ndarray:
    rows = [row for row in HARD_ROWS.values() if len(row) <= 12]
    return np.array([row + [-inf] * (12 - len(row)) for row in rows])


@pytest.mark.parametrize(("function", "form"), list(product(FUNCTIONS, FORMATS)))
def test_figures_are_those_of_the_independent_judge(function, form):
    for seed, logits in enumerate((padded(), load("attention_left_padded")[::3, ::9, ::7])):
        outputs = somebody_s(function, logits, form, seed)
        cell = judged(outputs, logits, function)
        question = Question(logits, function, form)
        assert cell.key.name == f"{function}/{form}/outputs"
        assert_cell(cell, question.judge(outputs))
        assert_worst(cell, question, outputs)


def test_temperature_and_class_axis():
    logits = load("digits_mlp")[::200].astype(np.float32)
    outputs = somebody_s("softmax", logits / np.float32(0.7), "float32")
    cell = judged(outputs.T, logits.T, "softmax", axis=0, temperature=0.7)
    assert_cell(cell, Question(logits, "softmax", "float32", 0.7).judge(outputs))
    turned = judged(np.moveaxis(outputs, 0, 1), logits.T, "softmax", axis=-2, temperature=0.7)
    assert turned.ulp == cell.ulp


def test_a_cell_s_own_outputs_get_its_figures():
    logits = load("attention")[1, ::5, ::4]
    for function in FUNCTIONS:
        options = {"format": "float16", "algorithm": "naive"}
        outputs = softaudit.compute(function, logits, **options)
        (own,) = softaudit.audit(logits, function=function, **options).cells
        cell = judged(outputs, logits, function)
        for figure in ("elements", "rows", "ulp", "histogram", "absolute_max", "relative_max",
                       "correctly_rounded", "cast_error", "row_sum_defect", "out_of_range",
                       "degenerate", "ulp_radius"):  # fmt: skip
            assert getattr(cell, figure) == getattr(own, figure), figure


def given(outputs: np.ndarray, logits: np.ndarray, function: str, **options):
    """Judge as `judge` does, with options of the work."""
    one = softaudit.judge(outputs, logits, function=function)
    if function == "logsumexp":
        outputs = outputs[..., None]
    plan, used = Plan((one.cells[0].key,)), Used("outputs", sha256="")
    answers = Answers([Given(from_array(outputs), used)])
    return one, audit(from_array(logits), plan, answers=answers, **options)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_blocks_and_windows_change_nothing(function, monkeypatch):
    logits = np.concatenate([padded()[::3]] * 3, axis=-1)
    outputs = somebody_s(function, logits, "float16")
    whole, in_blocks = given(outputs, logits, function, block=40)
    assert repr(in_blocks.cells) == repr(whole.cells)
    for module in (work, long_view):
        monkeypatch.setattr(module, "WINDOW", 16)
    _, in_windows = given(outputs, logits, function)
    for ours, theirs in zip(whole.cells, in_windows.cells, strict=True):
        for figure in (
            "histogram",
            "overflow",
            "worst",
            "causes",
            "breaks",
            "events",
            "degenerate",
        ):
            assert repr(getattr(ours, figure)) == repr(getattr(theirs, figure)), figure
        assert isclose(ours.ulp["mean"], theirs.ulp["mean"], rel_tol=2**-48)


def test_the_largest_errors_in_order_and_the_first_of_equal_ones():
    logits = np.zeros((3, 2))
    outputs = np.array([[0.5, 0.75], [0.75, nan], [0.625, 0.75]])
    cell = judged(outputs, logits, "softmax", worst=4)
    assert [w.index for w in cell.worst] == [(1, 1), (0, 1), (1, 0), (2, 1)]
    assert [w.ulp for w in cell.worst] == [inf, *[0.25 * 2**53] * 3]
    assert {w.exact for w in cell.worst} == {"0.5"}
    assert cell.ulp["max"] == inf
    assert judged(outputs, logits, "softmax", worst=0).ulp == cell.ulp


def test_results_above_a_limit_are_counted():
    """Of [0, 0] the answers are ½, of which an ulp in float16 is 2^−11."""
    outputs = np.array([[0.5, 0.5 + 2**-10], [0.5 + 3 * 2**-11, 0.0]], np.float16)
    above = {
        limit: judged(outputs, np.zeros((2, 2)), "softmax", limit=limit).causes["rounding"]
        for limit in (0, 2, 3)
    }
    assert {limit: (e.count, e.rows, e.first) for limit, e in above.items()} == {
        0: (3, 2, (0, 1)),
        2: (2, 1, (1, 0)),
        3: (1, 1, (1, 1)),
    }


def test_wrong_zeros_are_premature():
    """Without steps nobody knows what a −∞ comes from; log 0 it is called."""
    outputs = np.array([[1.0, 0.0, 0.0]], np.float16)
    cell = judged(outputs, [[0.0, -17.0, -18.0]], "softmax")
    assert (cell.underflow["premature"], cell.underflow["forced"]) == (1, 1)
    cell = judged(np.array([[0.0, -inf]]), [[0.0, -1.0]], "log_softmax")
    assert (cell.underflow["premature"], cell.overflow["result"]) == (1, 0)


@pytest.mark.parametrize(
    ("function", "outputs", "says"),
    [
        ("softmax", [0.5, nan], "results are not finite: 1 result"),
        ("softmax", [1.0, 0.0], "results are 0 too early: 1 result"),
        ("softmax", [nan, 0.0], "results are not finite or 0 too early: 2 results"),
        ("log_softmax", [-0.5, -inf], "log(0) = −inf: 1 result"),
    ],
)
def test_what_breaks_is_told(function, outputs, says):
    found = [f.plain for f in findings(softaudit.judge(outputs, [0.0, 0.0], function=function))]
    assert any(f"float64 outputs: {says}" in text for text in found)


@pytest.mark.parametrize(
    ("function", "form", "logits", "right", "wrong"),
    [
        ("log_softmax", "float16", [0.0, -inf], -inf, -65504.0),
        ("log_softmax", "float8_e4m3fn", [288.0, -288.0], nan, -448.0),  # −576 overflows to NaN
        ("log_softmax", "float8_e5m2", [5e4, -5e4], -inf, -57344.0),
    ],
)
def test_infinite_answers_that_are_not_returned(function, form, logits, right, wrong):
    """Of answers that are infinite, or round to infinity, no error in ulp is defined."""
    for value, count in ((right, 0), (wrong, 1)):
        outputs = np.array([0.0, value]).astype(FORMATS[form].dtype)
        event = judged(outputs, np.array(logits), function).events.get("not_infinite")
        assert (event.count if event else 0) == count


def test_the_format_is_that_of_the_outputs_or_the_one_named():
    logits = np.array([0.0, 1.0], np.float32)
    for form in FORMATS:
        outputs = np.array([0.25, 0.75]).astype(FORMATS[form].dtype)
        assert judged(outputs, logits, "softmax").key.arithmetic.storage.name == form
    cell = judged(np.array([0.25, 0.75], np.float32), logits, "softmax", format="bfloat16")
    assert cell.key.name == "softmax/bfloat16/outputs"
    assert cell.ulp["max"] == error_ulp(0.25, exact("softmax", [0.0, 1.0])[0], "bfloat16")


def test_a_name_for_the_implementation():
    assert judged([1.0], [0.0], "softmax", name="flash-2.5").key.name == "softmax/float64/flash-2.5"


def test_logits_that_were_read(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 3)))
    logits = softaudit.read(tmp_path / "x.npy", axis=0)
    cell = judged(np.full((2, 3), 0.5), logits, "softmax")
    assert (cell.rows["audited"], cell.ulp["max"]) == (3, 0)
    cell = judged(np.full(3, np.log(2.0)), logits, "logsumexp")
    assert cell.correctly_rounded == 3


class Tensor:
    """What refuses to be an array, as torch's tensors do."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __array__(self, *_: object, **__: object) -> np.ndarray:
        raise self.error


ROW = np.array([0.0, 1.0])


@pytest.mark.parametrize(
    ("outputs", "logits", "options", "says"),
    [
        ([0.5], ROW, {}, r"outputs: shape \(1,\), and softmax of logits of shape \(2,\) over axis"),
        ([[0.5, 0.5]], [ROW], {"function": "logsumexp"}, r"has \(1,\); give one output for"),
        ([[0.5], [0.5]], [ROW], {}, r"shape \(2, 1\)"),
        ([1, 0], ROW, {}, "dtype int64 is no number format .*give the array that the impl"),
        ([True, False], ROW, {}, "dtype bool"),
        ([0.5, 0.5j], ROW, {}, "dtype complex128"),
        (["a", "b"], ROW, {}, "dtype <U1"),
        (np.zeros(2, ml_dtypes.float8_e4m3b11fnuz), ROW, {}, "dtype float8_e4m3b11fnuz"),
        ([[0.5], [0.5, 0.5]], ROW, {}, "outputs: rows of different length"),
        ([0.5, 0.5], [[0.5], [0.5, 0.5]], {}, "logits: rows of different length"),
        ([0.5, 0.5], [None, 1.0], {}, "logits: dtype object"),
        ([0.5, 0.5], ROW, {"axis": 1}, "logits: axis 1 is not there; choose axis from -1 to 0"),
        ([0.5, 0.1], ROW, {"format": "float16"}, r"0.1 at \(1,\).* is no float16; .*, float64, or"),
        ([0.5, inf], ROW, {"format": "float8_e4m3fn"}, r"inf at \(1,\)"),
        (
            Tensor(TypeError("Got unsupported ScalarType BFloat16")),
            ROW,
            {},
            r"this Tensor \(Got unsupported ScalarType BFloat16\); of a tensor give tensor.detach",
        ),
        (
            ROW,
            Tensor(RuntimeError("Can't call numpy() on Tensor that requires grad.")),
            {},
            r"logits: NumPy .*tensor.detach\(\).cpu\(\).float\(\).numpy\(\), and name the format",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_judged(outputs, logits, options, says):
    with pytest.raises(InputError, match=says):
        softaudit.judge(outputs, logits, **options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"function": "softmin"}, "did you mean softmax?"),
        ({"format": "bflaot16"}, "did you mean bfloat16?"),
        ({"temperature": 0.0}, "temperature 0"),
        ({"temperature": 1e-9, "format": "float16"}, "no cell is left"),
        ({"worst": -1}, "worst -1"),
        ({"name": "mine/float16"}, "name 'mine/float16'"),
        ({"name": "*"}, "name '*'"),
    ],
)
def test_what_cannot_be_asked(options, says):
    with pytest.raises(OptionError) as error:
        softaudit.judge([0.5, 0.5], ROW, **options)
    assert says in str(error.value)
