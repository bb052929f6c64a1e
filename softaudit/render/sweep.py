"""The sweep for people: a line of a plot for each cell, where it breaks and loses, what holds."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from softaudit.render.cell_table import BAD, GOOD, HEAD, QUIET, arithmetic_labels
from softaudit.render.facts import range_facts, source_facts
from softaudit.render.layout import Fixed, to_text
from softaudit.render.screen import Screen
from softaudit.render.strip import BREAKS, LEGEND, ROUNDED, SKIPPED, Axis
from softaudit.render.sweep_data import render_csv, render_json
from softaudit.render.sweep_words import by_cause, cause_words, holds, notes, range_words
from softaudit.wording import NO_BREAK, count, exactly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from softaudit.state import State
    from softaudit.studies.swept import Sweep, SweptCell

LEAST_STRIP, WIDEST_STRIP = 16, 72
MOST_RANGES = 4
"""How many ranges of a cell are shown; JSON has all."""


def render_table(sweep: Sweep, screen: Screen | None = None) -> str:
    """Render a sweep as text for a terminal of a given width.

    Parameters
    ----------
    sweep : Sweep
    screen : Screen, optional
        Without one: 80 columns, no color.
    """
    screen = screen or Screen()
    parts = [to_text(_header(sweep), screen)]
    if sweep.cells and not screen.quiet:
        table, caused = _table(sweep, screen.width)
        parts += ["\n", to_text(Fixed(table), screen)]
        parts += ["\n", to_text(Text(LEGEND, style=QUIET), screen)]
    else:
        caused = False
    closing = _closing(sweep, told=caused)
    if closing.row_count:
        parts += ["\n", to_text(closing, screen)]
    return "".join(parts)


SWEEP_RENDERERS: dict[str, Callable[[Sweep, Screen | None], str]] = {
    "table": render_table,
    "json": render_json,
    "csv": render_csv,
}


def _header(sweep: Sweep) -> Text:
    facts = source_facts(sweep.source)
    if sweep.sampled is not None:
        facts.append(f"{count(sweep.sampled, 'row')} sampled evenly")
    facts += range_facts(sweep.range, sweep.widest)
    low, high = exactly(sweep.grid[0]), exactly(sweep.grid[-1])
    facts.append(f"T = {low} … {high}".replace(" ", NO_BREAK))
    facts.append(count(len(sweep.grid), "temperature"))
    if sweep.elementary == "correct":
        facts.append("exp, log correctly rounded")
    if sweep.partial is not None:
        facts.append(f"partial: interrupted after {count(sweep.partial, 'temperature')}")
    return Text.assemble((sweep.source.input, HEAD), "  ", " · ".join(facts))


def _table(sweep: Sweep, width: int) -> tuple[Table, bool]:
    """Lay out cells in as many columns as there is room for; say if causes are among them."""
    columns, room = _fitting(sweep, width - _labels_width(sweep.cells))
    axis = Axis(sweep.grid[0], sweep.grid[-1], max(1, min(room, WIDEST_STRIP)))
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style=HEAD)
    for head in ("format", "algorithm", "T", *columns):
        table.add_column(head, no_wrap=True)
    for row in _rows(sweep.cells, axis, columns):
        table.add_row(*row)
    table.add_row("", "", Text(axis.labels(), style=QUIET))
    return table, "cause" in columns


def _labels_width(cells: Sequence[SweptCell]) -> int:
    formats = (
        "format",
        *(c.key.function for c in cells),
        *arithmetic_labels([cell.key for cell in cells]),
    )
    algorithms = ("algorithm", *(cell.key.variant for cell in cells))
    return max(map(len, formats)) + 1 + max(map(len, algorithms)) + 1


def _fitting(sweep: Sweep, width: int) -> tuple[dict[str, list[str]], int]:
    """Give the columns beside the plot, the least telling dropped first, and the plot's room."""
    cells, whole = sweep.cells, sweep.partial is None
    columns = {
        "breaks": _ranges(cells, "breaks", whole=whole),
        "loses": _ranges(cells, "loses", whole=whole),
        "cause": [cause_words(cell) for cell in cells],
    }
    for name in reversed(tuple(columns)):
        if width - sum(map(_width, columns.items())) < LEAST_STRIP:
            del columns[name]
    return columns, width - sum(map(_width, columns.items()))


def _width(column: tuple[str, Sequence[str]]) -> int:
    head, texts = column
    return 1 + max(len(line) for text in (head, *texts) for line in text.split("\n"))


def _rows(
    cells: Sequence[SweptCell], axis: Axis, columns: dict[str, list[str]]
) -> Iterator[Sequence[Text | str]]:
    labels = arithmetic_labels([cell.key for cell in cells])
    shown = zip(cells, labels, *columns.values(), strict=True)
    for function, of_function in groupby(shown, lambda row: row[0].key.function):
        yield [Text(function, style=HEAD)]
        for cell, label, *texts in of_function:
            breaks = any(point.state == "breaks" for point in cell.points)
            algorithm = Text(cell.key.variant, style=BAD if breaks else "")
            yield [label, algorithm, _colored(axis.strip(cell)), *texts]


def _colored(strip: str) -> Text:
    styles = {BREAKS: BAD, ROUNDED: QUIET, SKIPPED: QUIET}
    runs = groupby(strip, lambda character: styles.get(character, ""))
    return Text.assemble(*(("".join(run), style) for style, run in runs))


def _ranges(cells: Iterable[SweptCell], state: State, *, whole: bool) -> list[str]:
    """Say for each cell at which temperatures it has a state, a line for each range."""
    found = [[s for s in cell.stretches if s.state == state] for cell in cells]
    return [_lines([range_words(s, whole=whole) for s in stretches]) for stretches in found]


def _lines(texts: list[str]) -> str:
    if len(texts) > MOST_RANGES:
        texts = [*texts[: MOST_RANGES - 1], f"{len(texts) - MOST_RANGES + 1} more ranges"]
    return "\n".join(texts) or ROUNDED


def _closing(sweep: Sweep, *, told: bool) -> Table:
    """Lay out the sentences; `told` where the table says why."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=7)
    grid.add_column(overflow="fold")
    sentences = {
        "note": notes(sweep),
        "breaks": () if told else by_cause(sweep.cells, "breaks"),
        "loses": () if told else by_cause(sweep.cells, "loses"),
        "holds": holds(sweep),
    }
    styles = {"breaks": BAD, "holds": GOOD}
    for kind, texts in sentences.items():
        for i, text in enumerate(texts):
            grid.add_row(Text("" if i else kind, style=styles.get(kind, HEAD)), text)
    return grid
