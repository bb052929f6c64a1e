"""What outputs for people say of many inputs together, however they lay it out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from softaudit.findings import Finding, beside, narrowest
from softaudit.grouping import grouped
from softaudit.reproduce import row_command
from softaudit.wording import NO_BREAK, count, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from softaudit.model import Audit, Cell
    from softaudit.report import Report
    from softaudit.summary import CellSummary, WorstAt

MOST_INPUTS = 5
"""How many of the inputs that break most are named."""


def totals(report: Report, summary: Sequence[CellSummary]) -> tuple[str, ...]:
    """Say how much was audited: files, arrays in them, logits, and what was not."""
    files, inputs = max((s.files for s in summary), default=0), len(report.audits)
    logits = short(max((s.logits for s in summary), default=0))
    late = sum(skipped.interrupted for skipped in report.skipped)
    unread = len(report.skipped) - late
    return (
        count(files, "file"),
        *([count(inputs, "input")] if inputs != files else []),
        f"{logits}{NO_BREAK}logits",
        *([f"{unread}{NO_BREAK}skipped"] if unread else []),
        *([f"interrupted{NO_BREAK}before{NO_BREAK}{late}{NO_BREAK}more"] if late else []),
    )


def breaks_in(summary: CellSummary) -> str:
    """Give in how many inputs a cell breaks, such as 3/312."""
    broken = summary.states.get("breaks")
    return f"{broken.count}/{summary.inputs}" if broken else "·"


def worst_input(summary: CellSummary) -> str:
    """Name the input that a cell's worst element is in; – where it has none."""
    return summary.worst[0].audit.source.input if summary.worst else "–"


def worst_of_all(summary: Sequence[CellSummary]) -> list[tuple[CellSummary, WorstAt]]:
    """Give the worst element of each cause over all cells and inputs, worst first."""
    best: dict[str, tuple[CellSummary, WorstAt]] = {}
    for cell in summary:
        for found in cell.worst:
            cause = found.worst.cause
            if cause not in best or found.worst.ulp > best[cause][1].worst.ulp:
                best[cause] = (cell, found)
    ranked = sorted(best.values(), key=lambda pair: -pair[1].worst.ulp)
    return ranked[: ranked[0][1].audit.shown_worst] if ranked else []


def command(summary: Sequence[CellSummary], of: CellSummary, found: WorstAt) -> str:
    """Give the command that shows an element's row in its input; "" if none can."""
    return row_command(of_input(summary, found), of.cell, found.worst)


def of_input(summary: Sequence[CellSummary], found: WorstAt) -> Audit:
    """Give the input that has an element, with the cells by which commands know what was asked."""
    return replace(found.audit, cells=tuple(cell.cell for cell in summary))


def summary_findings(summary: Sequence[CellSummary], inputs: int) -> tuple[Finding, ...]:
    """Say which inputs break most, what none could have returned, how cells stand, what holds."""
    cells = [cell.cell for cell in summary]
    found = *_breaks(summary, inputs), *_beyond(cells), *beside(cells)
    return (*found, *narrowest(cells, " in all inputs" if inputs > 1 else ""))


def _breaks(summary: Sequence[CellSummary], inputs: int) -> Iterator[Finding]:
    broken = [(s.cell.key.name, s.states["breaks"]) for s in summary if "breaks" in s.states]
    by_input = Counter(name for _, found in broken for name in found.names)
    if not by_input:
        return
    told = by_input.most_common(MOST_INPUTS)
    said = [f"{count(number, 'cell')} of {name}" for name, number in told]
    if inputs > 1:
        of = f"{len(by_input)} of {inputs}".replace(" ", NO_BREAK)
        said.insert(0, f"in {of}{NO_BREAK}inputs, of {count(len(summary), 'cell')}:")
    if len(by_input) > MOST_INPUTS:
        said.append(f"as many or less of {len(by_input) - MOST_INPUTS} more")
    cells = tuple(name for name, _ in broken)
    yield from (Finding("breaks", cells, None, text) for text in said)


def _beyond(cells: Sequence[Cell]) -> Iterator[Finding]:
    """Say where the exact value is beyond the format: the same elements for every algorithm."""
    forced = grouped(
        ((cell.key.arithmetic.storage, cell.key.function, cell.overflow["forced"]), cell.key.name)
        for cell in cells
        if cell.overflow["forced"]
    )
    for (form, function, number), names in forced.items():
        beyond = f"the exact {function} is beyond ±{short(form.largest)}"
        text = f"{form.name}: {beyond} at {count(number, 'element')}, whatever the algorithm"
        yield Finding("breaks", tuple(names), None, text)
