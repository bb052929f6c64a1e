"""Edge rows are made of a format's own numbers, and are where they say they are."""

from __future__ import annotations

from math import inf

import ml_dtypes
import numpy as np
import pytest
from mpmath import exp, mp, mpf

from softaudit.formats import FORMATS
from softaudit.studies.edge_rows import EDGE_ROWS

DTYPES = {
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float32": np.float32,
    "float64": np.float64,
    "float8_e4m3fn": ml_dtypes.float8_e4m3fn,
    "float8_e5m2": ml_dtypes.float8_e5m2,
}


@pytest.fixture(params=DTYPES)
def form(request):
    return FORMATS[request.param]


def row(name: str, form) -> list[float]:
    logits = EDGE_ROWS[name].logits(form)
    assert logits is not None
    return logits[0].tolist()


def test_names_are_those_of_the_registry():
    assert all(name == row.name for name, row in EDGE_ROWS.items())
    assert len({row.sentence for row in EDGE_ROWS.values()}) == len(EDGE_ROWS)


def test_all_are_numbers_of_the_format(form):
    for edge_row in EDGE_ROWS.values():
        logits = edge_row.logits(form)
        if logits is not None:
            assert logits.shape[0] == 1
            assert np.array_equal(logits.astype(DTYPES[form.name]), logits, equal_nan=True)


def test_what_a_format_does_not_hold_is_not_asked():
    def missing(name):
        return {f for f, form in FORMATS.items() if EDGE_ROWS[name].logits(form) is None}

    assert missing("all-masked") == {"float8_e4m3fn"}  # which has no infinities
    assert missing("nan") == set()
    assert missing("shifted-1e8") == set(DTYPES) - {"float32", "float64"}
    assert missing("gap-104") == {"float8_e5m2"}  # 104 = 1101000 in binary: four bits


@pytest.mark.parametrize(
    ("name", "logits"),
    [
        ("all-masked", [-inf, -inf, -inf]),
        ("empty", []),
        ("subnormal-logits", [2**-24, 2**-14 - 2**-24, 0]),
        ("largest", [65504, 65504, 65504]),
        ("lowest-as-mask", [0, -65504, 1]),
        ("both-extremes", [65504, -65504]),
        ("lowest-and-mask", [-inf, -65504, -65504]),
        ("shifted", [1024, 1025, 1026]),
        ("shifted-down", [-1026, -1025, -1024]),
        ("equal-4096", [0] * 4096),
        ("log-halves", [-0.693359375] * 2),
    ],
)
def test_in_float16_by_hand(name, logits):
    assert row(name, FORMATS["float16"]) == logits


def test_thresholds_of_exp(form):
    """A logit before and a logit beyond each threshold, by mpmath."""
    info = ml_dtypes.finfo(DTYPES[form.name])
    largest, least = mpf(float(info.max)), mpf(float(info.smallest_subnormal))
    beyond = largest + (largest - mpf(float(np.nextafter(info.max, info.dtype.type(0))))) / 2
    with mp.workprec(200):
        assert exp(row("sum-overflows", form)[0]) < beyond < 3 * exp(row("sum-overflows", form)[0])
        assert exp(row("exp-overflows", form)[0]) > beyond
        assert least / 2 < exp(row("least-result", form)[1])
        assert exp(row("vanishing-result", form)[1]) < least / 2
        amid = exp(row("subnormal-result", form)[1])
        assert least <= amid < mpf(float(info.smallest_normal))
