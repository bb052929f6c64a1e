"""What no figure covers, or covers otherwise than one may think: rows, masks, cells, values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.against import is_trusted
from softaudit.findings.finding import Finding
from softaudit.findings.words import by_format, names, where
from softaudit.formats import FORMATS
from softaudit.grouping import grouped
from softaudit.keys import AS_READ
from softaudit.model import RowKind
from softaudit.wording import count, place, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.model import Audit, Cell, Degenerate


def notes(audit: Audit) -> Iterator[Finding]:
    """Say what is out of the statistics, and what casts, modes and the budget did."""
    yield from _degenerate(audit)
    yield from _masked(audit)
    yield from _saturated(audit)
    yield from _strays(audit)
    yield from _skipped(audit)
    yield from _remarks(audit)
    yield from _as_read(audit)
    yield from _alone(audit)
    if audit.reference.undecided:
        number = count(audit.reference.undecided, "exact value")
        text = f"{number} too near a boundary to be told apart within the budget: undecided"
        yield Finding("note", (), None, text)


DEGENERATE = {
    RowKind.NAN: "with NaN",
    RowKind.POSITIVE_INFINITY: "with +∞",
    RowKind.ALL_MASKED: "with nothing but −∞",
}
"""What rows have that have no answer."""


def _degenerate(audit: Audit) -> Iterator[Finding]:
    for kind, wording in DEGENERATE.items():
        found = [(c, d) for c in audit.cells for d in c.degenerate if d.kind is kind]
        if found:
            _, first = found[0]
            text = (
                f"{count(first.rows, 'row')} {wording} {'is' if first.rows == 1 else 'are'} out of "
                f"the statistics, first {place(first.first)}: {_answers(found)}"
            )
            yield Finding("note", names(cell for cell, _ in found), None, text)


def _answers(found: list[tuple[Cell, Degenerate]]) -> str:
    """Say what cells returned for degenerate rows, those with the same answers together."""
    answers = grouped(
        (tuple(short(v) for v in degenerate.returned[:3]), cell.key.name)
        for cell, degenerate in found
    )
    return "; ".join(
        f"{_some(cells, len(found))} returned {' and '.join(values)}"
        for values, cells in answers.items()
    )


def _some(cells: list[str], total: int) -> str:
    if len(cells) == total:
        return "every cell"
    return cells[0] if len(cells) == 1 else f"{len(cells)} cells"


def _masked(audit: Audit) -> Iterator[Finding]:
    masks = grouped(
        ((event, -cells[0].key.arithmetic.storage.largest), form)
        for form, event, cells in by_format(audit, "rows.masked_by_cast")
    )
    for (event, least), formats in masks.items():
        text = (
            f"{', '.join(formats)}: {count(event.count, 'logit')} below {short(least)} "
            f"turned into −∞ (masks), rows kept: {event.rows}, first {place(event.first)}"
        )
        yield Finding("note", (), None, text)


def _saturated(audit: Audit) -> Iterator[Finding]:
    for form, event, cells in by_format(audit, "overflow.saturated"):
        largest = short(cells[0].key.arithmetic.storage.largest)
        beyond = f"what is beyond ±{largest} is ±{largest}"
        text = f"{form} +saturate: {beyond}: {where(event, 'logit')}"
        yield Finding("note", names(cells), None, text)


def _strays(audit: Audit) -> Iterator[Finding]:
    for form, event, cells in by_format(audit, "not_in_format"):
        whose = ", ".join(dict.fromkeys(cell.key.variant for cell in cells))
        are = f"is no {form} number" if event.count == 1 else f"are no {form} numbers"
        rows = f"{count(event.rows, 'row')}, first {place(event.first)}"
        text = f"{form} {whose}: {count(event.count, 'result')} {are}, {rows}: judged as they are"
        yield Finding("note", names(cells), None, text)


def _remarks(audit: Audit) -> Iterator[Finding]:
    """Say what code did beside answering."""
    for used in audit.implementations:
        told = grouped((words, cell) for cell, of in used.remarks.items() for words in of)
        for words, cells in told.items():
            where = f", in {count(len(cells), 'cell')}" if len(cells) > 1 else f", in {cells[0]}"
            yield Finding("note", tuple(cells), None, f"{used.name} {words}{where}")


def _as_read(audit: Audit) -> Iterator[Finding]:
    """Say what logits outputs may have had, where they err by more than rounding the answer does.

    What correct rounding errs by is at most half an ulp, and so is its mean.
    """
    own = FORMATS.get(audit.source.format)
    if own is None or audit.logits_format != AS_READ:
        return
    outputs = {used.name for used in audit.implementations if used.is_outputs}
    suspects = grouped(
        (cell.key.arithmetic.storage.name, cell)
        for cell in audit.cells
        if cell.key.algorithm in outputs
        and cell.key.arithmetic.storage.precision < own.precision
        and (cell.ulp["mean"] or 0.0) > _ROUNDING
    )
    for form, cells in suspects.items():
        whose = ", ".join(cell.key.algorithm for cell in cells)
        text = (
            f"{whose}: logits are taken as read, {own.name}; if the implementation got them in "
            f"{form}, name --logits-format {form}"
        )
        yield Finding("note", names(cells), None, text)


_ROUNDING = 0.5


def _skipped(audit: Audit) -> Iterator[Finding]:
    reasons = grouped((skipped.reason, skipped.cell) for skipped in audit.skipped)
    for reason, cells in reasons.items():
        yield Finding("note", tuple(cells), None, f"{count(len(cells), 'cell')} skipped: {reason}")


def _alone(audit: Audit) -> Iterator[Finding]:
    alone = [c for c in audit.cells if c.against is None and not is_trusted(audit, c)]
    if audit.trusted is not None and alone:
        have = "has" if len(alone) == 1 else "have"
        text = f"{count(len(alone), 'cell')} {have} nothing of {audit.trusted}'s to stand against"
        yield Finding("note", names(alone), None, text)
