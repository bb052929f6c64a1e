"""Which elements lead a row: the order in which results are listed against that of the logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOP_K = 5
"""How many elements from the top are looked at."""

_SHORT, _MANY = 1024, 64
"""Columns below which `leading` is as fast; ties from which it is faster."""


def leading(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the first `TOP_K` places of a stable descending sort of each row.

    Parameters
    ----------
    values : ndarray of float64, shape (rows, columns)

    Returns
    -------
    ndarray of int64, shape (rows, min(TOP_K, columns))
        Of a row with NaN, any.
    """
    rows, columns = values.shape
    places = np.empty((rows, min(TOP_K, columns)), dtype=np.int64)
    left, each = values.copy(), np.arange(rows)
    mixed = np.zeros(rows, dtype=np.bool_)
    for i in range(places.shape[-1]):
        found = each, left.argmax(axis=-1)  # the first of equal ones
        # Where nothing but −∞ is left, a place that was taken looks like one that was not.
        mixed |= left[found] == -np.inf
        places[:, i] = found[1]
        left[found] = -np.inf
    if mixed.any():
        order = np.argsort(-values[mixed], axis=-1, kind="stable")
        places[mixed] = order[:, : places.shape[-1]]
    return places


def leading_near(values: NDArray[np.float64], guess: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give what `leading` does, sooner where a guess is nearly right.

    Parameters
    ----------
    values : ndarray of float64, shape (rows, columns)
    guess : ndarray of int64, shape (rows, min(TOP_K, columns))
        Different places in each row.

    Notes
    -----
    Whatever leads a row is no less than the least value at the guessed places.  As a rule few
    values are, and only these are sorted; rows with many are looked at as a whole.
    """
    (rows, columns), wanted = values.shape, guess.shape[-1]
    if columns < _SHORT:
        return leading(values)
    guessed = np.take_along_axis(values, guess, axis=-1)
    least = guessed.min(axis=-1)
    least[least == guessed.max(axis=-1)] = np.nan  # all alike, as zeros are, and more beside them
    row, place = np.divmod(np.flatnonzero(values >= least[:, None]), columns)
    count = np.bincount(row, minlength=rows)
    few = (count >= wanted) & (count < _MANY)  # none reach a NaN
    row, place = row[few[row]], place[few[row]]
    order = np.lexsort((-values[row, place], row))  # which is stable
    first = row.searchsorted(np.flatnonzero(few))
    places = np.empty_like(guess)
    places[few] = place[order[first[:, None] + np.arange(wanted)]]
    if not few.all():
        places[~few] = leading(values[~few])
    return places


class Leaders(NamedTuple):
    """The leading elements of rows, or of a window of them; arrays of shape (rows, TOP_K).

    Attributes
    ----------
    results, logits : ndarray of float64
        v of the elements that a stable descending sort of the results lists first, and their x̂.
    largest : ndarray of float64
        The largest x̂, in descending order: what the exact order lists first.
    """

    results: NDArray[np.float64]
    logits: NDArray[np.float64]
    largest: NDArray[np.float64]

    @classmethod
    def of(
        cls, v: NDArray[np.float64], x: NDArray[np.float64], largest: NDArray[np.int64]
    ) -> Leaders:
        """Look at results v of logits x, of which the places of the largest are known."""
        places = leading_near(v, largest)
        parts = (v, places), (x, places), (x, largest)
        return cls(*(np.take_along_axis(part, at, axis=-1) for part, at in parts))

    def beside(self, other: Leaders) -> Leaders:
        """Put two windows of the same rows together, this one in front."""
        results, logits, largest = (
            np.concatenate(pair, axis=-1) for pair in zip(self, other, strict=True)
        )
        first = np.argsort(-results, axis=-1, kind="stable")[:, :TOP_K]
        results, logits = (np.take_along_axis(part, first, axis=-1) for part in (results, logits))
        return Leaders(results, logits, -np.sort(-largest, axis=-1)[:, :TOP_K])

    def argmax_is_kept(self) -> NDArray[np.bool_]:
        """Tell in which rows the largest result is that of a largest logit; shape (rows,)."""
        return np.asarray(self.logits[:, 0] == self.largest[:, 0])

    def order_is_kept(self) -> NDArray[np.bool_]:
        """Tell in which rows the exact order lists the same first; masks are not looked at."""
        same = (self.logits == self.largest) | np.isneginf(self.largest)
        return np.asarray(same.all(axis=-1))
