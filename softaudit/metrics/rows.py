"""Whole rows: how far probabilities are from adding up to 1, and how much the zeros lost."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.row_sums import by_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.metrics.judged import Judged

_EXACT_BELOW = 2.0**-60


class Rows:
    """Extremes over rows of a softmax; None for other functions.

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
        self._unfinished: NDArray[np.float64] | None = None

    def add(self, judged: Judged) -> None:
        """Take in a block; of a long row its windows, one after the other."""
        if judged.key.function != "softmax" or len(judged.numbers) == 0:
            return
        v = judged.output.values
        sums = np.stack([*judged.row_sums, _lost(judged)])
        if self._unfinished is not None:
            with np.errstate(invalid="ignore"):
                sums += self._unfinished
        self._unfinished = None if judged.window.is_last else sums
        if not judged.window.is_last:
            return
        with np.errstate(invalid="ignore"):
            defect = np.abs((sums[0] - 1.0) + sums[1])
        if judged.window.is_first:
            for i in np.flatnonzero((defect > 0) & (defect < _EXACT_BELOW)):
                defect[i] = abs(fsum([*v[i].tolist(), -1.0]))  # what rounding lost may show here
        defect[~np.isfinite(defect)] = np.inf
        self.defect = max(self.defect or 0.0, float(defect.max()))
        self.lost_mass = max(self.lost_mass or 0.0, float(sums[2].max()))

    def merge(self, other: Rows) -> None:
        """Take in what was counted of other rows."""
        if other.defect is not None and other.lost_mass is not None:
            self.defect = max(self.defect or 0.0, other.defect)
            self.lost_mass = max(self.lost_mass or 0.0, other.lost_mass)


def _lost(judged: Judged) -> NDArray[np.float64]:
    """Sum the exact probabilities of each row's zeros, within 2^−40 relatively."""
    v, y = judged.output.values, judged.decision.enclosure
    if judged.least > 0:
        return np.zeros(len(v))
    lost = np.where(v == 0, y.high, 0.0)
    far = y.far()
    if far.size:
        lost.put(far, np.ldexp(lost.take(far), y.exponent.take(far)))
    return by_chunks(lost)
