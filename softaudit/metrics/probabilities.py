"""Exact probabilities of rows, as sums over them need these; all cells of a format share them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.ranking import leading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.model import Enclosure


class Probabilities:
    """The exact softmax of rows, or of a window of their columns.

    Parameters
    ----------
    softmax : Enclosure
    logits : ndarray of float64, shape (rows, columns)
        x̂.

    Attributes
    ----------
    value, inverse : ndarray of float64, shape (rows, columns)
        p to 53 bits, and 1/p; both 0 where p is below 2^−900, masks among it.
    gone : ndarray of int64
        The flattened places of these.
    far : ndarray of int64
        Those of them that are no masks.
    masks : ndarray of bool, or None where there are none
    logits : ndarray of float64
    largest : ndarray of int64, shape (rows, TOP_K)
        The places of the largest logits, in descending order.
    """

    def __init__(self, softmax: Enclosure, logits: NDArray[np.float64]) -> None:
        self.enclosure = softmax
        masks = softmax.high == 0
        self.masks = masks if masks.any() else None
        self.far = softmax.far()
        self.gone = self.far
        if self.masks is not None:
            self.gone = np.sort(np.concatenate([self.far, np.flatnonzero(masks)]))
        self.value = softmax.high
        with np.errstate(divide="ignore"):
            self.inverse = 1.0 / self.value
        if self.gone.size:
            self.value = self.value.copy()
            self.value.put(self.gone, 0.0)
            self.inverse.put(self.gone, 0.0)
        self.logits = logits
        self.largest = leading(logits)
