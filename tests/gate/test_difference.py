"""What changed between two reports: every figure that is not what it was, and nothing else."""

from __future__ import annotations

from math import inf

import pytest

from softaudit.errors import InputError
from softaudit.gate import difference
from softaudit.gate.difference import Change
from softaudit.json_v1 import FIGURES
from softaudit.model import Event

from .reports import NAIVE, STABLE, audit, cell, one, report


def test_nothing_changed():
    found = difference(one(), one())
    assert (found.changes, found.added, found.removed, found.notes) == ((), (), (), ())
    assert found.compared == 1


@pytest.mark.parametrize(
    ("metric", "old", "new"),
    [
        ("ulp.max", 3.0, 3.0000000000000004),
        ("ulp.mean", 1.0, None),
        ("ulp.mean", None, 1.0),
        ("ulp.max", inf, 5.0),
        ("overflow.nan", 0, 1),
        ("underflow.lost_mass", 0.25, 0.5),
        ("rows.nan", 2, 1),
        ("correctly_rounded", 4, 3),
        ("out_of_range", 0, None),
        ("elements", 4, 8),
    ],
)
def test_a_figure(metric, old, new):
    found = difference(one({metric: old}), one({metric: new}))
    assert found.changes == (Change("a.npy", STABLE, metric, old, new),)
    assert found.compared == 1


def test_a_cause_that_came():
    """What did not happen counts 0."""
    found = difference(one(), one({"causes": {"absorption": Event(3, 2, (0, 1))}}))
    assert found.changes == (Change("a.npy", STABLE, "causes.absorption.count", 0, 3),)


def test_where_only_places_changed_no_figure_did():
    one_way, other = ({"causes": {"absorption": Event(3, 2, (0, at))}} for at in (0, 1))
    assert difference(one(one_way), one(other)).changes == ()


def test_the_order_of_cells_and_figures():
    old = report(audit(cell(NAIVE), cell(STABLE)), audit(cell(NAIVE), name="b.npy"))
    worse = {"ulp.max": 9.0, "overflow.nan": 1, "elements": 3}
    new = report(audit(cell(NAIVE, worse), name="b.npy"), audit(cell(STABLE, worse), cell(NAIVE)))
    found = difference(old, new)
    assert [(c.input, c.cell) for c in found.changes[::3]] == [("b.npy", NAIVE), ("a.npy", STABLE)]
    order = list(FIGURES)
    assert [c.metric for c in found.changes[:3]] == sorted(worse, key=order.index)
    assert found.compared == 3


def test_cells_and_inputs_that_came_and_went():
    old = report(audit(cell(NAIVE), cell(STABLE)), audit(cell(NAIVE), name="gone.npy"))
    new = report(audit(cell(STABLE), cell("softmax/float64/naive")), audit(cell(NAIVE), name="b"))
    found = difference(old, new)
    assert found.added == (("a.npy", "softmax/float64/naive"), ("b", NAIVE))
    assert found.removed == (("a.npy", NAIVE), ("gone.npy", NAIVE))
    assert (found.compared, found.changes) == (1, ())


def test_other_settings_are_another_cell():
    found = difference(one(), report(audit(cell(STABLE), temperature=2.0)))
    assert found.added == (("a.npy (temperature 2.0)", STABLE),)
    assert found.removed == (("a.npy", STABLE),)


def test_what_differs_beside_the_figures():
    old = report(audit(cell(STABLE)), features=["AVX2", "FMA3"])
    new = report(audit(cell(STABLE), sha256="1" * 64), features=["FMA3", "SVE"], numpy="3.0")
    assert difference(old, new).notes == (
        "numpy was 2.x, is 3.0",
        "processor features: only the old has AVX2; only the new has SVE",
        "a.npy: its bytes are not the same",
    )
    assert difference(one(), one(features=[])).notes == (
        "processor features: only the old has AVX2, FMA3; only the new has none",
    )


def test_inputs_that_cannot_be_told_apart():
    twice = report(audit(cell(STABLE)), audit(cell(NAIVE)))
    for pair in ((twice, one()), (one(), twice)):
        with pytest.raises(InputError, match="is there twice"):
            difference(*pair)
