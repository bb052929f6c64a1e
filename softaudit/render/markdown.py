"""The report as GitHub-flavoured Markdown, for job summaries and comments.

The judgement comes first, then every input with what the terminal says of it.  Names go into code
spans and sentences are escaped: what somebody called a file neither breaks a table nor becomes a
link, a tag or a mention.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.findings import findings
from softaudit.render.facts import (
    element_words,
    header_facts,
    line,
    was_interrupted,
    worst_elements,
)
from softaudit.render.gfm import code, escape, fence, item, table
from softaudit.render.markdown_cells import cell_table
from softaudit.render.markdown_summary import summary_blocks
from softaudit.render.screen import Screen
from softaudit.render.verdicts import (
    STANDINGS,
    passing_words,
    ruling_word,
    summary,
    verdict_word,
    worst_words,
)
from softaudit.reproduce import row_command
from softaudit.wording import apart, count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.model import Audit, Cell, Worst
    from softaudit.report import Judgement, Report, Ruling, Verdict

LEGEND = "“·” is zero, “–” not applicable; ULP: units in the last place of the exact value."


def render(report: Report, screen: Screen | None = None) -> Iterator[str]:
    """Render a report as Markdown, block by block.

    Parameters
    ----------
    report : Report
    screen : Screen, optional
        Its columns are those of the tables, where any are asked for, and quiet leaves out tables
        and elements; its width says nothing of where Markdown is read.
    """
    between = ""
    for block in _blocks(report, screen or Screen()):
        yield f"{between}{block}\n"
        between = "\n"


def _blocks(report: Report, screen: Screen) -> Iterator[str]:
    if report.judgement is None:
        yield "# softaudit: partial" if was_interrupted(report) else "# softaudit"
    else:
        yield from _judgement(report.judgement)
    if report.summary is not None:
        yield from summary_blocks(report, report.summary, screen)
    for audit in report.audits if report.summary is None or not screen.overview else ():
        yield from _audit(audit, screen)
    if report.audits and not screen.quiet:
        yield LEGEND
    if report.skipped:
        yield "## Skipped"
        yield "\n".join(item(f"{code(s.source)}: {escape(s.reason)}") for s in report.skipped)


def _judgement(judgement: Judgement) -> Iterator[str]:
    yield f"# softaudit: {'passes' if judgement.passed else 'fails'}"
    yield escape(summary(judgement))
    if judgement.rulings:
        heads = ("requirement", "worst measured", "cell", "limit", "would pass at", "verdict")
        rows = [_ruling(ruling) for ruling in judgement.rulings]
        yield table(heads, rows, right=(1, 3, 4))
    if judgement.failures:
        yield "## What fails"
        yield "\n".join(_failure(verdict) for verdict in judgement.failures)
    if judgement.changes:
        yield "## Against the baseline"
        rows = [
            (v.standing, code(v.input), code(v.cell), escape(v.text)) for v in _changes(judgement)
        ]
        yield table(("change", "input", "cell", "in words"), rows)
    if judgement.notes:
        yield "## Notes"
        yield "\n".join(item(escape(note)) for note in judgement.notes)


def _changes(judgement: Judgement) -> list[Verdict]:
    return sorted(judgement.changes, key=lambda verdict: STANDINGS.index(verdict.standing))


def _ruling(ruling: Ruling) -> tuple[str, ...]:
    asked, worst = ruling.requirement, _worst(ruling)
    measured, limit = apart(worst.measured or 0, asked.limit)
    inputs = f" of {code(asked.input)}" if asked.input else ""
    return (
        f"{code(asked.text)}{inputs}",
        measured,
        f"{code(worst.cell)}{_of_input(worst, ruling)}",
        limit,
        passing_words(ruling),
        _outcome(ruling),
    )


def _of_input(worst: Verdict, ruling: Ruling) -> str:
    """Name the input too, where a requirement is about several."""
    several = any(verdict.input != worst.input for verdict in ruling.verdicts)
    return f" of {code(worst.input)}" if several else ""


def _worst(ruling: Ruling) -> Verdict:
    """Give the verdict on the cell that is farthest from the limit's good side."""
    sign = 1 if ruling.requirement.bound == "at-most" else -1

    def badness(verdict: Verdict) -> tuple[bool, bool, float]:
        value = verdict.measured
        unknown = value is None or value != value  # noqa: PLR0124  NaN
        return not verdict.passed, unknown, 0.0 if value is None or unknown else sign * value

    return max(ruling.verdicts, key=badness)


def _outcome(ruling: Ruling) -> str:
    cells = count(len(ruling.verdicts), "cell")
    failed = sum(not verdict.passed for verdict in ruling.verdicts)
    if not failed:
        return line(f"holds in {cells}")
    return line(f"**{ruling_word(ruling)}** in {failed} of {cells}")


def _failure(verdict: Verdict) -> str:
    where = f"{code(verdict.input)} {code(verdict.cell)}"
    first = f"**{verdict_word(verdict)}** {where}: {escape(verdict.text)}"
    return item(first, escape(worst_words(verdict)), fence(verdict.command))


def _audit(audit: Audit, screen: Screen) -> Iterator[str]:
    yield f"## {code(audit.source.input)}"
    yield escape(" · ".join(header_facts(audit)))
    if not screen.quiet:
        yield cell_table(audit.cells, screen)
        elements = [_element(audit, *found) for found in worst_elements(audit)]
        if elements:
            yield "### Worst elements, one per cause"
            yield "\n".join(elements)
    found = [item(f"**{f.kind}** {escape(f.text)}") for f in findings(audit)]
    if found:
        yield "### Findings"
        yield "\n".join(found)


def _element(audit: Audit, cell: Cell, worst: Worst) -> str:
    words = f"{worst.cause} {code(cell.key.name)} {escape(element_words(worst))}"
    return item(words, fence(row_command(audit, cell, worst)))
