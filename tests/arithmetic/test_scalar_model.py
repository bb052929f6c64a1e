"""Every algorithm has the bits of a model that computes one rational at a time.

In wide formats with exp and log correctly rounded; NumPy's have no model.  By default not all
orders are taken with all formats on all rows; `-m exhaustive` takes the rest.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest

from softaudit.algorithms import ALGORITHMS, BLOCKWISE, ORDERS_OF, run
from softaudit.arithmetic import Evaluation, total
from softaudit.face import compute
from softaudit.formats import FORMATS
from softaudit.keys import make_key
from softaudit.problem import pose

from ..thinning import diagonals
from .scalar_model import NARROW, SCALARS, WIDE, Model
from .scalar_model import total as total_of

FIXTURES = Path(__file__).parents[2] / "fixtures"
CELLS = [(function, algorithm) for function, of in ALGORITHMS.items() for algorithm in of]
ORDERS = ("pairwise", "sequential", "compensated")


def real_rows() -> list[np.ndarray]:
    return [
        *np.load(FIXTURES / "attention_float16.npy")[::3, ::6, 17].reshape(-1, 24),
        *np.load(FIXTURES / "digits_mlp.npy")[::180],
        *np.load(FIXTURES / "vocabulary.npy")[:2, :37],
        *np.load(FIXTURES / "attention_left_padded.npy")[0, :2, 20],
    ]


def random_rows() -> list[np.ndarray]:
    random = np.random.default_rng(20240607)
    rows = [random.normal(0, scale, n) for scale in (0.1, 3, 12) for n in (1, 2, 3, 5, 16, 33, 40)]
    return [*rows, random.uniform(-20, 12, 17), random.normal(4, 1, 31)]


EDGE_ROWS = [
    [40.0, 0.0],
    [0.0, -40.0, -40.0],
    [12.0, 11.0, 11.5, -3.0],  # float16's exp overflows above 11.09
    [11.0, 11.0, 10.9],  # and its sum, where no exponential does
    [6.0, 5.5, 6.1, 4.0],  # the same in float8_e4m3fn
    [89.0, 88.5, 88.0],
    [-95.0, -96.5, -97.25],
    [-17.0, -17.5, -16.5],
    [-inf, 2.0, -inf, 1.0],
    [-inf, 7.0],
    [-inf, -inf],
    [0.0, inf, 1.0],
    [0.0, nan],
    [3.4e38, -3.4e38, 1.0],
    [65504.0, -65504.0, 0.0],
    [70000.0, 1.0],
    [464.0, -448.0, 465.0],
    [57344.0, -57344.0],
    [0.0] * 20,
    [1e-8, -1e-8, 2.0**-24],
    [0.0],
    [-3.25],
]


def by_length(rows) -> list[np.ndarray]:
    """Give rows in arrays, those of one length in one."""
    lengths = sorted({len(row) for row in rows})
    return [np.array([row for row in rows if len(row) == n], dtype=np.float64) for n in lengths]


def assert_same_bits(rows, storage, compute_in=None, accumulate=None, order="pairwise", t=1.0):
    model = Model(storage, compute_in or storage, accumulate or compute_in or storage, order)
    options = {"compute": compute_in, "accumulate": accumulate, "order": order, "temperature": t}
    options["elementary"] = "correct" if (compute_in or storage) in WIDE else "numpy"
    cells = [(f, a) for f, a in CELLS if order in ORDERS_OF.get(a, ORDERS)]
    for x, (function, algorithm) in product(by_length(rows), cells):
        found = compute(function, x, format=storage, algorithm=algorithm, **options)
        assert_rows(found, model, function, algorithm, x, t, f"{storage} {options}")


def assert_rows(found, model, function, algorithm, x, t, what) -> None:
    """Compare each row of results with what the model makes of it alone."""
    for row, values in zip(x.tolist(), found.astype(np.float64).reshape(len(x), -1), strict=True):
        expected = model.run(function, algorithm, row, t)
        name = f"{function}/{algorithm} {what} of {row[:8]}"
        np.testing.assert_array_equal(values, expected, err_msg=name)


@pytest.mark.parametrize(("storage", "order"), list(product(SCALARS, ORDERS)))
def test_edge_rows(storage, order):
    assert_same_bits(EDGE_ROWS, storage, order=order)


VARIANTS = [(name, "flush", False) for name in SCALARS] + [
    (name, subnormals, True) for name in NARROW[2:] for subnormals in ("keep", "flush")
]


@pytest.mark.parametrize(("variant", "order"), diagonals(VARIANTS, ["pairwise", "sequential"]))
def test_formats_that_flush_or_saturate(variant, order):
    storage, subnormals, saturate = variant
    kind = {"flushes": subnormals == "flush", "saturates": saturate}
    model = Model(storage, storage, storage, order, **kind)
    options = {"format": storage, "order": order, "subnormals": subnormals, "saturate": saturate}
    options["elementary"] = "correct" if storage in WIDE else "numpy"
    rows = *EDGE_ROWS, *random_rows()[2::5], [450.0] * 3, [-17.0] * 9, [6.0] * 40
    for x, (function, algorithm) in product(by_length(rows), CELLS):
        found = compute(function, x, algorithm=algorithm, **options)
        assert_rows(found, model, function, algorithm, x, 1.0, options)


@pytest.mark.parametrize("algorithm", BLOCKWISE)
@pytest.mark.parametrize(("storage", "order"), list(product(SCALARS, ORDERS)))
def test_small_blocks(storage, order, algorithm):
    """Blocks that begin with masks, and rows whose maximum grows and that end within a block."""
    key = make_key("softmax", storage, algorithm, order=order, elementary="correct")
    rows = by_length((*EDGE_ROWS, *random_rows()[5::7], np.arange(-9.0, 9.0)))
    for size, x in product((1, 3, 8), rows):
        model = Model(storage, storage, storage, order, size)
        with np.errstate(over="ignore"):
            problem = pose(x, FORMATS[storage], 1.0)
        evaluation = Evaluation(problem, key.arithmetic)
        found = run(replace(key, block_size=size), evaluation).values
        assert_rows(found, model, "softmax", algorithm, x, 1.0, f"{storage} {size}")


@pytest.mark.parametrize(("storage", "order"), diagonals(SCALARS, ORDERS))
def test_real_rows(storage, order):
    assert_same_bits(real_rows(), storage, order=order)


@pytest.mark.parametrize(("storage", "order"), diagonals(SCALARS, ORDERS))
def test_random_rows(storage, order):
    assert_same_bits(random_rows(), storage, order=order)


@pytest.mark.parametrize(("storage", "temperature"), diagonals(SCALARS, [0.7, 0.1, 3.0, 100.0]))
def test_temperatures_are_rounded_and_divided_by(storage, temperature):
    assert_same_bits((*EDGE_ROWS, *real_rows()[::4]), storage, t=temperature)


WIDER = [
    ("float8_e5m2", "float16", None),
    ("float8_e5m2", "bfloat16", None),
    ("float8_e4m3fn", "float16", None),
    ("float8_e4m3fn", "bfloat16", "float16"),
    ("float8_e5m2", "float8_e5m2", "float16"),
    ("float16", "float16", "bfloat16"),
    ("bfloat16", "bfloat16", "float16"),
    ("bfloat16", "bfloat16", "float8_e4m3fn"),
    ("float16", "float32", None),
    ("bfloat16", "float32", "float64"),
    ("float8_e4m3fn", "float64", "float32"),
    ("float32", "float64", "float32"),
    ("float32", "float32", "bfloat16"),
]


@pytest.mark.parametrize(("storage", "compute_in", "accumulate"), WIDER)
def test_mixed_formats_round_at_every_border(storage, compute_in, accumulate):
    assert_same_bits((*EDGE_ROWS, *random_rows()[::3]), storage, compute_in, accumulate)


@pytest.mark.parametrize(("storage", "order"), diagonals(NARROW, ["pairwise", "compensated"], 4))
def test_a_row_that_crosses_a_chunk(storage, order):
    row = np.random.default_rng(7).normal(0, 2, 4200)
    assert_same_bits([row], storage, order=order)


# Five chunks are added as ((a + b) + (c + d)) + e; the fifth's own length is no power of two.
@pytest.mark.parametrize("order", ["pairwise", "compensated"])
def test_an_odd_number_of_chunks(order):
    terms = np.random.default_rng(8).lognormal(0, 1, 4 * 4096 + 77).astype(FORMATS["float16"].dtype)
    scalar, form = SCALARS["float16"], FORMATS["float16"]
    found, _ = total(terms[None].astype(np.float32), form, order)
    assert found.item() == total_of(scalar, scalar, order, terms.tolist())
