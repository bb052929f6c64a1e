"""What the gate says, for people: in full, within the width, and the same as before.

`SOFTAUDIT_REGENERATE=1` writes the golden files anew.  Their figures are of formats of at most 16
bits, the same on every machine.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from math import inf
from typing import TYPE_CHECKING

import pytest

from softaudit.gate import baseline_text, judge, read_baseline, requirement_of_table
from softaudit.render.screen import Screen
from softaudit.render.verdicts import passing_words
from softaudit.report import Requirement, Ruling, Verdict

from .judged import audits, golden, rendered, report

if TYPE_CHECKING:
    from softaudit.report import Report

POLICY = (
    {"where": "softmax/*/stable", "metric": "overflow.result", "at-most": 0},
    {"where": "log_softmax/*/stable", "metric": "ulp.max", "at-most": 100,
     "input": "dumps/attention.npy"},
    {"where": "softmax/bfloat16/*", "metric": "correctly_rounded", "at-least": 9000},
    {"where": "*/naive", "metric": "overflow.exp", "at-most": 0, "level": "warning"},
)  # fmt: skip


def asked(*tables: dict):
    return [requirement_of_table(table, f"p.toml: require {i}") for i, table in enumerate(tables)]


def accepted() -> Report:
    """The report with other figures than the audits have: better, worse, and none."""
    attention, heads = audits()
    cells = {cell.key.name: cell for cell in attention.cells}
    better, worse = cells["softmax/float16/stable"], cells["softmax/float16/naive"]
    cells[better.key.name] = replace(better, ulp={**better.ulp, "max": 0.75, "p999": 1.5})
    cells[worse.key.name] = replace(worse, overflow={**worse.overflow, "exp": 300})
    del cells["log_softmax/bfloat16/stable"]
    source = replace(attention.source, sha256="0" * 64)
    gone = replace(heads, source=replace(heads.source, name="dumps/gone.npy", key=None))
    return report(replace(attention, source=source, cells=tuple(cells.values())), gone)


@cache
def failing() -> Report:
    baseline = read_baseline(baseline_text(accepted()), "base.txt")
    return judge(report(*audits()), asked(*POLICY), baseline)


@cache
def passing() -> Report:
    made = report(*audits())
    return judge(made, asked(POLICY[0], POLICY[3]), read_baseline(baseline_text(made), "base.txt"))


COMMAND = "      softaudit check "


def shown(found: Report, width: int = 80, **options) -> str:
    return rendered("table", found, Screen(width, tables=False, **options))


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("found", [failing, passing], ids=lambda f: f.__name__)
def test_golden(found, width):
    golden(f"gate_{found.__name__}_{width}.txt", shown(found(), width))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
@pytest.mark.parametrize("found", [failing, passing], ids=lambda f: f.__name__)
def test_no_line_but_a_command_is_longer_than_the_width(found, width):
    lines = shown(found(), width).split("\n")
    assert all(len(line) <= width or line.startswith(COMMAND) for line in lines)


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("width", [60, 80, 140, 1000])
def test_all_is_said_at_every_width(width):
    """Every sentence, worst element, limit and note, folded or not."""
    found = failing().judgement
    text = words(shown(failing(), width))
    unfolded = words(shown(failing(), 1000))
    assert sorted(text.replace(" ", "")) == sorted(unfolded.replace(" ", ""))
    for verdict in (*found.failures, *found.changes):
        assert words(verdict.text.replace("\ue000", " ")) in unfolded
    for ruling in found.rulings:
        assert f" {passing_words(ruling)} {len(ruling.verdicts)} {ruling.requirement.text}" in (
            unfolded
        )
    for note in found.notes:
        assert f"note {note}" in unfolded


@pytest.mark.parametrize("width", [20, 80])
def test_commands_can_be_copied(width):
    """Folded inside quotes a command would be another one: each is a line of its own."""
    lines = [line for line in shown(failing(), width).split("\n") if line.startswith(COMMAND)]
    failures = [f for f in failing().judgement.failures if f.command and f.metric != "ulp.p999"]
    assert lines == [f"      {failure.command}" for failure in failures]
    assert max(map(len, lines)) > 140


def worse(name: str, command: str = "softaudit check", **rest) -> list[Verdict]:
    """Give verdicts on three figures of one cell of an input."""
    like = next(v for v in failing().judgement.failures if v.standing == "worse")
    return [
        replace(like, input=name, metric=metric, text=f"{metric} is {measured}",
                measured=measured, command=f"{command} {name} --require '{metric} <= 1'", **rest)
        for metric, measured in (("ulp.max", 8.5), ("ulp.p999", 6), ("ulp.p99", 5))
    ]  # fmt: skip


def blocks(failures: list[Verdict]) -> list[str]:
    """Give the lines on failures alone."""
    judgement = replace(passing().judgement, rulings=(), notes=(), failures=tuple(failures))
    *lines, empty, _ = shown(report(judgement=judgement), 1000).rstrip("\n").split("\n")
    assert empty == ""
    return lines[1:]  # after the empty line below the inputs


def test_a_cell_is_one_block_with_every_figure_worst_cell_first():
    a, b = worse("a.npy"), worse("b.npy")
    cell = "softmax/float16/stable: ulp.max is 8.5; ulp.p999 is 6; ulp.p99 is 5"
    element = "      worst (1, 5, 0, 27): 0.000221, exact 0.000222, 8.7 ULP, argument-rounding"
    assert blocks([b[0], a[0], *a[1:], *b[1:]]) == [
        f"worse b.npy {cell}", element, f"{COMMAND}b.npy --require 'ulp.max <= 1'",
        f"worse a.npy {cell}", element, f"{COMMAND}a.npy --require 'ulp.max <= 1'",
    ]  # fmt: skip


def test_what_differs_beside_the_cell_is_kept_apart():
    """A requirement, a warning, and the same input at another temperature."""
    given = [
        *worse("a.npy"),
        *worse("a.npy", standing="required"),
        *worse("a.npy", command="softaudit check --temperature 2"),
        *worse("a.npy", standing="required", level="warning"),
    ]
    told = [line.split()[0] for line in blocks(given) if not line.startswith(" ")]
    assert told == ["worse", "fails", "worse", "warns"]


def test_twenty_cells_and_a_count():
    failures = [verdict for i in range(23) for verdict in worse(f"{i}.npy")]
    found = blocks(failures)
    assert len(found) == 20 * 3 + 1
    assert found[-4].startswith("worse 19.npy ")
    assert found[-1] == "      +3 more; --output-format json or markdown has all"
    assert len(blocks(failures[: 20 * 3])) == 20 * 3


def test_failures_come_before_what_is_fixed():
    text = shown(failing(), 1000).partition("overflow.exp <= 0\n\n")[2]
    kinds = ("fails", "worse", "new", "stale", "warns", "fixed")
    told = [line.split()[0] for line in text.split("\n") if line.startswith(kinds)]
    assert set(told) == set(kinds)
    assert told[-2:] == ["fixed", "fails"]  # the last line is the summary's
    assert told.index("warns") > max(told.index(k) for k in ("fails", "worse", "new", "stale"))


def test_quiet_leaves_failures_and_the_last_line():
    text, loud = shown(failing(), 1000, quiet=True), shown(failing(), 1000)
    left_out = [line for line in loud.split("\n") if line not in text.split("\n")]
    assert [line.split()[0] for line in left_out] == ["would", "pass", *["holds", "fails", "fails",
                                                      "warns"], "fixed"]  # fmt: skip
    assert set(text.split("\n")) < set(loud.split("\n"))


def test_the_last_line_counts():
    last = shown(failing(), 1000).rstrip("\n").split("\n")[-1]
    judgement = failing().judgement
    kinds = {kind: sum(c.standing == kind for c in judgement.changes)
             for kind in ("worse", "new", "stale", "fixed")}  # fmt: skip
    beside = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
    assert last == (
        f"fails  4 requirements: 2 fail, 1 warns, 1 holds; 15 cells beside the baseline: {beside}"
    )
    assert min(kinds.values()) > 0


def test_colors_change_no_word():
    text = shown(failing(), color=True)
    assert "\x1b[" in text
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert [line.rstrip() for line in plain.split("\n")] == shown(failing()).split("\n")


def test_after_the_tables_of_a_check():
    """check shows its cells first, and the same judgement below."""
    text = rendered("table", failing(), Screen(80))
    assert "correct" in text.split("would")[0]
    assert text.endswith(shown(failing()).partition("        would")[2])


@pytest.mark.parametrize(
    ("limit", "text"),
    [(inf, "inf"), (-inf, "-inf"), (0, "0"), (40, "40"), (-1.5, "-1.5"), (0.1, "0.1"),
     (2.0**60, "1.15293e18"), (10_000_001, "10000001"), (34.525503108463646, "34.5256")],
)  # fmt: skip
def test_limits_as_requirements_take_them(limit, text):
    """Six digits, rounded up: 2^60 is 1.152921504606846976e18; what has less is as it is."""
    ruling = Ruling(Requirement("*", "ulp.max", "at-most", 1.0), (), limit)
    assert passing_words(ruling) == text
    assert limit <= float(passing_words(ruling))
    ruling = replace(ruling, requirement=replace(ruling.requirement, bound="at-least"))
    assert float(passing_words(ruling)) <= limit
