"""The γ-form of the a-priori bounds, on every algorithm and format.

The derivation stands in `gamma`.  Exact values are the second judge's, and so are the constants of
NumPy's exp and log, measured on a grid; formats of at most 16 bits, and `elementary="correct"`,
round them correctly, where the constant is 1.

How sharp the bounds are: the largest |v − y| over its bound, of 4,000 random rows of such questions
each, computed in the storage format, was

    softmax      naive 0.98, stable 0.91, reciprocal 0.95, division-free 0.98, online 0.87,
                 two-pass 0.78, blockwise 0.57, blockwise-fma 0.39
    log_softmax  naive 0.85, log-of-softmax 0.88, stable 0.95, folded-shift 0.88, log1p 0.96
    logsumexp    naive 0.78, stable 0.88, log1p 0.97

In float8 they are at most 0.73, mostly 0.1 to 0.4, and some say nothing: n u < 1/2 is few logits.
Not covered: an accumulator of another format, and the orders compensated and numpy.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from softaudit import algorithms
from softaudit.algorithms import ALGORITHMS, BLOCKWISE
from softaudit.arithmetic import ELEMENTARY, Evaluation
from softaudit.formats import FORMATS as OURS
from softaudit.keys import make_key
from softaudit.problem import pose

from .gamma import Arithmetic, Exact, bound
from .judge import FORMS, Row, precision, round_rational
from .judge.rounding import round_array

BITS = 256
EVERY = [(f, name) for f, named in ALGORITHMS.items() for name in named]
BLOCK = 4


def grid(name: str, form: str) -> np.ndarray:
    """Give arguments that softmax meets: all binades, and many where most are."""
    rng = np.random.default_rng(31)
    ends = {"float32": (-103.0, 88.7), "float64": (-745.0, 709.7)}[form]
    if name == "exp2":
        ends = ends[0] / math.log(2), ends[1] / math.log(2)
    small = np.ldexp(rng.uniform(-1, 1, 1000), rng.integers(-60, 3, 1000))
    x = np.concatenate([rng.uniform(*ends, 3000), rng.uniform(-20, 1, 3000), small])
    if name in ("log", "log1p"):
        x = np.concatenate([rng.uniform(0, 60, 3000), 1 + small / 8, np.exp(x / 2), abs(small)])
    return x.astype(form)


@cache
def constant(name: str, form: str, elementary: str) -> float:
    """Measure the largest error of a function in units of u max(|f|, 2^emin)."""
    if OURS[form].precision <= 11 or elementary == "correct":
        return 1.0
    function = getattr(ELEMENTARY[elementary], name)
    x, least = grid(name, form), arb(2) ** FORMS[form].emin
    worst = arb(0)
    with precision(120), np.errstate(all="ignore"):
        for argument, value in zip(x.tolist(), function(x).tolist(), strict=True):
            exact = getattr(arb(argument), {"exp2": "exp"}.get(name, name))()
            if name == "exp2":
                exact = arb(2) ** arb(argument)
            worst = worst.max(abs(arb(value) - exact) / abs(exact).max(least))
    return max(1.0, float(worst.mid()) * 2.0 ** FORMS[form].precision)


@cache
def constants(compute: str) -> tuple[float, float]:
    """Give the relative error of round(log2 e), and what two numbers lack of log 2."""
    form = FORMS[compute]
    with precision(BITS):
        log_2 = _fraction(arb(2).log())
    c, high = (Fraction(round_rational(value, form)) for value in (1 / log_2, log_2))
    low = Fraction(round_rational(log_2 - high, form))
    return abs(float(c * log_2 - 1)), abs(float(log_2 - high - low))


def _fraction(ball) -> Fraction:
    man, e = ball.mid().man_exp()
    return Fraction(int(man)) * Fraction(2) ** int(e)


def arithmetic_of(key) -> Arithmetic:
    compute, elementary = key.arithmetic.compute.name, key.arithmetic.elementary
    kappa, rest = constants(compute)
    return Arithmetic(
        p=FORMS[compute].precision,
        emin=FORMS[compute].emin,
        **{name: constant(name, compute, elementary) for name in ("exp", "exp2", "log", "log1p")},
        kappa=kappa,
        rest=rest,
        order=key.arithmetic.order,
        block=BLOCK,
    )


def exact_row(x: np.ndarray, row: Row) -> Exact:
    """Give what is exact of a row that may have masks."""
    finite, temperature = x[np.isfinite(x)], row.temperature

    def doubles(function: str) -> np.ndarray:
        return np.array([float(row.ball(function, v, BITS)) for v in finite.tolist()])

    running = np.maximum.accumulate(x)
    with precision(BITS):
        t, top = arb(temperature), arb(row.maximum)
        z = np.array([float(arb(v) / t) for v in finite.tolist()])
        gap = np.array([float((top - arb(v)) / t) for v in finite.tolist()])
    return Exact(
        z=z,
        gap=gap,
        softmax=doubles("softmax"),
        log_softmax=doubles("log_softmax"),
        logsumexp=float(row.ball("logsumexp", row.maximum, BITS)),
        divided=temperature != 1.0,
        columns=len(x),
        grows=int(np.count_nonzero(running[1:] > np.maximum(running[:-1], finite[0]))),
    )


def distances(x: np.ndarray, row: Row, function: str, v: np.ndarray) -> np.ndarray:
    """Give |v − y| of each finite logit, or of the row."""
    places = [row.maximum] if function == "logsumexp" else x[np.isfinite(x)].tolist()
    with precision(BITS):
        pairs = zip(v.tolist(), places, strict=True)
        return np.array([float(abs(arb(a) - row.ball(function, b, BITS))) for a, b in pairs])


def results(key, x: np.ndarray, temperature: float) -> np.ndarray | None:
    """Run an algorithm; None where something overflowed."""
    problem = pose(x[None], key.arithmetic.storage, temperature)
    output = algorithms.run(key, Evaluation(problem, key.arithmetic))
    v = output.values[0]
    sums = output.steps.total
    whole = np.isfinite(sums).all() and np.isfinite(v[np.isfinite(x)] if len(v) > 1 else v).all()
    return (v[np.isfinite(x)] if key.function != "logsumexp" else v) if whole else None


def ratios(key, x: np.ndarray, temperature: float) -> np.ndarray | None:
    """Give |v − y| over its bound; None where something overflowed."""
    v = results(key, x, temperature)
    if v is None:
        return None
    row = Row(x[np.isfinite(x)], temperature)
    exact = exact_row(x, row)
    with np.errstate(over="ignore", invalid="ignore"):
        limit = bound(key.function, key.algorithm, exact, arithmetic_of(key))
    storage = FORMS[key.arithmetic.storage.name]
    if key.arithmetic.storage != key.arithmetic.compute:
        y = {"softmax": exact.softmax, "log_softmax": exact.log_softmax}
        size = np.abs(y.get(key.function, exact.logsumexp)) + limit
        limit = limit + size * 2.0**-storage.precision + 2.0 ** (storage.least_exponent - 1)
    with np.errstate(invalid="ignore"):
        return distances(x, row, key.function, v) / limit


def parts(seed: int) -> list[float]:
    """Give up to 24 numbers in ±1, some of them masks; drawn numbers would have few digits."""
    rng = np.random.default_rng(seed)
    row = rng.uniform(-1, 1, rng.integers(1, 25))
    return np.where(rng.random(row.size) < rng.choice([0, 0.3]), -math.inf, row).tolist()


def questions():
    """Give rows with n u < 1/2 in a format, around 0 or far from it, narrow or wide."""
    return st.tuples(
        st.integers(0, 2**32).map(parts),
        st.sampled_from([0.1, 1.0, 5.0, 25.0, 90.0]),
        st.sampled_from([0.0, 0.0, 3.0, -11.0, -95.0, 1000.0]),
        st.sampled_from([1.0, 1.0, 0.7, 3.0]),
        st.sampled_from(list(FORMS)),
        st.sampled_from([None, "float32"]),
        st.sampled_from(["pairwise", "sequential"]),
        st.sampled_from(["numpy", "correct"]),
    )


def posed(function: str, algorithm: str, question):
    """Give the cell, the row x̂ and T̂ of a question."""
    row, scale, offset, temperature, form, compute, order, elementary = question
    if compute is not None and not OURS[compute].holds(OURS[form]):
        compute = None
    steps = FORMS[compute or form]
    most = 2 ** (steps.precision - 1) - 1
    x = round_array(np.array(row[:most]) * scale + offset, FORMS[form])
    size = BLOCK if algorithm in BLOCKWISE else None
    key = make_key(
        function,
        form,
        algorithm,
        compute=compute,
        order=order,
        elementary=elementary,
        block_size=size,
    )
    return key, x, round_rational(temperature, FORMS[form])


@pytest.mark.parametrize(("function", "algorithm"), EVERY)
@given(question=questions())
@settings(max_examples=100, deadline=None)
def test_no_error_is_above_its_bound(function, algorithm, question):
    """The derivation, step by step, is the docstring of `gamma`."""
    key, x, temperature = posed(function, algorithm, question)
    if not np.isfinite(x).any() or (x == math.inf).any() or np.isnan(x).any():
        return
    found = ratios(key, x, temperature)
    assert found is None or not (found > 1 + 1e-9).any(), (key.name, x, temperature, found)
