"""The report for people: a header, the table of cells, worst elements, and what was found.

Of many inputs, what all of them say comes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from softaudit.findings import findings, left_out
from softaudit.render.blocks import sentences, worst_lines
from softaudit.render.cell_table import HEAD, cell_table
from softaudit.render.elements import element_tables
from softaudit.render.facts import element_words, header_facts, worst_elements
from softaudit.render.judgement import judgement_parts
from softaudit.render.layout import Fixed, to_text
from softaudit.render.screen import Screen
from softaudit.render.summary import summary_parts
from softaudit.reproduce import row_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from softaudit.model import Audit, Cell, Worst
    from softaudit.report import Report
    from softaudit.summary import CellSummary


def render(report: Report, screen: Screen | None = None) -> Iterator[str]:
    """Render a report as text for a terminal of a given width, part by part.

    Parameters
    ----------
    report : Report
    screen : Screen, optional
        Without one: 80 columns, no color.
    """
    screen = screen or Screen()
    for part in _parts(report, screen):
        yield to_text(part, screen)


def _parts(report: Report, screen: Screen) -> Iterator[RenderableType | Fixed]:
    if report.summary is None:
        for audit in report.audits:
            yield from _audit(audit, screen)
    else:
        yield from _many(report, report.summary, screen)
    if report.judgement is not None:
        yield ""
        yield from judgement_parts(report.judgement, screen)
    if report.summary is not None and report.skipped:
        yield ""
    for skipped in report.skipped:
        yield f"{skipped.source}: skipped: {skipped.reason}"


def _many(
    report: Report, summary: Sequence[CellSummary], screen: Screen
) -> Iterator[RenderableType | Fixed]:
    yield from summary_parts(report, summary, screen)
    for audit in () if screen.overview else report.audits:
        yield ""
        yield from _audit(audit, screen)


def _audit(audit: Audit, screen: Screen) -> Iterator[RenderableType | Fixed]:
    yield _header(audit)
    if not screen.tables:
        if missing := left_out(audit):
            yield sentences(missing)
        return
    yield ""
    if audit.tables:
        for part in element_tables(audit.tables, screen):
            yield Fixed(part) if isinstance(part, Table) else part
    elif not screen.quiet:
        yield Fixed(cell_table(audit.cells, screen))
        worst = worst_elements(audit)
        if worst:
            yield ""
            yield from worst_lines(_element(audit, *found) for found in worst)
        yield ""
    yield sentences(findings(audit))


def _element(audit: Audit, cell: Cell, worst: Worst) -> tuple[str, str, str]:
    words = f"{cell.key.name} {element_words(worst)}"
    return worst.cause, words, row_command(audit, cell, worst)


def _header(audit: Audit) -> Text:
    return Text.assemble((audit.source.input, HEAD), "  ", " · ".join(header_facts(audit)))
