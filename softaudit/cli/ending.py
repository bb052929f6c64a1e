"""One run, whatever its ending: read, audit, judge, write, exit code."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from softaudit import sources as reading
from softaudit.cli.asking import audited
from softaudit.cli.interrupt import INTERRUPTED
from softaudit.cli.judging import FAILED, read_text
from softaudit.gate import check_complete
from softaudit.json_v1 import read_report
from softaudit.render.worst_rows import worst_rows
from softaudit.report import make_report, merged
from softaudit.sources.opening import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from softaudit.cli.asking import AskedOfOne
    from softaudit.cli.judging import Criteria
    from softaudit.cli.output import Results
    from softaudit.model import Logits
    from softaudit.report import Report


def read_all(words: Sequence[str], asked: AskedOfOne, folder: Path | None = None) -> list[Logits]:
    """Read what is to be audited; with a folder, files are named as seen from there."""
    axis, key = asked.axis, asked.key
    if folder is not None and folder.resolve() == Path.cwd().resolve():
        folder = None
    return [
        source if folder is None else _seen_from(folder, word, source)
        for word in words
        for source in reading.read(word, axis=axis, key=key)
    ]


def _seen_from(folder: Path, word: str, source: Logits) -> Logits:
    # os.path, since pathlib raises for names as long as literals may be.
    if os.path.isabs(word) or not os.path.isfile(word):  # noqa: PTH113, PTH117
        return source
    return replace(source, name=printable(Path(os.path.relpath(word, folder)).as_posix()))


def report_of(
    sources: Sequence[Logits], asked: AskedOfOne, stopped: Callable[[], bool], *, elements: bool
) -> Report:
    """Audit sources, and put the audits together."""
    return make_report(*audited(sources, asked, stopped, elements=elements))


def report_of_saved(paths: Sequence[str]) -> Report:
    """Read saved results, as one report."""
    return merged([read_report(read_text(path), path) for path in paths])


def end(report: Report, sources: Sequence[Logits], criteria: Criteria, results: Results) -> int:
    """Judge a report, write what was asked for, and give the exit code.

    What was interrupted is written, marked partial, and not judged.

    Raises
    ------
    UnjudgedError
        If it is to be judged, or to be a baseline, and cannot be.
    OptionError
        If a requirement does not fit the report.
    """
    partial = any(audit.partial is not None for audit in report.audits)
    if sources and (report.skipped or partial):  # what was saved is another matter
        results.write(report)
        return INTERRUPTED
    if criteria or results.baseline:
        check_complete(report)
    report = criteria.judge(report)
    results.write_baseline(report)
    results.write_worst(lambda: worst_rows(report, sources))
    results.write(report)
    return 0 if report.judgement is None or report.judgement.passed else FAILED
