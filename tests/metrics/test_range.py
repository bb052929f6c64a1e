"""Events by where they happened: by hand, and against the scalar model, which sees every step."""

from __future__ import annotations

from itertools import product
from math import inf, isfinite, isinf, isnan

import numpy as np
import pytest

from softaudit.algorithms import ALGORITHMS
from softaudit.face import audit

from ..arithmetic.scalar_model import SCALARS, Model
from ..hard_rows import HARD_ROWS
from ..judge import Question
from ..thinning import diagonals

CELLS = [(function, algorithm) for function, of in ALGORITHMS.items() for algorithm in of]


def cell_of(x, function, form, algorithm, **options):
    return audit(x, function=[function], format=[form], algorithm=[algorithm], **options).cells[0]


def rows_of_every_kind() -> np.ndarray:
    """Give hard rows and random ones of growing size, padded with masks."""
    random = np.random.default_rng(21)
    rows = [random.normal(m, s, 25).tolist() for m in (0, 3, 8) for s in (1, 5, 30, 200)]
    rows += [row for row in HARD_ROWS.values() if len(row) <= 25]
    return np.array([row + [-inf] * (25 - len(row)) for row in rows])


def expected_events(x: np.ndarray, function: str, form: str, algorithm: str) -> dict[str, int]:
    model, question = Model(form, form, form, "pairwise"), Question(x, function, form)
    counts = dict.fromkeys(("exp", "sum", "zeroed", "result", "nan", "premature"), 0)
    for i in (i for i, kind in enumerate(question.kinds) if kind == "audited"):
        values = model.run(function, algorithm, x[i].tolist(), 1.0)
        rounded = question.rounded[i].tolist()
        counts["exp"] += exp_overflows(model, rounded)
        counts["sum"] += all(map(isfinite, model.exponentials)) and not isfinite(model.sum)
        for j, v in enumerate(values):
            hat = max(rounded) if function == "logsumexp" else rounded[j]
            for name in events_of_one(model, function, j, v, *question.answer(i, hat)):
                counts[name] += 1
    return counts


def exp_overflows(model: Model, rounded: list[float]) -> int:
    """Count the infinite exponentials of finite logits."""
    steps = zip(rounded, model.arguments, model.exponentials, strict=True)
    return sum(isfinite(x) and not isnan(a) and not isfinite(e) for x, a, e in steps)


def events_of_one(model: Model, function: str, j: int, v: float, y: float, rounded: float):
    """Name the events of one result, word by word from their definitions."""
    logarithm = function != "softmax"
    fits = isfinite(y) and isfinite(rounded)
    wrong_zero = not logarithm and isfinite(y) and y != 0 and v == 0
    minus_infinity = logarithm and fits and v == -inf
    own_term_finite = function == "logsumexp" or isfinite(model.exponentials[j])
    zeroed = (wrong_zero or minus_infinity) and own_term_finite and not isfinite(model.sum)
    argument = model.sum if model.probabilities is None else model.probabilities[j]
    premature = (wrong_zero and rounded != 0) or (minus_infinity and argument == 0)
    if zeroed:
        yield "zeroed"
    if premature:
        yield "premature"
    if isnan(v) or (fits and isinf(v) and not zeroed and not premature):
        yield "result"
    if isnan(v):
        yield "nan"


@pytest.mark.parametrize(("form", "of"), diagonals(list(SCALARS), CELLS, 2))
def test_events_are_those_of_the_scalar_model(form, of):
    function, algorithm = of
    x = rows_of_every_kind()
    cell = cell_of(x, function, form, algorithm, elementary="correct")
    found = {n: cell.overflow[n] for n in ("exp", "sum", "zeroed", "result", "nan")}
    found["premature"] = cell.underflow["premature"]
    assert found == expected_events(x, function, form, algorithm)


def test_naive_overflow_is_nan_and_zero_and_hardly_ever_infinity():
    """exp(12) is no float16: ∞/∞ is NaN, and what was finite over ∞ is 0."""
    cell = cell_of(np.array([12.0, 11.0, 0.0]), "softmax", "float16", "naive")
    found = {n: cell.overflow[n] for n in ("exp", "sum", "zeroed", "result", "nan")}
    assert found == {"exp": 1, "sum": 0, "zeroed": 2, "result": 1, "nan": 1}
    assert cell.underflow["premature"] == 2


def test_a_sum_overflows_where_no_exponential_does():
    """exp(11) = 59,874 fits into float16, twice that does not."""
    cell = cell_of(np.array([11.0, 11.0]), "softmax", "float16", "naive")
    found = {n: cell.overflow[n] for n in ("exp", "sum", "zeroed", "result")}
    assert found == {"exp": 0, "sum": 1, "zeroed": 2, "result": 0}


def test_the_logarithm_of_a_sum_of_zeros_is_premature():
    """exp(−18) is 0 in float16; pytorch's and onnx's −inf come from such a log(0)."""
    whole = cell_of(np.array([-18.0, -18.5]), "logsumexp", "float16", "naive")
    one = cell_of(np.array([0.0, -18.0]), "log_softmax", "float16", "log-of-softmax")
    for cell in (whole, one):
        assert (cell.underflow["premature"], cell.overflow["result"]) == (1, 0)


def test_forced_and_premature_zeros():
    """float16 ends at half its least number, 2^−25: e^−17.25 rounds to 2^−24, e^−17.5 to 0."""
    row = np.array([0.0, -17.25, -17.5, -16.0])
    cell = cell_of(row, "softmax", "float16", "stable")
    assert (cell.underflow["forced"], cell.underflow["premature"]) == (1, 0)
    assert cell.underflow["subnormal"] == 2
    assert cell.underflow["lost_mass"] == pytest.approx(np.exp(-17.5), rel=1e-6)


def test_masks_are_no_events():
    row = np.array([0.0, -inf, -inf, 1.0])
    formats = ("float16", "bfloat16", "float32", "float64")
    for (function, algorithm), form in product(CELLS, formats):
        cell = cell_of(row, function, form, algorithm)
        assert set(cell.overflow.values()) == {0}
        assert {v for k, v in cell.underflow.items() if v is not None} == {0}


def test_a_finfo_min_mask_is_counted_and_its_row_stays():
    row = np.array([0.5, 0.25, np.finfo(np.float32).min], dtype=np.float32)
    cell = cell_of(row, "softmax", "float16", "stable")
    assert (cell.overflow["cast"], cell.overflow["cast_to_mask"]) == (1, 1)
    assert cell.rows["audited"] == 1
    lost = cell_of(np.array([70000.0, 0.0]), "softmax", "float16", "stable")
    assert (lost.overflow["cast"], lost.overflow["cast_to_mask"]) == (1, 0)
    assert (lost.rows["audited"], lost.rows["lost_to_cast"], lost.elements) == (0, 1, 0)
    assert lost.ulp["max"] is None


def test_a_logit_that_no_format_of_logarithms_holds_is_forced():
    """288 − (−288) lies beyond 448: float8_e4m3fn has no such logarithm, in whatever computed."""
    x = np.array([288.0, -288.0])
    cell = cell_of(x, "log_softmax", "float8_e4m3fn", "stable", compute=["float32"])
    assert cell.overflow["forced"] == 1
    assert (cell.ulp["mean_over"], cell.correctly_rounded) == (1, 1)
