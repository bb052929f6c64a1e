"""The heart: audit(logits, plan) -> Audit, block by block.

Blocks are rows that fit the cache.  Everything in a block is judged at once: the problem is posed
and enclosed once per storage format, and every algorithm that answers it is compared with that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit import algorithms, reference
from softaudit.arithmetic import Evaluation
from softaudit.elements import row_tables
from softaudit.errors import OptionError
from softaudit.formats import FORMATS
from softaudit.metrics import Cast, Yardstick, compare
from softaudit.model import Audit, CellKey, ReferenceUse, RowKind, SkippedCell, take_rows
from softaudit.problem import Census, pose, round_temperature
from softaudit.tally import Tally, make_cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from softaudit.model import Arithmetic, Function, Logits, Plan, Problem, Verdict
    from softaudit.reference import Enclosed

BLOCK = 1 << 17
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
    _let_memory_be_kept()
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


def _let_memory_be_kept() -> None:
    """Let a block's arrays come from memory that the last one's had.

    glibc gives freed memory back to the system, and takes it again page by page, unless it has seen
    an array larger than all of a block's come and go; this one is never written to.
    """
    np.empty(3 << 20)


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
        self.by_format: dict[str, list[CellKey]] = {}
        for key in keys:
            self.by_format.setdefault(key.arithmetic.storage.name, []).append(key)
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
        for form, keys in self.by_format.items():
            problem = pose(x, FORMATS[form], self.temperature)
            functions = tuple(dict.fromkeys(key.function for key in keys))
            enclosed = exact
            if not _same(problem, original):
                enclosed = reference.enclose(
                    problem.values, problem.temperature, functions, self.method
                )
            posed = _Posed(numbers, problem, enclosed, before)
            for function in functions:
                self._cast(posed, function)
                self._judge(posed, function, [key for key in keys if key.function == function])

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
        least, largest = x.min(axis=-1), x.max(axis=-1)
        if not (np.isfinite(least).all() and np.isfinite(largest).all()):
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

    def _cast(self, posed: _Posed, function: Function) -> None:
        form = posed.problem.format
        kinds = posed.kinds(function)
        cast = self.casts[function, form.name]
        cast.count(posed.problem, kinds, posed.numbers)
        audited = kinds == RowKind.AUDITED
        before = take_rows(posed.before[function], audited)
        enclosure = posed.enclosed[function].enclosure
        after = before.enclosure
        if not posed.unchanged(function):
            after = take_rows(enclosure, audited)
        cast.measure(after, before, form)

    def _judge(self, posed: _Posed, function: Function, keys: list[CellKey]) -> None:
        kinds = posed.kinds(function)
        audited = kinds == RowKind.AUDITED
        problem = take_rows(posed.problem, audited)
        enclosed = posed.enclosed[function]
        if posed.unchanged(function) and problem.format is FORMATS["float64"]:
            verdict = take_rows(posed.before[function], audited)
        else:
            enclosure = take_rows(enclosed.enclosure, audited)
            verdict = reference.judge(enclosure, problem, function)
            self.undecided += verdict.undecided
        by_mpmath = np.count_nonzero(enclosed.by_mpmath & audited) * verdict.rounded.shape[-1]
        self.settled += int(by_mpmath) + verdict.settled
        yardstick = Yardstick(verdict, posed.problem.format)
        for key in keys:
            tally = self.tallies[key]
            output = algorithms.run(key, posed.evaluation(key.arithmetic))
            if not audited.all():
                tally.note_degenerate(kinds, posed.numbers, output.values)
            judged = compare(
                key, posed.numbers[audited], problem, take_rows(output, audited), yardstick
            )
            tally.add(judged)


class _Posed:
    """A block of logits in one storage format, with the exact values of every function.

    `before` are the verdicts on the logits as read, for which the cast error is measured.
    """

    def __init__(
        self,
        numbers: NDArray[np.int64],
        problem: Problem,
        enclosed: dict[Function, Enclosed],
        before: dict[Function, Verdict],
    ) -> None:
        self.numbers = numbers
        self.problem = problem
        self.enclosed = enclosed
        self.before = before
        self._census = Census.of(problem)
        self._evaluations: dict[Arithmetic, Evaluation] = {}

    def kinds(self, function: Function) -> NDArray[np.int8]:
        """Tell which rows are audited."""
        return self._census.kinds(function)

    def unchanged(self, function: Function) -> bool:
        """Tell whether rounding changed none of the logits."""
        return self.enclosed[function].enclosure is self.before[function].enclosure

    def evaluation(self, arithmetic: Arithmetic) -> Evaluation:
        """Give what all algorithms in one arithmetic share."""
        if arithmetic not in self._evaluations:
            self._evaluations[arithmetic] = Evaluation(self.problem, arithmetic)
        return self._evaluations[arithmetic]


def _same(a: Problem, b: Problem) -> bool:
    return a.temperature == b.temperature and np.array_equal(a.values, b.values, equal_nan=True)
