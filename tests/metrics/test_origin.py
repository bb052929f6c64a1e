"""Errors by origin: the format's floor and the algorithm's excess, by hand."""

from __future__ import annotations

from math import inf, isclose

import ml_dtypes
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import softaudit

from ..cells import cell_of


def origins(outputs, logits, **options):
    (cell,) = softaudit.judge(outputs, logits, **options).cells
    return cell.origin


def test_a_third_and_its_neighbour():
    """ulp(1/3) is 2^-12: 1365/4096 is 1/3 of it below, and 1366/4096 is 2/3 above."""
    outputs = np.float16([1365 / 4096, 1366 / 4096, 1365 / 4096])
    found = origins(outputs, [0.0, 0.0, 0.0])
    assert isclose(found["floor"]["max"], 1 / 3)
    assert isclose(found["floor"]["mean"], 1 / 3)
    assert isclose(found["excess"]["max"], 1 / 3)
    assert isclose(found["excess"]["mean"], 1 / 9)


def test_the_other_side_of_a_tie_costs_nothing():
    """2^-10 lies between 0 and 2^-9 of float8_e4m3fn, and goes to 0: either is half an ulp off."""
    outputs = np.full(1024, 2.0**-9).astype(ml_dtypes.float8_e4m3fn)
    found = origins(outputs, np.zeros(1024))
    assert found["floor"] == {"max": 0.5, "mean": 0.5}
    assert found["excess"] == {"max": 0.0, "mean": 0.0}


def test_what_is_not_finite_is_infinitely_above_the_floor():
    found = origins(np.float16([np.nan, 0.5]), [0.0, 0.0])
    assert found["floor"] == {"max": 0.0, "mean": 0.0}
    assert found["excess"] == {"max": inf, "mean": 0.0}


def test_cells_of_one_format_share_the_floor():
    rows = np.random.default_rng(3).normal(0, 3, (4, 50))
    cells = softaudit.audit(rows, function=["softmax"], format=["bfloat16"]).cells
    assert len({tuple(cell.origin["floor"].items()) for cell in cells}) == 1
    assert all(cell.origin["cast"] == cell.cast_error for cell in cells)


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=12),
       st.sampled_from(["softmax", "log_softmax", "logsumexp"]),
       st.sampled_from(["float16", "float32"]))  # fmt: skip
def test_floor_and_excess_make_up_the_error(row, function, form):
    cell = cell_of(row, f"{function}/{form}/stable")
    floor, excess = cell.origin["floor"], cell.origin["excess"]
    assert 0 <= floor["mean"] <= floor["max"] <= 0.5
    assert excess["max"] >= excess["mean"] >= 0
    assert isclose(floor["mean"] + excess["mean"], cell.ulp["mean"], rel_tol=1e-9, abs_tol=1e-9)
    if cell.correctly_rounded == cell.elements:
        assert excess["max"] == 0
