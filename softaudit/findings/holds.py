"""The narrowest cell that does not break, of each function."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from softaudit.findings.finding import Finding
from softaudit.metrics import WORTH_TELLING
from softaudit.state import state_of
from softaudit.wording import NO_BREAK, ulps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from softaudit.model import Audit, Cell


def holds(audit: Audit) -> Iterator[Finding]:
    """Name, for each function, the narrowest format and algorithm, or say that there is none."""
    return narrowest(audit.cells)


def narrowest(cells: Iterable[Cell], among: str = "") -> Iterator[Finding]:
    """Name the narrowest that does not break among cells of one audit, or of the summary of many.

    Parameters
    ----------
    cells : iterable of Cell
        Those of one function one after the other.
    among : str
        What the narrowest is said to be the narrowest of, with a blank before it.
    """
    for function, group in groupby(cells, lambda cell: cell.key.function):
        judged = [c for c in group if c.elements]
        sound = [c for c in judged if state_of(c) != "breaks"]
        if not judged:
            yield Finding("holds", (), None, f"{function}: no row could be judged")
        elif not sound:
            yield Finding("holds", (), None, f"{function}: nothing; every format asked for breaks")
        else:
            yield _narrowest(sound, among)


def _narrowest(cells: list[Cell], among: str) -> Finding:
    best = min(cells, key=lambda cell: (_width(cell), _p99(cell)))
    size = f"p99{NO_BREAK}{ulps(_p99(best))}, max{NO_BREAK}{ulps(best.ulp['max'])}"
    cast = best.cast_error["max"] or 0.0
    beside = f", rounding the logits costs {ulps(cast)}" if cast >= WORTH_TELLING else ""
    text = f"narrowest{among}: {best.key.name} ({size}{NO_BREAK}ULP{beside})"
    return Finding("holds", (best.key.name,), None, text)


def _width(cell: Cell) -> int:
    return cell.key.arithmetic.storage.dtype.itemsize


def _p99(cell: Cell) -> float:
    return float(cell.ulp["p99"] or 0.0)
