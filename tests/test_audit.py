"""Every count of a cell on inputs small enough to count by hand."""

from __future__ import annotations

from fractions import Fraction
from math import inf, isclose, isnan, log
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from mpmath import mp, mpf

import softaudit
from softaudit import reference
from softaudit.audit import audit
from softaudit.cell_making import make_cell
from softaudit.errors import InputError, OptionError
from softaudit.findings import findings
from softaudit.formats import FORMATS
from softaudit.json_v1 import to_json
from softaudit.long_view import AskedRows
from softaudit.model import RowKind
from softaudit.plan import make_plan
from softaudit.report import make_report
from softaudit.sources.array import from_array
from softaudit.work import Work

from .cells import cell_of, error_ulp, exact, ulp
from .hard_rows import HARD_ROWS, LEAST_FLOAT32

FIXTURES = Path(__file__).parent.parent / "fixtures"
NAN = float("nan")


def happened(cell) -> dict[str, int | float]:
    """Give the counts that are not 0, by their names."""
    groups = {"rows": cell.rows, "overflow": cell.overflow, "underflow": cell.underflow}
    found = {f"{g}.{name}": n for g, counts in groups.items() for name, n in counts.items() if n}
    return found | ({"out_of_range": cell.out_of_range} if cell.out_of_range else {})


def returned(cell) -> list[tuple[RowKind, int, tuple[int, ...], str]]:
    return [(d.kind, d.rows, d.first, str(list(d.returned))) for d in cell.degenerate]


def test_a_nan_takes_its_row_out():
    for name in ("softmax/float16/stable", "log_softmax/float16/naive", "logsumexp/float16/stable"):
        cell = cell_of([[0.0, 1.0], [0.0, NAN], [NAN, inf]], name)
        assert happened(cell) == {"rows.audited": 1, "rows.nan": 2}
        assert cell.elements == (1 if name.startswith("logsumexp") else 2)
        assert returned(cell) == [(RowKind.NAN, 2, (1,), "[nan]")]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("softmax/float16/stable", "[nan]"),  # ∞ − ∞
        ("softmax/float16/naive", "[0.0, nan]"),  # 1/∞ and ∞/∞
        ("log_softmax/float16/naive", "[-inf, nan]"),
    ],
)
def test_positive_infinity_takes_its_row_out(name, answer):
    cell = cell_of([[0.0, inf], [0.0, 0.0]], name)
    assert happened(cell) == {"rows.audited": 1, "rows.positive_infinity": 1}
    assert returned(cell) == [(RowKind.POSITIVE_INFINITY, 1, (0,), answer)]
    assert cell.elements == 2


@pytest.mark.parametrize("algorithm", ["naive", "stable"])
def test_infinite_logsumexp_is_exact(algorithm):
    cell = cell_of([[0.0, inf], [-inf, -inf]], f"logsumexp/float16/{algorithm}")
    assert happened(cell) == {"rows.audited": 2}
    assert cell.degenerate == ()
    assert (cell.elements, cell.correctly_rounded) == (2, 2)
    assert (cell.ulp["max"], cell.ulp["mean_over"]) == (None, 0)


def test_an_infinite_answer_that_is_not_returned():
    """0/0 is NaN, and its logarithm, for the mask whose answer is −∞."""
    cell = cell_of([-20.0, -inf], "log_softmax/float16/naive")
    counts = {"overflow.result": 2, "overflow.nan": 2, "overflow.mismatch": 1}
    assert happened(cell) == {"rows.audited": 1, **counts}
    assert cell.correctly_rounded == 0
    assert cell.ulp["mean_over"] == 0


def test_nothing_but_masks():
    cell = cell_of([-inf, -inf], "softmax/float32/stable")
    assert happened(cell) == {"rows.all_masked": 1}
    assert returned(cell) == [(RowKind.ALL_MASKED, 1, (), "[nan]")]
    assert (cell.elements, cell.correctly_rounded) == (0, 0)
    assert set(cell.ulp.values()) == {None, 0}
    assert cell.cast_error == {"max": None, "mean": None}
    assert cell.row_sum_defect is None
    assert cell.absolute_max is cell.relative_max is cell.underflow["lost_mass"] is None


