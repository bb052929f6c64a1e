"""What changed from one report to another, as a table, JSON or Markdown."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

from softaudit.json_v1 import SCHEMA, as_json
from softaudit.render.gfm import code, table
from softaudit.wording import apart, count, exactly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    from softaudit.gate.difference import Change, Difference
    from softaudit.render.screen import Screen

FEWER_IS_WORSE = (
    "elements", "rows.audited", "correctly_rounded", "quality.argmax_kept", "quality.top_k_kept",
)  # fmt: skip
NEITHER = ("ulp.mean_over", "quality.kl.mean_over")


def direction(change: Change) -> str:
    """Say whether a figure got worse or better; "" where it can be neither."""
    if change.old is None or change.new is None or change.metric in NEITHER:
        return ""
    more = change.new > change.old
    return "worse" if more != (change.metric in FEWER_IS_WORSE) else "better"


def figures(change: Change) -> tuple[str, str]:
    """Give the old and the new figure, with digits enough to tell them apart."""
    if change.old is None or change.new is None:
        old, new = (
            "–" if value is None else exactly(value, 3) for value in (change.old, change.new)
        )
        return old, new
    return apart(change.old, change.new)


def summary(found: Difference) -> str:
    """Say how much changed."""
    changed = len({(change.input, change.cell) for change in found.changes})
    parts = [f"{count(found.compared, 'cell')} in both, {changed} changed"]
    parts += [f"{len(found.added)} added"] if found.added else []
    parts += [f"{len(found.removed)} removed"] if found.removed else []
    return ", ".join(parts)


def render_table(found: Difference, screen: Screen) -> str:
    """Render for a terminal: cell by cell, figure by figure."""
    from rich.text import Text

    from softaudit.render.cell_table import BAD, GOOD, HEAD
    from softaudit.render.layout import Fixed, to_text

    styles = {"worse": BAD, "better": GOOD}
    shown = [(f"  {change.metric}", *figures(change)) for change in found.changes]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]

    def parts() -> Iterator[RenderableType | Fixed]:
        for (of_input, cell), group in groupby(found.changes, lambda c: (c.input, c.cell)):
            yield Text(f"{of_input} {cell}", style=HEAD)
            yield Fixed(_grid(list(group), styles, widths))
            yield ""
        for word, names in (("added", found.added), ("removed", found.removed)):
            for of_input, cell in names:
                yield Text.assemble((f"{word:<9}", HEAD), f"{of_input} {cell}")
        for note in found.notes:
            yield Text.assemble((f"{'note':<9}", HEAD), note)
        yield summary(found)

    return "".join(to_text(part, screen) for part in parts())


def _grid(changes: list[Change], styles: dict[str, str], widths: list[int]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    metric, before, after = widths
    grid.add_column(no_wrap=True, min_width=metric)
    grid.add_column(justify="right", no_wrap=True, min_width=before)
    grid.add_column(justify="right", no_wrap=True, min_width=after)
    grid.add_column(no_wrap=True)
    for change in changes:
        old, new = figures(change)
        word = direction(change)
        grid.add_row(f"  {change.metric}", old, new, Text(word, style=styles.get(word, "")))
    return grid


def render_json(found: Difference, screen: Screen) -> str:  # noqa: ARG001
    """Render as one JSON document."""
    changes = [{**asdict(change), "direction": direction(change)} for change in found.changes]
    document = {
        "schema": SCHEMA,
        "compared": found.compared,
        "changes": changes,
        "added": [{"input": of_input, "cell": cell} for of_input, cell in found.added],
        "removed": [{"input": of_input, "cell": cell} for of_input, cell in found.removed],
        "notes": list(found.notes),
    }
    return json.dumps(as_json(document), ensure_ascii=False, allow_nan=False) + "\n"


def render_markdown(found: Difference, screen: Screen) -> str:  # noqa: ARG001
    """Render as GitHub-flavoured Markdown, for a comment on a change."""
    parts = [summary(found)]
    if found.changes:
        rows = [
            (code(change.input), code(change.cell), code(change.metric), *figures(change),
             direction(change))
            for change in found.changes
        ]  # fmt: skip
        parts.append(table(("input", "cell", "figure", "old", "new", ""), rows, (3, 4)))
    for word, names in (("added", found.added), ("removed", found.removed)):
        parts += [f"- {word}: {code(of_input)} {code(cell)}" for of_input, cell in names]
    parts += [f"- note: {code(note)}" for note in found.notes]
    return "\n\n".join(parts) + "\n"


DIFF_RENDERERS: dict[str, Callable[[Difference, Screen], str]] = {
    "table": render_table,
    "json": render_json,
    "markdown": render_markdown,
}
