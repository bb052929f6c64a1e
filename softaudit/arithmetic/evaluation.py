"""The steps that algorithms are written in, done in one arithmetic, with the evidence kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.arithmetic import elementary, summation
from softaudit.formats import round_to
from softaudit.model import Arithmetic, Problem, Steps

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray


def unchecked() -> AbstractContextManager[Any]:
    """Silence floating-point warnings: overflow here is a measurement, not an accident."""
    return np.errstate(all="ignore")


class Evaluation:
    """One block of rows on its way through an algorithm.

    Every method takes and returns numbers of the compute format in its carrier dtype, of shape
    (rows, columns) or (rows, 1), and rounds once.

    Parameters
    ----------
    problem : Problem
        The rounded logits and temperature.
    arithmetic : Arithmetic
        Formats and summation order.

    Attributes
    ----------
    steps : Steps
        What the algorithm passed through so far.
    """

    def __init__(self, problem: Problem, arithmetic: Arithmetic) -> None:
        self.arithmetic = arithmetic
        self.compute = arithmetic.compute
        self.steps = Steps()
        self._problem = problem

    def logits(self) -> NDArray[Any]:
        """Give round(x̂ / T̂); for T̂ = 1 that is x̂ itself."""
        x = self._problem.values.astype(self.compute.carrier)
        if self._problem.temperature != 1.0:
            x = self.divide(x, np.asarray(self._problem.temperature, dtype=x.dtype))
        self.steps.quotient = x
        return x

    def maximum(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give each row's largest number; NaN where the row has one."""
        return np.asarray(np.max(x, axis=-1, keepdims=True))

    def add(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """Give round(a + b)."""
        return round_to(a + b, self.compute)

    def subtract(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """Give round(a − b)."""
        return round_to(a - b, self.compute)

    def divide(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """Give round(a / b)."""
        return round_to(a / b, self.compute)

    def exp(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give round(exp(x)) (wide formats: NumPy's)."""
        self.steps.argument = x
        self.steps.exponential = elementary.exp(x, self.compute)
        return self.steps.exponential

    def log(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give round(log(x)) (wide formats: NumPy's)."""
        return elementary.log(x, self.compute)

    def log_of_softmax(self, p: NDArray[Any]) -> NDArray[Any]:
        """Give round(log(p)) of probabilities, and remember them."""
        self.steps.probability = p
        return self.log(p)

    def sum(self, x: NDArray[Any]) -> NDArray[Any]:
        """Sum each row in the accumulator's format and order, then round to the compute format."""
        accumulate = self.arithmetic.accumulate
        terms = round_to(x.astype(np.promote_types(x.dtype, accumulate.carrier)), accumulate)
        sums, stalled = summation.total(
            terms.astype(accumulate.carrier), accumulate, self.arithmetic.order
        )
        self.steps.stalled = stalled
        self.steps.total = round_to(sums, self.compute).astype(self.compute.carrier)
        return self.steps.total

    def beside(self, addend: NDArray[Any], log_total: NDArray[Any]) -> NDArray[Any]:
        """Give round(addend + log of the sum), and remember the addend."""
        self.steps.addend = addend
        return self.add(addend, log_total)

    def result(self, v: NDArray[Any]) -> NDArray[np.float64]:
        """Round results to the storage format."""
        return round_to(v, self.arithmetic.storage).astype(np.float64)