@pytest.mark.parametrize("form", ["float16", "bfloat16", "float32", "float64", "float8_e5m2"])
def test_one_finite_logit_among_masks_is_exact(form):
    cell = cell_of([-inf, 7.0, -inf], f"softmax/{form}/stable")
    assert happened(cell) == {"rows.audited": 1}
    assert (cell.elements, cell.correctly_rounded, cell.ulp["mean_over"]) == (3, 3, 3)
    assert cell.ulp["max"] == cell.ulp["p999"] == cell.row_sum_defect == 0
    cell = cell_of([-inf, 7.0, -inf], f"log_softmax/{form}/stable")
    assert happened(cell) == {"rows.audited": 1}
    assert (cell.correctly_rounded, cell.ulp["mean_over"], cell.ulp["max"]) == (3, 1, 0)


def test_finfo_min_becomes_a_mask_and_its_row_stays():
    cell = cell_of([[0.0, 0.0, LEAST_FLOAT32]], "softmax/float16/stable")
    counts = {"overflow.cast": 1, "overflow.cast_to_mask": 1}
    assert happened(cell) == {"rows.audited": 1, **counts}
    assert (cell.elements, cell.correctly_rounded) == (3, 3)
    assert cell.cast_error == {"max": 0.0, "mean": 0.0}
    assert cell.events["overflow.cast_to_mask"].first == (0, 2)


@pytest.mark.parametrize(
    ("form", "row", "cast", "masks"),
    [
        ("float16", [70000.0, 1.0], 1, 0),
        ("float16", [65520.0, 1.0], 1, 0),  # the tie between 65504 and the 65536 that is not there
        ("float16", [-70000.0, -80000.0], 2, 2),
        ("float16", [-70000.0, 70000.0, 1.0], 2, 1),
        ("float8_e5m2", [61440.0, 0.0], 1, 0),
        ("float8_e4m3fn", [465.0, 0.0], 1, 0),
        ("float8_e4m3fn", [-465.0, 0.0], 1, 0),  # NaN, and no mask
        ("float8_e4m3fn", [-inf, 0.0], 0, 0),  # there is no −∞
    ],
)
def test_rows_lost_to_the_cast(form, row, cast, masks):
    other = [0.0] * len(row)
    cell = cell_of([other, row], f"softmax/{form}/naive")
    assert (cell.rows["audited"], cell.rows["lost_to_cast"]) == (1, 1)
    assert (cell.overflow["cast"], cell.overflow["cast_to_mask"]) == (cast, masks)
    assert cell.events["rows.lost_to_cast"].first == (1,)
    assert cell.elements == len(row)


@pytest.mark.parametrize(
    ("form", "row"),
    [("float16", [65519.0, 1.0]), ("float8_e5m2", [61439.0, 0.0]), ("float8_e4m3fn", [464.0, 0.0])],
)
def test_the_last_logits_that_the_cast_keeps(form, row):
    cell = cell_of(row, f"softmax/{form}/stable")
    assert (cell.overflow["cast"], cell.rows["lost_to_cast"]) == (0, 0)


def test_overflow_of_naive_float16():
    """exp(12) is beyond 65504: ∞/∞ and 1/∞; the answers 1 − 1.7e-5 and 1.7e-5 both are float16."""
    cell = cell_of([12.0, 1.0], "softmax/float16/naive")
    lost = float(exact("softmax", [12, 1])[1])
    overflow = {"exp": 1, "zeroed": 1, "result": 1, "nan": 1}
    underflow = {"premature": 1, "lost_mass": cell.underflow["lost_mass"]}
    assert happened(cell) == {
        "rows.audited": 1,
        **{f"overflow.{k}": n for k, n in overflow.items()},
        **{f"underflow.{k}": n for k, n in underflow.items()},
    }
    assert isclose(cell.underflow["lost_mass"], lost, rel_tol=1e-15)
    assert (cell.row_sum_defect, cell.ulp["max"], cell.ulp["mean_over"]) == (inf, inf, 1)
    assert cell.correctly_rounded == 0


