"""The cell that is made of a tally: counts, figures, places in the logits' own shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit import reference
from softaudit.metrics import CAUSES, OVER_LOGITS, TOP_K, Ranks
from softaudit.model import (
    Bound,
    Cell,
    CellKey,
    Condition,
    Degenerate,
    Event,
    RowKind,
    RowQuality,
    Worst,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from softaudit.long_view import AskedRows
    from softaudit.metrics import Bounds, Cast, Conditions, Places, Quality, Shared, UlpErrors
    from softaudit.metrics.exact_sum import ExactSum
    from softaudit.model import Function, Logits
    from softaudit.tally import Tally

OVERFLOW = (
    "cast", "cast_to_mask", "exp", "sum", "zeroed", "result", "nan", "forced", "mismatch",
    "saturated",
)  # fmt: skip
UNDERFLOW = ("forced", "premature", "subnormal")


def make_cell(asked: AskedRows, key: CellKey, tally: Tally, shared: Shared) -> Cell:
    """Make a cell of its tally; the worst elements get the judge's figures here."""
    logits, cast = asked.logits, shared.cast
    tally.worst.settle(keeps_subnormal=tally.range.places["underflow.subnormal"].count > 0)
    worst = tuple(
        _worst(asked, key, cause, candidate.place, candidate.computed)
        for cause, candidate in tally.worst.ranked()
    )
    places = _places(tally, cast)
    counts = {name: found.count for name, found in places.items()}
    histogram, rounding = tally.ulp.histogram, _max_and_mean(cast.largest, cast.sum)
    return Cell(
        key=key,
        elements=tally.elements,
        rows={k.name.lower(): int(cast.kinds[k]) for k in RowKind},
        overflow={name: counts[f"overflow.{name}"] for name in OVERFLOW},
        underflow={name: counts[f"underflow.{name}"] for name in UNDERFLOW}
        | {"lost_mass": tally.rows.lost_mass},
        out_of_range=None if key.function == "logsumexp" else counts["out_of_range"],
        ulp=_ulp_figures(tally.ulp, histogram, worst),
        histogram=histogram,
        absolute_max=_or_none(tally.ulp.absolute),
        relative_max=_or_none(tally.ulp.relative),
        correctly_rounded=tally.ulp.correct,
        cast_error=rounding,
        origin={
            "cast": rounding,
            "floor": _max_and_mean(shared.floor.largest, shared.floor.sum),
            "excess": _max_and_mean(tally.excess.largest, tally.excess.sum),
        },
        quality=None if key.function == "logsumexp" else _quality(tally.quality, key.function),
        row_sum_defect=tally.rows.defect,
        worst=worst,
        events=_events(places, logits, key.function),
        causes=_events(_in_order(tally.worst.places), logits, key.function),
        breaks=_events(_in_order(tally.worst.broken), logits, key.function),
        degenerate=_degenerate(tally, logits),
        ulp_radius=max(tally.ulp.radius, 0.0),
        bound=_bound(tally.bounds, logits),
        condition=_condition(shared.conditions, logits),
        gaps=None if key.function == "logsumexp" else tally.ulp.gaps.counts,
        by_axis=None if tally.by_axis is None else tally.by_axis.map,
    )


def _places(tally: Tally, cast: Cast) -> dict[str, Places]:
    """Give what happened to the logits and on the way to the results."""
    return {
        **tally.range.places,
        "above_limit": tally.worst.above,
        "overflow.cast": cast.overflow,
        "overflow.cast_to_mask": cast.to_mask,
        "overflow.saturated": cast.saturated,
        "rows.lost_to_cast": cast.lost_rows,
        "rows.masked_by_cast": cast.kept_masks,
    }


def _max_and_mean(largest: float, errors: ExactSum) -> dict[str, float | None]:
    return {"max": _or_none(largest), "mean": errors.mean()}


