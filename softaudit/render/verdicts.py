"""What outputs say of verdicts beside their sentences: what they are about, and what is worst."""

from __future__ import annotations

from collections import Counter
from posixpath import join, normpath
from typing import TYPE_CHECKING

from softaudit.grouping import grouped
from softaudit.render.facts import element_words, is_file, line
from softaudit.report import Standing, bound_text
from softaudit.wording import count, plain, rounded_away

if TYPE_CHECKING:
    from collections.abc import Iterable

    from softaudit.model import Source
    from softaudit.render.screen import Screen
    from softaudit.report import Judgement, Ruling, Verdict

REQUIREMENT, BASELINE = "requirement", "baseline"


STANDINGS: tuple[Standing, ...] = ("worse", "new", "stale", "fixed")


def summary(judgement: Judgement) -> str:
    """Count what became of requirements, and of the cells beside the baseline."""
    parts = []
    if judgement.rulings:
        words = Counter(ruling_word(ruling) for ruling in judgement.rulings)
        told = [_agree(words[word], word) for word in ("fails", "warns", "holds") if words[word]]
        parts.append(f"{count(len(judgement.rulings), 'requirement')}: {', '.join(told)}")
    if judgement.compared is not None:
        found = Counter(change.standing for change in judgement.changes)
        told = [f"{found[word]} {word}" for word in STANDINGS]
        parts.append(f"{count(judgement.compared, 'cell')} beside the baseline: {', '.join(told)}")
    return plain("; ".join(parts))


def _agree(number: int, verb: str) -> str:
    """Give `1 fails`, `2 fail`."""
    return f"{number} {verb if number == 1 else verb.removesuffix('s')}"


def ruling_word(ruling: Ruling) -> str:
    """Say in a word what became of a requirement."""
    if ruling.passed:
        return "holds"
    return "fails" if ruling.requirement.level == "error" else "warns"


def passing_words(ruling: Ruling) -> str:
    """Give a limit of few digits that would pass, and hardly more, as a requirement takes it."""
    text = rounded_away(ruling.passing, up=ruling.requirement.bound == "at-most")
    return text.replace("∞", "inf").replace("−", "-")


def verdict_word(verdict: Verdict) -> str:
    """Say in a word what a verdict is."""
    if verdict.standing != "required":
        return verdict.standing
    return "fails" if verdict.level == "error" else "warns"


def by_cell(verdicts: Iterable[Verdict]) -> list[tuple[Verdict, ...]]:
    """Put verdicts that say the same of one cell together, in the order of the first of each."""
    groups = grouped((_about(verdict), verdict) for verdict in verdicts)
    return [tuple(group) for group in groups.values()]


def _about(verdict: Verdict) -> tuple[str, ...]:
    # An input may be there twice, at two temperatures: its command tells.
    command, _, _ = verdict.command.partition(" --require ")
    return verdict_word(verdict), verdict.input, verdict.cell, command


def rule(verdict: Verdict) -> str:
    """Name what a verdict applies: a requirement, or the baseline."""
    return REQUIREMENT if verdict.standing == "required" else BASELINE


def title(verdict: Verdict) -> str:
    """Give the cell, the figure and what is allowed: `softmax/float16/naive: ulp.max <= 40`."""
    origin = "" if verdict.standing == "required" else f" ({BASELINE})"
    if verdict.metric is None or verdict.limit is None:
        return line(f"{verdict.cell}: {verdict.metric or verdict.standing}{origin}")
    limit = bound_text(verdict.bound, verdict.limit)
    return line(f"{verdict.cell}: {verdict.metric} {limit}{origin}")


def worst_words(verdict: Verdict) -> str:
    """Say what the worst element is, with its cause; "" where there is none."""
    worst = verdict.worst
    return "" if worst is None else line(f"worst: {worst.cause} {element_words(worst)}")


def details(verdict: Verdict) -> tuple[str, ...]:
    """Give lines: the sentence, the worst element, and what reproduces it."""
    parts = (line(verdict.text), worst_words(verdict), line(verdict.command))
    return tuple(part for part in parts if part)


def file_of(source: Source, screen: Screen | None) -> str | None:
    """Give the file that was audited, seen from the repository's root; None for what is none."""
    named_in_part = source.command.lstrip("'").startswith("/")
    if named_in_part or not is_file(source):
        return None
    return normpath(join(screen.folder if screen else "", source.name))
