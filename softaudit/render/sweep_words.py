"""What a sweep says in words: where a state is, why, and what holds over the whole range."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from softaudit.findings import arithmetic_words
from softaudit.findings.notes import DEGENERATE
from softaudit.grouping import grouped
from softaudit.render.strip import ROUNDED
from softaudit.wording import NO_BREAK, count, exactly, short, ulps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from softaudit.state import State
    from softaudit.studies.swept import Stretch, Sweep, SweptCell


def range_words(stretch: Stretch, *, whole: bool = True) -> str:
    """Say where a stretch is: its own ends, or where the sweep ends, what lies beside it.

    Parameters
    ----------
    stretch : Stretch
    whole : bool
        Whether the last point is where the sweep was to end.
    """
    if whole and stretch.before is stretch.after is None:
        return "everywhere"
    if stretch.before is None and stretch.after is not None:
        return f"below {exactly(stretch.after)}"
    if whole and stretch.after is None and stretch.before is not None:
        return f"above {exactly(stretch.before)}"
    low, high = (exactly(stretch.points[i].temperature) for i in (0, -1))
    return f"at {low}" if low == high else f"{low} … {high}"


def cause_words(cell: SweptCell) -> str:
    """Name why a cell breaks; if it does not, why it loses."""
    return _cause_of(cell, "breaks") or _cause_of(cell, "loses") or ROUNDED


def _cause_of(cell: SweptCell, state: State) -> str | None:
    found = [stretch for stretch in cell.stretches if stretch.state == state]
    if not found:
        return None
    if state == "breaks":
        return found[-1].cause or "beyond the format"
    return max(found, key=lambda stretch: stretch.largest).cause


def notes(sweep: Sweep) -> Iterator[str]:
    """Say which cells do not exist, which rows have no answer, and which T no format has."""
    reasons = Counter(skipped.reason for skipped in sweep.skipped)
    yield from (f"{count(number, 'cell')} skipped: {why}" for why, number in reasons.items())
    audited = (point.cell for cell in sweep.cells for point in cell.points if point.cell)
    rows = {d.kind: d.rows for cell in audited for d in cell.degenerate if d.kind in DEGENERATE}
    for kind, number in rows.items():
        is_are = "is" if number == 1 else "are"
        yield f"{count(number, 'row')} {DEGENERATE[kind]} {is_are} out of the statistics"
    yield from _lost_temperatures(sweep)


def _lost_temperatures(sweep: Sweep) -> Iterator[str]:
    lost = grouped(
        ((cell.key.arithmetic.storage.name, point.rounded), point.temperature)
        for cell in sweep.cells
        for point in cell.points
        if point.cell is None
    )
    for (form, rounded), found in lost.items():
        low, high = exactly(min(found)), exactly(max(found))
        which = low if low == high else f"{low} … {high}"
        yield f"{form}: T = {which} becomes {short(rounded)}, skipped"


def by_cause(cells: Sequence[SweptCell], state: State) -> Iterator[str]:
    """Give the causes of a state, with the cells of each."""
    found = grouped((cause, cell) for cell in cells if (cause := _cause_of(cell, state)))
    for cause, caused in found.items():
        functions = grouped((cell.key.function, _name(cell)) for cell in caused)
        parts = (f"{function} {', '.join(names)}" for function, names in functions.items())
        yield f"{cause}: {'; '.join(parts)}"


def _name(cell: SweptCell) -> str:
    return f"{arithmetic_words(cell.key)} {cell.key.algorithm}"


def holds(sweep: Sweep) -> Iterator[str]:
    """Say of each function which cells hold over the whole range, or at least do not break."""
    every = "every temperature" if sweep.partial is None else "every temperature so far"
    for function, group in groupby(sweep.cells, lambda cell: cell.key.function):
        cells = list(group)
        steady = [cell for cell in cells if _is_always(cell, "holds")]
        sound = [cell for cell in cells if _is_always(cell, "holds", "loses")]
        if steady:
            some = f"{len(steady)} of {count(len(cells), 'cell')}"
            yield f"{function}: {some} at {every}; {_narrowest(steady)}"
        elif sound:
            some = f"{len(sound)} of {count(len(cells), 'cell')} never {_verb(sound)}"
            yield f"{function}: no cell at {every}; {some}; {_narrowest(sound)}"
        elif all(_is_always(cell, "skipped") for cell in cells):
            yield f"{function}: nothing could be judged"
        else:
            yield f"{function}: no cell at {every}"


def _is_always(cell: SweptCell, *states: State) -> bool:
    return all(point.state in states for point in cell.points)


def _verb(cells: Sequence[SweptCell]) -> str:
    return "breaks" if len(cells) == 1 else "break"


def _narrowest(cells: Sequence[SweptCell]) -> str:
    best = min(cells, key=lambda c: (c.key.arithmetic.storage.dtype.itemsize, _largest(c)))
    return f"narrowest: {best.key.name} (max{NO_BREAK}{ulps(_largest(best))}{NO_BREAK}ULP)"


def _largest(cell: SweptCell) -> float:
    return max(point.largest for point in cell.points)
