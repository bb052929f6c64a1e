"""The heart: audit(logits, plan) -> Audit, block by block.

Blocks are rows that fit the cache.  Everything in a block is judged at once: the problem is posed
and enclosed once per storage format, and every algorithm that answers it is compared with that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit import algorithms, reference
from softaudit.elements import row_tables
from softaudit.errors import OptionError
from softaudit.formats import FORMATS
from softaudit.metrics import Cast, Yardstick, compare
from softaudit.model import Audit, CellKey, ReferenceUse, RowKind, SkippedCell, take_rows
from softaudit.problem import classify, pose, round_temperature
from softaudit.tally import Tally, make_cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from softaudit.model import Function, Logits, Plan, Problem, Verdict
    from softaudit.reference import Enclosed

BLOCK = 1 << 15
"""Elements of a block, about."""


def _never() -> bool:
    return False


def audit(
    logits: Logits, plan: Plan, *, block: int = BLOCK, stopped: Callable[[], bool] = _never
) -> Audit:
    """Compute every cell of a plan on logits, and compare every result with the exact value.

    Parameters
    ----------
    logits : Logits
    plan : Plan
    block : int
        Elements to take at once; no figure depends on it.
    stopped : callable
        Asked after every block; once it says so, what is done is returned, marked partial.

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
    done = 0
    while done < len(numbers) and not (done and stopped()):
        work.add(numbers[done : done + step])
        logits.release()
        done = min(done + step, len(numbers))
    cells = tuple(
        make_cell(logits, plan, key, work.tallies[key], work.cast_of(key)) for key in keys
    )
    radius = max((cell.ulp_radius for cell in cells), default=0.0)
    return Audit(
        logits.source,
        plan.temperature,
        len(numbers) if plan.sample is not None and len(numbers) < logits.rows else None,
        ReferenceUse(plan.reference, work.settled, work.undecided, radius),
        cells,
        skipped,
        work.range,
        work.widest,
        plan.row,
        partial=done if done < len(numbers) else None,
        tables=tuple(t for n in numbers[:done] for t in row_tables(logits, int(n), keys, plan))
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


class _Work:
    """All tallies of one source, and what they share."""

    def __init__(self, logits: Logits, plan: Plan, keys: tuple[CellKey, ...]) -> None:
        self.logits = logits
        self.temperature = plan.temperature
        self.method = plan.reference
        self.tallies = {key: Tally() for key in keys}
        self.casts = {(key.function, key.arithmetic.storage.name): Cast() for key in keys}
        self.functions = tuple(dict.fromkeys(key.function for key in keys))
        self.settled = self.undecided = 0
        self.range: tuple[float, float] | None = None
        self.widest: float | None = None

    def cast_of(self, key: CellKey) -> Cast:
        """Give what rounding the logits alone did, for a cell."""
        return self.casts[key.function, key.arithmetic.storage.name]

    def add(self, numbers: NDArray[np.int64]) -> None:
        """Audit some rows."""
        x = self.logits.take(numbers)
        self._describe(x)
        original = pose(x, FORMATS["float64"], self.temperature)
        exact = reference.enclose(x, self.temperature, self.functions, self.method)
        before = {f: reference.judge(exact[f].enclosure, original, f) for f in self.functions}
        self.undecided += sum(verdict.undecided for verdict in before.values())
        by_format: dict[str, list[CellKey]] = {}
        for key in self.tallies:
            by_format.setdefault(key.arithmetic.storage.name, []).append(key)
        for form, keys in by_format.items():
            problem = pose(x, FORMATS[form], self.temperature)
            functions = tuple(dict.fromkeys(key.function for key in keys))
            enclosed = exact
            if not _same(problem, original):
                enclosed = reference.enclose(
                    problem.values, problem.temperature, functions, self.method
                )
            for function in functions:
                posed = _Posed(function, numbers, problem, enclosed[function], before[function])
                self._cast(posed)
                self._judge(posed, [key for key in keys if key.function == function])

    def merge(self, other: _Work) -> None:
        """Take in what was done of other rows."""
        for key, tally in other.tallies.items():
            self.tallies[key].merge(tally)
        for name, cast in other.casts.items():
            self.casts[name].merge(cast)
        self.settled += other.settled
        self.undecided += other.undecided
        if other.range is not None and other.widest is not None:
            self._widen(other.range, other.widest)

    def _describe(self, x: NDArray[np.float64]) -> None:
        finite = np.isfinite(x)
        if not finite.any():
            return
        least = np.where(finite, x, np.inf).min(axis=-1)
        largest = np.where(finite, x, -np.inf).max(axis=-1)
        with np.errstate(over="ignore"):
            widest = float((largest - least).max())
        self._widen((float(least.min()), float(largest.max())), widest)

    def _widen(self, ends: tuple[float, float], widest: float) -> None:
        if self.range is not None and self.widest is not None:
            ends = min(ends[0], self.range[0]), max(ends[1], self.range[1])
            widest = max(widest, self.widest)
        self.range, self.widest = ends, widest

    def _cast(self, posed: _Posed) -> None:
        form = posed.problem.format
        cast = self.casts[posed.function, form.name]
        cast.count(posed.problem, posed.kinds, posed.numbers)
        before = take_rows(posed.before, posed.audited)
        after = before.enclosure if posed.unchanged else take_rows(posed.enclosure, posed.audited)
        cast.measure(after, before, form)

    def _judge(self, posed: _Posed, keys: list[CellKey]) -> None:
        audited = posed.audited
        problem = take_rows(posed.problem, audited)
        if posed.unchanged and problem.format is FORMATS["float64"]:
            verdict = take_rows(posed.before, audited)
        else:
            enclosure = take_rows(posed.enclosure, audited)
            verdict = reference.judge(enclosure, problem, posed.function)
            self.undecided += verdict.undecided
        by_mpmath = np.count_nonzero(posed.by_mpmath & audited) * verdict.rounded.shape[-1]
        self.settled += int(by_mpmath) + verdict.settled
        yardstick = Yardstick(verdict, posed.problem.format)
        for key in keys:
            tally = self.tallies[key]
            output = algorithms.run(key, posed.problem)
            tally.note_degenerate(posed.kinds, posed.numbers, output.values)
            judged = compare(
                key, posed.numbers[audited], problem, take_rows(output, audited), yardstick
            )
            tally.add(judged)


class _Posed:
    """A function asked of a block in one storage format.

    `before` is the verdict on the logits as read, for which the cast error is measured; `unchanged`
    says that rounding changed none of them.
    """

    def __init__(
        self,
        function: Function,
        numbers: NDArray[np.int64],
        problem: Problem,
        enclosed: Enclosed,
        before: Verdict,
    ) -> None:
        self.function = function
        self.numbers = numbers
        self.problem = problem
        self.enclosure = enclosed.enclosure
        self.by_mpmath = enclosed.by_mpmath
        self.before = before
        self.unchanged = enclosed.enclosure is before.enclosure
        self.kinds = classify(problem, function)
        self.audited = self.kinds == RowKind.AUDITED


def _same(a: Problem, b: Problem) -> bool:
    return a.temperature == b.temperature and np.array_equal(a.values, b.values, equal_nan=True)
