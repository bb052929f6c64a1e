"""What one process has done of an audit: tallies that grow block by block, and merge."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from softaudit.answers import Answers
from softaudit.block import Block
from softaudit.formats import FORMATS
from softaudit.grouping import grouped
from softaudit.implementations import Interrupted, Unanswered
from softaudit.long_view import WINDOW, LongView
from softaudit.metrics import (
    ByAxis,
    LargestErrors,
    Shared,
    WorstElements,
    Yardstick,
    compare,
    mapped_axes,
)
from softaudit.model import TIERS, WHOLE, Posing, RowKind, Window, take_rows
from softaudit.problem import finite_range, pose
from softaudit.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from softaudit.metrics import Cast
    from softaudit.model import CellKey, Decision, Function, Logits, Plan

AS_READ = Posing.of(FORMATS["float64"])
"""All logits as they are, judged in the widest format."""

_GATHERING = 0.4
"""Part of the time of a long row, about, that goes by before its windows are judged."""


def let_memory_be_kept() -> None:
    """Let a block's arrays come from memory that the last one's had.

    glibc gives freed memory back to the system, and takes it again page by page, unless it has seen
    an array larger than all of a block's come and go; this one is never written to.
    """
    np.empty(3 << 20)


class Abandoned(Exception):  # noqa: N818 -- somebody's wish, not a failure
    """A long row was given up half way; what was done before it stands."""


def _go_on(_: float) -> bool:
    return False


class Work:
    """All tallies of one source, and what they share."""

    def __init__(
        self,
        logits: Logits,
        plan: Plan,
        keys: tuple[CellKey, ...],
        answers: Answers | None = None,
    ) -> None:
        self.logits = logits
        self.plan = plan
        self.answers = answers or Answers()
        self.temperature = plan.temperature
        self.method = plan.reference
        self.tallies = {key: self._new_tally(key) for key in keys}
        self.unanswered: dict[CellKey, tuple[int, str]] = {}
        self.interrupted = False
        self.shared = {
            (key.function, key.arithmetic.posed): Shared(key.function, key.arithmetic.posed.logits)
            for key in keys
        }
        self.functions = tuple(dict.fromkeys(key.function for key in keys))
        self.by_posing = grouped((key.arithmetic.posed, key) for key in keys)
        self.tiers: Counter[str] = Counter(dict.fromkeys(TIERS, 0))
        self.range: tuple[float, float] | None = None
        self.widest: float | None = None

    def _new_tally(self, key: CellKey) -> Tally:
        shape = self.logits.rows_shape
        axes = mapped_axes(shape) if self.plan.row is None else None
        worst = WorstElements()
        if not self.answers.keep_steps(key):
            worst = LargestErrors(self.plan.worst, self.plan.limit)
        return Tally(worst=worst, by_axis=ByAxis(shape, axes) if axes else None)

    def __getstate__(self) -> dict[str, object]:
        """Leave arrays behind: only what was counted travels between processes."""
        left = ("logits", "answers")
        return {name: value for name, value in self.__dict__.items() if name not in left}

    def shared_of(self, key: CellKey) -> Shared:
        """Give what a cell has in common with others."""
        return self.shared[key.function, key.arithmetic.posed]

    def add(self, numbers: NDArray[np.int64], within: Callable[[float], bool] = _go_on) -> None:
        """Audit some rows.

        Parameters
        ----------
        numbers : ndarray of int64
        within : callable
            Told what part of a long row is done, and answers whether to abandon it.

        Raises
        ------
        Abandoned
            If it said so; nothing of that row was counted.
        """
        if self.logits.columns <= WINDOW:
            x = self.logits.take(numbers)
            self._widen(*finite_range(x))
            self._judge_all(numbers, x, WHOLE, {})
            self.logits.release()
        else:
            for number in numbers:
                keys = tuple(self.tallies)
                row = Work(self.logits, self.plan, keys, self.answers)
                row._add_long(int(number), within)
                self.merge(row)

    def _add_long(self, number: int, within: Callable[[float], bool]) -> None:
        """Audit one long row: what its windows add up to first, then the windows."""
        asked: dict[Posing, list[CellKey]] = {AS_READ: []}
        for posing, keys in self.by_posing.items():
            asked[posing] = [key for key in keys if self.answers.keep_steps(key)]
        views = {
            posing: LongView(self.logits, number, posing, self.temperature, self.method, keys)
            for posing, keys in asked.items()
        }
        original = views[AS_READ]
        for i, view in enumerate(views.values()):
            view.gather(original)
            if within(_GATHERING * (i + 1) / len(views)):
                raise Abandoned
        self._widen(*original.range)
        for window, x in original.windows():
            self._judge_all(np.array([number]), x, window, views)
            self.logits.release()
            part = (window.start + x.shape[-1]) / self.logits.columns
            if not window.is_last and within(_GATHERING + (1 - _GATHERING) * part):
                raise Abandoned

    def _judge_all(
        self,
        numbers: NDArray[np.int64],
        x: NDArray[np.float64],
        window: Window,
        views: dict[Posing, LongView],
    ) -> None:
        as_read = pose(x, AS_READ, self.temperature)
        original = Block(numbers, as_read, window, views.get(AS_READ))
        original.enclose(self.functions, self.method)
        before = {function: original.judge(function) for function in self.functions}
        for posing, keys in self.by_posing.items():
            posed = pose(x, posing, self.temperature)
            block = Block(numbers, posed, window, views.get(posing))
            functions = tuple(dict.fromkeys(key.function for key in keys))
            if not block.take_over(original):
                block.enclose(functions, self.method)
            for function in functions:
                asking = [key for key in keys if key.function == function]
                shared = self.shared[function, posing]
                self._cast(block, shared.cast, function, before[function])
                self._judge(block, function, asking, before[function])
        if AS_READ not in self.by_posing:
            self.tiers["undecided"] += sum(v.tiers["undecided"] for v in before.values())

    def _cast(self, block: Block, cast: Cast, function: Function, before: Decision) -> None:
        kinds = block.kinds(function)
        cast.count(block.problem, kinds, block.numbers, block.window)
        if block.has_values(function):
            audited = kinds == RowKind.AUDITED
            original = take_rows(before, audited)
            after = original.enclosure
            if not block.reuses(before, function):
                after = take_rows(block.enclosed[function].enclosure, audited)
            cast.measure(after, original, block.problem.format)

    def _judge(
        self, block: Block, function: Function, keys: list[CellKey], before: Decision
    ) -> None:
        kinds = block.kinds(function)
        audited = kinds == RowKind.AUDITED
        reused = block.problem.format == AS_READ.results and block.reuses(before, function)
        decision = take_rows(before, audited) if reused else block.judge(function, audited)
        if block.has_values(function):
            self.tiers.update(decision.tiers)
            if reused:  # and rows without values are among mpmath's
                left_out = int(np.count_nonzero(~audited))
                self.tiers["mpmath"] -= left_out * decision.rounded.shape[-1]
        problem = take_rows(block.problem, audited)
        numbers, shared = block.numbers[audited], self.shared_of(keys[0])
        extent = shared.look(problem, decision.enclosure, numbers, block.window)
        yardstick = Yardstick(decision, block.problem.format, extent, block.gaps(function))
        if block.has_values(function):
            shared.floor.add(yardstick)
        for key in keys:
            tally = self.tallies[key]
            try:
                output = self.answers.answer(key, block)
            except Unanswered as failure:
                self._give_up(key, (int(block.numbers[0]), failure.reason))
                self.interrupted |= isinstance(failure, Interrupted)
                continue
            if not audited.all():
                tally.note_degenerate(kinds, block.numbers, output.values, block.window)
            tally.add(
                compare(
                    key,
                    numbers,
                    problem,
                    take_rows(output, audited),
                    yardstick,
                    block.window,
                    None if block.view is None else block.view.facts_of(key, audited),
                    block.probabilities(function),
                )
            )

    def _give_up(self, key: CellKey, failure: tuple[int, str]) -> None:
        """Note that a cell has no figures, for the reason that came first in the logits."""
        self.unanswered[key] = min(failure, self.unanswered.get(key, failure))

    def _widen(self, ends: tuple[float, float] | None, widest: float | None) -> None:
        if ends is None or widest is None:
            return
        if self.range is not None and self.widest is not None:
            ends = min(ends[0], self.range[0]), max(ends[1], self.range[1])
            widest = max(widest, self.widest)
        self.range, self.widest = ends, widest

    def merge(self, other: Work) -> None:
        """Take in what was done of other rows."""
        for key, tally in other.tallies.items():
            self.tallies[key].merge(tally)
        for name, shared in other.shared.items():
            self.shared[name].merge(shared)
        for key, failure in other.unanswered.items():
            self._give_up(key, failure)
        self.interrupted |= other.interrupted
        self.tiers.update(other.tiers)
        self._widen(other.range, other.widest)
