"""A block of rows in one storage format: what all its cells have in common, made when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit import reference
from softaudit.arithmetic import Evaluation
from softaudit.formats import round_to
from softaudit.metrics import Probabilities, gap_offsets
from softaudit.model import RowKind, take_rows
from softaudit.problem import Census, as_taken

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.long_view import LongView
    from softaudit.model import Arithmetic, Decision, Function, Problem, Window
    from softaudit.reference import Enclosed


class Block:
    """Rows, or a window of a long one, in one storage format, with the exact values."""

    def __init__(
        self,
        numbers: NDArray[np.int64],
        problem: Problem,
        window: Window,
        view: LongView | None,
    ) -> None:
        self.numbers = numbers
        self.problem = problem
        self.window = window
        self.view = view
        self.enclosed: dict[Function, Enclosed] = {}
        self._census: Census | None = None
        self._evaluations: dict[Arithmetic, Evaluation] = {}
        self._probabilities: Probabilities | None = None
        self._gaps: NDArray[np.int64] | None = None

    def enclose(self, functions: tuple[Function, ...], method: str) -> None:
        """Enclose the exact values; the probabilities, too, of which logarithms are asked."""
        if "log_softmax" in functions and "softmax" not in functions:
            functions = (*functions, "softmax")
        values, temperature = self.problem.values, self.problem.temperature
        if self.view is None:
            precision = self.problem.format.precision
            self.enclosed = reference.enclose(values, temperature, functions, method, precision)
        else:
            self.enclosed = self.view.row.enclose(values, functions)

    def take_over(self, original: Block) -> bool:
        """Take the enclosures of the logits as read, if these are the same."""
        mine, theirs = self.problem, original.problem
        if mine.temperature != theirs.temperature or (self.view and not self.view.unchanged):
            return False
        different = mine.values != theirs.values
        if different.any() and not np.isnan(theirs.values[different]).all():
            return False
        self.enclosed = original.enclosed
        return True

    def judge(self, function: Function, rows: NDArray[np.bool_] | None = None) -> Decision:
        """Decide rounding and ulp, of all rows or of some."""
        y, by_mpmath = self.enclosed[function]
        problem = self.problem
        if rows is not None:
            y, problem, by_mpmath = take_rows(y, rows), take_rows(problem, rows), by_mpmath[rows]
        row = None if self.view is None else self.view.row
        return reference.judge(y, problem, function, row, by_mpmath)

    def reuses(self, before: Decision, function: Function) -> bool:
        """Tell whether a decision on the logits as read is one on these."""
        return self.enclosed[function].enclosure is before.enclosure

    def has_values(self, function: Function) -> bool:
        """Tell whether the function has values of its own here: one for a row is in its front."""
        return function != "logsumexp" or self.window.is_first

    def probabilities(self, function: Function) -> Probabilities | None:
        """Give the audited rows' exact probabilities; None for a function that has none."""
        if function == "logsumexp":
            return None
        if self._probabilities is None:  # softmax and log_softmax are audited in the same rows
            audited = self.kinds(function) == RowKind.AUDITED
            enclosure = take_rows(self.enclosed["softmax"].enclosure, audited)
            self._probabilities = Probabilities(enclosure, self.problem.values[audited])
        return self._probabilities

    def gaps(self, function: Function) -> NDArray[np.int64] | None:
        """Give the bins of the audited rows' gaps; None for a function that has one value a row."""
        if function == "logsumexp":
            return None
        if self._gaps is None:  # softmax and log_softmax are audited in the same rows
            x = take_rows(self.problem, self.kinds(function) == RowKind.AUDITED).values
            view = self.view
            top = x.max(axis=-1, keepdims=True) if view is None else view.row.peak.top
            self._gaps = gap_offsets(x, top, self.problem.temperature)
        return self._gaps

    def kinds(self, function: Function) -> NDArray[np.int8]:
        """Tell which rows are audited."""
        if self._census is None:
            known = None if self.view is None else self.view.census
            self._census = known or Census.of(self.problem)
        return self._census.kinds(function)

    def whole_rows(self, form: Format) -> NDArray[np.float64]:
        """Give round(x̂ / T̂) in a format, of the rows' whole length, as an implementation gets it.

        Notes
        -----
        The quotient is rounded to float64 first, which changes nothing for a format of precision p
        where 53 ≥ 2p + 2 (Figueroa, SIGNUM Newsletter 30(3), 1995, doi:10.1145/221332.221334).
        """
        x = round_to(self.problem.values if self.view is None else self.view.whole(), form)
        if self.problem.temperature == 1.0:
            return x
        with np.errstate(all="ignore"):
            return round_to(x / self.problem.temperature, form)

    def evaluation(self, arithmetic: Arithmetic) -> Evaluation:
        """Give what all algorithms in one arithmetic share."""
        if arithmetic not in self._evaluations:
            known = None if self.view is None else self.view.reductions[arithmetic]
            start = self.window.start
            problem = self.problem
            if arithmetic.logits is not None:
                problem = as_taken(problem, arithmetic.storage)
            self._evaluations[arithmetic] = Evaluation(problem, arithmetic, known, start)
        return self._evaluations[arithmetic]
