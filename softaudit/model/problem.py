"""The question that algorithm and judge both answer, and which rows have one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from softaudit.formats import Format


class RowKind(IntEnum):
    """What becomes of a row: judged, or out of the statistics and counted by kind."""

    AUDITED = 0
    NAN = 1
    POSITIVE_INFINITY = 2
    ALL_MASKED = 3
    LOST_TO_CAST = 4


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """The question that algorithm and judge both answer: logits after rounding to a format.

    Attributes
    ----------
    logits : ndarray of float64, shape (rows, columns)
        x, as read.
    values : ndarray of float64, shape (rows, columns)
        x̂ = round(x), exact in float64.
    format : Format
        The storage format, in which results are judged.
    temperature : float
        T̂ = round(T).
    """

    logits: NDArray[np.float64]
    values: NDArray[np.float64]
    format: Format
    temperature: float
