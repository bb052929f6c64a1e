"""Probes of what should not change a result: the same question, asked in other ways.

Two runs of one implementation are compared with each other, in ulp of the exact value, so that a
distance is in the unit of every error.  Comparing the errors of the two runs instead was rejected:
both may be as large, and the results still differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from softaudit import reference
from softaudit.formats import FORMATS, round_to
from softaudit.implementations import Interrupted, Unanswered
from softaudit.model import SkippedCell
from softaudit.problem import finite_range
from softaudit.studies.distance import distance, exact_ulps
from softaudit.studies.probed import Compared, Difference, Invariance, Probed
from softaudit.studies.probes import CONTROL, PROBES, first_way
from softaudit.studies.respondents import lack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.model import Function, Logits, Used
    from softaudit.studies.probes import Way
    from softaudit.studies.respondents import Respondent

DEFAULT_FORMATS = ("float16", "bfloat16", "float32")

MOST_LOGITS = 1 << 18
"""Logits that are asked about by default: some that several threads share."""

LEAST_ROWS = 4


def invariance(
    logits: Logits,
    respondents: Sequence[Respondent],
    *,
    functions: Sequence[str] = (),
    formats: Sequence[str] = DEFAULT_FORMATS,
    probes: Sequence[str] = tuple(PROBES),
    sample: int | None = None,
    heard: Callable[[float], bool] = lambda _: False,
) -> Invariance:
    """Ask about the same rows in several ways, and measure how far the answers are apart.

    Parameters
    ----------
    logits : Logits
    respondents : sequence of Respondent
        Who is asked; see `softaudit.studies.respondents.respondents`.
    functions : sequence of str
        By default, those that are usual for each.
    formats : sequence of str
    probes : sequence of str
        Names in `softaudit.studies.probes.PROBES`.  `CONTROL` is made in any case, and told of
        where it differs.
    sample : int, optional
        How many evenly spaced rows; by default about `MOST_LOGITS` logits.
    heard : callable
        Told now and then which part of the work is done, from 0 to 1.  Once it answers True, what
        is done is returned, marked partial.

    Raises
    ------
    PlatformError
        If the processor's state breaks IEEE arithmetic.
    """
    reference.check_processor()
    numbers = chosen_rows(logits, sample)
    rows = logits.take(numbers)
    chosen = [(one, tuple(functions) or one.usual) for one in respondents]
    every = tuple(dict.fromkeys(function for _, of in chosen for function in of))
    asked = _Asked(logits, numbers, rows, every, tuple(formats), tuple(probes))
    walk = _Walk(asked, heard, sum(len(of) for _, of in chosen) * len(formats))
    for one, of in chosen:
        walk.ask(one, of)
    span, widest = finite_range(rows)
    return Invariance(
        logits.source,
        len(numbers) if len(numbers) < logits.rows else None,
        span,
        widest,
        tuple(walk.respondents),
        tuple(walk.probed),
        tuple(walk.skipped),
        walk.done if walk.stopped else None,
    )


def chosen_rows(logits: Logits, sample: int | None) -> NDArray[np.int64]:
    """Give the numbers of the rows that are asked about, evenly spaced."""
    most = sample or max(MOST_LOGITS // logits.columns, LEAST_ROWS)
    taken = min(most, logits.rows)
    return np.arange(taken, dtype=np.int64) * logits.rows // taken


@dataclass(frozen=True, eq=False)
class _Asked:
    """What everybody is asked."""

    logits: Logits
    numbers: NDArray[np.int64]
    rows: NDArray[np.float64]
    functions: tuple[str, ...]
    formats: tuple[str, ...]
    probes: tuple[str, ...]

    @cached_property
    def posed(self) -> dict[str, _Posed]:
        """The question in each format."""
        functions = cast("tuple[Function, ...]", self.functions)
        return {
            name: _Posed(round_to(self.rows, FORMATS[name]), FORMATS[name], functions)
            for name in self.formats
        }

    def index(self, row: int) -> tuple[int, ...]:
        """Give a row's index among the logits."""
        shape = self.logits.rows_shape
        return tuple(int(i) for i in np.unravel_index(self.numbers[row], shape)) if shape else ()


@dataclass(frozen=True, eq=False)
class _Posed:
    """Rows in one format, and what all who are asked about them share."""

    x: NDArray[np.float64]
    form: Format
    functions: tuple[Function, ...]

    @cached_property
    def ulps(self) -> dict[Function, NDArray[np.float64]]:
        """ulp(y) of each function."""
        return exact_ulps(self.x, self.form, self.functions)

    def ways(self, probe: str) -> tuple[Way, ...]:
        """Give the ways of a probe."""
        if probe not in self._ways:
            self._ways[probe] = tuple(PROBES[probe].ways(self.x, self.form))
        return self._ways[probe]

    @cached_property
    def _ways(self) -> dict[str, tuple[Way, ...]]:
        return {}


