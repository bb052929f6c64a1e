"""What all cells of one function and storage format have in common: it depends on no algorithm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.metrics.cast import Cast
from softaudit.metrics.condition import Conditions
from softaudit.metrics.extent import Extent, Extents
from softaudit.metrics.origin import Floor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.model import Enclosure, Function, Problem, Window


class Shared:
    """What rounding the logits did, the format's floor, and the rows' condition numbers.

    Parameters
    ----------
    function : str
    form : Format
        The storage format, as logits are rounded to it.
    """

    def __init__(self, function: Function, form: Format) -> None:
        self._function = function
        self._extents = Extents(function)
        self.cast = Cast(form)
        self.floor = Floor()
        self.conditions = Conditions()

    def look(
        self, problem: Problem, y: Enclosure, numbers: NDArray[np.int64], window: Window
    ) -> Extent | None:
        """Take in audited rows, or a window; give what they span with their last one."""
        extent = self._extents.add(problem, y, window)
        if extent is not None:
            self.conditions.add(extent, self._function, numbers)
        return extent

    def merge(self, other: Shared) -> None:
        """Take in what was measured in other rows."""
        self.cast.merge(other.cast)
        self.floor.merge(other.floor)
        self.conditions.merge(other.conditions)
