"""One cell in the making."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics import (
    Bounds,
    Excess,
    Places,
    Quality,
    Range,
    Rows,
    UlpErrors,
    WorstElements,
)
from softaudit.model import RowKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.metrics import ByAxis, Judged
    from softaudit.model import Window


@dataclass(slots=True)
class Tally:
    """What a cell has counted so far."""

    ulp: UlpErrors = field(default_factory=UlpErrors)
    range: Range = field(default_factory=Range)
    rows: Rows = field(default_factory=Rows)
    excess: Excess = field(default_factory=Excess)
    quality: Quality = field(default_factory=Quality)
    worst: WorstElements = field(default_factory=WorstElements)
    bounds: Bounds = field(default_factory=Bounds)
    by_axis: ByAxis | None = None
    elements: int = 0
    degenerate: dict[RowKind, tuple[Places, tuple[float, ...]]] = field(default_factory=dict)

    def add(self, judged: Judged) -> None:
        """Take in a block's audited rows."""
        self.range.add(judged)
        self.bounds.add(judged)
        if judged.key.function == "logsumexp" and not judged.window.is_first:
            return  # the row's one result was taken in with its first window
        self.elements += judged.output.values.size
        for metric in (self.ulp, self.rows, self.excess, self.quality, self.worst):
            metric.add(judged)
        if self.by_axis is not None:
            self.by_axis.add(judged)

    def merge(self, other: Tally) -> None:
        """Take in what another tally counted of other rows."""
        self.elements += other.elements
        self.ulp.merge(other.ulp)
        self.range.merge(other.range)
        self.rows.merge(other.rows)
        self.excess.merge(other.excess)
        self.quality.merge(other.quality)
        self.worst.merge(other.worst)
        self.bounds.merge(other.bounds)
        if self.by_axis is not None and other.by_axis is not None:
            self.by_axis.merge(other.by_axis)
        for kind, (places, returned) in other.degenerate.items():
            mine, first = self.degenerate.setdefault(kind, (Places(), returned))
            earlier = mine.first is None or (places.first or mine.first) < mine.first
            self.degenerate[kind] = (mine, returned if earlier else first)
            mine.merge(places)

    def note_degenerate(
        self,
        kinds: NDArray[np.int8],
        numbers: NDArray[np.int64],
        values: NDArray[np.float64],
        window: Window,
    ) -> None:
        """Note the rows of a block that are not audited, and what the first of a kind returned."""
        for kind in RowKind:
            rows = kinds == kind
            if kind is RowKind.AUDITED or not rows.any():
                continue
            first = int(np.argmax(rows))
            returned = tuple(np.unique(values[first] + 0.0).tolist())  # which makes 0 of −0
            places, known = self.degenerate.setdefault(kind, (Places(), returned))
            if window.is_first:
                places.add(rows[:, None], numbers)
            elif places.first == (int(numbers[first]), 0):
                self.degenerate[kind] = places, tuple(np.unique([*known, *returned]).tolist())
