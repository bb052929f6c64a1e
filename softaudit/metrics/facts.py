"""What an algorithm met anywhere in a row: what causes depend on beside an element itself."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.metrics.cause.argument import is_in_powers_of_two, kept, pull

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.model import Problem, Steps


@dataclass(frozen=True, slots=True, eq=False)
class RowFacts:
    """Facts of rows, each an array of shape (rows,).

    Attributes
    ----------
    exp_overflowed : ndarray of bool
        An exponential of a finite logit is not finite.
    left_range : ndarray of bool
        A finite logit's quotient is not finite, or its argument NaN.
    endless_term : ndarray of bool
        An exponential is not finite.
    saturated : ndarray of bool
        In a compute format that has its largest number for infinity, an exponential is that.
    logit, quotient, argument, exponential : ndarray of float64
        x̂ and the steps of the element with the largest quotient.
    pull, weight : ndarray of float64
        See `argument.pull`; 0 and 0 where exponentials have no powers of two.
    """

    exp_overflowed: NDArray[np.bool_]
    left_range: NDArray[np.bool_]
    endless_term: NDArray[np.bool_]
    saturated: NDArray[np.bool_]
    logit: NDArray[np.float64]
    quotient: NDArray[np.float64]
    argument: NDArray[np.float64]
    exponential: NDArray[np.float64]
    pull: NDArray[np.float64]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, problem: Problem, steps: Steps, compute: Format) -> RowFacts:
        """Look at a block, or at a window of its columns."""
        quotient, argument, exponential = map(
            kept, (steps.quotient, steps.argument, steps.exponential)
        )
        exp_overflowed, left_range, endless_term = np.zeros((3, len(quotient)), dtype=np.bool_)
        # What is infinite or NaN on the way to exp makes an exponential infinite or NaN.
        odd = np.flatnonzero(~np.isfinite(exponential.max(axis=-1)))
        if odd.size:
            finite = np.isfinite(problem.values[odd])
            endless = ~np.isfinite(exponential[odd])
            strange = np.isnan(argument[odd])
            exp_overflowed[odd] = (endless & ~strange & finite).any(axis=-1)
            left_range[odd] = ((~np.isfinite(quotient[odd]) | strange) & finite).any(axis=-1)
            endless_term[odd] = endless.any(axis=-1)
        own = np.arange(len(quotient)), np.argmax(quotient, axis=-1)
        parts = (problem.values, quotient, argument, exponential)
        tops = dict(zip(_OF_TOP, (part[own].astype(np.float64) for part in parts), strict=True))
        flags = exp_overflowed, left_range, endless_term, _saturated(exponential, compute)
        pulled, weight = _pull(steps)
        return cls(*flags, **tops, pull=pulled, weight=weight)

    def beside(self, other: RowFacts) -> RowFacts:
        """Put two windows of the same rows together, this one in front."""
        flags = {name: getattr(self, name) | getattr(other, name) for name in _FLAGS}
        here = np.isnan(self.quotient) | ~(other.quotient > self.quotient)
        here &= ~(np.isnan(other.quotient) & ~np.isnan(self.quotient))
        tops = {n: np.where(here, getattr(self, n), getattr(other, n)) for n in _OF_TOP}
        sums = {name: getattr(self, name) + getattr(other, name) for name in _SUMS}
        return RowFacts(**flags, **tops, **sums)

    def rows(self, chosen: NDArray[np.bool_]) -> RowFacts:
        """Give some rows."""
        return RowFacts(*(getattr(self, f.name)[chosen] for f in fields(self)))


def _saturated(exponential: NDArray[Any], compute: Format) -> NDArray[np.bool_]:
    if compute.beyond != "largest":
        return np.zeros(len(exponential), dtype=np.bool_)
    return np.asarray(exponential.max(axis=-1) >= compute.largest)


def _pull(steps: Steps) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not is_in_powers_of_two(steps):
        nothing = np.zeros(len(kept(steps.argument)))
        return nothing, nothing
    with np.errstate(all="ignore"):
        return pull(steps)


_FLAGS = ("exp_overflowed", "left_range", "endless_term", "saturated")
_OF_TOP = ("logit", "quotient", "argument", "exponential")
_SUMS = ("pull", "weight")
