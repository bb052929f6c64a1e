"""A mean that does not depend on the order, nor on how the numbers were cut into blocks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from softaudit.metrics.exact_sum import ExactSum

SIZES = st.floats(min_value=0.0, allow_nan=False, allow_infinity=False)
LARGEST = float(np.finfo(np.float64).max)


def mean_of(blocks) -> float | None:
    total = ExactSum()
    for block in blocks:
        total.add(np.array(block, dtype=np.float64))
    return total.mean()


def exact_mean(values) -> float | None:
    return float(sum(map(Fraction, values)) / len(values)) if values else None


@given(st.lists(SIZES, max_size=30))
@settings(max_examples=300)
@example([5e-324])
@example([5e-324, 5e-324, 0.0])
@example([LARGEST, LARGEST, LARGEST])
@example([LARGEST, 5e-324])
@example([2.2250738585072014e-308, 2.225073858507201e-308])
@example([1.0, 2.0**-53, 2.0**-106, 2.0**-1074])
@example([0.0, 0.0])
def test_the_mean_is_rounded_once(values):
    assert mean_of([values]) == exact_mean(values)


@given(st.lists(SIZES, min_size=1, max_size=30), st.data())
def test_no_split_changes_it(values, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=4)))
    ends = zip([0, *cuts], [*cuts, len(values)], strict=True)
    blocks = [values[a:b] for a, b in ends]
    assert mean_of(blocks) == mean_of([values[::-1]]) == exact_mean(values)


@given(st.lists(SIZES, max_size=20), st.lists(SIZES, max_size=20))
def test_no_merge_changes_it(here, there):
    one, other = ExactSum(), ExactSum()
    one.add(np.array(here, dtype=np.float64))
    other.add(np.array(there, dtype=np.float64))
    one.merge(other)
    assert one.count == len(here) + len(there)
    assert one.mean() == exact_mean(here + there)


def test_many_numbers_of_one_exponent():
    values = np.full(1 << 17, np.nextafter(2.0, 0.0))
    assert mean_of([values, values]) == np.nextafter(2.0, 0.0)


def test_wild_exponents():
    random = np.random.default_rng(4)
    values = np.ldexp(random.random(3000), random.integers(-1074, 1024, 3000))
    expected = exact_mean(values.tolist())
    assert mean_of([values]) == mean_of([values[2000:], values[:2000]]) == expected


def test_of_nothing_there_is_no_mean():
    assert mean_of([]) is None
    assert mean_of([[]]) is None
