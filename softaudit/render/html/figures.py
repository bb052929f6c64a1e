"""Figures as a page has them: what people read, and beside it the whole number."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from softaudit.figures import FIGURES
from softaudit.render import columns
from softaudit.sources.opening import printable
from softaudit.wording import NO_BREAK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from softaudit.model import Cell

COLUMNS = ("not-finite", "premature", "forced", "p50", "p99", "max", "correct")
"""What an input says of each cell, by the names of the terminal's columns."""

COLUMNS_OF_CELLS = ("not-finite", "premature", "forced", "subnormal", "mean", "p50", "p99",
                    "p99.9", "max", "correct", "row-sum")  # fmt: skip
"""What the table of cells says."""

RATIOS = ("ratio-p99", "ratio-max")
"""What it says besides of cells that stand against others."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes
    ----------
    text : str
        As the terminal has it.
    value : str
        All digits, as in the contract; "" where not applicable.
    is_alarming : bool
        Whether it says that something broke.
    """

    text: str
    value: str
    is_alarming: bool = False


def figure(cell: Cell, column: str) -> Figure:
    """Give what a column of the terminal's table says of a cell."""
    text = columns.COLUMNS[column].show(cell)
    return Figure(text, whole(value(cell, column)), columns.alarming(column, text))


def columns_of(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Give what the table of these cells says."""
    return (*COLUMNS_OF_CELLS, *(RATIOS if columns.any_beside(cells) else ()))


def value(cell: Cell, column: str) -> float | None:
    """Give the number that a column shows."""
    name = columns.FIGURES[column]
    if name.startswith("events."):
        event = cell.events.get(name.removeprefix("events."))
        return event.count if event else 0
    return FIGURES[name](cell)


def whole(number: float | None) -> str:
    """Give all digits of a number, as JSON has them; "" for none."""
    if number is None:
        return ""
    return repr(number) if isfinite(number) else str(float(number))


def spoken(text: str) -> str:
    """Give a sentence or a name for a page: blanks that do not break, no control characters."""
    return "\u00a0".join(printable(part) for part in text.split(NO_BREAK))
