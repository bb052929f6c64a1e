"""Errors by gap: every error of the histogram once, in the bin of its logit's gap."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import inf, isinf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

import softaudit
from softaudit.formats import FORMATS, round_to
from softaudit.metrics import edge, gap_edge, ulp_edge

FUNCTIONS = ["softmax", "log_softmax", "logsumexp"]


def bin_of(value, per_octave: int, least: int, most: int) -> int:
    """Search for the first bin that ends at a value or above, by the contract's formula."""
    for index in range(least, most):
        end = Fraction(2) ** (index // per_octave) * (1 + Fraction(index % per_octave, per_octave))
        if value <= end:
            return index
    return most


def gap_bin(gap: float) -> int:
    return bin_of(gap, 4, -32, 49)


def ulp_bin(error: float) -> int:
    return 81 if isinf(error) else bin_of(error, 2, -20, 80)


def only_cell(logits, function="softmax", **options):
    (cell,) = softaudit.audit(
        logits, function=[function], format=["float16"], algorithm=["stable"], **options
    ).cells
    return cell


def ulp_error(computed: float, exact: mpf) -> mpf:
    """Measure in units of float16's last place, above its least normal number."""
    _, binade = mp.frexp(exact)
    return abs(mpf(computed) - exact) / mpf(2) ** (max(int(binade) - 1, -14) - 10)


def test_five_logits_by_hand():
    """Gaps 0, 1, 2, 1000 and ∞: up to 2^−8, 2^0, 2^1, 2^10, and beyond 2^12."""
    row = [0.0, -1.0, -2.0, -1000.0, -inf]
    computed = softaudit.compute("softmax", row, format="float16", algorithm="stable")
    with mp.workdps(40):
        total = sum(mp.exp(x) for x in row)
        errors = [
            ulp_error(float(v), mp.exp(x) / total) for v, x in zip(computed, row, strict=True)
        ]
    bins = zip([-32, 0, 4, 40, 49], map(ulp_bin, errors), strict=True)
    assert only_cell(row).gaps == dict.fromkeys(bins, 1)


def test_masks_of_a_logarithm_do_not_count():
    assert [gap for gap, _ in only_cell([0.0, -3.0, -inf], "log_softmax").gaps] == [-32, 6]
    assert [gap for gap, _ in only_cell([0.0, -3.0, -inf]).gaps] == [-32, 6, 49]


@pytest.mark.parametrize(("temperature", "gap"), [(1.0, 0), (0.25, 8), (4.0, -8), (1e-3, 40)])
def test_the_gap_is_that_of_the_quotients(temperature, gap):
    cell = only_cell([5.0, 4.0], "log_softmax", temperature=temperature)
    assert {g for g, _ in cell.gaps} == {-32, gap}


def test_a_gap_on_an_edge_belongs_to_the_bin_that_ends_there():
    found = only_cell([0.0, -1.75, -1.7509765625, -(2.0**-8), -4096.0, -4100.0], "log_softmax")
    by_gap = Counter()
    for (gap, _), count in found.gaps.items():
        by_gap[gap] += count
    assert by_gap == {-32: 2, 3: 1, 4: 1, 48: 1, 49: 1}


def test_rows_without_an_answer_have_no_gaps():
    assert only_cell([nan, 1.0]).gaps == {}
    assert only_cell([0.0, 1.0], "logsumexp").gaps is None


def test_somebody_elses_outputs():
    outputs = np.array([[0.5, 0.5], [nan, 0.5], [1.0, 0.5]], dtype=np.float16)
    (cell,) = softaudit.judge(outputs, np.zeros((3, 2))).cells
    # ulp(½) is 2^−11, so that 1 is 2^10 of them off.
    assert cell.gaps == {(-32, -20): 4, (-32, 20): 1, (-32, 81): 1}


def test_edges_are_those_of_the_contract():
    assert [gap_edge(g) for g in (-32, -1, 0, 1, 7, 48, 49)] == [
        *(2.0**-8, 0.875, 1.0, 1.25, 3.5, 4096.0, inf)
    ]
    assert [ulp_edge(b) for b in (-20, -1, 0, 3, 80, 81)] == [2.0**-10, 0.75, 1, 3, 2.0**40, inf]


LOGITS = st.one_of(
    st.floats(-30, 30, width=16), st.floats(-6e4, 6e4, width=16), st.sampled_from([-inf, 0.0, 12.0])
)


@given(
    rows=st.lists(st.lists(LOGITS, min_size=3, max_size=3), min_size=1, max_size=4),
    form=st.sampled_from(["float16", "bfloat16", "float64", "float8_e5m2"]),
    temperature=st.sampled_from([1.0, 0.3, 40.0]),
)
@settings(max_examples=15, deadline=None)
def test_both_sides_of_the_table_add_up(rows, form, temperature):
    """By error to the histogram; by gap to the logits, of rows with an answer."""
    x = round_to(np.array(rows), FORMATS[form])
    t = float(round_to(np.array([temperature]), FORMATS[form])[0])
    audited = x[np.isfinite(x).any(axis=1) & ~np.isposinf(x).any(axis=1)]
    gaps = (audited.max(axis=1, keepdims=True, initial=-inf) - audited) / t
    found = softaudit.audit(rows, function=FUNCTIONS, format=[form], temperature=temperature)
    for cell in found.cells:
        if cell.key.function == "logsumexp":
            assert cell.gaps is None
            continue
        by_gap, by_error, expected = Counter(), Counter(), Counter()
        for (gap, ulp), count in cell.gaps.items():
            by_gap[gap] += count
            by_error[ulp] += count
        for index, count in cell.histogram.items():
            expected[ulp_bin(edge(index))] += count
        assert by_error == expected
        every = Counter(map(gap_bin, gaps.ravel().tolist()))
        assert by_gap == every if cell.key.function == "softmax" else by_gap <= every
