"""The columns of the table of cells: what each shows, and which ones a width has room for."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING

from softaudit.algorithms import ALGORITHM_NAMES
from softaudit.errors import OptionError
from softaudit.metrics import INFINITE_BIN, edge
from softaudit.wording import percent, significant, ulps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from softaudit.model import Bound, Cell, Condition, RowQuality

GAP = 1


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    head : tuple of two str
        Header lines; the upper one may name a group of columns, and is shown on its first.  "{}"
        in it stands for what the cells stand against: see `head`.
    show : callable
        Text of a cell, "·" for zero, "–" for not applicable.
    wanted_from : int
        Width of the screen from which it is shown without being asked for; 0 only when asked.
    breaks : bool
        Whether anything but zero in it means that something broke.
    beside : bool
        Whether it is of cells that stand against others, and not shown where none does.
    """

    head: tuple[str, str]
    show: Callable[[Cell], str]
    wanted_from: int
    breaks: bool = False
    beside: bool = False


def _count(value: float | None) -> str:
    return "–" if value is None else str(value) if value else "·"


def _ratio(name: str) -> Callable[[Cell], str]:
    return lambda cell: _small(None if cell.ratio is None else cell.ratio[name])


def _happened(cell: Cell, name: str) -> str:
    return _count(cell.events[name].count if name in cell.events else 0)


def _of_steps(name: str) -> Callable[[Cell], str]:
    """Show a count of what happened on the way, which nobody saw of somebody else's results."""
    count = _of("overflow", name)
    return lambda cell: count(cell) if cell.key.algorithm in ALGORITHM_NAMES else "–"


def _of(group: str, name: str) -> Callable[[Cell], str]:
    return lambda cell: _count(getattr(cell, group)[name])


def _ulp(name: str) -> Callable[[Cell], str]:
    return lambda cell: ulps(cell.ulp[name])


def _small(value: float | None) -> str:
    return "·" if value == 0 else significant(value)


def _part(of: Bound | Condition | None, name: str) -> str:
    return _small(None if of is None else getattr(of, name))


def _origin(name: str) -> Callable[[Cell], str]:
    return lambda cell: ulps(cell.origin[name]["max"])


def _rows(read: Callable[[RowQuality], float | None]) -> Callable[[Cell], str]:
    return lambda cell: "–" if cell.quality is None else _small(read(cell.quality))


def _kept(read: Callable[[RowQuality], int]) -> Callable[[Cell], str]:
    """Show in how many of the rows something was kept."""

    def show(cell: Cell) -> str:
        return "–" if cell.quality is None else percent(read(cell.quality), cell.rows["audited"])

    return show


def _refused(cell: Cell) -> str:
    return _count(None if cell.quality is None else cell.quality.choice_refused)


SPREAD_LEAST, SPREAD_STEP, SPREAD_BARS = -5, 2, 10
_BARS = "▁▂▃▄▅▆▇█"


