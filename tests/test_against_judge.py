"""Every figure of a cell, against a judge that has no line in common with softaudit's own.

By default on a slice of each file of logits, in a sixth of the cells each; `-m exhaustive` takes
all of them whole in every cell.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from math import inf, isclose
from pathlib import Path

import numpy as np
import pytest
from flint import arb
from hypothesis import example, given, settings
from hypothesis import strategies as st

from softaudit.algorithms import ALGORITHMS, BLOCKWISE
from softaudit.face import audit, compute

from .hard_rows import HARD_ROWS, by_length, equal_logits_whose_sum_overflows_float16
from .judge import FORMS, Question, precision
from .thinning import diagonals

FUNCTIONS = tuple(ALGORITHMS)
NARROW = ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")
FIXTURES = Path(__file__).parent.parent / "fixtures"
SLICES = {
    "attention": lambda x: x[::2, ::5, ::7],
    "attention_causal": lambda x: x[::3, ::5, ::5],
    "attention_finfo_min": lambda x: x[::2, ::5, ::4],
    "attention_float16": lambda x: x[::2, ::5, ::4],
    "attention_left_padded": lambda x: x[::2, ::5, ::4],
    "digits_mlp": lambda x: x[::9],
    "vocabulary": lambda x: x[1:3, ::61],
}


def load(name: str) -> np.ndarray:
    return np.load(FIXTURES / f"{name}.npy")


NOTHING = 1e-300
"""Errors below this are not told from 0: next to it, doubles have no digits left."""

RADIUS = 2.0**-84
"""What an enclosure leaves open: no difference of numbers that agree is known any better."""


def close(found, expected, nothing=NOTHING) -> bool:
    """Whether two figures agree; both may be missing."""
    if found is None or expected is None:
        return found is expected
    return isclose(found, expected, rel_tol=1e-9, abs_tol=nothing)


def figures(cell) -> dict[str, tuple]:
    """Give a cell's figures that are compared as they are."""
    return {
        "ulp.max": cell.ulp["max"],
        "absolute.max": cell.absolute_max,
        "relative.max": cell.relative_max,
        "cast_error.max": cell.cast_error["max"],
        "lost_mass": cell.underflow["lost_mass"],
        "row_sum.max_defect": cell.row_sum_defect,
        "condition.max": None if cell.condition is None else cell.condition.max,
    }


def expected_figures(verdict: dict) -> dict[str, tuple]:
    row_sum = verdict["row_sum"]
    return {
        "ulp.max": verdict["ulp"]["max"],
        "absolute.max": verdict["absolute"]["max"],
        "relative.max": verdict["relative"]["max"],
        "cast_error.max": verdict["cast_error"]["max"],
        "lost_mass": verdict["underflow"]["lost_mass"],
        "row_sum.max_defect": None if row_sum is None else row_sum["max_defect"],
        "condition.max": verdict["condition"],
    }


def counts(cell) -> dict[str, object]:
    return {
        "elements": cell.elements,
        "rows": dict(cell.rows),
        "mean_over": cell.ulp["mean_over"],
        "out_of_range": cell.out_of_range,
        "correctly_rounded": cell.correctly_rounded,
        **{f"overflow.{n}": cell.overflow[n] for n in CAST_AND_RESULT},
        "underflow.forced": cell.underflow["forced"],
        "underflow.subnormal": cell.underflow["subnormal"],
    }


def expected_counts(verdict: dict) -> dict[str, object]:
    return {
        "elements": verdict["elements"],
        "rows": verdict["rows"],
        "mean_over": verdict["ulp"]["mean_over"],
        "out_of_range": verdict["out_of_range"],
        "correctly_rounded": verdict["correctly_rounded"],
        **{f"overflow.{n}": verdict["overflow"][n] for n in CAST_AND_RESULT},
        "underflow.forced": verdict["underflow"]["forced"],
        "underflow.subnormal": verdict["underflow"]["subnormal"],
    }


CAST_AND_RESULT = ("cast", "cast_to_mask", "saturated", "nan", "forced", "mismatch")


