"""Where a step costs far more than rounding, in results that are finite."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from softaudit.algorithms import ALGORITHMS
from softaudit.findings.finding import Finding
from softaudit.findings.words import WHY, arithmetic_words, names, what_is_rounded, where, why
from softaudit.grouping import grouped
from softaudit.metrics import WORTH_TELLING
from softaudit.plan import DEFAULT_ALGORITHMS
from softaudit.wording import NO_BREAK, significant, ulps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.model import Audit, Cell, Worst


def loses(audit: Audit) -> Iterator[Finding]:
    """Give, for each cause and function, what it costs every arithmetic at worst."""
    losses = grouped(
        ((worst.cause, cell.key.function), (worst, cell))
        for cell in audit.cells
        for worst in _one_per_cause(cell)
        if _is_told(worst, cell) and WORTH_TELLING < worst.ulp < float("inf")
    )
    for (cause, function), pairs in losses.items():
        cells = [cell for _, cell in pairs]
        most = max(cells, key=lambda cell: cell.causes[cause].count)
        text = (
            f"{function} {_why(cause, function, cells, audit)}: "
            f"{', '.join(_by_arithmetic(pairs))}; up to {where(most.causes[cause], 'result')}"
        )
        yield Finding("loses", names(cells), cause, text)


def _one_per_cause(cell: Cell) -> Iterator[Worst]:
    """Give the worst element of each cause, of somebody else's results too, with several of one."""
    found = {worst.cause: worst for worst in reversed(cell.worst) if worst.ulp < float("inf")}
    yield from (worst for worst in cell.worst if found.get(worst.cause) is worst)


def _is_told(worst: Worst, cell: Cell) -> bool:
    """Tell whether a cause is said to lose, and is counted: others' have a limit of their own."""
    ours = cell.key.algorithm in ALGORITHMS[cell.key.function]
    return worst.cause in cell.causes and (worst.cause in WHY or not ours)


def _why(cause: str, function: str, cells: list[Cell], audit: Audit) -> str:
    if (function, cause) == ("logsumexp", "absorption"):
        return "where the sum is near 1"
    if cause == "rounding":
        return "in steps that the outputs do not show"
    usual = all(cell.key.algorithm in DEFAULT_ALGORITHMS for cell in cells)
    return why(cause, what_is_rounded(audit) if usual else "what goes into exp")


def _by_arithmetic(pairs: list[tuple[Worst, Cell]]) -> Iterator[str]:
    """Give `float16 2037 ULP (relative 1.0)`, then the others without the words."""
    groups = groupby(pairs, lambda pair: arithmetic_words(pair[1].key))
    for i, (words, group) in enumerate(groups):
        of_group = list(group)
        worst, _ = max(of_group, key=lambda pair: pair[0].ulp)
        size, relative = ulps(worst.ulp), significant(worst.relative)
        told = f"{size} ({relative})" if i else f"{size} ULP (relative {relative})"
        name = " ".join((words, *_unusual([c for w, c in of_group if ulps(w.ulp) == size])))
        yield f"{name} {told.replace(' ', NO_BREAK)}"


def _unusual(cells: list[Cell]) -> list[str]:
    """Name the algorithms, unless one is among those that everybody asks for."""
    if any(cell.key.algorithm in DEFAULT_ALGORITHMS for cell in cells):
        return []
    return [" and ".join(dict.fromkeys(cell.key.variant for cell in cells))]
