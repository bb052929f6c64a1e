"""What a requirement says of a report: by figures set by hand, and by those of real audits."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf, nextafter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import softaudit
from softaudit.errors import OptionError, UnjudgedError
from softaudit.gate import judge, parse_requirement, requirement_of_table
from softaudit.json_v1 import FIGURES, to_json
from softaudit.model import ReferenceUse, SkippedCell
from softaudit.report import SkippedSource, make_report
from softaudit.wording import plain

from .reports import NAIVE, STABLE, audit, cell, one, report


def judged(found, *lines: str):
    return judge(found, [parse_requirement(line) for line in lines]).judgement


def verdict(found, line: str):
    """Give the one verdict of one requirement."""
    (ruling,) = judged(found, line).rulings
    (only,) = ruling.verdicts
    return only


@pytest.mark.parametrize(
    ("measured", "bound", "holds"),
    [
        (3.0, "<= 3", True),
        (3.0, "<= 3.0000000000000004", True),
        (3.0000000000000004, "<= 3", False),
        (3.0, ">= 3", True),
        (2.9999999999999996, ">= 3", False),
        (inf, "<= inf", True),
        (inf, "<= 1.7976931348623157e308", False),
        (1e308, "<= inf", True),
        (inf, ">= inf", True),
        (5.0, ">= inf", False),
        (5.0, ">= -inf", True),
        (0.0, "<= -0.0", True),
        (5e-324, "<= 0", False),
        (0.0, "<= -1", False),
    ],
)
def test_where_the_limit_lies(measured, bound, holds):
    found = verdict(one({"ulp.max": measured}), f"{STABLE}: ulp.max {bound}")
    assert found.passed is holds
    assert judged(one({"ulp.max": measured}), f"{STABLE}: ulp.max {bound}").passed is holds


def walk(document: dict, name: str):
    """Follow a dotted name through a cell of the JSON contract; what did not happen counts 0."""
    part = document
    for i, step in enumerate(name.split(".")):
        if part is None:
            return None
        if step not in part and i and name.startswith(("causes.", "breaks.")):
            return 0
        part = part[step]
    return {"inf": inf}.get(part, part) if isinstance(part, str) else part


def test_every_metric_is_the_figure_of_that_name_in_the_json():
    """Cells in which much happens: masks, lost rows, overflows, stalled sums, infinite answers."""
    rows = [[12, 1, 0.5], [0, -20, 0.125], [-inf, 3, -inf], [float("nan"), 1, 2], [70000, 1, 64],
            [2e5, 2e5, 2e5], [-90, 0, 3.5], [0, 0, 0]]  # fmt: skip
    found = make_report(
        [
            softaudit.audit(
                rows,
                function=["softmax", "log_softmax", "logsumexp"],
                format=["float16", "bfloat16", "float8_e5m2"],
            )
        ]
    )
    document = json.loads(json.dumps(to_json(found)))["audits"][0]["cells"]
    seen = set()
    for metric, figure in FIGURES.items():
        for made, written in zip(found.audits[0].cells, document, strict=True):
            assert figure(made) == walk(written, metric), (metric, written["name"])
            seen.add((metric, figure(made) is None, bool(figure(made))))
    assert {metric for metric, _, happened in seen if happened} >= {
        "overflow.cast", "overflow.exp", "overflow.result", "underflow.forced", "rows.nan",
        "breaks.inf-over-inf.count", "causes.absorption.count", "row_sum.max_defect",
    }  # fmt: skip
    assert {metric for metric, null, _ in seen if null} >= {"row_sum.max_defect", "out_of_range"}


def test_a_ruling_has_all_cells_it_is_about_in_every_input():
    cells = [cell(NAIVE, {"ulp.max": 7.5}), cell(STABLE, {"ulp.max": 2.0})]
    found = judged(report(audit(*cells), audit(cells[0], name="b.npy")), "*: ulp.max <= 3")
    (ruling,) = found.rulings
    assert [(v.input, v.cell, v.passed) for v in ruling.verdicts] == [
        ("a.npy", NAIVE, False), ("a.npy", STABLE, True), ("b.npy", NAIVE, False),
    ]  # fmt: skip
    assert (ruling.passed, ruling.passing, found.passed) == (False, 7.5, False)
    assert [v.input for v in found.failures] == ["a.npy", "b.npy"]


@pytest.mark.parametrize(
    ("pattern", "inputs"),
    [("a.npy", ["a.npy"]), ("*.npy", ["a.npy", "d/b.npy"]), ("d/*", ["d/b.npy", "d/c.npz:x"]),
     ("*:x", ["d/c.npz:x"]), ("?.npy", ["a.npy"])],
)  # fmt: skip
def test_inputs_by_pattern(pattern, inputs):
    made = cell(STABLE)
    found = report(audit(made), audit(made, name="d/b.npy"), audit(made, name="d/c.npz", key="x"))
    asked = requirement_of_table(
        {"where": "*", "metric": "ulp.max", "at-most": 1, "input": pattern}, "p"
    )
    (ruling,) = judge(found, [asked]).judgement.rulings
    assert [v.input for v in ruling.verdicts] == inputs


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"where": "softmax/float64/*"}, "'softmax/float64/*' matches no cell: did you mean "),
        ({"where": "log*"}, "'log*' matches no cell: "),
        ({"where": "*", "input": "b.npy"}, "input 'b.npy' matches no input: did you mean a.npy?"),
        ({"where": "*", "input": "zzzzz"}, "input 'zzzzz' matches no input: there are a.npy"),
    ],
)
def test_what_matches_nothing_is_an_error(table, says):
    asked = requirement_of_table({"metric": "ulp.max", "at-most": 1e9, **table}, "p.toml")
    with pytest.raises(OptionError) as caught:
        judge(one(), [asked])
    assert str(caught.value).startswith("p.toml: ")
    assert says in str(caught.value)


def test_a_requirement_that_matches_nothing_beside_one_that_fails():
    with pytest.raises(OptionError, match="matches no cell"):
        judged(one({"ulp.max": 99.0}), "*: ulp.max <= 1", "softmax/float64/*: ulp.max <= 1")


@pytest.mark.parametrize("metric", ["ulp.max", "underflow.lost_mass", "ulp.mean"])
def test_a_null_figure_is_an_error(metric):
    cells = cell(NAIVE), cell(STABLE, {metric: None})
    with pytest.raises(OptionError, match=f"{metric} of {STABLE} in a.npy is null"):
        judged(report(audit(*cells)), f"*: {metric} <= 1e9")


@pytest.mark.parametrize("metric", ["ulp.max", "overflow.result", "elements"])
def test_nothing_judged_is_an_error(metric):
    """Counts of nothing are 0, and hold whatever is required."""
    nothing = one({"ulp.max": None, "elements": 0, "rows.nan": 3})
    with pytest.raises(UnjudgedError, match="no row of it could be judged"):
        judged(nothing, f"*: {metric} >= -inf")
    assert not verdict(nothing, "*: rows.nan <= 0").passed


def test_a_cell_that_was_skipped_is_an_error():
    skipped = (SkippedCell("softmax/float16/naive", "temperature 1e+30 becomes inf in float16"),)
    found = report(audit(cell(STABLE), skipped=skipped))
    with pytest.raises(OptionError, match=r"naive of a\.npy was skipped: temperature 1e"):
        judged(found, "softmax/*: ulp.max <= 1")
    assert verdict(found, f"{STABLE}: ulp.max <= 1").passed


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (report(audit(cell(STABLE)), skipped=(SkippedSource("b.npy", "torn"),)),
         "b.npy: was skipped: torn"),
        (report(), "no input was audited"),
        (report(audit(cell(STABLE), partial=3)), "a.npy: is partial: only 3 rows"),
        (report(audit(cell(STABLE), partial=0)), "a.npy: is partial: only 0 rows"),
        (report(audit(cell(STABLE), reference=ReferenceUse(
            "certified", {"undecided": 1, "enclosed_sum": 0, "mpmath": 0}, 0.0))),
         "1 exact values are undecided"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged(found, says):
    for lines in ([], ["*: ulp.max <= inf"]):
        with pytest.raises(UnjudgedError, match=says):
            judged(found, *lines)


def test_levels():
    made = one({"ulp.max": 9.0, "ulp.p99": 3.0})
    base = {"where": "*", "at-most": 1}
    warns = requirement_of_table({**base, "metric": "ulp.max", "level": "warning"}, "p")
    fails = requirement_of_table({**base, "metric": "ulp.p99"}, "p")
    found = judge(made, [warns]).judgement
    assert (found.passed, found.rulings[0].passed, len(found.failures)) == (True, False, 1)
    found = judge(made, [warns, fails]).judgement
    assert not found.passed
    assert [v.metric for v in found.failures] == ["ulp.p99", "ulp.max"]  # errors first


def test_failures_worst_first():
    """By how many times the limit was exceeded; what has a limit of 0, or infinitely, first."""
    figures = {"ulp.max": 30.0, "ulp.p99": 80.0, "ulp.p50": inf, "overflow.nan": 2, "elements": 3}
    lines = ["ulp.max <= 10", "ulp.p99 <= 20", "ulp.p50 <= 1", "overflow.nan <= 0",
             "elements >= 6", "elements >= inf"]  # fmt: skip
    found = judged(one(figures), *(f"*: {line}" for line in lines))
    shown = [f"{v.metric} {v.limit:g}" for v in found.failures]
    assert set(shown[:3]) == {"ulp.p50 1", "overflow.nan 0", "elements inf"}
    assert shown[3:] == ["ulp.p99 20", "ulp.max 10", "elements 6"]


@given(st.lists(st.floats(0, 1e308), min_size=1, max_size=4), st.booleans())
@example([10.834961, 3.0], True)
@example([0.1 + 0.2], True)
@example([5e-324], False)
@example([0.0], True)
@example([1048576.0000000001], True)
def test_the_limit_that_would_pass_passes_and_the_next_does_not(figures, at_most):
    """It is printed in full, so what is printed passes as well."""
    bound, away = ("at-most", -inf) if at_most else ("at-least", inf)
    cells = [cell(n, {"ulp.max": v}) for n, v in zip((STABLE, NAIVE, "softmax/bfloat16/naive",
             "softmax/float64/naive"), figures, strict=False)]  # fmt: skip

    def ruling(limit):
        asked = {"where": "*", "metric": "ulp.max", bound: limit}
        return judge(report(audit(*cells)), [requirement_of_table(asked, "p")]).judgement.rulings[0]

    passing = ruling(1).passing
    assert passing == (max(figures) if at_most else min(figures))
    assert ruling(passing).passed
    assert not ruling(nextafter(passing, away)).passed
    assert parse_requirement(f"*: ulp.max <= {passing!r}").limit == passing


def test_the_limit_that_would_pass_where_an_error_is_infinite():
    (ruling,) = judged(one({"ulp.max": inf}), "*: ulp.max <= 40").rulings
    assert ruling.passing == inf
    assert judged(one({"ulp.max": inf}), "*: ulp.max <= inf").passed


@given(st.floats(0, 1e300), st.floats(0, 1e300))
@example(3.0000000000000004, 3.0)
@example(0.1 + 0.2, 0.3)
@example(1e6, 999999.9999999999)
@example(123456.78901, 123456.789)
@example(2.5e-310, 2.4e-310)
@example(1e22, 1e22 + 2**21)
def test_digits_enough_to_tell_measured_from_limit(measured, limit):
    found = verdict(one({"ulp.max": measured}), f"*: ulp.max <= {limit!r}")
    words = plain(found.text).replace("−", "-")
    shown, allowed = words.removeprefix("ulp.max is ").split(", at most ")
    allowed = allowed.removesuffix(" is allowed").removesuffix(" is required")
    if measured != limit:
        assert shown != allowed
        assert (float(shown) > float(allowed)) == (measured > limit)
    assert abs(float(shown) - measured) <= 0.005 * measured + 5e-324


def test_sentences():
    counts = one({"overflow.nan": 10_000_001, "ulp.max": inf, "elements": 7})
    for line, text in {
        "*: overflow.nan <= 10000000": "overflow.nan is 10000001, at most 1e7 is allowed",
        "*: ulp.max <= 40": "ulp.max is ∞, at most 40 is allowed",
        "*: ulp.max <= 0.1": "ulp.max is ∞, at most 0.1 is allowed",
        "*: elements >= 7.5": "elements is 7, at least 7.5 is required",
        "*: ulp.p50 <= 0.24999": "ulp.p50 is 0.25, at most 0.24999 is allowed",
    }.items():
        assert plain(verdict(counts, line).text) == text


def real():
    rows = [[12.0, 1.0, 0.5], [0.0, -20.0, 3.0], [13.0, 1.0, 2.0]]
    return make_report([softaudit.audit(rows, function=["softmax", "log_softmax"],
                                        format="float16", worst=5)])  # fmt: skip


def test_counts_say_in_how_many_rows_and_where_first():
    """exp of 12 and of 13 overflows in float16, in rows 0 and 2."""
    found = verdict(real(), "softmax/float16/naive: overflow.exp <= 0")
    assert plain(found.text).endswith("is 2, at most 0 is allowed; 2 rows, first (0, 0)")


def test_the_worst_element_is_of_the_cause_that_is_counted():
    made = real()
    by_name = {c.key.name: c for c in made.audits[0].cells}
    found = verdict(made, "softmax/float16/naive: breaks.inf-over-inf.count <= 0")
    assert found.worst.cause == "inf-over-inf"
    of_all = verdict(made, "log_softmax/float16/naive: ulp.max <= 1").worst
    assert of_all == by_name["log_softmax/float16/naive"].worst[0]
    for cause, event in by_name["log_softmax/float16/naive"].causes.items():
        line = f"log_softmax/float16/naive: causes.{cause}.count <= 0"
        found = verdict(made, line)
        assert (found.measured, found.worst.cause) == (event.count, cause)


def test_the_command_requires_the_same_of_the_cell_alone():
    made = one({"ulp.max": 9.5})
    found = verdict(made, "softmax/*: ulp.max <= 2.5")
    assert found.command == (
        "softaudit check a.npy --function softmax --format float32 --algorithm stable "
        "--require 'softmax/float32/stable: ulp.max <= 2.5'"
    )
    (first,) = made.audits
    nameless = replace(first, source=replace(first.source, command=""))
    assert verdict(report(nameless), "softmax/*: ulp.max <= 2.5").command == ""


def test_nothing_is_judged_by_nan():
    """No figure is NaN; were one, neither bound would hold."""
    for bound in ("<=", ">="):
        assert not verdict(one({"ulp.max": float("nan")}), f"*: ulp.max {bound} 1").passed


def test_a_report_is_not_changed_but_for_its_judgement():
    made = real()
    found = judge(made, [parse_requirement("*: ulp.max <= 1")])
    assert (found.audits, found.tool, made.judgement) == (made.audits, made.tool, None)
