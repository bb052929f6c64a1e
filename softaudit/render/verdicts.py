"""What outputs say of verdicts beside their sentences: what they are about, and what is worst."""

from __future__ import annotations

from math import isinf, nan
from typing import TYPE_CHECKING

from softaudit.render.facts import element_words, is_file, line
from softaudit.report import SIGNS
from softaudit.wording import minus, short, telling

if TYPE_CHECKING:
    from softaudit.report import Report, Verdict

REQUIREMENT, BASELINE = "requirement", "baseline"


def rule(verdict: Verdict) -> str:
    """Name what a verdict applies: a requirement, or the baseline."""
    return REQUIREMENT if verdict.standing == "required" else BASELINE


def title(verdict: Verdict) -> str:
    """Give the cell, the figure and what is allowed: `softmax/float16/naive: ulp.max <= 40`."""
    origin = "" if verdict.standing == "required" else f" ({BASELINE})"
    if verdict.metric is None or verdict.limit is None:
        return line(f"{verdict.cell}: {verdict.metric or verdict.standing}{origin}")
    limit = _whole(verdict.limit) or repr(verdict.limit)
    return line(f"{verdict.cell}: {verdict.metric} {SIGNS[verdict.bound]} {limit}{origin}")


def worst_words(verdict: Verdict) -> str:
    """Say what the worst element is, with its cause; "" where there is none."""
    worst = verdict.worst
    return "" if worst is None else line(f"worst: {worst.cause} {element_words(worst)}")


def details(verdict: Verdict) -> tuple[str, ...]:
    """Give lines: the sentence, the worst element, and what reproduces it."""
    parts = (line(verdict.text), worst_words(verdict), line(verdict.command))
    return tuple(part for part in parts if part)


def figure(value: float | None, beside: float | None = None) -> str:
    """Write a figure with digits enough to tell it from another; whole numbers whole."""
    if value is None:
        return "–"
    if isinf(value):
        return "∞" if value > 0 else "−∞"
    if value != value:  # noqa: PLR0124  NaN
        return short(value)
    whole = _whole(value)
    return minus(whole) if whole else telling(repr(value), nan if beside is None else beside)


def _whole(value: float) -> str:
    return str(int(value)) if value % 1 == 0 and abs(value) < 1e15 else ""


def files(report: Report) -> dict[str, str]:
    """Give the names of the files that were audited, by what verdicts call them."""
    sources = (audit.source for audit in report.audits)
    return {source.input: source.name for source in sources if is_file(source)}
