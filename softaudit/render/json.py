"""Schema 1 as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from softaudit.json_v1 import audit_to_json, head_to_json, tail_to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.render.screen import Screen
    from softaudit.report import Report


def render(report: Report, screen: Screen | None = None) -> Iterator[str]:  # noqa: ARG001
    """Render a report as one JSON document, audit by audit, the same bytes for the same report."""
    yield f'{dumped(head_to_json(report))[:-1]}, "audits": ['
    for i, audit in enumerate(report.audits):
        yield f"{', ' if i else ''}{dumped(audit_to_json(audit))}"
    yield f"], {dumped(tail_to_json(report))[1:]}\n"


def dumped(document: dict[str, Any]) -> str:
    """Give one line of strict JSON, of what has no infinities and NaN but by their names."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False)