def test_zeros_over_an_infinite_sum_that_no_algorithm_could_avoid():
    """e^−20 is below half of the least float16: the zero is forced, whoever made it."""
    cell = cell_of([12.0, -8.0], "softmax/float16/naive")
    assert (cell.overflow["zeroed"], cell.underflow["forced"]) == (1, 1)
    assert cell.underflow["premature"] == 0
    assert cell.correctly_rounded == 1


def test_overflow_of_the_sum():
    cell = cell_of(np.zeros((2, 65536), np.float16), "softmax/float16/stable")
    assert cell.overflow["sum"] == 2  # rows, of which each has finite terms alone
    assert (cell.overflow["exp"], cell.overflow["result"]) == (0, 0)
    assert cell.overflow["zeroed"] == cell.underflow["premature"] == 2 * 65536
    assert cell.underflow["lost_mass"] == 1.0
    assert cell.row_sum_defect == 1.0


def test_zeroed_logarithms_are_not_results():
    cell = cell_of(np.zeros(65536, np.float16), "log_softmax/float16/stable")
    overflow = {name: n for name, n in cell.overflow.items() if n}
    assert overflow == {"sum": 1, "zeroed": 65536}
    assert cell.underflow["premature"] == 0


def test_an_answer_beyond_the_format_is_forced():
    """60000 − (−60000) is beyond float16: −∞ is the correctly rounded log_softmax."""
    cell = cell_of([60000.0, -60000.0], "log_softmax/float16/stable")
    assert cell.overflow["forced"] == 1
    assert (cell.overflow["result"], cell.overflow["mismatch"]) == (0, 0)
    assert (cell.correctly_rounded, cell.ulp["mean_over"]) == (2, 1)


def test_log_of_zero_is_premature():
    """log(0) where the answer is −20; the other, −2.1e-9, is 0 in float16 whatever one does."""
    cell = cell_of([0.0, -20.0], "log_softmax/float16/log-of-softmax")
    counts = {"underflow.premature": 1, "underflow.forced": 1}
    assert happened(cell) == {"rows.audited": 1, **counts}
    assert cell.underflow["lost_mass"] is None


def test_an_absorbed_logarithm_is_no_underflow():
    cell = cell_of([40.0, 0.0], "log_softmax/float64/stable")
    assert happened(cell) == {"rows.audited": 1}
    assert cell.correctly_rounded == 1


def test_subnormal_results():
    """e^−10 = 4.5e-5 lies below 2^−14 = 6.1e-5."""
    cell = cell_of([0.0, -10.0, -9.0], "softmax/float16/stable")
    assert happened(cell) == {"rows.audited": 1, "underflow.subnormal": 1}


def test_lost_mass_is_that_of_the_worst_row():
    rows = [[0.0, -18.0, -18.0], [0.0, -18.0, -inf]]
    cell = cell_of(rows, "softmax/float16/stable")
    assert cell.underflow["forced"] == 3
    assert isclose(cell.underflow["lost_mass"], float(2 * exact("softmax", rows[0])[1]))


def test_a_probability_above_1():
    """exp(0.5) = 1.64872 in float32 over its bfloat16 sum 1.6484375."""
    cell = cell_of([0.5], "softmax/float32:float32:bfloat16/naive")
    assert happened(cell) == {"rows.audited": 1, "out_of_range": 1}
    assert isclose(cell.row_sum_defect, float(mp.exp(0.5)) / 1.6484375 - 1, rel_tol=1e-2)
    cell = cell_of([0.5], "log_softmax/float32:float32:bfloat16/naive")
    assert cell.out_of_range == 1


def test_logsumexp_has_no_range_and_no_row_sum():
    cell = cell_of([1.0, 2.0], "logsumexp/float16/stable")
    assert cell.out_of_range is cell.row_sum_defect is cell.underflow["lost_mass"] is None
    assert cell.elements == 1


