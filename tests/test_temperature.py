"""Both ends of temperature: T → 0 gives the one-hot argmax, T → ∞ the uniform distribution.

With gap g from the maximum to the next logit, c equal maxima and n logits, B = (n − c) exp(−g/T)
bounds Σ − c from above, so that a maximum's softmax lies in [1/(c + B), 1/c] and the others' sum
below B / c.  With R the range of the logits, n p lies in [exp(−R/T), exp(R/T)].  Temperatures are
powers of two, which every format holds as they are.
"""

from __future__ import annotations

from math import exp, expm1, inf, log

import numpy as np
import pytest

from softaudit import compute, exact
from softaudit.errors import OptionError
from softaudit.formats import FORMATS
from softaudit.plan import make_plan
from softaudit.sources.array import from_array
from softaudit.studies.sweep import make_grid, sweep

ROWS = {  # maxima, their number, the gap to the next logit
    "unique": (np.array([3.0, 1.0, 2.0, -4.0]), 1, 1.0),
    "two": (np.array([-1.0, 2.0, -3.0, 2.0, 0.5]), 2, 1.5),
    "equal": (np.array([1.5, 1.5, 1.5]), 3, inf),
}
WIDE_OF_8 = ("float16", "bfloat16", "float32", "float64")


def unit(form: str) -> float:
    return 2.0 ** -FORMATS[form].precision


def temperatures(form: str, *, up: bool) -> list[float]:
    """Give T by octaves, from 1 to the last power of two that is a normal number of the format."""
    f = FORMATS[form]
    octaves = range(f.emax + 1) if up else range(0, f.emin - 1, -1)
    return [2.0**k for k in octaves][:: max(1, f.emax // 15)]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("row", ROWS)
def test_exact_tends_to_the_maxima(form, row):
    x, c, gap = ROWS[row]
    for t in temperatures(form, up=False):
        p = exact("softmax", x, format=form, temperature=t).astype(np.float64)
        others = (len(x) - c) * exp(-gap / t)
        # Rounding to nearest: by u at most, relatively, or half the least subnormal.
        least = 1 / (c + others) * (1 - unit(form))
        assert (p[x == x.max()] >= least).all()
        assert (p[x == x.max()] <= 1 / c * (1 + unit(form))).all()
        rest = others / c * (1 + unit(form)) + FORMATS[form].least_subnormal / 2
        assert (p[x < x.max()] <= rest).all()
    assert p.tolist() == np.where(x == x.max(), FORMATS[form].dtype.type(1 / c), 0).tolist()


@pytest.mark.parametrize("form", FORMATS)
def test_exact_logarithms_tend_to_the_gaps(form):
    """log p = −gap/T − log(1 + B'), with 0 ≤ B' ≤ B: T log p tends to x − m."""
    x, _, gap = ROWS["unique"]
    largest = FORMATS[form].largest
    for t in temperatures(form, up=False):
        y = exact("log_softmax", x, format=form, temperature=t).astype(np.float64)
        gaps = (x.max() - x) / t
        inside = gaps < largest / 2
        slack = 3 * exp(-gap / t) + unit(form) * (gaps + 1) + FORMATS[form].least_subnormal
        assert (np.abs(y + gaps) <= slack)[inside].all()
        beyond = -inf if FORMATS[form].has_infinity else np.nan
        np.testing.assert_array_equal(y[gaps > 2 * largest], beyond)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("row", ROWS)
def test_exact_tends_to_uniform(form, row):
    x, n = ROWS[row][0], len(ROWS[row][0])
    spread = float(np.ptp(x))
    for t in temperatures(form, up=True):
        p = exact("softmax", x, format=form, temperature=t).astype(np.float64)
        assert (np.abs(p - 1 / n) <= expm1(spread / t) / n + unit(form) * exp(spread / t) / n).all()
        y = exact("logsumexp", x, format=form, temperature=t).astype(np.float64)
        most = float(np.abs(x).max()) / t
        assert abs(y - log(n)) <= most + unit(form) * (log(n) + most)


@pytest.mark.parametrize("form", WIDE_OF_8)
@pytest.mark.parametrize("algorithm", ["naive", "stable"])
@pytest.mark.parametrize("order", ["pairwise", "sequential", "compensated"])
def test_algorithms_tend_to_the_maximum(form, algorithm, order):
    """The maximum is 0, so that naive overflows nowhere and both compute the same sum.

    x/T is exact, so a term is at most exp(−(g/T)(1 − u))(1 + u)² plus half the least subnormal,
    exp itself within 2 ulp (NumPy's in wide formats); then n additions and a division.
    """
    x, u, eta = np.array([-2.0, 0.0, -1.0, -7.0]), unit(form), FORMATS[form].least_subnormal
    for t in temperatures(form, up=False):
        p = compute("softmax", x, format=form, algorithm=algorithm, order=order, temperature=t)
        p = p.astype(np.float64)
        term = exp(-(1 - u) / t) * (1 + 4 * u) + eta
        assert abs(p[1] - 1) <= 3 * term + 6 * u
        assert (np.delete(p, 1) <= term * (1 + 2 * u) + eta).all()
    assert p.tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("form", WIDE_OF_8)
@pytest.mark.parametrize("algorithm", ["naive", "stable"])
def test_algorithms_tend_to_uniform(form, algorithm):
    """A term is exp(x/T) within a few u, the arguments' u · 2R/T among them; so are p's."""
    x, n, u = ROWS["unique"][0], 4, unit(form)
    spread = 7.0
    for t in temperatures(form, up=True):
        p = compute("softmax", x, format=form, algorithm=algorithm, temperature=t)
        slack = (n + 10 + 4 * spread / t) * u
        close = expm1(spread / t + slack) / n
        assert (np.abs(p.astype(np.float64) - 1 / n) <= close).all()
    assert len(set(p.tolist())) == 1


def test_where_the_quotient_leaves_float16():
    """3/T is beyond 65520 from T = 2^-15 down: exact stays one-hot, and the algorithms break."""
    x = np.array([3.0, 1.0, 2.0])
    for k in range(-15, -25, -1):
        assert exact("softmax", x, format="float16", temperature=2.0**k).tolist() == [1, 0, 0]
        for algorithm in ("naive", "stable"):
            p = compute("softmax", x, format="float16", algorithm=algorithm, temperature=2.0**k)
            assert np.isnan(p[0])
    plan = make_plan({"format": ["float16"], "function": ["softmax"], "algorithm": ["stable"]})
    (cell,) = sweep(from_array(x), plan, make_grid(2**-24, 2**-6, 7)).cells
    breaks, holds = cell.stretches
    assert (breaks.state, holds.state) == ("breaks", "holds")
    low, high = breaks.points[-1].temperature, holds.points[0].temperature
    assert low * (1 - 2**-10) < 3 / 65520 < high * (1 + 2**-10)  # T̂ is subnormal there


def test_where_the_temperature_itself_leaves_float16():
    x = [3.0, 1.0]
    for t in (2.0**-25, 2.0**16):
        with pytest.raises(OptionError, match="in float16"):
            exact("softmax", x, format="float16", temperature=t)
    assert exact("softmax", x, format="float16", temperature=2.0**-24).tolist() == [1, 0]
    assert exact("softmax", x, format="float16", temperature=65504.0).tolist() == [0.5, 0.5]


def test_a_whole_number_is_a_temperature():
    assert exact("softmax", [2.0, 2.0], format="float16", temperature=3).tolist() == [0.5, 0.5]
