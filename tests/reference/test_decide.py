"""What an enclosure decides: synthetic ones at every kind of boundary, whose answer is known."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softaudit.formats import FORMATS, LEAST_BINADE, Format, binade, round_fraction
from softaudit.model import Enclosure
from softaudit.reference import decide

EVERY_FORMAT = list(FORMATS.values())


class Case(NamedTuple):
    """A real number, and an enclosure in which it lies."""

    y: Fraction
    high: float
    low: float
    exponent: int
    radius: float
    side: int = 0


def enclose(y: Fraction, centre: Fraction, slack: Fraction, side: int = 0) -> Case:
    """Put a number into an enclosure around a centre that is at most `slack` away."""
    exponent = binade(centre)
    scaled = centre / Fraction(2) ** exponent
    high = float(scaled)
    if abs(high) == 2.0:
        high, exponent = high / 2, exponent + 1
        scaled /= 2
    low = float(scaled - Fraction(high))
    lost = abs(scaled - Fraction(high) - Fraction(low))
    assert side == 0 or lost == 0
    exact = (slack / Fraction(2) ** exponent + lost) / abs(Fraction(high) or 1)
    radius = float(exact)
    while Fraction(radius) < exact:
        radius = math.nextafter(radius, math.inf)
    return Case(y, high, low, exponent, radius, side)


def assembled(cases: list[Case]) -> Enclosure:
    columns = list(zip(*(case[1:] for case in cases), strict=True))
    kinds = (np.float64, np.float64, np.int64, np.float64, np.int8)
    arrays = [np.array(c, dtype=kind) for c, kind in zip(columns, kinds, strict=True)]
    return Enclosure(*(array[None] for array in arrays))


class Decision(NamedTuple):
    rounded: float
    binade: int
    doubt: bool


def decisions(cases: list[Case], form: Format) -> list[Decision]:
    y = assembled(cases)
    binades, open_binade = decide.binade(y)
    rounded, open_rounding = decide.rounding(y, binades, form)
    doubt = open_binade | open_rounding
    arrays = (rounded[0].tolist(), binades[0].tolist(), doubt[0].tolist())
    return [Decision(*row) for row in zip(*arrays, strict=True)]


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def is_plain(case: Case, form: Format) -> bool:
    """Whether an enclosure four times as wide still has one answer, and that a finite number."""
    centre = (Fraction(case.high) + Fraction(case.low)) * Fraction(2) ** case.exponent
    slack = 4 * Fraction(case.radius) * abs(Fraction(case.high)) * Fraction(2) ** case.exponent
    ends = [centre - slack, centre + slack]
    if ends[0] * ends[1] <= 0:
        return False
    rounded = [round_fraction(end, form) for end in ends]
    edges = [binade(end) for end in ends]
    return rounded[0] == rounded[1] and edges[0] == edges[1] and math.isfinite(rounded[0])


def assert_decided(cases: list[Case], form: Format) -> tuple[int, int]:
    """Check answers, and that none is refused without need; give numbers of answers and doubts."""
    answered = 0
    mirrored = decisions([flipped(case) for case in cases], form)
    for case, found, mirror in zip(cases, decisions(cases, form), mirrored, strict=True):
        assert (found.binade, found.doubt) == (mirror.binade, mirror.doubt), case
        assert same(found.rounded, -mirror.rounded), case
        if found.doubt:
            assert not is_plain(case, form), (form.name, case, "doubted without need")
            continue
        answered += 1
        expected = round_fraction(case.y, form)
        assert same(found.rounded, expected), (form.name, case, found, expected)
        assert math.isnan(expected) or not np.signbit(found.rounded)
        assert found.binade == binade(case.y), (form.name, case, found)
    return answered, len(cases) - answered


def boundaries(form: Format) -> dict[str, list[Fraction]]:
    """Give numbers at which rounding or binade change, from all parts of a format's range."""
    least = Fraction(2) ** form.subnormal_exponent
    normal, largest = Fraction(2) ** form.emin, Fraction(form.largest)
    unit = Fraction(2) ** (form.emax - form.precision + 1)
    p = form.precision
    near_one = Fraction(2) ** (1 - p)
    return {
        "half the least subnormal": [least / 2],
        "between subnormals": [least * k / 2 for k in (3, 5, 7, 2**p - 3, 2**p - 1)],
        "subnormals": [least * k for k in (1, 2, 3, 2 ** (p - 1) - 1)],
        "least normal": [normal, normal + least / 2, 2 * normal - least / 2],
        "powers of two": [Fraction(2) ** e for e in (-40, -3, -1, 0, 1, form.emax, form.emax + 1)],
        "below powers of two": [1 - near_one / 4, 2 - near_one / 2, (1 - near_one / 4) / 8],
        "ties": [1 + near_one * k / 2 for k in (1, 3, 5, 2**p - 3)] + [5 * (1 + near_one / 2)],
        "overflow": [largest + unit / 2, largest, largest - unit / 2, largest + unit],
        "numbers": [1 + near_one, Fraction(3, 4), Fraction(5, 2) * normal],
    }  # fmt: skip


DISTANCES = (None, 20, 53, 54, 79, 84, 105)
OFF = (0, Fraction(-9, 10), 1)


