"""Over a range of temperatures: where each cell breaks, where it loses, where it holds.

A grid that is even in log T is audited, and between neighbours of it that differ in a cell's state
the interval is halved until its ends agree to `CLOSE`.  So every range ends at two temperatures
that were really audited.  Solving for the thresholds was rejected: they depend on every logit, on
how T̂ is rounded and on what the algorithm does, and states need not be monotone in T.  For the same
reason a change and its return between two neighbours of the grid stay unseen; more points see more.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, exp, inf, log, log10, sqrt
from typing import TYPE_CHECKING

from softaudit.audit import audit, chosen_rows
from softaudit.errors import OptionError
from softaudit.plan import check_temperature
from softaudit.problem import round_temperature
from softaudit.state import state_of
from softaudit.studies.swept import Point, Sweep, SweptCell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from softaudit.model import Audit, Cell, CellKey, Logits, Plan

CLOSE = 1.01
"""Quotient of two temperatures that are near enough to say where a state changes."""

DIGITS = 3
"""Significant digits of temperatures, so that they can be typed, unless a grid is finer."""

MOST_POINTS = 1000


def make_grid(low: float, high: float, points: int) -> tuple[float, ...]:
    """Give temperatures from low to high, even in log T, in digits that can be typed.

    Raises
    ------
    OptionError
        For a temperature that is no positive number, for ends that do not ascend or agree to
        `CLOSE`, or for a number of points out of 2 to `MOST_POINTS`.
    """
    check_temperature(low)
    check_temperature(high)
    if not CLOSE * low < high:
        raise OptionError(
            f"temperature {low:g}:{high:g}: the lower one comes first, and they are more than 1 % "
            f"apart, as in 0.05:20"
        )
    if not 2 <= points <= MOST_POINTS:
        raise OptionError(f"points {points}: must be 2 to {MOST_POINTS}")
    step = (log(high) - log(low)) / (points - 1)
    digits = max(DIGITS, 2 + ceil(-log10(step)))
    inner = (_short(exp(log(low) + i * step), digits) for i in range(1, points - 1))
    return tuple(sorted({float(low), float(high), *(t for t in inner if low < t < high)}))


def sweep(
    logits: Logits,
    plan: Plan,
    grid: Sequence[float],
    *,
    jobs: int = 1,
    heard: Callable[[float], bool] = lambda _: False,
) -> Sweep:
    """Audit every cell of a plan at the temperatures of a grid, and look closer where it changes.

    Parameters
    ----------
    logits : Logits
    plan : Plan
        Its temperature is not used.
    grid : sequence of float
        Ascending; see `make_grid`.
    jobs : int
        How many processes share the rows; no figure depends on it.
    heard : callable
        Told now and then which part of the work is done, from 0 to 1.  Once it answers True, what
        is done is returned, marked partial.

    Raises
    ------
    OptionError
        If no temperature leaves a cell to compute.
    InputError, PlatformError
        See `softaudit.audit.audit`.
    """
    walk = _Walk(logits, plan, jobs, heard, len(grid))
    columns = list(walk.along(grid))
    if walk.last is None and not walk.stopped:
        formats = ", ".join(dict.fromkeys(key.arithmetic.storage.name for key in plan.keys))
        raise OptionError(
            f"no cell is left to compute: every temperature becomes 0 or infinite in {formats}"
        )
    cells = (SweptCell(k, tuple(c[k] for c in columns if k in c)) for k in plan.keys)
    rows = len(chosen_rows(logits, plan))
    return Sweep(
        logits.source,
        tuple(grid),
        tuple(cell for cell in cells if cell.points),
        plan.skipped,
        rows if rows < logits.rows else None,
        walk.last.range if walk.last else None,
        walk.last.widest if walk.last else None,
        plan.elementary,
        walk.done if walk.stopped else None,
    )


class _Stopped(Exception):  # noqa: N818  it is none
    """Somebody has had enough."""


class _Walk:
    """The way from one temperature to the next."""

    def __init__(
        self, logits: Logits, plan: Plan, jobs: int, heard: Callable[[float], bool], steps: int
    ) -> None:
        self._logits, self._plan, self._jobs = logits, plan, jobs
        self._heard, self._steps = heard, steps
        self._rows = len(chosen_rows(logits, plan))
        self.done, self.stopped, self._part = 0, False, 0.0
        self.last: Audit | None = None

    def along(self, grid: Sequence[float]) -> Iterator[Mapping[CellKey, Point]]:
        """Give points in ascending order of temperature, until somebody has had enough."""
        here: Mapping[CellKey, Point] = {}
        try:
            for temperature in grid:
                there = self._at(temperature, self._plan.keys)
                yield from self._between(here, there)
                yield there
                here, self.done = there, self.done + 1
        except _Stopped:
            self.stopped = True

    def _between(
        self, low: Mapping[CellKey, Point], high: Mapping[CellKey, Point]
    ) -> Iterator[Mapping[CellKey, Point]]:
        changed = [k for k in low if k in high and low[k].state != high[k].state]
        if not changed:
            return
        ends = low[changed[0]].temperature, high[changed[0]].temperature
        temperature = _short(sqrt(ends[0]) * sqrt(ends[1]), DIGITS)
        if ends[1] <= CLOSE * ends[0] or not ends[0] < temperature < ends[1]:
            return
        there = self._at(temperature, changed)
        yield from self._between({k: low[k] for k in changed}, there)
        yield there
        yield from self._between(there, {k: high[k] for k in changed})

    def _at(self, temperature: float, keys: Sequence[CellKey]) -> dict[CellKey, Point]:
        """Audit cells at a temperature; those whose format does not hold it are not asked."""
        if self._told(0):
            raise _Stopped
        rounded = {k: round_temperature(temperature, k.arithmetic.storage) for k in keys}
        asked = tuple(key for key in keys if 0 < rounded[key] < inf)
        found = self._audited(temperature, asked) if asked else {}
        return {
            k: Point(temperature, rounded[k], state_of(found[k]) if k in found else "skipped",
                     found.get(k))
            for k in keys
        }  # fmt: skip

    def _audited(self, temperature: float, keys: tuple[CellKey, ...]) -> dict[CellKey, Cell]:
        plan = replace(self._plan, keys=keys, skipped=(), temperature=temperature)
        found = audit(self._logits, plan, jobs=self._jobs, heard=self._told)
        if found.partial is not None:
            raise _Stopped
        self.last = found
        return {cell.key: replace(cell, histogram={}) for cell in found.cells}

    def _told(self, rows: float) -> bool:
        # What is looked at more closely is part of the step that led there.
        self._part = max(self._part, (self.done + rows / self._rows) / self._steps)
        return self._heard(self._part)


def _short(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
