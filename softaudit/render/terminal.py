"""The report for people: a header, the table of cells, worst elements, and what was found."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from softaudit.findings import arithmetic_words, findings, left_out
from softaudit.render import columns
from softaudit.render.elements import element_tables
from softaudit.render.facts import element_words, header_facts, worst_elements
from softaudit.render.judgement import judgement_parts
from softaudit.render.layout import Fixed, to_text
from softaudit.render.screen import Screen
from softaudit.reproduce import row_command
from softaudit.state import is_broken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from softaudit.findings import Finding
    from softaudit.model import Audit, Cell, CellKey, Worst
    from softaudit.report import Report

BAD, QUIET, GOOD, HEAD = "bold red", "dim", "green", "bold"


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
    for audit in report.audits:
        yield from _audit(audit, screen)
    if report.judgement is not None:
        yield ""
        yield from judgement_parts(report.judgement, screen)
    for skipped in report.skipped:
        yield f"{skipped.source}: skipped: {skipped.reason}"


def _audit(audit: Audit, screen: Screen) -> Iterator[RenderableType | Fixed]:
    yield _header(audit)
    if not screen.tables:
        if missing := left_out(audit):
            yield _sentences(missing)
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
            yield from _worst_lines(audit, worst)
        yield ""
    yield _closing(audit)


def _header(audit: Audit) -> Text:
    return Text.assemble((audit.source.input, HEAD), "  ", " · ".join(header_facts(audit)))


def cell_table(cells: tuple[Cell, ...], screen: Screen) -> Table:
    """Lay out cells as a table with as many columns as there is room for."""
    arithmetics = arithmetic_labels([cell.key for cell in cells])
    functions = [c.key.function for c in cells]
    label_width = max(map(len, (*arithmetics, *functions, "format")))
    algorithm_width = max(len(a) for a in (*(c.key.variant for c in cells), "algorithm"))
    names = columns.choose(
        cells, screen.columns, screen.width, label_width + algorithm_width + columns.GAP
    )
    table = Table(box=None, padding=(0, columns.GAP, 0, 0), pad_edge=False, header_style=HEAD)
    table.add_column("\nformat", no_wrap=True, min_width=label_width)
    table.add_column("\nalgorithm", no_wrap=True, min_width=algorithm_width)
    room = zip(names, columns.heads(names), columns.widths(names, cells), strict=True)
    for name, head, least in room:
        left = name == "spread"
        table.add_column(head, justify="left" if left else "right", no_wrap=True, min_width=least)
    labelled = zip(arithmetics, cells, strict=True)
    for function, of_function in groupby(labelled, lambda row: row[1].key.function):
        table.add_row(Text(function, style=HEAD))
        for label, cell in of_function:
            table.add_row(label, _algorithm(cell), *(_text(cell, name) for name in names))
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


def _worst_lines(audit: Audit, found: list[tuple[Cell, Worst]]) -> Iterator[RenderableType]:
    yield Text("worst, one per cause", style=HEAD)
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for cell, worst in found:
        grid.add_row(worst.cause, f"{cell.key.name} {element_words(worst)}")
        command = row_command(audit, cell, worst)
        if command:
            grid.add_row("", Text(command, style=QUIET))
    yield Padding(grid, (0, 0, 0, 2))


def _closing(audit: Audit) -> Table:
    return _sentences(findings(audit))


def _sentences(found: Sequence[Finding]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=7)
    grid.add_column(overflow="fold")
    styles = {"breaks": BAD, "holds": GOOD}
    for kind, group in groupby(found, lambda finding: finding.kind):
        for i, finding in enumerate(group):
            grid.add_row(Text("" if i else kind, style=styles.get(kind, HEAD)), finding.text)
    return grid
