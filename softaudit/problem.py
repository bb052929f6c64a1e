"""From logits to the problem: round once, and say which rows can be judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from softaudit.formats import Format, round_to
from softaudit.model import Posing, Problem, RowKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.model import Function


def round_temperature(temperature: float, form: Format) -> float:
    """Give T̂ = round(T)."""
    return float(round_to(np.array([temperature], dtype=np.float64), form)[0])


def pose(logits: NDArray[np.float64], posing: Posing | Format, temperature: float) -> Problem:
    """Round logits and temperature.

    Parameters
    ----------
    logits : ndarray of float64, shape (rows, columns)
    posing : Posing or Format
        What they are rounded to, and in what results are judged.
    temperature : float
        T, as given.
    """
    if isinstance(posing, Format):
        posing = Posing.of(posing)
    rounded = round_temperature(temperature, posing.temperature)
    return Problem(logits, round_to(logits, posing.logits), posing.results, rounded)


def as_taken(problem: Problem, form: Format) -> Problem:
    """Give a problem as an algorithm takes it in whose storage format does not hold its logits."""
    values, temperature = problem.values, problem.temperature
    return replace(
        problem, values=round_to(values, form), temperature=round_temperature(temperature, form)
    )


def finite_range(x: NDArray[np.float64]) -> tuple[tuple[float, float] | None, float | None]:
    """Give the least and the largest finite number of rows, and the largest gap in one of them."""
    least, largest = x.min(axis=-1), x.max(axis=-1)
    if not (np.isfinite(least).all() and np.isfinite(largest).all()):
        finite = np.isfinite(x)
        if not finite.any():
            return None, None
        least = np.where(finite, x, np.inf).min(axis=-1)
        largest = np.where(finite, x, -np.inf).max(axis=-1)
    with np.errstate(over="ignore"):
        widest = float((largest - least).max())
    return (float(least.min()), float(largest.max())), widest


class Census(NamedTuple):
    """What kinds of numbers rows have, as read and after rounding; arrays of shape (rows,)."""

    nan: NDArray[np.bool_]
    positive_infinity: NDArray[np.bool_]
    finite: NDArray[np.bool_]
    gained: NDArray[np.bool_]
    kept_finite: NDArray[np.bool_]

    @classmethod
    def of(cls, problem: Problem) -> Census:
        """Look at rows, or at a window of their columns."""
        x, rounded = problem.logits, problem.values
        no, yes = np.zeros(len(x), dtype=np.bool_), np.ones(len(x), dtype=np.bool_)
        if np.isfinite(rounded).all() and np.isfinite(x).all():  # of which a cast may saturate
            return cls(no, no, yes, no, yes)
        gained = (np.isposinf(rounded) & ~np.isposinf(x)) | (np.isnan(rounded) & ~np.isnan(x))
        masks = (np.isnan(x), np.isposinf(x), np.isfinite(x), gained, np.isfinite(rounded))
        return cls(*(np.asarray(mask.any(axis=-1)) for mask in masks))

    def beside(self, other: Census) -> Census:
        """Put two windows of the same rows together."""
        return Census(*(here | there for here, there in zip(self, other, strict=True)))

    def kinds(self, function: Function) -> NDArray[np.int8]:
        """Tell which rows are audited, and why the others are not.

        Parameters
        ----------
        function : str
            For logsumexp only NaN makes a row degenerate: nothing but −∞ gives −∞, and +∞ gives
            +∞.

        Returns
        -------
        ndarray of int8, shape (rows,)
            Values of `RowKind`.  The logits as read are asked first; LOST_TO_CAST is a row that was
            good until rounding gave it +∞ or NaN, or took its last finite logit.
        """
        lost = self.gained | (self.finite & ~self.kept_finite)
        kind = np.where(lost, RowKind.LOST_TO_CAST, RowKind.AUDITED).astype(np.int8)
        if function != "logsumexp":
            kind[~(self.finite | self.nan | self.positive_infinity)] = RowKind.ALL_MASKED
            kind[self.positive_infinity] = RowKind.POSITIVE_INFINITY
        kind[self.nan] = RowKind.NAN
        return kind


def classify(problem: Problem, function: Function) -> NDArray[np.int8]:
    """Tell which rows are audited, and why the others are not; see `Census.kinds`."""
    return Census.of(problem).kinds(function)
