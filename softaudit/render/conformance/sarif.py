"""Conformance as SARIF 2.1.0: rules are the edge rows, results are the replies that deviate.

What was asked of a file, as in `kernels.py:softmax`, stands at its first line; frameworks have no
place in a repository, and GitHub shows no results without one.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from shlex import split
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from softaudit import __version__
from softaudit.render.conformance.words import deviation_words
from softaudit.render.facts import line
from softaudit.render.sarif import (
    MOST_RESULTS,
    SCHEMA,
    dumped,
    fingerprint,
    message,
    with_results,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.model import Used
    from softaudit.render.screen import Screen
    from softaudit.studies.conforming import Conformance, Question, Reply
    from softaudit.studies.edge_rows import EdgeRow

LEVELS = {"no answer": "warning", "off": "warning", "other convention": "note"}
"""Of results where nothing is judged; where answers are, what is off is an error."""


def render(found: Conformance, screen: Screen | None = None) -> Iterator[str]:
    """Render conformance as one SARIF log, result by result, the same bytes for the same answers.

    Parameters
    ----------
    found : Conformance
    screen : Screen, optional
        Its folder stands before files.
    """
    shown = found.deviations[:MOST_RESULTS]
    rules = [row for row in found.edge_rows if any(q.edge_row is row for q, _ in shown)]
    driver = {"name": "softaudit", "version": __version__, "rules": [_rule(row) for row in rules]}
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": found.partial is None}],
        "results": [],
    }
    files = {one.name: _file(one, screen) for one in found.respondents}
    names = [row.name for row in rules]
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    levels = LEVELS | ({"off": "error"} if found.strict else {})
    results = (
        {**_result(q, r, names, files[r.respondent]), "level": levels[r.verdict]} for q, r in shown
    )
    yield from with_results(dumped(log), results)


def _rule(row: EdgeRow) -> dict[str, Any]:
    described = {"shortDescription": message(row.sentence), "help": message(row.disputed)}
    return {"id": row.name, "fullDescription": message(row.sentence), **described}


def _result(question: Question, reply: Reply, rules: list[str], file: str) -> dict[str, Any]:
    row, cell = question.edge_row, f"{question.function}/{question.format}/{reply.respondent}"
    place: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": line(cell)}]}
    if file:
        artifact = {"uri": quote(file)}
        physical = {"artifactLocation": artifact, "region": {"startLine": 1}}
        place = {"physicalLocation": physical, **place}
    return {
        "ruleId": row.name,
        "ruleIndex": rules.index(row.name),
        "message": message(f"{line(cell)}: {line(deviation_words(question, reply))}", row.sentence),
        "locations": [place],
        "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint((row.name, cell))}:1"},
    }


def _file(used: Used, screen: Screen | None) -> str:
    """Give the file that a respondent is in, as the repository has it; "" for none."""
    (word,) = split(used.command)
    path = PurePosixPath(word.rpartition(":")[0])
    if path.suffix != ".py" or path.is_absolute() or ".." in path.parts:
        return ""
    return (PurePosixPath(screen.folder if screen else "") / path).as_posix()
