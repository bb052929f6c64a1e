"""The steps of kernels that never see a whole row: from block to block, and rescaled."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.arithmetic.blocks import BlockMaxima, BlockwiseSum
from softaudit.formats import round_to
from softaudit.reference.double_word import two_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.arithmetic.evaluation import Evaluation


class Blockwise:
    """Steps of an evaluation on blocks of its columns.

    Arrays are of shape (rows, blocks), or (rows, columns) where each column has its own number.

    Parameters
    ----------
    evaluation : Evaluation
    size : int
        Columns of a block; the last block of a row may have fewer.
    """

    def __init__(self, evaluation: Evaluation, size: int) -> None:
        self._a = evaluation
        self._size = size

    def maximum(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give for each block the largest of what was seen up to its end."""
        fresh = partial(BlockMaxima, self._size)
        return np.asarray(self._a.reduced(f"block_maximum {self._size}", fresh, x))

    def shift(self, u: NDArray[Any]) -> NDArray[Any]:
        """Give to each column what its block has, and remember it as the shift."""
        self._a.steps.shift = self._a.once(f"of_block {self._size}", self._of_block, u)
        return np.asarray(self._a.steps.shift)

    def _of_block(self, u: NDArray[Any]) -> NDArray[Any]:
        return np.take(u, (self._a.start + np.arange(self._a.columns)) // self._size, axis=-1)

    def factors(
        self, before: NDArray[Any], after: NDArray[Any], c: NDArray[Any], u: NDArray[Any]
    ) -> NDArray[Any]:
        """Give 2^((before − after) c) of each block but the last and the one that follows it.

        `u` has what blocks subtract in place of their maxima times c.
        """
        gap = self._a.multiply(self._a.once("gap", self._gap, before, after), c)
        self._a.steps.carried = self._a.once(f"lost {self._size}", self._lost, gap, u)
        return self._a.two_to(gap)

    def _gap(self, before: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
        return round_to(before[:, :-1] - after[:, 1:], self._a.compute)

    def _lost(self, gap: NDArray[Any], u: NDArray[Any]) -> NDArray[np.float64]:
        """Give by how much the gaps after each column's block miss those of u, summed up."""
        exact = two_sum(u[:, :-1].astype(np.float64), -u[:, 1:].astype(np.float64))
        lost = (gap - exact.high) - exact.low
        lost = np.where(np.isfinite(lost), lost, 0.0)
        later = np.zeros(u.shape)
        later[:, :-1] = np.cumsum(lost[:, ::-1], axis=-1)[:, ::-1]
        return self._of_block(later)

    def sum(self, e: NDArray[Any], factors: NDArray[Any]) -> NDArray[Any]:
        """Sum block after block, each in the accumulator's order, rescaling what was before it."""
        a = self._a
        fresh = partial(
            BlockwiseSum,
            self._size,
            a.arithmetic.accumulate,
            a.arithmetic.order,
            factors=a.entered(factors),
        )
        name = f"blockwise_sum {self._size}"
        sums, a.steps.stalled = a.reduced(name, fresh, a.entered(e))
        return a.left(sums)

    def rescaled(self, e: NDArray[Any], factors: NDArray[Any]) -> NDArray[Any]:
        """Multiply each block by the factors of those after it, one by one."""
        found = self._a.once(f"rescaled {self._size}", self._rescaled, e, factors)
        self._a.steps.exponential = found
        return np.asarray(found)

    def _rescaled(self, e: NDArray[Any], factors: NDArray[Any]) -> NDArray[Any]:
        e = e.copy()
        for at in np.flatnonzero((factors != 1).any(axis=0)).tolist():
            end = max((at + 1) * self._size - self._a.start, 0)
            e[:, :end] = round_to(e[:, :end] * factors[:, at : at + 1], self._a.compute)
        return e
