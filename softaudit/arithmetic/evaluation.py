"""The steps that algorithms are written in, done in one arithmetic, with the evidence kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.arithmetic.blockwise import Blockwise
from softaudit.arithmetic.elementwise import Elementwise
from softaudit.arithmetic.expressions import unchecked
from softaudit.arithmetic.rescaled import ByExp, ByPowerOfTwo, RescaledSum
from softaudit.arithmetic.rowwise import FirstLargest, Largest
from softaudit.arithmetic.summation import Accumulator
from softaudit.formats import round_to
from softaudit.model import Output, Steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from softaudit.arithmetic.expressions import Reductions
    from softaudit.model import Arithmetic, Problem


class Evaluation(Elementwise):
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
    start : int
        The window's first column.

    Attributes
    ----------
    steps : Steps
        What the algorithm at hand passed through so far.
    """

    def __init__(
        self,
        problem: Problem,
        arithmetic: Arithmetic,
        reductions: Reductions | None = None,
        start: int = 0,
    ) -> None:
        super().__init__(problem, arithmetic, reductions)
        self.start = start
        self.columns = problem.values.shape[-1]

    def run(self, algorithm: Callable[[Evaluation], NDArray[Any]]) -> Output:
        """Run an algorithm, and give its results with the steps it passed through.

        Raises
        ------
        Pending
            If the rows are longer than the block, and what they reduce to is not known yet.
        """
        self.steps = Steps()
        with unchecked():
            values = self.once("result", self._result, algorithm(self))
        return Output(values, self.steps)

    def maximum(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give each row's largest number; NaN where the row has one."""
        return np.asarray(self.reduced("maximum", Largest, x))

    def sum(self, x: NDArray[Any]) -> NDArray[Any]:
        """Sum each row in the accumulator's format and order, then round to the compute format."""
        fresh = partial(Accumulator, self.arithmetic.accumulate, self.arithmetic.order)
        sums, self.steps.stalled = self.reduced("sum", fresh, self.entered(x))
        return self.left(sums)

    def sum_of_others(self, e: NDArray[Any], x: NDArray[Any]) -> NDArray[Any]:
        """Sum e over each row but for the place of the first largest x."""
        place = self.reduced("first_largest", partial(FirstLargest, self.start), x)
        columns = self.start + np.arange(x.shape[-1])
        others = self.once(
            "others", lambda e, at: np.where(columns == at, e.dtype.type(0), e), e, place
        )
        return self.sum(others)

    def sum_in_one_pass(self, x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give m = max x and Σ exp(x − m), both from pairs of what was seen so far.

        A pair begins with (x, 1); a mask with the least number and 0.
        """
        top = self.once("at_least", lambda x: np.maximum(x, -x.dtype.type(self.compute.largest)), x)
        one_or_zero = self.exp(self.subtract(x, top))
        by_exp = ByExp(self.compute, self.arithmetic.elementary)
        return self._sum_of_pairs("sum_in_one_pass", by_exp, top, one_or_zero)

    def sum_of_powers(
        self, mantissa: NDArray[Any], n: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give top = max n and Σ mantissa · 2^(n − top), from pairs."""
        self.steps.doublings = n
        return self._sum_of_pairs("sum_of_powers", ByPowerOfTwo(self.compute), n, mantissa)

    def _sum_of_pairs(
        self, step: str, shrink: ByExp | ByPowerOfTwo, m: NDArray[Any], d: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        arithmetic = self.arithmetic
        fresh = partial(RescaledSum, arithmetic.accumulate, arithmetic.order, shrink)
        top, sums, self.steps.stalled = self.reduced(step, fresh, m, self.entered(d))
        carrier = self.compute.carrier
        top = self.once("carried", lambda m: m.astype(carrier, copy=False), top)
        return np.asarray(top), self.left(sums)

    def in_blocks(self, size: int) -> Blockwise:
        """Go from block to block, of so many columns each."""
        return Blockwise(self, size)

    def entered(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give numbers of the compute format as numbers of the accumulator's."""
        return np.asarray(self.once("entered", self._enter, x))

    def _enter(self, x: NDArray[Any]) -> NDArray[Any]:
        accumulate = self.arithmetic.accumulate
        wide = x.astype(np.promote_types(x.dtype, accumulate.carrier), copy=False)
        terms = wide if accumulate.holds(self.compute) else round_to(wide, accumulate)
        return terms.astype(accumulate.carrier, copy=False)

    def left(self, sums: NDArray[Any]) -> NDArray[Any]:
        """Give sums as numbers of the compute format, and remember them."""
        self.steps.total = self.once("left", self._leave, sums)
        return np.asarray(self.steps.total)

    def _leave(self, sums: NDArray[Any]) -> NDArray[Any]:
        if self.arithmetic.accumulate == self.compute:
            return sums.astype(self.compute.carrier, copy=False)
        return round_to(sums, self.compute).astype(self.compute.carrier)

    def beside(self, addend: NDArray[Any], log_total: NDArray[Any]) -> NDArray[Any]:
        """Give round(addend + log of the sum), and remember the addend."""
        self.steps.addend, self.steps.log_total = addend, log_total
        return self.add(addend, log_total)

    def less(self, x: NDArray[Any], folded: NDArray[Any]) -> NDArray[Any]:
        """Give round(x − (m + log of the sum)), and remember what is subtracted."""
        self.steps.folded = folded
        return self.subtract(x, folded)

    def _result(self, v: NDArray[Any]) -> NDArray[np.float64]:
        """Round results to the storage format."""
        if self.compute != self.arithmetic.storage:
            v = round_to(v, self.arithmetic.storage)
        return v.astype(np.float64)
