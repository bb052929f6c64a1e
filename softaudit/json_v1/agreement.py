"""What has to agree inside a cell: figures that stand in two places say the same in both.

So that a damaged result is an error where it is read, and not where somebody looks at it.
"""

from __future__ import annotations

from functools import cache
from math import inf, prod
from operator import mul
from typing import TYPE_CHECKING

from softaudit.algorithms import ALGORITHMS
from softaudit.cell_making import OVERFLOW, UNDERFLOW, percentiles
from softaudit.figures import ORIGINS
from softaudit.metrics import (
    BINS_PER_OCTAVE,
    INFINITE_BIN,
    ONE_ULP_BIN,
    WORTH_TELLING,
    Ranks,
    by_error,
    edge,
    in_half_octaves,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.model import Cell

_EVENT_OF_BREAK = {
    "exp-overflow": "overflow.exp",
    "inf-over-inf": "overflow.exp",
    "sum-overflow": "overflow.sum",
}


def disagreements(cell: Cell) -> Iterator[tuple[str, str]]:
    """Say what a cell lacks, or counts otherwise: the group's name, and what is wrong with it.

    Notes
    -----
    A count has an event, which says where it was first, unless it is 0; a worst element has its
    cause counted, if its error is worth telling; and what broke by an overflow had one.
    """
    yield from _errors(cell)
    yield from _by_row(cell)
    yield from _origins(cell)
    yield from _rows(cell)
    yield from _maps(cell)
    for name, counted in _counts(cell):
        event = cell.events.get(name)
        if counted != (event.count if event else 0):
            told = "is not there" if event is None else f"counts {event.count}"
            yield "events", f"{name} {told}, {name} of the cell is {counted}"
    ours = cell.key.algorithm in ALGORITHMS[cell.key.function]
    for worst in cell.worst if ours else ():  # others' errors are counted from a limit of their own
        if WORTH_TELLING < worst.ulp < inf and worst.cause not in cell.causes:
            yield "causes", f"{worst.cause} is not there, which a worst element has"
    for cause, needed in _EVENT_OF_BREAK.items():
        if cause in cell.breaks and needed not in cell.events:
            yield "events", f"{needed} is not there, which breaks.{cause} comes from"


def ratio_disagreements(cell: Cell, again: Cell) -> Iterator[tuple[str, str]]:
    """Hold what a cell stands against against the cells beside it: see `disagreements`.

    Parameters
    ----------
    cell : Cell
    again : Cell
        The same, its figures divided again by those of the trusted cell.
    """
    if cell.against != again.against or (cell.ratio is None) != (cell.against is None):
        yield "against", f"is {cell.against}, by the cells beside it {again.against}"
    elif cell.ratio is not None and again.ratio is not None:
        for name, value in again.ratio.items():
            if cell.ratio[name] != value:
                yield "ratio", f"{name} is {cell.ratio[name]}, by the two cells' figures {value}"


def _errors(cell: Cell) -> Iterator[tuple[str, str]]:
    """Hold what is said of errors against the histogram and the worst elements."""
    largest, expected = cell.ulp["max"], dict[str, float | None]()
    if cell.worst:
        expected["max"] = max(worst.ulp for worst in cell.worst)
    elif INFINITE_BIN in cell.histogram:
        expected["max"] = inf
    infinite = cell.histogram.get(INFINITE_BIN, 0)
    expected["mean_over"] = sum(cell.histogram.values()) - infinite
    expected |= percentiles(cell.histogram, largest)
    for name, value in expected.items():
        if cell.ulp[name] != value:
            yield "ulp", f"{name} is {cell.ulp[name]}, by other figures of the cell {value}"
    # The largest is mpmath's figure, to 2^−32, and the mean within the enclosures' radius.
    if (cell.ulp["mean"] or 0) > (largest or 0) * (1 + 2.0**-31) + cell.ulp_radius:
        yield "ulp", "mean is above max"
    relative = max((worst.relative for worst in cell.worst), default=0.0)
    if relative > (cell.relative_max or 0) * (1 + 2.0**-30):
        yield "relative", f"max is {cell.relative_max}, and a worst element's {relative}"
    yield from _within_bins(cell)


def _by_row(cell: Cell) -> Iterator[tuple[str, str]]:
    """Hold the bound's and the condition number's figures against each other."""
    bound, condition = cell.bound, cell.condition
    # The row with the largest ratio has no larger error than the row with the largest error.
    told = 0.0 if bound is None else bound.bound * bound.ratio
    if bound is not None and bound.error * (1 + 2.0**-38) + 2.0**-1000 < told < inf:
        yield "bound", f"error is {bound.error}, by ratio and bound {told}"
    if condition is not None and condition.p50 > condition.max:
        yield "condition", "p50 is above max"


def _origins(cell: Cell) -> Iterator[tuple[str, str]]:
    """Hold errors by origin against the errors: the floor and the excess make them up."""
    cast, floor, excess = (cell.origin[name] for name in ORIGINS)
    if cast != cell.cast_error:
        yield "origin", f"cast is {cast}, cast_error {cell.cast_error}"
    for name, errors in (("floor", floor), ("excess", excess)):
        if (errors["max"] is None) != (cell.ulp["max"] is None):
            yield "origin", f"{name}.max is null, or should be"
        if (errors["mean"] or 0) > (errors["max"] or 0) * (1 + 2.0**-40):
            yield "origin", f"{name}.mean is above its max"
    largest, least, most = (figure["max"] or 0 for figure in (cell.ulp, excess, floor))
    slack = cell.ulp_radius + 2.0**-31 * (1 + (largest if largest < inf else 0))
    if not most <= 0.5:
        yield "origin", f"floor.max is {most}, above 0.5"
    if not least - slack <= largest <= least + most + slack:
        yield "origin", f"excess.max is {least}, by the largest error {largest - most} to {largest}"


def _rows(cell: Cell) -> Iterator[tuple[str, str]]:
    """Hold what became of rows against how many there are, and against wrong elements."""
    quality, audited = cell.quality, cell.rows["audited"]
    if (quality is None) != (cell.key.function == "logsumexp"):
        yield "quality", "is null, or should be"
    if quality is None:
        return
    if (quality.choice_refused is None) != (cell.key.function != "softmax"):
        yield "quality", "choice_refused is null, or should be"
    counts = {
        "argmax_kept": quality.argmax_kept,
        "top_k_kept": quality.top_k_kept,
        "kl.mean_over": quality.kl["mean_over"] or 0,
        "choice_refused": quality.choice_refused or 0,
    }
    for name, counted in counts.items():
        if counted > audited:
            yield "quality", f"{name} is {counted} of {audited} rows"
    if quality.top_k_kept > quality.argmax_kept:
        yield "quality", "top_k_kept is above argmax_kept"
    for name, figures in (("kl", quality.kl), ("total_variation", quality.total_variation)):
        if (figures["max"] is None) != (audited == 0):
            yield "quality", f"{name}.max is null, or should be"
        if (figures["mean"] or 0) > (figures["max"] or 0) * (1 + 2.0**-40):
            yield "quality", f"{name}.mean is above its max"


def _maps(cell: Cell) -> Iterator[tuple[str, str]]:
    """Hold errors by gap against the histogram, and those by axis against the largest."""
    if (cell.gaps is None) != (cell.key.function == "logsumexp"):
        yield "gaps", "is null, or should be"
    if cell.gaps is not None and by_error(cell.gaps) != in_half_octaves(cell.histogram):
        yield "gaps", "has other errors than the histogram"
    if cell.by_axis is None:
        return
    shape, largest = cell.by_axis.shape, cell.by_axis.largest
    if len(largest) != prod(shape):
        yield "by_axis", f"has {len(largest)} errors for {prod(shape)} slices"
    found = max((error for error in largest if error is not None), default=None)
    if not _as_large(found, cell.ulp["max"], cell.ulp_radius):
        yield "by_axis", f"ulp_max is at most {found}, the cell's largest error {cell.ulp['max']}"


def _as_large(found: float | None, largest: float | None, radius: float) -> bool:
    """Tell whether a maximum is the largest error, which is mpmath's figure."""
    if found is None or largest is None or not largest < inf:
        return found == largest
    return abs(found - largest) <= radius + 2.0**-31 * (1 + largest)


def _within_bins(cell: Cell) -> Iterator[tuple[str, str]]:
    """Hold figures against the bins that errors lie in; what is not in one has an infinite y."""
    finite = dict(cell.histogram)
    finite.pop(INFINITE_BIN, None)
    ranks = Ranks(cell.histogram)
    total = ranks.total
    if total > cell.elements:
        yield "histogram", f"has {total} errors of {cell.elements} elements"
    half = ONE_ULP_BIN - BINS_PER_OCTAVE  # errors on its edge are ties, or just beside one
    strays = cell.events.get("not_in_format")  # which may be nearer to y than the rounded one is
    least = ranks.up_to(half - 1) - (strays.count if strays else 0)
    most = ranks.up_to(half + 1) + cell.elements - total
    if not least <= cell.correctly_rounded <= most:
        yield "correctly_rounded", f"{cell.correctly_rounded}, by the histogram {least} to {most}"
    mean, largest, slack = cell.ulp["mean"], cell.ulp["max"], cell.ulp_radius
    if (mean is None) != (not finite) or (largest is None) != (total == 0):
        yield "ulp", "mean or max is null, or should be"
    if mean is not None:
        below = sum(map(mul, map(_lower, finite), finite.values())) / sum(finite.values())
        if mean < below * (1 - 2.0**-40) - slack:
            yield "ulp", f"mean is {mean}, by the histogram at least {below}"
    if largest is not None and largest < inf:
        top = max(finite)
        if not _lower(top) * (1 - 2.0**-40) - slack <= largest <= edge(top) * 1.01 + slack:
            yield "ulp", f"max is {largest}, by the histogram {_lower(top)} to {edge(top)}"


@cache
def _lower(index: int) -> float:
    return edge(index - 1) if index else 0.0


def _counts(cell: Cell) -> Iterator[tuple[str, float | None]]:
    yield from ((f"overflow.{name}", cell.overflow[name]) for name in OVERFLOW)
    yield from ((f"underflow.{name}", cell.underflow[name]) for name in UNDERFLOW)
    yield "out_of_range", cell.out_of_range or 0
    yield "rows.lost_to_cast", cell.rows["lost_to_cast"]
