"""Conformance as GitHub-flavoured Markdown: a table for each function, then all that deviates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.render.conformance.deviations import deviations
from softaudit.render.conformance.words import (
    MEANINGS,
    answer_words,
    asked_of,
    brief,
    counts,
    headline,
    marks,
    outcome,
)
from softaudit.render.facts import line, used_words
from softaudit.render.gfm import code, escape, table
from softaudit.render.screen import Screen
from softaudit.studies.conforming import VERDICTS, worst_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.studies.conforming import Conformance


def render(found: Conformance, screen: Screen | None = None) -> Iterator[str]:
    """Render conformance as Markdown, block by block.

    Parameters
    ----------
    found : Conformance
    screen : Screen, optional
        Quiet leaves out the tables of answers.
    """
    between = ""
    for block in _blocks(found, screen or Screen()):
        yield f"{between}{block}\n"
        between = "\n"


def _blocks(found: Conformance, screen: Screen) -> Iterator[str]:
    yield "# softaudit: conformance"
    yield escape(" · ".join(headline(found)))
    yield _totals(found)
    if not screen.quiet:
        for function in found.functions:
            yield f"## {code(function)}"
            yield _answers(found, function)
        yield _legend(found)
    told = deviations(found)
    if told:
        yield "## What deviates"
        rows = [
            (code(one.function), code(one.edge_row), escape(one.who), escape(one.text))
            for one in told
        ]
        yield table(("function", "edge row", "who", "what"), rows)
    if not screen.quiet:
        yield "## Edge rows"
        about = [(code(r.name), escape(r.sentence), escape(r.disputed)) for r in found.edge_rows]
        yield table(("edge row", "what it is", "what goes wrong"), about)


def _totals(found: Conformance) -> str:
    rows = []
    for respondent in found.respondents:
        told = counts(found, respondent.name)
        figures = [str(told[verdict]) if told[verdict] else "·" for verdict in VERDICTS]
        rows.append((escape(used_words(respondent)), *figures))
    right = range(1, 1 + len(VERDICTS))
    return f"{line(outcome(found))}\n\n{table(('who', *VERDICTS), rows, right=right)}"


def _answers(found: Conformance, function: str) -> str:
    names = asked_of(found, function)
    rows = []
    for edge_row in found.edge_rows:
        questions = found.about(function, edge_row.name)
        cells = []
        for name in names:
            words = brief(worst_of([q.of(name) for q in questions]))
            cells.append(code(marks(questions, name)) + (f" {escape(words)}" if words else ""))
        rows.append((code(edge_row.name), escape(answer_words(questions, 3)), *cells))
    return table(("edge row", "answer", *map(escape, names)), rows)


def _legend(found: Conformance) -> str:
    said = ", ".join(f"“{escape(mark)}” {meaning}" for mark, meaning in MEANINGS)
    beside = "beside them, of the worst, its error in ULP or what was returned"
    if len(found.formats) == 1:
        return f"{said}; {beside}."
    formats = ", ".join(found.formats)
    return (
        f"A mark for each of {escape(formats)}: {said}; {beside}.  Where answers differ between "
        f"formats, that of {found.formats[-1]} is shown."
    )
