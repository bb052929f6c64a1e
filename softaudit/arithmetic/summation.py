"""Sums along the last axis: the order is part of the result, so it is named.

No order depends on how many rows are summed at once, on memory layout or on axis, nor on the
windows in which a long row arrives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from softaudit.formats import Format, round_significand, round_to, ulp

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from numpy.typing import NDArray

    Addition: TypeAlias = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]

CHUNK = 4096
"""Columns that one subtree of the balanced tree covers; windows are multiples of it."""


class Order(Protocol):
    """A sum of rows in the making: `add` takes their columns, window by window."""

    def __init__(self, form: Format) -> None: ...

    def add(self, terms: NDArray[Any]) -> None:
        """Take in some columns, non-negative numbers of the format in its carrier dtype."""

    def sums(self) -> NDArray[Any]:
        """Give the sums, shape (rows, 1)."""


def total(terms: NDArray[Any], form: Format, order: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Sum non-negative numbers of a format along the last axis, in the format.

    Parameters
    ----------
    terms : ndarray, shape (rows, columns)
        Numbers of the format in its carrier dtype.
    form : Format
        The accumulator's format; every partial sum is rounded to it.
    order : str
        A key of `ORDERS`.

    Returns
    -------
    sums : ndarray, shape (rows, 1)
    stalled : ndarray of bool, shape (rows, 1)
        The sum lost more than a balanced tree of as many terms can lose.
    """
    accumulator = Accumulator(form, order)
    accumulator.add(terms)
    return accumulator.result()


