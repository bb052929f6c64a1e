"""What probes found: the types that travel from the study to its renderers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal

from softaudit.algorithms import ALGORITHMS
from softaudit.formats import FORMATS
from softaudit.studies.probes import CONTROL, PROBES

if TYPE_CHECKING:
    from softaudit.model import SkippedCell, Source, Used

Verdict = Literal["same", "differs", "not asked", "no answer"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Two results of the same question, and how far they are apart.

    Attributes
    ----------
    index : tuple of int
        Of the element among the logits, class axis last; of logsumexp, of the row.
    first, second : float
    ulp : float
        See `softaudit.studies.distance.distance`.
    """

    index: tuple[int, ...]
    first: float
    second: float
    ulp: float


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of asking in one other way.

    Attributes
    ----------
    way : str
    rows : int
        Rows compared; one that was asked about several times counts as often.
    left_out : int
        Rows of which it is another question.
    elements : int
        Results compared.
    differ : int
        Of them, those that are not the same.
    largest : Difference or None
        The first of the largest; None where all are the same.
    """

    way: str
    rows: int
    left_out: int
    elements: int
    differ: int
    largest: Difference | None


@dataclass(frozen=True, slots=True)
class Probed:
    """What one probe found of one implementation's function in one format.

    Attributes
    ----------
    implementation, function, format, probe : str
    ways : tuple of Compared
    reason : str or None
        Why a way was not asked, or had no answer.
    answered : bool
        False where an answer is missing, which is why `reason` is there.
    """

    implementation: str
    function: str
    format: str
    probe: str
    ways: tuple[Compared, ...] = ()
    reason: str | None = None
    answered: bool = True

    @property
    def name(self) -> str:
        """The cell's name."""
        return f"{self.function}/{self.format}/{self.implementation}"

    @property
    def verdict(self) -> Verdict:
        """Whether results were the same; a difference stays one if later answers are missing."""
        if self.worst is not None:
            return "differs"
        if self.reason is None:
            return "same"
        return "not asked" if self.answered else "no answer"

    @property
    def worst(self) -> Compared | None:
        """The first way of those with the largest distance; None where nothing differs."""
        ways = [way for way in self.ways if way.largest is not None]
        return max(ways, key=lambda way: way.largest.ulp if way.largest else 0.0, default=None)

    @property
    def distance(self) -> float | None:
        """The largest distance in ulp; None where nothing was compared."""
        found = [way.largest.ulp if way.largest else 0.0 for way in self.ways]
        return max(found, default=None)


@dataclass(frozen=True, slots=True)
class Invariance:
    """All that probes found on one source.

    Attributes
    ----------
    source : Source
    sampled : int or None
        How many rows were taken instead of all.
    range : tuple of float, or None
        Least and largest finite logit.
    widest : float or None
        The largest gap between finite logits of one row.
    respondents : tuple of Used
    probes : tuple of Probed
        By implementation, function, format and probe.
    skipped : tuple of SkippedCell
        What an implementation does not have.
    partial : int or None
        How many cells were done when somebody had enough; None where all were.
    """

    source: Source
    sampled: int | None
    range: tuple[float, float] | None
    widest: float | None
    respondents: tuple[Used, ...]
    probes: tuple[Probed, ...]
    skipped: tuple[SkippedCell, ...] = ()
    partial: int | None = None

    @property
    def unsteady(self) -> tuple[str, ...]:
        """Those whose answers to one question differ, of whom no other probe proves anything."""
        differ = (p.implementation for p in self.probes
                  if p.probe == CONTROL and p.verdict == "differs")  # fmt: skip
        return tuple(dict.fromkeys(differ))

    def unasked(self, respondent: str) -> str | None:
        """Say why a respondent was asked nothing; None if it was asked something."""
        probes = [p for p in self.probes if p.implementation == respondent]
        if any(p.verdict != "not asked" for p in probes):
            return None
        reasons = [p.reason for p in probes if p.reason]
        lacks = [s.reason for s in self.skipped if s.cell.endswith(f"/{respondent}")]
        return next(iter((*reasons, *lacks)), "").removeprefix(f"{respondent} ")

    @property
    def lines(self) -> tuple[tuple[str, str, str], ...]:
        """Functions, formats and probes of which there is something, in display order."""
        there = {(p.function, p.format, p.probe) for p in self.probes}
        return tuple(line for line in product(ALGORITHMS, FORMATS, PROBES) if line in there)
