"""The steps that algorithms are written in, done in one arithmetic, with the evidence kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.arithmetic import elementary
from softaudit.arithmetic.summation import Accumulator
from softaudit.formats import round_to
from softaudit.model import Arithmetic, Output, Problem, Steps

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray


def unchecked() -> AbstractContextManager[Any]:
    """Silence floating-point warnings: overflow here is a measurement, not an accident."""
    return np.errstate(all="ignore")


class Pending(Exception):  # noqa: N818 -- says where an algorithm waits, not that it failed
    """A reduction of whole rows is asked for, of which not all windows have been seen."""


class Reductions:
    """What algorithms in one arithmetic reduce long rows to, gathered window by window.

    Every sweep over all windows completes the next reduction of each algorithm.
    """

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        self.growing: dict[str, Any] = {}

    def complete(self) -> None:
        """Take what has grown over all windows for known."""
        with unchecked():
            for name, grown in self.growing.items():
                self.known[name] = grown.result() if isinstance(grown, Accumulator) else grown
        self.growing.clear()


class Evaluation:
    """One block of rows on its way through algorithms, all in one arithmetic.

    Every method takes and returns numbers of the compute format in its carrier dtype, of shape
    (rows, columns) or (rows, 1), and rounds once.  Arrays are known by the expression that they
    are the value of, so that a step that several algorithms have in common is done once.

    Parameters
    ----------
    problem : Problem
        The rounded logits and temperature.
    arithmetic : Arithmetic
        Formats and summation order.
    reductions : Reductions, optional
        Where the block is a window of longer rows.

    Attributes
    ----------
    steps : Steps
        What the algorithm at hand passed through so far.
    """

    def __init__(
        self, problem: Problem, arithmetic: Arithmetic, reductions: Reductions | None = None
    ) -> None:
        self.arithmetic = arithmetic
        self.compute = arithmetic.compute
        self.steps = Steps()
        self._problem = problem
        self._reductions = reductions
        self._given: set[str] = set()
        self._values: dict[str, Any] = {}
        self._expressions: dict[int, str] = {}

    def run(self, algorithm: Callable[[Evaluation], NDArray[Any]]) -> Output:
        """Run an algorithm, and give its results with the steps it passed through.

        Raises
        ------
        Pending
            If the rows are longer than the block, and what they reduce to is not known yet.
        """
        self.steps = Steps()
        with unchecked():
            values = self._once("result", self._result, algorithm(self))
        return Output(values, self.steps)

    def _once(self, step: str, do: Callable[..., Any], *operands: NDArray[Any]) -> Any:
        """Do a step, unless it was done to the same operands before."""
        expression = f"{step}({', '.join(map(self._expression, operands))})"
        if expression not in self._values:
            self._values[expression] = value = do(*operands)
            self._expressions.setdefault(id(value), expression)
        return self._values[expression]

    def _expression(self, array: NDArray[Any]) -> str:
        # Arrays are kept, so that no other gets the same id.
        if id(array) not in self._expressions:
            name = f"#{len(self._values)}"
            self._values[name] = array
            self._expressions[id(array)] = name
        return self._expressions[id(array)]

    def logits(self) -> NDArray[Any]:
        """Give round(x̂ / T̂); for T̂ = 1 that is x̂ itself."""
        self.steps.quotient = x = self._once("logits", self._logits)
        return np.asarray(x)

    def _logits(self) -> NDArray[Any]:
        x = self._problem.values.astype(self.compute.carrier)
        if self.compute.flushes:
            x = round_to(x, self.compute)
        if self._problem.temperature == 1.0:
            return x
        return round_to(x / x.dtype.type(self._problem.temperature), self.compute)

    def maximum(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give each row's largest number; NaN where the row has one."""
        return np.asarray(self._once("maximum", self._maximum, x))

    def _maximum(self, x: NDArray[Any]) -> NDArray[Any]:
        largest = np.asarray(np.max(x, axis=-1, keepdims=True))
        if self._reductions is None:
            return largest
        name = f"maximum({self._expression(x)})"
        if name not in self._reductions.known:
            growing = self._reductions.growing
            growing[name] = np.maximum(growing.get(name, largest), largest)
            raise Pending(name)
        return np.asarray(self._reductions.known[name])

    def finite_or_zero(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give x, and 0 in place of ±∞."""
        return np.asarray(
            self._once("finite_or_zero", lambda x: np.where(np.isinf(x), np.zeros_like(x), x), x)
        )

    def add(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """Give round(a + b)."""
        return np.asarray(self._once("add", lambda a, b: round_to(a + b, self.compute), a, b))

    def subtract(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """Give round(a − b)."""
        return np.asarray(self._once("subtract", lambda a, b: round_to(a - b, self.compute), a, b))

    def divide(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """Give round(a / b)."""
        return np.asarray(self._once("divide", lambda a, b: round_to(a / b, self.compute), a, b))

    def exp(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give round(exp(x)); in wide formats what the arithmetic's `elementary` says."""
        self.steps.argument = x
        self.steps.exponential = self._once("exp", self._exp, x)
        return np.asarray(self.steps.exponential)

    def _exp(self, x: NDArray[Any]) -> NDArray[Any]:
        return elementary.exp(x, self.compute, self.arithmetic.elementary)

    def log(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give round(log(x)); in wide formats what the arithmetic's `elementary` says."""
        return np.asarray(self._once("log", self._log, x))

    def _log(self, x: NDArray[Any]) -> NDArray[Any]:
        return elementary.log(x, self.compute, self.arithmetic.elementary)

    def log_of_softmax(self, p: NDArray[Any]) -> NDArray[Any]:
        """Give round(log(p)) of probabilities, and remember them."""
        self.steps.probability = p
        return self.log(p)

    def sum(self, x: NDArray[Any]) -> NDArray[Any]:
        """Sum each row in the accumulator's format and order, then round to the compute format."""
        self.steps.total, self.steps.stalled = self._once("sum", self._sum, x)
        return np.asarray(self.steps.total)

    def _sum(self, x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        accumulate = self.arithmetic.accumulate
        wide = x.astype(np.promote_types(x.dtype, accumulate.carrier), copy=False)
        terms = wide if accumulate.holds(self.compute) else round_to(wide, accumulate)
        sums, stalled = self._total(x, terms.astype(accumulate.carrier, copy=False))
        if accumulate != self.compute:
            sums = round_to(sums, self.compute).astype(self.compute.carrier)
        return sums, stalled

    def _total(
        self, x: NDArray[Any], terms: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        arithmetic = self.arithmetic
        name = f"sum({self._expression(x)})"
        if self._reductions is None:
            accumulator = Accumulator(arithmetic.accumulate, arithmetic.order)
            accumulator.add(terms)
            return accumulator.result()
        if name not in self._reductions.known:
            if name not in self._given:
                fresh = Accumulator(arithmetic.accumulate, arithmetic.order)
                self._reductions.growing.setdefault(name, fresh).add(terms)
                self._given.add(name)
            raise Pending(name)
        found: tuple[NDArray[Any], NDArray[np.bool_]] = self._reductions.known[name]
        return found

    def beside(self, addend: NDArray[Any], log_total: NDArray[Any]) -> NDArray[Any]:
        """Give round(addend + log of the sum), and remember the addend."""
        self.steps.addend = addend
        return self.add(addend, log_total)

    def _result(self, v: NDArray[Any]) -> NDArray[np.float64]:
        """Round results to the storage format."""
        if self.compute != self.arithmetic.storage:
            v = round_to(v, self.arithmetic.storage)
        return v.astype(np.float64)
