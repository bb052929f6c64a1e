"""From a report to text: each renderer a function that returns a string and opens nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.render import json, terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from softaudit.render.screen import Screen
    from softaudit.report import Report

RENDERERS: dict[str, Callable[[Report, Screen | None], str]] = {
    "table": terminal.render,
    "json": json.render,
}
