"""Each cause on a row of a few literals, worked out by hand or by mpmath."""

from __future__ import annotations

import re
from math import inf, isclose, isnan

import numpy as np
import pytest
from mpmath import mp, mpf

from softaudit import reference
from softaudit.formats import FORMATS
from softaudit.metrics import (
    CAUSES,
    DESCRIPTIONS,
    EXPLANATIONS,
    WORTH_TELLING,
    Yardstick,
    cause,
    compare,
    edge,
)
from softaudit.model import Arithmetic, CellKey, Output, Steps
from softaudit.problem import pose

from ..cells import cell_of, error_ulp, exact


def causes_of(cell) -> dict[tuple[int, ...], str]:
    return {worst.index: worst.cause for worst in cell.worst}


@pytest.mark.parametrize("name", CAUSES)
def test_every_rule_says_what_it_means_how_it_is_told_and_what_to_do(name):
    assert DESCRIPTIONS[name].endswith(".")
    assert re.findall(r"^([A-Z]\w+): \S", EXPLANATIONS[name], re.M) == ["Told", "Remedy"]


def test_equal_logits_whose_float16_sum_overflows():
    """Every exponential is 1, their sum 65536 is not a float16, and 1/∞ = 0."""
    cell = cell_of(np.zeros(65536, np.float16), "softmax/float16/stable")
    (worst,) = cell.worst
    assert (worst.cause, worst.index, worst.computed) == ("sum-overflow", (0,), 0.0)
    assert worst.ulp == 256.0  # 2^-16 in units of the least subnormal, 2^-24
    assert cell.causes["sum-overflow"].count == 65536


@pytest.mark.parametrize(
    ("name", "returned"),
    [("log_softmax/float16/stable", -inf), ("logsumexp/float16/stable", inf)],
)
def test_logarithms_of_a_float16_sum_that_overflows(name, returned):
    (worst,) = cell_of(np.zeros(65536, np.float16), name).worst
    assert (worst.cause, worst.computed, worst.ulp) == ("sum-overflow", returned, inf)
    with mp.workdps(40):
        assert abs(abs(mpf(worst.exact)) - 16 * mp.log(2)) < mpf(10) ** -23


def test_bfloat16_sum_of_a_thousand_equal_logits_stalls_at_256():
    cell = cell_of(np.zeros(1000), "softmax/bfloat16:bfloat16:bfloat16:sequential/stable")
    (worst,) = cell.worst
    assert (worst.cause, worst.computed) == ("sum-stall", 2.0**-8)
    assert isclose(worst.ulp, (2**-8 - 0.001) * 2**17, rel_tol=1e-12)  # 2^-10 < 0.001 < 2^-9
    assert cell.row_sum_defect == 1000 / 256 - 1


def test_the_balanced_tree_does_not_stall_where_the_sequence_does():
    for order in ("pairwise", "compensated"):
        key = "bfloat16" if order == "pairwise" else f"bfloat16:bfloat16:bfloat16:{order}"
        (worst,) = cell_of(np.zeros(1000), f"softmax/{key}/stable").worst
        assert worst.cause == "rounding"
        assert worst.ulp <= 0.5


def test_naive_float32_loses_thousands_of_ulp_to_subnormal_exponentials():
    """exp(−95) is some 3900 of the least float32, so it has 12 bits and not 24."""
    row = [-95.0, -96.5, -97.25]
    worst = cell_of(row, "softmax/float32/naive").worst[0]
    assert worst.cause == "exp-underflow"
    assert worst.ulp > 1000
    worst = cell_of(row, "softmax/float32/stable").worst[0]
    assert worst.cause == "rounding"
    assert worst.ulp < 4


def test_naive_float16_with_subnormal_exponentials():
    """exp of these are 103, 23 and 11 of the least float16, and 137 the exact sum of those."""
    row = [-12.0, -13.5, -14.25]
    quanta = [int(mp.nint(mp.exp(x) * 2**24)) for x in row]
    assert quanta == [103, 23, 11]
    (worst,) = cell_of(row, "softmax/float16/naive").worst
    assert worst.cause == "exp-underflow"
    results = [float(np.float16(q / 137)) for q in quanta]
    errors = [
        error_ulp(v, y, "float16") for v, y in zip(results, exact("softmax", row), strict=True)
    ]
    assert isclose(worst.ulp, max(errors), rel_tol=1e-12)
    assert worst.index == (errors.index(max(errors)),)


