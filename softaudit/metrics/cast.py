"""What rounding the logits alone did: events of the cast, and the cast error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit.formats import round_to
from softaudit.metrics.exact_sum import ExactSum
from softaudit.metrics.places import Places
from softaudit.model import WHOLE, RowKind, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.model import Decision, Enclosure, Problem


class Cast:
    """Counts and errors that all cells of one function and storage format share.

    Parameters
    ----------
    form : Format
        The storage format; in one that saturates, logits beyond the largest number are counted.
    """

    def __init__(self, form: Format) -> None:
        self._form = form
        self.kinds = np.zeros(len(RowKind), dtype=np.int64)
        self.overflow = Places()
        self.to_mask = Places()
        self.kept_masks = Places()
        self.lost_rows = Places()
        self.saturated = Places()
        self.largest = -1.0
        self.sum = ExactSum()

    def count(
        self,
        problem: Problem,
        kinds: NDArray[np.int8],
        numbers: NDArray[np.int64],
        window: Window = WHOLE,
    ) -> None:
        """Count rows by kind, and the cast's overflows in rows that were good as read."""
        if window.is_first:
            self.kinds += np.bincount(kinds, minlength=len(RowKind))
            self.lost_rows.add((kinds == RowKind.LOST_TO_CAST)[:, None], numbers)
        good = ((kinds == RowKind.AUDITED) | (kinds == RowKind.LOST_TO_CAST))[:, None]
        if self._form.beyond == "largest":
            beyond = ~np.isfinite(round_to(problem.logits, self._form.plain))
            beyond &= np.isfinite(problem.values) & good
            self.saturated.add(beyond, numbers, window.start)
        if np.isfinite(problem.values).all():
            return
        over = good & np.isfinite(problem.logits) & ~np.isfinite(problem.values)
        self.overflow.add(over, numbers, window.start)
        masks = over & np.isneginf(problem.values)
        self.to_mask.add(masks, numbers, window.start)
        kept = masks & (kinds == RowKind.AUDITED)[:, None]
        self.kept_masks.add(kept, numbers, window.start)

    def measure(self, cast: Enclosure, original: Decision, form: Format) -> None:
        """Take in |exact(x̂, T̂) − exact(x, T)| / ulp(exact(x, T)) of audited rows.

        `original` is a decision for float64, whose ulp tells that of every narrower format.
        """
        y = original.enclosure
        if cast is y:
            count = int(np.count_nonzero(np.isfinite(y.high)))
            self.largest = max(self.largest, 0.0) if count else self.largest
            self.sum.count += count
            return
        with np.errstate(all="ignore"):
            error = cast.high - y.high
            error += cast.low - y.low
            np.abs(error, out=error)
            error *= 2.0 ** (form.precision - 53)
            error /= np.maximum(original.ulp, form.least_normal * 2.0**-52)
            # What the radii cannot tell from 0 is 0: they are relative, and |y| < 2^p ulp(y).
            blur = (cast.radius + y.radius) * (1.001 * 2.0**form.precision)
            if any(blur.strides) or float(error.min(initial=np.inf)) <= blur.max(initial=0.0):
                error[error <= blur] = 0.0
        far = np.concatenate([cast.far(), y.far()])
        if far.size:
            far = np.unique(far)
            error.put(far, _far_error(cast, original, form, far))
        largest = float(error.max(initial=-1.0))
        if largest < np.inf:
            self.sum.add_rows(error)
        else:  # masks, too, whose difference is NaN
            both = np.isfinite(cast.high) & np.isfinite(y.high)
            largest = float(np.max(error, where=both, initial=-1.0))
            both &= np.isfinite(error)
            self.sum.add_rows(np.where(both, error, 0.0), int(np.count_nonzero(both)))
        self.largest = max(self.largest, largest)

    def merge(self, other: Cast) -> None:
        """Take in what was counted of other rows."""
        self.kinds += other.kinds
        for name in ("overflow", "to_mask", "kept_masks", "lost_rows", "saturated"):
            getattr(self, name).merge(getattr(other, name))
        self.largest = max(self.largest, other.largest)
        self.sum.merge(other.sum)


def _far_error(
    cast: Enclosure, original: Decision, form: Format, at: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Measure where an exponent stands beside a value."""
    y = original.enclosure
    _, binade = np.frexp(original.ulp.take(at))
    unit = np.maximum(binade + 51, form.emin) - form.precision + 1
    high, low, blur = (np.zeros(at.size) for _ in range(3))
    with np.errstate(all="ignore"):
        for sign, part in ((1.0, cast), (-1.0, y)):
            scale = part.exponent.take(at) - unit
            high += sign * np.ldexp(part.high.take(at), scale)
            low += sign * np.ldexp(part.low.take(at), scale)
            blur += np.ldexp(np.abs(part.high.take(at)) * part.radius.take(at), scale)
        error = np.abs(high + low)
        error[(error <= blur) & (blur < np.inf)] = 0.0
    return error
