"""What outputs for people say of an audit beside its findings, however they lay it out."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from softaudit.keys import AS_READ
from softaudit.reproduce import is_literal
from softaudit.sources.opening import printable
from softaudit.wording import NO_BREAK, count, place, plain, short, telling, ulps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.model import Audit, Cell, Source, Used, Worst
    from softaudit.report import Report


def is_file(source: Source) -> bool:
    """Whether a source is a file, neither a literal, nor standard input, nor an array in memory."""
    named = bool(source.command) or bool(PurePosixPath(source.name).suffix)
    return named and source.name != "<stdin>" and not is_literal(source)


def header_facts(audit: Audit) -> tuple[str, ...]:
    """Say what was audited: format and shape, which rows, their range, the temperature."""
    source = audit.source
    facts = source_facts(source)
    if audit.row is not None:
        facts.append(f"row {place(audit.row)} alone")
    if audit.sampled is not None:
        facts.append(f"{count(audit.sampled, 'row')} sampled evenly")
    if source.axis not in (-1, len(source.shape) - 1):
        facts.append(f"axis {source.axis}")
    if audit.partial is not None:
        facts.append(partial_words(audit.partial))
    facts += range_facts(audit.range, audit.widest)
    if audit.temperature != 1.0:
        facts.append(f"T = {audit.temperature:g}")
    if audit.elementary == "correct":
        facts.append("exp, log correctly rounded")
    if audit.logits_format is not None:
        as_read = audit.logits_format == AS_READ
        facts.append("logits as read" if as_read else f"logits rounded to {audit.logits_format}")
    facts += [used_words(used) for used in audit.implementations if used.version]
    return tuple(facts)


def used_words(used: Used) -> str:
    """Say what ran, and where: `torch 2.13.0 on cpu`."""
    version = f" {used.version}" if used.version else ""
    device = f" on {used.device}" if used.device else ""
    return f"{used.name}{version}{device}"


def source_facts(source: Source) -> list[str]:
    """Say what a source holds: format, shape, rows."""
    shape = "×".join(map(str, source.shape))
    rows = f"{count(source.rows, 'row')} of {source.columns}"
    return [rows] if source.name.startswith("[") else [f"{source.format} {shape}", rows]


def range_facts(ends: tuple[float, float] | None, widest: float | None) -> list[str]:
    """Say between what finite logits lie, and how far those of one row are apart."""
    if ends is None or widest is None:
        return []
    gap = short(widest) if isfinite(widest) else "above 1.8e308"
    return [f"{short(ends[0])} … {short(ends[1])}", f"widest {gap}"]


def partial_words(rows: int) -> str:
    """Say how far an audit came that was interrupted."""
    return f"partial: interrupted after {count(rows, 'row')}"


@dataclass(frozen=True, slots=True)
class Missing:
    """An input that was not audited in full, why, and whether somebody had enough of the run."""

    input: str
    text: str
    interrupted: bool = True


def missing_of(audit: Audit) -> Iterator[Missing]:
    """Say how far an audit came, if it was interrupted."""
    if audit.partial is not None:
        yield Missing(audit.source.input, partial_words(audit.partial))


def missing_sources(report: Report) -> list[Missing]:
    """Say which sources were not audited at all, and why."""
    return [Missing(s.source, f"skipped: {s.reason}", s.interrupted) for s in report.skipped]


def was_interrupted(report: Report) -> bool:
    """Whether somebody had enough of the run; of many files, none was then audited in part."""
    if any(skipped.interrupted for skipped in report.skipped):
        return True
    return report.summary is None and any(a.partial is not None for a in report.audits)


def worst_elements(audit: Audit) -> list[tuple[Cell, Worst]]:
    """Give the worst element of each cause over all cells, worst first."""
    best: dict[str, tuple[Cell, Worst]] = {}
    for cell in audit.cells:
        for worst in cell.worst:
            if worst.cause not in best or worst.ulp > best[worst.cause][1].ulp:
                best[worst.cause] = (cell, worst)
    return sorted(best.values(), key=lambda pair: -pair[1].ulp)[: audit.shown_worst]


def element_words(worst: Worst) -> str:
    """Say where an element is, what was computed, what is exact, and how far they are apart."""
    exact = telling(worst.exact, worst.computed)
    size = f"{ulps(worst.ulp)}{NO_BREAK}ULP"
    return f"{place(worst.index)}: {computed_words(worst)}, exact {exact}, {size}"


def computed_words(worst: Worst) -> str:
    """Give what was computed, with digits enough to tell it from what is exact."""
    value = worst.computed
    if value == 0 or not isfinite(value):
        return short(value)
    return telling(repr(value), worst.exact)


def line(text: str) -> str:
    """Give a sentence or a name as one line: ordinary blanks, no control characters."""
    return printable(plain(text))
