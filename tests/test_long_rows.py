"""Rows that are looked at window by window: the same answers as in one piece."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import product
from math import isclose

import numpy as np
import pytest

from softaudit import render
from softaudit.algorithms import ALGORITHMS, run
from softaudit.arithmetic import Evaluation
from softaudit.audit import LONGEST_ROW, audit
from softaudit.errors import InputError
from softaudit.formats import FORMATS
from softaudit.json_v1 import to_json
from softaudit.keys import make_key
from softaudit.long_view import LongView
from softaudit.model import Logits
from softaudit.plan import make_plan
from softaudit.problem import pose
from softaudit.reference import long_row
from softaudit.report import make_report
from softaudit.sources.array import from_array

ALL = {"function": ("softmax", "log_softmax", "logsumexp")}
COLUMNS = 9001
RNG = np.random.default_rng(6)


def normal(scale: float) -> np.ndarray:
    return RNG.normal(0, scale, COLUMNS).astype(np.float32)


def changed(values: np.ndarray, **at: float) -> np.ndarray:
    values = values.copy()
    for place, value in at.items():
        values[int(place[1:])] = value
    return values


ROWS = {
    "normal": normal(3.0),
    "wide": normal(60.0),
    "overflowing": normal(12.0),
    "masked in one window": np.where(np.arange(COLUMNS) // 4096 == 1, -np.inf, normal(2.0)),
    "NaN in the second window": changed(normal(1.0), _5000=np.nan),
    "infinity in the last window": changed(normal(1.0), _9000=np.inf),
    "nothing but masks": np.full(COLUMNS, -np.inf),
    "one finite logit": changed(np.full(COLUMNS, -np.inf), _8500=3.0),
    "equal": np.zeros(COLUMNS),
    "equal, in float16 the sum overflows": np.full(COLUMNS, 11.0),
    "dominated": changed(np.round(normal(1.0), 1), _4500=700.0),
    "dominated and far": changed(np.round(normal(1.0), 1), _4500=5000.0),
    "largest twice, in two windows": changed(normal(1.0), _0=9.0, _8999=9.0),
    "masks made by the cast": np.where(np.arange(COLUMNS) % 3 == 0, -1e38, normal(1.0)),
    "lost to the cast": changed(normal(1.0), _8200=1e38),
    "log-probabilities, whose logsumexp is near 0": normal(3.0) - np.float32(13.5),
    "rounded in the last window alone": np.concatenate(
        [np.round(normal(2.0)[:8192]), np.linspace(5, 9, COLUMNS - 8192)]
    ),
    "finite minimum": changed(normal(1.0), _100=-3.4e38, _8600=-3.4e38),
}


def document(x, options, **rest) -> dict:
    return to_json(make_report([audit(from_array(x), make_plan(options, **rest))]))


def assert_alike(whole, parts, place="") -> None:
    """Compare reports: counts and places exactly, figures to what sums of other order give."""
    if whole == parts:
        return
    if isinstance(whole, dict):
        assert whole.keys() == parts.keys(), place
        for name in whole:
            assert_alike(whole[name], parts[name], f"{place}/{name}")
    elif isinstance(whole, list):
        assert len(whole) == len(parts), place
        for i, pair in enumerate(zip(whole, parts, strict=True)):
            assert_alike(*pair, f"{place}/{i}")
    elif isinstance(whole, float) and isinstance(parts, float):
        assert isclose(whole, parts, rel_tol=1e-12, abs_tol=1e-15), (place, whole, parts)
    else:
        assert whole == parts, place


@pytest.fixture
def in_windows(monkeypatch):
    """Give what audits in windows of 4096 columns."""

    def document_in_windows(*args, **rest):
        with monkeypatch.context() as patch:
            for module in ("softaudit.work", "softaudit.long_view", "softaudit.audit"):
                patch.setattr(sys.modules[module], "WINDOW", 4096)
            return document(*args, **rest)

    return document_in_windows


def without_tiers(found: dict) -> dict:
    """Leave out what settled the values: windows may have their own ways."""
    for each in found["audits"]:
        del each["reference"]
    return found


BESIDE = np.round(normal(3.0), 1)
"""A row beside others: of few distinct logits, which mpmath soon adds up."""


@pytest.mark.parametrize("name", ROWS)
def test_windows_change_nothing(name, in_windows):
    x = np.stack([ROWS[name], BESIDE])
    assert_alike(without_tiers(document(x, ALL)), without_tiers(in_windows(x, ALL)))


@pytest.mark.parametrize("temperature", [0.7, 4.0])
def test_nor_under_a_temperature(temperature, in_windows):
    x = np.stack([ROWS["normal"], ROWS["masked in one window"], ROWS["wide"]])
    options = {**ALL, "format": ("float16", "float32", "float64")}
    whole, parts = (f(x, options, temperature=temperature) for f in (document, in_windows))
    assert_alike(whole, parts)


def test_nor_in_any_order_of_summation(in_windows):
    options = {**ALL, "format": ("float16", "bfloat16", "float32"),
               "order": ("pairwise", "sequential", "compensated", "numpy")}  # fmt: skip
    x = np.stack([ROWS["normal"], ROWS["overflowing"]])
    assert_alike(document(x, options), in_windows(x, options))


@pytest.mark.parametrize("order", ["pairwise", "sequential"])
@pytest.mark.parametrize("algorithm", ALGORITHMS["softmax"])
def test_results_of_windows_have_the_same_bits(algorithm, order, monkeypatch):
    """Blocks of 100 columns lie across windows of 4096."""
    monkeypatch.setattr(sys.modules["softaudit.long_view"], "WINDOW", 4096)
    for form, name in product(("float16", "float64"), ("normal", "masked in one window")):
        key = replace(make_key("softmax", form, algorithm, order=order), block_size=100)
        logits = from_array(ROWS[name][None])
        view = LongView(logits, 0, key.arithmetic.posed, 1.0, "certified", [key])
        view.gather(view)
        known = view.reductions[key.arithmetic]
        parts = [
            run(key, Evaluation(pose(x, FORMATS[form], 1.0), key.arithmetic, known, window.start))
            for window, x in view.windows()
        ]
        x = ROWS[name][None].astype(np.float64)
        whole = run(key, Evaluation(pose(x, FORMATS[form], 1.0), key.arithmetic))
        assert (
            np.concatenate([p.values for p in parts], axis=-1).tobytes() == whole.values.tobytes()
        )


def test_nor_where_mpmath_judges_alone(in_windows):
    x = np.round(np.stack([ROWS["normal"], ROWS["masked in one window"]]), 1)
    whole, parts = (f(x, ALL, reference="mpmath") for f in (document, in_windows))
    assert_alike(whole, parts)


def test_every_value_has_one_tier(in_windows):
    x = np.stack(list(ROWS.values()))
    for make in (document, in_windows):
        found = make(x, {**ALL, "format": ("float32", "float64")})["audits"][0]
        judged = sum(c["elements"] for c in found["cells"] if c["algorithm"] == "stable")
        assert sum(found["reference"]["tiers"].values()) == judged


def test_too_many_distinct_logits_for_mpmath(in_windows, monkeypatch):
    monkeypatch.setattr(long_row, "MOST_DISTINCT", 1000)
    x = normal(1.0)[None]
    with pytest.raises(InputError, match=r"over 1000 distinct logits.*name other rows"):
        in_windows(x, {"format": ("float32",)}, reference="mpmath")


@pytest.mark.parametrize("gap", [650.0, 7000.0])
def test_a_dominated_row_needs_no_sum_by_mpmath(gap, in_windows, monkeypatch):
    once, twice = np.round(normal(3.0), 1), np.round(normal(0.5), 1)
    x = np.stack([changed(once, _4500=gap), changed(twice, _1=gap, _8000=gap)])
    options = {**ALL, "format": ("float32", "float64")}
    whole = document(x, options)
    monkeypatch.setattr(long_row, "MOST_DISTINCT", 10)
    assert_alike(without_tiers(whole), without_tiers(in_windows(x, options)))


def test_a_long_row_is_abandoned_half_way(monkeypatch):
    for module in ("softaudit.work", "softaudit.long_view", "softaudit.audit"):
        monkeypatch.setattr(sys.modules[module], "WINDOW", 4096)
    x = np.stack([ROWS["normal"], ROWS["wide"], ROWS["overflowing"]])
    plan = make_plan({"format": ("float16",)})
    for stop_at in (0.1, 1.0, 1.3, 1.9):
        found = audit(from_array(x), plan, block=1, heard=lambda done, at=stop_at: done >= at)
        first = audit(from_array(x[: int(stop_at)]), plan) if stop_at >= 1 else None
        assert found.partial == int(stop_at)
        for i, cell in enumerate(found.cells):
            assert cell.rows["audited"] == int(stop_at)
            assert first is None or cell.histogram == first.cells[i].histogram
        assert render(make_report([found]), "table")
        assert to_json(make_report([found]))


def test_rows_longer_than_the_analysis_allows():
    endless = np.broadcast_to(np.float32(0), (1, LONGEST_ROW + 1))
    logits = Logits(endless, "a", "a", "float32", endless.shape, "")
    with pytest.raises(InputError, match="--axis"):
        audit(logits, make_plan({"format": ("float32",)}))
