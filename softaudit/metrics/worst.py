"""The worst element of every cause.

Errors that the enclosures cannot separate are ties, and the first index wins: errors are compared
with 40 significant bits, an order that does not depend on how blocks were cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.cause import CAUSES, causes
from softaudit.metrics.places import Places

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from softaudit.metrics.judged import Judged

_DROPPED_BITS = 12

WORTH_TELLING = 4.0
"""Errors in ulp above which a result's cause is told: so much is lost by ordinary rounding."""


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
    """For each cause, its worst element, and how many results it cost, where.

    What it cost is an error above `WORTH_TELLING`, or a broken result: one that is not finite
    though it should be, or a 0 that should not be.  The worst of all is kept in any case.

    Attributes
    ----------
    places, broken : mapping of str to Places
        Where what was counted is, by cause.
    above : Places
        Of somebody else's results, all above a limit, whatever their cause; see `LargestErrors`.
    """

    def __init__(self) -> None:
        self.best: dict[str, Candidate] = {}
        self.top: tuple[str, Candidate] | None = None
        self.places: dict[str, Places] = {}
        self.broken: dict[str, Places] = {}
        self.above = Places()

    def add(self, judged: Judged) -> None:
        """Take in a block."""
        self._add_top(judged)
        too_early = zeros_too_early(judged)
        if judged.largest <= WORTH_TELLING and too_early is None:
            return
        with np.errstate(invalid="ignore"):
            telling = judged.error > WORTH_TELLING
        if too_early is not None:
            telling |= too_early
        at = np.flatnonzero(telling)
        error = judged.error.take(at)
        broken = error == np.inf
        if too_early is not None:
            broken |= too_early.take(at)
        code, some_broken = causes(judged, at), bool(broken.any())
        for index in np.flatnonzero(np.bincount(code)).tolist():
            chosen = code == index
            self._offer(CAUSES[index], _candidate(judged, at, error, chosen))
            self._count(self.places, judged, CAUSES[index], at, chosen)
            if some_broken:
                self._count(self.broken, judged, CAUSES[index], at, chosen & broken)

    def _count(
        self,
        kept: dict[str, Places],
        judged: Judged,
        cause: str,
        at: NDArray[np.int64],
        chosen: NDArray[np.bool_],
    ) -> None:
        places = kept.setdefault(cause, Places())
        width, start = judged.error.shape[-1], judged.window.start
        places.add_at(at, width, judged.numbers, start, chosen)

    def _add_top(self, judged: Judged) -> None:
        largest = judged.largest
        if largest <= 0 or (self.top and not self._may_lead(judged, self.top[1])):
            return
        with np.errstate(invalid="ignore"):
            at = np.flatnonzero(judged.error >= _nearly(largest))
        candidate = _candidate(judged, at, judged.error.take(at), np.ones(at.shape, np.bool_))
        if candidate.beats(self.top[1] if self.top else None):
            i = np.searchsorted(judged.numbers, candidate.place[0])
            column = candidate.place[1] - judged.window.start
            place = np.array([i * judged.error.shape[-1] + column])
            self.top = CAUSES[int(causes(judged, place)[0])], candidate

    def _may_lead(self, judged: Judged, top: Candidate) -> bool:
        """Tell whether a block's largest error is larger, or the same and further to the front."""
        first = int(judged.numbers[0]), judged.window.start
        return (-int(keys_of(judged.largest)[0]), first) < (-top.key, top.place)

    def merge(self, other: WorstElements) -> None:
        """Take in what was found in other rows."""
        for cause, candidate in other.best.items():
            self._offer(cause, candidate)
        if other.top and other.top[1].beats(self.top[1] if self.top else None):
            self.top = other.top
        for kept, theirs in ((self.places, other.places), (self.broken, other.broken)):
            for cause, places in theirs.items():
                kept.setdefault(cause, Places()).merge(places)
        self.above.merge(other.above)

    def settle(self, *, keeps_subnormal: bool) -> None:
        """Take back what all results together disprove; of known steps nothing."""

    def _offer(self, cause: str, candidate: Candidate) -> None:
        if candidate.beats(self.best.get(cause)):
            self.best[cause] = candidate

    def ranked(self) -> list[tuple[str, Candidate]]:
        """Give causes with their worst element, worst first."""
        best = dict(self.best)
        if self.top and self.top[1].beats(best.get(self.top[0])):
            best[self.top[0]] = self.top[1]
        return sorted(best.items(), key=lambda item: (-item[1].key, item[1].place))


def zeros_too_early(judged: Judged) -> NDArray[np.bool_] | None:
    """Mark zeros of a softmax that should not be; None where there is none."""
    if judged.key.function != "softmax" or judged.least > 0:
        return None
    early = (judged.output.values == 0) & judged.counted & (judged.decision.rounded != 0)
    return early if early.any() else None


def _candidate(
    judged: Judged, at: NDArray[np.int64], error: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> Candidate:
    """Give the first of the worst among chosen elements, in the order of the logits."""
    largest = float(np.max(error, where=chosen, initial=-1.0))
    ties = chosen & (error >= _nearly(largest))
    best = int(np.argmax(ties))
    if largest < np.inf:
        some = np.flatnonzero(ties)
        best = int(some[np.argmax(keys_of(error.take(some)))])
    i, j = divmod(int(at[best]), judged.error.shape[-1])
    computed = float(judged.output.values[i, j])
    place = int(judged.numbers[i]), judged.window.start + j
    return Candidate(int(keys_of(error[best])[0]), place, computed)


def _nearly(error: float) -> float:
    """Give a bound that every error with the same leading bits reaches."""
    return error * (1 - 2.0**-38)


def keys_of(error: ArrayLike) -> NDArray[np.int64]:
    """Give the leading bits of errors, by which they are compared."""
    bits = np.atleast_1d(np.asarray(error, dtype=np.float64)).view(np.int64)
    return (bits + (1 << (_DROPPED_BITS - 1))) >> _DROPPED_BITS
