"""Whole rows: how far probabilities are from adding up to 1, and how much the zeros lost."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

import numpy as np

from softaudit.reference.double_word import DoubleWord, total

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.metrics.judged import Judged


class Rows:
    """Extremes over rows of a softmax; None for other functions.

    Sums are double-words over a tree that is fixed by position, within 2^−99 of the exact ones.

    Attributes
    ----------
    defect : float or None
        Largest |Σ v − 1|; ∞ where a row has a result that is not finite.
    lost_mass : float or None
        Largest exact probability that one row's zeros add up to.
    """

    def __init__(self) -> None:
        self.defect: float | None = None
        self.lost_mass: float | None = None

    def add(self, judged: Judged) -> None:
        """Take in a block."""
        if judged.key.function != "softmax" or len(judged.numbers) == 0:
            return
        self.defect = max(self.defect or 0.0, _defect(judged.output.values))
        self.lost_mass = max(self.lost_mass or 0.0, _lost_mass(judged))

    def merge(self, other: Rows) -> None:
        """Take in what was counted of other rows."""
        if other.defect is not None and other.lost_mass is not None:
            self.defect = max(self.defect or 0.0, other.defect)
            self.lost_mass = max(self.lost_mass or 0.0, other.lost_mass)


def _defect(v: NDArray[np.float64]) -> float:
    with np.errstate(invalid="ignore", over="ignore"):
        high, low = total(DoubleWord(v, np.zeros_like(v)))
        size = np.abs((high - 1.0) + low)[:, 0]
    for i in np.flatnonzero((size > 0) & (size < 2.0**-70)):
        size[i] = abs(fsum([*v[i].tolist(), -1.0]))  # what the double-words lost may show here
    return float(np.where(np.isnan(size), np.inf, size).max())


def _lost_mass(judged: Judged) -> float:
    y = judged.verdict.enclosure
    lost = (judged.output.values == 0) & (y.high > 0)
    if not lost.any():
        return 0.0
    rows = lost.any(axis=-1)
    high, low, exponent = (np.where(lost, a, 0)[rows] for a in (y.high, y.low, y.exponent))
    mass = total(DoubleWord(np.ldexp(high, exponent), np.ldexp(low, exponent)))
    return float((mass.high + mass.low).max())
