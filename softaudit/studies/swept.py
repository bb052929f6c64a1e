"""What a sweep over temperatures leaves: points, stretches of them that have one state, cells."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from softaudit.metrics import CAUSES

if TYPE_CHECKING:
    from softaudit.model import Cell, CellKey, SkippedCell, Source
    from softaudit.state import State


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """What became of a cell at one temperature.

    Attributes
    ----------
    temperature : float
        T, as it was asked.
    rounded : float
        T̂, in the cell's storage format.
    state : str
        breaks, loses or holds; skipped where T̂ is 0 or not finite, or no row could be judged.
    cell : Cell or None
        The figures, without the histogram, which of a thousand temperatures fills the memory; None
        where T̂ left nothing to ask.
    """

    temperature: float
    rounded: float
    state: State
    cell: Cell | None

    @property
    def cause(self) -> str | None:
        """The step that breaks, or loses most; None where the format is at fault, or nothing is."""
        if self.cell is None or self.state not in ("breaks", "loses"):
            return None
        if self.state == "loses":
            return self.cell.worst[0].cause
        if self.cell.rows["lost_to_cast"]:
            return "cast-overflow"
        if "inf-over-inf" in self.cell.breaks:
            return "exp-overflow"  # of which it is made
        kept = "mismatch" if self.cell.overflow["mismatch"] else None
        return next((cause for cause in CAUSES if cause in self.cell.breaks), kept)

    @property
    def largest(self) -> float:
        """The largest error, in ulp; 0 where there is none."""
        return (self.cell.ulp["max"] or 0.0) if self.cell else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Neighbouring temperatures at which a cell has one state.

    Attributes
    ----------
    state : str
    points : tuple of Point
        In ascending order, at least one.
    before, after : float or None
        The nearest temperatures that were audited beside it; None where the sweep ends.
    """

    state: State
    points: tuple[Point, ...]
    before: float | None
    after: float | None

    @property
    def cause(self) -> str | None:
        """What breaks where breaking begins, and what loses most where it loses."""
        if self.state == "breaks":
            return self.points[0 if self.after is None else -1].cause
        return max(self.points, key=lambda point: point.largest).cause

    @property
    def largest(self) -> float:
        """The largest error of its points, in ulp."""
        return max(point.largest for point in self.points)


@dataclass(frozen=True, slots=True, eq=False)
class SweptCell:
    """One cell at all temperatures."""

    key: CellKey
    points: tuple[Point, ...]

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """The points by state, in ascending order; together they are the sweep's range."""
        groups = [tuple(group) for _, group in groupby(self.points, lambda point: point.state)]
        lows = [group[0].temperature for group in groups]
        highs = [group[-1].temperature for group in groups]
        beside = zip(groups, [None, *highs[:-1]], [*lows[1:], None], strict=True)
        return tuple(Stretch(group[0].state, group, low, high) for group, low, high in beside)


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """All cells of one source at all temperatures.

    Attributes
    ----------
    source : Source
    grid : tuple of float
        The temperatures at which every cell was to be audited, in ascending order.
    cells : tuple of SweptCell
    skipped : tuple of SkippedCell
        Cells that were asked for and do not exist.
    sampled : int or None
        How many rows were taken instead of all.
    range : tuple of float, or None
        Least and largest finite logit.
    widest : float or None
        The largest gap between finite logits of one row.
    elementary : str
        Whose exp and log all cells used in wide formats.
    partial : int or None
        How many temperatures of the grid were done when the work was stopped; None where all were.
    """

    source: Source
    grid: tuple[float, ...]
    cells: tuple[SweptCell, ...]
    skipped: tuple[SkippedCell, ...]
    sampled: int | None
    range: tuple[float, float] | None
    widest: float | None
    elementary: str
    partial: int | None
