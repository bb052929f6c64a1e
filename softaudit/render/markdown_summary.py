"""What many inputs say together, in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.render.facts import element_words
from softaudit.render.gfm import code, escape, fence, item
from softaudit.render.markdown_cells import cell_table
from softaudit.render.summary_words import (
    breaks_in,
    command,
    summary_findings,
    totals,
    worst_input,
    worst_of_all,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from softaudit.render.screen import Screen
    from softaudit.report import Report
    from softaudit.summary import CellSummary, WorstAt


def summary_blocks(report: Report, summary: Sequence[CellSummary], screen: Screen) -> Iterator[str]:
    """Lay out the summary of a report, block by block."""
    yield "## All inputs"
    yield escape(" · ".join(totals(report, summary)))
    if summary and not screen.quiet:
        beside = {
            "breaks in": [_breaks_in(cell) for cell in summary],
            "worst in": [_worst_in(cell) for cell in summary],
        }
        yield cell_table([cell.cell for cell in summary], screen, beside)
        elements = [_element(summary, *found) for found in worst_of_all(summary)]
        if elements:
            yield "### Worst elements of all inputs, one per cause"
            yield "\n".join(elements)
    found = summary_findings(summary, len(report.audits))
    if found:
        yield "### Findings in all inputs"
        yield "\n".join(item(f"**{f.kind}** {escape(f.text)}") for f in found)


def _breaks_in(summary: CellSummary) -> str:
    text = breaks_in(summary)
    return text if text == "·" else f"**{text}**"


def _worst_in(summary: CellSummary) -> str:
    name = worst_input(summary)
    return name if name == "–" else code(name)


def _element(summary: Sequence[CellSummary], of: CellSummary, found: WorstAt) -> str:
    where = f"{code(found.audit.source.input)} {code(of.cell.key.name)}"
    words = f"{found.worst.cause} {where} {escape(element_words(found.worst))}"
    return item(words, fence(command(summary, of, found)))
