"""What the gate says, for people: requirements, the baseline, and each failure in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from softaudit.render.facts import element_words
from softaudit.render.verdicts import passing_words, ruling_word, summary, verdict_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from softaudit.render.screen import Screen
    from softaudit.report import Judgement, Ruling, Verdict

BAD, WARNING, GOOD, HEAD, QUIET = "bold red", "yellow", "green", "bold", "dim"
STYLES = {"fails": BAD, "worse": BAD, "new": BAD, "stale": BAD, "warns": WARNING, "holds": GOOD,
          "fixed": GOOD}  # fmt: skip


def judgement_parts(judgement: Judgement, screen: Screen) -> Iterator[RenderableType]:
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
    shown = judgement.failures
    if not screen.quiet:
        shown += tuple(change for change in judgement.changes if change.passed)
    if shown:
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for verdict in shown:
            _add(grid, verdict)
        yield grid
        yield ""
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


def _add(grid: Table, verdict: Verdict) -> None:
    word = verdict_word(verdict)
    place = verdict.input if verdict.cell == "*" else f"{verdict.input} {verdict.cell}"
    grid.add_row(Text(word, style=STYLES[word]), f"{place}: {verdict.text}")
    if verdict.passed:
        return
    if verdict.worst is not None and verdict.metric is not None:
        grid.add_row("", Text(f"worst {element_words(verdict.worst)}, {verdict.worst.cause}"))
    if verdict.command:
        grid.add_row("", Text(verdict.command, style=QUIET))


def _summary(judgement: Judgement) -> Text:
    word, style = ("passes", GOOD) if judgement.passed else ("fails", BAD)
    return Text.assemble((word, style), f"  {summary(judgement)}")
