"""From a report to text: each renderer a function that gives it piece by piece and opens nothing.

The audits of hundreds of files have no room in memory, nor has what is written of them: renderers
go through `report.audits` once and keep what is small of each.

A renderer's module is imported when it is first used: nobody who wants a table waits for XML.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from softaudit.render.screen import Screen
    from softaudit.report import Report

    Renderer = Callable[[Report, Screen | None], Iterator[str]]


def _late(module: str) -> Renderer:
    def render(report: Report, screen: Screen | None = None) -> Iterator[str]:
        yield from import_module(f"softaudit.render.{module}").render(report, screen)

    return render


RENDERERS: dict[str, Renderer] = {
    "table": _late("terminal"),
    "json": _late("json"),
    "json-lines": _late("json_lines"),
    "csv": _late("csv"),
    "markdown": _late("markdown"),
    "junit": _late("junit"),
    "sarif": _late("sarif"),
    "github": _late("github"),
    "html": _late("html"),
}

SUFFIXES: dict[str, str] = {
    ".txt": "table",
    ".json": "json",
    ".jsonl": "json-lines",
    ".ndjson": "json-lines",
    ".csv": "csv",
    ".md": "markdown",
    ".xml": "junit",
    ".sarif": "sarif",
    ".sarif.json": "sarif",
    ".html": "html",
}
"""What a file's name says of its output."""


def by_suffix(path: str) -> str | None:
    """Give the renderer that a file's name asks for, the longest suffix first; None for none."""
    found = [suffix for suffix in SUFFIXES if path.lower().endswith(suffix)]
    return SUFFIXES[max(found, key=len)] if found else None


__all__ = ["RENDERERS", "SUFFIXES", "by_suffix"]
