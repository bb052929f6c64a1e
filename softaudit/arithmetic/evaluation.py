"""The steps that algorithms are written in, done in one arithmetic, with the evidence kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.arithmetic import elementary
from softaudit.arithmetic.blocks import BlockMaxima, BlockwiseSum
from softaudit.arithmetic.constants import in_parts
from softaudit.arithmetic.fused import fma
from softaudit.arithmetic.rescaled import ByExp, ByPowerOfTwo, RescaledSum, scale
from softaudit.arithmetic.rowwise import FirstLargest, Largest
from softaudit.arithmetic.summation import Accumulator
from softaudit.formats import round_to
from softaudit.model import Arithmetic, Output, Problem, Steps
from softaudit.reference.double_word import two_sum

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from fractions import Fraction

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
                self.known[name] = grown.result()
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
        self.arithmetic = arithmetic
        self.compute = arithmetic.compute
        self._start = start
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
        expression = self._name(step, operands)
        if expression not in self._values:
            self._values[expression] = value = do(*operands)
            parts = value if isinstance(value, tuple) else (value,)
            for i, part in enumerate(parts):
                self._expressions.setdefault(id(part), f"{expression}.{i}" if i else expression)
        return self._values[expression]

    def _name(self, step: str, operands: tuple[NDArray[Any], ...]) -> str:
        return f"{step}({', '.join(map(self._expression, operands))})"

    def _reduced(self, step: str, fresh: Callable[[], Any], *operands: NDArray[Any]) -> Any:
        """Reduce whole rows, of which the operands may be a window.

        Raises
        ------
        Pending
            If not all windows have been seen.
        """
        return self._once(
            step, partial(self._gathered, self._name(step, operands), fresh), *operands
        )

    def _gathered(self, name: str, fresh: Callable[[], Any], *operands: NDArray[Any]) -> Any:
        if self._reductions is None:
            gathering = fresh()
            gathering.add(*operands)
            return gathering.result()
        if name not in self._reductions.known:
            if name not in self._given:
                self._reductions.growing.setdefault(name, fresh()).add(*operands)
                self._given.add(name)
            raise Pending(name)
        return self._reductions.known[name]

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
        return np.asarray(self._reduced("maximum", Largest, x))

    def finite_or_zero(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give x, and 0 in place of ±∞."""
        return np.asarray(
            self._once("finite_or_zero", lambda x: np.where(np.isinf(x), np.zeros_like(x), x), x)
        )

    def finite(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give x, and the largest numbers of the format in place of ±∞."""
        most = x.dtype.type(self.compute.largest)
        return np.asarray(self._once("finite", lambda x: np.clip(x, -most, most), x))

    def constant(self, value: Fraction, count: int = 1) -> list[NDArray[Any]]:
        """Give a real constant as so many numbers of which it is the sum, each rounded once."""
        found = self._once(
            f"{count} of {float(value)}", lambda: (*in_parts(value, self.compute, count),)
        )
        return list(found)

    def negative(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give −x."""
        return np.asarray(self._once("negative", np.negative, x))

    def nearest_integer(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give the integer nearest to x, ties to even."""
        return np.asarray(self._once("nearest_integer", np.rint, x))

    def add(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """Give round(a + b)."""
        return np.asarray(self._once("add", lambda a, b: round_to(a + b, self.compute), a, b))

    def subtract(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """Give round(a − b)."""
        return np.asarray(self._once("subtract", lambda a, b: round_to(a - b, self.compute), a, b))

    def divide(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """Give round(a / b)."""
        return np.asarray(self._once("divide", lambda a, b: round_to(a / b, self.compute), a, b))

    def multiply(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """Give round(a · b)."""
        return np.asarray(self._once("multiply", lambda a, b: round_to(a * b, self.compute), a, b))

    def fma(self, a: NDArray[Any], b: NDArray[Any], c: NDArray[Any]) -> NDArray[Any]:
        """Give round(a · b + c): one rounding."""
        return np.asarray(self._once("fma", partial(fma, form=self.compute), a, b, c))

    def reciprocal(self, total: NDArray[Any]) -> NDArray[Any]:
        """Give round(1 / total), and remember it."""
        self.steps.reciprocal = found = self._once("reciprocal", self._reciprocal, total)
        return np.asarray(found)

    def _reciprocal(self, total: NDArray[Any]) -> NDArray[Any]:
        return round_to(total.dtype.type(1.0) / total, self.compute)

    def scale(self, x: NDArray[Any], n: NDArray[Any]) -> NDArray[Any]:
        """Give round(x · 2^n), which is exact but for what leaves the range."""
        return np.asarray(self._once("scale", partial(scale, form=self.compute), x, n))

    def exp(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give round(exp(x)); in wide formats what the arithmetic's `elementary` says."""
        self.steps.argument = x
        self.steps.exponential = self._once("exp", self._exp, x)
        return np.asarray(self.steps.exponential)

    def _exp(self, x: NDArray[Any]) -> NDArray[Any]:
        return elementary.exp(x, self.compute, self.arithmetic.elementary)

    def exp2(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give round(2^x); in wide formats what the arithmetic's `elementary` says."""
        self.steps.argument, self.steps.base_two = x, True
        self.steps.exponential = self._once("exp2", self._exp2, x)
        return np.asarray(self.steps.exponential)

    def _exp2(self, x: NDArray[Any]) -> NDArray[Any]:
        return elementary.exp2(x, self.compute, self.arithmetic.elementary)

    def log(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give round(log(x)); in wide formats what the arithmetic's `elementary` says."""
        return np.asarray(self._once("log", self._log, x))

    def _log(self, x: NDArray[Any]) -> NDArray[Any]:
        return elementary.log(x, self.compute, self.arithmetic.elementary)

    def log1p(self, others: NDArray[Any]) -> NDArray[Any]:
        """Give round(log(1 + x)), x the sum of all terms but one that is 1."""
        self.steps.beside_one = True
        return np.asarray(self._once("log1p", self._log1p, others))

    def _log1p(self, x: NDArray[Any]) -> NDArray[Any]:
        return elementary.log1p(x, self.compute, self.arithmetic.elementary)

    def log_of_softmax(self, p: NDArray[Any]) -> NDArray[Any]:
        """Give round(log(p)) of probabilities, and remember them."""
        self.steps.probability = p
        return self.log(p)

    def sum(self, x: NDArray[Any]) -> NDArray[Any]:
        """Sum each row in the accumulator's format and order, then round to the compute format."""
        fresh = partial(Accumulator, self.arithmetic.accumulate, self.arithmetic.order)
        sums, self.steps.stalled = self._reduced("sum", fresh, self._entered(x))
        return self._left(sums)

    def sum_of_others(self, e: NDArray[Any], x: NDArray[Any]) -> NDArray[Any]:
        """Sum e over each row but for the place of the first largest x."""
        place = self._reduced("first_largest", partial(FirstLargest, self._start), x)
        columns = self._start + np.arange(x.shape[-1])
        others = self._once(
            "others", lambda e, at: np.where(columns == at, e.dtype.type(0), e), e, place
        )
        return self.sum(others)

    def sum_in_one_pass(self, x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give m = max x and Σ exp(x − m), both from pairs of what was seen so far.

        A pair begins with (x, 1); a mask with the least number and 0.
        """
        top = self._once(
            "at_least", lambda x: np.maximum(x, -x.dtype.type(self.compute.largest)), x
        )
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
        top, sums, self.steps.stalled = self._reduced(step, fresh, m, self._entered(d))
        carrier = self.compute.carrier
        top = self._once("carried", lambda m: m.astype(carrier, copy=False), top)
        return np.asarray(top), self._left(sums)

    def block_maximum(self, x: NDArray[Any], size: int) -> NDArray[Any]:
        """Give for each block of so many columns the largest of what was seen up to its end."""
        return np.asarray(self._reduced(f"block_maximum {size}", partial(BlockMaxima, size), x))

    def shift_of_block(self, u: NDArray[Any], size: int) -> NDArray[Any]:
        """Give to each column what its block has, and remember it as the shift."""
        self.steps.shift = self._once(f"of_block {size}", partial(self._of_block, size=size), u)
        return np.asarray(self.steps.shift)

    def _of_block(self, u: NDArray[Any], size: int) -> NDArray[Any]:
        return np.take(
            u, (self._start + np.arange(self._problem.values.shape[-1])) // size, axis=-1
        )

    def block_factors(self, before: NDArray[Any], after: NDArray[Any], size: int) -> NDArray[Any]:
        """Give 2^(before − after) of each block but the last and the one that follows it."""
        gap = self._once(
            "gap", lambda u, w: round_to(u[:, :-1] - w[:, 1:], self.compute), before, after
        )
        lost = self._once(f"lost {size}", partial(self._lost, size=size), gap, before, after)
        self.steps.carried = lost
        return np.asarray(self._once("exp2", self._exp2, gap))

    def _lost(
        self, gap: NDArray[Any], before: NDArray[Any], after: NDArray[Any], size: int
    ) -> NDArray[np.float64]:
        """Give what the gaps after each column's block lost in rounding, without error, summed."""
        exact = two_sum(before[:, :-1].astype(np.float64), -after[:, 1:].astype(np.float64))
        lost = (gap - exact.high) - exact.low
        lost = np.where(np.isfinite(lost), lost, 0.0)
        later = np.zeros(after.shape)
        later[:, :-1] = np.cumsum(lost[:, ::-1], axis=-1)[:, ::-1]
        return self._of_block(later, size)

    def blockwise_sum(self, e: NDArray[Any], factors: NDArray[Any], size: int) -> NDArray[Any]:
        """Sum block after block, each in the accumulator's order, rescaling what was before it."""
        arithmetic, entering = self.arithmetic, self._entered(factors)
        fresh = partial(
            BlockwiseSum, size, arithmetic.accumulate, arithmetic.order, factors=entering
        )
        sums, self.steps.stalled = self._reduced(f"blockwise_sum {size}", fresh, self._entered(e))
        return self._left(sums)

    def rescaled(self, e: NDArray[Any], factors: NDArray[Any], size: int) -> NDArray[Any]:
        """Multiply each block by the factors of those after it, one by one."""
        found = self._once(f"rescaled {size}", partial(self._rescaled, size=size), e, factors)
        self.steps.exponential = found
        return np.asarray(found)

    def _rescaled(self, e: NDArray[Any], factors: NDArray[Any], size: int) -> NDArray[Any]:
        e = e.copy()
        for at in np.flatnonzero((factors != 1).any(axis=0)).tolist():
            end = max((at + 1) * size - self._start, 0)
            e[:, :end] = round_to(e[:, :end] * factors[:, at : at + 1], self.compute)
        return e

    def _entered(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give numbers of the compute format as numbers of the accumulator's."""
        return np.asarray(self._once("entered", self._enter, x))

    def _enter(self, x: NDArray[Any]) -> NDArray[Any]:
        accumulate = self.arithmetic.accumulate
        wide = x.astype(np.promote_types(x.dtype, accumulate.carrier), copy=False)
        terms = wide if accumulate.holds(self.compute) else round_to(wide, accumulate)
        return terms.astype(accumulate.carrier, copy=False)

    def _left(self, sums: NDArray[Any]) -> NDArray[Any]:
        """Give sums as numbers of the compute format, and remember them."""
        self.steps.total = self._once("left", self._leave, sums)
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
