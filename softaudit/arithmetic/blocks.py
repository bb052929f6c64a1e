"""Blocks of columns, one after the other, as kernels that never see a whole row work.

References
----------
Dao, Fu, Ermon, Rudra & Ré, FlashAttention (2022), arXiv:2205.14135; Dao, FlashAttention-2 (2023),
arXiv:2307.08691.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.arithmetic.rescaled import falls_short, total_of_runs
from softaudit.arithmetic.summation import total
from softaudit.formats import FORMATS, Format, round_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


class _Blocks:
    """Columns cut into blocks, wherever windows end; each block is reduced to one number.

    Parameters
    ----------
    size : int
        Columns of a block.
    reduce : callable
        Reduces blocks of shape (rows, blocks, columns) to (rows, blocks).
    """

    def __init__(self, size: int, reduce: Callable[[NDArray[Any]], NDArray[Any]]) -> None:
        self._size = size
        self._reduce = reduce
        self._rest: NDArray[Any] | None = None
        self._found: list[NDArray[Any]] = []

    def add(self, x: NDArray[Any]) -> None:
        """Take in some columns."""
        if self._rest is not None:
            x = np.concatenate([self._rest, x], axis=-1)
        whole = x.shape[-1] - x.shape[-1] % self._size
        if whole:
            self._take(x[:, :whole].reshape(len(x), -1, self._size))
        self._rest = x[:, whole:]

    def _take(self, blocks: NDArray[Any]) -> None:
        self._found.append(self._reduce(blocks))

    def reduced(self) -> NDArray[Any]:
        """Give what the blocks were reduced to, shape (rows, blocks)."""
        if self._rest is not None and self._rest.shape[-1]:
            self._take(self._rest[:, None, :])
        return np.concatenate(self._found, axis=-1)


class BlockMaxima:
    """The largest number of each block and those before it."""

    def __init__(self, size: int) -> None:
        self._maxima = _Blocks(size, partial(np.max, axis=-1))

    def add(self, x: NDArray[Any]) -> None:
        """Take in some columns."""
        self._maxima.add(x)

    def result(self) -> NDArray[Any]:
        """Give the running maxima, shape (rows, blocks)."""
        return np.maximum.accumulate(self._maxima.reduced(), axis=-1)


def _sums(blocks: NDArray[Any], form: Format, order: str) -> NDArray[Any]:
    terms = blocks.astype(form.carrier, copy=False)
    sums, _ = total(terms.reshape(-1, blocks.shape[-1]), form, order)
    return sums.reshape(blocks.shape[:-1])


class BlockwiseSum:
    """Each block summed in an order, what was before rescaled, and the block added to it.

    Parameters
    ----------
    size : int
        Columns of a block.
    form : Format
        The accumulator's.
    order : str
        A key of `ORDERS`, within each block.
    factors : ndarray, shape (rows, blocks − 1)
        By which what was summed up is multiplied before the next block: numbers of the format.
    """

    def __init__(self, size: int, form: Format, order: str, factors: NDArray[Any]) -> None:
        self._form = form
        self._factors = factors
        self._columns = 0
        self._sums = _Blocks(size, partial(_sums, form=form, order=order))
        sharp = partial(_sums, form=FORMATS["float64"], order="pairwise")
        self._sharp = _Blocks(size, sharp)

    def add(self, terms: NDArray[Any]) -> None:
        """Take in some columns of numbers of the format."""
        self._columns += terms.shape[-1]
        self._sums.add(terms)
        self._sharp.add(terms)

    def result(self) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Give the sums, shape (rows, 1), and whose accumulator lost more than a tree can lose."""
        sums = self._total(self._sums.reduced(), self._form)
        sharp = self._total(self._sharp.reduced(), FORMATS["float64"])
        return sums, falls_short(sums, sharp, self._columns, self._form)

    def _total(self, sums: NDArray[Any], form: Format) -> NDArray[Any]:
        def rescaled(partial: NDArray[Any], at: int) -> NDArray[Any]:
            return round_to(partial * self._factors[:, at - 1 : at], form)

        return total_of_runs(sums, self._factors != 1, rescaled, form)
