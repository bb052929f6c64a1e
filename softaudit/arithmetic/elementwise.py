"""The steps that are done to each number by itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.arithmetic import elementary
from softaudit.arithmetic.constants import in_parts
from softaudit.arithmetic.expressions import Expressions
from softaudit.arithmetic.fused import fma
from softaudit.arithmetic.rescaled import scale
from softaudit.formats import round_to
from softaudit.model import Steps

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

    from softaudit.arithmetic.expressions import Reductions
    from softaudit.model import Arithmetic, Problem


class Elementwise(Expressions):
    """What an `Evaluation` does to numbers one by one, each step rounded once."""

    def __init__(
        self, problem: Problem, arithmetic: Arithmetic, reductions: Reductions | None
    ) -> None:
        super().__init__(reductions)
        self.arithmetic = arithmetic
        self.compute = arithmetic.compute
        self.steps = Steps()
        self._problem = problem

    def logits(self) -> NDArray[Any]:
        """Give round(x̂ / T̂); for T̂ = 1 that is x̂ itself."""
        self.steps.quotient = x = self.once("logits", self._logits)
        return np.asarray(x)

    def _logits(self) -> NDArray[Any]:
        x = self._problem.values.astype(self.compute.carrier)
        if self.compute.flushes:
            x = round_to(x, self.compute)
        if self._problem.temperature == 1.0:
            return x
        return round_to(x / x.dtype.type(self._problem.temperature), self.compute)

    def finite_or_zero(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give x, and 0 in place of ±∞."""
        return np.asarray(
            self.once("finite_or_zero", lambda x: np.where(np.isinf(x), np.zeros_like(x), x), x)
        )

    def finite(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give x, and the largest numbers of the format in place of ±∞."""
        most = x.dtype.type(self.compute.largest)
        return np.asarray(self.once("finite", lambda x: np.clip(x, -most, most), x))

    def constant(self, value: Fraction, count: int = 1) -> list[NDArray[Any]]:
        """Give a real constant as so many numbers of which it is the sum, each rounded once."""
        found = self.once(
            f"{count} of {float(value)}", lambda: (*in_parts(value, self.compute, count),)
        )
        return list(found)

    def negative(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give −x."""
        return np.asarray(self.once("negative", np.negative, x))

    def nearest_integer(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give the integer nearest to x, ties to even."""
        return np.asarray(self.once("nearest_integer", np.rint, x))

    def add(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """Give round(a + b)."""
        return np.asarray(self.once("add", lambda a, b: round_to(a + b, self.compute), a, b))

    def subtract(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """Give round(a − b)."""
        return np.asarray(self.once("subtract", lambda a, b: round_to(a - b, self.compute), a, b))

    def divide(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """Give round(a / b)."""
        return np.asarray(self.once("divide", lambda a, b: round_to(a / b, self.compute), a, b))

    def multiply(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """Give round(a · b)."""
        return np.asarray(self.once("multiply", lambda a, b: round_to(a * b, self.compute), a, b))

    def fma(self, a: NDArray[Any], b: NDArray[Any], c: NDArray[Any]) -> NDArray[Any]:
        """Give round(a · b + c): one rounding."""
        return np.asarray(self.once("fma", partial(fma, form=self.compute), a, b, c))

    def reciprocal(self, total: NDArray[Any]) -> NDArray[Any]:
        """Give round(1 / total), and remember it."""
        self.steps.reciprocal = found = self.once("reciprocal", self._reciprocal, total)
        return np.asarray(found)

    def _reciprocal(self, total: NDArray[Any]) -> NDArray[Any]:
        return round_to(total.dtype.type(1.0) / total, self.compute)

    def scale(self, x: NDArray[Any], n: NDArray[Any]) -> NDArray[Any]:
        """Give round(x · 2^n), which is exact but for what leaves the range."""
        return np.asarray(self.once("scale", partial(scale, form=self.compute), x, n))

    def exp(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give round(exp(x)); in wide formats what the arithmetic's `elementary` says."""
        self.steps.argument = x
        self.steps.exponential = self.once("exp", self._exp, x)
        return np.asarray(self.steps.exponential)

    def _exp(self, x: NDArray[Any]) -> NDArray[Any]:
        return elementary.exp(x, self.compute, self.arithmetic.elementary)

    def exp2(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give round(2^x); in wide formats what the arithmetic's `elementary` says."""
        self.steps.argument, self.steps.base_two = x, True
        self.steps.exponential = self.two_to(x)
        return self.steps.exponential

    def two_to(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give what `exp2` gives, and remember nothing."""
        return np.asarray(self.once("exp2", self._exp2, x))

    def _exp2(self, x: NDArray[Any]) -> NDArray[Any]:
        return elementary.exp2(x, self.compute, self.arithmetic.elementary)

    def log(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give round(log(x)); in wide formats what the arithmetic's `elementary` says."""
        return np.asarray(self.once("log", self._log, x))

    def _log(self, x: NDArray[Any]) -> NDArray[Any]:
        return elementary.log(x, self.compute, self.arithmetic.elementary)

    def log1p(self, others: NDArray[Any]) -> NDArray[Any]:
        """Give round(log(1 + x)), x the sum of all terms but one that is 1."""
        self.steps.beside_one = True
        return np.asarray(self.once("log1p", self._log1p, others))

    def _log1p(self, x: NDArray[Any]) -> NDArray[Any]:
        return elementary.log1p(x, self.compute, self.arithmetic.elementary)

    def log_of_softmax(self, p: NDArray[Any]) -> NDArray[Any]:
        """Give round(log(p)) of probabilities, and remember them."""
        self.steps.probability = p
        return self.log(p)
