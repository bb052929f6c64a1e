"""Blocks of text that one input and the summary of many have in common, for a terminal."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from softaudit.render.cell_table import BAD, GOOD, HEAD, QUIET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType

    from softaudit.findings import Finding


def worst_lines(found: Iterable[tuple[str, str, str]]) -> Iterator[RenderableType]:
    """Lay out worst elements: cause, words, and the command that shows the row, or ""."""
    yield Text("worst, one per cause", style=HEAD)
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for cause, words, command in found:
        grid.add_row(cause, words)
        if command:
            grid.add_row("", Text(command, style=QUIET))
    yield Padding(grid, (0, 0, 0, 2))


def sentences(found: Iterable[Finding]) -> Table:
    """Lay out sentences, the word for a kind before the first of them."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=7)
    grid.add_column(overflow="fold")
    styles = {"breaks": BAD, "holds": GOOD}
    for kind, group in groupby(found, lambda finding: finding.kind):
        for i, finding in enumerate(group):
            grid.add_row(Text("" if i else kind, style=styles.get(kind, HEAD)), finding.text)
    return grid
