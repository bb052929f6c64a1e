"""Maps of the largest error by layer and head: of inputs of one shape together, and of each.

They would be most of the page: what is kept is bounded, the inputs with most that breaks first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from softaudit.render.html.figures import spoken
from softaudit.render.html.scale import step
from softaudit.wording import count, plain, ulps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from softaudit.model import Audit, CellKey

    Shape = tuple[int, ...]
    Errors = tuple[float | None, ...]

MOST_SQUARES = 100_000
"""Of all maps of inputs together: some 400 kB."""
MOST_SHAPES = 4
"""Of which inputs are put together."""


@dataclass(frozen=True, slots=True)
class Map:
    """The maps of one input.

    Attributes
    ----------
    input : int
        Its line on the page.
    name : str
    shape : tuple of int
    cells : mapping of int to tuple of float or None
        The largest errors, by the cell's number.
    broken : int
        How many of the input's cells break.
    """

    input: int
    name: str
    shape: Shape
    cells: Mapping[int, Errors]
    broken: int

    @property
    def squares(self) -> int:
        """How many squares they have."""
        return sum(map(len, self.cells.values()))


@dataclass(slots=True)
class Maps:
    """The maps that are kept.

    Attributes
    ----------
    kept : list of Map
        In the order of their inputs.
    left_out : int
        How many inputs' maps were too many.
    """

    kept: list[Map] = field(default_factory=list)
    left_out: int = 0
    _squares: int = 0
    _together: dict[Shape, dict[int, Errors]] = field(default_factory=dict)
    _inputs: dict[Shape, int] = field(default_factory=dict)

    def add(self, number: int, audit: Audit, cells: Mapping[CellKey, int], broken: int) -> None:
        """Take in an input."""
        found = {cells[c.key]: c.by_axis for c in audit.cells if c.by_axis is not None}
        if not found:
            return
        shape = next(iter(found.values())).shape
        largest = {cell: by_axis.largest for cell, by_axis in found.items()}
        self._keep(Map(number, spoken(audit.source.input), shape, largest, broken))
        if shape in self._together or len(self._together) < MOST_SHAPES:
            self._merge(shape, largest)

    def _keep(self, found: Map) -> None:
        """Keep maps, and leave out inputs of which least breaks, the last of them, for them."""
        self.kept.append(found)
        self._squares += found.squares
        while self._squares > MOST_SQUARES:
            least = min(self.kept, key=lambda one: (one.broken, -one.input))
            self.kept.remove(least)
            self._squares -= least.squares
            self.left_out += 1

    def _merge(self, shape: Shape, largest: Mapping[int, Errors]) -> None:
        self._inputs[shape] = self._inputs.get(shape, 0) + 1
        together = self._together.setdefault(shape, {})
        for cell, errors in largest.items():
            together[cell] = _larger(together.get(cell, errors), errors)

    def document(self) -> dict[str, Any]:
        """Give all of them for the page: squares as numbers of texts with their steps."""
        texts: dict[tuple[str, int | None], int] = {}
        several = [shape for shape, inputs in self._inputs.items() if inputs > 1]
        maps = [
            (f"all {plain(count(self._inputs[s], 'input'))} of {_sizes(s)}", s, self._together[s])
            for s in several
        ]
        maps += [(one.name, one.shape, dict(one.cells)) for one in self.kept]
        written = [
            [name, shape, {str(c): _codes(errors, texts) for c, errors in cells.items()}]
            for name, shape, cells in maps
        ]
        return {"texts": list(texts), "maps": written, "left_out": self.left_out}


def _sizes(shape: Shape) -> str:
    return " × ".join(map(str, shape))


def _larger(known: Errors, errors: Errors) -> Errors:
    return tuple(
        b if a is None else a if b is None else max(a, b)
        for a, b in zip(known, errors, strict=True)
    )


def _codes(errors: Iterable[float | None], texts: dict[tuple[str, int | None], int]) -> list[int]:
    return [texts.setdefault((ulps(error), step(error)), len(texts)) for error in errors]
