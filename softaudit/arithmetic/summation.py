"""Sums along the last axis: the order is part of the result, so it is named.

No order depends on how many rows are summed at once, on memory layout or on axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.formats import Format, round_to, ulp

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CHUNK = 4096
"""Columns that one subtree of the balanced tree covers."""


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
    sums = ORDERS[order](np.ascontiguousarray(terms), form)
    if order in ("pairwise", "compensated"):
        return sums, np.zeros(sums.shape, dtype=np.bool_)
    return sums, _stalled(terms, sums, form)


def pairwise(terms: NDArray[Any], form: Format) -> NDArray[Any]:
    """Sum by a balanced tree that is fixed by position in the row.

    Within each chunk of 4096 columns, padded to a power of two by absent terms, the upper half is
    folded onto the lower until one is left; the chunks' sums are added in adjacent pairs, level by
    level.  The depth is at most ⌈log2 columns⌉ + 1 additions.
    """
    return _tree(terms, lambda a, b: round_to(a + b, form))


def sequential(terms: NDArray[Any], form: Format) -> NDArray[Any]:
    """Sum from left to right in one accumulator, as a loop does."""
    partial = np.add.accumulate(terms.astype(form.dtype), axis=-1)
    return partial[:, -1:].astype(form.carrier)


def compensated(terms: NDArray[Any], form: Format) -> NDArray[Any]:
    """Sum by the tree of `pairwise`, carrying each addition's rounding error beside the sum.

    References
    ----------
    Knuth's two-sum: Møller, BIT 5 (1965), doi:10.1007/BF01975722.
    """

    def add(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        s = round_to(a[0] + b[0], form)
        b_part = round_to(s - a[0], form)
        a_part = round_to(s - b_part, form)
        lost = round_to(round_to(a[0] - a_part, form) + round_to(b[0] - b_part, form), form)
        carried = round_to(round_to(a[1] + b[1], form) + lost, form)
        return np.stack([s, carried])

    pair = _tree(np.stack([terms, np.zeros_like(terms)]), add)
    corrected = round_to(pair[0] + pair[1], form)
    # An infinite sum has no error term: two-sum gives ∞ − ∞ there.
    return np.where(np.isfinite(pair[0]), corrected, pair[0])


def numpy_sum(terms: NDArray[Any], form: Format) -> NDArray[Any]:
    """Sum as NumPy's own sum does over a contiguous last axis, which is what most code runs.

    float32 inside for float16; pairwise in blocks for float32 and float64; one after the other,
    each partial sum rounded, for the types of ml_dtypes.
    """
    sums = np.add.reduce(terms.astype(form.dtype), axis=-1, keepdims=True)
    return np.asarray(sums).astype(form.carrier)


ORDERS: dict[str, Callable[[NDArray[Any], Format], NDArray[Any]]] = {
    "pairwise": pairwise,
    "sequential": sequential,
    "compensated": compensated,
    "numpy": numpy_sum,
}


def _tree(
    terms: NDArray[Any], add: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
) -> NDArray[Any]:
    columns = terms.shape[-1]
    whole = columns // CHUNK
    chunks: list[NDArray[Any]] = []
    if whole:
        side_by_side = terms[..., : whole * CHUNK].reshape(*terms.shape[:-1], whole, CHUNK)
        folded = _fold(side_by_side, add)
        chunks = [folded[..., i, :] for i in range(whole)]
    if whole * CHUNK < columns:
        chunks.append(_fold(terms[..., whole * CHUNK :], add))
    while len(chunks) > 1:
        pairs = [add(a, b) for a, b in zip(chunks[::2], chunks[1::2], strict=False)]
        chunks = pairs + chunks[len(pairs) * 2 :]
    return chunks[0]


def _fold(
    terms: NDArray[Any], add: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
) -> NDArray[Any]:
    width = terms.shape[-1]
    while width > 1:
        half = 1 << (width - 1).bit_length() - 1
        folded = add(terms[..., : width - half], terms[..., half:width])
        if width < 2 * half:
            folded = np.concatenate([folded, terms[..., width - half : half]], axis=-1)
        terms, width = folded, half
    return terms


def _stalled(terms: NDArray[Any], sums: NDArray[Any], form: Format) -> NDArray[np.bool_]:
    wide = np.stack([terms, np.zeros_like(terms)]).astype(np.float64)
    high, low = _tree(wide, _two_sum)
    finite = np.isfinite(high) & np.isfinite(sums)
    computed = np.where(finite, sums, 0.0).astype(np.float64)
    lost = (np.where(finite, high, 0.0) - computed) + np.where(finite, low, 0.0)
    depth = max((terms.shape[-1] - 1).bit_length() + 1, 1)
    return np.asarray(lost > 0.5 * depth * ulp(computed, form))


def _two_sum(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    s = a[0] + b[0]
    b_part = s - a[0]
    lost = (a[0] - (s - b_part)) + (b[0] - b_part)
    return np.stack([s, a[1] + b[1] + lost])
