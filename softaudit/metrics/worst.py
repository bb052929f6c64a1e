"""The worst element of every cause.

Errors that the enclosures cannot separate are ties, and the first index wins: errors are compared
with 40 significant bits, an order that does not depend on how blocks were cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.cause import CAUSES, causes
from softaudit.metrics.range import Places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.metrics.judged import Judged

_DROPPED_BITS = 12


@dataclass(frozen=True, slots=True)
class Candidate:
    """An element that is the worst of its cause so far."""

    key: int
    place: tuple[int, int]
    computed: float

    def beats(self, other: Candidate | None) -> bool:
        """Whether its error is larger, or the same and further to the front."""
        return other is None or (-self.key, self.place) < (-other.key, other.place)


class WorstElements:
    """For each cause, its worst element, and how many results it cost more than 1 ulp, where.

    A broken result is one that is not finite though it should be, or a 0 that should not be.
    The worst of all is kept also where it is within 1 ulp.
    """

    def __init__(self) -> None:
        self.best: dict[str, Candidate] = {}
        self.top: tuple[str, Candidate] | None = None
        self.places: dict[str, Places] = {}
        self.broken: dict[str, Places] = {}

    def add(self, judged: Judged) -> None:
        """Take in a block."""
        self._add_top(judged)
        with np.errstate(invalid="ignore"):
            telling = judged.error > 1.0
        too_early = _zeros_too_early(judged)
        if too_early is not None:
            telling |= too_early
        if not telling.any():
            return
        at = _elements(telling)
        code = causes(judged, at)
        broken = np.isinf(judged.error)
        broken = broken if too_early is None else broken | too_early
        for index in np.flatnonzero(np.bincount(code, minlength=len(CAUSES))):
            chosen = code == index
            i, j = at[0][chosen], at[1][chosen]
            self._offer(CAUSES[index], _candidate(judged, i, j))
            for kept, of in ((self.places, telling), (self.broken, broken)):
                mask = np.zeros_like(telling)
                mask[i, j] = of[i, j]
                kept.setdefault(CAUSES[index], Places()).add(mask, judged.numbers)

    def _add_top(self, judged: Judged) -> None:
        counted = judged.yardstick.all_counted
        error = judged.error if counted else np.where(judged.counted, judged.error, -1.0)
        if error.size == 0 or error.max() <= 0:
            return
        at = _elements(error >= error.max() * (1 - 2.0**-38))
        best = int(np.argmax(_key(error[at])))
        first = at[0][best : best + 1], at[1][best : best + 1]
        candidate = _candidate(judged, *first)
        if candidate.beats(self.top[1] if self.top else None):
            self.top = CAUSES[int(causes(judged, first)[0])], candidate

    def merge(self, other: WorstElements) -> None:
        """Take in what another process found."""
        for cause, candidate in other.best.items():
            self._offer(cause, candidate)
        if other.top and other.top[1].beats(self.top[1] if self.top else None):
            self.top = other.top
        for kept, theirs in ((self.places, other.places), (self.broken, other.broken)):
            for cause, places in theirs.items():
                kept.setdefault(cause, Places()).merge(places)

    def _offer(self, cause: str, candidate: Candidate) -> None:
        if candidate.beats(self.best.get(cause)):
            self.best[cause] = candidate

    def ranked(self) -> list[tuple[str, Candidate]]:
        """Give causes with their worst element, worst first."""
        best = dict(self.best)
        if self.top and self.top[1].beats(best.get(self.top[0])):
            best[self.top[0]] = self.top[1]
        return sorted(best.items(), key=lambda item: (-item[1].key, item[1].place))


def _elements(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, columns = np.nonzero(mask)
    return rows.astype(np.int64), columns.astype(np.int64)


def _zeros_too_early(judged: Judged) -> NDArray[np.bool_] | None:
    zero = judged.output.values == 0
    if judged.key.function != "softmax" or not zero.any():
        return None
    early = zero & judged.counted & (judged.verdict.rounded != 0)
    return early if early.any() else None


def _candidate(judged: Judged, i: NDArray[np.int64], j: NDArray[np.int64]) -> Candidate:
    """Give the first of the worst among some elements, in the order of the logits."""
    keys = _key(judged.error[i, j])
    at = int(np.argmax(keys))
    place = int(judged.numbers[i[at]]), int(j[at])
    return Candidate(int(keys[at]), place, float(judged.output.values[i[at], j[at]]))


def _key(error: NDArray[np.float64]) -> NDArray[np.int64]:
    bits = np.ascontiguousarray(error).view(np.int64)
    return (bits + (1 << (_DROPPED_BITS - 1))) >> _DROPPED_BITS
