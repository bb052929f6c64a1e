"""The largest errors of outputs without steps, of which no causes can be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.cause import CAUSES
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

_UNTOLD = CAUSES[-1]


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
    largest : list of Candidate
        The largest errors so far, the largest first.

    Notes
    -----
    Zeros that are too early, and not above the limit, are counted as broken alone.
    """

    def __init__(self, most: int, limit: float | None = None) -> None:
        super().__init__()
        self._most = max(most, 1)
        self._limit = WORTH_TELLING if limit is None else limit
        self.largest: list[Candidate] = []

    def add(self, judged: Judged) -> None:
        """Take in a block."""
        error = np.nan_to_num(judged.error, nan=-1.0, posinf=np.inf)  # what does not count
        self._add_places(self.places, judged, error > self._limit)
        broken = error == np.inf
        too_early = zeros_too_early(judged)
        self._add_places(self.broken, judged, broken if too_early is None else broken | too_early)
        self._keep(list(self._candidates(judged, error)))

    def _add_places(self, kept: dict[str, Places], judged: Judged, mask: NDArray[np.bool_]) -> None:
        kept.setdefault(_UNTOLD, Places()).add(mask, judged.numbers, judged.window.start)

    def _candidates(self, judged: Judged, error: NDArray[np.float64]) -> list[Candidate]:
        """Give a block's largest errors that may be among the largest of all."""
        at = np.flatnonzero(error > 0)
        keys = keys_of(error.take(at))
        if len(self.largest) == self._most:
            may_lead = keys >= self.largest[-1].key
            at, keys = at[may_lead], keys[may_lead]
        if at.size > self._most:
            may_lead = keys >= np.partition(keys, -self._most)[-self._most]
            at, keys = at[may_lead], keys[may_lead]
        first = np.argsort(-keys, kind="stable")[: self._most]
        rows, columns = np.divmod(at[first], error.shape[-1])
        return [
            Candidate(
                int(key),
                (int(judged.numbers[i]), judged.window.start + int(j)),
                float(judged.output.values[i, j]),
            )
            for key, i, j in zip(keys[first], rows, columns, strict=True)
        ]

    def _keep(self, candidates: list[Candidate]) -> None:
        best = sorted([*self.largest, *candidates], key=lambda c: (-c.key, c.place))
        self.largest = best[: self._most]

    def merge(self, other: WorstElements) -> None:
        """Take in what was found in other rows."""
        super().merge(other)
        if isinstance(other, LargestErrors):
            self._keep(other.largest)

    def ranked(self) -> list[tuple[str, Candidate]]:
        """Give the largest errors, the largest first."""
        return [(_UNTOLD, candidate) for candidate in self.largest]
