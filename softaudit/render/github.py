"""Workflow commands of GitHub Actions, which become annotations, and the summary of a job.

GitHub shows at most ten errors and ten warnings of a step, the first ones; so ten lines are
printed, the worst, and one that counts the others.  An input that was skipped for what it is is a
warning; one of which the run was interrupted is an error.

References
----------
.. [1] GitHub, Workflow commands for GitHub Actions, https://docs.github.com/en/actions
.. [2] @actions/core, escapeData and escapeProperty in packages/core/src/command.ts,
   https://github.com/actions/toolkit
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from softaudit.findings import findings
from softaudit.render import markdown
from softaudit.render.facts import line, missing_of, missing_sources
from softaudit.render.verdicts import details, file_of, title
from softaudit.wording import count, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from softaudit.model import Audit
    from softaudit.render.facts import Missing
    from softaudit.render.screen import Screen
    from softaudit.report import Judgement, Report

MOST_LINES = 10
MOST_BYTES = 1 << 20
"""What a step's summary may have, in bytes of UTF-8."""

_LEVELS = {"breaks": "warning", "loses": "notice"}


def render(report: Report, screen: Screen | None = None) -> Iterator[str]:
    """Render a report as workflow commands: of a judgement what fails, else what was found.

    One command is on a line; there is none where there is nothing to tell.

    Parameters
    ----------
    report : Report
    screen : Screen, optional
        Its folder stands before files, which GitHub looks for from the root of the repository.
    """
    taken = _Taken()
    for audit in report.audits:
        taken.add(audit, screen)
    judgement = report.judgement
    lines = taken.found() if judgement is None else list(_failed(judgement, taken.files))
    yield from map(_ended, lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        what = "more finding" if judgement is None else "more failure"
        yield _ended(command("notice", f"+{plain(count(len(lines) - MOST_LINES, what))}"))
    yield from map(_not_audited, (*taken.left_out, *missing_sources(report)))
    for note in judgement.notes if judgement else ():
        yield _ended(command("notice", line(note), title="softaudit"))


@dataclass(slots=True)
class _Taken:
    """What is taken of audits, which are gone through once."""

    files: dict[str, str | None] = field(default_factory=dict)
    left_out: list[Missing] = field(default_factory=list)
    told: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in _LEVELS})

    def add(self, audit: Audit, screen: Screen | None) -> None:
        """Take what is small of an audit."""
        name, file = audit.source.input, file_of(audit.source, screen)
        self.files[name] = file
        self.left_out += missing_of(audit)
        for finding in findings(audit):
            if finding.kind in _LEVELS:
                where = {"title": line(f"{name}: {finding.kind}"), "file": file}
                told = command(_LEVELS[finding.kind], line(finding.text), **where)
                self.told[finding.kind].append(told)

    def found(self) -> list[str]:
        """Give what breaks, then what loses."""
        return [told for kind in _LEVELS for told in self.told[kind]]


def _ended(text: str) -> str:
    return f"{text}\n"


def _failed(judgement: Judgement, named: Mapping[str, str | None]) -> Iterator[str]:
    for verdict in judgement.failures:
        where = {"title": title(verdict), "file": named.get(verdict.input)}
        yield command(verdict.level, "\n".join(details(verdict)), **where)


def _not_audited(missing: Missing) -> str:
    level = "error" if missing.interrupted else "warning"
    title = line(f"{missing.input}: not audited in full")
    return _ended(command(level, line(missing.text), title=title))


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
        See `fitting`.
    """
    return fitting(markdown.render(report, screen), most)


def fitting(texts: Iterable[str], most: int = MOST_BYTES) -> str:
    """Give Markdown that a step's summary has room for.

    Parameters
    ----------
    texts : iterable of str
        Piece by piece; those for which there is no room are not kept.
    most : int
        Bytes of UTF-8 that it stays below.

    Returns
    -------
    str
        Cut at the end of a line, and never within a block of code; the last line then says how
        much is missing.
    """
    kept: list[str] = []
    lines = size = 0
    for text in texts:
        kept += text.splitlines(keepends=True) if size < most else ()
        lines += len(text.splitlines())
        size += len(text.encode())
    if size < most:
        return "".join(kept)
    kept = kept[: _lines_fitting(kept, most - len(_missing(lines, size)))]
    return "".join(kept) + _missing(lines - len(kept), size - len("".join(kept).encode()))


def _missing(lines: int, size: int) -> str:
    return f"\n{lines} more lines ({size} bytes) are left out: this summary has no room for them.\n"


def _lines_fitting(lines: list[str], most: int) -> int:
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
