"""Cells beside those of a trusted algorithm: how many times its errors are a candidate's.

An error of 40 ULP says little of a kernel whose inputs cost everybody 32.  So the three-way verdict
of FlashAttention's tests, and of Ascend's msprobe, is offered: candidate and trusted one are both
judged against the exact values, on the same data, and their figures are divided.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from softaudit.errors import OptionError
from softaudit.figures import OWN_FIGURES, SIZES
from softaudit.grouping import grouped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from softaudit.model import Audit, Cell, CellKey


def with_ratios(audit: Audit, trusted: str) -> Audit:
    """Set an audit's cells against those of a trusted algorithm.

    Parameters
    ----------
    audit : Audit
    trusted : str
        The algorithm part of its cells' names: `torch`, `stable`, `blockwise:32`.

    Returns
    -------
    Audit
        Each cell with its ratios to the trusted one's cell of the same function and storage format,
        saturating or not: the one in the default arithmetic if there is one, or else the first.
        That cell itself has none, nor has one without such a counterpart.

    Raises
    ------
    OptionError
        If no cell that was asked for has the trusted algorithm.

    See Also
    --------
    ratio : How figures are divided.
    """
    if trusted not in _asked(audit):
        names = ", ".join(dict.fromkeys(cell.key.variant for cell in audit.cells))
        raise OptionError(
            f"{audit.source.input}: no cell is {trusted}'s, against which the others are to stand: "
            f"there are {names or 'none'}"
        )
    return replace(audit, cells=tuple(against(audit.cells, trusted)), trusted=trusted)


def _asked(audit: Audit) -> Iterator[str]:
    """Give the algorithms that were asked for; a trusted one may have answered nothing."""
    for cell in audit.cells:
        yield from (cell.key.variant, cell.key.algorithm)
    for skipped in audit.skipped:
        yield skipped.cell.rpartition("/")[2]


def against(cells: Sequence[Cell], trusted: str | None) -> Iterator[Cell]:
    """Give cells with their ratios to a trusted algorithm's, or with none; see `with_ratios`."""
    counterparts = _counterparts(cells, trusted)
    for cell in cells:
        other = counterparts.get(_question(cell.key))
        if other is None or other is cell:
            yield replace(cell, against=None, ratio=None)
        else:
            yield replace(cell, against=other.key.name, ratio=ratios(cell, other))


def is_trusted(audit: Audit, cell: Cell) -> bool:
    """Tell whether a cell is one that others stand against, and for that has no ratio itself."""
    of_trusted = audit.trusted in (cell.key.variant, cell.key.algorithm)
    return of_trusted and cell.against is None


def ratios(cell: Cell, trusted: Cell) -> dict[str, float | None]:
    """Divide the sizes of a cell's errors by those of a trusted one's, by dotted name."""
    return {name: ratio(OWN_FIGURES[name](cell), OWN_FIGURES[name](trusted)) for name in SIZES}


def ratio(candidate: float | None, trusted: float | None) -> float | None:
    """Give candidate / trusted, of two sizes of errors.

    Notes
    -----
    Equal ones give 1, two zeros and two infinities too: the candidate is no worse.  Otherwise ∞
    over 0, or over anything finite, is ∞, as is everything above 0 over 0; what is finite over ∞
    is 0.  None where either is None: not applicable.
    """
    if candidate is None or trusted is None:
        return None
    if candidate == trusted:
        return 1.0
    return candidate / trusted if trusted else inf


def _counterparts(cells: Iterable[Cell], trusted: str | None) -> dict[tuple[str, str, bool], Cell]:
    """Give for every question the cell that answers for the trusted algorithm."""
    found = grouped(
        (_question(cell.key), cell)
        for cell in cells
        if trusted in (cell.key.variant, cell.key.algorithm)
    )
    return {question: min(of, key=_is_unusual) for question, of in found.items()}


def _question(key: CellKey) -> tuple[str, str, bool]:
    return key.function, key.arithmetic.storage.name, key.arithmetic.saturates


def _is_unusual(cell: Cell) -> bool:
    """Whether arithmetic or block size is not the default; of equals the first is the least."""
    name = f"{cell.key.arithmetic.storage.name}{'+saturate' * cell.key.arithmetic.saturates}"
    return cell.key.arithmetic.name != name or cell.key.block_size is not None
