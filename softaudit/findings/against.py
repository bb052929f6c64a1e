"""How cells stand against those of a trusted algorithm, the worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.findings.finding import Finding
from softaudit.findings.words import arithmetic_words, names
from softaudit.grouping import grouped
from softaudit.wording import NO_BREAK, significant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from softaudit.model import Audit, Cell

MOST_CELLS = 5
"""How many cells are told of one by one."""


def against(audit: Audit) -> Iterator[Finding]:
    """Say how many times the trusted algorithm's errors the others' are."""
    return beside(audit.cells)


def beside(cells: Iterable[Cell]) -> Iterator[Finding]:
    """Say the same of the cells of one audit, or of the summary of many."""
    by_trusted = grouped((c.against.rpartition("/")[2], c) for c in cells if c.against is not None)
    for trusted, standing in by_trusted.items():
        ranked = sorted((cell for cell in standing if _times(cell, "max") is not None), key=_rank)
        if ranked:
            yield Finding("against", names(ranked), None, f"{trusted}: {_told(ranked)}")


def _told(ranked: list[Cell]) -> str:
    told = [_sizes(cell, whole=not i) for i, cell in enumerate(ranked[:MOST_CELLS])]
    if len(ranked) > MOST_CELLS:
        most = significant(_times(ranked[MOST_CELLS], "max"))
        told.append(f"{len(ranked) - MOST_CELLS} more at most {most} ×".replace(" ", NO_BREAK))
    return "; ".join(told)


def _sizes(cell: Cell, *, whole: bool) -> str:
    """Give `softmax float16 naive 2.4 × at worst, 1.1 × at p99`, then without these words."""
    worst, p99 = (significant(_times(cell, name)) for name in ("max", "p99"))
    sizes = (f"{worst} × at worst", f"{p99} × at p99") if whole else (f"{worst} ×", f"{p99} ×")
    name = f"{cell.key.function} {arithmetic_words(cell.key)} {cell.key.variant}"
    return f"{name} {', '.join(size.replace(' ', NO_BREAK) for size in sizes)}"


def _rank(cell: Cell) -> tuple[float, float]:
    return -(_times(cell, "max") or 0.0), -(_times(cell, "p99") or 0.0)


def _times(cell: Cell, name: str) -> float | None:
    return None if cell.ratio is None else cell.ratio[f"ulp.{name}"]
