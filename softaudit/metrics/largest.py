"""The largest errors of outputs without steps, of which results tell what causes they can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.cause import CAUSES, UNTOLD, answered, causes
from softaudit.metrics.places import Places
from softaudit.metrics.worst import (
    WORTH_TELLING,
    Candidate,
    WorstElements,
    keys_of,
    zeros_too_early,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.metrics.judged import Judged


FLUSH = CAUSES.index("flush")


class LargestErrors(WorstElements):
    """Several elements with the largest errors, instead of one for each cause.

    Parameters
    ----------
    most : int
        How many to keep; at least one is.
    limit : float, optional
        Errors in ulp above which results are counted: `WORTH_TELLING` by default.

    Attributes
    ----------
    largest : list of (str, Candidate)
        The largest errors so far with their causes, the largest first.
    without_flush : dict of Places
        What is counted under no told cause if flushing is none of them: results above the limit,
        and broken ones.

    Notes
    -----
    Zeros that are too early, and not above the limit, are counted as broken alone.

    What a row's results prove hangs on all of them (`answered`).  Of a long row, of which a window
    comes at a time, both are counted: as if they proved it, and as if not.
    """

    def __init__(self, most: int, limit: float | None = None) -> None:
        super().__init__()
        self._most = max(most, 1)
        self._limit = WORTH_TELLING if limit is None else limit
        self._long: tuple[LargestErrors, LargestErrors] | None = None
        self._answered = False
        self.without_flush = {"above": Places(), "broken": Places()}
        self.largest: list[tuple[str, Candidate]] = []

    def add(self, judged: Judged) -> None:
        """Take in a block."""
        window = judged.window
        if judged.key.function == "logsumexp" or (window.is_first and window.is_last):
            self.count(judged, answered(judged))
        else:
            self._add_window(judged)

    def _add_window(self, judged: Judged) -> None:
        if self._long is None or judged.window.is_first:
            new = LargestErrors(self._most, self._limit), LargestErrors(self._most, self._limit)
            self._long, self._answered = new, False
        told, untold = self._long
        rows = np.ones(len(judged.numbers), dtype=np.bool_)
        told.count(judged, rows)
        untold.count(judged, ~rows)
        self._answered |= bool(answered(judged).any())
        if judged.window.is_last:
            self.merge(told if self._answered else untold)
            self._long = None

    def count(self, judged: Judged, proves: NDArray[np.bool_]) -> None:
        """Take in rows, or a window of one, of which some prove what their results say."""
        error = np.nan_to_num(judged.error, nan=-1.0, posinf=np.inf)  # what does not count
        above, broken = error > self._limit, error == np.inf
        too_early = zeros_too_early(judged)
        if too_early is not None:
            broken |= too_early
        self.above.add(above, judged.numbers, judged.window.start)
        at = np.flatnonzero(above | broken)
        code, above, broken = _told(judged, at, proves), above.take(at), broken.take(at)
        for index in np.flatnonzero(np.bincount(code)).tolist():
            chosen = code == index
            self._count(self.places, judged, CAUSES[index], at, chosen & above)
            self._count(self.broken, judged, CAUSES[index], at, chosen & broken)
        untold = (code == FLUSH) | (code == UNTOLD)
        width, start = error.shape[-1], judged.window.start
        for name, counted in (("above", above), ("broken", broken)):
            self.without_flush[name].add_at(at, width, judged.numbers, start, untold & counted)
        self._keep(self._candidates(judged, error, proves))

    def _candidates(
        self, judged: Judged, error: NDArray[np.float64], proves: NDArray[np.bool_]
    ) -> list[tuple[str, Candidate]]:
        """Give a block's largest errors that may be among the largest of all."""
        at = np.flatnonzero(error > 0)
        keys = keys_of(error.take(at))
        if len(self.largest) == self._most:
            may_lead = keys >= self.largest[-1][1].key
            at, keys = at[may_lead], keys[may_lead]
        if at.size > self._most:
            may_lead = keys >= np.partition(keys, -self._most)[-self._most]
            at, keys = at[may_lead], keys[may_lead]
        first = np.argsort(-keys, kind="stable")[: self._most]
        rows, columns = np.divmod(at[first], error.shape[-1])
        code = _told(judged, at[first], proves)
        return [
            (
                CAUSES[index],
                Candidate(
                    int(key),
                    (int(judged.numbers[i]), judged.window.start + int(j)),
                    float(judged.output.values[i, j]),
                ),
            )
            for index, key, i, j in zip(code, keys[first], rows, columns, strict=True)
        ]

    def _keep(self, candidates: list[tuple[str, Candidate]]) -> None:
        best = sorted([*self.largest, *candidates], key=lambda c: (-c[1].key, c[1].place))
        self.largest = best[: self._most]

    def merge(self, other: WorstElements) -> None:
        """Take in what was found in other rows."""
        super().merge(other)
        if isinstance(other, LargestErrors):
            self._keep(other.largest)
            for name, places in other.without_flush.items():
                self.without_flush[name].merge(places)

    def settle(self, *, keeps_subnormal: bool) -> None:
        """Take back what all results together disprove: who returns subnormal numbers keeps them.

        A single 0 in place of one then has another cause, which nobody knows.
        """
        if not keeps_subnormal:
            return
        told, untold = CAUSES[FLUSH], CAUSES[UNTOLD]
        for kept, name in ((self.places, "above"), (self.broken, "broken")):
            if kept.pop(told, None) is not None:
                kept[untold] = self.without_flush[name]
        self.largest = [(untold if cause == told else cause, c) for cause, c in self.largest]

    def ranked(self) -> list[tuple[str, Candidate]]:
        """Give the largest errors with their causes, the largest first."""
        return list(self.largest)


def _told(judged: Judged, at: NDArray[np.int64], proves: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Name the causes of some elements, of those of other rows none."""
    code = causes(judged, at)
    return np.where(proves.take(at // judged.error.shape[-1]), code, np.int8(UNTOLD))
