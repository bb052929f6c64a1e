"""Workflow commands of GitHub Actions, which become annotations, and the summary of a job.

GitHub shows at most ten errors and ten warnings of a step, the first ones; so ten lines are
printed, the worst, and one that counts the others.

References
----------
.. [1] GitHub, Workflow commands for GitHub Actions, https://docs.github.com/en/actions
.. [2] @actions/core, escapeData and escapeProperty in packages/core/src/command.ts,
   https://github.com/actions/toolkit
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from softaudit.findings import findings
from softaudit.render import markdown
from softaudit.render.facts import line, missing
from softaudit.render.verdicts import details, files, title
from softaudit.wording import count, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.render.screen import Screen
    from softaudit.report import Judgement, Report

MOST_LINES = 10
MOST_BYTES = 1 << 20
"""What a step's summary may have, in bytes of UTF-8."""

_LEVELS = {"breaks": "warning", "loses": "notice"}


def render(report: Report, screen: Screen | None = None) -> str:
    """Render a report as workflow commands: of a judgement what fails, else what was found.

    Parameters
    ----------
    report : Report
    screen : Screen, optional
        Its folder stands before files, which GitHub looks for from the root of the repository.

    Returns
    -------
    str
        One command on a line; nothing where there is nothing to tell.
    """
    judgement, named = report.judgement, files(report, screen)
    lines = list(_found(report, named) if judgement is None else _failed(judgement, named))
    more = len(lines) - MOST_LINES
    if more > 0:
        what = "finding" if judgement is None else "failure"
        lines[MOST_LINES:] = [command("notice", f"+{plain(count(more, f'more {what}'))}")]
    for name, what in missing(report):
        lines.append(command("error", line(what), title=line(f"{name}: not audited in full")))
    for note in judgement.notes if judgement else ():
        lines.append(command("notice", line(note), title="softaudit"))
    return "".join(f"{text}\n" for text in lines)


def _failed(judgement: Judgement, named: dict[str, str]) -> Iterator[str]:
    for verdict in judgement.failures:
        where = {"title": title(verdict), "file": named.get(verdict.input)}
        yield command(verdict.level, "\n".join(details(verdict)), **where)


def _found(report: Report, named: dict[str, str]) -> Iterator[str]:
    found = [(f, audit.source.input) for audit in report.audits for f in findings(audit)]
    for kind, level in _LEVELS.items():
        for finding, name in found:
            if finding.kind == kind:
                where = {"title": line(f"{name}: {kind}"), "file": named.get(name)}
                yield command(level, line(finding.text), **where)


def command(name: str, message: str, **properties: str | None) -> str:
    """Give a workflow command; properties that are None are left out."""
    given = [f"{key}={_property(value)}" for key, value in properties.items() if value is not None]
    return f"::{name}{' ' if given else ''}{','.join(given)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(report: Report, screen: Screen | None = None, most: int = MOST_BYTES) -> str:
    """Render a report as Markdown that a step's summary has room for.

    Parameters
    ----------
    report : Report
    screen : Screen, optional
    most : int
        Bytes of UTF-8 that it stays below.

    Returns
    -------
    str
        Cut at the end of a line, and never within a block of code; the last line then says how
        much is missing.
    """
    text = markdown.render(report, screen)
    size = len(text.encode())
    if size < most:
        return text
    lines = text.splitlines(keepends=True)
    kept = lines[: _fitting(lines, most - len(_missing(len(lines), size)))]
    return "".join(kept) + _missing(len(lines) - len(kept), size - len("".join(kept).encode()))


def _missing(lines: int, size: int) -> str:
    return f"\n{lines} more lines ({size} bytes) are left out: this summary has no room for them.\n"


def _fitting(lines: list[str], most: int) -> int:
    """Count the lines that stay below a number of bytes, up to the last outside of any fence."""
    used, whole, fence = 0, 0, ""
    for i, text in enumerate(lines, start=1):
        used += len(text.encode())
        if used >= most:
            break
        if marks := re.match(r" *(`{3,})", text):
            fence = "" if fence == marks[1] else fence or marks[1]
        whole = whole if fence else i
    return whole
