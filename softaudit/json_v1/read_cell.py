"""Reading the contract back: one cell, part by part."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, reduce

from softaudit.algorithms import BLOCKWISE
from softaudit.cell_making import OVERFLOW, UNDERFLOW
from softaudit.errors import InputError, OptionError
from softaudit.figures import ORIGINS, ROWS, SIZES, ULP
from softaudit.json_v1.node import LARGEST, Node
from softaudit.keys import make_key, posed_from
from softaudit.metrics import (
    BINS_PER_OCTAVE,
    CAUSES,
    COUNTS,
    GAP_BINS_PER_OCTAVE,
    INFINITE_BIN,
    ONE_ULP_BIN,
    TOP_K,
    ULP_BINS_PER_OCTAVE,
)
from softaudit.metrics.gaps import INFINITE_ULP, LEAST_GAP, LEAST_ULP, MOST_GAP
from softaudit.model import (
    AxisMap,
    Bound,
    Cell,
    CellKey,
    Condition,
    Degenerate,
    Event,
    RowKind,
    RowQuality,
    Source,
    Worst,
)

EVENTS = (
    *COUNTS,
    *("overflow.cast", "overflow.cast_to_mask", "overflow.saturated"),
    *("rows.lost_to_cast", "rows.masked_by_cast"),
    "above_limit",
)
_BIN = "the number of a bin"


def read_cell(
    at: Node, source: Source, radius: float, elementary: str, logits_format: str | None
) -> Cell:
    """Take one of the contract's cells for a line of a report.

    Parameters
    ----------
    at : Node
    source : Source
        What the report says of the logits.
    radius : float
        Errors that differ by less are the same, in ulp.
    elementary : str
        Whose exp and log the run used in wide formats.
    logits_format : str or None
        What logits were rounded to for the problem; None for the cell's storage format.

    Raises
    ------
    InputError
        If a part is missing, or is no such thing; with the place.
    """
    key = _key(at, elementary, logits_format)
    at["input"].same(source.input)
    return Cell(
        key=key,
        elements=at["elements"].count(),
        rows={name: at["rows"][name].count() for name in ROWS},
        overflow={name: at["overflow"][name].count() for name in OVERFLOW},
        underflow={name: at["underflow"][name].count() for name in UNDERFLOW}
        | {"lost_mass": at["underflow"]["lost_mass"].or_none(Node.size)},
        out_of_range=at["out_of_range"].or_none(Node.count),
        ulp={name: at["ulp"][name].or_none(Node.size) for name in ULP},
        histogram=_histogram(at["histogram"]),
        absolute_max=at["absolute"]["max"].or_none(Node.size),
        relative_max=at["relative"]["max"].or_none(Node.size),
        correctly_rounded=at["correctly_rounded"].count(),
        cast_error=_statistics(at["cast_error"]),
        origin={name: _statistics(at["origin"][name]) for name in ORIGINS},
        quality=at["quality"].or_none(_quality),
        row_sum_defect=at["row_sum"].or_none(lambda part: part["max_defect"].size()),
        worst=tuple(_worst(part) for part in at["worst"].parts()),
        events={name: _event(part) for name, part in at["events"].items(EVENTS)},
        causes={name: _event(part) for name, part in at["causes"].items(CAUSES)},
        breaks={name: _event(part) for name, part in at["breaks"].items(CAUSES)},
        degenerate=tuple(_degenerate(part) for part in at["degenerate"].parts()),
        ulp_radius=radius,
        bound=at["bound"].or_none(_bound),
        condition=at["condition"].or_none(_condition),
        gaps=at["gaps"].or_none(_gaps),
        by_axis=at["by_axis"].or_none(_map),
        against=at.joined("against").or_none(Node.text),
        ratio=at.joined("ratio").or_none(_ratio),
    )


def _key(at: Node, elementary: str, logits_format: str | None) -> CellKey:
    """Put a cell's key together; an implementation of somebody's takes the algorithm's place."""
    function, form, algorithm = (at[part].text() for part in ("function", "format", "algorithm"))
    compute, accumulate, order = (at[part].text() for part in ("compute", "accumulate", "order"))
    given = at["implementation"].or_none(Node.text)
    ours = algorithm if given is None else "stable"
    size = at["block_size"].or_none(Node.count)
    if (size is None) == (ours in BLOCKWISE):
        raise at["block_size"].wrong("null for algorithms without blocks, and only for these")
    try:
        key = make_key(
            *(function, form, ours, compute, accumulate, order),
            subnormals=at["subnormals"].text(),
            saturate=at["saturate"].flag(),
            block_size=size,
            elementary=elementary,
        )
    except OptionError as error:
        raise InputError(f"{at.file}: {at.place}: {error}") from error
    arithmetic = posed_from(key.arithmetic, logits_format)
    key = replace(key, algorithm=algorithm, arithmetic=arithmetic)
    if key.name != at["name"].text():
        raise at["name"].wrong(f"{key.name}, by its parts")
    return key


