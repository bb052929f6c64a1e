"""exp of double-words: its table is what mpmath says, and its error what is proven, by Arb."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx

from softaudit.reference import double_word as dw
from softaudit.reference import exponential
from softaudit.reference.double_word import DoubleWord
from softaudit.reference.exponential import ENTRIES, EXP_ERROR, LARGEST_ARGUMENT, exp, table

LOG2 = 0.6931471805599453
STEP = LOG2 / ENTRIES


@pytest.fixture(autouse=True)
def arb_precision():
    before, ctx.prec = ctx.prec, 300
    yield
    ctx.prec = before


def bits(x: float) -> int:
    """Give how many bits a double needs, from its first to its last 1."""
    numerator = abs(Fraction(x).numerator)
    return (numerator // (numerator & -numerator)).bit_length() if x else 0


def test_the_shipped_table_is_what_mpmath_makes():
    made = exponential.make_table()
    found = table()
    parts = np.stack([found.first, found.second, found.third])
    assert parts.tobytes() == np.ascontiguousarray(made[:, :ENTRIES]).tobytes()
    assert np.array(found.steps).tobytes() == made[:, ENTRIES].tobytes()
    assert found.inverse_step == made[0, ENTRIES + 1]


def test_the_parts_are_as_short_as_the_proof_has_them():
    found = table()
    assert max(bits(t) for t in found.first.tolist()) <= 26
    assert [bits(c) <= limit for c, limit in zip(found.steps, (29, 29, 53), strict=True)] == [
        True
    ] * 3
    assert found.second.max() < 2.0**-25
    assert np.abs(found.third).max() < 2.0**-78
    assert found.second.min() >= 0  # the first part is cut, never rounded up


def test_the_table_holds_powers_of_two_to_the_promised_digits():
    found = table()
    columns = zip(found.first.tolist(), found.second.tolist(), found.third.tolist(), strict=True)
    for i, (first, second, third) in enumerate(columns):
        exact = arb(2) ** (arb(i) / ENTRIES)
        assert abs(arb(first) + arb(second) + arb(third) - exact) < arb(2) ** -130
    c1, c2, c3 = map(arb, found.steps)
    assert abs(arb(2).log() / ENTRIES - c1 - c2 - c3) < arb(2) ** -123
    assert float(c1) < STEP  # cut below: Sterbenz's lemma at k = 1 needs it


def error_of(g: DoubleWord) -> float:
    """Give the largest relative error, from above, in units of EXP_ERROR."""
    value, exponent = exp(g)
    assert np.all((value.high >= 0.99) & (value.high <= 2.01))
    assert np.all(value.high + value.low == value.high)
    worst = arb(0)
    unit = arb(1) / arb(EXP_ERROR)
    parts = (g.high, g.low, value.high, value.low, exponent)
    for high, low, head, tail, k in zip(*(part.tolist() for part in parts), strict=True):
        computed = (arb(head) + arb(tail)) * arb((1, k))
        error = abs(computed * (-(arb(high) + arb(low))).exp() - 1)
        if not error < worst:
            worst = error
    return float((worst * unit).abs_upper())


def with_low_parts(rng, high: np.ndarray) -> DoubleWord:
    """Join low parts of both signs, the largest and none among them."""
    part = rng.uniform(-1, 1, high.shape)
    kind = rng.integers(0, 4, high.shape)
    part = np.where(kind == 0, np.sign(part), np.where(kind == 1, 0.0, part))
    return dw.fast_two_sum(high, part * np.ldexp(0.5, np.frexp(high)[1] - 53) * (1 - 2.0**-30))


def beside(rng, points: np.ndarray) -> np.ndarray:
    """Shift doubles by up to two units."""
    unit = np.spacing(np.abs(points))
    return points + unit * rng.integers(-2, 3, points.shape)


ARGUMENTS = {
    "uniform": lambda rng, n: rng.uniform(-1700, 0, n),
    "uniform, both signs": lambda rng, n: rng.uniform(-1700, 1700, n),
    "the widest": lambda rng, n: rng.uniform(-LARGEST_ARGUMENT, -1024, n),
    "exponential": lambda rng, n: -np.minimum(rng.exponential(10, n), 1700),
    "tiny": lambda rng, n: -np.ldexp(rng.uniform(1, 2, n), rng.integers(-160, -8, n)),
    "integers": lambda rng, n: -rng.integers(0, 1701, n).astype(float),
    "beside the table's entries": lambda rng, n: beside(
        rng, -STEP * rng.integers(0, 10_000_000, n)
    ),
    "beside multiples of log 2": lambda rng, n: beside(rng, -LOG2 * rng.integers(0, 2450, n)),
    "half-way": lambda rng, n: beside(rng, -STEP * (rng.integers(0, 10_000_000, n) + 0.5)),
    "half-way, small": lambda rng, n: beside(rng, STEP * (rng.integers(-8, 8, n) + 0.5)),
}


def check(count: int, seed: int) -> dict[str, float]:
    """Measure so many arguments of all kinds, each with low parts."""
    rng = np.random.default_rng(seed)
    each = count // len(ARGUMENTS)
    return {name: error_of(with_low_parts(rng, of(rng, each))) for name, of in ARGUMENTS.items()}


def test_error_against_arb():
    worst = check(60_000, seed=1)
    assert max(worst.values()) <= 1, worst


@pytest.mark.exhaustive
def test_error_of_a_million_against_arb():
    worst = check(1_000_000, seed=2)
    assert max(worst.values()) <= 1, worst


def test_largest_reduced_argument_and_low_part_together():
    """The low part pulls away from a half-way point, where |g| is largest."""
    rng = np.random.default_rng(3)
    high = beside(rng, -STEP * (rng.integers(9_000_000, 10_000_000, 3000) + 0.5))
    low = np.ldexp(0.5, np.frexp(high)[1] - 53) * rng.choice([-1.0, 1.0], 3000) * (1 - 2.0**-52)
    assert error_of(dw.fast_two_sum(high, low)) <= 1


def test_exp_of_nothing_is_exactly_one():
    value, exponent = exp(DoubleWord(np.zeros(3), np.array([0.0, -0.0, 0.0])))
    np.testing.assert_array_equal(value.high, 1.0)
    np.testing.assert_array_equal(value.low, 0.0)
    np.testing.assert_array_equal(exponent, 0)


def test_subnormal_arguments_give_one_and_themselves():
    tiny = np.array([5e-324, -5e-324, 1e-310, -1e-310])
    value, exponent = exp(DoubleWord(tiny, np.zeros(4)))
    np.testing.assert_array_equal(value.high * 2.0**exponent, 1.0)
    np.testing.assert_array_equal(value.low, tiny)
