"""From options to cells: the default, the product, and what does not exist."""

from __future__ import annotations

import pytest

from softaudit.algorithms import ALGORITHMS
from softaudit.errors import OptionError
from softaudit.implementations.model import FUNCTIONS, Implementation
from softaudit.plan import default_keys, make_plan


def test_the_default_is_24_cells_whatever_algorithms_there_are():
    names = [key.name for key in default_keys()]
    assert len(names) == 24
    assert {name.split("/")[2] for name in names} == {"naive", "stable", "log-of-softmax"}


def test_all_stands_for_all_algorithms():
    plan = make_plan({"format": ["float16"], "algorithm": ["all"]})
    found = [(key.function, key.algorithm) for key in plan.keys]
    assert found == [(f, a) for f in ("softmax", "log_softmax") for a in ALGORITHMS[f]]


def test_block_sizes_multiply_blockwise_algorithms_alone():
    options = {"function": ["softmax"], "format": ["float16"], "algorithm": ["stable", "blockwise"]}
    plan = make_plan(options, block_sizes=(16, 64))
    assert [key.variant for key in plan.keys] == ["stable", "blockwise:16", "blockwise"]


def test_float8_saturates_beside_what_does_not():
    plan = make_plan({"format": ["float16", "float8_e5m2"]}, saturate=True)
    assert {key.arithmetic.name for key in plan.keys} == {"float16", "float8_e5m2+saturate"}
    assert plan.skipped == ()
    with pytest.raises(OptionError, match="nothing saturates: --saturate is for float8"):
        make_plan({"format": ["float16"]}, saturate=True)


def test_a_block_size_wants_blocks():
    with pytest.raises(OptionError, match="name one with --algorithm"):
        make_plan({"format": ["float16"]}, block_sizes=(16,))


def implementation(name, word):
    return Implementation(name, word, "cpu", FUNCTIONS, ("float32", "float64"))


def test_implementations_are_asked_for_what_is_usual_or_for_what_is_named():
    named = [implementation("torch", "torch"), implementation("k.logsumexp", "k.py:logsumexp")]
    plan = make_plan({"format": ["float32"]}, implementations=named)
    assert [key.name for key in plan.keys] == [
        "softmax/float32/torch", "log_softmax/float32/torch", "logsumexp/float32/k.logsumexp",
    ]  # fmt: skip
    plan = make_plan({"format": ["float32"], "function": ["softmax"]}, implementations=named)
    assert [key.algorithm for key in plan.keys] == ["torch", "k.logsumexp"]
