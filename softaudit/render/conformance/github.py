"""Conformance as workflow commands of GitHub Actions: ten warnings at most, the worst."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.render.conformance.words import deviations
from softaudit.render.facts import line
from softaudit.render.github import MOST_LINES, command
from softaudit.wording import count, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.render.screen import Screen
    from softaudit.studies.conforming import Conformance


def render(found: Conformance, screen: Screen | None = None) -> Iterator[str]:  # noqa: ARG001
    """Render what deviates as warnings, a command on a line; none where nothing does."""
    told = deviations(found)
    for one in told[:MOST_LINES]:
        title = line(f"conformance: {one.function} {one.edge_row}")
        yield f"{command('warning', line(f'{one.text}; {one.who}'), title=title)}\n"
    if len(told) > MOST_LINES:
        left = plain(count(len(told) - MOST_LINES, "more deviation"))
        yield f"{command('notice', f'+{left}')}\n"
