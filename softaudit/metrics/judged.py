"""One block of results beside the exact values: what every metric looks at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from softaudit.formats import power_of_two

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.model import CellKey, Output, Problem, Verdict

EXTREME = 900
"""Binades beyond which scaling is done by ldexp: 2^±EXTREME and their products are normal."""


class Yardstick:
    """What the results of one function in one format are measured with; all cells share it.

    Parameters
    ----------
    verdict : Verdict
    form : Format
        Whose ulp is the unit.

    Attributes
    ----------
    counted : ndarray of bool
        Elements with a real y and a finite round(y): those with an error in ulp.
    """

    def __init__(self, verdict: Verdict, form: Format) -> None:
        y = verdict.enclosure
        self.verdict = verdict
        self.form = form
        self.counted = np.isfinite(y.high) & np.isfinite(verdict.rounded)
        self.all_counted = bool(self.counted.all())
        self.unit = np.maximum(verdict.binade, form.emin) - (form.precision - 1)
        near = np.clip(y.exponent, -EXTREME, EXTREME)
        self._size = power_of_two(near)
        self._inverse = power_of_two(-near)
        self._per_ulp = power_of_two(np.clip(near - self.unit, -1000, 1000))
        zero = y.high == 0
        self._extreme = _places(self.counted & (y.exponent != near) & ~zero)
        self._zero = _places(zero)

    def measure(self, v: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, float]:
        """Measure results.

        Returns
        -------
        error : ndarray of float64
            |v − y| / ulp(y); ∞ where v is not finite, NaN where it does not count.
        absolute, relative : float
            The largest |v − y| and |v − y| / |y| of those that count; −1 where none does.

        Notes
        -----
        In units of y's own binade the first difference is exact where v is near y (Sterbenz);
        elsewhere, and in the second, one rounding of relative size 2^−53 is made.
        """
        y = self.verdict.enclosure
        with np.errstate(all="ignore"):
            residual = np.abs((v * self._inverse - y.high) - y.low)
            error = residual * self._per_ulp
            absolute = residual * self._size
            relative = residual / np.abs(y.high)
            if self._zero[0].size:
                relative[self._zero] = np.where(v[self._zero] == 0, 0.0, np.inf)
                error[self._zero] = np.ldexp(np.abs(v[self._zero]), -self.form.subnormal_exponent)
            if self._extreme[0].size:
                at = self._extreme
                error[at], absolute[at], relative[at] = self._measure_extreme(v[at])
        if not self.all_counted:
            error[~self.counted] = np.nan
            absolute, relative = absolute[self.counted], relative[self.counted]
        broken = self.counted & ~np.isfinite(v)
        if broken.any():
            error[broken] = np.inf
            return error, np.inf, np.inf
        if absolute.size == 0:
            return error, -1.0, -1.0
        return error, float(absolute.max()), float(relative.max())

    def _measure_extreme(self, v: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        y, at = self.verdict.enclosure, self._extreme
        high, low, exponent, unit = y.high[at], y.low[at], y.exponent[at], self.unit[at]
        found = []
        for of in (unit, np.zeros_like(unit), exponent):
            nearest = np.ldexp(v, -of) - np.ldexp(high, exponent - of)
            found.append(np.abs(nearest - np.ldexp(low, exponent - of)))
        return found[0], found[1], found[2] / np.abs(high)

    @cached_property
    def radius(self) -> float:
        """The largest radius in ulp of an element that counts."""
        y = self.verdict.enclosure
        radius = y.radius * self._per_ulp
        at = self._extreme
        radius[at] = np.ldexp(y.radius[at], y.exponent[at] - self.unit[at])
        return float(np.max(radius, where=self.counted, initial=0.0))


def _places(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], ...]:
    """Give the places of what is mostly nowhere."""
    return np.unravel_index(np.flatnonzero(mask), mask.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Audited rows of a block, results and exact values side by side.

    Attributes
    ----------
    key : CellKey
    numbers : ndarray of int64, shape (rows,)
        Which rows of the logits these are.
    problem : Problem
        Of shape (rows, columns).
    output : Output
        Values of shape (rows, columns), or (rows, 1) for logsumexp.
    yardstick : Yardstick
    error : ndarray of float64
        See `Yardstick.measure`, and so are the two largest.
    absolute, relative : float
    """

    key: CellKey
    numbers: NDArray[np.int64]
    problem: Problem
    output: Output
    yardstick: Yardstick
    error: NDArray[np.float64]
    absolute: float
    relative: float

    @property
    def verdict(self) -> Verdict:
        """What the judge decided."""
        return self.yardstick.verdict

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Elements with an error in ulp."""
        return self.yardstick.counted

    @property
    def form(self) -> Format:
        """The storage format."""
        return self.yardstick.form


def compare(
    key: CellKey,
    numbers: NDArray[np.int64],
    problem: Problem,
    output: Output,
    yardstick: Yardstick,
) -> Judged:
    """Measure results against enclosures of the exact values."""
    error, absolute, relative = yardstick.measure(output.values)
    return Judged(key, numbers, problem, output, yardstick, error, absolute, relative)