def _bound(at: Node) -> Bound:
    error, ratio, bound = (at[name].size() for name in ("error", "ratio", "bound"))
    return Bound(at["rows"].positive(), error, ratio, bound, at["index"].index())


def _condition(at: Node) -> Condition:
    return Condition(at["max"].size(), at["p50"].size(), at["index"].index())


def _statistics(at: Node) -> dict[str, float | None]:
    return {name: at[name].or_none(Node.size) for name in ("max", "mean")}


def _quality(at: Node) -> RowQuality:
    at["top_k"].same(TOP_K)
    kl = {**_statistics(at["kl"]), "mean_over": at["kl"]["mean_over"].count()}
    return RowQuality(
        argmax_kept=at["argmax_kept"].count(),
        top_k=TOP_K,
        top_k_kept=at["top_k_kept"].count(),
        kl=kl,
        total_variation=_statistics(at["total_variation"]),
        log_probability=at["log_probability"]["max"].or_none(Node.size),
        choice_refused=at["choice_refused"].or_none(Node.count),
    )


def _histogram(at: Node) -> dict[int, int]:
    at["bins_per_octave"].same(BINS_PER_OCTAVE)
    least, most = 1 - ONE_ULP_BIN, INFINITE_BIN - ONE_ULP_BIN - 1
    bins, counts = at["bins"].integers(least, most, _BIN), at["counts"].counts()
    if len(bins) != len(counts):
        raise at.wrong("as many bins as counts")
    found = {0: at["zero"].count()}
    found.update(zip(map(ONE_ULP_BIN.__add__, bins), counts, strict=True))
    found[INFINITE_BIN] = at["infinite"].count()
    return {index: found[index] for index in sorted(found) if found[index]}


def _gaps(at: Node) -> dict[tuple[int, int], int]:
    at["gap_bins_per_octave"].same(GAP_BINS_PER_OCTAVE)
    at["ulp_bins_per_octave"].same(ULP_BINS_PER_OCTAVE)
    gaps = at["gap"].integers(LEAST_GAP, MOST_GAP, _BIN)
    ulps = at["ulp"].integers(LEAST_ULP, INFINITE_ULP, _BIN)
    counts = at["counts"].integers(1, LARGEST - 1, "a count above 0")
    if not len(gaps) == len(ulps) == len(counts):
        raise at.wrong("as many bins as counts")
    found = dict(zip(map(_pair, gaps, ulps), counts, strict=True))
    return {bins: found[bins] for bins in sorted(found)}


@cache
def _pair(gap: int, ulp: int) -> tuple[int, int]:
    """Make a pair once: cells have the same ones, thousands of them."""
    return gap, ulp


def _map(at: Node) -> AxisMap:
    return AxisMap(at["shape"].index(), at["ulp_max"].sizes())


def _ratio(at: Node) -> dict[str, float | None]:
    return {
        name: reduce(Node.__getitem__, name.split("."), at).or_none(Node.size) for name in SIZES
    }


def _worst(at: Node) -> Worst:
    return Worst(
        index=at["index"].index(),
        logit=at["logit"].or_none(lambda part: float(part.number())),
        computed=float(at["computed"].number()),
        exact=at["exact"].decimal(),
        ulp=float(at["ulp"].size()),
        relative=float(at["relative"].size()),
        cause=at["cause"].one_of(tuple(CAUSES)),
    )


def _event(at: Node) -> Event:
    return Event(at["count"].positive(), at["rows"].positive(), at["first"].index())


def _degenerate(at: Node) -> Degenerate:
    kind = at["kind"].one_of(ROWS)
    returned = tuple(float(part.number()) for part in at["returned"].parts())
    return Degenerate(RowKind[kind.upper()], at["rows"].count(), at["first"].index(), returned)