def assert_cell(cell, verdict: dict) -> None:
    """Compare one cell with the judge's figures of the same results."""
    name = cell.key.name
    assert counts(cell) == expected_counts(verdict), name
    expected = expected_figures(verdict)
    resolution = {
        "ulp.max": cell.ulp_radius + NOTHING,
        "absolute.max": RADIUS * max(1.0, verdict["largest"]),
        "relative.max": RADIUS,
        "cast_error.max": RADIUS * 2.0**24,  # in ulp of float32, the finest that is cast to
        "lost_mass": NOTHING,
        "row_sum.max_defect": 2.0**-98,
        "condition.max": NOTHING,
    }
    for figure, found in figures(cell).items():
        wanted = expected[figure]
        assert close(found, wanted, resolution[figure]), (name, figure, found, wanted)
    for mean, exact in (("ulp", verdict["ulp"]), ("cast_error", verdict["cast_error"])):
        assert_mean(getattr(cell, mean)["mean"], exact["mean"], cell.ulp_radius, (name, mean))
    assert cell.ulp_radius < 1e-6, name
    for part in ("p50", "p99", "p999"):
        found, nearest_rank = cell.ulp[part], verdict["ulp"][part]
        assert_percentile(found, nearest_rank, cell.ulp_radius + NOTHING, (name, part))
    assert_vanished(cell, verdict)
    assert_origins(cell, verdict["origin"])
    assert_quality(cell, verdict["quality"])


def assert_origins(cell, expected: dict) -> None:
    """Compare the floor and the excess, which is a difference of errors that may be large."""
    largest = min(cell.ulp["max"] or 0.0, 1e300)
    for origin, figures in expected.items():
        found, nothing = cell.origin[origin], cell.ulp_radius + 1e-12 * (1.0 + largest)
        name = (cell.key.name, origin)
        assert close(found["max"], figures["max"], nothing), (name, found, figures)
        assert_mean(found["mean"], figures["mean"], nothing, name)


def assert_quality(cell, expected: dict | None) -> None:
    """Compare what became of rows; a divergence has 29 bits of the terms it is a difference of."""
    found, name = cell.quality, cell.key.name
    if expected is None:
        assert found is None, name
        return
    for count in ("argmax_kept", "top_k_kept", "choice_refused"):
        assert getattr(found, count) == expected[count], (name, count)
    assert found.kl["mean_over"] == expected["kl"]["mean_over"], name
    nothing = 2.0**-29 * expected["kl_scale"] + 2.0**-380  # of the judge's 400 bits
    for part in ("max", "mean"):
        assert close(found.kl[part], expected["kl"][part], nothing), (name, part, found, expected)
        variations = found.total_variation[part], expected["total_variation"][part]
        assert close(*variations, 2.0**-80), (name, part, variations)
    logs = found.log_probability, expected["log_probability"]
    assert close(*logs, 2.0**-80), (name, logs)


def assert_mean(found, expected, nothing, name) -> None:
    if found is None or expected is None:
        assert found is expected, name
    else:
        assert abs(found - expected) <= 1e-9 * max(1.0, expected) + nothing, (name, found, expected)


def assert_percentile(found, expected, nothing, name) -> None:
    """Compare with the nearest rank: never below it, and at most 1 % above."""
    if expected is None or expected == inf:
        assert found == expected, name
    else:
        low, high = expected * (1 - 1e-9) - nothing, expected * 1.01 + nothing
        assert low <= found <= high, (name, found, expected)


def assert_vanished(cell, verdict: dict) -> None:
    """Compare wrong zeros, and the −∞ that only the steps can tell apart.

    A logarithm's −∞ is counted as `result`, `premature` or `zeroed`, and as no two of `result`
    and another.
    """
    result, vanished = verdict["overflow"]["result"], verdict["overflow"]["vanished"]
    found, zeroed = cell.overflow["result"], cell.overflow["zeroed"]
    premature = cell.underflow["premature"]
    if cell.key.function == "softmax":
        assert (found, premature) == (result, verdict["underflow"]["premature"]), cell.key.name
        assert zeroed <= premature + cell.underflow["forced"], cell.key.name
    else:
        excused = found - result
        assert 0 <= excused <= vanished, cell.key.name
        assert max(premature, zeroed) <= vanished - excused <= premature + zeroed, cell.key.name


