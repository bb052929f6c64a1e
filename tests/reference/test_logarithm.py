"""log of doubles: what its proof takes from its table, and its error, by Arb."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb, ctx

from softaudit.reference.logarithm import LOG_ERROR, log, reciprocals

LARGEST = np.finfo(np.float64).max


@pytest.fixture(autouse=True)
def arb_precision():
    before, ctx.prec = ctx.prec, 300
    yield
    ctx.prec = before


LEAST_OF_INTERVALS = 0.5 + np.arange(8192) * 2.0**-14
MOST_OF_INTERVALS = LEAST_OF_INTERVALS + (2.0**-14 - 2.0**-53)


def test_the_entry_of_an_interval_is_next_to_the_reciprocal_of_all_in_it():
    places = reciprocals().place.tolist()
    for ends in (LEAST_OF_INTERVALS, MOST_OF_INTERVALS):
        for f, j in zip(ends.tolist(), places, strict=True):
            assert abs(arb(f) * arb(2) ** (arb(j) / 4096) - 1) < 2.0**-12.7


def test_only_next_to_one_no_multiple_of_log_2_is_added():
    places = reciprocals().place
    assert (places[0], places[-1]) == (4096, 0)  # f = 1/2 and up: t = 2; f next to 1: t = 1
    assert places[1:-1].max() < 4096
    assert places[1:-1].min() > 0


def error_of(x: np.ndarray) -> float:
    """Give the largest relative error, from above, in units of LOG_ERROR."""
    with np.errstate(all="raise", under="ignore"):
        y = log(x)
    assert np.all(y.high + y.low == y.high)
    worst = arb(0)
    for v, high, low in zip(x.tolist(), y.high.tolist(), y.low.tolist(), strict=True):
        error = abs((arb(high) + arb(low)) / arb(v).log() - 1)
        if not error < worst:
            worst = error
    return float((worst / arb(LOG_ERROR)).abs_upper())


def signed(rng, n: int) -> np.ndarray:
    return rng.choice([-1.0, 1.0], n)


ARGUMENTS = {
    "all binades": lambda rng, n: np.ldexp(rng.uniform(1, 2, n), rng.integers(-1022, 1024, n)),
    "subnormal": lambda rng, n: rng.integers(1, 1 << 52, n).view(np.float64),
    "few bits, subnormal": lambda rng, n: (1 + rng.integers(0, n, n)).view(np.float64),
    "totals": lambda rng, n: rng.uniform(1, 100, n),
    "probabilities": lambda rng, n: 1 - rng.uniform(0, 1, n) * (1 - 2.0**-20),
    "close to 1": lambda rng, n: 1 + signed(rng, n) * np.exp2(-rng.uniform(1, 52, n)),
    "where k changes": lambda rng, n: 1 + rng.uniform(-(2.0**-12), 2.0**-12, n),
    "next to 1": lambda rng, n: 1 + rng.choice(np.r_[-n:0, 2 : 2 * n : 2], n) * 2.0**-53,
    "ends of intervals": lambda rng, n: np.r_[LEAST_OF_INTERVALS, MOST_OF_INTERVALS][
        rng.permutation(2 * 8192)[:n]
    ],
}  # fmt: skip


def check(each: int, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    drawn = {name: of(rng, each) for name, of in ARGUMENTS.items()}
    return {name: error_of(x[x != 1]) for name, x in drawn.items()}


def test_error_against_arb():
    worst = check(3000, seed=1)
    assert max(worst.values()) <= 1, worst


@pytest.mark.exhaustive
def test_error_of_a_million_against_arb():
    worst = check(110_000, seed=2)
    assert max(worst.values()) <= 1, worst


def test_of_the_ends_of_the_range():
    x = np.array([2.0**-1074, 2.0**-1022, 2.0**-1022 - 2.0**-1074, 0.5, 2.0, LARGEST])
    assert error_of(x) <= 1


def test_of_one_is_plus_zero():
    y = log(np.ones(3))
    for part in y:
        np.testing.assert_array_equal(part, 0.0)
        assert not np.signbit(part).any()
