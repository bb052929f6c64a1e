"""Other ways to ask the same question: what should not change a result.

A probe gives ways to ask about the same rows, each with what puts its answer back into the first
one's order.  All of them are exact: the problem, and with it the exact answer, stays what it was.
To add one: a function, a line in `PROBES`, a test case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from softaudit.formats import round_to
from softaudit.reference.double_word import two_sum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from softaudit.formats import Format

Layout = Literal["contiguous", "transposed", "strided"]

BATCHES = (1, 7, 64)
"""Rows that are handed over at once."""

MOST_BATCHES = 16
"""How many batches of a size are asked, evenly spaced; the first is among them."""


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One way to ask about some rows.

    Attributes
    ----------
    name : str
    x : ndarray of float64, shape (rows, columns)
        The rows as they are handed over.
    batches : tuple of ndarray of int64
        Numbers of the rows that are handed over at once, batch by batch.
    compared : ndarray of bool, shape (rows,)
        Rows of which this is the same question; the others fill their places.
    order : ndarray of int64, shape (columns,), or None
        Which column of the first question stands at each place; None where none has moved.
    layout : str
        How a batch lies in memory; see `softaudit.implementations.Runner.ask`.
    threads : int or None
        How many threads may answer; None leaves it to the implementation.
    afresh : bool
        Whether a process of its own answers.
    """

    name: str
    x: NDArray[np.float64]
    batches: tuple[NDArray[np.int64], ...]
    compared: NDArray[np.bool_]
    order: NDArray[np.int64] | None = None
    layout: Layout = "contiguous"
    threads: int | None = None
    afresh: bool = False

    @property
    def rows(self) -> NDArray[np.int64]:
        """Numbers of the rows that answers are about, in order."""
        return np.concatenate(self.batches)

    def put_back(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give results their first columns again; those of whole rows stay."""
        if self.order is None or values.shape[-1] != len(self.order):
            return values
        back = np.empty_like(values)
        back[:, self.order] = values
        return back


def first_way(x: NDArray[np.float64]) -> Way:
    """Ask about all rows at once, as they are."""
    return Way("", x, (np.arange(len(x)),), np.ones(len(x), np.bool_))


def shifts(x: NDArray[np.float64], form: Format) -> Iterator[Way]:
    """Add c to every logit of a row: a power of two, where all of these sums are exact.

    Masks stay, and rows in which a sum is not exact are left out.  Of all powers of two that are
    exact in some row, three are taken of each sign: the one that is in most rows, the one nearest
    to the size of rows' largest logits, and the largest.
    """
    first, sizes = first_way(x), _sizes(x)
    for sign in (1.0, -1.0):
        exact = {}
        for k, rows in _exponents(sizes, form):
            rows[rows] = exact_rows(x[rows], sign * 2.0**k, form)
            if rows.any():
                exact[k] = rows
        for k in _telling(exact, int(np.median(sizes))):
            shifted = np.where(exact[k][:, None], x + sign * 2.0**k, x)
            name = f"{'+' if sign > 0 else '-'}2^{k}"
            yield replace(first, name=name, x=shifted, compared=exact[k])


def exact_rows(x: NDArray[np.float64], c: float, form: Format) -> NDArray[np.bool_]:
    """Tell in which rows x + c is a number of the format for every finite logit, and there is one.

    The error of the sum in float64 is a float64 itself, which two-sum gives; where it is 0 and the
    sum is of the format, (x + c) − c is x as well.
    """
    finite = np.isfinite(x)
    total = two_sum(np.where(finite, x, 0.0), np.full_like(x, c))
    exact = (total.low == 0) & (round_to(total.high, form) == total.high)
    return np.asarray((exact | ~finite).all(axis=-1) & finite.any(axis=-1))


def _sizes(x: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give ⌊log2⌋ of the size of each row's largest finite logit; 0 where there is none but 0."""
    largest = np.abs(x, out=np.zeros_like(x), where=np.isfinite(x)).max(axis=-1)
    return np.where(largest > 0, np.frexp(largest)[1].astype(np.int64) - 1, 0)


def _exponents(sizes: NDArray[np.int64], form: Format) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Give exponents of c, each with the rows in which it is worth a try.

    From the last place of the row's largest logit, below which its sum is rounded, to where c has
    no bit in common with it.  Rows differ: what is left to one that is masked by the least number
    would be none of the others'.
    """
    least = np.maximum(sizes - form.precision + 1, form.subnormal_exponent)
    most = np.minimum(sizes + form.precision, form.emax)
    for k in range(int(least.min()), int(most.max()) + 1):
        rows = (least <= k) & (k <= most)
        if rows.any():
            yield k, rows


def _telling(exact: dict[int, NDArray[np.bool_]], size: int) -> list[int]:
    if not exact:
        return []
    most = max(exact, key=lambda k: (np.count_nonzero(exact[k]), -k))
    return sorted({most, min(exact, key=lambda k: (abs(k - size), k)), max(exact)})


def permutations(x: NDArray[np.float64], form: Format) -> Iterator[Way]:  # noqa: ARG001
    """Put the columns in another order, the same in every row: reversed, and scattered.

    References
    ----------
    Scattered is the order of i · 2^64/φ modulo 2^64: Knuth, The Art of Computer Programming 3,
    section 6.4 (Fibonacci hashing).
    """
    columns = np.arange(x.shape[-1])
    spread = columns.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    orders = {"reversed": columns[::-1], "scattered": np.argsort(spread, kind="stable")}
    for name, order in orders.items():
        if (order != columns).any():
            moved = np.ascontiguousarray(x[:, order])
            yield replace(first_way(moved), name=name, order=order)


def batches(x: NDArray[np.float64], form: Format) -> Iterator[Way]:  # noqa: ARG001
    """Hand over one row at once, 7 and 64, some batches of each; rows repeat where they are few."""
    for size in BATCHES:
        parts = max(len(x) // size, 1)
        taken = np.arange(min(parts, MOST_BATCHES)) * parts // min(parts, MOST_BATCHES)
        rows = tuple((np.arange(size) + part * size) % len(x) for part in taken)
        yield replace(first_way(x), name=f"in batches of {size}", batches=rows)


def layouts(x: NDArray[np.float64], form: Format) -> Iterator[Way]:  # noqa: ARG001
    """Hand over the transpose of a contiguous array, and every second column of a wider one."""
    first = first_way(x)
    yield replace(first, name="transposed", layout="transposed")
    yield replace(first, name="strided", layout="strided")


def one_thread(x: NDArray[np.float64], form: Format) -> Iterator[Way]:  # noqa: ARG001
    """Let one thread answer, where the implementation may take several."""
    yield replace(first_way(x), name="by one thread", threads=1)


def runs(x: NDArray[np.float64], form: Format) -> Iterator[Way]:  # noqa: ARG001
    """Ask once more, and ask a process that has been started anew."""
    yield replace(first_way(x), name="asked again")
    yield replace(first_way(x), name="in a new process", afresh=True)


@dataclass(frozen=True, slots=True)
class Probe:
    """What should not change a result.

    Attributes
    ----------
    ways : callable
        Gives the ways to ask about rows, numbers of a format.
    meaning : str
        What it means where it does change one.
    impossible : str
        Why there may be no way.
    not_for : tuple of str
        Functions that it changes by rights.
    """

    ways: Callable[[NDArray[np.float64], Format], Iterator[Way]]
    meaning: str
    impossible: str = ""
    not_for: tuple[str, ...] = ()


PROBES: dict[str, Probe] = {
    "shift": Probe(
        shifts,
        "the same c added to every logit changes a result, though no sum is rounded",
        "no power of two can be added to the logits of any row without rounding",
        ("logsumexp",),
    ),
    "permutation": Probe(
        permutations,
        "a result depends on where in its row a logit stands: on the order of the sum",
        "a row of one logit has one order",
    ),
    "batch": Probe(batches, "a row's results depend on which rows, or how many, are beside it"),
    "layout": Probe(layouts, "a result depends on how the logits lie in memory"),
    "threads": Probe(one_thread, "a result depends on how many threads share the work"),
    "run": Probe(runs, "the same question has more than one answer"),
}
"""Probes by name, in display order."""

CONTROL = "run"
"""The probe without which no other proves anything."""

NOT_ASKED: dict[str, str] = {
    "layout": "our algorithms are given contiguous rows, whatever the layout",
    "threads": "our algorithms take one thread",
}
"""Why our own algorithms are not asked."""