COEFFICIENTS = {
    "softmax/naive": lambda n, *_: n + 3,
    "softmax/stable": lambda n, _, least, top: n + 2 + 2 * (top - least),
    "softmax/division-free": lambda n, y, least, _: 1 + (y - least) + abs(y + n - least),
    "logsumexp/naive": lambda n, y, *_: 1 + (n + 1) / abs(y),
    "logsumexp/stable": lambda n, y, least, _: abs(y + n - least) / abs(y),
}
"""Of u, by function and algorithm; table of the bounds in the paper by Blanchard and Highams."""


def coefficient(row, key) -> float:
    """Give the coefficient of a row, by a ball of 300 bits; ∞ where logsumexp is 0."""
    arithmetic = key.arithmetic
    n = sum(row.counts) + (2 if arithmetic.accumulate != arithmetic.compute else 0)
    y = row.ball("logsumexp", row.maximum, 300)
    with precision(300):
        least, top = (arb(row.values[i]) / arb(row.temperature) for i in (0, -1))
        if y == 0:
            return inf
        return float(arb(COEFFICIENTS[f"{key.function}/{key.algorithm}"](n, y, least, top)))


def sum_overflows(row, key) -> bool:
    """Tell whether a softmax of nothing but zeros comes from an infinite sum.

    That of naive always does; that of the others where the sum is near the largest number.
    """
    arithmetic = key.arithmetic
    largest = min(FORMS[f.name].largest for f in (arithmetic.compute, arithmetic.accumulate))
    return key.function == "softmax" and (key.algorithm == "naive" or sum(row.counts) > largest / 2)


def assert_bound(cell, question: Question, outputs: np.ndarray) -> None:
    """Compare the published bound and the errors that it is about."""
    key, arithmetic = cell.key, cell.key.arithmetic
    if f"{key.function}/{key.algorithm}" not in COEFFICIENTS:
        assert cell.bound is None, key.name
        return
    u = 2.0 ** -min(FORMS[f.name].precision for f in (arithmetic.compute, arithmetic.accumulate))
    last = 0.0
    if arithmetic.storage != arithmetic.compute:
        last = 2.0 ** -FORMS[arithmetic.storage.name].precision
    rows = [
        (distance / size if distance else 0.0, coefficient(row, key) * u + last)
        for row, distance, size in question.norms(outputs)
        if distance < inf and not (distance == size and sum_overflows(row, key))
    ]
    if not rows:
        assert cell.bound is None, key.name
        return
    found = cell.bound
    if arithmetic.saturates:  # and what its sums were, no result tells
        assert found is None or found.rows <= len(rows), key.name
        assert found is None or found.error <= max(e for e, _ in rows) * (1 + RADIUS), key.name
        return
    assert found.rows == len(rows), key.name
    assert close(found.error, max(error for error, _ in rows), RADIUS), key.name
    ratio = max(error / bound if error else 0.0 for error, bound in rows)
    x = question.rounded
    largest = np.max(np.abs(x), where=np.isfinite(x), initial=0.0)
    # Of logits so large, doubles tell logsumexp − x_max no better than that it is in [0, log n].
    slack = 0.4 * ratio if largest > 1e14 else 0.0
    assert close(found.ratio, ratio, RADIUS / u + slack), (key.name, found, ratio)


def are_digits(found: str, exact: Decimal) -> bool:
    """Whether these are the 25 digits of a number; next to a tie of them, either neighbour."""
    unit = Decimal(10) ** (exact.adjusted() - 24)
    return abs(Decimal(found) - exact) <= unit * (Decimal("0.5") + Decimal(10) ** -20)


def assert_worst(cell, question: Question, outputs: np.ndarray) -> None:
    """Compare the worst elements: their place, result, exact value and errors."""
    for worst in cell.worst:
        name = (cell.key.name, worst)
        np.testing.assert_array_equal(worst.computed, float(outputs[worst.index]), str(name))
        errors, exact = question.worst(worst.index, worst.computed)
        assert exact is None or are_digits(worst.exact, exact), (name, exact)
        assert close(worst.ulp, errors.ulp), (name, errors)
        assert close(worst.relative, errors.relative), (name, errors)


