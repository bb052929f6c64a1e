"""The heart: audit(logits, plan) -> Audit, block by block.

Blocks are rows that fit the cache.  Everything in a block is judged at once: the problem is posed
and enclosed once per storage format, and every algorithm that answers it is compared with that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from softaudit import algorithms, reference
from softaudit.elements import row_tables
from softaudit.errors import OptionError
from softaudit.formats import FORMATS
from softaudit.metrics import (
    CAUSES,
    OVER_LOGITS,
    Cast,
    Places,
    Range,
    Rows,
    UlpErrors,
    WorstElements,
    Yardstick,
    compare,
    percentile,
)
from softaudit.model import (
    Audit,
    Cell,
    CellKey,
    Degenerate,
    Enclosure,
    Event,
    ReferenceUse,
    RowKind,
    SkippedCell,
    Verdict,
    Worst,
    take_rows,
)
from softaudit.problem import classify, pose, round_temperature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.model import Function, Logits, Plan, Problem
    from softaudit.reference import Enclosed

BLOCK = 1 << 15
"""Elements of a block, about."""


def audit(logits: Logits, plan: Plan, *, block: int = BLOCK) -> Audit:
    """Compute every cell of a plan on logits, and compare every result with the exact value.

    Parameters
    ----------
    logits : Logits
    plan : Plan
    block : int
        Elements to take at once; no figure depends on it.

    Returns
    -------
    Audit
        Cells in the plan's order.

    Raises
    ------
    OptionError
        If the temperature leaves no cell to compute.
    PlatformError
        If the processor's state breaks IEEE arithmetic.
    """
    reference.check_processor()
    keys, skipped = _askable(plan)
    work = _Work(logits, plan, keys)
    numbers = chosen_rows(logits, plan)
    step = max(1, block // logits.columns)
    for start in range(0, len(numbers), step):
        work.add(numbers[start : start + step])
    cells = tuple(_cell(work, key, plan) for key in keys)
    radius = max((cell.ulp_radius for cell in cells), default=0.0)
    return Audit(
        logits.source,
        plan.temperature,
        len(numbers) if plan.sample is not None else None,
        ReferenceUse(plan.reference, work.settled, work.undecided, radius),
        cells,
        skipped,
        work.range,
        work.widest,
        plan.row,
        tables=tuple(t for n in numbers for t in row_tables(logits, int(n), keys, plan))
        if plan.elements
        else (),
        shown_worst=plan.worst,
        options=plan.options,
    )


def chosen_rows(logits: Logits, plan: Plan) -> NDArray[np.int64]:
    """Give the numbers of the rows that a plan asks for, in order."""
    if plan.row is not None:
        number = np.ravel_multi_index(plan.row, logits.rows_shape) if logits.rows_shape else 0
        return np.array([number], dtype=np.int64)
    if plan.sample is not None and plan.sample < logits.rows:
        return np.arange(plan.sample, dtype=np.int64) * logits.rows // plan.sample
    return np.arange(logits.rows, dtype=np.int64)


def _askable(plan: Plan) -> tuple[tuple[CellKey, ...], tuple[SkippedCell, ...]]:
    keys, skipped = [], list(plan.skipped)
    for key in plan.keys:
        rounded = round_temperature(plan.temperature, key.arithmetic.storage)
        if rounded > 0 and np.isfinite(rounded):
            keys.append(key)
        else:
            form = key.arithmetic.storage.name
            reason = f"temperature {plan.temperature:g} becomes {rounded:g} in {form}"
            skipped.append(SkippedCell(key.name, reason))
    if not keys:
        raise OptionError(f"no cell is left to compute: {skipped[0].reason}")
    return tuple(keys), tuple(skipped)


@dataclass(slots=True)
class _Tally:
    """One cell in the making."""

    ulp: UlpErrors = field(default_factory=UlpErrors)
    range: Range = field(default_factory=Range)
    rows: Rows = field(default_factory=Rows)
    worst: WorstElements = field(default_factory=WorstElements)
    elements: int = 0
    degenerate: dict[RowKind, tuple[Places, tuple[float, ...]]] = field(default_factory=dict)


class _Work:
    """All tallies of one source, and what they share."""

    def __init__(self, logits: Logits, plan: Plan, keys: tuple[CellKey, ...]) -> None:
        self.logits = logits
        self.temperature = plan.temperature
        self.method = plan.reference
        self.tallies = {key: _Tally() for key in keys}
        self.casts = {(key.function, key.arithmetic.storage.name): Cast() for key in keys}
        self.functions = tuple(dict.fromkeys(key.function for key in keys))
        self.settled = self.undecided = 0
        self.range: tuple[float, float] | None = None
        self.widest: float | None = None

    def add(self, numbers: NDArray[np.int64]) -> None:
        """Audit some rows."""
        x = self.logits.take(numbers)
        self._describe(x)
        original = pose(x, FORMATS["float64"], self.temperature)
        exact = reference.enclose(x, self.temperature, self.functions, self.method)
        by_format: dict[str, list[CellKey]] = {}
        for key in self.tallies:
            by_format.setdefault(key.arithmetic.storage.name, []).append(key)
        for form, keys in by_format.items():
            problem = pose(x, FORMATS[form], self.temperature)
            functions = tuple(dict.fromkeys(key.function for key in keys))
            enclosures = exact
            if not _same(problem, original):
                enclosures = reference.enclose(
                    problem.values, problem.temperature, functions, self.method
                )
            for function in functions:
                posed = _Posed(function, numbers, problem, enclosures[function])
                self._cast(posed, original, exact[function].enclosure)
                self._judge(posed, [key for key in keys if key.function == function])

    def _describe(self, x: NDArray[np.float64]) -> None:
        finite = np.isfinite(x)
        if not finite.any():
            return
        least = np.where(finite, x, np.inf).min(axis=-1)
        largest = np.where(finite, x, -np.inf).max(axis=-1)
        with np.errstate(over="ignore"):
            widest = float((largest - least).max())
        ends = float(least.min()), float(largest.max())
        if self.range is not None and self.widest is not None:
            ends = min(ends[0], self.range[0]), max(ends[1], self.range[1])
            widest = max(widest, self.widest)
        self.range, self.widest = ends, widest

    def _cast(self, posed: _Posed, original: Problem, exact: Enclosure) -> None:
        form = posed.problem.format
        cast = self.casts[posed.function, form.name]
        cast.count(posed.problem, posed.kinds, posed.numbers)
        before = take_rows(exact, posed.audited)
        verdict = reference.judge(before, take_rows(original, posed.audited), posed.function)
        cast.measure(take_rows(posed.enclosure, posed.audited), verdict, form)
        self.undecided += verdict.undecided

    def _judge(self, posed: _Posed, keys: list[CellKey]) -> None:
        audited = posed.audited
        problem = take_rows(posed.problem, audited)
        enclosure = take_rows(posed.enclosure, audited)
        verdict: Verdict = reference.judge(enclosure, problem, posed.function)
        by_mpmath = np.count_nonzero(posed.by_mpmath & audited) * verdict.rounded.shape[-1]
        self.settled += int(by_mpmath) + verdict.settled
        self.undecided += verdict.undecided
        yardstick = Yardstick(verdict, posed.problem.format)
        for key in keys:
            tally = self.tallies[key]
            output = algorithms.run(key, posed.problem)
            _note_degenerate(tally, posed, output.values)
            judged = compare(
                key, posed.numbers[audited], problem, take_rows(output, audited), yardstick
            )
            tally.elements += output.values[audited].size
            for metric in (tally.ulp, tally.range, tally.rows, tally.worst):
                metric.add(judged)


class _Posed:
    """A function asked of a block in one storage format."""

    def __init__(
        self,
        function: Function,
        numbers: NDArray[np.int64],
        problem: Problem,
        enclosed: Enclosed,
    ) -> None:
        self.function = function
        self.numbers = numbers
        self.problem = problem
        self.enclosure = enclosed.enclosure
        self.by_mpmath = enclosed.by_mpmath
        self.kinds = classify(problem, function)
        self.audited = self.kinds == RowKind.AUDITED


def _same(a: Problem, b: Problem) -> bool:
    return a.temperature == b.temperature and np.array_equal(a.values, b.values, equal_nan=True)


def _note_degenerate(tally: _Tally, posed: _Posed, values: NDArray[np.float64]) -> None:
    for kind in RowKind:
        rows = posed.kinds == kind
        if kind is RowKind.AUDITED or not rows.any():
            continue
        returned = tuple(np.unique(values[np.argmax(rows)]).tolist())
        places, _ = tally.degenerate.setdefault(kind, (Places(), returned))
        places.add(rows[:, None], posed.numbers)


def _cell(work: _Work, key: CellKey, plan: Plan) -> Cell:
    tally = work.tallies[key]
    form = key.arithmetic.storage
    cast = work.casts[key.function, form.name]
    worst = tuple(
        _worst(work, key, cause, candidate.place, candidate.computed)
        for cause, candidate in tally.worst.ranked()[: max(plan.worst, 1)]
    )
    counts = {name: places.count for name, places in tally.range.places.items()}
    overflow = {"cast": cast.overflow.count, "cast_to_mask": cast.to_mask.count}
    overflow["exp"], overflow["sum"] = counts["overflow.exp"], counts["overflow.sum"]
    for name in ("zeroed", "result", "nan", "forced", "mismatch"):
        overflow[name] = counts[f"overflow.{name}"]
    underflow = {n: counts[f"underflow.{n}"] for n in ("forced", "premature", "subnormal")}
    happened = {
        **tally.range.places,
        "overflow.cast": cast.overflow,
        "overflow.cast_to_mask": cast.to_mask,
        "rows.lost_to_cast": cast.lost_rows,
        "rows.masked_by_cast": cast.kept_masks,
    }
    return Cell(
        key=key,
        elements=tally.elements,
        rows={k.name.lower(): int(cast.kinds[k]) for k in RowKind},
        overflow=overflow,
        underflow={**underflow, "lost_mass": tally.rows.lost_mass},
        out_of_range=None if key.function == "logsumexp" else counts["out_of_range"],
        ulp=_ulp_figures(tally.ulp, worst),
        histogram=tally.ulp.histogram,
        absolute_max=None if tally.ulp.absolute < 0 else tally.ulp.absolute,
        relative_max=None if tally.ulp.relative < 0 else tally.ulp.relative,
        correctly_rounded=tally.ulp.correct,
        cast_error={
            "max": None if cast.largest < 0 else cast.largest,
            "mean": cast.sum.mean(),
        },
        row_sum_defect=tally.rows.defect,
        worst=worst[: plan.worst],
        events=_events(happened, work.logits, key.function),
        causes=_events(_in_order(tally.worst.places), work.logits, key.function),
        breaks=_events(_in_order(tally.worst.broken), work.logits, key.function),
        degenerate=tuple(
            Degenerate(kind, places.rows, _row_index(work.logits, places), returned)
            for kind, (places, returned) in sorted(tally.degenerate.items())
        ),
        ulp_radius=max(tally.ulp.radius, 0.0),
    )


def _ulp_figures(errors: UlpErrors, worst: tuple[Worst, ...]) -> dict[str, float | int | None]:
    largest = None
    if errors.histogram:
        largest = max((w.ulp for w in worst), default=0.0)
    percentiles = {
        name: _capped(percentile(errors.histogram, part), largest)
        for name, part in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))
    }
    return {"max": largest, "mean": errors.sum.mean(), "mean_over": errors.sum.count, **percentiles}


def _capped(value: float | None, largest: float | None) -> float | None:
    # A bin's upper edge may lie above the largest error, which no percentile does.
    return value if value is None or largest is None else min(value, largest)


def _worst(work: _Work, key: CellKey, cause: str, place: tuple[int, int], computed: float) -> Worst:
    number, column = place
    x = work.logits.take(np.array([number]))
    problem = pose(x, key.arithmetic.storage, work.temperature)
    found = reference.figures(problem, key.function, (0, column), computed, key.arithmetic.storage)
    whole_row = key.function == "logsumexp"
    return Worst(
        index=_index(work.logits, place, key.function),
        logit=None if whole_row else float(x[0, column]),
        computed=computed,
        exact=found.exact,
        ulp=found.ulp,
        relative=found.relative,
        cause=cause,
    )


def _index(logits: Logits, place: tuple[int, int], function: Function) -> tuple[int, ...]:
    row = tuple(int(i) for i in np.unravel_index(place[0], logits.rows_shape or (1,)))
    row = row if logits.rows_shape else ()
    return row if function == "logsumexp" else (*row, place[1])


def _row_index(logits: Logits, places: Places) -> tuple[int, ...]:
    return _index(logits, places.first or (0, 0), "logsumexp")


def _in_order(places: dict[str, Places]) -> dict[str, Places]:
    """Order by the rules, so that nothing depends on which block came across a cause first."""
    return {cause: places[cause] for cause in CAUSES if cause in places}


def _events(places: dict[str, Places], logits: Logits, function: Function) -> dict[str, Event]:
    found = {}
    for name, p in places.items():
        if p.first is not None:
            level: Function = "softmax" if name in OVER_LOGITS else function
            whole_row = name in ("overflow.sum", "rows.lost_to_cast")
            first = _index(logits, p.first, "logsumexp" if whole_row else level)
            found[name] = Event(p.count, p.rows, first)
    return found
