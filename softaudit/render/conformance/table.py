"""Conformance for a terminal: a mark for each format, and what deviates in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from softaudit.render.cell_table import BAD, HEAD, QUIET
from softaudit.render.conformance.words import (
    answer_words,
    asked_of,
    brief,
    counts,
    deviations,
    headline,
    legend,
    marks,
    outcome,
)
from softaudit.render.facts import used_words
from softaudit.render.layout import Fixed, to_text
from softaudit.render.screen import Screen
from softaudit.studies.conforming import VERDICTS, worst_of
from softaudit.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from softaudit.studies.conforming import Conformance, Question

MOST_SENTENCES = 12
"""How many deviations are told in sentences; other outputs have all."""

STYLES = {"×": BAD, "!": BAD, "≠": "yellow", "·": QUIET, "–": QUIET, "≈": ""}


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
        shown = _fitting(found, screen.width)
        for table in shown.tables(screen.width):
            yield "\n" + to_text(Fixed(table), screen)
        explained = Text(legend(found, with_words=shown.with_words), style=QUIET)
        yield "\n" + to_text(explained, screen)
    sentences = _sentences(found)
    if sentences.row_count:
        yield "\n" + to_text(sentences, screen)
    yield "\n" + to_text(Fixed(_totals(found)), screen)


def _header(found: Conformance) -> Text:
    return Text.assemble(("conformance", HEAD), "  ", " · ".join(headline(found)))


def _fitting(found: Conformance, width: int) -> _Shown:
    """Show words beside the marks where there is room for everybody's, or leave them out."""
    with_words = _Shown(found, with_words=True)
    return with_words if with_words.width() <= width else _Shown(found, with_words=False)


class _Shown:
    """What a table shows, and how wide that is; the same for all functions, that they align."""

    def __init__(self, found: Conformance, *, with_words: bool) -> None:
        self.found, self.with_words = found, with_words
        names = [respondent.name for respondent in found.respondents]
        self.rows = {f: [(row.name, found.about(f, row.name)) for row in found.edge_rows]
                     for f in found.functions}  # fmt: skip
        lines = [line for of in self.rows.values() for line in of]
        self.label = max(len(text) for text in (*(name for name, _ in lines), *found.functions))
        self.answer = max(len("answer"), *(len(answer_words(qs)) for _, qs in lines))
        self.each = {
            name: max(len(name), *(len(self.cell(qs, name)) for _, qs in lines)) for name in names
        }

    def cell(self, questions: Sequence[Question], name: str) -> Text:
        """Give marks, and of the worst reply how it deviates."""
        signs = marks(questions, name)
        words = brief(worst_of([q.of(name) for q in questions])) if self.with_words else ""
        text = Text()
        for sign in signs:
            text.append(sign, STYLES[sign])
        return text.append(f" {words}" if words else "")

    def width(self, names: Sequence[str] | None = None) -> int:
        """Give the columns that a table of respondents takes; of all by default."""
        shown = self.each if names is None else names
        return self.label + 1 + self.answer + sum(1 + self.each[name] for name in shown)

    def tables(self, width: int) -> Iterator[Table]:
        """Lay out functions one below the other, and as many respondents at once as have room."""
        for function in self.found.functions:
            part: list[str] = []
            for name in asked_of(self.found, function):
                if part and self.width([*part, name]) > width:
                    yield self.table(function, part)
                    part = []
                part.append(name)
            yield self.table(function, part)

    def table(self, function: str, names: Sequence[str]) -> Table:
        """Lay out one function."""
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style=HEAD)
        table.add_column(function, no_wrap=True, min_width=self.label)
        table.add_column("answer", no_wrap=True, min_width=self.answer)
        for name in names:
            table.add_column(name, no_wrap=True, min_width=self.each[name])
        for label, questions in self.rows[function]:
            cells = (self.cell(questions, name) for name in names)
            table.add_row(label, answer_words(questions), *cells)
        return table


def _sentences(found: Conformance) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=8)
    grid.add_column(overflow="fold")
    told = deviations(found)
    for i, one in enumerate(told[:MOST_SENTENCES]):
        text = Text.assemble((f"{one.function} {one.edge_row}", HEAD), f": {one.text}; {one.who}")
        grid.add_row(Text("" if i else "deviates", style=BAD), text)
    if len(told) > MOST_SENTENCES:
        left = count(len(told) - MOST_SENTENCES, "more deviation")
        grid.add_row("", Text(f"{left}: --output-format json, csv, markdown or html has them all"))
    return grid


def _totals(found: Conformance) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=HEAD)
    table.add_column(outcome(found), no_wrap=True)
    for verdict in VERDICTS:
        table.add_column(verdict, justify="right", no_wrap=True)
    for respondent in found.respondents:
        told = counts(found, respondent.name)
        figures = [str(told[verdict]) if told[verdict] else "·" for verdict in VERDICTS]
        table.add_row(used_words(respondent), *figures)
    return table
