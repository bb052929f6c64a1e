"""The text alternative of a picture: what it says to those who do not see it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from softaudit.algorithms import SHIFTED
from softaudit.metrics import WORTH_TELLING
from softaudit.metrics.gaps import LEAST_GAP, MOST_GAP, gap_edge, ulp_edge
from softaudit.render.html.densities import by_gap, errors, largest_share
from softaudit.render.html.drawing import overflows_above, subnormal_beyond, zero_beyond
from softaudit.render.html.scale import words
from softaudit.wording import plain, significant, ulps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.model import Cell, CellKey

_LARGE = next(index for index in range(82) if ulp_edge(index) >= WORTH_TELLING)
MIDDLE = 0.9
"""The part of what is described that lies between the gaps that are named."""


def description(cell: Cell) -> str:
    """Say how a cell's errors are distributed, and at which gaps the large ones are."""
    return plain(" ".join(_sentences(cell)))


def _sentences(cell: Cell) -> Iterator[str]:
    counts = errors(cell)
    total = sum(counts.values())
    if not total:
        yield "There are no errors to show."
        return
    figures = cell.ulp
    yield (
        f"Of {total:,} errors half are at most {words(figures['p50'])}, 99 % at most "
        f"{words(figures['p99'])}, and the largest is {words(figures['max'])}."
    )
    if not cell.gaps:
        return
    large = Counter[int]()
    for (gap, error), count in by_gap(cell).items():
        large[gap] += count if error > _LARGE else 0
    if among := sum(large.values()):
        yield (
            f"{among:,} are above {ulps(WORTH_TELLING)} ULP, most of them at gaps to the row’s "
            f"maximum {_between(+large)}."
        )
    yield from _ends(cell.key)


def _ends(key: CellKey) -> Iterator[str]:
    """Say where the exponential ends, of an algorithm that takes it of the gap or of the logit."""
    compute = key.arithmetic.compute
    if key.algorithm == "naive":
        above, below = significant(overflows_above(compute)), significant(zero_beyond(compute))
        yield (
            f"In {compute.name} exp, taken of the logit itself, overflows above {above} and is 0 "
            f"below −{below}."
        )
    elif key.algorithm in SHIFTED:
        vanishing = f"0 beyond {significant(zero_beyond(compute))}"
        beyond = significant(subnormal_beyond(compute))
        kept = "" if compute.flushes else f"subnormal beyond {beyond}, and "
        yield f"In {compute.name} exp(−gap) is {kept}{vanishing}."


def _between(counts: Counter[int]) -> str:
    low, high = largest_share(counts, MIDDLE) or (LEAST_GAP, MOST_GAP)
    if high == LEAST_GAP:
        return f"below {significant(gap_edge(high))}"
    if low == MOST_GAP:
        return f"above {significant(gap_edge(low - 1))}"
    upper = "∞" if high == MOST_GAP else significant(gap_edge(high))
    lower = "0" if low == LEAST_GAP else significant(gap_edge(low - 1))
    return f"from {lower} to {upper}"