class Accumulator:
    """A sum in an order, and a sharper one beside it where the order may stall."""

    def __init__(self, form: Format, order: str) -> None:
        self._form = form
        self._sum = ORDERS[order](form)
        self._sharp = None if order in ("pairwise", "compensated") else _Sharp()

    def add(self, terms: NDArray[Any]) -> None:
        """Take in some columns; see `total`."""
        terms = np.ascontiguousarray(terms)
        self._sum.add(terms)
        if self._sharp is not None:
            self._sharp.add(terms)

    def result(self) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Give sums and what stalled; see `total`."""
        sums = self._sum.sums()
        if self._sharp is None:
            return sums, np.zeros(sums.shape, dtype=np.bool_)
        return sums, self._sharp.stalled(sums, self._form)


class Pairwise:
    """A balanced tree that is fixed by position in the row.

    Within each chunk of 4096 columns, padded to a power of two by absent terms, the upper half is
    folded onto the lower until one is left; the chunks' sums are added in adjacent pairs, level by
    level.  The depth is at most ⌈log2 columns⌉ + 1 additions.
    """

    def __init__(self, form: Format) -> None:
        self._form = form
        self._chunks: list[NDArray[Any]] = []

    def add(self, terms: NDArray[Any]) -> None:
        """See `Order`.

        A partial sum never shrinks, so it is enough to see at the end which have left the range,
        and sums of subnormal numbers are exact: between, only significands want rounding.
        """
        if np.isnan(terms.max(initial=0.0)):
            terms = np.where(np.isnan(terms), np.nan, terms)
        self._chunks.append(balanced_chunks(terms, self._plus))

    def _plus(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        return round_significand(a + b, self._form)

    def sums(self) -> NDArray[Any]:
        """See `Order`."""
        return round_to(
            balanced_pairs(np.concatenate(self._chunks, axis=-1), self._plus), self._form
        )


class Sequential:
    """From left to right in one accumulator, as a loop does."""

    def __init__(self, form: Format) -> None:
        self._form = form
        self._partial: NDArray[Any] | None = None

    def add(self, terms: NDArray[Any]) -> None:
        """See `Order`."""
        if self._partial is not None:
            terms = np.concatenate([self._partial, terms], axis=-1)
        self._partial = left_to_right(terms, self._form)

    def sums(self) -> NDArray[Any]:
        """See `Order`."""
        return np.asarray(self._partial)


class Compensated:
    """The tree of `Pairwise`, carrying each addition's rounding error beside the sum.

    References
    ----------
    Knuth's two-sum: Møller, BIT 5 (1965), doi:10.1007/BF01975722.
    """

    def __init__(self, form: Format) -> None:
        self._form = form
        self._chunks: list[NDArray[Any]] = []

    def add(self, terms: NDArray[Any]) -> None:
        """See `Order`."""
        self._chunks.append(balanced_chunks(np.stack([terms, np.zeros_like(terms)]), self._plus))

    def _plus(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        form = self._form
        s = round_to(a[0] + b[0], form)
        b_part = round_to(s - a[0], form)
        a_part = round_to(s - b_part, form)
        lost = round_to(round_to(a[0] - a_part, form) + round_to(b[0] - b_part, form), form)
        carried = round_to(round_to(a[1] + b[1], form) + lost, form)
        return np.stack([s, carried])

    def sums(self) -> NDArray[Any]:
        """See `Order`."""
        pair = balanced_pairs(np.concatenate(self._chunks, axis=-1), self._plus)
        corrected = round_to(pair[0] + pair[1], self._form)
        # An infinite sum has no error term: two-sum gives ∞ − ∞ there.
        return np.where(np.isfinite(pair[0]), corrected, pair[0])


class NumPy:
    """What NumPy's own sum does over a contiguous last axis, which is what most code runs.

    float32 inside for float16; pairwise in blocks for float32 and float64; one after the other,
    each partial sum rounded, for the types of ml_dtypes.  It wants the whole row at once.
    """

    def __init__(self, form: Format) -> None:
        self._form = form
        self._terms: list[NDArray[Any]] = []

    def add(self, terms: NDArray[Any]) -> None:
        """See `Order`."""
        self._terms.append(terms.astype(self._form.dtype))

    def sums(self) -> NDArray[Any]:
        """See `Order`."""
        terms = np.concatenate(self._terms, axis=-1)
        sums = np.add.reduce(terms, axis=-1, keepdims=True)
        return _kept_in_range(np.asarray(sums).astype(self._form.carrier), terms, self._form)


ORDERS: dict[str, type[Order]] = {
    "pairwise": Pairwise,
    "sequential": Sequential,
    "compensated": Compensated,
    "numpy": NumPy,
}


class _Sharp:
    """A sum by double-words over the tree of `Pairwise`."""

    def __init__(self) -> None:
        self._columns = 0
        self._chunks: list[NDArray[Any]] = []

    def add(self, terms: NDArray[Any]) -> None:
        self._columns += terms.shape[-1]
        wide = np.stack([terms, np.zeros_like(terms)]).astype(np.float64)
        self._chunks.append(balanced_chunks(wide, _two_sum))

    def stalled(self, sums: NDArray[Any], form: Format) -> NDArray[np.bool_]:
        high, low = balanced_pairs(np.concatenate(self._chunks, axis=-1), _two_sum)
        finite = np.isfinite(high) & np.isfinite(sums)
        computed = np.where(finite, sums, 0.0).astype(np.float64)
        lost = (np.where(finite, high, 0.0) - computed) + np.where(finite, low, 0.0)
        depth = max((self._columns - 1).bit_length() + 1, 1)
        return np.asarray(lost > 0.5 * depth * ulp(computed, form))


def _two_sum(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    s = a[0] + b[0]
    b_part = s - a[0]
    lost = (a[0] - (s - b_part)) + (b[0] - b_part)
    return np.stack([s, a[1] + b[1] + lost])


def left_to_right(terms: NDArray[Any], form: Format) -> NDArray[Any]:
    """Sum non-negative numbers of a format in one accumulator of it; shape (rows, 1)."""
    last = np.add.accumulate(terms.astype(form.dtype), axis=-1)[:, -1:].astype(terms.dtype)
    return _kept_in_range(last, terms, form)


def _kept_in_range(sums: NDArray[Any], terms: NDArray[Any], form: Format) -> NDArray[Any]:
    """Give a format's largest number where it has that for infinity, which the dtype knows not.

    What once is the largest stays so, as terms are not negative; NaN comes from a term alone.
    """
    if form.beyond != "largest" or np.isfinite(sums).all():
        return sums
    over = ~np.isfinite(sums) & ~np.isnan(terms).any(axis=-1, keepdims=True)
    return np.where(over, sums.dtype.type(form.largest), sums)


def balanced_chunks(terms: NDArray[Any], add: Addition) -> NDArray[Any]:
    """Sum the chunks of each row, side by side; the last axis is that of columns."""
    columns = terms.shape[-1]
    whole = columns - columns % CHUNK
    if not whole:
        return _fold(terms, add)
    parts = terms[..., :whole].reshape(*terms.shape[:-1], -1, CHUNK)
    sums = _fold(parts, add)[..., 0]
    if whole < columns:
        sums = np.concatenate([sums, _fold(terms[..., whole:], add)], axis=-1)
    return sums


def balanced_pairs(sums: NDArray[Any], add: Addition) -> NDArray[Any]:
    """Add neighbours along the last axis, level by level; an odd last one waits."""
    while (count := sums.shape[-1]) > 1:
        pairs = add(sums[..., : count - 1 : 2], sums[..., 1::2])
        sums = np.concatenate([pairs, sums[..., count - 1 :]], axis=-1) if count % 2 else pairs
    return sums


def _fold(terms: NDArray[Any], add: Addition) -> NDArray[Any]:
    """Add the upper half to the lower until one is left."""
    width = terms.shape[-1]
    while width > 1:
        half = 1 << (width - 1).bit_length() - 1
        folded = add(terms[..., : width - half], terms[..., half:width])
        if width < 2 * half:
            folded = np.concatenate([folded, terms[..., width - half : half]], axis=-1)
        terms, width = folded, half
    return terms
