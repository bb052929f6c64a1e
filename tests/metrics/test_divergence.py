"""φ and ψ within 2^−30 of themselves, against mpmath."""

from __future__ import annotations

from math import inf, isnan

import numpy as np
import pytest
from mpmath import mp, mpf

from softaudit.formats import FORMATS
from softaudit.metrics.divergence import exp_terms, log_ratio, log_terms, phi

RNG = np.random.default_rng(11)
SIZES = np.exp2(RNG.uniform(-60, 0, 400))
SMALL = np.concatenate([SIZES, -SIZES, [0.125, -0.125, 2.0**-10, -(2.0**-10), 0.25, -0.25]])


def near(found, exactly) -> bool:
    return abs(mpf(float(found)) - exactly) <= mpf(2) ** -30 * abs(exactly)


def exact_phi(r):
    return mpf(r) - mp.log1p(mpf(r))


def test_phi():
    r = np.concatenate([SMALL[SMALL > -1], [0.5, 3.0, 1e9, 1e300, -1 + 2.0**-40]])
    with mp.workprec(300):
        for value, found in zip(r.tolist(), phi(r, 1.0 + r).tolist(), strict=True):
            assert near(found, exact_phi(value)), value
    special = phi(np.array([0.0, -1.0, -1.5]), np.array([1.0, 0.0, -0.5]))
    assert special[:2].tolist() == [0.0, inf]
    assert isnan(special[2])


@pytest.mark.parametrize("form", ["float16", "float64"])
def test_terms_up_to_their_bound(form):
    p = 0.375
    terms, bound = log_terms(SMALL, SMALL * p, np.full(SMALL.shape, p), FORMATS[form])
    within = np.abs(SMALL) <= bound
    assert 0 < np.count_nonzero(within) < SMALL.size
    with mp.workprec(300):
        for r, found in zip(SMALL[within].tolist(), terms[within].tolist(), strict=True):
            assert near(found, p * exact_phi(r)), r


@pytest.mark.parametrize("form", ["bfloat16", "float32"])
def test_psi_and_what_e_grows_by(form):
    d = np.concatenate([SMALL, [5.0, -5.0, 300.0, -800.0]])
    terms, grown = exp_terms(d, FORMATS[form], inf)
    with mp.workprec(300):
        for value, psi, more in zip(d.tolist(), terms.tolist(), grown.tolist(), strict=True):
            assert near(psi, mp.expm1(mpf(value)) - mpf(value)), value
            assert near(more, mp.expm1(mpf(value))), value
    terms, grown = exp_terms(np.array([-inf, 1000.0]), FORMATS[form], inf)
    assert (terms.tolist(), grown.tolist()) == ([inf, inf], [-1.0, inf])


def test_the_logarithm_of_a_ratio():
    with mp.workprec(300):
        for r in (2.0**-50, -(2.0**-50), 0.01, -0.1, 0.2, -0.9, 7.0):
            assert near(log_ratio(r, 1.0 + r), abs(mp.log(1 + mpf(r)))), r
    assert log_ratio(-1.0, 2.0**-1000) == pytest.approx(1000 * np.log(2.0))
