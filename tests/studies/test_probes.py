"""Ways to ask: exactly the same question each, and the unit of distances."""

from __future__ import annotations

from fractions import Fraction
from math import inf, nan

import mpmath
import numpy as np
import pytest

from softaudit.formats import FORMATS, round_to
from softaudit.studies.distance import distance, exact_ulps
from softaudit.studies.probes import BATCHES, MOST_BATCHES, PROBES, exact_rows

FLOAT8 = FORMATS["float8_e4m3fn"]
CODES = np.arange(256, dtype=np.uint8).view(FLOAT8.dtype).astype(np.float64)


@pytest.mark.parametrize("exponent", range(-9, 9))
@pytest.mark.parametrize("sign", [1, -1])
def test_exact_sums_of_every_number(exponent, sign):
    """Against rational arithmetic, of float8_e4m3fn."""
    numbers = CODES[np.isfinite(CODES)]
    there = set(map(Fraction, numbers))
    wanted = [Fraction(x) + sign * Fraction(2) ** exponent in there for x in numbers]
    assert exact_rows(numbers[:, None], sign * 2.0**exponent, FLOAT8).tolist() == wanted


def test_exact_sums_of_doubles():
    """2^53 + 1 is no double, 2^53 + 2 is one; ∞ is no number."""
    x = np.array([[2.0**53], [2.0**53 + 2], [-(2.0**53)], [1.0], [np.finfo(np.float64).max]])
    assert exact_rows(x, 1.0, FORMATS["float64"]).tolist() == [False, False, True, True, False]
    assert exact_rows(x, 2.0, FORMATS["float64"]).tolist() == [True, True, True, True, False]


@pytest.mark.parametrize("form", FORMATS)
def test_shifts_can_be_taken_back(form):
    x = round_to(np.random.default_rng(2).normal(0, 4, (200, 4)), FORMATS[form])
    x[::5, 1] = -inf if FORMATS[form].has_infinity else 0
    for way in PROBES["shift"].ways(x, FORMATS[form]):
        c = (1 if way.name[0] == "+" else -1) * Fraction(2) ** int(way.name[3:])
        assert way.compared.any()
        np.testing.assert_array_equal(round_to(way.x, FORMATS[form]), way.x)
        for row, moved, compared in zip(x, way.x, way.compared, strict=True):
            back = [Fraction(b) - c * compared if np.isfinite(b) else b for b in moved]
            assert back == [Fraction(a) if np.isfinite(a) else a for a in row]


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (6, 7), (130, 31), (2000, 2)])
@pytest.mark.parametrize("probe", PROBES)
def test_every_way_is_the_same_question(probe, shape):
    x = np.arange(np.prod(shape), dtype=np.float64).reshape(shape) % 61
    for way in PROBES[probe].ways(x, FORMATS["float32"]):
        handed = np.concatenate([way.x[batch] for batch in way.batches])
        if probe != "shift":
            np.testing.assert_array_equal(way.put_back(handed), x[way.rows])
        assert way.rows[0] == 0
        assert way.x.flags.c_contiguous
        assert way.compared.shape == (len(x),)


@pytest.mark.parametrize("rows", [1, 3, 7, 64, 65, 5000])
def test_batches_have_their_size_and_few_are_asked(rows):
    x = np.zeros((rows, 2))
    for way, size in zip(PROBES["batch"].ways(x, FORMATS["float32"]), BATCHES, strict=True):
        assert {len(batch) for batch in way.batches} == {size}
        assert len(way.batches) == min(max(rows // size, 1), MOST_BATCHES)
        assert set(way.rows) <= set(range(rows))
        if rows >= size:
            assert len(set(way.rows)) == len(way.rows)


@pytest.mark.parametrize(
    ("first", "second", "ulp", "wanted"),
    [
        (0.25, 0.25, 2.0**-12, 0.0),
        (0.25, 0.25 + 2.0**-12, 2.0**-12, 1.0),
        (0.25, 0.0, 2.0**-12, 1024.0),
        (-0.0, 0.0, 2.0**-24, 0.0),
        (nan, nan, nan, 0.0),
        (nan, 0.25, 2.0**-12, inf),
        (0.25, nan, nan, inf),
        (inf, inf, nan, 0.0),
        (-inf, -inf, 1.0, 0.0),
        (-inf, inf, 1.0, inf),
        (-inf, -3.0, 1.0, inf),
        (1.0, 2.0, nan, inf),  # no unit
        (2.0**-1074, 3 * 2.0**-1074, 2.0**-1074, 2.0),
        (1.0, 0.0, 2.0**-1074, inf),  # beyond float64
    ],
)
def test_distance(first, second, ulp, wanted):
    found = distance(*(np.array([value]) for value in (first, second, ulp)))
    assert found.tolist() == [wanted]


def test_the_unit_is_that_of_the_exact_value():
    """Binades by mpmath; NaN where there is no real value."""
    x = np.array([[1.0, 0.0, -20.0], [-inf, 3.0, 3.0], [nan, 0.0, 1.0], [-inf] * 3])
    form = FORMATS["float16"]
    found = exact_ulps(x, form, ("softmax", "log_softmax", "logsumexp"))
    with mpmath.workdps(40):
        terms = [mpmath.exp(v) for v in x[0].tolist()]
        softmax = [t / sum(terms) for t in terms]
        exact = {"softmax": softmax, "log_softmax": [mpmath.log(p) for p in softmax],
                 "logsumexp": [mpmath.log(sum(terms))]}  # fmt: skip
        for function, values in exact.items():
            binades = [max(int(mpmath.floor(mpmath.log(abs(y), 2))), -14) for y in values]
            assert found[function][0].tolist() == [2.0 ** (b - 10) for b in binades]
    np.testing.assert_array_equal(found["softmax"][1], [2.0**-24, 2.0**-11, 2.0**-11])
    np.testing.assert_array_equal(found["log_softmax"][1], [nan, 2.0**-11, 2.0**-11])
    assert np.isnan(found["softmax"][2:]).all()
    assert np.isnan(found["logsumexp"][2:]).all()
