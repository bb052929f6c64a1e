"""Condition numbers by hand, and against what a perturbation does."""

from __future__ import annotations

from math import inf, isclose, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from softaudit.audit import audit
from softaudit.plan import make_plan
from softaudit.sources.array import from_array

from ..cells import cell_of, exact


def condition(function: str, row, temperature: float = 1.0, form: str = "float64"):
    name = f"{function}/{form}/stable"
    return cell_of(row, name, temperature=temperature).condition


@pytest.mark.parametrize(
    ("function", "row", "expected"),
    [
        ("softmax", [1.0, 1.0], 1.0),  # (n/2) ‖x‖ is attained by two equal logits
        ("softmax", [3.0] * 8, 2 * 7 / 8 * 3),
        ("softmax", [0.0, 0.0], 0.0),
        ("softmax", [7.0], 0.0),
        ("softmax", [-inf, 7.0, -inf], 0.0),
        ("softmax", [log(3), 0.0], 2 * log(3) / 4),
        ("softmax", [log(3), 0.0, -inf], 2 * log(3) / 4),
        ("softmax", [40.0, 0.0], 2 * 40 * 4.248354255291589e-18),
        ("softmax", [800.0, 0.0], 0.0),  # e^−800 is no float64
        ("log_softmax", [1.0, 1.0], 1 / log(2)),
        ("log_softmax", [log(3), 0.0], 2 * 0.75 * log(3) / log(4)),
        ("log_softmax", [40.0, 0.0], 2.0),
        ("log_softmax", [7.0, -inf], 0.0),
        ("log_softmax", [1e308, -1e308], 1.0),
        ("logsumexp", [7.0], 1.0),
        ("logsumexp", [0.0], 0.0),
        ("logsumexp", [1.0, 1.0], 1 / (1 + log(2))),
        ("logsumexp", [0.0, -40.0], 40 / 4.248354255291589e-18),
    ],
)
def test_by_hand(function, row, expected):
    assert isclose(condition(function, row).max, expected, rel_tol=1e-14)


def test_a_logsumexp_that_is_0():
    """x = log ½ twice is no float64; but what is near has a condition number as large as 1/y."""
    found = condition("logsumexp", [-log(2), -log(2)]).max
    with mp.workprec(200):
        y = mpf(-log(2)) + mp.log(2)
        assert isclose(found, log(2) / abs(y), rel_tol=1e-14)


def test_infinite_and_undefined():
    assert condition("logsumexp", [inf, 1.0]) is None
    assert condition("logsumexp", [-inf, -inf]) is None
    assert condition("softmax", [inf, 1.0]) is None


def test_dividing_by_a_temperature():
    assert condition("softmax", [3.0, 1.0], 0.5).max == condition("softmax", [6.0, 2.0]).max


def test_largest_median_and_place():
    rows = [[1.0, 1.0], [4.0, 4.0], [2.0, 2.0], [4.0, 4.0]]
    found = condition("softmax", np.array(rows).reshape(2, 2, 2))
    assert (found.max, found.index) == (4.0, (0, 1))
    assert 2.0 <= found.p50 <= 2.0 * (1 + 1 / 128)


def test_it_is_that_of_the_rounded_logits():
    """1.1 in bfloat16 is 1.1015625."""
    assert condition("softmax", [1.1, 1.1], form="bfloat16").max == 1.1015625


def test_a_row_shows_its_own():
    plan = make_plan({}, row=(1,), elements=True)
    found = audit(from_array(np.array([[3.0, 3.0], [5.0, 5.0]])), plan)
    tables = {table.function: table.condition for table in found.tables}
    assert tables["softmax"] == 5.0
    assert isclose(tables["log_softmax"], 5 / log(2), rel_tol=1e-14)


@given(
    row=st.lists(st.floats(-30, 30), min_size=2, max_size=7),
    function=st.sampled_from(["softmax", "log_softmax", "logsumexp"]),
    seed=st.integers(0, 999),
)
@settings(max_examples=60, deadline=None)
def test_no_small_change_does_more_and_one_does_as_much(row, function, seed):
    """The change that raises the element of largest |y|, and lowers all others, attains it."""
    kappa, size = condition(function, row).max, max(map(abs, row))
    if not size > 1e-30 or kappa == 0:
        return
    y = exact(function, row)
    at = row.index(max(row) if function == "softmax" else min(row))
    worst = [1.0 if function == "logsumexp" or j == at else -1.0 for j in range(len(row))]
    some = np.random.default_rng(seed).uniform(-1, 1, len(row)).tolist()
    with mp.workprec(400):
        step = mpf(2) ** -100
        for signs, attained in ((some, False), (worst, True)):
            moved = [mpf(x) + step * size * s for x, s in zip(row, signs, strict=True)]
            after = exact(function, moved)
            change = max(abs(a - b) for a, b in zip(after, y, strict=True))
            ratio = change / max(map(abs, y)) / (step * kappa)
            assert ratio <= 1 + 1e-12
            assert not attained or ratio >= 1 - 1e-12
