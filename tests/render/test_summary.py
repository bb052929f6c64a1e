"""What many inputs say together: it comes first, fits the width, and says what the inputs say."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from rich.cells import cell_len

from softaudit.findings import findings
from softaudit.json_v1 import audit_to_json
from softaudit.render.screen import Screen
from softaudit.render.summary import shortened
from softaudit.reproduce import row_command
from softaudit.state import state_of
from softaudit.wording import ulps

from .judged import (
    TORN,
    batch,
    batch_audits,
    batch_interrupted,
    golden,
    rendered,
    report,
)


def overview(width: int = 80, **options) -> str:
    return rendered("table", batch(), Screen(width, overview=True, **options))


def table_of(text: str) -> list[str]:
    lines = text.split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("format"))
    return lines[start + 1 : lines.index("", start)]


def test_the_first_line_says_how_much_was_audited():
    logits = sum(a.source.rows * a.source.columns for a in batch_audits())
    assert rendered("table", batch()).startswith(
        f"2 files · 3 inputs · {logits} logits · 1 skipped\n"
    )
    first = rendered("table", batch_interrupted()).split("\n")[0]
    assert first.endswith(" · 1 skipped · interrupted before 1 more")


def test_nothing_but_what_was_skipped():
    found = replace(report(skipped=(TORN,)), summary=())
    text = rendered("table", found)
    assert (
        text.split()
        == f"0 files · 0 logits · 1 skipped {TORN.source}: skipped: {TORN.reason}".split()
    )
    assert rendered("markdown", found).startswith(
        "# softaudit\n\n## All inputs\n\n0 files · 0 logits"
    )


@pytest.mark.parametrize("width", [60, 72, 80, 100, 140, 200])
def test_it_fits_the_width_and_crops_no_number(width):
    text = overview(width)
    commands = {line for line in text.split("\n") if line.startswith("softaudit check")}
    assert all(cell_len(line) <= width for line in text.split("\n") if line not in commands)
    rows = [line for line in table_of(text) if not re.fullmatch(r"(log_)?softmax", line)]
    for line, of_cell in zip(
        rows, zip(*(a.cells for a in batch_audits()), strict=True), strict=True
    ):
        largest = max(cell.ulp["max"] for cell in of_cell)
        assert f" {ulps(largest)} " in f"{line} "
        broken = sum(state_of(cell) == "breaks" for cell in of_cell)
        assert (f" {broken}/3" in line) == bool(broken)


@pytest.mark.parametrize("width", [80, 140])
def test_the_worst_of_a_cell_is_where_it_is(width):
    rows = [line for line in table_of(overview(width)) if not re.fullmatch(r"(log_)?softmax", line)]
    for line, i in zip(rows, range(len(rows)), strict=True):
        found = max(batch_audits(), key=lambda a: max(w.ulp for w in a.cells[i].worst))
        shown = line.split()[-1] if " head" not in line else line[line.rindex("npy:head") - 3 :]
        assert found.source.input.endswith(shown.lstrip("…").removeprefix("s/"))


def test_worst_elements_are_those_of_the_inputs():
    text = overview(400)
    lines = text.split("\n")
    lines = [line.split() for line in lines[lines.index("worst, one per cause") + 1 :]]
    causes = [words[0] for words in lines[: [*map(bool, lines)].index(False) : 2]]
    largest: dict[str, float] = {}
    commands = set()
    for audit, cell in ((a, cell) for a in batch_audits() for cell in a.cells):
        for worst in cell.worst:
            largest[worst.cause] = max(worst.ulp, largest.get(worst.cause, 0))
            commands.add(row_command(audit, cell, worst))
    assert len(set(causes)) == 5
    assert [largest[cause] for cause in causes] == sorted(largest.values(), reverse=True)[:5]
    shown = {line.strip() for line in text.split("\n") if "softaudit check" in line}
    assert shown <= commands
    assert all(shlex.split(line)[1] == "check" for line in shown)


def test_which_inputs_break_most_and_what_holds_in_all():
    broken = {
        a.source.input: sum(state_of(cell) == "breaks" for cell in a.cells) for a in batch_audits()
    }
    text = " ".join(overview(200).split())
    told = re.findall(r"(\d+) cells? of (dumps/\S+(?: \d)?)", text)
    assert {name: int(number) for number, name in told} == {n: c for n, c in broken.items() if c}
    some = sum(map(bool, broken.values()))
    assert f"breaks in {some} of 3 inputs, of {len(batch().summary)} cells:" in text
    for function in ("softmax", "log_softmax"):
        held = [
            {c.key.name for c in a.cells if c.key.function == function and state_of(c) != "breaks"}
            for a in batch_audits()
        ]
        (name,) = re.findall(rf"narrowest in all inputs: ({function}/\S+)", text)
        assert name in set.intersection(*held)


def test_many_inputs_that_break_are_not_all_named():
    (cell, *_) = (s for s in batch().summary if "breaks" in s.states)
    names = tuple(f"layer{i}.npy" for i in range(40))
    summary = (replace(cell, states={"breaks": replace(cell.states["breaks"], names=names)}),)
    text = rendered("table", replace(batch(), summary=summary), Screen(overview=True))
    assert text.count(" cell of layer") == 5
    assert "in 40 of 3 inputs, of 1 cell:" in " ".join(text.split())


def test_each_input_follows_as_it_is_alone():
    for kind, start in (("table", ""), ("markdown", "# softaudit\n\n")):
        whole = rendered(kind, batch())
        for audit in batch_audits():
            alone = (
                rendered(kind, report(audit)).removeprefix(start).partition("\n\n“·” is zero")[0]
            )
            assert alone in whole


def test_quiet_leaves_out_tables():
    text = overview(quiet=True)
    assert "worst" not in text
    assert "narrowest in all inputs" in text
    assert "| ---" not in rendered("markdown", batch(), Screen(quiet=True))


@pytest.mark.parametrize(
    ("name", "width", "short"),
    [("a/b.npy", 7, "a/b.npy"), ("aa/b.npy", 7, "…/b.npy"), ("名前/b.npy", 7, "…/b.npy"),
     ("名前.npy", 7, "…前.npy")],
)  # fmt: skip
def test_paths_are_shortened_at_their_beginning(name, width, short):
    assert shortened(name, width) == short
    assert cell_len(short) <= width


def test_lines_of_the_summary_come_before_the_cells():
    lines = [json.loads(line) for line in rendered("json-lines", batch()).splitlines()]
    kinds = [line["type"] for line in lines]
    cells = [cell for a in batch_audits() for cell in audit_to_json(a)["cells"]]
    number = len(batch().summary)
    assert kinds == ["report", *["summary"] * number, *["cell"] * len(cells), "skipped-source"]
    for line, found in zip(lines[1:], batch().summary, strict=False):
        assert line["name"] == found.cell.key.name
        assert sum(state["count"] for state in line["states"].values()) == line["inputs"] == 3


def test_no_line_of_the_summary_among_those_of_csv():
    lines = rendered("csv", batch()).split("\r\n")
    assert len(lines) == 2 + sum(len(a.cells) for a in batch_audits())


def test_what_is_skipped_for_what_it_is_is_no_error():
    suites = ElementTree.fromstring(rendered("junit", batch()))
    assert suites.get("errors") == "0"
    (suite,) = (s for s in suites if s.get("name") == TORN.source)
    assert [e.tag for e in suite.iter()] == ["testsuite", "testcase", "skipped"]
    (run,) = json.loads(rendered("sarif", batch()))["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"]
    assert [n["level"] for n in invocation["toolExecutionNotifications"]] == ["warning"]
    assert f"::warning title={TORN.source}%3A not audited" in rendered("github", batch())
    assert rendered("markdown", batch()).startswith("# softaudit\n")


def test_what_was_interrupted_is_one():
    suites = ElementTree.fromstring(rendered("junit", batch_interrupted()))
    assert suites.get("errors") == "1"
    (run,) = json.loads(rendered("sarif", batch_interrupted()))["runs"]
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    levels = [note["level"] for note in invocation["toolExecutionNotifications"]]
    assert levels == ["warning", "error"]
    assert "::error title=dumps/late.npy%3A not audited" in rendered("github", batch_interrupted())
    assert rendered("markdown", batch_interrupted()).startswith("# softaudit: partial\n")


def test_sarif_and_annotations_have_the_findings_of_all_inputs():
    found = [f.kind for a in batch_audits() for f in findings(a) if f.kind in ("breaks", "loses")]
    (run,) = json.loads(rendered("sarif", batch()))["runs"]
    assert len(run["results"]) == len(found)
    lines = rendered("github", batch()).splitlines()
    assert f"::notice::+{len(found) - 10} more findings" in lines


@pytest.mark.parametrize("width", [80, 140])
def test_golden_of_a_screen(width):
    golden(f"batch_{width}.txt", rendered("table", batch(), Screen(width)))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("batch.md", "markdown"), ("batch.junit.xml", "junit"), ("batch.sarif", "sarif"),
     ("batch.github.txt", "github")],
)  # fmt: skip
def test_golden(name, kind):
    golden(name, rendered(kind, batch()))
