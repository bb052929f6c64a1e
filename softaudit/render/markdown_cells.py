"""The table of cells in Markdown: of one input, or with more columns of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.findings import arithmetic_words
from softaudit.render import columns
from softaudit.render.gfm import escape, table
from softaudit.render.screen import Screen
from softaudit.state import is_broken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from softaudit.model import Cell


def cell_table(
    cells: Sequence[Cell], screen: Screen, beside: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Lay out cells as a table of the columns that are asked for, or those of 80 columns of text.

    Parameters
    ----------
    cells : sequence of Cell
    screen : Screen
    beside : mapping of str to sequence of str, optional
        Columns behind the cells' own, by their heads: a text of every cell, as Markdown.
    """
    names = columns.choose(cells, screen.columns, Screen().width, 0)
    heads = [" ".join(columns.head(name, cells)).strip() for name in names]
    more = list(zip(*(beside or {}).values(), strict=True)) or [()] * len(cells)
    rows = [
        (
            cell.key.function,
            arithmetic_words(cell.key),
            _algorithm(cell),
            *(_figure(cell, name) for name in names),
            *texts,
        )
        for cell, texts in zip(cells, more, strict=True)
    ]
    right = tuple(i for i, name in enumerate(names, start=3) if name != "spread")
    return table(("function", "format", "algorithm", *heads, *(beside or {})), rows, right)


def _algorithm(cell: Cell) -> str:
    name = escape(cell.key.variant)
    return f"**{name}**" if is_broken(cell) else name


def _figure(cell: Cell, name: str) -> str:
    text = columns.COLUMNS[name].show(cell)
    return f"**{text}**" if columns.alarming(name, text) else escape(text)
