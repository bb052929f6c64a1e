"""Rows as distributions: by hand, against NumPy's own choice, and order by a stable sort."""

from __future__ import annotations

from math import inf, isclose, log, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import softaudit
from softaudit.metrics.ranking import TOP_K, Leaders, leading, leading_near

from ..cells import cell_of


def quality(outputs, logits, **options):
    """Judge somebody's outputs, in float64."""
    (cell,) = softaudit.judge(np.asarray(outputs, dtype=np.float64), logits, **options).cells
    return cell.quality


def test_halves_are_exact():
    found = cell_of([0.0, 0.0], "softmax/float16/stable")
    for errors in found.origin.values():
        assert errors == {"max": 0.0, "mean": 0.0}
    assert (found.quality.argmax_kept, found.quality.top_k_kept) == (1, 1)
    assert found.quality.kl == {"max": 0.0, "mean": 0.0, "mean_over": 1}
    assert found.quality.total_variation == {"max": 0.0, "mean": 0.0}
    assert (found.quality.log_probability, found.quality.choice_refused) == (0.0, 0)


def test_thirds_in_float16():
    """Each 1365/4096, a third of an ulp of 2^-12 below; normalized they are thirds again."""
    cell = cell_of([0.0] * 3, "softmax/float16/stable")
    assert isclose(cell.origin["floor"]["max"], 1 / 3)
    assert cell.origin["excess"] == {"max": 0.0, "mean": 0.0}
    assert cell.quality.kl["max"] < 1e-16
    assert isclose(cell.quality.total_variation["max"], 1 / 8192)
    assert isclose(cell.quality.log_probability, -log(4095 / 4096))
    assert cell.quality.choice_refused == 1


@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
def test_a_half_and_two_quarters_for_thirds(function):
    """KL = (log(2/3) + 2 log(4/3)) / 3; equal logits are exchangeable, in whatever order."""
    outputs = np.array([0.25, 0.5, 0.25])
    outputs = outputs if function == "softmax" else np.log(outputs)
    found = quality(outputs, [1.0, 1.0, 1.0], function=function)
    assert isclose(found.kl["mean"], (log(2 / 3) + 2 * log(4 / 3)) / 3, rel_tol=2**-29)
    assert isclose(found.total_variation["mean"], (1 / 6 + 1 / 12 + 1 / 12) / 2)
    assert isclose(found.log_probability, log(3 / 2))
    assert (found.argmax_kept, found.top_k_kept) == (1, 1)


@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
def test_mass_on_a_mask(function):
    """(1/2, 1/2) for (1, 0): KL = log 2, variation 1/2; the mask has no log probability."""
    outputs = [0.5, 0.5] if function == "softmax" else [log(0.5), log(0.5)]
    found = quality(outputs, [3.0, -inf], function=function)
    assert isclose(found.kl["max"], log(2), rel_tol=2**-29)
    assert isclose(found.total_variation["max"], 0.5)
    assert isclose(found.log_probability, log(2))
    assert (found.argmax_kept, found.top_k_kept) == (1, 1)


@pytest.mark.parametrize(
    ("outputs", "variation", "refused"),
    [([1.0, 0.0], 0.5, 0), ([1.5, -0.5], 1.0, 1), ([nan, 0.5], inf, 1), ([inf, 0.0], inf, 1)],
)
def test_a_zero_a_negative_number_and_no_number(outputs, variation, refused):
    """Beside (1/2, 1/2), of which nothing may be missing."""
    rows = np.array([outputs, [0.5, 0.5]])
    found = quality(rows, [[0.0, 0.0], [0.0, 0.0]])
    assert found.kl == {"max": inf, "mean": 0.0, "mean_over": 1}
    assert found.total_variation["max"] == variation
    assert found.log_probability == inf
    assert found.choice_refused == refused
    assert found.argmax_kept == 1 + (variation < inf)


def test_a_logarithm_of_zero_loses_its_mass():
    found = quality([0.0, -inf], [0.0, 0.0], function="log_softmax")
    assert (found.kl["max"], found.log_probability, found.choice_refused) == (inf, inf, None)
    assert found.total_variation["max"] == 0.5


def test_what_changes_places():
    """Two that swap below the top keep the argmax; a tie is broken by place."""
    logits = [5.0, 1.0, 4.0, 3.0, 2.0, 0.0]
    assert quality([0.6, 0.03, 0.2, 0.1, 0.05, 0.02], logits).top_k_kept == 1
    swapped = quality([0.6, 0.03, 0.2, 0.05, 0.1, 0.02], logits)
    assert (swapped.argmax_kept, swapped.top_k_kept) == (1, 0)
    # Place 1 comes before place 4, which has the larger logit.
    assert quality([0.6, 0.05, 0.2, 0.1, 0.05, 0.0], logits).top_k_kept == 0
    assert quality([0.2, 0.1, 0.6, 0.05, 0.03, 0.02], logits).argmax_kept == 0


@given(
    st.lists(st.integers(0, 40), min_size=2, max_size=8),
    st.sampled_from([0.0, 0.9, 0.999, 1.001, 4.0, -4.0, nan, inf]),
)
def test_choice_is_asked_what_it_would_say(weights, way):
    """A multiple of the tolerance from 1, or not a number, in the last place."""
    p = np.array(weights, dtype=np.float64) / max(sum(weights), 1)
    p[-1] += way * 2.0**-26
    try:
        np.random.default_rng(0).choice(len(p), p=p)
        refused = 0
    except ValueError:
        refused = 1
    assert quality(p, np.zeros(len(p))).choice_refused == refused


VALUES = st.sampled_from([-inf, -2.0, -0.0, 0.0, 1.0, 1.5, 7.0])


@given(st.integers(1, 9).flatmap(lambda n: st.lists(st.lists(VALUES, min_size=n, max_size=n),
                                                    min_size=1, max_size=4)))  # fmt: skip
def test_the_leading_places_are_those_of_a_stable_sort(rows):
    values = np.array(rows)
    expected = np.argsort(-values, axis=-1, kind="stable")[:, :TOP_K]
    np.testing.assert_array_equal(leading(values), expected)


@pytest.mark.parametrize("steps", [1, 8, 1 << 20])
def test_a_guess_changes_no_leading_place(steps):
    """Rows that follow the guess, with ties and without; rows of infinities, and of zeros."""
    logits = np.random.default_rng(steps).normal(size=(8, 3000))
    values = np.round((logits + 0.01) * steps) / steps
    values[1, 7], values[2, 7], values[3] = inf, -inf, 0.0
    values[4, 5:], values[5, 9:], values[6] = -inf, 0.5, logits[0]
    expected = np.argsort(-values, axis=-1, kind="stable")[:, :TOP_K]
    np.testing.assert_array_equal(leading_near(values, leading(logits)), expected)


@given(st.lists(VALUES, min_size=2, max_size=14), st.integers(1, 13))
def test_windows_of_a_row_have_the_leaders_of_the_row(row, cut):
    v, x = np.array([row]), np.arange(float(len(row)))[None] % 3
    cut = min(cut, len(row) - 1)

    def leaders(part):
        logits = x[:, part]
        return Leaders.of(v[:, part], logits, leading(logits))

    parts = leaders(slice(None, cut)).beside(leaders(slice(cut, None)))
    for found, expected in zip(parts, leaders(slice(None)), strict=True):
        np.testing.assert_array_equal(found, expected)
