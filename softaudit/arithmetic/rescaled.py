"""Sums whose terms are relative to a maximum that is known only at the end.

A pair (m, d) stands for d times the exponential of m: e^m, or 2^m.  Two pairs make one by

    (m, d) + (m', d') = (M, d · exp(m − M) + d' · exp(m' − M)),  M = max(m, m'),

in a balanced tree that is fixed by position, or from left to right.  The sums d are numbers of the
accumulator's format, to which factors and terms are rounded, and the m of the compute format.

From left to right, nothing is rescaled while the maximum stays (the factor is 1): between the
columns in which some row's maximum grows it is a plain sum, and only those are looped over.

References
----------
Milakov & Gimelshein, Online normalizer calculation for softmax (2018), arXiv:1805.02867.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from softaudit.arithmetic import elementary
from softaudit.arithmetic.summation import balanced_chunks, balanced_pairs, left_to_right
from softaudit.formats import FORMATS, Format, round_to, ulp

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

ORDERS = ("pairwise", "sequential")
"""Orders that such sums have; what NumPy's sum does, and compensation, have no meaning here."""


class Shrink(Protocol):
    """How d follows when its m becomes another: d · exp(old − new), rounded to a format."""

    def __call__(
        self, d: NDArray[Any], old: NDArray[Any], new: NDArray[Any], form: Format
    ) -> NDArray[Any]:
        """Give d relative to the new maximum."""


@dataclass(frozen=True)
class ByExp:
    """Factors e^(old − new): difference and exponential rounded to the compute format."""

    compute: Format
    elementary: str

    def __call__(
        self, d: NDArray[Any], old: NDArray[Any], new: NDArray[Any], form: Format
    ) -> NDArray[Any]:
        """See `Shrink`."""
        gap = round_to((old - new).astype(self.compute.carrier, copy=False), self.compute)
        factor = elementary.exp(gap, self.compute, self.elementary).astype(d.dtype, copy=False)
        return round_to(d * round_to(factor, form), form)


@dataclass(frozen=True)
class ByPowerOfTwo:
    """Factors 2^(old − new): the difference rounded to the compute format, the factor exact."""

    compute: Format

    def __call__(
        self, d: NDArray[Any], old: NDArray[Any], new: NDArray[Any], form: Format
    ) -> NDArray[Any]:
        """See `Shrink`."""
        gap = round_to((old - new).astype(self.compute.carrier, copy=False), self.compute)
        return scale(d, gap, form)


def scale(x: NDArray[Any], exponent: NDArray[Any], form: Format) -> NDArray[Any]:
    """Give x · 2^exponent, rounded to a format: exact but for what leaves the range."""
    whole = np.clip(np.where(np.isnan(exponent), 0.0, exponent), -5000.0, 5000.0).astype(np.int32)
    return round_to(np.ldexp(x, whole), form)


class RescaledSum:
    """The sum of pairs in an order, taken in window by window."""

    def __init__(self, form: Format, order: str, shrink: Shrink) -> None:
        self._form = form
        self._shrink = shrink
        self._order = order
        self._sum = (_Tree if order == "pairwise" else _Loop)(form, shrink)
        self._sharp = None if order == "pairwise" else _Tree(FORMATS["float64"], shrink)
        self._columns = 0

    def add(self, m: NDArray[Any], d: NDArray[Any]) -> None:
        """Take in some columns: m of the compute format, d of the accumulator's."""
        self._columns += m.shape[-1]
        self._sum.add(m, d)
        if self._sharp is not None:
            self._sharp.add(m, d)

    def result(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_]]:
        """Give m and d of each row, and whether d lost more than a balanced tree can lose."""
        m, d = self._sum.result()
        if self._sharp is None:
            return m, d, np.zeros(d.shape, dtype=np.bool_)
        _, sharp = self._sharp.result()
        return m, d, falls_short(d, sharp, self._columns, self._form)


def falls_short(
    sums: NDArray[Any], sharp: NDArray[Any], terms: int, form: Format
) -> NDArray[np.bool_]:
    """Tell which sums lost more than twice what a balanced tree of as many terms can lose.

    The sharper sum is one of float64, and may itself be off by what such a tree of it loses.
    """
    finite = np.isfinite(sharp) & np.isfinite(sums)
    computed = np.where(finite, sums, 0.0).astype(np.float64)
    depth = max((terms - 1).bit_length() + 1, 1)
    lost = np.where(finite, sharp, 0.0) - computed
    return np.asarray(lost > depth * ulp(computed, form))


class _Tree:
    """The tree of `Pairwise`."""

    def __init__(self, form: Format, shrink: Shrink) -> None:
        self._form = form
        self._shrink = shrink
        self._chunks: list[NDArray[Any]] = []

    def add(self, m: NDArray[Any], d: NDArray[Any]) -> None:
        dtype = np.promote_types(m.dtype, np.promote_types(d.dtype, self._form.carrier))
        self._chunks.append(balanced_chunks(np.stack([m, d]).astype(dtype), self._plus))

    def _plus(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        m = np.maximum(a[0], b[0])
        parts = (self._shrink(x[1], x[0], m, self._form) for x in (a, b))
        return np.stack([m, round_to(sum(parts), self._form)])  # type: ignore[arg-type]

    def result(self) -> tuple[NDArray[Any], NDArray[Any]]:
        m, d = balanced_pairs(np.concatenate(self._chunks, axis=-1), self._plus)
        return m, d


class _Loop:
    """From left to right, as one pass over the row does."""

    def __init__(self, form: Format, shrink: Shrink) -> None:
        self._form = form
        self._shrink = shrink
        self._known: tuple[NDArray[Any], NDArray[Any]] | None = None

    def add(self, m: NDArray[Any], d: NDArray[Any]) -> None:
        if self._known is not None:
            m, d = (
                np.concatenate(parts, axis=-1) for parts in zip(self._known, (m, d), strict=True)
            )
        running = np.maximum.accumulate(m, axis=-1)
        d = d.astype(np.promote_types(m.dtype, d.dtype), copy=False)
        terms = self._shrink(d, m, running, self._form)

        def kept(partial: NDArray[Any], at: int) -> NDArray[Any]:
            old, new = running[:, at - 1 : at], running[:, at : at + 1]
            return self._shrink(partial, old, new, self._form)

        grows = running[:, 1:] > running[:, :-1]
        self._known = running[:, -1:], total_of_runs(terms, grows, kept, self._form)

    def result(self) -> tuple[NDArray[Any], NDArray[Any]]:
        if self._known is None:
            raise ValueError("no columns to sum")
        return self._known


def total_of_runs(
    terms: NDArray[Any],
    changes: NDArray[np.bool_],
    rescaled: Callable[[NDArray[Any], int], NDArray[Any]],
    form: Format,
) -> NDArray[Any]:
    """Sum from left to right, rescaling what is summed up before some columns.

    Parameters
    ----------
    terms : ndarray, shape (rows, columns)
        Numbers of the format.
    changes : ndarray of bool, shape (rows, columns − 1)
        Whether a row's sum is rescaled before the next column; elsewhere the factor is 1.
    rescaled : callable
        Takes the sums so far, shape (rows, 1), and a column before which to rescale them.
    form : Format

    Returns
    -------
    ndarray, shape (rows, 1)
    """
    edges = (np.flatnonzero(changes.any(axis=0)) + 1).tolist()
    edges.append(terms.shape[-1])
    partial = left_to_right(terms[:, : edges[0]], form)
    for start, stop in pairwise(edges):
        head = rescaled(partial, start)
        partial = left_to_right(np.concatenate([head, terms[:, start:stop]], axis=-1), form)
    return partial
