"""What frameworks make of edge rows, as it was measured (torch 2.13.0, jax 0.10.2, onnxruntime
1.32.0, scipy 1.17.1, all on a CPU): if one of these tests fails, a framework has changed.
"""

from __future__ import annotations

from math import inf, isnan

import pytest

from softaudit.render.conformance.deviations import deviations, telling
from softaudit.studies.conformance import conformance
from softaudit.studies.respondents import respondents

pytestmark = pytest.mark.frameworks

FRAMEWORKS = ("scipy", "torch", "jax", "onnxruntime")
ROWS = ["all-masked", "one-mask", "one-infinity", "nan", "empty", "zeros", "subnormal-result",
        "lowest-and-mask", "equal-65536", "gap-40", "gap-40-at-zero"]  # fmt: skip
FORMATS = ["float16", "bfloat16", "float32", "float64"]


@pytest.fixture(scope="module")
def found():
    functions = ["softmax", "log_softmax", "logsumexp"]
    return conformance(respondents(FRAMEWORKS), functions, FORMATS, ROWS)


def replies(found, function, edge_row, name):
    """Give what a framework replied where it was asked, by format."""
    told = {q.format: q.of(name) for q in found.about(function, edge_row)}
    return {form: reply for form, reply in told.items() if reply.verdict != "not asked"}


def test_versions_are_known(found):
    assert [one.name for one in found.respondents] == list(FRAMEWORKS)
    assert all(one.version and one.device == "cpu" for one in found.respondents)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_rows_that_all_agree_on(found, name):
    for edge_row in ("all-masked", "one-mask", "zeros"):
        for function in ("softmax", "log_softmax"):
            told = replies(found, function, edge_row, name)
            assert len(told) >= 3
            assert {reply.verdict for reply in told.values()} == {"correct"}
    ((value, times),) = replies(found, "softmax", "all-masked", name)["float32"].values
    assert isnan(value)
    assert times == 3


def test_onnxruntime_skips_nan_in_float64_log_softmax(found):
    reply = replies(found, "log_softmax", "nan", "onnxruntime")["float64"]
    (first, _), (second, _), (third, _) = reply.values
    assert (round(first, 2), round(third, 2)) == (45.05, 46.05)
    assert isnan(second)
    assert reply.verdict == "off"


def test_sums_of_equal_logits_overflow_float16(found):
    for name, function, value in (
        ("jax", "softmax", 0.0),
        ("jax", "logsumexp", inf),
        ("torch", "log_softmax", -inf),
    ):
        reply = replies(found, function, "equal-65536", name)["float16"]
        assert {v for v, _ in reply.values} == {value}
        assert reply.verdict == "off"
    torch = replies(found, "softmax", "equal-65536", "torch")["float16"]
    assert torch.verdict == "correct"


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_the_top_of_a_wide_gap_is_lost_even_in_float64(found, name):
    reply = replies(found, "log_softmax", "gap-40", name)["float64"]
    assert reply.values[0][0] == 0
    assert reply.worst.exact.startswith("-4.24835425529158898")
    assert reply.ulp > 1e15


def test_scipy_keeps_what_others_lose_in_logsumexp(found):
    def verdict(name):
        return replies(found, "logsumexp", "gap-40-at-zero", name)["float64"].verdict

    assert {name for name in FRAMEWORKS if verdict(name) != "off"} == {"scipy"}


def test_jax_flushes_subnormal_results(found):
    told = replies(found, "softmax", "subnormal-result", "jax")
    flushed = {form for form, reply in told.items() if reply.values[1][0] == 0}
    assert flushed == {"bfloat16", "float32", "float64"}
    kept = replies(found, "softmax", "subnormal-result", "torch")
    assert {reply.verdict for reply in kept.values()} == {"correct"}


def test_empty_rows(found):
    reply = replies(found, "softmax", "empty", "scipy")["float32"]
    assert reply.verdict == "no answer"
    assert "zero-size" in reply.reason
    for name in ("torch", "jax", "onnxruntime"):
        assert replies(found, "softmax", "empty", name)["float32"].verdict == "correct"


def test_onnxruntime_takes_the_lowest_number_for_a_mask_in_logsumexp(found):
    reply = replies(found, "logsumexp", "lowest-and-mask", "onnxruntime")["float32"]
    assert reply.values == ((-inf, 1),)
    assert reply.verdict == "off"


def test_a_terminal_tells_what_frameworks_differ_in():
    """Of all rows at once: what all of them lose in wide gaps would fill the sentences."""
    asked = respondents(("naive", "stable", *FRAMEWORKS))
    told = telling(deviations(conformance(asked, [], FORMATS)), 12)
    shown = [(one.function, one.edge_row, one.who) for one in told]
    for function, edge_row, who in (
        ("softmax", "equal-4096", "scipy in bfloat16"),
        ("log_softmax", "dominant", "torch, onnxruntime in float32"),
        ("log_softmax", "nan", "onnxruntime in float64"),
        ("log_softmax", "one-infinity", "naive, scipy in every format; onnxruntime in float64"),
    ):
        assert (function, edge_row, who) in shown
    assert not [row for _, row, _ in shown if row.startswith("gap")]
