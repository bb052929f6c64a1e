"""Schema 1 as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from softaudit.json_v1 import to_json

if TYPE_CHECKING:
    from softaudit.render.screen import Screen
    from softaudit.report import Report


def render(report: Report, screen: Screen | None = None) -> str:  # noqa: ARG001
    """Render a report as one JSON document, the same bytes for the same report."""
    return json.dumps(to_json(report), ensure_ascii=False, allow_nan=False) + "\n"
