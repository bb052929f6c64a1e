"""Where cells break and lose over T: thresholds by hand, and every point is an audit."""

from __future__ import annotations

from itertools import pairwise
from math import log
from typing import TYPE_CHECKING

import numpy as np
import pytest

from softaudit.audit import audit
from softaudit.errors import OptionError
from softaudit.metrics import WORTH_TELLING
from softaudit.plan import make_plan
from softaudit.sources import read
from softaudit.sources.array import from_array
from softaudit.studies.sweep import CLOSE, make_grid, sweep

if TYPE_CHECKING:
    from softaudit.studies.swept import SweptCell

LOG2 = log(2)


def swept(logits, grid, **names: str) -> dict[str, SweptCell]:
    """Sweep logits, literal or an array, and give the cells by name."""
    source = read(logits)[0] if isinstance(logits, str) else from_array(logits)
    plan = make_plan({option: name.split(",") for option, name in names.items()})
    return {cell.key.name: cell for cell in sweep(source, plan, make_grid(*grid), jobs=1).cells}


def last_to_break(cell: SweptCell) -> tuple[float, float]:
    """Give the highest temperature at which a cell breaks, and the next one, at which not."""
    stretch = [s for s in cell.stretches if s.state == "breaks"][-1]
    return stretch.points[-1].temperature, stretch.after


@pytest.mark.parametrize(
    ("cell", "cause", "threshold"),
    [
        # exp overflows above log 65520: where 12/T is above it.
        ("softmax/float16/naive", "exp-overflow", 12 / log(65520)),
        # T̂ has steps of 2^-10 there; 12/T̂ steps of ½, and 88.75 ties to 89, whose exp overflows.
        ("softmax/bfloat16/naive", "exp-overflow", 138.5 * 2**-10),
        # softmax is 0, and its logarithm −∞, where exp(−12/T) is: below half of 2^-24.
        ("log_softmax/float16/log-of-softmax", "log-of-zero", 12 / (25 * LOG2)),
        ("log_softmax/float16/naive", "exp-overflow", 12 / log(65520)),
        # 12/0.0254 is above 464, which ties to 448, and 12/0.0273 is not; T̂ is 13 or 14 · 2^-9.
        ("softmax/float8_e4m3fn/stable", "cast-overflow", 13.5 * 2**-9),
    ],
)
def test_thresholds_by_hand(cell, cause, threshold):
    function, form, algorithm = cell.split("/")
    found = swept("[12, 0]", (0.01, 9, 9), function=function, format=form, algorithm=algorithm)
    high, after = last_to_break(found[cell])
    # The quotient is rounded, by half an ulp at most: 2^-11 of it in float16.
    assert high * (1 - 2**-11) <= threshold <= after * (1 + 2**-11)
    assert after <= CLOSE * high
    assert {s.cause for s in found[cell].stretches if s.state == "breaks"} == {cause}


def test_where_the_temperature_leaves_the_format():
    """T̂ is 0 up to half the least subnormal, a tie, and ∞ from half a step above the largest."""
    name = "softmax/float16/stable"
    stretches = swept("[12, 0]", (1e-9, 1e6, 12), format="float16", function="softmax")[
        name
    ].stretches
    states = [stretch.state for stretch in stretches]
    assert states[:2] == ["skipped", "breaks"]
    assert states[-1] == "skipped"
    assert stretches[0].points[-1].temperature <= 2**-25 < stretches[1].points[0].temperature
    assert stretches[-1].before < 65520 <= stretches[-1].points[0].temperature
    assert all(p.cell is None for s in (stretches[0], stretches[-1]) for p in s.points)
    assert {p.rounded for p in stretches[0].points} == {0.0}
    # From where 12/T overflows, above 65520, ∞ − ∞ is NaN.
    assert stretches[1].points[-1].temperature < 12 / 65520 <= stretches[2].points[0].temperature


def test_it_loses_where_the_smaller_probability_is_absorbed():
    """log_softmax of the larger of [12/T, 0] is −ε with ε = exp(−12/T), and comes out 0.

    Its error is ε / ulp(ε): at least 4 and up to 2^11 from where ε is above 4 · 2^-24.  Above T = 2
    the sum 1 + ε begins to show, since ε is above 2^-11.
    """
    found = swept("[12, 0]", (0.3, 1.5, 6), format="float16", algorithm="stable")
    first, second = found["log_softmax/float16/stable"].stretches
    assert (first.state, second.state, second.cause) == ("holds", "loses", "absorption")
    threshold = 12 / (22 * LOG2)  # ε = 4 · 2^-24 in subnormals: 4 ULP
    assert second.before * (1 - 2**-9) <= threshold <= second.points[0].temperature * (1 + 2**-9)
    assert 100 < second.largest <= 2048


ROWS = np.array([[12.0, 0.0, -6.0], [1.0, 3.0, 2.5], [-20.0, 7.0, 7.0]])
NARROW = {"format": "float16,bfloat16", "function": "softmax,log_softmax,logsumexp"}


@pytest.fixture(scope="module")
def cells():
    return swept(ROWS, (0.05, 20, 7), **NARROW)


