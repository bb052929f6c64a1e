"""The cells of a page: what all inputs say of each, with its picture and its worst elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from softaudit.findings import arithmetic_words
from softaudit.grouping import grouped
from softaudit.render.html.densities import shared_axes
from softaudit.render.html.describing import description
from softaudit.render.html.drawing import picture
from softaudit.render.html.elements import element
from softaudit.render.html.figures import Figure, columns_of, figure, spoken
from softaudit.render.html.scale import step
from softaudit.render.summary_words import of_input
from softaudit.reproduce import cell_command
from softaudit.state import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from softaudit.model import Audit, Cell, CellKey, Worst
    from softaudit.render.html.densities import Axes
    from softaudit.render.html.elements import Element
    from softaudit.state import State
    from softaudit.summary import CellSummary

STATES: tuple[State, ...] = ("breaks", "loses", "holds", "skipped")
"""From the worst to what says nothing."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A cell in a table of many.

    Attributes
    ----------
    state : str
    step : int or None
        Of its worst error, on the scale of colors; None where nothing counts.
    error : Figure
        Its worst error in ulp.
    """

    state: State
    step: int | None
    error: Figure


@dataclass(frozen=True, slots=True)
class CellView:
    """A cell of the page.

    Attributes
    ----------
    number : int
        Among all that inputs have, in the order in which they come.
    name, anchor : str
        And what links name it.
    function, format, algorithm : str
    inputs : int
        How many have it.
    states : tuple of (str, int)
        In how many inputs it breaks, loses and holds.
    mark : Mark
        The worst of its states, and its worst error.
    figures : tuple of Figure
        Of `figures.columns_of` the cells.
    worst : tuple of Element
    command : str
        What computes it, on the input where it is worst.
    picture, description : str
    """

    number: int
    name: str
    anchor: str
    function: str
    format: str
    algorithm: str
    inputs: int
    states: tuple[tuple[State, int], ...]
    mark: Mark
    figures: tuple[Figure, ...]
    worst: tuple[Element, ...]
    command: str
    picture: str
    description: str


def mark(cell: Cell) -> Mark:
    """Give a cell's mark."""
    return Mark(state_of(cell), step(cell.ulp["max"]), figure(cell, "max"))


def anchor(key: CellKey) -> str:
    """Give the name by which links lead to a cell."""
    return f"cell-{quote(key.name, safe='/:+')}"


def views(
    summary: Sequence[CellSummary], numbers: Mapping[CellKey, int], first: Sequence[Audit]
) -> Iterator[CellView]:
    """Give the cells of a page, function by function.

    Parameters
    ----------
    summary : sequence of CellSummary
    numbers : mapping of CellKey to int
    first : sequence of Audit
        By these numbers, an input that has the cell.

    Notes
    -----
    Pictures of one function share their axes.
    """
    shown = columns_of([found.cell for found in summary])
    for of in grouped((found.cell.key.function, found) for found in summary).values():
        axes = shared_axes(found.cell for found in of)
        for found in of:
            number = numbers[found.cell.key]
            worst = [(of_input(summary, at), at.worst) for at in found.worst]
            yield _view(found, worst, first[number], axes, number, shown)


def _view(
    found: CellSummary,
    worst: Sequence[tuple[Audit, Worst]],
    first: Audit,
    axes: Axes,
    number: int,
    shown: Sequence[str],
) -> CellView:
    cell, key = found.cell, found.cell.key
    told = description(cell)
    title = f"Errors of {spoken(key.name)}: their distribution, and by gap"
    return CellView(
        number=number,
        name=spoken(key.name),
        anchor=anchor(key),
        function=key.function,
        format=arithmetic_words(key),
        algorithm=spoken(key.variant),
        inputs=found.inputs,
        states=tuple((s, found.states[s].count) for s in STATES if s in found.states),
        mark=_mark(found),
        figures=tuple(figure(cell, column) for column in shown),
        worst=tuple(element(audit, cell, each) for audit, each in worst),
        command=cell_command(worst[0][0] if worst else first, key),
        picture=picture(cell, axes, title, told, f"p{number}"),
        description=told,
    )


def _mark(found: CellSummary) -> Mark:
    """Give the mark of a cell that is in its worst state somewhere."""
    state = next(state for state in STATES if state in found.states)
    return Mark(state, step(found.cell.ulp["max"]), figure(found.cell, "max"))
