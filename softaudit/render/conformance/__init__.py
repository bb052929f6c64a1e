"""Conformance in every output format; a renderer's module is imported when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from softaudit.render.screen import Screen
    from softaudit.studies.conforming import Conformance

    Renderer = Callable[[Conformance, Screen | None], Iterator[str]]


def _late(module: str) -> Renderer:
    def render(found: Conformance, screen: Screen | None = None) -> Iterator[str]:
        of = import_module(f"softaudit.render.conformance.{module}")
        yield from of.render(found, screen)

    return render


CONFORMANCE_RENDERERS: dict[str, Renderer] = {
    "table": _late("table"),
    "json": _late("json"),
    "json-lines": _late("json_lines"),
    "csv": _late("csv"),
    "markdown": _late("markdown"),
    "junit": _late("junit"),
    "sarif": _late("sarif"),
    "github": _late("github"),
    "html": _late("html"),
}
"""By the names that other commands' outputs have."""

__all__ = ["CONFORMANCE_RENDERERS"]
