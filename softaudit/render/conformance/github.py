"""Conformance as workflow commands of GitHub Actions: ten annotations at most, worst first.

What is off or missing is a warning, and an error where answers are judged; what follows another
convention is a notice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.render.conformance.deviations import deviations
from softaudit.render.facts import line
from softaudit.render.github import MOST_LINES, command
from softaudit.wording import count, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.render.screen import Screen
    from softaudit.studies.conforming import Conformance


def render(found: Conformance, screen: Screen | None = None) -> Iterator[str]:  # noqa: ARG001
    """Render what deviates as annotations, a command on a line; none where nothing does."""
    told = deviations(found)
    for one in told[:MOST_LINES]:
        title = line(f"conformance: {one.function} {one.edge_row}")
        level = ("error" if found.strict else "warning") if one.reply.fails else "notice"
        yield f"{command(level, line(f'{one.text}; {one.who}'), title=title)}\n"
    if len(told) > MOST_LINES:
        left = plain(count(len(told) - MOST_LINES, "more deviation"))
        yield f"{command('notice', f'+{left}')}\n"
