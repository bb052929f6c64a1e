"""Conformance as one page for a browser, which asks for nothing and needs no script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from softaudit import __version__
from softaudit.render.conformance.deviations import deviations
from softaudit.render.conformance.words import (
    MARKS,
    MEANINGS,
    answer_words,
    asked_of,
    brief,
    counts,
    deviation_words,
    headline,
    outcome,
    values_words,
)
from softaudit.render.facts import used_words
from softaudit.render.html import check_installed
from softaudit.sources.opening import printable
from softaudit.studies.conforming import VERDICTS, worst_of
from softaudit.wording import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.render.screen import Screen
    from softaudit.studies.conforming import Conformance, Question, Reply
    from softaudit.studies.edge_rows import EdgeRow

NEEDS = ("jinja2",)


def render(found: Conformance, screen: Screen | None = None) -> Iterator[str]:  # noqa: ARG001
    """Render conformance as a page of HTML, piece by piece.

    Raises
    ------
    OptionError
        Without Jinja2.
    """
    check_installed(NEEDS)
    from softaudit.render.html.templating import template, text_of

    yield from template("conformance.html").generate(
        version=__version__,
        style=text_of("page.css") + text_of("conformance.css"),
        facts=[spoken(fact) for fact in headline(found)],
        formats=found.formats,
        outcome=spoken(outcome(found)),
        verdicts=VERDICTS,
        respondents=[_totals(found, index) for index in range(len(found.respondents))],
        functions=[_function(found, name) for name in found.functions],
        deviations=[
            tuple(map(spoken, (one.function, one.edge_row, one.who, one.text)))
            for one in deviations(found)
        ],
        edge_rows=[tuple(map(spoken, _told(row))) for row in found.edge_rows],
        meanings=MEANINGS,
    )


def spoken(text: str) -> str:
    """Give a sentence or a name for a page."""
    return printable(plain(text))


def _told(row: EdgeRow) -> tuple[str, str, str]:
    return row.name, row.sentence, row.disputed


def _totals(found: Conformance, index: int) -> tuple[str, list[int]]:
    respondent = found.respondents[index]
    return spoken(used_words(respondent)), list(counts(found, respondent.name).values())


@dataclass(frozen=True, slots=True)
class Mark:
    """One reply: its sign, the class that colours it, and what it says when it is pointed at."""

    sign: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """An edge row of a function: its answer, and everybody's marks with the worst in words."""

    name: str
    sentence: str
    answer: str
    cells: list[tuple[list[Mark], str]]


def _function(found: Conformance, function: str) -> tuple[str, list[str], list[Line]]:
    names = asked_of(found, function)
    return function, names, [_line(found, function, row, names) for row in found.edge_rows]


def _line(found: Conformance, function: str, row: EdgeRow, names: list[str]) -> Line:
    questions = found.about(function, row.name)
    cells = [
        (
            [_mark(question, question.of(name)) for question in questions],
            spoken(brief(worst_of([question.of(name) for question in questions]))),
        )
        for name in names
    ]
    return Line(row.name, spoken(row.sentence), spoken(answer_words(questions, 3)), cells)


def _mark(question: Question, reply: Reply) -> Mark:
    if reply.deviates:
        text = deviation_words(question, reply)
    elif reply.values is None:
        text = f"not asked: {reply.reason}"
    else:
        text = f"{reply.verdict}: {values_words(reply.values)}"
    kind = reply.verdict.replace(" ", "-")
    return Mark(MARKS[reply.verdict], kind, spoken(f"{question.format}: {text}"))