def assert_audit(logits, function: str, form: str, temperature: float = 1.0, **options) -> None:
    """Audit with some algorithms, and judge what compute says the cells returned."""
    found = audit(logits, function=[function], format=[form], temperature=temperature, **options)
    saturate = options.get("saturate", False)
    question = Question(logits, function, form, temperature, saturate=saturate)
    for cell in found.cells:
        arithmetic = cell.key.arithmetic
        outputs = compute(
            function,
            logits,
            format=form,
            algorithm=cell.key.algorithm,
            compute=arithmetic.compute.name,
            accumulate=arithmetic.accumulate.name,
            order=arithmetic.order,
            subnormals="flush" if arithmetic.flushes else "keep",
            saturate=arithmetic.saturates,
            block_size=cell.key.block_size,
            temperature=temperature,
            elementary=arithmetic.elementary,
        )
        assert_cell(cell, question.judge(outputs))
        assert_worst(cell, question, np.asarray(outputs))
        assert_bound(cell, question, outputs)
    assert found.reference.undecided == 0, "undecided"


EVERY_CELL = list(product(FUNCTIONS, FORMS))
ALL = ["all"]
"""Algorithms; where they are not named, those that are audited by default are."""


@pytest.mark.parametrize(("name", "cell"), diagonals(list(SLICES), EVERY_CELL, 6))
def test_slices_of_real_logits(name, cell):
    function, form = cell
    assert_audit(SLICES[name](load(name)), function, form, algorithm=ALL)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SLICES)
@pytest.mark.parametrize(("function", "form"), EVERY_CELL)
def test_all_real_logits(name, function, form):
    assert_audit(load(name), function, form, algorithm=ALL)


@pytest.mark.exhaustive
@pytest.mark.parametrize("temperature", [0.7, 1.0, 3.0])
@pytest.mark.parametrize(("function", "form"), EVERY_CELL)
def test_every_algorithm_on_hard_rows(function, form, temperature):
    for rows in by_length():
        orders = ["pairwise", "sequential", "compensated"]
        assert_audit(rows, function, form, temperature, algorithm=ALL, order=orders)
        assert_audit(rows, function, form, temperature, algorithm=ALL, subnormals=["flush"])


@pytest.mark.parametrize(("temperature", "cell"), diagonals([1e-3, 0.1, 0.7, 3.0, 1e4], EVERY_CELL))
def test_temperatures(temperature, cell):
    function, form = cell
    if temperature == 1e4 and form == "float8_e4m3fn":
        temperature = 400.0  # 1e4 is NaN there, and the cell is skipped
    assert_audit(load("digits_mlp")[::90], function, form, temperature)
    assert_audit(load("attention_float16")[0, 0, ::9], function, form, temperature)


@pytest.mark.parametrize(
    ("order", "cell"), diagonals(["sequential", "compensated", "numpy"], EVERY_CELL)
)
def test_orders(order, cell):
    function, form = cell
    assert_audit(load("vocabulary")[:1, ::150], function, form, order=[order])


@pytest.mark.parametrize(("function", "form"), list(product(FUNCTIONS, NARROW)))
def test_narrow_storage_computed_in_float32(function, form):
    for name in ("attention_left_padded", "attention_finfo_min"):
        logits = load(name)[::3, ::7, ::6]
        assert_audit(logits, function, form, compute=["float32"], order=["sequential", "pairwise"])


@pytest.mark.parametrize(("function", "form"), list(product(FUNCTIONS, ("float32", "float64"))))
def test_exp_and_log_correctly_rounded(function, form):
    assert_audit(load("attention")[::3, ::6, ::9], function, form, elementary="correct")
    for rows in by_length():
        assert_audit(rows, function, form, elementary="correct")


@pytest.mark.parametrize(("function", "form"), diagonals(FUNCTIONS, list(FORMS)))
def test_flushed_subnormals(function, form):
    assert_audit(load("attention")[::3, ::6, ::9], function, form, subnormals=["keep", "flush"])
    for rows in by_length():
        assert_audit(rows, function, form, subnormals=["flush"])


