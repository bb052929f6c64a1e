"""Logits as they are read: whole, by rows, and by windows of long rows."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Logits:
    """Logits as a file has them, the class axis moved to the end.

    Attributes
    ----------
    values : ndarray, shape (..., columns)
        Any real dtype that float64 holds exactly; everything before the last axis is rows.
    name : str
        What to call the source in a report; never an absolute path.
    command : str
        The words that name the source again on a command line.
    format : str
        Number format of the file: a format's name, an integer dtype's, or "text".
    shape : tuple of int
        Shape in the file, before any axis was moved.
    sha256 : str
        Of the bytes read.
    key : str or None
        Name of the array inside its file, where a file has several.
    axis : int
        Which axis of the file is the class axis.
    """

    values: NDArray[Any]
    name: str
    command: str
    format: str
    shape: tuple[int, ...]
    sha256: str
    key: str | None = None
    axis: int = -1

    @property
    def columns(self) -> int:
        """Length of the class axis."""
        return int(self.values.shape[-1])

    @property
    def rows_shape(self) -> tuple[int, ...]:
        """Shape of everything before the class axis."""
        return tuple(self.values.shape[:-1])

    @property
    def rows(self) -> int:
        """Number of rows; a single vector is one row."""
        return prod(self.rows_shape)

    @property
    def source(self) -> Source:
        """What a report says of these logits."""
        return Source(
            self.name, self.command, self.key, self.format, self.shape, self.axis,
            self.rows, self.columns, self.sha256,
        )  # fmt: skip

    def take(
        self, numbers: NDArray[np.int64], start: int = 0, stop: int | None = None
    ) -> NDArray[np.float64]:
        """Give some rows, or a window of their columns, as a contiguous float64 array.

        Returns
        -------
        ndarray of float64, shape (len(numbers), columns)
        """
        window = self.values[..., start:stop]
        if not self.rows_shape:
            rows = window[None][numbers]
        else:
            rows = window[np.unravel_index(numbers, self.rows_shape)]
        with np.errstate(invalid="ignore"):  # which signalling NaNs raise
            return np.ascontiguousarray(rows, dtype=np.float64)

    def release(self) -> None:
        """Give back the pages of a mapped file that were read so far.

        The system would keep them as long as there is room, and count them as this process's.
        """
        array: Any = self.values
        while array is not None and not isinstance(array, mmap.mmap):
            array = getattr(array, "base", None)
        if array is not None and hasattr(array, "madvise"):
            array.madvise(mmap.MADV_DONTNEED)


@dataclass(frozen=True, slots=True)
class Source:
    """What a report says of the logits it is about; see `Logits`."""

    name: str
    command: str
    key: str | None
    format: str
    shape: tuple[int, ...]
    axis: int
    rows: int
    columns: int
    sha256: str

    @property
    def input(self) -> str:
        """What cells and verdicts call it: its name, with the key where a file has several."""
        return self.name if self.key is None else f"{self.name}:{self.key}"


@dataclass(frozen=True, slots=True)
class Window:
    """Which columns of its rows a block has, of rows that are too long to be looked at at once.

    Attributes
    ----------
    start : int
        The first column.
    is_last : bool
        Whether the rows end with it.
    """

    start: int
    is_last: bool

    @property
    def is_first(self) -> bool:
        """Whether the rows begin with it."""
        return self.start == 0


WHOLE = Window(0, is_last=True)
