"""What becomes of a cell, in one word: the one place that draws the lines between the words.

Findings say it in sentences, tables by colors, and the study of temperatures looks for where it
changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from softaudit.metrics import WORTH_TELLING

if TYPE_CHECKING:
    from softaudit.model import Cell

State = Literal["breaks", "loses", "holds", "skipped"]


def state_of(cell: Cell) -> State:
    """Say whether a cell breaks, loses or holds; it is skipped where no row could be judged.

    It loses if one of its errors is above `metrics.WORTH_TELLING`.
    """
    if is_broken(cell) or cell.overflow["forced"]:
        return "breaks"
    if not cell.elements:
        return "skipped"
    return "loses" if (cell.ulp["max"] or 0.0) > WORTH_TELLING else "holds"


def is_broken(cell: Cell) -> bool:
    """Whether results are not finite, or 0, that should not be, or the cast took whole rows."""
    happened = any(event.count for event in cell.breaks.values())
    return bool(happened or cell.overflow["mismatch"] or cell.rows["lost_to_cast"])
