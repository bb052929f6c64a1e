"""The limits of formats, against mpmath and against what the formats do."""

from __future__ import annotations

from dataclasses import fields
from math import isfinite

import ml_dtypes
import numpy as np
import pytest
from mpmath import mp, mpf

from softaudit.errors import SoftauditError
from softaudit.keys import known
from softaudit.studies.limits import Limits, limits

DTYPES = {
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float32": np.float32,
    "float64": np.float64,
    "float8_e4m3fn": ml_dtypes.float8_e4m3fn,
    "float8_e5m2": ml_dtypes.float8_e5m2,
}
NARROW = ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")


@pytest.fixture(params=DTYPES)
def found(request) -> Limits:
    (one,) = limits([request.param])
    assert one.format == request.param
    return one


def dtype(found: Limits):
    return DTYPES[found.format]


def neighbour(value: float, found: Limits, direction: float) -> float:
    """Give the next number of the format, by NumPy or ml_dtypes."""
    kind = dtype(found)
    return float(np.nextafter(kind(value), kind(direction)))


def test_all_formats_in_order():
    assert [one.format for one in limits()] == list(DTYPES)
    assert [one.format for one in limits(["float64", "float16"])] == ["float64", "float16"]


def test_the_numbers_are_those_of_the_dtypes(found):
    info = np.finfo(dtype(found)) if found.format in ("float16", "float32", "float64") else (
        ml_dtypes.finfo(dtype(found))
    )  # fmt: skip
    assert found.largest == float(info.max)
    assert found.least_normal == float(info.smallest_normal)
    assert found.least_subnormal == float(info.smallest_subnormal)
    assert found.ulp_of_one == float(info.eps)
    assert found.precision == info.nmant + 1
    assert found.least_subnormal == 2.0 ** (found.emin - found.precision + 1)


def test_what_overflow_gives(found):
    with np.errstate(over="ignore"):
        beyond = float(dtype(found)(found.largest) * dtype(found)(2))
    assert found.overflow_gives == ("inf" if beyond == float("inf") else str(beyond))


def exp_rounded(x: float, found: Limits):
    """Give exp(x) correctly rounded, by mpmath and the definition; infinity where it overflows."""
    with mp.workprec(400):
        y = mp.exp(mpf(x))
        emin = found.emin
        binade = max(int(mp.floor(mp.log(y, 2))), emin)
        quantum = mpf(2) ** (binade - found.precision + 1)
        rounded = mp.nint(y / quantum) * quantum  # exp is transcendental: there are no ties
        return mp.inf if rounded > found.largest else rounded


def test_the_last_logit_whose_exp_is_finite(found):
    assert isfinite(exp_rounded(found.last_finite, found))
    assert exp_rounded(neighbour(found.last_finite, found, found.largest), found) == mp.inf


def test_the_last_logit_whose_exp_is_normal(found):
    assert exp_rounded(found.last_normal, found) >= found.least_normal
    below = exp_rounded(neighbour(found.last_normal, found, -found.largest), found)
    assert below < found.least_normal


def test_the_last_logit_whose_exp_is_not_0(found):
    assert exp_rounded(found.last_nonzero, found) > 0
    assert exp_rounded(neighbour(found.last_nonzero, found, -found.largest), found) == 0


def test_thresholds_are_reals_between_two_logits(found):
    with mp.workprec(400):
        pairs = [
            (found.exp_overflows, found.last_finite, found.largest),
            (found.exp_subnormal, found.last_normal, -found.largest),
            (found.exp_zero, found.last_nonzero, -found.largest),
        ]
        for threshold, last, direction in pairs:
            ends = sorted([last, neighbour(last, found, direction)])
            assert ends[0] < mpf(threshold) < ends[1]


def test_thresholds_are_logarithms_of_the_ties_to_25_digits(found):
    with mp.workprec(400):
        p, least = found.precision, mpf(found.least_subnormal)
        top = mpf(found.largest)
        last_step = mpf(2) ** (int(mp.floor(mp.log(top, 2))) - p + 1)
        ties = {
            found.exp_overflows: top + last_step / 2,
            found.exp_subnormal: found.least_normal - least / 2,
            found.exp_zero: least / 2,
        }
        for text, tie in ties.items():
            assert abs(mpf(text) - mp.log(tie)) <= abs(mp.log(tie)) * mpf(10) ** -24


@pytest.mark.parametrize(
    ("form", "overflows", "zero"),
    [("float16", 11.09, -17.33), ("bfloat16", 88.72, -92.88), ("float32", 88.72, -103.97),
     ("float64", 709.78, -745.13), ("float8_e4m3fn", 6.14, -6.93)],
)  # fmt: skip
def test_figures_that_people_know(form, overflows, zero):
    (one,) = limits([form])
    assert abs(float(one.exp_overflows) - overflows) < 0.006
    assert abs(float(one.exp_zero) - zero) < 0.006


@pytest.mark.parametrize("form", NARROW)
def test_a_sequential_sum_of_ones_stalls_there(form):
    (one,) = limits([form])
    kind = DTYPES[form]
    total = kind(0)
    for _ in range(one.ones_stall):
        before, total = total, kind(total + kind(1))
        assert total > before
    assert float(total) == one.ones_stall
    assert kind(total + kind(1)) == total


@pytest.mark.parametrize(("form", "power"), [("float32", 24), ("float64", 53)])
def test_wide_sums_of_ones_stall_at_two_to_the_precision(form, power):
    (one,) = limits([form])
    kind = DTYPES[form]
    assert one.ones_stall == 2**power
    assert kind(2.0**power) + kind(1) == kind(2.0**power)
    assert kind(2.0**power - 1) + kind(1) == kind(2.0**power)


@pytest.mark.parametrize("form", NARROW)
def test_a_wider_sum_of_ones_overflows_there(form):
    """The sum itself is exact; leaving the accumulator, it no longer fits."""
    (one,) = limits([form])
    if one.ones_overflow < 2**24:
        with np.errstate(over="ignore"):
            assert np.isfinite(np.float32(one.ones_overflow - 1).astype(DTYPES[form]))
            assert not np.isfinite(np.float32(one.ones_overflow).astype(DTYPES[form]))
    else:
        assert one.ones_overflow == 255 * 2**120 + 2**119  # bfloat16: the tie above the largest


def test_every_field_is_documented():
    assert all(field.name in str(Limits.__doc__) for field in fields(Limits))


def test_unknown_formats_are_refused_by_the_command():
    with pytest.raises(SoftauditError, match="did you mean float16"):
        known("flaot16", DTYPES, "format")