@pytest.mark.parametrize(
    ("form", "defect"),
    [("float16", Fraction(1, 2**12)), ("bfloat16", Fraction(1, 2**9)), ("float32", None)],
)
def test_row_sum_of_three_thirds(form, defect):
    """A third is 1365/4096 in float16, and 171/512 in bfloat16."""
    cell = cell_of([0.0, 0.0, 0.0], f"softmax/{form}/stable")
    third = Fraction(float(np.float32(1) / np.float32(3)))
    assert Fraction(cell.row_sum_defect) == (abs(3 * third - 1) if defect is None else defect)


def test_absolute_and_relative_error():
    """bfloat16 gives 186/256 (see its cause)."""
    cell = cell_of([1.0, 2.0], "softmax/bfloat16/naive")
    y = exact("softmax", [1.0, 2.0])[1]
    assert isclose(cell.absolute_max, float(abs(mpf(186) / 256 - y)), rel_tol=1e-12)
    assert isclose(cell.relative_max, float(abs(mpf(186) / 256 - y) / y), rel_tol=1e-12)
    assert isclose(cell.ulp["max"], error_ulp(186 / 256, y, "bfloat16"), rel_tol=1e-12)


def test_cast_error_is_that_of_the_input_alone():
    row = [0.1, 3.3, -1.7]
    cell = cell_of(row, "softmax/float16/stable")
    rounded = [float(np.float16(x)) for x in row]
    pairs = zip(exact("softmax", rounded), exact("softmax", row), strict=True)
    errors = [float(abs(a - b) / ulp(b, "float16")) for a, b in pairs]
    assert isclose(cell.cast_error["max"], max(errors), rel_tol=1e-9)
    assert isclose(cell.cast_error["mean"], sum(errors) / 3, rel_tol=1e-9)


def test_temperature_is_rounded_too():
    row = [1.0, 2.0, 4.0]
    cell = cell_of(row, "softmax/float16/stable", temperature=0.7)
    pairs = zip(
        exact("softmax", row, float(np.float16(0.7))), exact("softmax", row, 0.7), strict=True
    )
    errors = [float(abs(a - b) / ulp(b, "float16")) for a, b in pairs]
    assert isclose(cell.cast_error["max"], max(errors), rel_tol=1e-9)


@pytest.mark.parametrize(
    ("temperature", "form", "becomes"),
    [(1e30, "float16", "inf"), (1e-30, "float16", "0"), (449.5 * 2, "float8_e4m3fn", "nan")],
)
def test_a_temperature_that_the_format_lacks_skips_its_cells(temperature, form, becomes):
    found = softaudit.audit(
        [1.0, 2.0], function="softmax", format=[form, "float64"], temperature=temperature
    )
    assert {cell.key.arithmetic.name for cell in found.cells} == {"float64"}
    cells = [skipped.cell for skipped in found.skipped]
    assert cells == [f"softmax/{form}/naive", f"softmax/{form}/stable"]
    reasons = {skipped.reason for skipped in found.skipped}
    assert reasons == {f"temperature {temperature:g} becomes {becomes} in {form}"}


@pytest.mark.parametrize("temperature", [0.0, -1.0, inf, NAN])
def test_temperatures_that_are_none(temperature):
    with pytest.raises(OptionError, match="must be a positive finite number"):
        softaudit.audit([1.0, 2.0], temperature=temperature)


def test_range_and_widest_gap_are_of_finite_logits():
    found = softaudit.audit([[1.0, -2.0, inf], [-inf, 5.0, 4.5], [NAN, NAN, -inf]])
    assert found.range == (-2.0, 5.0)
    assert found.widest == 3.0


def cells_of(found, *left_out: str) -> list[dict]:
    """Give the cells as the contract has them, without what is left out."""
    cells = to_json(make_report([found]))["audits"][0]["cells"]
    return [{name: part for name, part in cell.items() if name not in left_out} for cell in cells]


