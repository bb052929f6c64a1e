"""What many inputs say of each cell: the first thing to look at in a report of hundreds of files.

Counts are added, maxima taken and histograms put together, so that percentiles are those of all
elements.  Nothing depends on the order of the inputs but what is called the first.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from softaudit.against import against
from softaudit.cell_making import percentiles
from softaudit.model import Cell, Event, RowQuality
from softaudit.state import state_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from softaudit.model import Audit, CellKey, Worst
    from softaudit.state import State


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs in which something is so, by their names."""

    names: tuple[str, ...]

    @property
    def count(self) -> int:
        """In how many inputs it is so."""
        return len(self.names)

    @property
    def first(self) -> str:
        """The first of them."""
        return self.names[0]


@dataclass(frozen=True, slots=True, eq=False)
class WorstAt:
    """The worst element of one cause over all inputs.

    Attributes
    ----------
    audit : Audit
        Of the input that has it, without its cells.
    worst : Worst
    """

    audit: Audit
    worst: Worst


@dataclass(frozen=True, slots=True, eq=False)
class CellSummary:
    """One cell over all inputs.

    Attributes
    ----------
    cell : Cell
        Over all elements of all inputs.  What belongs to one input is not in it: worst elements,
        degenerate rows, bound and condition, the maps; means of what no count of finite ones is
        known for are None, and places are those in the first input.
    inputs : int
        Inputs in which it was audited.
    files : int
        Files that these inputs are in.
    logits : int
        Logits of the rows that were audited.
    states : mapping of str to Inputs
        "breaks", "loses", "holds", "skipped": in which inputs; what there is none of is absent.
    worst : tuple of WorstAt
        One for each cause, the worst first.
    """

    cell: Cell
    inputs: int
    files: int
    logits: int
    states: Mapping[State, Inputs]
    worst: tuple[WorstAt, ...]

    @property
    def audited(self) -> list[str]:
        """The names of the inputs in which it was audited, sorted."""
        return sorted(name for inputs in self.states.values() for name in inputs.names)


def summarize(audits: Iterable[Audit]) -> tuple[CellSummary, ...]:
    """Put the cells of many audits together, by their keys, in the order in which they come."""
    found: dict[CellKey, _Making] = {}
    trusted: set[str | None] = set()
    for audit in audits:
        trusted.add(audit.trusted)
        for cell in audit.cells:
            found.setdefault(cell.key, _Making(cell.key)).add(cell, audit)
    summaries = tuple(making.summary() for making in found.values())
    if len(trusted) != 1 or None in trusted:
        return summaries
    return tuple(_beside(summaries, trusted.pop()))


def _beside(summaries: Sequence[CellSummary], trusted: str | None) -> Iterator[CellSummary]:
    """Set cells against those of a trusted algorithm, where both are of the same inputs."""
    inputs = {summary.cell.key.name: summary.audited for summary in summaries}
    divided = against([summary.cell for summary in summaries], trusted)
    for summary, cell in zip(summaries, divided, strict=True):
        is_fair = cell.against is not None and inputs[cell.against] == summary.audited
        yield replace(summary, cell=cell) if is_fair else summary