def test_inf_over_inf_and_finite_over_inf_of_naive_float16():
    cell = cell_of([12.0, 1.0], "softmax/float16/naive")
    assert causes_of(cell) == {(0,): "inf-over-inf", (1,): "exp-overflow"}
    over, beside = cell.worst
    assert isnan(over.computed)
    assert over.ulp == inf
    assert beside.computed == 0.0
    assert isclose(beside.ulp, error_ulp(0.0, exact("softmax", [12, 1])[1], "float16"))


def test_naive_log_softmax_inherits_the_overflow_of_its_softmax():
    cell = cell_of([12.0, 1.0], "log_softmax/float16/naive")
    assert causes_of(cell) == {(0,): "inf-over-inf", (1,): "exp-overflow"}
    assert cell.worst[1].computed == -inf


def test_naive_logsumexp_overflows_in_exp():
    (worst,) = cell_of([12.0, 1.0], "logsumexp/float16/naive").worst
    assert (worst.cause, worst.computed, worst.index) == ("exp-overflow", inf, ())


def test_log_of_a_softmax_that_underflowed():
    cell = cell_of([0.0, -20.0], "log_softmax/float16/log-of-softmax")
    worst = cell.worst[0]
    assert (worst.cause, worst.index, worst.computed) == ("log-of-zero", (1,), -inf)


def test_naive_logsumexp_of_a_sum_that_vanished():
    (worst,) = cell_of([-20.0, -20.0], "logsumexp/float16/naive").worst
    assert (worst.cause, worst.computed) == ("log-of-zero", -inf)


def test_zero_over_zero_where_every_exponential_vanished():
    """A mask in such a row is NaN as well, and for the same reason."""
    cell = cell_of([-20.0, -inf], "softmax/float16/naive")
    assert set(cell.causes) == {"exp-underflow"}
    assert cell.causes["exp-underflow"].count == 2
    assert isnan(cell.worst[0].computed)


def test_quotient_by_a_temperature_overflows():
    """60000/0.25 is no float16; ∞ − ∞ is NaN for the whole row."""
    cell = cell_of([60000.0, 1.0], "softmax/float16/stable", temperature=0.25)
    assert set(cell.causes) == {"cast-overflow"}
    assert cell.causes["cast-overflow"].count == 2


def test_shifted_logit_without_infinity_poisons_its_row():
    """In float8_e4m3fn 288 − (−288) is beyond 448, which is NaN, and so is the sum."""
    cell = cell_of([288.0, -288.0], "log_softmax/float8_e4m3fn/stable")
    (worst,) = cell.worst
    assert (worst.cause, worst.index, worst.ulp) == ("cast-overflow", (0,), inf)


@pytest.mark.parametrize("name", ["log_softmax/float64/stable", "log_softmax/float64/naive"])
def test_log_softmax_of_a_dominant_class_is_absorbed_by_1(name):
    """The answer −4.25e-18 comes back as 0."""
    worst = cell_of([40.0, 0.0], name).worst[0]
    assert (worst.cause, worst.index, worst.computed) == ("absorption", (0,), 0.0)
    y = exact("log_softmax", [40.0, 0.0])[0]
    assert isclose(worst.ulp, error_ulp(0.0, y, "float64"), rel_tol=1e-12)
    assert worst.exact == mp.nstr(y, 25, min_fixed=0, max_fixed=0)


def test_float16_log_of_softmax_is_absorbed_where_p_rounds_to_1():
    (worst, *_) = cell_of([8.5, 0.0], "log_softmax/float16/log-of-softmax").worst
    assert (worst.cause, worst.index, worst.computed) == ("absorption", (0,), 0.0)
    y = exact("log_softmax", [8.5, 0.0])[0]
    assert isclose(worst.ulp, error_ulp(0.0, y, "float16"), rel_tol=1e-12)


@pytest.mark.parametrize("algorithm", ["naive", "stable"])
def test_logsumexp_of_0_and_minus_40_is_absorbed(algorithm):
    """As in scipy: 0, where the answer is 4.25e-18."""
    (worst,) = cell_of([0.0, -40.0], f"logsumexp/float64/{algorithm}").worst
    assert (worst.cause, worst.computed) == ("absorption", 0.0)
    y = exact("logsumexp", [0.0, -40.0])[0]
    assert isclose(worst.ulp, error_ulp(0.0, y, "float64"), rel_tol=1e-12)


def test_logsumexp_near_zero_cancels():
    """m + log Σ = −177/256 + 177/256: the sum rounded to 2, its logarithm to 177/256."""
    row = [-177 / 256, -178 / 256]
    (worst,) = cell_of(row, "logsumexp/bfloat16/stable").worst
    assert (worst.cause, worst.computed) == ("cancellation", 0.0)
    y = exact("logsumexp", row)[0]
    assert isclose(worst.ulp, error_ulp(0.0, y, "bfloat16"), rel_tol=1e-12)