def spread(histogram: Mapping[int, int]) -> str:
    """Draw the distribution of log2 ULP: bars of two octaves from 2^−5 to 2^13, then ∞.

    The first bar takes in everything below, the last but one everything finite above; the third
    ends at ½ ulp.  Heights are logarithmic in the count.
    """
    bars = [0] * (SPREAD_BARS + 2)
    for index, count in histogram.items():
        if index == INFINITE_BIN:
            bars[-1] += count
        else:
            octave = log2(edge(index)) if index else -1e9
            at = -((SPREAD_LEAST - octave) // SPREAD_STEP)
            bars[int(min(max(at, 0), SPREAD_BARS))] += count
    most = max(bars, default=0)
    if most == 0:
        return ""
    return "".join(_BARS[int(7 * log2(n + 1) / log2(most + 1))] if n else " " for n in bars)


COLUMNS: dict[str, Column] = {
    "not-finite": Column(("not", "finite"), lambda c: _happened(c, "not_finite"), 1, breaks=True),
    "exp": Column(("exp", "inf"), _of_steps("exp"), 140, breaks=True),
    "sum": Column(("sum", "inf"), _of_steps("sum"), 140, breaks=True),
    "premature": Column(("underflow", "premature"), _of("underflow", "premature"), 1, breaks=True),
    "forced": Column(("underflow", "forced"), _of("underflow", "forced"), 1),
    "subnormal": Column(("underflow", "subnormal"), _of("underflow", "subnormal"), 140),
    "lost-mass": Column(("lost", "mass"), lambda c: _small(c.underflow["lost_mass"]), 140),
    "spread": Column(("log2 ULP", "  ½        ∞"), lambda c: spread(c.histogram), 140),
    "mean": Column(("ULP", "mean"), _ulp("mean"), 140),
    "p50": Column(("ULP", "p50"), _ulp("p50"), 1),
    "p99": Column(("ULP", "p99"), _ulp("p99"), 1),
    "p99.9": Column(("ULP", "p99.9"), _ulp("p999"), 140),
    "max": Column(("ULP", "max"), _ulp("max"), 1),
    "ratio-p99": Column(("{}", "p99"), _ratio("ulp.p99"), 1, beside=True),
    "ratio-max": Column(("{}", "max"), _ratio("ulp.max"), 1, beside=True),
    "relative": Column(("relative", "error"), lambda c: significant(c.relative_max), 0),
    "correct": Column(
        ("correct", "rounded"), lambda c: percent(c.correctly_rounded, c.elements), 1
    ),
    "row-sum": Column(("row", "sum"), lambda c: _small(c.row_sum_defect), 100),
    "cast": Column(("cast", "error"), lambda c: ulps(c.cast_error["max"]), 160),
    "floor": Column(("format", "floor"), _origin("floor"), 0),
    "excess": Column(("excess", "ULP"), _origin("excess"), 160),
    "argmax": Column(("argmax", "kept"), _kept(lambda q: q.argmax_kept), 200),
    "top-k": Column(("top 5", "kept"), _kept(lambda q: q.top_k_kept), 0),
    "kl": Column(("KL", "nats"), _rows(lambda q: q.kl["max"]), 170),
    "variation": Column(("total", "variation"), _rows(lambda q: q.total_variation["max"]), 0),
    "log-p": Column(("Δ log p", "max"), _rows(lambda q: q.log_probability), 0),
    "choice": Column(("choice", "refuses"), _refused, 200),
    "bound": Column(("error/", "bound"), lambda c: _part(c.bound, "ratio"), 180),
    "condition": Column(("condition", "number"), lambda c: _part(c.condition, "max"), 190),
}
"""In display order; the names are what `--columns` takes."""

_DROPPED_FIRST = (
    "choice", "argmax", "condition", "bound", "kl", "excess", "cast",
    "spread", "lost-mass", "mean", "p99.9", "subnormal", "sum", "exp", "row-sum", "ratio-p99",
    "p50", "correct", "forced", "p99", "ratio-max", "premature",
)  # fmt: skip


def choose(
    cells: Sequence[Cell], asked: Sequence[str], screen_width: int, labels: int
) -> list[str]:
    """Choose columns: those asked for, or those that the width has room for.

    Columns are dropped whole, the least telling first, and numbers are never cropped.

    Raises
    ------
    OptionError
        For a name that is no column.
    """
    for name in asked:
        if name not in COLUMNS:
            raise OptionError(f"unknown column {name!r}: choose from {', '.join(COLUMNS)}")
    if asked:
        return list(asked)
    fits = [n for n, c in COLUMNS.items() if 0 < c.wanted_from <= max(screen_width, 1)]
    names = [n for n in fits if not COLUMNS[n].beside or any_beside(cells)]
    for name in _DROPPED_FIRST:
        if labels + sum(w + GAP for w in widths(names, cells)) <= screen_width:
            break
        names = [n for n in names if n != name]
    return names


def any_beside(cells: Iterable[Cell]) -> bool:
    """Tell whether any cell stands against another."""
    return any(cell.ratio is not None for cell in cells)


def head(name: str, cells: Sequence[Cell]) -> tuple[str, str]:
    """Give a column's header lines, with the name of what cells stand against if that is short."""
    upper, lower = COLUMNS[name].head
    trusted = {cell.against.rpartition("/")[2] for cell in cells if cell.against is not None}
    named = f"× {min(trusted)}" if len(trusted) == 1 else "ratio"
    return upper.format(named if len(named) <= LONGEST_HEAD else "ratio"), lower


LONGEST_HEAD = 12


def heads(names: Sequence[str], cells: Sequence[Cell]) -> list[str]:
    """Give header texts; a group's name stands on the first of its columns alone."""
    found, group = [], ""
    for name in names:
        upper, lower = head(name, cells)
        found.append(f"{'' if upper == group else upper}\n{lower}")
        group = upper
    return found


def widths(names: Sequence[str], cells: Sequence[Cell]) -> list[int]:
    """Give the room that each of some columns takes side by side."""
    return [
        max(map(len, (*lines.split("\n"), *(COLUMNS[name].show(cell) for cell in cells))))
        for name, lines in zip(names, heads(names, cells), strict=True)
    ]


def alarming(name: str, text: str) -> bool:
    """Whether a text in a column says that something broke."""
    return text == "∞" or (COLUMNS[name].breaks and text not in ("·", "–"))


FIGURES: dict[str, str] = {
    "not-finite": "events.not_finite",
    "exp": "overflow.exp",
    "sum": "overflow.sum",
    "premature": "underflow.premature",
    "forced": "underflow.forced",
    "subnormal": "underflow.subnormal",
    "lost-mass": "underflow.lost_mass",
    "spread": "histogram",
    "mean": "ulp.mean",
    "p50": "ulp.p50",
    "p99": "ulp.p99",
    "p99.9": "ulp.p999",
    "max": "ulp.max",
    "ratio-p99": "ratio.ulp.p99",
    "ratio-max": "ratio.ulp.max",
    "relative": "relative.max",
    "correct": "correctly_rounded",
    "row-sum": "row_sum.max_defect",
    "cast": "cast_error.max",
    "floor": "origin.floor.max",
    "excess": "origin.excess.max",
    "argmax": "quality.argmax_kept",
    "top-k": "quality.top_k_kept",
    "kl": "quality.kl.max",
    "variation": "quality.total_variation.max",
    "log-p": "quality.log_probability.max",
    "choice": "quality.choice_refused",
    "bound": "bound.ratio",
    "condition": "condition.max",
}
"""What columns show, by its dotted name in the JSON contract, where that is not their own name."""

__all__ = [
    "COLUMNS",
    "FIGURES",
    "GAP",
    "alarming",
    "any_beside",
    "choose",
    "head",
    "heads",
    "spread",
    "widths",
]
