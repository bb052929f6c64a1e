"""What is asked of a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from softaudit.model.key import CellKey


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask of a source.

    Attributes
    ----------
    keys : tuple of CellKey
        The cells, in display order.
    temperature : float
        T, positive and finite.
    reference : str
        How the judge works: a key of `softaudit.reference.METHODS`.
    worst : int
        How many worst elements a cell keeps, one per cause.
    sample : int or None
        So many rows, evenly spaced, instead of all.
    row : tuple of int or None
        Index of the one row to audit.
    elements : bool
        Whether to show the rows element by element as well.
    skipped : tuple of SkippedCell
        Cells that were asked for and do not exist.
    limit : float or None
        Errors in ulp above which somebody else's outputs are counted in `Cell.causes`; None for
        `metrics.WORTH_TELLING`.
    elementary : str
        Whose exp and log all cells use in wide formats: a key of
        `softaudit.arithmetic.ELEMENTARY`.
    logits_format : str or None
        What logits are rounded to for the problem of every cell; None for its storage format.
    """

    keys: tuple[CellKey, ...]
    temperature: float = 1.0
    reference: str = "certified"
    worst: int = 5
    sample: int | None = None
    row: tuple[int, ...] | None = None
    elements: bool = False
    skipped: tuple[SkippedCell, ...] = ()
    limit: float | None = None
    elementary: str = "numpy"
    logits_format: str | None = None


@dataclass(frozen=True, slots=True)
class SkippedCell:
    """A cell that could not be asked, and why."""

    cell: str
    reason: str
