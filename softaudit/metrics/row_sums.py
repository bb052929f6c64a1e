"""Sums along rows, by a tree that the position in the row decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.exact_sum import CHUNK

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TO_2_38 = 1.5 * 2.0 ** (52 - 38)


def two_parts(v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum rows as two doubles: of what is a multiple of 2^−38, without error, and of the rest.

    Results are at most about 1, so that 2^12 of the first kind fit 53 bits; the second are below
    2^−39, and the rounding of their sum is below n 2^−86.

    Returns
    -------
    ndarray of float64, shape (2, rows)
        Not finite where a result is not.
    """
    with np.errstate(all="ignore"):
        head = v + _TO_2_38
        head -= _TO_2_38
        return np.stack([by_chunks(head), by_chunks(v - head)])


def by_chunks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum each row in chunks of 4096 columns, and then these.

    Parameters
    ----------
    values : ndarray of float64, shape (rows, columns)

    Returns
    -------
    ndarray of float64, shape (rows,)
    """
    rows, columns = values.shape
    whole = columns - columns % CHUNK
    found: NDArray[np.float64] = values[:, whole:].sum(axis=-1)
    if whole:
        side_by_side = values[:, :whole].reshape(rows, whole // CHUNK, CHUNK)
        found = found + side_by_side.sum(axis=-1).sum(axis=-1)
    return found