@pytest.mark.parametrize("form", ["float8_e4m3fn", "float8_e5m2"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_saturated_logits_and_results(function, form):
    masked = load("attention_left_padded")[::3, ::7, ::6]
    for logits in (masked, *by_length(), 60 * load("digits_mlp")[::90]):
        assert_audit(logits, function, form, saturate=True)
        assert_audit(logits, function, form, saturate=True, compute=["float32"], subnormals="flush")


@pytest.mark.parametrize(("function", "form"), diagonals(FUNCTIONS, list(FORMS)))
def test_accumulators(function, form):
    """A narrower accumulator makes errors even of a single logit; in float64, of 10^319 ulp."""
    for rows in by_length():
        assert_audit(rows, function, form, accumulate=["bfloat16", "float64"])


HALVES = [tuple(FORMS)[::2], tuple(FORMS)[1::2]]
THIRDS = [tuple(FORMS)[i::3] for i in range(3)]
"""Of the formats: by default rows take them in turn, and one array of all rows has every one."""


@pytest.mark.parametrize(("row", "forms"), diagonals(list(HARD_ROWS), THIRDS))
@pytest.mark.parametrize("function", FUNCTIONS)
def test_hard_rows(row, forms, function):
    for form in forms:
        assert_audit(np.array(HARD_ROWS[row]), function, form)


@pytest.mark.parametrize(("temperature", "forms"), diagonals([0.7, 3.0], HALVES, 2))
@pytest.mark.parametrize("function", FUNCTIONS)
def test_hard_rows_at_temperatures(function, temperature, forms):
    for form, rows in product(forms, by_length()):
        assert_audit(rows, function, form, temperature)


@pytest.mark.parametrize(("function", "form"), EVERY_CELL)
def test_hard_rows_in_one_array(function, form):
    """Kinds of rows side by side, padded with masks to one length."""
    longest = max(map(len, HARD_ROWS.values()))
    rows = [row + [-inf] * (longest - len(row)) for row in HARD_ROWS.values()]
    assert_audit(np.array(rows), function, form, algorithm=ALL)
    if function == "softmax":
        small = {"algorithm": list(BLOCKWISE), "block_size": [2], "order": ["sequential"]}
        assert_audit(np.array(rows), function, form, **small)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_sum_of_float16_ones_overflows(function):
    logits = equal_logits_whose_sum_overflows_float16()
    assert_audit(logits, function, "float16", order=["pairwise", "sequential"])
    cell = audit(logits, function=[function], format=["float16"], algorithm=["stable"]).cells[0]
    assert cell.overflow["sum"] == 1
    assert cell.overflow["exp"] == 0


HARD_VALUES = (
    0.0, -0.0, 1.0, -1.0, 10.0, -17.5, 40.0, -40.0, 88.75, -103.0, 300.0, -700.0, 744.0, -746.0,
    448.0, -464.0, 65504.0, -65520.0, 1e8, 1e38, -3.4e38, 1e308, -1.7976931348623157e308, -inf,
    2.0**-24, -(2.0**-149), 5e-324, 0.6931471805599453, -0.6931471805599453, 1e-17,
)  # fmt: skip


@given(
    row=st.lists(
        st.one_of(
            st.sampled_from(HARD_VALUES),
            st.floats(-50, 50),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        min_size=1,
        max_size=6,
    ),
    function=st.sampled_from(FUNCTIONS),
    form=st.sampled_from(list(FORMS)),
    temperature=st.sampled_from([1.0, 1.0, 0.7, 2.0]),
)
@settings(max_examples=150)
@example(row=[0.0, -17.4], function="softmax", form="float16", temperature=1.0)
@example(row=[-65520.0, 2.225e-313], function="logsumexp", form="float64", temperature=1.0)
@example(row=[-65520.0, -2.225e-313], function="logsumexp", form="float64", temperature=1.0)
def test_rows_made_of_hard_values(row, function, form, temperature):
    assert_audit(np.array(row), function, form, temperature, algorithm=ALL)