def figures(found) -> list[dict]:
    """Give all figures, without places, of which maps are made, too."""
    left_out = "worst", "events", "causes", "breaks", "degenerate", "input", "by_axis"
    cells = cells_of(found, *left_out)
    for cell in cells:
        for group in ("bound", "condition"):
            cell[group] = {n: part for n, part in (cell[group] or {}).items() if n != "index"}
    return cells


def without_names(found) -> list[dict]:
    return cells_of(found, "input")


HARD = np.array([(row * 5)[:5] for row in HARD_ROWS.values()])
"""Hard rows, cut or repeated to five columns."""


def test_axis_0_is_the_transposed_file(tmp_path):
    logits = HARD[:20]
    np.save(tmp_path / "rows.npy", logits)
    np.save(tmp_path / "columns.npy", np.ascontiguousarray(logits.T))
    rows = softaudit.audit(softaudit.read(str(tmp_path / "rows.npy")))
    columns = softaudit.audit(softaudit.read(str(tmp_path / "columns.npy"), axis=0))
    assert columns.source.shape == (5, 20)
    assert (columns.source.rows, columns.source.columns) == (20, 5)
    assert without_names(rows) == without_names(columns)


@pytest.mark.parametrize("shape", [(24,), (4, 6), (2, 2, 6), (2, 1, 2, 6)])
def test_one_to_four_axes(shape):
    logits = np.round(np.sin(np.arange(24.0)) * 20, 1)
    found = softaudit.audit(logits.reshape(shape), format="float16", function="softmax")
    flat = softaudit.audit(logits.reshape(-1, shape[-1]), format="float16", function="softmax")
    assert figures(found) == figures(flat)
    for cell, beside in zip(found.cells, flat.cells, strict=True):
        for worst, same in zip(cell.worst, beside.worst, strict=True):
            assert len(worst.index) == len(shape)
            assert np.ravel_multi_index(worst.index, shape) == np.ravel_multi_index(
                same.index, (24 // shape[-1], shape[-1])
            )
            assert worst.logit == logits.reshape(shape)[worst.index]
            assert worst.exact == same.exact


@pytest.mark.parametrize(
    ("name", "elementary"),
    [
        ("attention_float16", "numpy"),
        ("attention_left_padded", "numpy"),
        ("attention_left_padded", "correct"),
        ("hard rows", "numpy"),
    ],
)
def test_the_same_report_for_every_block_size(name, elementary):
    logits = HARD[::2] if name == "hard rows" else np.load(FIXTURES / f"{name}.npy")[0, 3, ::3]
    functions = ["softmax", "log_softmax", "logsumexp"]
    formats = ["float16", "bfloat16", "float32"]
    plan = make_plan({"function": functions, "format": formats}, elementary=elementary)
    reports = {
        softaudit.render(audit(from_array(logits), plan, block=block))
        for block in (1, 7, 1000, 10**6)
    }
    assert len(reports) == 1


def test_the_order_of_rows_changes_no_figure():
    order = np.random.default_rng(5).permutation(len(HARD))
    found, shuffled = softaudit.audit(HARD), softaudit.audit(HARD[order])
    # Errors that agree in 40 bits are ties: which of them is called the largest is a place.
    for cell, other in zip(figures(found), figures(shuffled), strict=True):
        cell["bound"].pop("bound", None), other["bound"].pop("bound", None)  # of a place
        for group in ("ulp", "bound", "condition"):
            one, two = cell.pop(group), other.pop(group)
            assert one.keys() == two.keys()
            for name, figure in one.items():
                assert figure == two[name] or isclose(figure, two[name], rel_tol=2**-40)
        assert cell == other
    for cell, other in zip(found.cells, shuffled.cells, strict=True):
        assert {n: (e.count, e.rows) for n, e in cell.events.items()} == {
            n: (e.count, e.rows) for n, e in other.events.items()
        }
        assert {w.cause for w in cell.worst} == {w.cause for w in other.worst}


def test_two_rows_are_the_sum_of_each():
    rows = [[12.0, 1.0, -8.0], [0.0, -10.0, LEAST_FLOAT32]]
    functions = {"function": ["softmax", "log_softmax"], "format": ["float16"]}
    both = softaudit.audit(rows, **functions).cells
    parts = [softaudit.audit([row], **functions).cells for row in rows]
    for cell, a, b in zip(both, *parts, strict=True):
        assert cell.elements == a.elements + b.elements
        assert cell.correctly_rounded == a.correctly_rounded + b.correctly_rounded
        for group in ("rows", "overflow"):
            sums = {n: k + getattr(b, group)[n] for n, k in getattr(a, group).items()}
            assert getattr(cell, group) == sums
        bins = set(a.histogram) | set(b.histogram)
        sums = {i: a.histogram.get(i, 0) + b.histogram.get(i, 0) for i in bins}
        assert dict(cell.histogram) == sums
        assert cell.ulp["max"] == max(a.ulp["max"], b.ulp["max"])
        assert cell.ulp["mean_over"] == a.ulp["mean_over"] + b.ulp["mean_over"]
        weighed = [p.ulp["mean"] * p.ulp["mean_over"] for p in (a, b) if p.ulp["mean_over"]]
        assert isclose(cell.ulp["mean"], sum(weighed) / cell.ulp["mean_over"], rel_tol=1e-12)


def test_ties_of_errors_go_to_the_first_index():
    cell = cell_of([[0.0] * 3, [0.0] * 3], "softmax/float16/stable")
    assert [worst.index for worst in cell.worst] == [(0, 0)]


def test_masks_of_finfo_min_leave_every_row_in():
    logits = np.load(FIXTURES / "attention_finfo_min.npy")
    masks = logits.astype(np.float64) <= -65520
    assert masks.sum() > 20_000
    assert not masks.all(axis=-1).any()
    found = softaudit.audit(logits, function="softmax", format="float16", algorithm="stable")
    (cell,) = found.cells
    assert cell.rows["audited"] == logits.size // logits.shape[-1]
    assert sum(cell.rows.values()) == cell.rows["audited"]
    assert cell.overflow["cast_to_mask"] == cell.overflow["cast"] == int(masks.sum())
    event = cell.events["overflow.cast_to_mask"]
    assert event.rows == int(masks.any(axis=-1).sum())
    assert event.first == tuple(int(i) for i in np.argwhere(masks)[0])
    assert cell.elements == logits.size


def test_bfloat16_logits_as_ml_dtypes_has_them():
    logits = np.array([[1.5, -2.25, 3.0]], dtype=ml_dtypes.bfloat16)
    found = softaudit.audit(logits, function="softmax", format="bfloat16")
    assert found.source.format == "bfloat16"
    assert found.cells[0].cast_error["max"] == 0.0


def test_sampled_rows_are_evenly_spaced():
    logits = from_array(np.arange(20.0).reshape(10, 2))
    found = audit(logits, make_plan({}, sample=4))
    assert found.sampled == 4
    assert found.cells[0].rows["audited"] == 4
    assert found.range == (0.0, 15.0)  # rows 0, 2, 5, 7


def test_one_row_alone():
    logits = from_array(np.array([[12.0, 1.0], [0.0, 0.0]]))
    found = audit(logits, make_plan({}, row=(1,), elements=True))
    assert found.row == (1,)
    assert all(cell.rows["audited"] == 1 for cell in found.cells)
    assert all(cell.overflow["exp"] == 0 for cell in found.cells)
    assert {table.index for table in found.tables} == {(1,)}


def test_at_most_so_many_worst_elements_are_shown():
    for n in (0, 1, 5):
        found = softaudit.audit([12.0, 1.0], format=["float16"], algorithm=["naive"], worst=n)
        cells = to_json(make_report([found]))["audits"][0]["cells"]
        assert len(cells[0]["worst"]) == min(n, 2)


def test_what_is_shown_changes_no_sentence():
    logits = np.load(FIXTURES / "attention.npy")[0, 2]
    told = {findings(softaudit.audit(logits, worst=n)) for n in (0, 1, 20)}
    assert len(told) == 1


def test_the_largest_error_does_not_depend_on_how_many_worst_are_kept():
    cell = cell_of([1.0, 2.0], "softmax/bfloat16/naive", worst=0)
    assert cell.ulp == cell_of([1.0, 2.0], "softmax/bfloat16/naive").ulp
    assert isclose(cell.ulp["max"], error_ulp(186 / 256, exact("softmax", [1, 2])[1], "bfloat16"))


def test_every_value_is_judged_in_the_default_cells():
    found = softaudit.audit([[0.5, 0.25], [1.0, 8.0]])
    assert len(found.cells) == 24
    assert found.reference.undecided == 0
    for cell in found.cells:
        assert not isnan(cell.ulp["max"])
        assert sum(cell.histogram.values()) == cell.elements == 4


def test_a_row_of_one_logit():
    for name, y in (("softmax", 1.0), ("log_softmax", 0.0), ("logsumexp", 0.5)):
        found = softaudit.audit([0.5], function=name, format=["float16", "float64"])
        for cell in found.cells:
            if cell.key.algorithm == "stable":
                assert cell.ulp["max"] == 0
        assert softaudit.exact(name, [0.5], format="float64").reshape(-1) == [y]


@pytest.mark.parametrize("logits", [[], np.zeros((0, 3)), np.zeros((3, 0)), 1.0, [1j], ["a"]])
def test_what_is_no_logits(logits):
    with pytest.raises(InputError):
        softaudit.audit(logits)


def test_log_2_for_scale():
    """A sanity check of the tests' own mpmath: two equal logits."""
    assert isclose(float(exact("logsumexp", [0.0, 0.0])[0]), log(2.0))


def test_halves_that_are_merged_are_the_whole():
    """So that rows may be shared out: every figure, place and count of the parts adds up."""
    rows = np.concatenate([HARD[::2], np.load(FIXTURES / "attention_left_padded.npy")[0, 3, :, :1]
                           + np.zeros((1, HARD.shape[1]))])  # fmt: skip
    logits, plan = from_array(rows), make_plan({"function": ["softmax", "log_softmax"]})
    parts = [Work(logits, plan, plan.keys) for _ in range(3)]
    numbers = np.arange(len(rows))
    parts[0].add(numbers)
    parts[1].add(numbers[len(rows) // 2 :])
    parts[2].add(numbers[: len(rows) // 2])
    parts[1].merge(parts[2])
    asked = AskedRows(logits, plan.temperature, plan.reference)
    for key in plan.keys:
        whole, merged = (
            make_cell(asked, key, part.tallies[key], part.shared_of(key)) for part in parts[:2]
        )
        assert repr(merged) == repr(whole)
    assert (parts[1].range, parts[1].widest) == (parts[0].range, parts[0].widest)
    assert parts[1].tiers == parts[0].tiers


@pytest.mark.parametrize("temperature", [1.0, 0.7, 3.0])
@pytest.mark.parametrize(
    "row", [[1e38, 0.0], [5000.0, 0.0, 1.0], [1e10, 0.3, -7.0], [3000.0, 2999.0, -1e30, 5.0]]
)
def test_digits_of_values_too_small_for_any_format(row, temperature):
    """Worst elements' exact values have 25 digits also where these are e-60000 or less."""
    with mp.workprec(2000):
        top, t = mpf(max(row)), mpf(temperature)
        others = sum(mp.exp((mpf(x) - top) / t) for x in row if x != top)
        expected = {
            "log_softmax": (max(row), -others if others < mpf(10) ** -500 else -mp.log1p(others)),
            "softmax": (row[-1], mp.exp((mpf(row[-1]) - top) / t) / (1 + others)),
        }
        for function, (x, exact_value) in expected.items():
            asked = reference.ShortRow(np.array(row), temperature)
            found = reference.figures(asked, x, function, 0.0, FORMATS["float64"]).exact
            assert abs(mpf(found) / exact_value - 1) < mpf(10) ** -24
