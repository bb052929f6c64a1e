"""What is known of elements when it is asked why they are wrong."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.metrics.cause.argument import kept
from softaudit.metrics.places import per_row

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    from softaudit.metrics.judged import Judged
    from softaudit.model import Steps

    Applies: TypeAlias = NDArray[np.bool_] | None
    """Of which elements a rule tells the cause; None for none."""


class Trail:
    """The steps of some elements in float64, taken when a rule asks for them.

    A function of whole rows has no elements of its own: for it, the row's largest logit stands.
    """

    def __init__(self, judged: Judged, steps: Steps, at: NDArray[np.int64]) -> None:
        self.judged = judged
        self.function = judged.key.function
        self.compute = judged.key.arithmetic.compute
        self.steps = steps
        self.at = at
        self.columns = judged.error.shape[-1]
        self._per_row = per_row(at, self.columns, len(judged.error))

    @cached_property
    def y(self) -> NDArray[np.float64]:
        """The exact values, rounded."""
        y = self.judged.decision.enclosure
        high = y.high.take(self.at)
        if y.far().size == 0:
            return high
        return np.ldexp(high, np.minimum(y.exponent.take(self.at), 1023))

    @cached_property
    def error(self) -> NDArray[np.float64]:
        """|v − y|, in units of ulp(y)."""
        return self.judged.error.take(self.at)

    @cached_property
    def unit(self) -> NDArray[np.float64]:
        """ulp(y)."""
        return self.judged.decision.ulp.take(self.at)

    @cached_property
    def result(self) -> NDArray[np.float64]:
        """What the algorithm returned."""
        return self.judged.output.values.take(self.at)

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        """Whether that is not the correctly rounded result."""
        return np.asarray(self.result != self.judged.decision.rounded.take(self.at))

    @cached_property
    def total(self) -> NDArray[np.float64]:
        """The rows' sums."""
        return self.of_row(self.steps.total)

    @cached_property
    def logit(self) -> NDArray[np.float64]:
        """x̂."""
        return self._own(self.judged.problem.values, "logit")

    @cached_property
    def quotient(self) -> NDArray[np.float64]:
        """round(x̂/T̂)."""
        return self._own(self.steps.quotient, "quotient")

    @cached_property
    def argument(self) -> NDArray[np.float64]:
        """What went into exp."""
        return self._own(self.steps.argument, "argument")

    @cached_property
    def exponential(self) -> NDArray[np.float64]:
        """What came out of exp."""
        return self._own(self.steps.exponential, "exponential")

    def _own(self, step: NDArray[Any] | None, name: str) -> NDArray[np.float64]:
        return self.of_facts(name) if self.function == "logsumexp" else self.of_element(step)

    def of_element(self, step: NDArray[Any] | None) -> NDArray[np.float64]:
        """Take the elements' share of a step."""
        return kept(step).take(self.at).astype(np.float64)

    def of_facts(self, name: str) -> NDArray[Any]:
        """Take the share of the elements' rows of what is known of rows."""
        return np.repeat(getattr(self.judged.facts, name), self._per_row)

    def of_row(self, step: NDArray[Any] | None) -> NDArray[np.float64]:
        """Take the share of the elements' rows, of a step that has one number for each."""
        return np.repeat(kept(step)[:, 0].astype(np.float64), self._per_row)

    @cached_property
    def sums_are_finite(self) -> bool:
        """Whether no row's sum is infinite or NaN, and so nothing that it was made of."""
        return bool(np.isfinite(self.total).all())

    def stalled(self) -> NDArray[np.bool_] | None:
        """Tell whose row's accumulator stalled."""
        if self.steps.stalled is None or not self.steps.stalled.any():
            return None
        return np.repeat(self.steps.stalled[:, 0], self._per_row)
