"""The largest error of each layer and head: what an audit of that slice alone finds."""

from __future__ import annotations

import sys
from math import inf

import numpy as np
import pytest

import softaudit
from softaudit.audit import audit
from softaudit.metrics import mapped_axes
from softaudit.plan import make_plan
from softaudit.sources.array import from_array

RNG = np.random.default_rng(4)
OPTIONS = {"function": ("softmax", "log_softmax", "logsumexp"), "format": ("float16",)}


def tensor() -> np.ndarray:
    """Two layers of three heads, 4 rows of 5: overflows in one, masks, and nothing but NaN."""
    x = RNG.normal(0, 3, (2, 3, 4, 5))
    x[0, 1] += 12
    x[0, 2, :, 1:] = -inf
    x[1, 0, 2, 1] = np.nan
    x[1, 2] = np.nan
    return x


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 12, 5), (2, 3, 2, 2, 5)])
def test_slices_audited_one_by_one(shape):
    x = tensor().reshape(shape)
    axes = shape[: min(2, len(shape) - 2)]
    whole = audit(from_array(x), make_plan(OPTIONS))
    alone = [audit(from_array(x[i]), make_plan(OPTIONS)) for i in np.ndindex(axes)]
    for at, cell in enumerate(whole.cells):
        assert cell.by_axis.shape == axes
        expected = [found.cells[at].ulp["max"] for found in alone]
        assert (None in expected) == (len(axes) == 2)
        for mine, theirs in zip(cell.by_axis.largest, expected, strict=True):
            assert mine == theirs or mine == pytest.approx(theirs, rel=2.0**-31)


def test_a_class_axis_in_the_middle_and_rows_left_out():
    x = tensor()
    whole = audit(from_array(x), make_plan(OPTIONS)).cells
    moved = audit(from_array(np.moveaxis(x, -1, 1), axis=1), make_plan(OPTIONS)).cells
    assert [cell.by_axis for cell in moved] == [cell.by_axis for cell in whole]
    sampled = audit(from_array(x), make_plan(OPTIONS, sample=2)).cells[0].by_axis
    assert [value is None for value in sampled.largest] == [False, True, True, False, True, True]


@pytest.mark.parametrize("block", [1, 25])
def test_no_block_size_changes_it(block):
    logits = from_array(tensor())
    cut = audit(logits, make_plan(OPTIONS), block=block).cells
    whole = audit(logits, make_plan(OPTIONS)).cells
    assert [cell.by_axis for cell in cut] == [cell.by_axis for cell in whole]
    assert [cell.gaps for cell in cut] == [cell.gaps for cell in whole]


def test_rows_in_windows(monkeypatch):
    logits = from_array(RNG.normal(0, 4, (2, 1, 9001)))
    whole = audit(logits, make_plan(OPTIONS)).cells
    for module in ("softaudit.work", "softaudit.long_view", "softaudit.audit"):
        monkeypatch.setattr(sys.modules[module], "WINDOW", 4096)
    for cell, same in zip(audit(logits, make_plan(OPTIONS)).cells, whole, strict=True):
        assert cell.by_axis.shape == (2,)
        assert cell.by_axis.largest == pytest.approx(same.by_axis.largest, rel=2.0**-40)
        assert cell.gaps == same.gaps


def test_somebody_elses_outputs():
    outputs = np.full((2, 1, 2), 0.5, dtype=np.float32)
    outputs[1, 0, 1] = np.inf
    (cell,) = softaudit.judge(outputs, np.zeros((2, 1, 2))).cells
    assert cell.by_axis.largest == (0.0, inf)


@pytest.mark.parametrize(
    ("rows_shape", "axes"),
    [((), None), ((9,), None), ((9, 7), (9,)), ((9, 7, 5), (9, 7)), ((9, 7, 5, 3), (9, 7)),
     ((64, 64, 1), (64, 64)), ((64, 65, 1), None), ((4097, 2), None)],
)  # fmt: skip
def test_which_axes_have_a_map(rows_shape, axes):
    assert mapped_axes(rows_shape) == axes


def test_one_row_has_none():
    (cell, *_) = audit(from_array(tensor()), make_plan(OPTIONS, row=(0, 1, 2))).cells
    assert cell.by_axis is None
