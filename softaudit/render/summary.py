"""What many inputs say together, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from softaudit.render.blocks import sentences, worst_lines
from softaudit.render.cell_table import BAD, HEAD, QUIET, Beside, cell_table
from softaudit.render.facts import element_words
from softaudit.render.layout import Fixed
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

    from rich.console import RenderableType

    from softaudit.render.screen import Screen
    from softaudit.report import Report
    from softaudit.summary import CellSummary, WorstAt

BREAKS_FROM, PATH_FROM = 50, 72
"""Widths of the screen from which it is shown in how many inputs a cell breaks, and the worst."""

LEAST_PATH = 16
"""Columns that the name of an input has at least where it needs them; a fifth of a wide screen."""


def summary_parts(
    report: Report, summary: Sequence[CellSummary], screen: Screen
) -> Iterator[RenderableType | Fixed]:
    """Lay out the summary of a report, in which inputs have the room that a line leaves them.

    Parameters
    ----------
    report : Report
    summary : sequence of CellSummary
        The report's.
    screen : Screen
        A quiet one shows how much was audited, and sentences.
    """
    yield Text(" · ".join(totals(report, summary)), style=HEAD)
    if summary and screen.tables and not screen.quiet:
        yield ""
        yield Fixed(cell_table([s.cell for s in summary], screen, _beside(summary, screen)))
        worst = worst_of_all(summary)
        if worst:
            yield ""
            yield from worst_lines(_element(summary, *found) for found in worst)
    if summary:
        yield ""
        yield sentences(summary_findings(summary, len(report.audits)))


def _beside(summary: Sequence[CellSummary], screen: Screen) -> tuple[Beside, ...]:
    broken = [breaks_in(cell) for cell in summary]
    names = [worst_input(cell) for cell in summary]
    styled = [Text(text, QUIET if text == "·" else BAD) for text in broken]

    def fitted(width: int) -> list[Text]:
        return [Text(shortened(name, width), QUIET if name == "–" else "") for name in names]

    width = max(map(len, ("breaks", *broken)))
    path = min(max(LEAST_PATH, screen.width // 5), max(map(cell_len, names)))
    found = (
        (BREAKS_FROM, Beside("\nbreaks", width, lambda _: styled)),
        (PATH_FROM, Beside("\nworst in", path, fitted, "left")),
    )
    return tuple(column for least, column in found if screen.width >= least)


def shortened(name: str, width: int) -> str:
    """Leave out the beginning of a path that is wider than so many columns of the screen."""
    if cell_len(name) <= width:
        return name
    while cell_len(name) >= width:
        name = name[1:]
    return f"…{name}"


def _element(
    summary: Sequence[CellSummary], of: CellSummary, found: WorstAt
) -> tuple[str, str, str]:
    words = f"{found.audit.source.input} {of.cell.key.name} {element_words(found.worst)}"
    return found.worst.cause, words, command(summary, of, found)
