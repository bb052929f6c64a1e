"""All that is found out about one source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from softaudit.model.cell import Cell
    from softaudit.model.logits import Source
    from softaudit.model.plan import SkippedCell
    from softaudit.model.row_table import RowTable


@dataclass(frozen=True, slots=True)
class ReferenceUse:
    """What the judge did.

    Attributes
    ----------
    method : str
    tiers : mapping of str to int
        Values by what settled them, each counted once for a function and format: "double_word",
        their enclosure; "enclosed_sum", mpmath with the row's sum by double-words; "mpmath" alone;
        "undecided", nothing within the budget.
    ulp_radius : float
        Errors that differ by less are the same, in ulp.
    """

    method: str
    tiers: Mapping[str, int]
    ulp_radius: float

    @property
    def undecided(self) -> int:
        """Values that are still open."""
        return self.tiers["undecided"]

    @property
    def settled_by_mpmath(self) -> int:
        """Values that took more than double-words."""
        return self.tiers["enclosed_sum"] + self.tiers["mpmath"]


@dataclass(frozen=True, slots=True)
class Used:
    """Somebody else's code, or their outputs, that answered in place of algorithms.

    Attributes
    ----------
    name : str
        What stands for the algorithm in the names of its cells.
    version : str or None
        None where it tells none, as outputs do.
    device : str or None
        Where it ran, in full; None of outputs.
    sha256 : str or None
        Of outputs' bytes.
    remarks : mapping of str to tuple of str
        What is to be known of single cells, by their names: that it writes to its input.
    command : str
        The words that name it again on a command line; "" where none do.
    """

    name: str
    version: str | None = None
    device: str | None = None
    sha256: str | None = None
    remarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    command: str = ""

    @property
    def is_outputs(self) -> bool:
        """Whether these are outputs that were there already."""
        return self.sha256 is not None


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """All cells of one source.

    Attributes
    ----------
    source : Source
    temperature : float
    sampled : int or None
        How many rows were taken instead of all.
    reference : ReferenceUse
    cells : tuple of Cell
    skipped : tuple of SkippedCell
    range : tuple of float, or None
        Least and largest finite logit.
    widest : float or None
        The largest gap between finite logits of one row.
    row : tuple of int or None
        Index of the one row that was asked for.
    partial : int or None
        How many rows were done when the work was stopped; None where all were, in every cell.
    tables : tuple of RowTable
        Rows element by element, where they were asked for.
    trusted : str or None
        The trusted algorithm, or implementation, that the others' cells stand against.
    shown_worst : int
        How many worst elements to show.
    elementary : str
        Whose exp and log all cells used in wide formats.
    logits_format : str or None
        What logits were rounded to for the problem of every cell; None for its storage format.
    implementations : tuple of Used
        Who answered in place of algorithms.
    """

    source: Source
    temperature: float
    sampled: int | None
    reference: ReferenceUse
    cells: tuple[Cell, ...]
    skipped: tuple[SkippedCell, ...]
    range: tuple[float, float] | None
    widest: float | None
    row: tuple[int, ...] | None = None
    partial: int | None = None
    tables: tuple[RowTable, ...] = ()
    trusted: str | None = None
    shown_worst: int = 5
    elementary: str = "numpy"
    logits_format: str | None = None
    implementations: tuple[Used, ...] = ()
