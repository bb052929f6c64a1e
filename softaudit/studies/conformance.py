"""Conformance: what implementations make of the rows that they disagree on.

Every edge row is put to every respondent as every function in every format, one by one, so that
what ends a process takes one answer with it and no other.  Where the row has an exact answer, it is
the judge that says so, and 4 ULP are allowed: a few roundings, and none that matters.  Where it has
none, what most return is the convention; who returns what another reading gives is told of, and
not wrong, and what no reading gives is off.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, cast

import numpy as np

from softaudit import reference
from softaudit.algorithms import ALGORITHMS
from softaudit.formats import FORMATS
from softaudit.implementations import Interrupted, Unanswered
from softaudit.metrics import WORTH_TELLING, Yardstick
from softaudit.model import RowKind
from softaudit.problem import classify, pose
from softaudit.studies.conforming import (
    Conformance,
    Element,
    Expected,
    Question,
    Reply,
    Runs,
)
from softaudit.studies.conventions import is_other_convention
from softaudit.studies.edge_rows import EDGE_ROWS
from softaudit.studies.respondents import Unasked, lack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.model import Decision, Function, Problem
    from softaudit.studies.conforming import Verdict
    from softaudit.studies.edge_rows import EdgeRow
    from softaudit.studies.respondents import Respondent


def conformance(
    asked: Sequence[Respondent],
    functions: Sequence[Function],
    formats: Sequence[str],
    edge_rows: Sequence[str] = (),
    heard: Callable[[str, int, int], bool] = lambda *_: False,
) -> Conformance:
    """Put edge rows to respondents, and judge what they return.

    Parameters
    ----------
    asked : sequence of Respondent
        One after the other is asked everything; see `softaudit.studies.respondents.respondents`.
    functions : sequence of str
        If empty, those that are usual for each.
    formats : sequence of str
    edge_rows : sequence of str
        Keys of `EDGE_ROWS`; all by default.
    heard : callable
        Told before every question who is asked, how many questions are done, and of how many.  Once
        it answers True, nothing more is asked, and what is found is marked partial.

    Raises
    ------
    PlatformError
        If the processor's state breaks IEEE arithmetic.
    """
    reference.check_processor()
    rows = tuple(EDGE_ROWS[name] for name in edge_rows or EDGE_ROWS)
    usual = [name for name in ALGORITHMS if any(name in who.usual for who in asked)]
    every = tuple(functions) or cast("tuple[Function, ...]", tuple(usual))
    forms = [FORMATS[name] for name in formats]
    posed = [_Posed(*parts) for parts in product(every, rows, forms)]
    walk = _Walk(posed, heard)
    replies = [walk.replies(who, tuple(functions) or who.usual) for who in asked]
    questions = (q.question([of[i] for of in replies]) for i, q in enumerate(posed))
    used = tuple(who.used for who in asked)
    partial = walk.done if walk.stopped else None
    return Conformance(used, every, tuple(formats), rows, tuple(questions), partial)


INTERRUPTED = "somebody had enough of the run before"


class _Walk:
    """The way from one who is asked to the next, question by question."""

    def __init__(self, posed: Sequence[_Posed], heard: Callable[[str, int, int], bool]) -> None:
        self._posed, self._heard = posed, heard
        self.done, self.stopped = 0, False

    def replies(self, who: Respondent, functions: Sequence[str]) -> list[Reply]:
        """Put all that is about some functions to one respondent."""
        with who:
            return [self._reply(who, functions, i) for i in range(len(self._posed))]

    def _reply(self, who: Respondent, functions: Sequence[str], number: int) -> Reply:
        self.stopped = self.stopped or self._heard(who.name, number, len(self._posed))
        if not self.stopped:
            try:
                reply = self._posed[number].put_to(who, functions)
            except Interrupted:
                self.stopped = True
            else:
                self.done += 1
                return reply
        return Reply(who.name, "not asked", reason=INTERRUPTED)


NAN_IN = "NaN in the row is NaN in every result"
ALL_MASKED = "0 / 0: NaN is usual; a safe softmax answers 0, and equal masks have equal shares"
INFINITE = "∞ / ∞: NaN is usual; the limit is one-hot, and of k times +∞ 1/k for each"
EMPTY = "no logits, no results"
EMPTY_SUM = "the sum of nothing is 0, and log 0 is −∞"
CONVENTIONS = {
    RowKind.NAN: NAN_IN,
    RowKind.ALL_MASKED: ALL_MASKED,
    RowKind.POSITIVE_INFINITY: INFINITE,
}
"""Why a degenerate row has no exact answer, and what is usual."""


class _Posed:
    """A question, and what its answers are measured with."""

    def __init__(self, function: Function, edge_row: EdgeRow, form: Format) -> None:
        self.function, self.edge_row, self.form = function, edge_row, form
        self.logits = edge_row.logits(form)
        self._yardstick: Yardstick | None = None
        self._kind = RowKind.AUDITED
        self.expected = None if self.logits is None else self._expected(self.logits)

    def _expected(self, logits: NDArray[np.float64]) -> Expected | None:
        if not logits.size:
            return self._expected_of_nothing()
        problem = pose(logits, self.form, 1.0)
        kind = self._kind = RowKind(int(classify(problem, self.function)[0]))
        if kind in CONVENTIONS:
            self.values = np.full_like(logits if self.function != "logsumexp" else logits[:, :1],
                                       np.nan)  # fmt: skip
            return Expected(runs(self.values), (), CONVENTIONS[kind])
        decision = _decision(problem, self.function)
        self.values = decision.rounded
        self._yardstick = Yardstick(decision, self.form)
        return Expected(runs(self.values), tuple(self._decimals(problem)))

    def _expected_of_nothing(self) -> Expected | None:
        whole = self.function == "logsumexp"
        if whole and not self.form.has_infinity:
            return None
        self.values = np.full((1, 1 if whole else 0), -np.inf)
        return Expected(runs(self.values), (), EMPTY_SUM if whole else EMPTY)

    def _decimals(self, problem: Problem) -> Iterator[tuple[str, int]]:
        """Give the exact values, those of equal logits beside each other once."""
        logits = problem.values[0]
        if self.function == "logsumexp":
            yield self._decimal(problem, 0), 1
            return
        start = 0
        for _, count in runs(logits[None]):
            yield self._decimal(problem, start), count
            start += count

    def _decimal(self, problem: Problem, index: int) -> str:
        """Give the exact value of an element."""
        x = float(problem.values[0, index])
        whole = self.function == "logsumexp"
        if np.isinf(problem.values.max() if whole else x):  # nothing but masks, +∞, or a mask
            return exactly_held(float(self.values[0, index]))
        row = reference.ShortRow(problem.values[0], problem.temperature)
        return reference.figures(row, x, self.function, 0.0, self.form).exact

    def put_to(self, who: Respondent, functions: Sequence[str]) -> Reply:
        """Ask somebody who is asked for some functions, and judge what is returned."""
        reason = self._why_not(who, functions)
        if self.logits is None or reason is not None:
            return Reply(who.name, "not asked", reason=reason or "")
        try:
            answer = who.ask(self.function, self.logits, self.form)
        except Unasked as error:
            return Reply(who.name, "not asked", reason=str(error))
        except Interrupted:
            raise
        except Unanswered as error:
            return Reply(who.name, "no answer", reason=error.reason)
        return self._judged(who.name, answer.values, answer.remarks)

    def _why_not(self, who: Respondent, functions: Sequence[str]) -> str | None:
        if self.logits is None:
            return f"{self.form.name} does not hold the row"
        if lacks := lack(who, self.function, self.form.name):
            return lacks
        if self.function not in functions:
            return f"is taken for {' and '.join(functions)}; --function names others"
        if self.expected is None:
            return f"the answer is −∞, which {self.form.name} does not have"
        return None

    def _judged(self, name: str, values: NDArray[np.float64], remarks: tuple[str, ...]) -> Reply:
        if self._yardstick is None:
            return Reply(name, self._by_convention(values), runs(values), remarks=remarks)
        return self._measured(name, values, remarks, self._yardstick)

    def _by_convention(self, values: NDArray[np.float64]) -> Verdict:
        assert self.logits is not None
        if np.array_equal(values, self.values, equal_nan=True):
            return "correct"
        other = is_other_convention(values, self.logits, self._kind, self.function, self.form)
        return "other convention" if other else "off"

    def _measured(
        self, name: str, values: NDArray[np.float64], remarks: tuple[str, ...], by: Yardstick
    ) -> Reply:
        same = (values == self.values) | (np.isnan(values) & np.isnan(self.values))
        # What is infinite, or rounds to it, has no error in ulp: it is returned or it is not.
        error = np.where(by.counted, by.measure(values).ulp, np.where(same, 0.0, np.inf))
        at = int(np.argmax(error))
        largest = float(error.flat[at])
        verdict: Verdict = "off" if largest > WORTH_TELLING else "close"
        return Reply(
            name,
            "correct" if same.all() else verdict,
            runs(values),
            largest,
            Element(at, float(values.flat[at]), self._exact_at(at)),
            remarks=remarks,
        )

    def _exact_at(self, index: int) -> str:
        assert self.expected is not None
        for decimal, count in self.expected.exact:
            index -= count
            if index < 0:
                return decimal
        raise IndexError

    def question(self, replies: Sequence[Reply]) -> Question:
        """Give the question with its answers."""
        logits = None if self.logits is None else runs(self.logits)
        return Question(
            self.function, self.form.name, self.edge_row, logits, self.expected, tuple(replies)
        )


def _decision(problem: Problem, function: Function) -> Decision:
    found = reference.enclose(
        problem.values, problem.temperature, (function,), precision=problem.format.precision
    )
    return reference.judge(found[function].enclosure, problem, function)


def exactly_held(value: float) -> str:
    """Give 0 and infinities as decimals are given."""
    return "0" if value == 0 else repr(value)


def runs(values: NDArray[np.float64]) -> Runs:
    """Give a row's values, each with how often it stands there before another comes."""
    if not values.size:
        return ()
    row = np.asarray(values, dtype=np.float64).ravel()
    # Beside each other, +0 and −0 differ, and NaN does not differ from NaN.
    bits = np.where(np.isnan(row), np.nan, row).view(np.int64)
    starts = np.flatnonzero(np.concatenate(([True], bits[1:] != bits[:-1])))
    counts = np.diff(np.append(starts, row.size))
    return tuple(zip(row[starts].tolist(), counts.tolist(), strict=True))
