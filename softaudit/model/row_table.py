"""One row, element by element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from softaudit.model.key import Function
    from softaudit.model.problem import RowKind


@dataclass(frozen=True, slots=True)
class ElementResult:
    """What one cell made of one element; the error is None where none is defined."""

    computed: float
    ulp: float | None


@dataclass(frozen=True, slots=True)
class RowElement:
    """One element of a row, in one storage format.

    Attributes
    ----------
    column : int or None
        Place in the row; None for a function of the whole row.
    logit, rounded : float or None
        x as read, and x̂.
    exact : str or None
        Decimal, 25 significant digits; None where the row has no answer.
    results : mapping of str to ElementResult
        By the cell's name.
    """

    column: int | None
    logit: float | None
    rounded: float | None
    exact: str | None
    results: Mapping[str, ElementResult]


@dataclass(frozen=True, slots=True)
class RowTable:
    """One row, element by element, for one function and storage format.

    `left_out` elements of a long row are not in it: those with the smallest errors.  `condition` is
    the row's condition number, None where it has no answer, or an infinite one.
    """

    index: tuple[int, ...]
    function: Function
    format: str
    kind: RowKind
    elements: tuple[RowElement, ...]
    left_out: int
    condition: float | None = None
