"""Rows of narrow formats have few distinct logits, and equal logits have equal answers.

Enclosing each distinct logit of a row once, and spreading what was found, gives the same bits as
enclosing all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.model import Enclosure

if TYPE_CHECKING:
    from numpy.typing import NDArray

NARROW = 8
"""Significant bits up to which rows have logits few enough; float16 has eight times as many."""


class Repeats:
    """The distinct logits of each row of a block.

    Parameters
    ----------
    x : ndarray of float64, shape (rows, columns)
        Numbers of a format whose precision is at most `NARROW`.
    precision : int

    Attributes
    ----------
    values : ndarray of float64, shape (distinct, 1)
    rows : ndarray of int64, shape (distinct,)
        Which row each belongs to.
    """

    def __init__(self, x: NDArray[np.float64], precision: int) -> None:
        # Sign, eight bits of exponent, and p − 1 of the significand.
        width, rest = precision + 8, np.uint32(24 - precision)
        codes = (x.astype(np.float32).view(np.uint32) >> rest).astype(np.int64)
        codes += (np.arange(len(x)) << width)[:, None]
        seen = np.zeros(len(x) << width, dtype=np.bool_)
        seen[codes] = True
        distinct = np.flatnonzero(seen)
        place = np.empty(seen.size, dtype=np.int32)
        place[distinct] = np.arange(distinct.size)
        self._places = place.take(codes)
        self.rows = distinct >> width
        leading = (distinct & ((1 << width) - 1)).astype(np.uint32) << rest
        self.values = leading.view(np.float32).astype(np.float64)[:, None]

    @property
    def few(self) -> bool:
        """Whether it pays."""
        return 4 * self.values.size <= self._places.size

    def spread(self, part: NDArray[Any]) -> NDArray[Any]:
        """Give every logit what was found for its like."""
        if not any(part.strides):
            return np.broadcast_to(part.flat[0], self._places.shape)
        return part.take(self._places)

    def spread_enclosure(self, y: Enclosure) -> Enclosure:
        """Give every logit the enclosure of its like."""
        return Enclosure(*(self.spread(getattr(y, name)) for name in Enclosure.__slots__))
