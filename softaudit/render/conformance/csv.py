"""Conformance as comma-separated values (RFC 4180): a line for each reply to each question.

Rows of values stand in brackets in one field, apart by blanks, `value*times` where one is repeated.
Numbers are not rounded, NaN and infinities are nan, inf, -inf, and not applicable is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softaudit.render.csv import field, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from softaudit.model import Used
    from softaudit.render.screen import Screen
    from softaudit.studies.conforming import Conformance, Question, Reply

COLUMNS = (
    "function", "format", "edge_row", "logits", "expected", "exact", "convention", "respondent",
    "version", "device", "verdict", "deviates", "ulp", "values", "worst.index",
    "worst.returned", "worst.exact", "reason", "remarks",
)  # fmt: skip


def render(found: Conformance, screen: Screen | None = None) -> Iterator[str]:  # noqa: ARG001
    """Render conformance as a table, the same bytes for the same answers."""
    yield written([COLUMNS])
    for question in found.questions:
        pairs = zip(found.respondents, question.replies, strict=True)
        yield written(_line(question, *pair) for pair in pairs)


def _line(question: Question, who: Used, reply: Reply) -> list[Any]:
    expected, worst = question.expected, reply.worst
    fields = (
        *(question.function, question.format, question.edge_row.name, _row(question.logits)),
        *((_row(expected.values), _row(expected.exact), expected.convention) if expected
          else (None,) * 3),
        *(who.name, who.version, who.device),
        *(reply.verdict, reply.deviates, reply.ulp, _row(reply.values)),
        *((worst.index, worst.returned, worst.exact) if worst else (None,) * 3),
        *(reply.reason or None, "; ".join(reply.remarks) or None),
    )  # fmt: skip
    return [field(name, value) for name, value in zip(COLUMNS, fields, strict=True)]


def _row(values: Iterable[tuple[float | str, int]] | None) -> str | None:
    if values is None:
        return None
    parts = (f"{value}*{times}" if times > 1 else f"{value}" for value, times in values)
    return f"[{' '.join(parts)}]"
