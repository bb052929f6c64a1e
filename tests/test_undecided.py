"""Rows of which every value lies next to a boundary: a budget keeps them from taking for ever."""

from __future__ import annotations

import numpy as np
import pytest

import softaudit
from softaudit.audit import audit
from softaudit.findings import findings
from softaudit.plan import make_plan
from softaudit.reference import settle
from softaudit.sources.array import from_array

ASKED = {"function": ("softmax",), "format": ("float64",), "algorithm": ("stable",)}


def beside_a_power_of_two(columns: int) -> np.ndarray:
    """softmax of logits near 1e-30 is 2^−k (1 ± 1e-30): on which side, 2^−85 does not tell."""
    return np.random.default_rng(4).normal(0, 1e-30, (2, columns))


def test_a_budget_for_each_row():
    x = beside_a_power_of_two(4096)
    found = audit(from_array(x), make_plan(ASKED))
    asked = settle.QUESTIONS_PER_ROW
    assert found.reference.tiers == {
        "double_word": 0, "enclosed_sum": 0, "mpmath": 2 * asked, "undecided": 2 * (4096 - asked)
    }  # fmt: skip
    notes = [f.plain for f in findings(found) if f.kind == "note"]
    assert any("6192 exact values too near a boundary" in note for note in notes)


@pytest.mark.parametrize("block", [4096, 8192])
def test_it_does_not_depend_on_blocks(block):
    x = from_array(beside_a_power_of_two(2048))
    plan = make_plan(ASKED)
    expected = softaudit.render(audit(x, plan), "json")
    assert softaudit.render(audit(x, plan, block=block), "json") == expected


def test_within_the_budget_all_is_decided():
    x = beside_a_power_of_two(512)
    found = audit(from_array(x), make_plan(ASKED))
    assert found.reference.undecided == 0
    assert found.reference.tiers["mpmath"] == 1024


def test_ordinary_logits_need_no_mpmath():
    x = np.random.default_rng(1).normal(0, 3, (20, 1000))
    tiers = audit(from_array(x), make_plan({})).reference.tiers
    assert tiers == {"double_word": 160_000, "enclosed_sum": 0, "mpmath": 0, "undecided": 0}
