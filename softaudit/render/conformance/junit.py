"""Conformance as JUnit's XML: a suite for each respondent, a case for each question.

Where answers are judged, what is off fails, and what was not answered is an error; without a
judgement, and of another convention, the case says what deviates, and passes.  What was not asked
is skipped, and what an interrupted run left out is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from softaudit.render.conformance.words import deviation_words, headline
from softaudit.render.facts import line, used_words
from softaudit.render.junit import add_case, add_output, as_document, set_counts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.render.screen import Screen
    from softaudit.studies.conforming import Conformance, Question, Reply


def render(found: Conformance, screen: Screen | None = None) -> Iterator[str]:  # noqa: ARG001
    """Render conformance as one XML document, the same bytes for the same answers."""
    root = Element("testsuites", name="softaudit conformance")
    for respondent in found.respondents:
        suite = SubElement(root, "testsuite", name=line(used_words(respondent)))
        for question in found.questions:
            _add(suite, question, question.of(respondent.name), strict=found.strict)
        if found.partial is not None:
            case = add_case(suite, "interrupted")
            SubElement(case, "error", message=line(headline(found)[-1]), type="interrupted")
        set_counts(suite)
    set_counts(root)
    yield as_document(root)


def _add(suite: Element, question: Question, reply: Reply, *, strict: bool) -> None:
    name = f"{question.function}/{question.format}/{question.edge_row.name}"
    added = add_case(suite, name)
    text = line(deviation_words(question, reply)) if reply.deviates else ""
    if reply.verdict == "not asked":
        SubElement(added, "skipped", message=line(reply.reason))
    elif reply.deviates and not (strict and reply.fails):
        add_output(added, tuple(map(line, (f"{reply.verdict}: {text}", *reply.remarks))))
        return
    elif reply.verdict == "no answer":
        SubElement(added, "error", message=text, type="no answer")
    elif reply.deviates:
        failure = SubElement(added, "failure", message=text, type=reply.verdict)
        failure.text = line(f"{question.edge_row.sentence}; {question.edge_row.disputed}")
    add_output(added, tuple(map(line, reply.remarks)))
