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
    """For each cause, its worst element, and how many wrong and broken results it has where.

    A broken result is one that is not finite though it should be, or a 0 that should not be.
    """

    def __init__(self) -> None:
        self.best: dict[str, Candidate] = {}
        self.places: dict[str, Places] = {}
        self.broken: dict[str, Places] = {}

    def add(self, judged: Judged) -> None:
        """Take in a block."""
        erring = judged.counted & (judged.error > 0)
        if not erring.any():
            return
        code = np.where(erring, causes(judged), -1)
        keys = (judged.error.view(np.int64) + (1 << (_DROPPED_BITS - 1))) >> _DROPPED_BITS
        broken = np.isinf(judged.error)
        if judged.key.function == "softmax":
            broken |= judged.wrong & (judged.output.values == 0)
        for index in np.flatnonzero(np.bincount(code[erring], minlength=len(CAUSES))):
            mask = code == index
            where = int(np.argmax(np.where(mask, keys, -1)))
            i, j = divmod(where, mask.shape[-1])
            place = int(judged.numbers[i]), j
            computed = float(judged.output.values[i, j])
            self._offer(CAUSES[index], Candidate(int(keys[i, j]), place, computed))
            for kept, of in ((self.places, judged.wrong), (self.broken, broken)):
                kept.setdefault(CAUSES[index], Places()).add(mask & of, judged.numbers)

    def merge(self, other: WorstElements) -> None:
        """Take in what another process found."""
        for cause, candidate in other.best.items():
            self._offer(cause, candidate)
        for kept, theirs in ((self.places, other.places), (self.broken, other.broken)):
            for cause, places in theirs.items():
                kept.setdefault(cause, Places()).merge(places)

    def _offer(self, cause: str, candidate: Candidate) -> None:
        if candidate.beats(self.best.get(cause)):
            self.best[cause] = candidate

    def ranked(self) -> list[tuple[str, Candidate]]:
        """Give causes with their worst element, worst first."""
        return sorted(self.best.items(), key=lambda item: (-item[1].key, item[1].place))
