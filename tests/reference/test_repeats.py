"""Enclosing equal logits once gives the bits of enclosing them all."""

from __future__ import annotations

import numpy as np
import pytest

from softaudit import reference
from softaudit.formats import FORMATS
from softaudit.model import Enclosure
from softaudit.problem import pose
from softaudit.reference.repeats import NARROW, Repeats

NARROW_FORMATS = [form for form in FORMATS.values() if form.precision <= NARROW]
FUNCTIONS = ("softmax", "log_softmax", "logsumexp")


def rows() -> np.ndarray:
    rng = np.random.default_rng(2)
    x = rng.normal(0, 4, (6, 5000))
    x[1, ::3] = -np.inf
    x[2, 7] = np.nan
    x[3] = np.round(x[3])
    x[4] *= 1e-38
    x[5, ::2] *= 200
    return x


@pytest.mark.parametrize("form", NARROW_FORMATS, ids=lambda form: form.name)
@pytest.mark.parametrize("temperature", [1.0, 0.75])
def test_it_changes_no_bit(form, temperature):
    problem = pose(rows(), form, temperature)
    asked = problem.values, problem.temperature, FUNCTIONS, "certified"
    for function, plain in reference.enclose(*asked).items():
        found = reference.enclose(*asked, form.precision)[function]
        for name in Enclosure.__slots__:
            ours, theirs = getattr(found.enclosure, name), getattr(plain.enclosure, name)
            assert np.array_equal(ours, theirs, equal_nan=True), name
        assert np.array_equal(found.by_mpmath, plain.by_mpmath)


@pytest.mark.parametrize("form", NARROW_FORMATS, ids=lambda form: form.name)
def test_distinct_logits_are_those_of_each_row(form):
    with np.errstate(over="ignore"):
        x = pose(rows(), form, 1.0).values
    x = x[~np.isnan(x).any(axis=-1)]
    repeats = Repeats(x, form.precision)
    for i, row in enumerate(x):
        found = repeats.values[repeats.rows == i, 0]
        assert np.array_equal(np.unique(found), np.unique(row))
    assert np.array_equal(repeats.spread(repeats.values), x)
