"""Conformance for a terminal: a mark for each format, and what deviates in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from softaudit.render.cell_table import BAD, HEAD, QUIET
from softaudit.render.conformance.answers import LEAST_NAME, fitting, shortened
from softaudit.render.conformance.deviations import ALIKE, deviations, folded, telling
from softaudit.render.conformance.words import MARKS, counts, headline, legend, outcome
from softaudit.render.facts import used_words
from softaudit.render.layout import Fixed, to_text
from softaudit.render.screen import Screen
from softaudit.studies.conforming import VERDICTS
from softaudit.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.studies.conforming import Conformance

MOST_SENTENCES = 12
"""How many deviations are told in sentences; other outputs have all."""

VERDICT_WIDTH, VERDICT_GAP = 3, 1
"""Columns of a count of verdicts."""


def render(found: Conformance, screen: Screen | None = None) -> Iterator[str]:
    """Render conformance as text for a terminal of a given width.

    Parameters
    ----------
    found : Conformance
    screen : Screen, optional
        Without one: 80 columns, no color.
    """
    screen = screen or Screen()
    yield to_text(_header(found), screen)
    if not screen.quiet:
        shown = fitting(found, screen.width)
        for table in shown.tables(screen.width):
            yield "\n" + to_text(Fixed(table), screen)
        explained = Text(legend(found, with_words=shown.with_words), style=QUIET)
        yield "\n" + to_text(explained, screen)
    sentences = _sentences(found)
    if sentences.row_count:
        yield "\n" + to_text(sentences, screen)
    yield "\n" + to_text(Text(outcome(found), style=HEAD), screen)
    yield to_text(Fixed(_totals(found, screen.width)), screen)


def _header(found: Conformance) -> Text:
    return Text.assemble(("conformance", HEAD), "  ", " · ".join(headline(found)))


def _sentences(found: Conformance) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=8)
    grid.add_column(overflow="fold")
    told = deviations(found)
    shown = telling(told, MOST_SENTENCES)
    for i, one in enumerate(shown):
        text = Text.assemble((f"{one.function} {one.edge_row}", HEAD), f": {one.text}; {one.who}")
        grid.add_row(Text("" if i else "deviates", style=BAD), text)
    left = len(told) - len(shown) - sum(one.kind == ALIKE for one in told)
    if left:
        more = count(left, "more deviation")
        grid.add_row("", f"{more}: --output-format json, csv, markdown or html has them all")
    for i, alike in enumerate(folded(told)):
        grid.add_row(Text("" if i else "all alike", style=HEAD), alike)
    return grid


def _totals(found: Conformance, width: int) -> Table:
    """Count verdicts by their marks; versions and whole names stand there if there is room."""
    figures = {one.name: [str(n or "·") for n in counts(found, one.name).values()]
               for one in found.respondents}  # fmt: skip
    taken = (VERDICT_GAP + VERDICT_WIDTH) * len(VERDICTS)
    names = [used_words(one) for one in found.respondents]
    if max(map(len, names), default=0) + taken > width:
        names = [shortened(one.name, max(width - taken, LEAST_NAME)) for one in found.respondents]
    table = Table(box=None, padding=(0, VERDICT_GAP, 0, 0), pad_edge=False, header_style=HEAD)
    table.add_column("", no_wrap=True)
    for verdict in VERDICTS:
        table.add_column(MARKS[verdict], justify="right", no_wrap=True, min_width=VERDICT_WIDTH)
    for name, of in zip(names, figures.values(), strict=True):
        table.add_row(name, *of)
    return table
