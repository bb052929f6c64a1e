"""The implementations that are here, as a table, JSON, CSV or Markdown."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from io import StringIO
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from softaudit.render.gfm import code, escape, table
from softaudit.render.layout import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from softaudit.implementations.listing import Listed
    from softaudit.render.screen import Screen

_OTHERS = (
    ("package.module:function", "a function of yours, from a module that can be imported here"),
    ("path.py:function", "the same, from a file"),
)
_HOW = (
    "A function gets an array of two axes in the cell's dtype, the class axis last, and returns "
    "an array of the same shape; for logsumexp, one number for every row.  Each runs in a process "
    "of its own.  Outputs that are in a file already: softaudit compare LOGITS OUTPUTS."
)
_HEADS = ("name", "version", "functions", "formats", "devices")


def _here(one: Listed) -> str:
    return one.version or f"not installed: {one.install}"


def _started(found: Sequence[Listed]) -> Iterator[tuple[str, str]]:
    for one in found:
        for device, said in (one.started or {}).items():
            yield f"{one.name} {device}", said


def render_table(found: Sequence[Listed], screen: Screen) -> str:
    """Render for a terminal: beside each name what it is and takes, then how others are named."""
    taken = [line for one in found for line in _lines(one)]
    blocks: list[Sequence[tuple[str, ...]]] = [taken, list(_started(found)), _OTHERS]
    laid_out = [to_text(_grid(lines), screen) for lines in blocks if lines]
    return "\n".join((*laid_out, to_text(Text(_HOW, style="dim"), screen)))


def _lines(one: Listed) -> Iterator[tuple[str, str, str]]:
    taken = (", ".join(part) for part in (one.functions, one.formats, one.devices))
    for head, value in zip(_HEADS[1:], (_here(one), *taken), strict=True):
        yield one.name if head == "version" else "", head, value


def _grid(lines: Sequence[tuple[str, ...]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for width in (max(map(len, column)) for column in zip(*lines, strict=True)):
        grid.add_column(no_wrap=width < 26)
    for name, *rest in lines:
        grid.add_row(Text(name, style="bold"), *map(Text, rest))
    return grid


def render_json(found: Sequence[Listed], screen: Screen) -> str:  # noqa: ARG001
    """Render as one JSON document."""
    document = {"schema": 1, "implementations": [asdict(one) for one in found]}
    return json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n"


def render_csv(found: Sequence[Listed], screen: Screen) -> str:  # noqa: ARG001
    """Render as comma-separated values, one line for each; several names are joined by commas."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow((*_HEADS, "install", "started"))
    for one in found:
        parts = (",".join(part) for part in (one.functions, one.formats, one.devices))
        started = "; ".join(f"{device}: {said}" for device, said in (one.started or {}).items())
        writer.writerow((one.name, one.version, *parts, one.install, started))
    return text.getvalue()


def render_markdown(found: Sequence[Listed], screen: Screen) -> str:  # noqa: ARG001
    """Render as GitHub-flavoured Markdown."""
    rows = [
        (
            code(one.name),
            escape(one.version) if one.version else f"not installed: {code(one.install)}",
            *(", ".join(map(code, part)) for part in (one.functions, one.formats, one.devices)),
        )
        for one in found
    ]
    others = [f"- {code(word)}: {escape(what)}" for word, what in _OTHERS]
    started = [f"- {code(word)}: {escape(said)}" for word, said in _started(found)]
    return "\n\n".join((table(_HEADS, rows), "\n".join((*others, *started)), escape(_HOW))) + "\n"


IMPLEMENTATIONS_RENDERERS: dict[str, Callable[[Sequence[Listed], Screen], str]] = {
    "table": render_table,
    "json": render_json,
    "csv": render_csv,
    "markdown": render_markdown,
}
