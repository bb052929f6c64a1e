"""What the gate says, for people: requirements, the baseline, and what fails, cell by cell.

A cell that got worse is worse in most of its figures, so that a block for each would say one thing
five times.  Commands are lines of their own, as long as they are: a terminal wraps them so that
they can be copied, which a line that was folded inside quotes cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from softaudit.render.facts import element_words
from softaudit.render.layout import Fixed
from softaudit.render.verdicts import by_cell, passing_words, ruling_word, summary, verdict_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType

    from softaudit.render.screen import Screen
    from softaudit.report import Judgement, Ruling, Verdict

BAD, WARNING, GOOD, HEAD, QUIET = "bold red", "yellow", "green", "bold", "dim"
STYLES = {"fails": BAD, "worse": BAD, "new": BAD, "stale": BAD, "warns": WARNING, "holds": GOOD,
          "fixed": GOOD}  # fmt: skip
INDENT = 6
"""Columns before sentences: the longest word, and a blank."""

MOST_BLOCKS = 20
"""How many failing cells are shown."""


def judgement_parts(judgement: Judgement, screen: Screen) -> Iterator[RenderableType | Fixed]:
    """Lay out a judgement.

    Parameters
    ----------
    judgement : Judgement
    screen : Screen
        A quiet one shows failures and the last line alone.
    """
    if judgement.rulings and not screen.quiet:
        yield _requirements(judgement.rulings)
        yield ""
    shown = list(_failures(judgement))
    if not screen.quiet:
        shown += _blocks(change for change in judgement.changes if change.passed)
    if shown:
        yield from (*shown, "")
    for note in judgement.notes:
        yield Text.assemble(("note  ", HEAD), note)
    yield _summary(judgement)


def _requirements(rulings: tuple[Ruling, ...]) -> Table:
    """Give one line to every requirement; figures stand before texts, which may be long."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style=HEAD)
    table.add_column("", no_wrap=True)
    table.add_column("would\npass at", justify="right", no_wrap=True)
    table.add_column("\ncells", justify="right", no_wrap=True)
    table.add_column("\nrequirement", overflow="fold")
    for ruling in rulings:
        word = ruling_word(ruling)
        of = f" of {ruling.requirement.input}" if ruling.requirement.input else ""
        table.add_row(
            Text(word, style=STYLES[word]),
            passing_words(ruling),
            str(len(ruling.verdicts)),
            f"{ruling.requirement.text}{of}",
        )
    return table


def _failures(judgement: Judgement) -> Iterator[RenderableType | Fixed]:
    cells = by_cell(judgement.failures)
    for verdicts in cells[:MOST_BLOCKS]:
        yield from _block(verdicts)
    more = len(cells) - MOST_BLOCKS
    if more > 0:
        grid = _grid()
        grid.add_row("", f"+{more} more; --output-format json or markdown has all")
        yield grid


def _blocks(verdicts: Iterable[Verdict]) -> Iterator[RenderableType | Fixed]:
    for group in by_cell(verdicts):
        yield from _block(group)


def _block(verdicts: tuple[Verdict, ...]) -> Iterator[RenderableType | Fixed]:
    """Say what is to be said of one cell: every figure, one worst element, one command."""
    first, word = verdicts[0], verdict_word(verdicts[0])
    place = first.input if first.cell == "*" else f"{first.input} {first.cell}"
    grid = _grid()
    sentence = f"{place}: {'; '.join(verdict.text for verdict in verdicts)}"
    grid.add_row(Text(word, style=STYLES[word]), sentence)
    worst = next((v.worst for v in verdicts if v.worst is not None and v.metric is not None), None)
    if worst is not None and not first.passed:
        grid.add_row("", Text(f"worst {element_words(worst)}, {worst.cause}"))
    yield grid
    if first.command and not first.passed:
        yield Fixed(Text(" " * INDENT + first.command, style=QUIET))


def _grid() -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True, min_width=INDENT - 1)
    grid.add_column(overflow="fold")
    return grid


def _summary(judgement: Judgement) -> Text:
    word, style = ("passes", GOOD) if judgement.passed else ("fails", BAD)
    return Text.assemble((word, style), f"  {summary(judgement)}")
