"""What conformance leaves: questions, what is expected, what each respondent returned, verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from softaudit.model import Used
    from softaudit.studies.edge_rows import EdgeRow

Verdict = Literal["correct", "close", "other convention", "off", "no answer", "not asked"]

VERDICTS: dict[Verdict, str] = {
    "correct": "correctly rounded, or as is usual where there is no exact answer",
    "close": "within 4 ULP",
    "other convention": "what another sane reading gives where there is no exact answer",
    "off": "beyond 4 ULP, not finite where the answer is, or what no reading gives",
    "no answer": "raised, hung or died",
    "not asked": "not taken in this format, or by this name",
}
"""What an answer is, best first; from `other convention` on to `no answer` it deviates."""

Runs = tuple[tuple[float, int], ...]
"""Values of a row one after the other, each with how often it stands there."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The answer to a question.

    Attributes
    ----------
    values : tuple of (float, int)
        Correctly rounded to the format, or as the convention has them.
    exact : tuple of (str, int)
        The exact values as decimals of 25 digits; empty of a convention.
    convention : str or None
        Why there is no exact answer, and what is usual; None where there is an exact one.
    """

    values: Runs
    exact: tuple[tuple[str, int], ...]
    convention: str | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """The element of an answer that is farthest off.

    Attributes
    ----------
    index : int
    returned : float
    exact : str
        Decimal, 25 digits.
    """

    index: int
    returned: float
    exact: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a respondent returned to a question.

    Attributes
    ----------
    respondent : str
    verdict : str
    values : tuple of (float, int) or None
        None where nothing was returned.
    ulp : float or None
        The largest error; ∞ where a result is not finite and the answer is, or the other way round;
        None of a convention, of an empty row, and where nothing was returned.
    worst : Element or None
        Where that is.
    reason : str
        Why there is no answer, or why it was not asked; "" otherwise.
    remarks : tuple of str
        What happened beside.
    """

    respondent: str
    verdict: Verdict
    values: Runs | None = None
    ulp: float | None = None
    worst: Element | None = None
    reason: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def deviates(self) -> bool:
        """Whether it is worth telling of."""
        return self.verdict in ("other convention", *FAILURES)

    @property
    def fails(self) -> bool:
        """Whether it is wrong, or missing."""
        return self.verdict in FAILURES

    @property
    def badness(self) -> tuple[int, float]:
        """What sorts replies: those without an answer, what is not finite, then by ULP."""
        return ORDER.index(self.verdict), inf if self.ulp is None else self.ulp


FAILURES: tuple[Verdict, ...] = ("off", "no answer")
"""What a strict judgement fails for; who follows another convention is not wrong."""

ORDER: tuple[Verdict, ...] = ("not asked", *(name for name in VERDICTS if name != "not asked"))
"""From good to bad."""


@dataclass(frozen=True, slots=True)
class Question:
    """An edge row, put to everybody as one function in one format.

    Attributes
    ----------
    function, format : str
    edge_row : EdgeRow
    logits : tuple of (float, int) or None
        None where the format does not hold the row.
    expected : Expected or None
        None where there is no row to ask.
    replies : tuple of Reply
        In the order of respondents.
    """

    function: str
    format: str
    edge_row: EdgeRow
    logits: Runs | None
    expected: Expected | None
    replies: tuple[Reply, ...] = ()

    def of(self, respondent: str) -> Reply:
        """Give one respondent's reply."""
        return next(reply for reply in self.replies if reply.respondent == respondent)


@dataclass(frozen=True, slots=True)
class Conformance:
    """What everybody made of the edge rows.

    Attributes
    ----------
    respondents : tuple of Used
    functions, formats : tuple of str
    edge_rows : tuple of EdgeRow
    questions : tuple of Question
        By function, then edge row, then format.
    partial : int or None
        How many replies were awaited when somebody had enough, and the others not asked for; None
        where all were.
    strict : bool
        Whether replies are judged: what is off or missing fails.
    """

    respondents: tuple[Used, ...]
    functions: tuple[str, ...]
    formats: tuple[str, ...]
    edge_rows: tuple[EdgeRow, ...]
    questions: tuple[Question, ...]
    partial: int | None = None
    strict: bool = False

    def about(self, function: str, edge_row: str | None = None) -> tuple[Question, ...]:
        """Give the questions of a function, or of an edge row of it, in the order of formats."""
        return tuple(
            q for q in self.questions
            if q.function == function and edge_row in (None, q.edge_row.name)
        )  # fmt: skip

    @property
    def deviations(self) -> tuple[tuple[Question, Reply], ...]:
        """What deviates, worst first."""
        found = [(q, r) for q in self.questions for r in q.replies if r.deviates]
        return tuple(sorted(found, key=lambda pair: pair[1].badness, reverse=True))

    @property
    def fails(self) -> bool:
        """Whether anything is off, or missing."""
        return any(reply.fails for _, reply in self.deviations)

    def unasked(self, respondent: str) -> str | None:
        """Say why a respondent was asked nothing; None if it was asked something."""
        replies = [question.of(respondent) for question in self.questions]
        if all(reply.verdict == "not asked" for reply in replies):
            return next((reply.reason for reply in replies), "")
        return None


def worst_of(replies: Sequence[Reply]) -> Reply:
    """Give the worst of replies, the first of them where several are as bad."""
    return max(replies, key=lambda reply: reply.badness)
