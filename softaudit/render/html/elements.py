"""Worst elements as a page has them: place, figures, cause, and the command that shows the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from softaudit.render.facts import computed_words
from softaudit.render.html.figures import Figure, spoken, whole
from softaudit.reproduce import row_command
from softaudit.wording import place, telling, ulps

if TYPE_CHECKING:
    from softaudit.model import Audit, Cell, Worst


@dataclass(frozen=True, slots=True)
class Element:
    """One element.

    Attributes
    ----------
    cause : str
    input : str
        Which input has it.
    place, computed, exact : str
    error : Figure
        In ulp.
    command : str
        What shows its row; "" where nothing does.
    """

    cause: str
    input: str
    place: str
    computed: str
    exact: str
    error: Figure
    command: str


def element(audit: Audit, cell: Cell, worst: Worst) -> Element:
    """Give what a page says of a worst element."""
    return Element(
        cause=worst.cause,
        input=spoken(audit.source.input),
        place=spoken(place(worst.index)),
        computed=computed_words(worst),
        exact=telling(worst.exact, worst.computed),
        error=Figure(ulps(worst.ulp), whole(worst.ulp)),
        command=row_command(audit, cell, worst),
    )
