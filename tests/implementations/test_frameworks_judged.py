"""Frameworks on real logits: their figures by the independent judge, and what is known of them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import softaudit
from softaudit.formats import FORMATS
from softaudit.implementations import IMPLEMENTATIONS, Runner, find, framework

from ..judge import Question
from ..test_against_judge import assert_cell, assert_worst, load

pytestmark = pytest.mark.frameworks

DATA = {
    "attention": lambda: load("attention")[1, ::5, ::4],
    "digits_mlp": lambda: load("digits_mlp")[::40],
    "vocabulary": lambda: load("vocabulary")[:1, ::97],
}
WHOLE = ("float16", "bfloat16", "float32", "float64")


@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
@pytest.mark.parametrize("name", IMPLEMENTATIONS)
def test_figures_are_those_of_the_independent_judge(name, function):
    formats = [form for form in WHOLE if form in framework(name).formats]
    with Runner(find(name)) as run:
        for source, part in DATA.items():
            logits = part()
            audit = softaudit.audit(logits, implementation=name, function=function, format=formats)
            for form, cell in zip(formats, audit.cells, strict=True):
                rounded = softaudit.formats.round_to(
                    logits.astype(np.float64).reshape(-1, logits.shape[-1]), FORMATS[form]
                )
                values = run.ask(function, rounded, FORMATS[form]).values.reshape(logits.shape)
                outputs = values.astype(FORMATS[form].dtype)
                question = Question(logits, function, form)
                assert cell.key.name == f"{function}/{form}/{name}", source
                assert_cell(cell, question.judge(outputs))
                assert_worst(cell, question, outputs)


@cache
def figures(name: str, function: str, form: str, source: str = "attention"):
    found = softaudit.audit(load(source), implementation=name, function=function, format=form)
    (cell,) = found.cells
    return cell


def test_float32_softmax_is_some_30_ulp_off_at_worst():
    for name in IMPLEMENTATIONS:
        assert 20 < figures(name, "softmax", "float32").ulp["max"] < 50


@pytest.mark.parametrize("source", ["attention", "digits_mlp", "vocabulary"])
def test_torch_computes_narrow_formats_in_float32(source):
    for form in ("float16", "bfloat16"):
        cell = figures("torch", "softmax", form, source)
        assert cell.ulp["max"] < 0.51
        assert cell.correctly_rounded > 0.999 * cell.elements


def test_jax_flushes_subnormal_numbers_and_torch_keeps_them():
    rows = np.random.default_rng(11).normal(0, 25, (200, 10))
    found = softaudit.audit(
        rows, implementation=["jax", "torch"], function="softmax", format="float32"
    )
    jax, torch = found.cells
    assert jax.underflow["subnormal"] == 0
    assert jax.breaks["flush"].count == jax.underflow["premature"] > 0
    assert torch.underflow["subnormal"] > 0
    assert torch.underflow["premature"] == 0
    assert not torch.breaks


def test_everybody_s_log_softmax_loses_all_digits_near_0():
    for name in IMPLEMENTATIONS:
        for form in ("float32", "float64"):
            cell = figures(name, "log_softmax", form)
            assert cell.ulp["max"] > 1e5
            assert cell.worst[0].cause == "absorption"
