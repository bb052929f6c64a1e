"""What rounding the logits alone did: events of the cast, and the cast error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.exact_sum import ExactSum
from softaudit.metrics.range import Places
from softaudit.model import RowKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.model import Enclosure, Problem, Verdict


class Cast:
    """Counts and errors that all cells of one function and storage format share."""

    def __init__(self) -> None:
        self.kinds = np.zeros(len(RowKind), dtype=np.int64)
        self.overflow = Places()
        self.to_mask = Places()
        self.kept_masks = Places()
        self.lost_rows = Places()
        self.largest = -1.0
        self.sum = ExactSum()

    def count(self, problem: Problem, kinds: NDArray[np.int8], numbers: NDArray[np.int64]) -> None:
        """Count rows by kind, and the cast's overflows in rows that were good as read."""
        self.kinds += np.bincount(kinds, minlength=len(RowKind))
        good = ((kinds == RowKind.AUDITED) | (kinds == RowKind.LOST_TO_CAST))[:, None]
        over = good & np.isfinite(problem.logits) & ~np.isfinite(problem.values)
        self.overflow.add(over, numbers)
        masks = over & np.isneginf(problem.values)
        self.to_mask.add(masks, numbers)
        self.kept_masks.add(masks & (kinds == RowKind.AUDITED)[:, None], numbers)
        self.lost_rows.add((kinds == RowKind.LOST_TO_CAST)[:, None], numbers)

    def measure(self, cast: Enclosure, original: Verdict, form: Format) -> None:
        """Take in |exact(x̂, T̂) − exact(x, T)| / ulp(exact(x, T)) of audited rows."""
        y = original.enclosure
        if cast is y:
            count = int(np.count_nonzero(np.isfinite(y.high)))
            self.largest = max(self.largest, 0.0) if count else self.largest
            self.sum.count += count
            return
        both = np.isfinite(cast.high) & np.isfinite(y.high)
        unit = np.maximum(original.binade, form.emin) - form.precision + 1
        with np.errstate(all="ignore"):
            high = np.ldexp(cast.high, cast.exponent - unit) - np.ldexp(y.high, y.exponent - unit)
            low = np.ldexp(cast.low, cast.exponent - unit) - np.ldexp(y.low, y.exponent - unit)
            error = np.abs(high + low)
            # What the radii cannot tell from 0 is 0.
            radius = np.ldexp(cast.radius, cast.exponent - unit)
            radius += np.ldexp(y.radius, y.exponent - unit)
            error = np.where(error <= radius, 0.0, error)[both]
        if error.size:
            self.largest = max(self.largest, float(error.max()))
            self.sum.add(error[np.isfinite(error)])

    def merge(self, other: Cast) -> None:
        """Take in what was counted of other rows."""
        self.kinds += other.kinds
        for name in ("overflow", "to_mask", "kept_masks", "lost_rows"):
            getattr(self, name).merge(getattr(other, name))
        self.largest = max(self.largest, other.largest)
        self.sum.merge(other.sum)
