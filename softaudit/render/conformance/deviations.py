"""What is worth telling of answers, and in which order.

That implementations differ from one another is news; what all of them do alike is a property of
how softmax is computed, and comes after it, however large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from softaudit.algorithms import ALGORITHM_NAMES
from softaudit.grouping import grouped
from softaudit.render.conformance.words import (
    MOST_VALUES,
    deviation_words,
    values_words,
)
from softaudit.wording import count, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from softaudit.studies.conforming import Conformance, Question, Reply

DIFFERENT, ALIKE, OURS = range(3)
"""What somebody does and others do not, what all do, what our own algorithms alone do."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """What somebody, or several, returned to one edge row that deviates.

    Attributes
    ----------
    functions : tuple of str
    edge_rows : tuple of str
    by : tuple of (tuple of str, tuple of str)
        Respondents, and the formats in which they did, or that it was every one.
    text : str
        What was returned, and what is expected.
    reply : Reply
        The worst of them.
    kind : int
        Whether others do the same.
    """

    functions: tuple[str, ...]
    edge_rows: tuple[str, ...]
    by: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    text: str
    reply: Reply
    kind: int

    @property
    def function(self) -> str:
        """Name the functions."""
        return ", ".join(self.functions)

    @property
    def edge_row(self) -> str:
        """Name the edge rows, a few of them."""
        return few(self.edge_rows)

    @property
    def who(self) -> str:
        """Name respondents and formats."""
        return "; ".join(f"{', '.join(names)} in {', '.join(of)}" for names, of in self.by)


def few(names: Iterable[str]) -> str:
    """Name some edge rows, and count the rest."""
    several = tuple(dict.fromkeys(names))
    if len(several) <= MOST_VALUES:
        return ", ".join(several)
    left = plain(count(len(several) - MOST_VALUES + 1, "more edge row"))
    return f"{', '.join(several[: MOST_VALUES - 1])} and {left}"


def deviations(found: Conformance) -> list[Deviation]:
    """Give what deviates, the same of several together.

    First that in which implementations differ from one another, then what all of them do, then what
    our own algorithms alone do; each worst first.
    """
    alike = _alike(found)
    groups = grouped((_kind(q, r), (q, r)) for q, r in found.deviations)
    told = [_deviation(found, pairs, alike) for pairs in groups.values()]
    return sorted(told, key=lambda one: one.kind)


def telling(told: Sequence[Deviation], most: int) -> list[Deviation]:
    """Choose so many to tell of one by one: the worst of each edge row, then what room is left."""
    singly = [one for one in told if one.kind != ALIKE]
    first = {one.edge_rows: i for i, one in reversed(list(enumerate(singly)))}
    order = sorted(
        range(len(singly)), key=lambda i: (singly[i].kind, first[singly[i].edge_rows] != i)
    )
    return [singly[i] for i in sorted(order[:most])]


def folded(told: Sequence[Deviation]) -> Iterator[str]:
    """Fold what all implementations do alike into a sentence for each function."""
    for function, of in grouped((d.function, d) for d in told if d.kind == ALIKE).items():
        rows = ", ".join(dict.fromkeys(row for one in of for row in one.edge_rows))
        worst = f"; the worst, {of[0].edge_row}" if rows != of[0].edge_row else ""
        formats = ", ".join(dict.fromkeys(form for _, forms in of[0].by for form in forms))
        yield f"{function} of {rows}{worst}: {of[0].text}; in {formats}"


def _judges(found: Conformance) -> set[str]:
    """Name those whose differences count: implementations, or where there are none, all."""
    names = {one.name for one in found.respondents}
    return names - set(ALGORITHM_NAMES) or names


def _alike(found: Conformance) -> set[int]:
    """Give the questions, by identity, to which all implementations that answer reply the same.

    One alone has nobody to agree with.
    """
    judges, alike = _judges(found), set()
    for question in found.questions:
        of = [r for r in question.replies if r.respondent in judges and r.verdict != "not asked"]
        same = {None if r.values is None else values_words(r.values) for r in of}
        if len(of) > 1 and len(same) == 1 and of[0].values is not None:
            alike.add(id(question))
    return alike


def _kind(question: Question, reply: Reply) -> tuple[str, ...]:
    """Tell replies apart that are not to be told of in one sentence."""
    if reply.values is None:
        return reply.respondent, reply.reason
    return question.edge_row.name, question.function, values_words(reply.values)


def _deviation(
    found: Conformance, pairs: list[tuple[Question, Reply]], alike: set[int]
) -> Deviation:
    question, worst = pairs[0]
    formats = grouped((r.respondent, q.format) for q, r in pairs)
    names = [r.name for r in found.respondents if r.name in formats]
    by = grouped((tuple(f for f in found.formats if f in formats[n]), n) for n in names)
    named = tuple((tuple(names), _formats(of, found)) for of, names in by.items())
    answers = {values_words(q.expected.values) for q, _ in pairs if q.expected}
    kind = OURS if not _judges(found) & set(names) else ALIKE
    if kind == ALIKE and any(id(q) not in alike for q, _ in pairs):
        kind = DIFFERENT
    return Deviation(
        tuple(dict.fromkeys(q.function for q, _ in pairs)),
        tuple(dict.fromkeys(q.edge_row.name for q, _ in pairs)),
        named,
        deviation_words(question, worst, of_format=len(answers) > 1),
        worst,
        kind,
    )


def _formats(names: tuple[str, ...], found: Conformance) -> tuple[str, ...]:
    return ("every format",) if names == found.formats and len(names) > 1 else names