def around(edge: Fraction, radii: list[int | None], step: int) -> list[Case]:
    """Give numbers at and beside a boundary, in enclosures centred on them and off them.

    With a step of 3, of each number and radius one of the three centres, in turn.
    """
    cases = []
    for i, distance in enumerate(DISTANCES):
        for outward in (1,) if distance is None else (-1, 1):
            y = edge if distance is None else edge * (1 + Fraction(outward, 2**distance))
            for j, bits in enumerate(radii):
                slack = Fraction(0) if bits is None else abs(y) / 2**bits
                centres = (0,) if bits is None else OFF[(i + j + (outward > 0)) % step :: step]
                cases += [enclose(y, y + off * slack, slack) for off in centres]
    return cases


def flipped(case: Case) -> Case:
    return Case(-case.y, -case.high, -case.low, case.exponent, case.radius, -case.side)


NARROW = [None, 80, 85, 86, 126, 900]
WIDE = [0, 1, 2, 8, 11, 24, 52, 53, 60]


EVERY_CENTRE = [3, pytest.param(1, marks=pytest.mark.exhaustive)]


@pytest.mark.parametrize("step", EVERY_CENTRE)
@pytest.mark.parametrize("form", EVERY_FORMAT, ids=lambda form: form.name)
def test_numbers_at_and_beside_boundaries(form, step):
    for kind, edges in boundaries(form).items():
        cases = [case for edge in edges for case in around(edge, NARROW, step)]
        answered, doubted = assert_decided(cases, form)
        assert answered > 0, kind
        # A number is no boundary of rounding; but one whose neighbour shows, as in float64, is.
        assert doubted > 0 or kind in ("subnormals", "numbers", "overflow", "least normal"), kind


@pytest.mark.parametrize("step", EVERY_CENTRE)
@pytest.mark.parametrize("form", EVERY_FORMAT, ids=lambda form: form.name)
def test_wide_enclosures_are_doubted_or_right(form, step):
    for edges in boundaries(form).values():
        assert_decided([case for edge in edges for case in around(edge, WIDE, step)], form)


@pytest.mark.parametrize("form", EVERY_FORMAT, ids=lambda form: form.name)
def test_one_sided_facts_decide_on_boundaries(form):
    """y is known to lie above or below the centre, which is the boundary itself."""
    edges = [edge for some in boundaries(form).values() for edge in some]
    cases = []
    for edge in edges:
        for side in (-1, 1):
            for bits in (86, 300, 900):
                y = edge * (1 + Fraction(side, 2 ** (bits + 1)))
                cases.append(enclose(y, edge, edge / 2**bits, side))
    answered, doubted = assert_decided(cases, form)
    assert (answered, doubted) == (len(cases), 0)


@pytest.mark.parametrize("form", EVERY_FORMAT, ids=lambda form: form.name)
def test_exact_ties_go_to_even(form):
    unit = Fraction(2) ** (1 - form.precision)
    ties = [1 + unit * (2 * k + 1) / 2 for k in range(4)]
    ties += [form_tie * Fraction(2) ** form.emin for form_tie in ties]
    cases = [enclose(tie, tie, Fraction(0)) for tie in ties]
    for case, found in zip(cases, decisions(cases, form), strict=True):
        assert not found.doubt
        assert (Fraction(found.rounded) / unit / Fraction(2) ** found.binade) % 2 == 0
        assert found.rounded == round_fraction(case.y, form)


@pytest.mark.parametrize("form", EVERY_FORMAT, ids=lambda form: form.name)
def test_doubt_ends_where_the_radius_ends(form):
    """Distances of 3/4 and 5/4 of the radius from a tie, the radius 2^−86."""
    tie = 1 + Fraction(2) ** -form.precision
    radius = Fraction(2) ** -86
    for parts, doubt in ((3, True), (5, False)):
        cases = [enclose(c, c, radius) for s in (-1, 1) for c in [tie + s * radius * parts / 4]]
        assert [found.doubt for found in decisions(cases, form)] == [doubt, doubt]


def special(high: float, exponent: int = 0, radius: float = 0.0) -> Case:
    return Case(Fraction(0), high, 0.0, exponent, radius)


@pytest.mark.parametrize("form", EVERY_FORMAT, ids=lambda form: form.name)
def test_special_values_are_never_in_doubt(form):
    nan, minus, plus, zero, tiny, below = decisions(
        [special(np.nan), special(-np.inf), special(np.inf), special(0.0)]
        + [special(s, LEAST_BINADE, 1.0) for s in (1.0, -1.0)],
        form,
    )
    assert math.isnan(nan.rounded)
    assert (minus.rounded, plus.rounded, zero.rounded) == (-np.inf, np.inf, 0.0)
    assert (tiny.rounded, below.rounded) == (0.0, 0.0)
    assert zero.binade == tiny.binade == below.binade == LEAST_BINADE
    assert not any(found.doubt for found in (nan, minus, plus, zero, tiny, below))


@given(
    significand=st.integers(2**105, 2**106 - 1),
    places=st.integers(1, 106),
    exponent=st.integers(-1100, 1030),
    bits=st.sampled_from([None, 54, 60, 80, 86, 110]),
    off=st.fractions(-1, 1, max_denominator=64),
    beside=st.sampled_from([0, 0, 1, -1]),
    form=st.sampled_from(EVERY_FORMAT),
)
@settings(max_examples=400)
def test_drawn_numbers(significand, places, exponent, bits, off, beside, form):
    """Numbers with few bits or many, or next to such, anywhere from underflow to overflow."""
    y = Fraction(significand >> places << places) * Fraction(2) ** (exponent - 105)
    if y == 0:
        return
    y *= 1 + Fraction(beside, 2**95)
    slack = Fraction(0) if bits is None else y / 2**bits
    case = enclose(y, y + off * slack, slack)
    assert_decided([case], form)
