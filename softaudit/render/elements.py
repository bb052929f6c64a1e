"""Rows element by element: logit, exact value, and each cell's value and error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from softaudit.model import RowKind
from softaudit.wording import beside_one, count, minus, place, short, shorten, significant, ulps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from softaudit.model import RowElement, RowTable
    from softaudit.render.screen import Screen

_KINDS = {
    RowKind.NAN: "has NaN: no exact value",
    RowKind.POSITIVE_INFINITY: "has +∞: no exact value",
    RowKind.ALL_MASKED: "has nothing but −∞: no exact value",
    RowKind.LOST_TO_CAST: "lost to the cast: no exact value",
}
GAP = 2


def element_tables(tables: tuple[RowTable, ...], screen: Screen) -> Iterator[RenderableType]:
    """Lay out row tables, as many cells beside each other as the width allows."""
    for table in tables:
        yield _title(table)
        left = _left_columns(table)
        for part in _fitting(list(map(_result_columns, *_by_cell(table))), left, screen.width):
            yield _lay_out([*left, *(column for pair in part for column in pair)])
        if table.left_out:
            smaller = count(table.left_out, "element")
            yield Text(f"{smaller} with smaller errors left out", style="dim")
        yield ""


def _title(table: RowTable) -> Text:
    row = f"  row {place(table.index)}" if table.index else ""
    note = f"  {_KINDS[table.kind]}" if table.kind in _KINDS else ""
    known = table.condition is not None
    number = f"  condition number {significant(table.condition)}" if known else ""
    name = f"{table.function} {table.format}"
    return Text.assemble((name, "bold"), row, (number, "dim"), (note, "red"))


Column = list[Text]


def _left_columns(table: RowTable) -> list[Column]:
    exact = [Text("exact"), *(Text(exact_text(e.exact)) for e in table.elements)]
    if table.function == "logsumexp":
        return [exact]
    numbers = [Text(""), *(Text(str(e.column)) for e in table.elements)]
    return [numbers, [Text("logit"), *(Text(_logit(e)) for e in table.elements)], exact]


def _by_cell(table: RowTable) -> tuple[list[str], list[RowTable]]:
    names = list(table.elements[0].results)
    return names, [table] * len(names)


def _result_columns(name: str, table: RowTable) -> tuple[Column, Column]:
    results = [e.results[name] for e in table.elements]
    values = [Text(_label(name)), *(_value(r.computed) for r in results)]
    return values, [Text("ULP"), *(_error(r.ulp) for r in results)]


def _label(name: str) -> str:
    """Name a cell beside others of its function and format: `stable in float32 +flush`."""
    _, arithmetic, algorithm = name.split("/")
    formats, *modes = arithmetic.split("+")
    storage, *rest = formats.split(":")
    compute, accumulate, order = [*rest, *("", "", "")[len(rest) :]]
    words = [algorithm]
    words += [f"in {compute}"] if compute not in ("", storage) else []
    words += [f"summed in {accumulate}"] if accumulate not in ("", compute) else []
    return " ".join((*words, *filter(None, [order]), *(f"+{mode}" for mode in modes)))


def _fitting(
    pairs: list[tuple[Column, Column]], left: list[Column], screen_width: int
) -> Iterator[list[tuple[Column, Column]]]:
    """Cut the cells' columns into parts that fit beside the left columns."""
    room = screen_width - sum(_width(c) + GAP for c in left)
    part: list[tuple[Column, Column]] = []
    used = 0
    for pair in pairs:
        need = sum(_width(c) + GAP for c in pair)
        if part and used + need > room + GAP:
            yield part
            part, used = [], 0
        part.append(pair)
        used += need
    yield part


def _width(column: Column) -> int:
    return max(len(text) for text in column)


def _lay_out(columns: list[Column]) -> Table:
    grid = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="dim")
    for head, *_ in columns:
        grid.add_column(head, justify="right", no_wrap=True)
    for row in zip(*(column[1:] for column in columns), strict=True):
        grid.add_row(*row)
    return grid


def _logit(element: RowElement) -> str:
    x, rounded = element.logit, element.rounded
    if x is None or rounded is None:
        return ""
    before, after = _number(x), _number(rounded)
    return before if before == after else f"{before} → {after}"


def _number(value: float) -> str:
    finite = abs(value) < float("inf")
    return shorten(repr(value), 5) if finite and value != 0 else short(value)


def exact_text(decimal: str | None) -> str:
    """Shorten an exact value; beside 1, say how far."""
    if decimal is None or decimal.endswith("inf"):
        return "–" if decimal is None else minus(decimal)
    return beside_one(decimal) or shorten(decimal, 8)


def _value(value: float) -> Text:
    finite = abs(value) < float("inf")
    if finite and value != 0:
        return Text(shorten(repr(value), 6))
    return Text(short(value), "" if finite else "red")


def _error(ulp: float | None) -> Text:
    text = ulps(ulp)
    return Text(text, "bold red" if text == "∞" else "dim")
