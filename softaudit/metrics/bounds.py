"""Published a-priori bounds, beside the errors that they are about.

Blanchard, Higham & Higham bound the error in the maximum norm, max |v − y| / max |y| in a row, of
five algorithms, to first order in the unit roundoff u:

    softmax naive           n + 3
    softmax stable          n + 2 + 2 (x_max − x_min)
    softmax division-free   1 + max |x_j − s| + |s + n − x_min|
    logsumexp naive         1 + (n + 1)/|y|
    logsumexp stable        |y + n − x_min| / |y|

times u, with s = logsumexp(x) and n the number of logits, −∞ left out: their exponentials are
exact zeros.  x/T stands for x; that x/T is itself rounded is not in the bound.  u is the larger of
the unit roundoffs of the compute and the accumulator's format.  Where these differ, terms are
rounded on their way in and the sum on its way out, which n + 2 in place of n covers; where the
storage format is another, the last rounding adds its u.

The bounds say nothing of overflow: rows with a sum or result that is not finite are left out, and
where formats saturate, with a sum that is the largest number.  Nor do they hold as stated
everywhere, which is why they are shown and never asserted:

- Underflow is not in them.  softmax of [−95, −96.5, −97.25] in float32 by naive, whose
  exponentials are subnormal, is above its bound, 6 · 2^−24, by a factor of over 200.
- logsumexp stable ends with a sum that is itself rounded, by up to u |y|: for large logits of one
  sign close together |y + n − x_min| is less than |y|.  [1e8, 1e8 + 1, 1e8 + 2] in float32 is
  correctly rounded, and above by a factor of over a million; [−95, −96.5, −97.25] in float16 is by
  ten.
- x/T: softmax stable of [1000, 999.7] at T = 0.7 in float32 is above by a factor of over a
  hundred, from the |x/T| u of rounding quotients.
- A rounding of exp or log is taken for one u; a library's may be several.
- To first order only: with n u near 1 they say nothing.  8000 equal logits in bfloat16, summed one
  after the other, stall at 256: the error is 30, and the bound is 31.

The γ-form of the bounds, which has all that and holds, is in tests/gamma.py, with its derivation.

References
----------
Blanchard, Higham & Higham, Accurately computing the log-sum-exp and softmax functions, IMA J.
Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from softaudit.metrics.largest_row import LargestRow
from softaudit.reference import elementary
from softaudit.reference.certified import quotient
from softaudit.reference.double_word import DoubleWord

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from softaudit.metrics.extent import Extent
    from softaudit.metrics.judged import Judged
    from softaudit.model import CellKey


class Span(NamedTuple):
    """What the bounds are made of, each of shape (rows,): x is x̂/T̂, the logits finite.

    Attributes
    ----------
    n : ndarray of int64
        Terms of the sum.
    gap : ndarray of float64
        x_max − x_min.
    log_total : ndarray of float64
        logsumexp(x) − x_max, between 0 and log n.
    y : ndarray of float64
        The exact value of the largest size.
    """

    n: NDArray[np.int64]
    gap: NDArray[np.float64]
    log_total: NDArray[np.float64]
    y: NDArray[np.float64]

    @classmethod
    def of(cls, extent: Extent, function: str) -> Span:
        """Take a row's extent for it.

        Notes
        -----
        logsumexp − x_max is a difference: good to ten digits up to |x| = 2^50, and kept between 0
        and log n where nothing of it is left.
        """
        gap = (extent.top - extent.least) / extent.temperature
        y = np.ldexp(extent.high, extent.exponent)
        if function == "softmax":
            return cls(extent.count, gap, -elementary.log(y), y)
        top, _ = quotient(DoubleWord(extent.top, np.zeros_like(y)), extent.temperature)
        rest = (y - top.high) + (np.ldexp(extent.low, extent.exponent) - top.low)
        most = elementary.log(np.maximum(extent.count, 1).astype(np.float64))
        return cls(extent.count, gap, np.clip(np.nan_to_num(rest), 0.0, most), y)


BOUNDS: dict[tuple[str, str], Callable[[Span], NDArray[np.float64]]] = {
    ("softmax", "naive"): lambda s: (s.n + 3) * s.y,
    ("softmax", "stable"): lambda s: (s.n + 2 + 2 * s.gap) * s.y,
    ("softmax", "division-free"): lambda s: (s.n + 1 + 2 * (s.gap + s.log_total)) * s.y,
    ("logsumexp", "naive"): lambda s: np.abs(s.y) + (s.n + 1),
    ("logsumexp", "stable"): lambda s: s.n + (s.gap + s.log_total),
}
"""The coefficient of u times ‖y‖, by function and algorithm; s − x_min is gap + log_total."""


def published(key: CellKey, extent: Extent) -> NDArray[np.float64]:
    """Give the published bound of the largest |v − y| in each row, shape (rows,)."""
    arithmetic = key.arithmetic
    u = 2.0 ** -min(arithmetic.compute.precision, arithmetic.accumulate.precision)
    with np.errstate(all="ignore"):
        span = Span.of(extent, key.function)
        if arithmetic.accumulate != arithmetic.compute:
            span = span._replace(n=span.n + 2)
        bound = BOUNDS[key.function, key.algorithm](span) * u
        if arithmetic.storage != arithmetic.compute:
            bound += 2.0**-arithmetic.storage.precision * extent.size
    return bound


class Bounds:
    """Errors of rows in the maximum norm, and the published bound where the algorithm has one.

    Attributes
    ----------
    rows : int
        Rows that the bound is about: those whose sum and results are all finite.
    error : float
        Largest max |v − y| / max |y| of these.
    largest : LargestRow
        The largest ratio of error and bound, and beside it the bound.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.error = 0.0
        self.largest = LargestRow()
        self._front: NDArray[np.float64] | None = None

    def add(self, judged: Judged) -> None:
        """Take in a block; of a long row its windows, one after the other."""
        key, steps = judged.key, judged.output.steps
        if (key.function, key.algorithm) not in BOUNDS or steps is None or not len(judged.numbers):
            return
        distance = judged.errors.distance.max(axis=-1)
        if self._front is not None:
            distance = np.maximum(distance, self._front)
        self._front = None if judged.window.is_last else distance
        extent = judged.yardstick.extent
        if extent is None:
            return
        bounded = np.isfinite(distance) & (distance >= 0)
        if steps.total is not None:
            # Where formats saturate, the largest number is what is beyond it, too.
            compute = key.arithmetic.compute
            most = compute.largest if compute.beyond == "largest" else np.inf
            bounded &= steps.total[:, 0] < most
        self._compare(judged, extent, np.where(bounded, distance, np.nan))

    def _compare(self, judged: Judged, extent: Extent, distance: NDArray[np.float64]) -> None:
        bound = published(judged.key, extent)
        with np.errstate(all="ignore"):
            error = np.where(distance == 0, 0.0, distance / extent.size)
            ratio = np.where(distance == 0, 0.0, distance / bound)
            relative = bound / extent.size
        told = ~np.isnan(ratio)
        self.rows += int(np.count_nonzero(told))
        self.error = max(self.error, float(np.max(error, where=told, initial=0.0)))
        self.largest.add(ratio, judged.numbers, relative)

    def merge(self, other: Bounds) -> None:
        """Take in what was counted of other rows."""
        self.rows += other.rows
        self.error = max(self.error, other.error)
        self.largest.merge(other.largest)
