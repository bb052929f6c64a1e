"""The largest number of a row, gathered window by window, and its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Largest:
    """Each row's largest number; NaN where the row has one."""

    def __init__(self) -> None:
        self._known: NDArray[Any] | None = None

    def add(self, x: NDArray[Any]) -> None:
        """Take in some columns."""
        largest = np.max(x, axis=-1, keepdims=True)
        self._known = largest if self._known is None else np.maximum(self._known, largest)

    def result(self) -> NDArray[Any]:
        """Give the numbers, shape (rows, 1)."""
        return np.asarray(self._known)


class FirstLargest:
    """The first column in which each row's largest number stands.

    Parameters
    ----------
    start : int
        The first column that is taken in.
    """

    def __init__(self, start: int) -> None:
        self._columns = start
        self._largest: NDArray[Any] | None = None
        self._place: NDArray[np.int64] | None = None

    def add(self, x: NDArray[Any]) -> None:
        """Take in some columns."""
        place = np.argmax(x, axis=-1, keepdims=True)
        largest = np.take_along_axis(x, place, axis=-1)
        place = place + self._columns
        if self._largest is not None:
            stays = ~(largest > self._largest)
            place = np.where(stays, self._place, place)
            largest = np.where(stays, self._largest, largest)
        self._largest, self._place = largest, place
        self._columns += x.shape[-1]

    def result(self) -> NDArray[np.int64]:
        """Give the columns, shape (rows, 1)."""
        return np.asarray(self._place)
