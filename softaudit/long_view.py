"""One long row as it is posed in one format: sweeps over its windows, and what they add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit import algorithms, reference
from softaudit.arithmetic import Evaluation, Pending, Reductions
from softaudit.metrics import RowFacts
from softaudit.model import Window
from softaudit.problem import Census, as_taken, finite_range, pose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from softaudit.model import CellKey, Logits, Posing, Problem

WINDOW = 1 << 18
"""Columns of a window; rows that are longer are looked at window by window."""


class LongView:
    """A long row as one format has it.

    Parameters
    ----------
    logits : Logits
    number : int
        Which row.
    posing : Posing
    temperature : float
        T, as given.
    method : str
        One of `reference.METHODS`.
    keys : list of CellKey
        Algorithms' cells that have it so.

    Attributes
    ----------
    row : reference.LongRow
        What the judge knows of the row.
    census : Census
    range : tuple
        See `problem.finite_range`.
    unchanged : bool
        Whether rounding changed none of the logits, nor the temperature.
    reductions : dict of Reductions
        What algorithms reduce the row to, by arithmetic.
    """

    def __init__(
        self,
        logits: Logits,
        number: int,
        posing: Posing,
        temperature: float,
        method: str,
        keys: list[CellKey],
    ) -> None:
        self._logits = logits
        self._numbers = np.array([number])
        self._posing = posing
        self._temperature = temperature
        self._keys = keys
        rounded = self._pose(np.zeros((1, 1))).temperature
        self.row = reference.LongRow(self._rounded, rounded, method)
        self.census: Census | None = None
        self.range: tuple[tuple[float, float] | None, float | None] = (None, None)
        self.unchanged = rounded == temperature
        self.reductions = {key.arithmetic: Reductions() for key in keys}
        self._facts: dict[CellKey, RowFacts] = {}

    def windows(self) -> Iterator[tuple[Window, NDArray[np.float64]]]:
        """Give the row's windows, as read, from the first to the last."""
        columns = self._logits.columns
        for start in range(0, columns, WINDOW):
            stop = min(start + WINDOW, columns)
            yield Window(start, stop == columns), self._logits.take(self._numbers, start, stop)
            self._logits.release()

    def _pose(self, x: NDArray[np.float64]) -> Problem:
        return pose(x, self._posing, self._temperature)

    def _rounded(self) -> Iterator[NDArray[np.float64]]:
        for _, x in self.windows():
            yield self._pose(x).values

    def gather(self, original: LongView) -> None:
        """Sweep over the windows until nothing waits for a reduction any more."""
        for _, x in self.windows():
            problem = self._pose(x)
            census = Census.of(problem)
            self.census = census if self.census is None else self.census.beside(census)
            same = np.array_equal(problem.values, x, equal_nan=True)
            self.unchanged = self.unchanged and same
            self._widen(x)
        waiting = list(self._keys)
        while waiting:
            waiting = self._sweep(waiting)
        if self.unchanged:
            self.row = original.row
        self.row.sum_up()

    def _widen(self, x: NDArray[np.float64]) -> None:
        (ends, _), (known, _) = finite_range(x), self.range
        if ends is not None and known is not None:
            ends = min(ends[0], known[0]), max(ends[1], known[1])
        ends = ends or known
        if ends is not None:
            with np.errstate(over="ignore"):
                self.range = ends, float(np.float64(ends[1]) - ends[0])

    def _sweep(self, keys: list[CellKey]) -> list[CellKey]:
        """Run algorithms as far as they get, and give those that wait."""
        waiting: dict[CellKey, None] = {}
        for window, x in self.windows():
            problem = self._pose(x)
            shared = {
                a: Evaluation(
                    problem if a.logits is None else as_taken(problem, a.storage),
                    a,
                    known,
                    window.start,
                )
                for a, known in self.reductions.items()
            }
            for key in keys:
                try:
                    steps = algorithms.run(key, shared[key.arithmetic]).steps
                except Pending:
                    waiting[key] = None
                    continue
                if steps is not None:
                    facts = RowFacts.of(problem, steps, key.arithmetic.compute)
                    known = self._facts.get(key)
                    self._facts[key] = facts if known is None else known.beside(facts)
        for reductions in self.reductions.values():
            reductions.complete()
        return list(waiting)

    def whole(self) -> NDArray[np.float64]:
        """Give all of the row as it is posed, of shape (1, columns), for who takes it so alone."""
        return np.concatenate(list(self._rounded()), axis=-1)

    def facts_of(self, key: CellKey, audited: NDArray[np.bool_]) -> RowFacts | None:
        """Give what an algorithm met in the row, if it is audited; None of what kept no steps."""
        return self._facts[key].rows(audited) if key in self._facts else None


class AskedRows:
    """Rows of which single elements are asked about, each looked at once for a storage format."""

    def __init__(self, logits: Logits, temperature: float, method: str) -> None:
        self.logits = logits
        self._temperature = temperature
        self._method = method
        self._rows: dict[tuple[int, Posing], reference.Answers] = {}

    def element(self, place: tuple[int, int], posing: Posing) -> tuple[float, float]:
        """Give one logit as read, and rounded."""
        number, column = place
        x = self.logits.take(np.array([number]), column, column + 1)
        return float(x[0, 0]), float(pose(x, posing, self._temperature).values[0, 0])

    def row(self, number: int, posing: Posing) -> reference.Answers:
        """Give a row to ask about its elements."""
        if (number, posing) not in self._rows:
            self._rows[number, posing] = self._look(number, posing)
        return self._rows[number, posing]

    def _look(self, number: int, posing: Posing) -> reference.Answers:
        if self.logits.columns > WINDOW:
            return LongView(self.logits, number, posing, self._temperature, self._method, []).row
        problem = pose(self.logits.take(np.array([number])), posing, self._temperature)
        return reference.ShortRow(problem.values[0], problem.temperature)
