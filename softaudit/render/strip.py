"""One line of a plot over log T: a sign for each column, and an axis below."""

from __future__ import annotations

from math import ceil, floor, log, log2, log10
from typing import TYPE_CHECKING

from softaudit.wording import exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.studies.swept import Point, SweptCell

BREAKS, SKIPPED, ROUNDED = "×", "–", "·"
BARS = "▁▂▃▄▅▆▇█"
OCTAVES = 3
"""Binary orders of magnitude from one bar to the next; the first ends where losing begins, at 4."""

LEGEND = (
    f"Largest error over log T: {ROUNDED} up to ½ ULP, {BARS[0]} up to 4, each higher bar up to 8 "
    f"times as much; {BREAKS} breaks, {SKIPPED} skipped."
)


class Axis:
    """Temperatures on so many columns, evenly in log T.

    Parameters
    ----------
    low, high : float
        The temperatures at its ends.
    width : int
        Columns.
    """

    def __init__(self, low: float, high: float, width: int) -> None:
        self.low, self.high, self.width = low, high, width

    def place(self, temperature: float) -> float:
        """Give the place of a temperature, in columns from the left end."""
        part = (log(temperature) - log(self.low)) / (log(self.high) - log(self.low))
        return min(part * self.width, self.width - 0.5)

    def strip(self, cell: SweptCell) -> str:
        """Draw a cell up to its last point: in a column the worst in it, or of none the nearest."""
        places = [(self.place(point.temperature), point) for point in cell.points]
        signs = []
        for column in range(int(places[-1][0]) + 1):
            inside = [point for place, point in places if int(place) == column]
            nearest = min(places, key=lambda pair: abs(pair[0] - column - 0.5))[1]
            signs.append(sign(max(inside or [nearest], key=_badness)))
        return "".join(signs)

    def labels(self) -> str:
        """Give temperatures below their columns: both ends, and of the rest what has room."""
        line = [" "] * self.width
        for temperature in (self.low, self.high, *self._round_ones()):
            text = exactly(temperature, 3)
            middle = int(self.place(temperature)) - (len(text) - 1) // 2
            start = max(0, min(middle, self.width - len(text)))
            around = line[max(0, start - 1) : start + len(text) + 1]
            if not "".join(around).strip():
                line[start : start + len(text)] = text
        return "".join(line)[: self.width].rstrip()

    def _round_ones(self) -> Iterator[float]:
        decades = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        for figure in (1, 5, 2) if len(decades) < 7 else (1,):
            for decade in decades:
                temperature = float(f"{figure}e{decade}")
                if self.low < temperature < self.high:
                    yield temperature


def sign(point: Point) -> str:
    """Give the sign of a point."""
    if point.state == "breaks":
        return BREAKS
    if point.state == "skipped":
        return SKIPPED
    if point.largest <= 0.5:
        return ROUNDED
    return BARS[int(min(max(ceil(log2(point.largest / 4) / OCTAVES), 0), len(BARS) - 1))]


def _badness(point: Point) -> tuple[bool, float]:
    return point.state == "breaks", point.largest
