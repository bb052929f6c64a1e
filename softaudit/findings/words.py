"""What sentences of several kinds have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.grouping import grouped
from softaudit.wording import NO_BREAK, count, place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from softaudit.model import Audit, Cell, CellKey, Event

WHY = {
    "absorption": f"where p{NO_BREAK}>{NO_BREAK}½",
    "cancellation": "where m and the logarithm of the sum nearly cancel",
    "shift-absorption": "where m absorbs the logarithm of the sum",
    "argument-rounding": "from rounding x − m",
    "log-of-zero": "where the logarithm is taken of a 0",
    "saturation": "where exponentials or their sum end at the largest number",
    "flush": "where subnormal numbers become 0",
    "sum-stall": "where the accumulator stalls",
    "exp-underflow": "where the exponential is subnormal",
}
"""What the causes of large errors are said to do; see `why` for what is rounded."""


def why(cause: str, rounded: str) -> str:
    """Say what a cause does, with what is rounded before exp."""
    return WHY[cause].replace("x − m", rounded)


def what_is_rounded(audit: Audit) -> str:
    """Name what naive and stable round before exp, at the audit's temperature."""
    return "x − m" if audit.temperature == 1.0 else "x/T and x − m"


def arithmetic_words(key: CellKey) -> str:
    """Name a cell's arithmetic in words: `float16 in float32`."""
    a = key.arithmetic
    words = [a.storage.name]
    words += [f"in {a.compute.name}"] if a.compute != a.storage else []
    words += [f"summed in {a.accumulate.name}"] if a.accumulate != a.compute else []
    words += [a.order] if a.order != "pairwise" else []
    words += ["+flush"] if a.flushes else []
    words += ["+saturate"] if a.saturates else []
    return " ".join(words)


def where(event: Event, what: str) -> str:
    """Give `3 results, 2 rows, first (0, 1)`."""
    rows = count(event.rows, "row")
    return f"{count(event.count, what)}, {rows}, first {place(event.first)}"


def names(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Give the names of some cells."""
    return tuple(cell.key.name for cell in cells)


def by_format(audit: Audit, name: str) -> Iterator[tuple[str, Event, list[Cell]]]:
    """Give, for an event that logits and storage format bring about, format, event and cells."""
    found = grouped(
        ((cell.key.arithmetic.storage.name, cell.events[name]), cell)
        for cell in audit.cells
        if name in cell.events
    )
    yield from ((form, event, cells) for (form, event), cells in found.items())