def test_every_point_is_an_audit_at_its_temperature(cells):
    for temperature in (0.05, 1.0, 20.0):
        plan = make_plan({k: v.split(",") for k, v in NARROW.items()}, temperature=temperature)
        for cell in audit(from_array(ROWS), plan).cells:
            (point,) = (p for p in cells[cell.key.name].points if p.temperature == temperature)
            for figures in ("ulp", "overflow", "underflow", "rows", "breaks"):
                assert getattr(point.cell, figures) == getattr(cell, figures)


def test_states_are_what_the_figures_say(cells):
    points = [point for cell in cells.values() for point in cell.points]
    assert {point.state for point in points} == {"breaks", "loses", "holds"}
    for point in points:
        largest, early = point.cell.ulp["max"], point.cell.underflow["premature"]
        if point.state == "holds":
            assert largest <= WORTH_TELLING
            assert not early
        if point.state == "loses":
            assert WORTH_TELLING < largest < float("inf")
        if largest == float("inf") or early or point.cell.overflow["forced"]:
            assert point.state == "breaks"


def test_stretches_are_the_whole_range_and_meet_closely(cells):
    for cell in cells.values():
        temperatures = [point.temperature for point in cell.points]
        assert temperatures == sorted(set(temperatures))
        first, last = cell.stretches[0], cell.stretches[-1]
        assert (first.before, temperatures[0]) == (None, 0.05)
        assert (last.after, temperatures[-1]) == (None, 20.0)
        for stretch, following in pairwise(cell.stretches):
            assert stretch.state != following.state
            assert stretch.after == following.points[0].temperature
            assert stretch.points[-1].temperature == following.before
            assert following.points[0].temperature <= CLOSE * following.before


def test_figures_do_not_depend_on_the_grid(cells):
    name = "softmax/float16/naive"
    finer = swept(ROWS, (0.05, 20, 13), format="float16", function="softmax", algorithm="naive")
    for found in (cells, finer):
        high, after = last_to_break(found[name])
        assert high <= 12 / log(65520) * (1 + 2**-11) <= after * (1 + 2**-10)


def test_a_row_that_cannot_be_judged_is_skipped():
    (cell,) = swept([[np.nan, 1.0]], (1, 2, 2), format="float16", function="softmax",
                    algorithm="naive").values()  # fmt: skip
    assert [s.state for s in cell.stretches] == ["skipped"]


def test_an_exact_answer_beyond_the_format_breaks_whatever_the_algorithm():
    """log_softmax of 0 beside 3 is −3/T: beyond 65520 from T = 4.58e-5 down."""
    cell = swept([[0.0, -3.0]], (1e-5, 1e-3, 5), format="float16", function="log_softmax")[
        "log_softmax/float16/stable"
    ]
    high, after = last_to_break(cell)
    assert high * (1 - 2**-9) <= 3 / 65520 <= after * (1 + 2**-9)  # T̂ is subnormal: 2^-24 steps
    assert cell.points[0].cell.overflow["forced"] == 1
    assert cell.points[0].cause is None


def test_the_grid():
    grid = make_grid(0.05, 20, 25)
    assert len(grid) == 25
    assert (grid[0], grid[-1], grid[12]) == (0.05, 20, 1.0)  # √(0.05 · 20)
    assert all(float(f"{t:.3g}") == t for t in grid)
    steps = [b / a for a, b in pairwise(grid)]
    assert max(steps) / min(steps) < 1.02  # but for three digits
    assert make_grid(0.123456, 7, 2) == (0.123456, 7)
    fine = make_grid(1, 1.02, 1000)
    assert len(set(fine)) == 1000
    assert len(make_grid(5e-324, 1.7e308, 9)) == 9


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        ((0, 1), "temperature 0: must be a positive finite number"),
        ((-1, 1), "temperature -1: must be a positive"),
        ((1, float("inf")), "temperature inf: must be"),
        ((float("nan"), 1), "temperature nan: must be"),
        ((5, 1), "temperature 5:1: the lower one comes first"),
        ((1, 1.01), "more than 1 % apart"),
    ],
)
def test_ranges_that_are_none(ends, told):
    with pytest.raises(OptionError, match=told):
        make_grid(*ends, 9)


@pytest.mark.parametrize("points", [1, 0, -3, 1001])
def test_numbers_of_points_without_sense(points):
    with pytest.raises(OptionError, match=f"points {points}: must be 2 to 1000"):
        make_grid(1, 2, points)


def test_no_temperature_that_any_format_holds():
    with pytest.raises(OptionError, match="becomes 0 or infinite in float16"):
        swept("[1, 2]", (1e-30, 1e-20, 3), format="float16")


def test_it_stops_when_told_and_says_how_far_it_came():
    plan, grid = make_plan({"format": ["float16"], "function": ["softmax"]}), make_grid(1, 16, 5)
    parts = []

    def heard(part: float) -> bool:
        parts.append(part)
        return part >= 0.5

    found = sweep(from_array(ROWS), plan, grid, heard=heard)
    # It is asked before an audit and after each of its blocks; the third was whole by then.
    assert found.partial == 3
    assert parts == sorted(parts)
    assert [p.temperature for p in found.cells[0].points if p.temperature in grid] == [
        1.0,
        2.0,
        4.0,
    ]
    assert sweep(from_array(ROWS), plan, grid, heard=lambda _: True).cells == ()
