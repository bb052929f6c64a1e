"""Enclosures of softmax, log_softmax and logsumexp: by Arb, by mpmath, and through whole audits."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce

import numpy as np
import pytest
from flint import arb
from hypothesis import example, given, settings
from hypothesis import strategies as st

from softaudit import reference
from softaudit.audit import audit as run_audit
from softaudit.face import audit
from softaudit.formats import FORMATS, LEAST_BINADE
from softaudit.metrics import edge
from softaudit.model import PLAIN, Enclosure
from softaudit.plan import make_plan
from softaudit.reference import by_mpmath
from softaudit.reference.certified import RELATIVE_RADIUS, Sums, Terms
from softaudit.reference.windows import Peak, Share
from softaudit.sources.array import from_array

from ..hard_rows import HARD_ROWS, by_length
from ..judge import Row, precision
from ..test_against_judge import HARD_VALUES, SLICES, load

FUNCTIONS = ("softmax", "log_softmax", "logsumexp")
PRECISIONS = (300, 600, 1400, 3000, 6000)
LOG2 = 0.6931471805599453


def ordinary_rows(x: np.ndarray, temperature: float) -> np.ndarray:
    """Tell which rows double-word arithmetic is to enclose."""
    rows = Peak.of(x).tame(temperature)
    if rows.any():
        terms = Terms(x[rows], temperature, Peak.of(x[rows]))
        rows[rows] = terms.share().ordinary()
    return rows


def enclose(x: np.ndarray, temperature: float, functions: tuple[str, ...] = FUNCTIONS) -> dict:
    """Enclose ordinary rows by double-word arithmetic alone."""
    terms = Terms(x, temperature, Peak.of(x))
    sums = Sums(Peak.of(x), terms.share(), temperature)
    return {function: terms.enclose(function, sums) for function in functions}


def lies_within(y, high: float, low: float, exponent: int, radius: float, side: int) -> bool:
    """Whether an Arb ball lies in an enclosure for certain, and on its known side."""
    if exponent == LEAST_BINADE and radius == 1:  # from 0 to where numbers are told apart
        return bool(abs(y) < arb((1, LEAST_BINADE + 1)) and not y * high < 0)
    offset = y * arb((1, -exponent)) - arb(high) - arb(low)
    if side and not offset * side > 0:
        return False
    return bool(abs(offset) <= arb(radius) * abs(arb(high)))


def assert_encloses(x: np.ndarray, temperature: float, found: Enclosure, function: str) -> None:
    """Check one row's enclosures against Arb, at growing precision."""
    row = Row(x, temperature)
    columns = (found.high, found.low, found.exponent, found.radius, found.side)
    seen = set()
    for j, parts in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        logit = row.maximum if function == "logsumexp" else float(x[j])
        if (logit, parts) in seen:
            continue
        seen.add((logit, parts))
        if logit == -np.inf:
            masked = 0.0 if function == "softmax" else -np.inf
            assert parts[:3] == (masked, 0.0, 0)
            continue
        held = False
        for bits in PRECISIONS:
            with precision(bits):
                held = held or lies_within(row.ball(function, logit, bits), *parts)
            if held:
                break
        assert held, (function, temperature, logit, parts)


def assert_all(rows: np.ndarray, temperature: float = 1.0) -> None:
    """Check all functions on rows of one length that double-word arithmetic is to enclose."""
    rows = np.atleast_2d(np.asarray(rows, dtype=np.float64))
    assert ordinary_rows(rows, temperature).all()
    for function, found in enclose(rows, temperature, FUNCTIONS).items():
        parts = (found.high, found.low, found.exponent, found.radius, found.side)
        for i, x in enumerate(rows):
            assert_encloses(x, temperature, Enclosure(*(part[i] for part in parts)), function)
        if function != "logsumexp":
            assert_narrow(found, RELATIVE_RADIUS)


def assert_narrow(y: Enclosure, bound: float) -> None:
    """Check relative radii of what is not too small to tell from 0."""
    told = np.isfinite(y.high) & (y.exponent > LEAST_BINADE)
    assert np.all(y.radius[told] <= bound)
    size = np.abs(y.high)
    plain = (size >= 2.0**-PLAIN) & (size <= 2.0**PLAIN)
    shaped = np.where(y.exponent == 0, plain, (size >= 1) & (size < 2))
    assert np.all(shaped[told & (y.high != 0)])
    assert np.all(y.high + y.low == y.high, where=told)


def normal(seed: int, shape, scale: float, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, scale, shape)


