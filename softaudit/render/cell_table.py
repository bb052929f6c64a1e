"""The table of cells: of one input, or with more columns of all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from rich.table import Table
from rich.text import Text

from softaudit.findings import arithmetic_words
from softaudit.render import columns
from softaudit.state import is_broken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from softaudit.model import Cell, CellKey
    from softaudit.render.screen import Screen

BAD, QUIET, GOOD, HEAD = "bold red", "dim", "green", "bold"


@dataclass(frozen=True, slots=True)
class Beside:
    """A column that stands behind the cells' own, whatever the width.

    Attributes
    ----------
    head : str
        Two header lines.
    width : int
        Columns of the screen that it takes at least.
    show : callable
        Texts of the cells, in their order, for so many columns of the screen.
    justify : str
        left or right.
    """

    head: str
    width: int
    show: Callable[[int], Sequence[Text]]
    justify: Literal["left", "right"] = "right"


def cell_table(cells: Sequence[Cell], screen: Screen, beside: Sequence[Beside] = ()) -> Table:
    """Lay out cells as a table with as many columns as there is room for.

    Parameters
    ----------
    cells : sequence of Cell
    screen : Screen
    beside : sequence of Beside
        The last of them takes what room is left.
    """
    labels = arithmetic_labels([cell.key for cell in cells])
    least = (
        max(map(len, (*labels, *(c.key.function for c in cells), "format"))),
        max(map(len, (*(c.key.variant for c in cells), "algorithm"))),
    )
    taken = sum(least) + columns.GAP + sum(column.width + columns.GAP for column in beside)
    names = columns.choose(cells, screen.columns, screen.width, taken)
    room = screen.width - taken - sum(w + columns.GAP for w in columns.widths(names, cells))
    shown = [c.show(c.width + (max(room, 0) if c is beside[-1] else 0)) for c in beside]
    table = _headed(names, cells, least, beside)
    rows = list(zip(labels, cells, *shown, strict=True))
    for function, of_function in groupby(rows, lambda row: row[1].key.function):
        table.add_row(Text(function, style=HEAD))
        for label, cell, *more in of_function:
            table.add_row(label, _algorithm(cell), *(_text(cell, name) for name in names), *more)
    return table


def _headed(
    names: Sequence[str], cells: Sequence[Cell], least: Sequence[int], beside: Sequence[Beside]
) -> Table:
    table = Table(box=None, padding=(0, columns.GAP, 0, 0), pad_edge=False, header_style=HEAD)
    for head, width in zip(("\nformat", "\nalgorithm"), least, strict=True):
        table.add_column(head, no_wrap=True, min_width=width)
    room = zip(names, columns.heads(names, cells), columns.widths(names, cells), strict=True)
    for name, head, width in room:
        left = name == "spread"
        table.add_column(head, justify="left" if left else "right", no_wrap=True, min_width=width)
    for column in beside:
        table.add_column(column.head, justify=column.justify, no_wrap=True, min_width=column.width)
    return table


def arithmetic_labels(keys: Sequence[CellKey]) -> list[str]:
    """Name arithmetics for a table's rows: each once, and below its format as what it is beside."""
    labels, above = [], None
    for key in keys:
        words = arithmetic_words(key)
        storage, _, rest = words.partition(" ")
        if above == (key.function, words):
            label = ""
        elif above is not None and above[0] == key.function and storage == above[1].split(" ")[0]:
            label = f"  {rest}" if rest else words
        else:
            label = words
        labels.append(label)
        above = key.function, words
    return labels


def _algorithm(cell: Cell) -> Text:
    return Text(cell.key.variant, style=BAD if is_broken(cell) else "")


def _text(cell: Cell, name: str) -> Text:
    text = columns.COLUMNS[name].show(cell)
    style = BAD if columns.alarming(name, text) else QUIET if text in ("·", "–") else ""
    return Text(text, style=style)
