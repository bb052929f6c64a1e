"""Whole rows: how far probabilities are from adding up to 1, and how much the zeros lost."""

from __future__ import annotations

from math import fsum, isnan
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from softaudit.metrics.judged import Judged


class Rows:
    """Extremes over rows of a softmax; None for other functions.

    Attributes
    ----------
    defect : float or None
        Largest |Σ v − 1|, the sum exact; ∞ where a row has a result that is not finite.
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
        self.defect = max(self.defect or 0.0, *map(_defect, judged.output.values.tolist()))
        self.lost_mass = max(self.lost_mass or 0.0, *_lost_masses(judged))

    def merge(self, other: Rows) -> None:
        """Take in what another process counted."""
        if other.defect is not None and other.lost_mass is not None:
            self.defect = max(self.defect or 0.0, other.defect)
            self.lost_mass = max(self.lost_mass or 0.0, other.lost_mass)


def _defect(row: list[float]) -> float:
    row.append(-1.0)
    try:
        size = abs(fsum(row))
    except (OverflowError, ValueError):
        return float("inf")
    return float("inf") if isnan(size) else size


def _lost_masses(judged: Judged) -> list[float]:
    y = judged.verdict.enclosure
    lost = (judged.output.values == 0) & (y.high > 0)
    exponent = y.exponent[lost]
    mass = np.concatenate([np.ldexp(y.high[lost], exponent), np.ldexp(y.low[lost], exponent)])
    ends = np.cumsum(np.count_nonzero(lost, axis=-1))[:-1]
    half = len(exponent)
    return [
        fsum([*high, *low])
        for high, low in zip(np.split(mass[:half], ends), np.split(mass[half:], ends), strict=True)
    ]