@pytest.mark.parametrize("scale", [0.01, 1.0, 10.0, 100.0])
@pytest.mark.parametrize("columns", [2, 3, 10, 257])
def test_random_rows(columns, scale):
    assert_all(normal(columns, (max(4, 300 // columns), columns), scale))


@pytest.mark.parametrize("columns", [1000, 4096, 4097, 8192])
def test_long_rows(columns):
    assert_all(np.round(normal(columns, columns, 3.0), 2))
    assert_all(np.round(normal(columns, columns, 30.0), 0).astype(np.float32))


def test_gaps_up_to_the_largest():
    gaps = [2.0**-1074, 2.0**-60, 1e-9, 0.1, 0.5, LOG2, 1.0, 36.7, 37.0, 88.0, 300.0, 599.9, 600.0]
    assert_all([[gap, 0.0] for gap in gaps])
    assert_all([[0.0, -gap, -gap - 1.0, -2 * gap] for gap in gaps])


@pytest.mark.parametrize("ties", [1, 2, 3, 4, 5, 7, 8, 64, 100])
def test_ties(ties):
    for others in (
        [-30.0],
        [-1.0, -1.0],
        [-600.0],
        [-0.001] * ties,
        [-LOG2] * (2 * ties),
        [-80.0] * 3,
    ):
        assert_all([1.5] * ties + [1.5 + x for x in others])


def test_many_others_of_one_maximum():
    """The sum of others is below, at and above 1/2 and 1, where the ways to the logarithm part."""
    for n in (2, 3, 16, 1024):
        for total in (1e-3, 0.4999, 0.5, 0.5001, 0.9999, 1.0, 1.0001, 1.999):
            assert_all([0.0] + [float(np.log(total / n))] * n)


def test_dominant_classes():
    rng = np.random.default_rng(7)
    rows = -rng.uniform(0, 600, (60, 6))
    rows[:, 1] = -rng.uniform(0, 600, 60)
    rows[:, 0] = 0.0
    assert_all(rows)
    assert_all(rows[:, :2] + 7.25)


def test_masks():
    rows = np.round(normal(3, (40, 9), 5.0), 1)
    rows[np.random.default_rng(4).random(rows.shape) < 0.4] = -np.inf
    assert_all(rows[ordinary_rows(rows, 1.0)])
    assert_all([-np.inf, 1.0, 1.25, -np.inf])


@pytest.mark.parametrize("far", [1400.0, 1663.0, 1664.0, 1664.5, 1665.0, 1700.0, 5000.0, 1e38])
def test_far_terms(far):
    assert_all([[0.0, -1.0, -far], [5.0, 5.0 - 600.0, 5.0 - far]])
    if far < 1e18:  # else the second lies too far below
        assert_all([far / 2, far / 2 - float(np.spacing(far)), -far / 2])


TEMPERATURES = [2.0**-100, 2.0**-20, 0.001, 0.1, 0.5, 0.7, 1 / 3, 2.0, 3.0, 1e4, 1e29, 2.0**100]


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_temperatures(temperature):
    rows = np.concatenate([normal(11, (6, 9), 5.0), np.round(normal(12, (6, 9), 50.0))])
    rows[:, 0] = rows[:, 1:].max(axis=-1) + np.linspace(0, 4, 12)
    rows *= temperature
    assert_all(rows[ordinary_rows(rows, temperature)], temperature)
    assert_all([5.0 * temperature, 5.0 * temperature, 0.0, -3.0 * temperature, 5e-324], temperature)


@pytest.mark.parametrize("shift", [1e3, -1e5, 2.0**40, -(2.0**52), 1e100, 2.0**699])
def test_shifts(shift):
    """Where a unit of the logits is much more than 1, a temperature brings their gaps back."""
    unit = float(np.spacing(abs(shift)))
    rows = shift + unit * np.random.default_rng(3).integers(-40, 40, (12, 6))
    some = 0
    for temperature in (2.0**-50, 1.0, 0.7 * 2.0**10, 2.0**100):
        chosen = rows[ordinary_rows(rows, temperature)]
        some += len(chosen)
        if len(chosen):
            assert_all(chosen, temperature)
    assert (some > 0) == (shift < 1e100)


def test_logits_of_very_different_size():
    beside = np.nextafter(2.0**52, 0)
    assert_all([[2.0**52, beside, 0.0], [2.0**52, beside, -(2.0**699)], [1e10, 1e10 - 1, 1e-300]])
    assert_all([[1e-310, -5e-324, 0.0], [1e-17, -39.14394658089878, -1e-200]])


def test_subnormal_logits_under_temperatures():
    for temperature in (0.75, 3.0, 1e29, 2.0**100, 2.0**-100):
        assert_all([[1e-310, -5e-324, 0.0], [3e-308, -1e-309, -2.5e-308]], temperature)


def test_logsumexp_nearly_zero():
    """Where it cancels the radius says so; and it holds."""
    rows = [[np.log(p), np.log1p(-p)] for p in np.linspace(0.01, 0.49, 40).tolist()]
    assert_all(rows)
    assert_all([[-1e-17, -39.14394658089878], [1e-300, -500.0], [-(2.0**-55), -38.1230949]])
    found = enclose(np.array(rows), 1.0, ("logsumexp",))["logsumexp"]
    assert np.all((found.radius > 2.0**-60) | (np.abs(found.high) > 2.0**-30))


def test_hard_rows_that_are_ordinary():
    some = 0
    for row in HARD_ROWS.values():
        for temperature in (1.0, 0.7, 3.0):
            x = np.array([row])
            if not np.isnan(x).any() and ordinary_rows(x, temperature)[0]:
                assert_all(x, temperature)
                some += 1
    assert some > 100


def test_what_the_proof_does_not_cover_is_left_to_mpmath():
    rows = [
        [0.0, 0.0, 0.0],
        [0.0, -601.0, -700.0],
        [2.0**701, 2.0**701, 0.0],
        [0.0, -1.0, -(2.0**701)],
        [0.0, np.nan, 1.0],
        [0.0, np.inf, 1.0],
        [-np.inf, -np.inf, -np.inf],
        [-np.inf, 1.0, -np.inf],
    ]
    assert not ordinary_rows(np.array(rows), 1.0).any()
    assert not ordinary_rows(np.array([[1.0, 0.0]]), 2.0**101).any()
    assert not ordinary_rows(np.array([[1.0, 0.0]]), 2.0**-101).any()


def intervals(y: Enclosure, row: int) -> list[tuple[Fraction, Fraction]]:
    """Give the ends of a row's enclosures as rational numbers."""
    found = []
    columns = (y.high[row], y.low[row], y.exponent[row], y.radius[row])
    for high, low, exponent, radius in zip(*(c.tolist() for c in columns), strict=True):
        scale = Fraction(2) ** exponent
        size = Fraction(abs(high)) if np.isfinite(high) else Fraction(0)
        centre = (Fraction(high) + Fraction(low)) * scale if np.isfinite(high) else Fraction(0)
        slack = Fraction(radius) * size * scale
        found.append((centre - slack, centre + slack))
    return found


def assert_intersect(rows: np.ndarray, temperature: float) -> None:
    rows = rows[ordinary_rows(rows, temperature)]
    if not len(rows):
        return
    found = enclose(rows, temperature, FUNCTIONS)
    other = by_mpmath.enclose(rows, temperature, FUNCTIONS)
    for function in FUNCTIONS:
        for i, x in enumerate(rows):
            pairs = zip(intervals(found[function], i), intervals(other[function], i), strict=True)
            for a, b in pairs:
                assert max(a[0], b[0]) <= min(a[1], b[1]), (function, temperature, x)


@pytest.mark.parametrize("name", SLICES)
def test_certified_and_mpmath_intersect_on_real_logits(name):
    rows = SLICES[name](load(name)).astype(np.float64)
    rows = rows.reshape(-1, rows.shape[-1])[::6]
    for temperature in (1.0, 0.7):
        assert_intersect(rows, temperature)


row_of_numbers = st.lists(
    st.one_of(st.sampled_from(HARD_VALUES), st.floats(-50, 50), st.floats(-700, 0)),
    min_size=2,
    max_size=7,
)


@given(row=row_of_numbers, temperature=st.sampled_from([1.0, 1.0, 0.7, 2.0, 0.01, 1e3]))
@settings(max_examples=300)
@example(row=[0.0, -1664.0, -1.0], temperature=1.0)
def test_certified_and_mpmath_intersect(row, temperature):
    assert_intersect(np.array([row]), temperature)


def test_enclosures_of_any_rows_together():
    """Ordinary rows, and those that mpmath makes, side by side; logsumexp made anew."""
    longest = max(map(len, HARD_ROWS.values()))
    rows = np.array([row + [-np.inf] * (longest - len(row)) for row in HARD_ROWS.values()])
    for function, found in reference.enclose(rows, 1.0, FUNCTIONS).items():
        assert_narrow(found.enclosure, 2.0**-80 if function == "logsumexp" else RELATIVE_RADIUS)
        for i, x in enumerate(rows):
            if np.isfinite(x).any() and not (np.isnan(x) | np.isposinf(x)).any():
                columns = (getattr(found.enclosure, name)[i] for name in Enclosure.__slots__)
                finite = x[np.isfinite(x)]
                # Beyond such a gap Arb has no digits of its exponential at these precisions.
                if finite.max() / 2 - finite.min() / 2 < 1000:
                    assert_encloses(x, 1.0, Enclosure(*columns), function)


def counts(cell) -> dict[str, object]:
    """Give what a cell counted, and where: the same by either method."""
    return {
        "elements": cell.elements,
        "rows": cell.rows,
        "overflow": cell.overflow,
        "underflow": {k: v for k, v in cell.underflow.items() if k != "lost_mass"},
        "out_of_range": cell.out_of_range,
        "correctly_rounded": cell.correctly_rounded,
        "mean_over": cell.ulp["mean_over"],
        "histogram": told_apart(cell),
        "events": cell.events,
        "causes": cell.causes,
        "breaks": cell.breaks,
        "degenerate": str(cell.degenerate),  # NaN equals NaN as text
        "worst": [(w.index, str(w.computed), w.exact, w.cause) for w in worst(cell)],
    }


def worst(cell) -> list:
    """Give the worst elements whose errors are told from 0."""
    return [w for w in cell.worst if w.ulp > RESOLUTION_ULP]


def told_apart(cell) -> dict[int, int]:
    """Give the histogram, in one bin what the enclosures' radius does not tell from 0."""
    merged: dict[int, int] = {}
    for index, count in cell.histogram.items():
        bin_number = index if edge(index) > RESOLUTION_ULP else 0
        merged[bin_number] = merged.get(bin_number, 0) + count
    return merged


RESOLUTION_ULP = 2.0**-20
"""An error in ulp that even float64's enclosures, radius 2^−32 ulp, show to three digits."""

RESOLUTION = 2.0**-60
"""What is left of 2^−85 of a number in units of float32, and more than it leaves of a sum."""


def figures(cell) -> dict[str, tuple[float | None, float]]:
    """Give a cell's figures, each with what its enclosures do not tell from 0."""
    parts = {part: (cell.ulp[part], RESOLUTION_ULP) for part in ("mean", "p50", "p99", "p999")}
    return parts | {
        "absolute": (cell.absolute_max, RESOLUTION),
        "relative": (cell.relative_max, RESOLUTION),
        "cast_error.max": (cell.cast_error["max"], RESOLUTION),
        "cast_error.mean": (cell.cast_error["mean"], RESOLUTION),
        "row_sum": (cell.row_sum_defect, 0.0),
        "lost_mass": (cell.underflow["lost_mass"], 0.0),
        "bound.error": (None if cell.bound is None else cell.bound.error, RESOLUTION),
        "bound.ratio": (None if cell.bound is None else cell.bound.ratio, RESOLUTION_ULP),
        "condition.max": (None if cell.condition is None else cell.condition.max, 0.0),
    }


def print_alike(a: float | None, b: float | None, resolution: float) -> bool:
    """Whether two figures are printed with the same digits, or none is told from 0."""
    if a is None or b is None:
        return a is b
    return f"{a:.2g}" == f"{b:.2g}" or max(a, b) <= resolution


def assert_same_audits(logits, formats=tuple(FORMATS), temperature: float = 1.0) -> None:
    """Audit by either method: same counts, histogram, places and printed figures."""
    options = {"function": FUNCTIONS, "format": formats}
    audits = [
        run_audit(
            from_array(logits),
            make_plan(options, temperature=temperature, reference=method, worst=5),
        )
        for method in ("certified", "mpmath")
    ]
    for ours, other in zip(audits[0].cells, audits[1].cells, strict=True):
        assert counts(ours) == counts(other), ours.key.name
        for name, (figure, resolution) in figures(ours).items():
            again = figures(other)[name][0]
            assert print_alike(figure, again, resolution), (ours.key.name, name, figure, again)
        for a, b in zip(worst(ours), worst(other), strict=True):
            assert (a.ulp, a.relative) == pytest.approx((b.ulp, b.relative), rel=1e-9, abs=0)
        a, b = ours.ulp["max"], other.ulp["max"]
        assert a == b or a == pytest.approx(b, rel=1e-12, abs=1e-12), ours.key.name
    assert [a.reference.undecided for a in audits] == [0, 0]


@pytest.mark.parametrize("name", SLICES)
def test_audits_by_either_method_agree_on_real_logits(name):
    assert_same_audits(SLICES[name](load(name))[::2])


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SLICES)
def test_audits_by_either_method_agree_on_all_real_logits(name):
    assert_same_audits(load(name))


@pytest.mark.parametrize("rows", by_length(), ids=lambda rows: f"{rows.shape[1]} columns")
def test_audits_by_either_method_agree_on_hard_rows(rows):
    assert_same_audits(rows, ("float64",))


@pytest.mark.parametrize("temperature", [1.0, 0.7, 3.0])
def test_audits_by_either_method_agree_on_hard_rows_in_one_array(temperature):
    longest = max(map(len, HARD_ROWS.values()))
    rows = [row + [-np.inf] * (longest - len(row)) for row in HARD_ROWS.values()]
    assert_same_audits(np.array(rows), temperature=temperature)


@given(
    row=row_of_numbers,
    temperature=st.sampled_from([1.0, 1.0, 0.7, 2.0]),
    formats=st.sampled_from([("float64",), ("float32", "float16"), ("bfloat16", "float8_e4m3fn")]),
)
@settings(max_examples=50)
@example(row=[0.0, 2.225073858507e-311], temperature=1.0, formats=("float16", "float64"))
@example(row=[0.0, 1.0, -1.7976931348623157e308], temperature=1.0, formats=("float16",))
def test_audits_by_either_method_agree_on_drawn_rows(row, temperature, formats):
    assert_same_audits(np.array(row), formats, temperature)


def beside_an_edge(rng, form: str, count: int) -> np.ndarray:
    """Give pairs whose softmax lies as near to a tie or power of two as logits of float64 allow.

    softmax of [0, x] is t where x = log((1 − t)/t).
    """
    p = FORMATS[form].precision
    steps = rng.integers(2 ** (p - 1), 2**p, count)
    t = (steps + 0.5) * 2.0**-p * np.ldexp(1.0, -rng.integers(1, 9, count))
    t[: count // 4] = np.ldexp(1.0, -rng.integers(2, 12, count // 4))
    return np.stack([np.zeros(count), np.log1p(-t) - np.log(t)], axis=-1)


@pytest.mark.parametrize("form", ["float16", "bfloat16", "float32"])
def test_audits_by_either_method_agree_beside_edges(form):
    """float64 logits put softmax some 2^−53 beside the edge of a narrow result: judged as float64,
    and compared as narrow ones."""
    rows = beside_an_edge(np.random.default_rng(9), form, 40)
    assert_same_audits(rows, ("float64", form))
    y = enclose(rows, 1.0, ("softmax",))["softmax"]
    unit = 2.0 ** (1 - FORMATS[form].precision)
    parts = np.frexp(y.high)[0] / unit * 4
    beside = np.abs(parts - np.round(parts)) < 2.0**-20
    assert np.count_nonzero(beside[:, 0]) >= 30


def test_overflow_to_nan_on_a_binade_edge_is_decided():
    """(448 + 320)/1.5 = 512: log_softmax is just below −512, which float8_e4m3fn has as NaN."""
    found = audit(
        [448.0, -320.0], function=["log_softmax"], format=["float8_e4m3fn"], temperature=1.5
    )
    assert found.reference.undecided == 0


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_windows_of_rows(temperature):
    """Peaks and shares of windows add up, and each window is enclosed by itself."""
    rows = normal(21, (12, 60), 8.0)
    rows[np.random.default_rng(5).random(rows.shape) < 0.2] = -np.inf
    rows[3, [4, 50]] = 40.0  # the maximum twice, in two windows
    rows[4, 20:] = -np.inf
    windows = [rows[:, start : start + 7] for start in range(0, 60, 7)]
    peak = reduce(Peak.beside, map(Peak.of, windows))
    terms = [Terms(window, temperature, peak) for window in windows]
    share = reduce(Share.beside, (part.share() for part in terms))
    assert share.ordinary().all()
    assert share.ties[3, 0] == 2
    sums = Sums(peak, share, temperature)
    for function in FUNCTIONS:
        parts = [part.enclose(function, sums) for part in terms]
        for i, x in enumerate(rows):
            of = parts[:1] if function == "logsumexp" else parts
            columns = (
                np.concatenate([getattr(part, name)[i] for part in of])
                for name in Enclosure.__slots__
            )
            assert_encloses(x, temperature, Enclosure(*columns), function)
