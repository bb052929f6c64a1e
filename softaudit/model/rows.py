"""Some rows of what travels in blocks."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from softaudit.model.enclosure import Decision, Enclosure
from softaudit.model.output import Output, Steps
from softaudit.model.problem import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

BlockT = TypeVar("BlockT", Problem, Output, Steps, Enclosure, Decision)


def take_rows(block: BlockT, rows: NDArray[np.bool_]) -> BlockT:
    """Give the same object with some of its rows; the object itself where that is all of them."""
    if rows.all():
        return block
    parts: Any = {f.name: _take(getattr(block, f.name), rows) for f in fields(block)}
    return type(block)(**parts)


def _take(part: Any, rows: NDArray[np.bool_]) -> Any:
    if isinstance(part, np.ndarray):
        return part[rows]
    if isinstance(part, Steps):
        return take_rows(part, rows)
    return take_rows(part, rows) if isinstance(part, Enclosure) else part
