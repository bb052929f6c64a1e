"""Percentiles are nearest-rank, never low, at most 0.8 % high, with ∞ last."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import ceil, inf

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from softaudit.metrics.bins import BINS_PER_OCTAVE, INFINITE_BIN, bin_numbers, edge
from softaudit.metrics.ulp import percentile


def bin_counts(errors):
    return Counter(bin_numbers(errors).tolist())


PARTS = {0.5: Fraction(1, 2), 0.99: Fraction(99, 100), 0.999: Fraction(999, 1000)}
LEAST_NORMAL = 2.0**-1022
ERRORS = st.one_of(
    st.just(0.0), st.just(inf), st.floats(0.0, 100.0), st.floats(LEAST_NORMAL, inf)
).filter(lambda e: e == 0 or e >= LEAST_NORMAL)


def nearest_rank(errors, part: Fraction) -> float:
    """Give the smallest error that at least this part of them do not exceed."""
    return sorted(errors)[ceil(part * len(errors)) - 1]


def found(errors, part: float) -> float | None:
    return percentile(bin_counts(np.array(errors, dtype=np.float64)), part)


def assert_beside(value: float, exact: float) -> None:
    assert exact <= value
    assert value == exact or value <= exact * (1 + 1 / BINS_PER_OCTAVE)


@given(st.lists(ERRORS, min_size=1, max_size=60))
@settings(max_examples=300)
@example([0.0])
@example([inf])
@example([0.5] * 99 + [inf])
@example([0.5] * 98 + [inf] * 2)
def test_nearest_rank(errors):
    for part, exactly in PARTS.items():
        assert_beside(found(errors, part), nearest_rank(errors, exactly))


@pytest.mark.parametrize("n", [1, 2, 99, 100, 101, 199, 200, 999, 1000, 1001, 2000, 30522])
def test_ranks_of_many(n):
    errors = np.arange(1, n + 1) / 4
    for part, exactly in PARTS.items():
        assert_beside(found(errors, part), nearest_rank(errors.tolist(), exactly))


def test_an_error_on_an_edge_is_reported_as_it_is():
    for error in (0.5, 1.0, 0.25, 3.0, 1 + 1 / BINS_PER_OCTAVE, 2.0**-1022, 2.0**1000):
        assert found([error], 0.5) == error


def test_just_above_an_edge_is_the_next_bin():
    assert found([np.nextafter(0.5, 1.0)], 0.5) == 0.5 * (1 + 1 / BINS_PER_OCTAVE)


def test_infinity_is_last_and_stays_infinite():
    assert edge(INFINITE_BIN) == inf
    assert bin_counts(np.array([inf, 1e308, inf]))[INFINITE_BIN] == 2
    assert found([0.1, 0.2, inf], 0.99) == inf
    assert found([0.1, 0.2, inf], 0.5) < 0.21


def test_of_nothing_there_is_no_percentile():
    assert percentile({}, 0.5) is None


@given(st.lists(ERRORS, min_size=1, max_size=40), st.integers(0, 40))
def test_histograms_add_up(errors, cut):
    parts = [errors[:cut], errors[cut:]]
    counts = Counter()
    for part in parts:
        if part:
            counts.update(bin_counts(np.array(part)))
    assert counts == Counter(bin_counts(np.array(errors)))
    assert sum(counts.values()) == len(errors)
