"""Conformance line by line: every line is an object with a "type", and stands alone.

Types, in this order: conformance (schema, versions, what was asked), respondent, edge-row, reply (a
question and one reply to it), all with the keys of the document in `softaudit.render.conformance.
json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softaudit.json_v1 import as_json
from softaudit.render.conformance.json import asked, edge_rows, head, reply, respondent
from softaudit.render.json import dumped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.render.screen import Screen
    from softaudit.studies.conforming import Conformance


def render(found: Conformance, screen: Screen | None = None) -> Iterator[str]:  # noqa: ARG001
    """Render conformance as JSON objects, one on a line, the same bytes for the same answers."""
    names = ("functions", "formats", "strict", "partial")
    about = {name: getattr(found, name) for name in names}
    yield _line("conformance", {**head(), **about})
    for one in found.respondents:
        yield _line("respondent", respondent(found, one))
    for row in edge_rows(found):
        yield _line("edge-row", row)
    for question in found.questions:
        for answer in question.replies:
            yield _line("reply", {**asked(question), **reply(answer)})


def _line(kind: str, line: dict[str, Any]) -> str:
    return f"{dumped(as_json({'type': kind, **line}))}\n"