def _degenerate(tally: Tally, logits: Logits) -> tuple[Degenerate, ...]:
    return tuple(
        Degenerate(kind, places.rows, _index(logits, places.first or (0, 0), None), returned)
        for kind, (places, returned) in sorted(tally.degenerate.items())
    )


def _bound(bounds: Bounds, logits: Logits) -> Bound | None:
    if bounds.rows == 0:
        return None
    top = bounds.largest
    index = _index(logits, (top.number, 0), None)
    return Bound(bounds.rows, bounds.error, top.value, top.beside, index)


def _condition(conditions: Conditions, logits: Logits) -> Condition | None:
    top = conditions.largest
    if top.number < 0:
        return None
    return Condition(top.value, conditions.median(), _index(logits, (top.number, 0), None))


def _or_none(largest: float) -> float | None:
    """Give a maximum, or None where there was nothing to take it of."""
    return None if largest < 0 else largest


def _quality(found: Quality, function: Function) -> RowQuality:
    divergence, variation = found.divergence, found.variation
    return RowQuality(
        argmax_kept=found.argmax_kept,
        top_k=TOP_K,
        top_k_kept=found.top_k_kept,
        kl={
            "max": divergence.largest,
            "mean": divergence.sum.mean(),
            "mean_over": divergence.sum.count,
        },
        total_variation={"max": variation.largest, "mean": variation.sum.mean()},
        log_probability=found.log_probability,
        choice_refused=found.refused if function == "softmax" else None,
    )


def _ulp_figures(
    errors: UlpErrors, histogram: Mapping[int, int], worst: tuple[Worst, ...]
) -> dict[str, float | int | None]:
    largest = None
    if histogram:
        largest = max((w.ulp for w in worst), default=0.0)
    return {
        "max": largest,
        "mean": errors.sum.mean(),
        "mean_over": errors.sum.count,
        **percentiles(histogram, largest),
    }


def percentiles(histogram: Mapping[int, int], largest: float | None) -> dict[str, float | None]:
    """Give p50, p99 and p99.9 of errors, none above the largest."""
    ranks = Ranks(histogram)
    return {
        name: _capped(ranks.percentile(part), largest)
        for name, part in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))
    }


def _capped(value: float | None, largest: float | None) -> float | None:
    # A bin's upper edge may lie above the largest error, which no percentile does.
    return value if value is None or largest is None else min(value, largest)


def _worst(
    asked: AskedRows, key: CellKey, cause: str, place: tuple[int, int], computed: float
) -> Worst:
    posing = key.arithmetic.posed
    x, rounded = asked.element(place, posing)
    found = reference.figures(
        asked.row(place[0], posing), rounded, key.function, computed, posing.results
    )
    return Worst(
        index=_index(asked.logits, place, key.function),
        logit=None if key.function == "logsumexp" else x,
        computed=computed,
        exact=found.exact,
        ulp=found.ulp,
        relative=found.relative,
        cause=cause,
    )


def _index(logits: Logits, place: tuple[int, int], of: Function | None) -> tuple[int, ...]:
    """Give a place in the logits' own shape; of logsumexp, and of None, the row's alone."""
    shape = logits.rows_shape
    row = tuple(int(i) for i in np.unravel_index(place[0], shape)) if shape else ()
    return row if of in ("logsumexp", None) else (*row, place[1])


def _in_order(places: Mapping[str, Places]) -> dict[str, Places]:
    """Order by the rules, so that nothing depends on which block came across a cause first."""
    return {cause: places[cause] for cause in CAUSES if cause in places}


def _events(places: Mapping[str, Places], logits: Logits, function: Function) -> dict[str, Event]:
    found = {}
    for name, p in places.items():
        if p.first is not None:
            level = None if name in _OF_ROWS else "softmax" if name in OVER_LOGITS else function
            found[name] = Event(p.count, p.rows, _index(logits, p.first, level))
    return found


_OF_ROWS = ("overflow.sum", "rows.lost_to_cast")