class _Walk:
    """The way from one who is asked to the next, cell by cell."""

    def __init__(self, asked: _Asked, heard: Callable[[float], bool], cells: int) -> None:
        self._asked, self._heard, self._cells = asked, heard, cells
        self.done, self.stopped = 0, False
        self.respondents: list[Used] = []
        self.probed: list[Probed] = []
        self.skipped: list[SkippedCell] = []

    def ask(self, one: Respondent, functions: Sequence[str]) -> None:
        """Ask one for functions in every format, unless somebody has had enough."""
        with one:
            for function in functions:
                for form in self._asked.formats:
                    self.stopped = self.stopped or self._heard(self.done / self._cells)
                    if not self.stopped:
                        self._ask_cell(one, function, form)
            self.respondents.append(one.used)

    def _ask_cell(self, one: Respondent, function: str, form: str) -> None:
        """Ask about one cell; one in which somebody had enough is not done."""
        try:
            self._probe(one, function, form)
            self.done += 1
        except Interrupted:
            self.stopped = True

    def _probe(self, one: Respondent, function: str, form: str) -> None:
        if lacks := lack(one, function, form):
            name = f"{function}/{form}/{one.name}"
            self.skipped.append(SkippedCell(name, f"{one.name} {lacks}"))
            return
        cell = _Cell(self._asked, one, cast("Function", function), self._asked.posed[form])
        order = list(PROBES)
        self.probed += sorted(cell.probed(), key=lambda found: order.index(found.probe))


@dataclass(frozen=True, eq=False)
class _Cell:
    """One implementation's function in one format."""

    asked: _Asked
    respondent: Respondent
    function: Function
    posed: _Posed

    def probed(self) -> Iterator[Probed]:
        """Give what each probe finds.

        Whether the same question has one answer is asked even if nobody wants to know: without it,
        no other probe proves anything.
        """
        asked = {probe: self._why_not(probe) for probe in self.asked.probes}
        for probe, reason in asked.items():
            if reason is not None:
                yield replace(self._empty(probe), reason=reason)
        probes = [probe for probe, reason in asked.items() if reason is None]
        if not probes:
            return
        try:
            first = self._answer(first_way(self.posed.x))
        except Interrupted:
            raise
        except Unanswered as none:
            for probe in probes:
                yield replace(self._empty(probe), reason=none.reason, answered=False)
            return
        for probe in probes:
            yield self._probed(probe, first)
        if CONTROL not in probes:
            control = self._probed(CONTROL, first)
            if control.verdict == "differs":
                yield control

    def _empty(self, probe: str) -> Probed:
        return Probed(self.respondent.name, self.function, self.posed.form.name, probe)

    def _probed(self, probe: str, first: NDArray[np.float64]) -> Probed:
        found = self._empty(probe)
        ways: list[Compared] = []
        try:
            for way in self.posed.ways(probe):
                ways.append(self._compared(way, first))
        except Interrupted:
            raise
        except Unanswered as none:
            return replace(found, ways=tuple(ways), reason=none.reason, answered=False)
        return replace(found, ways=tuple(ways))

    def _why_not(self, probe: str) -> str | None:
        if self.function in PROBES[probe].not_for:
            return f"{self.function} changes, and the change is rounded"
        if probe in self.respondent.not_asked:
            return self.respondent.not_asked[probe]
        return None if self.posed.ways(probe) else PROBES[probe].impossible

    def _answer(self, way: Way) -> NDArray[np.float64]:
        """Ask in one way, and give the answer in the first one's order."""
        answers = [
            self.respondent.ask(
                self.function, way.x[batch], self.posed.form,
                layout=way.layout, threads=way.threads, afresh=way.afresh,
            ).values
            for batch in way.batches
        ]  # fmt: skip
        return way.put_back(np.concatenate(answers))

    def _compared(self, way: Way, first: NDArray[np.float64]) -> Compared:
        second = self._answer(way)
        rows = way.rows
        kept = way.compared[rows]
        rows, second = rows[kept], second[kept]
        apart = distance(first[rows], second, self.posed.ulps[self.function][rows])
        differ = int(np.count_nonzero(apart))
        largest = self._largest(apart, rows, first, second) if differ else None
        left_out = int(np.count_nonzero(~kept))
        return Compared(way.name, len(rows), left_out, apart.size, differ, largest)

    def _largest(
        self,
        apart: NDArray[np.float64],
        rows: NDArray[np.int64],
        first: NDArray[np.float64],
        second: NDArray[np.float64],
    ) -> Difference:
        i, j = divmod(int(np.argmax(apart)), apart.shape[-1])
        row = int(rows[i])
        column = () if self.function == "logsumexp" else (j,)
        index = (*self.asked.index(row), *column)
        return Difference(index, float(first[row, j]), float(second[i, j]), float(apart[i, j]))