@dataclass(slots=True)
class _Making:
    """A summary in the making."""

    key: CellKey
    inputs: int = 0
    logits: int = 0
    files: set[str] = field(default_factory=set)
    elements: int = 0
    correct: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    overflow: Counter[str] = field(default_factory=Counter)
    underflow: Counter[str] = field(default_factory=Counter)
    histogram: Counter[int] = field(default_factory=Counter)
    gaps: Counter[tuple[int, int]] | None = None
    sum: Fraction = field(default_factory=Fraction)
    sum_over: int = 0
    largest: dict[str, float] = field(default_factory=dict)
    events: dict[str, dict[str, Event]] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)
    states: dict[State, list[str]] = field(default_factory=dict)
    worst: dict[str, WorstAt] = field(default_factory=dict)

    def add(self, cell: Cell, audit: Audit) -> None:
        """Take in an input."""
        self.inputs += 1
        self.logits += sum(cell.rows.values()) * audit.source.columns
        self.files.add(audit.source.name)
        self.elements += cell.elements
        self.correct += cell.correctly_rounded
        self.rows.update(cell.rows)
        self.overflow.update(cell.overflow)
        lost = cell.underflow["lost_mass"]
        self.underflow.update({n: v for n, v in cell.underflow.items() if n != "lost_mass"})
        self._enlarge({"lost_mass": lost, "row_sum": cell.row_sum_defect})
        self.histogram.update(cell.histogram)
        if cell.gaps is not None:
            self.gaps = self.gaps or Counter()
            self.gaps.update(cell.gaps)
        self._add_errors(cell)
        self._add_quality(cell.quality)
        for group in ("events", "causes", "breaks"):
            self._add_events(group, getattr(cell, group))
        self._place(cell, audit)

    def _add_errors(self, cell: Cell) -> None:
        mean, over = cell.ulp["mean"], int(cell.ulp["mean_over"] or 0)
        if mean is not None:
            self.sum += Fraction(mean) * over
            self.sum_over += over
        if cell.out_of_range is not None:
            self.counted["out_of_range"] += cell.out_of_range
        figures = {"ulp": cell.ulp["max"], "radius": cell.ulp_radius}
        self._enlarge(figures | {"absolute": cell.absolute_max, "relative": cell.relative_max})
        self._enlarge({name: errors["max"] for name, errors in cell.origin.items()})

    def _add_quality(self, quality: RowQuality | None) -> None:
        if quality is None:
            return
        kept = {"argmax_kept": quality.argmax_kept, "top_k_kept": quality.top_k_kept}
        self.counted.update(kept | {"top_k": 0, "kl": int(quality.kl["mean_over"] or 0)})
        self.counted["top_k"] = quality.top_k
        if quality.choice_refused is not None:
            self.counted["choice_refused"] += quality.choice_refused
        variation, change = quality.total_variation["max"], quality.log_probability
        self._enlarge({"kl": quality.kl["max"], "variation": variation, "log_p": change})

    def _add_events(self, group: str, events: Mapping[str, Event]) -> None:
        mine = self.events.setdefault(group, {})
        for name, event in events.items():
            known = mine.get(name, Event(0, 0, event.first))
            mine[name] = Event(known.count + event.count, known.rows + event.rows, known.first)

    def _enlarge(self, figures: Mapping[str, float | None]) -> None:
        for name, value in figures.items():
            if value is not None:
                self.largest[name] = max(value, self.largest.get(name, value))

    def _place(self, cell: Cell, audit: Audit) -> None:
        self.states.setdefault(state_of(cell), []).append(audit.source.input)
        for worst in cell.worst[: audit.shown_worst]:
            if worst.cause not in self.worst or worst.ulp > self.worst[worst.cause].worst.ulp:
                self.worst[worst.cause] = WorstAt(replace(audit, cells=(), tables=()), worst)

    def summary(self) -> CellSummary:
        """Make the summary."""
        ranked = sorted(self.worst.values(), key=lambda found: -found.worst.ulp)
        states = {state: Inputs(tuple(names)) for state, names in self.states.items()}
        inputs, files = self.inputs, len(self.files)
        return CellSummary(self._cell(), inputs, files, self.logits, states, tuple(ranked))

    def _cell(self) -> Cell:
        maximum = self.largest.get
        is_row = self.key.function == "logsumexp"
        return Cell(
            key=self.key,
            elements=self.elements,
            rows=dict(self.rows),
            overflow=dict(self.overflow),
            underflow={**self.underflow, "lost_mass": maximum("lost_mass")},
            out_of_range=None if is_row else self.counted["out_of_range"],
            ulp={
                "max": maximum("ulp"),
                "mean": float(self.sum / self.sum_over) if self.sum_over else None,
                "mean_over": self.sum_over,
                **percentiles(self.histogram, maximum("ulp")),
            },
            histogram=dict(sorted(self.histogram.items())),
            absolute_max=maximum("absolute"),
            relative_max=maximum("relative"),
            correctly_rounded=self.correct,
            cast_error=_without_mean(maximum("cast")),
            origin={name: _without_mean(maximum(name)) for name in ("cast", "floor", "excess")},
            quality=None if is_row else self._quality(),
            row_sum_defect=maximum("row_sum"),
            worst=(),
            events=self.events.get("events", {}),
            causes=self.events.get("causes", {}),
            breaks=self.events.get("breaks", {}),
            degenerate=(),
            ulp_radius=self.largest["radius"],
            gaps=None if self.gaps is None else dict(sorted(self.gaps.items())),
        )

    def _quality(self) -> RowQuality:
        maximum, counted = self.largest.get, self.counted
        return RowQuality(
            argmax_kept=counted["argmax_kept"],
            top_k=counted["top_k"],
            top_k_kept=counted["top_k_kept"],
            kl=_without_mean(maximum("kl")) | {"mean_over": counted["kl"]},
            total_variation=_without_mean(maximum("variation")),
            log_probability=maximum("log_p"),
            choice_refused=counted["choice_refused"] if self.key.function == "softmax" else None,
        )


def _without_mean(largest: float | None) -> dict[str, Any]:
    return {"max": largest, "mean": None}
