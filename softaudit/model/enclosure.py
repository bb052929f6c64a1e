"""What the judge knows of exact values, and what that decides for a format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

PLAIN = 900
"""Binades within which an enclosure needs no exponent, and products with its scale are normal."""

TIERS = ("double_word", "enclosed_sum", "mpmath", "undecided")
"""By what values are settled, and those that nothing settles; see `ReferenceUse`."""


@dataclass(frozen=True, slots=True, eq=False)
class Enclosure:
    """Proven bounds of exact values: |y / 2^exponent − (high + low)| ≤ radius · |high|.

    All arrays have one shape, that of the function's values; `exponent`, `radius` and `side` may
    be one number that is broadcast, and none is written to.

    Attributes
    ----------
    high : ndarray of float64
        The double next to y / 2^exponent; 0 for y = 0, ±∞ where y is infinite, NaN where y is not
        defined.
    low : ndarray of float64
        |low| ≤ half an ulp of `high`.
    exponent : ndarray of int64
        0 where |y| lies within 2^±PLAIN; elsewhere `high` is in ±[1, 2).  Clamped from below at
        `formats.LEAST_BINADE`, where the radius spans 0.
    radius : ndarray of float64
        Relative; 0 where (high, low) is exact.
    side : ndarray of int8
        A one-sided fact that no precision would show: −1 where y < (high + low) · 2^exponent is
        known strictly, +1 where y > it is; 0 where nothing is known.
    """

    high: NDArray[np.float64]
    low: NDArray[np.float64]
    exponent: NDArray[np.int64]
    radius: NDArray[np.float64]
    side: NDArray[np.int8]

    def far(self) -> NDArray[np.int64]:
        """Give the places, in the flattened arrays, of values that carry an exponent."""
        if not any(self.exponent.strides):
            some = self.exponent.size and self.exponent.flat[0] != 0
            return np.arange(self.exponent.size if some else 0)
        return np.flatnonzero(self.exponent)


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """What the enclosure decides for one format; the arrays have the enclosure's shape.

    Attributes
    ----------
    enclosure : Enclosure
    rounded : ndarray of float64
        round(y): the correctly rounded result.
    ulp : ndarray of float64
        ulp(y) in the format; anything where y is not real.
    tiers : mapping of str to int
        Values that the enclosure left open, by what settled them; "undecided" are still open.
    """

    enclosure: Enclosure
    rounded: NDArray[np.float64]
    ulp: NDArray[np.float64]
    tiers: Mapping[str, int] = field(default_factory=dict)
