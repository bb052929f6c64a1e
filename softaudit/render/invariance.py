"""Probes for people: a column for each who was asked, a line for each probe, and what it means."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from softaudit.render.cell_table import BAD, GOOD, HEAD, QUIET
from softaudit.render.facts import used_words
from softaudit.render.invariance_data import render_csv, render_json
from softaudit.render.invariance_markdown import render_markdown
from softaudit.render.invariance_words import (
    LEGEND,
    NO_ANSWER,
    NOT_ASKED,
    SAME,
    SHARES,
    cell_words,
    differing,
    facts,
    missing,
    notes,
    same,
    share_words,
)
from softaudit.render.layout import Fixed, to_text
from softaudit.render.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from softaudit.studies.probed import Invariance

GAP = 2


def render_table(found: Invariance, screen: Screen | None = None) -> Iterator[str]:
    """Render what probes found as text for a terminal of a given width.

    Parameters
    ----------
    found : Invariance
    screen : Screen, optional
        Without one: 80 columns, no color.
    """
    screen = screen or Screen()
    yield to_text(_header(found), screen)
    if found.probes and not screen.quiet:
        for part in _tables(found, screen):
            yield f"\n{part}"
    closing = _closing(found)
    if closing.row_count:
        yield f"\n{to_text(closing, screen)}"


INVARIANCE_RENDERERS: dict[str, Callable[[Invariance, Screen | None], Iterator[str]]] = {
    "table": render_table,
    "json": render_json,
    "csv": render_csv,
    "markdown": render_markdown,
}


def _header(found: Invariance) -> Text:
    asked = ", ".join(used_words(used) for used in found.respondents)
    return Text.assemble(
        (found.source.input, HEAD), "  ", " · ".join(facts(found)), "\n",
        ("asked", HEAD), "  ", asked,
    )  # fmt: skip


def _tables(found: Invariance, screen: Screen) -> Iterator[str]:
    """Lay out those who were asked beside each other, as many as there is room for."""
    names = dict.fromkeys(probed.implementation for probed in found.probes)
    columns = [_Column(name, found) for name in names]
    room = screen.width - sum(GAP + max(map(len, texts)) for texts in _labels(found.lines))
    shares = sum(column.width(shares=True) + GAP for column in columns) <= room
    for part in _fitting(columns, room, shares=shares):
        lines = [line for line in found.lines if any(column.has(line) for column in part)]
        yield to_text(Fixed(_table(part, lines, shares=shares)), screen)
    legend = f"{LEGEND}  {SHARES}" if shares and any(p.worst for p in found.probes) else LEGEND
    yield to_text(Text(legend, style=QUIET), screen)


class _Column:
    """One who was asked, as a column of the table."""

    def __init__(self, name: str, found: Invariance) -> None:
        self.name = name
        of = {(p.function, p.format, p.probe): p for p in found.probes if p.implementation == name}
        self._texts = {line: cell_words(p) for line, p in of.items()}
        self._shares = {line: share_words(p) for line, p in of.items()}
        self._share = max(map(len, self._shares.values()))

    def width(self, *, shares: bool) -> int:
        """Give how many columns of the screen it takes."""
        texts = max(map(len, self._texts.values())) + (self._share and self._share + 1) * shares
        return max(len(self.name), texts)

    def has(self, line: tuple[str, str, str]) -> bool:
        """Say whether there is something in a line of the table."""
        return line in self._texts

    def text(self, line: tuple[str, str, str], *, shares: bool) -> Text:
        """Give what stands in a line of the table."""
        text = self._texts.get(line, "")
        quiet = text in ("", SAME, NOT_ASKED)
        style = QUIET if quiet else BAD if text in ("∞", NO_ANSWER) else ""
        shown = Text.assemble((text, style))
        if shares and self._share:
            shown.append(f" {self._shares.get(line, ''):>{self._share}}", style=QUIET)
        return shown


def _labels(lines: Sequence[tuple[str, str, str]]) -> tuple[list[str], list[str]]:
    """Give what may stand in the two columns of labels."""
    first = [name for function, form, _ in lines for name in (function, form)]
    return ["format", *first], ["probe", *(probe for _, _, probe in lines)]


def _fitting(columns: Sequence[_Column], room: int, *, shares: bool) -> Iterator[list[_Column]]:
    part: list[_Column] = []
    for column in columns:
        taken = sum(other.width(shares=shares) + GAP for other in (*part, column)) - GAP
        if part and taken > room:
            yield part
            part = []
        part = [*part, column]
    yield part


def _table(
    columns: Sequence[_Column], lines: Sequence[tuple[str, str, str]], *, shares: bool
) -> Table:
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style=HEAD)
    for head, texts in zip(("format", "probe"), _labels(lines), strict=True):
        table.add_column(head, no_wrap=True, min_width=max(map(len, texts)))
    for column in columns:
        width = column.width(shares=shares)
        table.add_column(column.name, justify="right", no_wrap=True, min_width=width)
    for function, of_function in groupby(lines, lambda line: line[0]):
        table.add_row(Text(function, style=HEAD))
        for form, of_format in groupby(of_function, lambda line: line[1]):
            for i, line in enumerate(of_format):
                found = (column.text(line, shares=shares) for column in columns)
                table.add_row("" if i else form, line[2], *found)
    return table


def _closing(found: Invariance) -> Table:
    """Lay out the sentences, the word for a kind before the first of them."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=7)
    grid.add_column(overflow="fold")
    kinds = {"note": list(notes(found)), NO_ANSWER: list(missing(found))}
    kinds |= dict(differing(found)) | {"same": list(same(found))}
    styles = {NO_ANSWER: BAD, "same": GOOD}
    for kind, texts in kinds.items():
        for i, text in enumerate(texts):
            grid.add_row(Text("" if i else kind, style=styles.get(kind, HEAD)), text)
    return grid
