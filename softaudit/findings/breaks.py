"""Where results are not finite, or 0, that should not be, and where the cast took whole rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.findings.finding import Finding
from softaudit.findings.sentences import SENTENCES
from softaudit.findings.words import arithmetic_words, by_format, names, where
from softaudit.grouping import grouped
from softaudit.state import is_broken
from softaudit.wording import count, place, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.model import Audit, Cell


def breaks(audit: Audit) -> Iterator[Finding]:
    """Say what breaks, cells together where one sentence holds for them."""
    yield from lost_rows(audit)
    yield from _beyond_the_format(audit)
    told = grouped(
        ((cause, SENTENCES[cause](cell)), cell)
        for cell in filter(is_broken, audit.cells)
        for cause in _causes(cell)
    )
    for (cause, sentence), cells in told.items():
        yield Finding("breaks", names(cells), cause, f"{_in_words(cells)}: {sentence}")


def _in_words(cells: list[Cell]) -> str:
    """Name cells, those of the same algorithms together: `float16, bfloat16 naive`."""
    algorithms = grouped((arithmetic_words(c.key), c.key.variant) for c in cells)
    same = grouped((", ".join(dict.fromkeys(of)), words) for words, of in algorithms.items())
    return "; ".join(f"{', '.join(words)} {of}" for of, words in same.items())


def lost_rows(audit: Audit) -> Iterator[Finding]:
    """Say of each format which rows its cast took."""
    lost = grouped(
        (cell.key.arithmetic.storage.name, cell)
        for cell in audit.cells
        if cell.rows["lost_to_cast"]
    )
    yield from (_lost_to_cast(form, cells) for form, cells in lost.items())


def _lost_to_cast(form: str, cells: list[Cell]) -> Finding:
    cell = cells[0]
    cast, rows = cell.events.get("overflow.cast"), cell.events["rows.lost_to_cast"]
    largest = short(cell.key.arithmetic.storage.largest)
    why = [f"{count(cast.count, 'logit')} beyond ±{largest}"] if cast else []
    if cast is None or cast.rows < rows.count:
        why.append("an infinity it lacks")
    over = " or ".join(why)
    text = f"{form} cast: {over}; {count(rows.count, 'row')} lost, first {place(rows.first)}"
    return Finding("breaks", names(cells), "cast-overflow", text)


def _beyond_the_format(audit: Audit) -> Iterator[Finding]:
    for form, event, cells in by_format(audit, "overflow.forced"):
        key = cells[0].key
        beyond = f"the exact {key.function} is beyond ±{short(key.arithmetic.storage.largest)}"
        text = f"{form}: {beyond}, whatever the algorithm: {where(event, 'element')}"
        yield Finding("breaks", names(cells), None, text)


def _causes(cell: Cell) -> Iterator[str]:
    found = {cause for cause, event in cell.breaks.items() if event.count}
    if "inf-over-inf" in found:
        found.add("exp-overflow")
    yield from (cause for cause in SENTENCES if cause in found)
    if cell.overflow["mismatch"]:
        yield "mismatch"
