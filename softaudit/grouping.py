"""Putting together what belongs together, wherever it stands; `itertools.groupby` takes runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

K = TypeVar("K")
V = TypeVar("V")


def grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    """Collect the values of each key, in the order of the first of each.

    Parameters
    ----------
    pairs : iterable of (key, value)

    Returns
    -------
    dict of key to list
        Keys in the order in which they come first, values in the order in which they come.
    """
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found