def test_bfloat16_shift_by_a_large_gap_rounds_the_argument():
    """0.2001953125 − 64 rounds to −63.75, and exp of it is 5 % off."""
    row = [64.0, 0.2001953125]
    worst = cell_of(row, "softmax/bfloat16/stable").worst[0]
    assert (worst.cause, worst.index) == ("argument-rounding", (1,))
    returned = worst.computed
    with mp.workprec(100):
        assert abs(mpf(returned) - mp.exp(-63.75)) <= mp.exp(-63.75) * 2**-8  # only x − m is off
    assert isclose(worst.ulp, error_ulp(returned, exact("softmax", row)[1], "bfloat16"))
    assert worst.ulp > 5


def test_in_float32_the_same_gap_costs_nothing():
    worst = cell_of([64.0, 0.2001953125], "softmax/bfloat16:float32/stable").worst[0]
    assert worst.cause == "rounding"
    assert worst.ulp <= 0.5


def test_folded_shift_of_large_equal_logits_absorbs_the_logarithm():
    """pytorch#38839: 1e8 + log 4 is 1e8 in float32, whose ulp there is 8, and the answer 0."""
    (worst,) = cell_of([1e8] * 4, "log_softmax/float32/folded-shift").worst
    assert (worst.cause, worst.computed) == ("shift-absorption", 0.0)
    assert isclose(worst.ulp, error_ulp(0.0, -mp.log(4), "float32"), rel_tol=1e-6)
    assert cell_of([1e8] * 4, "log_softmax/float32/stable").worst[0].ulp <= 0.5


def test_division_free_rounds_the_logsumexp():
    """1000 + log 2 is 1000.5 in float16, and exp(−0.5) no half."""
    (worst,) = cell_of([1000.0, 1000.0], "softmax/float16/division-free").worst
    returned = float(np.float16(mp.exp(-0.5)))
    assert (worst.cause, worst.computed) == ("argument-rounding", returned)
    assert isclose(worst.ulp, (returned - 0.5) * 2**11, rel_tol=1e-12)


def test_blockwise_rounds_the_products_with_log2_e():
    """In bfloat16 185/128 · 100 is 145 and · 99 is 143: 2^−2 stands for e^−1, and 1.25 for 1.37."""
    cell = cell_of([100.0, 99.0], "softmax/bfloat16/blockwise")
    assert set(cell.causes) == {"argument-rounding"}
    assert cell.causes["argument-rounding"].count == 2
    returned = {worst.index: worst.computed for worst in cell.worst}
    # 1/1.25 is 205/256 in bfloat16, and a quarter of that the second result.
    assert set(returned.values()) <= {205 / 256, 205 / 1024}


def test_a_later_block_with_a_larger_maximum_costs_the_earlier_ones():
    """The products of both maxima with log2 e round, in the factor between the blocks as well."""
    row = np.repeat([30.0, 64.3], 64)
    cell = cell_of(row, "softmax/bfloat16/blockwise-fma")
    assert set(cell.causes) == {"argument-rounding"}
    assert cell.causes["argument-rounding"].first == (0,)


def test_two_pass_keeps_what_the_shift_loses():
    """The argument of stable is 13 ulp off here; n log 2 is subtracted in two parts."""
    row = [64.0, 0.2001953125]
    assert max(worst.ulp for worst in cell_of(row, "softmax/bfloat16/two-pass").worst) < 4


def test_two_pass_above_the_range_of_n():
    """50000 log2 e is no float16: n ends at 65504, and exp(50000 − 65504 log 2) overflows."""
    (worst,) = cell_of([50000.0, 0.0], "softmax/float16/two-pass").worst[:1]
    assert worst.cause == "cast-overflow"  # of n, and exp of what is not small comes after it
    assert isnan(worst.computed)


@pytest.mark.parametrize("name", ["log_softmax/float64/log1p", "logsumexp/float64/log1p"])
def test_log1p_keeps_what_the_1_absorbs(name):
    """scipy#18295, scipy#19521, pytorch#113708: ±4.25e-18 comes back."""
    row = [40.0, 0.0] if name.startswith("log_softmax") else [0.0, -40.0]
    assert all(worst.ulp < 1 for worst in cell_of(row, name).worst)


def test_an_online_sum_from_left_to_right_stalls():
    cell = cell_of(np.zeros(1000), "softmax/bfloat16:bfloat16:bfloat16:sequential/online")
    (worst,) = cell.worst
    assert (worst.cause, worst.computed) == ("sum-stall", 2.0**-8)
    assert cell_of(np.zeros(1000), "softmax/bfloat16/online").worst[0].cause == "rounding"


def test_block_after_block_a_sum_stalls():
    """Each block adds 64; 16384 + 64 is a tie of bfloat16 that goes to 16384."""
    cell = cell_of(np.zeros(20000), "softmax/bfloat16/blockwise")
    (worst,) = cell.worst
    assert (worst.cause, worst.computed) == ("sum-stall", 2.0**-14)


def trail_of(steps: Steps, result: float, name: str = "float16") -> str:
    """Give the cause of one wrong result 0 with the steps of a row of two logits."""
    form = FORMATS[name].flushing.saturating
    x = np.array([[0.0, -12.0]])
    key = CellKey("softmax", Arithmetic(form, form, form, "pairwise"), "stable")
    problem = pose(x, FORMATS[name], 1.0)
    enclosed = reference.enclose(problem.values, 1.0, ("softmax",))["softmax"]
    decision = reference.judge(enclosed.enclosure, problem, "softmax")
    output = Output(np.array([[1.0, result]]), steps)
    yardstick = Yardstick(decision, FORMATS[name])
    judged = compare(key, np.array([0]), problem, output, yardstick)
    (code,) = cause.causes(judged, np.array([1]))
    return CAUSES[code]


def steps_of(exponential: float, total: float) -> Steps:
    x = np.array([[0.0, -12.0]], dtype=np.float32)
    e = np.array([[1.0, exponential]], dtype=np.float32)
    sums = np.array([[total]], dtype=np.float32)
    stalled = np.zeros((1, 1), dtype=np.bool_)
    return Steps(quotient=x, argument=x, exponential=e, total=sums, stalled=stalled)


def test_a_flushed_exponential_and_a_saturated_sum():
    """exp(−12) is 6.1e-6, subnormal in float16."""
    assert trail_of(steps_of(0.0, 1.0), 0.0) == "flush"
    assert trail_of(steps_of(6.1e-6, 1.0), 0.0) == "flush"
    assert trail_of(steps_of(6.1e-6, 65504.0), 0.0) == "saturation"
    assert trail_of(steps_of(65504.0, 1.0), 0.0) == "saturation"


def test_rounding_the_quotient_of_the_maximum_costs_every_element():
    """464/3 is no float64; exp(0 − 464/3) is 76 ulp off for that, though 0/3 is exact."""
    cell = cell_of([464.0, 448.0, 0.0], "softmax/float64/stable", temperature=3.0)
    assert cell.worst[0].cause == "argument-rounding"
    assert cell.worst[0].ulp > 50
    assert all(worst.ulp < 4 for worst in cell.worst[1:])


def test_a_temperature_that_divides_exactly_rounds_no_argument():
    row = [1.5, -2.25, 3.125, 0.5, -0.875, 2.75]
    once = cell_of(row, "softmax/float16/naive")
    twice = cell_of([2 * x for x in row], "softmax/float16/naive", temperature=2.0)
    assert once.worst[0].cause == twice.worst[0].cause == "rounding"
    assert once.causes == twice.causes
    assert once.ulp == twice.ulp


def test_naive_bfloat16_of_1_and_2_is_ordinary_rounding():
    """2.71875 and 7.375 add to 10.09375, a tie that goes to 10.125; 7.375/10.125 to 186/256."""
    worst = cell_of([1.0, 2.0], "softmax/bfloat16/naive").worst[0]
    assert (worst.cause, worst.index, worst.computed) == ("rounding", (1,), 186 / 256)
    y = exact("softmax", [1.0, 2.0])[1]
    assert isclose(worst.ulp, error_ulp(186 / 256, y, "bfloat16"), rel_tol=1e-12)


def test_every_result_worth_telling_has_one_cause():
    rng = np.random.default_rng(3)
    rows = rng.normal(0, 12, (40, 9)).round(2)
    for name in ("softmax/bfloat16/stable", "log_softmax/float16/log-of-softmax"):
        cell = cell_of(rows, name)
        beyond = sum(n for index, n in cell.histogram.items() if edge(index) > WORTH_TELLING)
        assert sum(event.count for event in cell.causes.values()) == beyond > 0


def test_correctly_rounded_results_have_no_cause():
    cell = cell_of([0.0, -inf, 0.0], "softmax/float16/stable")
    assert cell.worst == ()
    assert cell.causes == {}
    assert cell.breaks == {}
