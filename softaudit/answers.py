"""Who answers the problem: our own algorithms, outputs that are there, or somebody's running code.

Outputs and running code take the place of an algorithm by its name in the cell's; whatever is not
among them is one of ours.
"""

from __future__ import annotations

from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

import numpy as np

from softaudit import algorithms
from softaudit.implementations import Runner, Unanswered
from softaudit.implementations.mistaken import remark_on_other_answers
from softaudit.model import Output, Used

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from softaudit.block import Block
    from softaudit.implementations import Implementation
    from softaudit.model import CellKey, Logits

Remarks = dict[tuple[str, str], tuple[int, str]]
"""What was remarked, by cell and kind of remark: in which row first, and the words."""

Details = dict[str, str]
"""What code had to say when it failed, by the reason: its own traceback, or what it printed."""

Noted = dict[str, tuple[Used, Remarks, Details]]
"""What running code said of itself, by name."""


class Given:
    """Outputs that are there already.

    Parameters
    ----------
    outputs : Logits
        In the logits' layout; of logsumexp with a class axis of length 1.
    used : Used
        What a report says of them.
    """

    def __init__(self, outputs: Logits, used: Used) -> None:
        self.outputs = outputs
        self.used = used

    def answer(self, key: CellKey, block: Block) -> Output:
        """Give the outputs at a block's place."""
        start = 0 if key.function == "logsumexp" else block.window.start
        stop = start + block.problem.values.shape[-1]
        values = self.outputs.take(block.numbers, start, stop)
        self.outputs.release()
        return Output(values, None)


def _go_on() -> bool:
    return False


class Running:
    """Code that runs in a process of its own, which is started when it is first asked.

    Parameters
    ----------
    implementation : Implementation
    timeout : float
        Seconds that an answer may take.
    stopped : callable
        Says whether somebody has had enough.
    """

    def __init__(
        self,
        implementation: Implementation,
        timeout: float,
        stopped: Callable[[], bool] = _go_on,
    ) -> None:
        self.stopped = stopped
        self.implementation = implementation
        self._timeout = timeout
        self._runner = Runner(implementation, timeout=timeout, stopped=self._is_enough)
        self._failed: dict[CellKey, Unanswered] = {}
        self._row: dict[CellKey, tuple[int, NDArray[np.float64]]] = {}
        self._first = 0
        self._looked_at: set[CellKey] = set()
        self.remarks: Remarks = {}
        self.details: Details = {}
        self.used = Used(implementation.name, command=_command(implementation))

    def __reduce__(self) -> tuple[type[Running], tuple[Implementation, float]]:
        """Travel without the process: the other side starts one of its own."""
        return Running, (self.implementation, self._timeout)

    def answer(self, key: CellKey, block: Block) -> Output:
        """Ask for a block's rows, in their whole length.

        Raises
        ------
        Unanswered
            Now, and whenever it is asked for the cell again.
        """
        if key in self._failed:
            raise self._failed[key]
        number = int(block.numbers[0])
        if block.view is None:
            return Output(self._ask(key, block, number), None)
        known, values = self._row.get(key, (None, None))
        if values is None or known != number:
            values = self._ask(key, block, number)
            self._row[key] = number, values
        start = 0 if key.function == "logsumexp" else block.window.start
        part = np.ascontiguousarray(values[:, start : start + block.problem.values.shape[-1]])
        return Output(part, None)

    def _ask(self, key: CellKey, block: Block, number: int) -> NDArray[np.float64]:
        form = key.arithmetic.storage.plain
        try:
            x = block.whole_rows(form)
            answer = self._runner.ask(key.function, x, form)
        except Unanswered as failure:
            named = type(failure)(f"{self.used.name} {failure.reason}", failure.detail)
            self._failed[key] = named
            if failure.detail:
                self.details.setdefault(named.reason, failure.detail)
            raise named from failure
        finally:
            about = self._runner.about
            if about is not None:
                self.used = replace(self.used, version=about.version, device=about.device)
        remarks = answer.remarks
        # In whichever process its rows are, so that remarks do not depend on their number.
        if number == self._first and key not in self._looked_at:
            self._looked_at.add(key)
            remarks += remark_on_other_answers(answer.values, form, x, key.function)
        for words in remarks:
            self.note({(key.name, words.partition(":")[0]): (number, words)})
        return answer.values

    def _is_enough(self) -> bool:
        return self.stopped()

    def note(self, remarks: Remarks) -> None:
        """Take in what was remarked, of each kind what came first in the logits."""
        for place, found in remarks.items():
            self.remarks[place] = min(found, self.remarks.get(place, found))

    def forget(self, first: int) -> None:
        """Begin with other logits, at some row: what failed may be asked again."""
        self._failed, self._row, self.remarks, self.details = {}, {}, {}, {}
        self._first, self._looked_at = first, set()

    def close(self) -> None:
        """End the process."""
        self._runner.close()


class Answers:
    """Everybody who answers in an audit.

    Parameters
    ----------
    others : sequence of Given or Running
        Who takes the place of the algorithms that are called as they are.
    """

    def __init__(self, others: Sequence[Given | Running] = ()) -> None:
        self.others: Mapping[str, Given | Running] = {one.used.name: one for one in others}

    def __enter__(self) -> Answers:
        """Begin; processes are started when they are asked."""
        return self

    def __exit__(self, *failure: object) -> None:
        """End the processes of running code."""
        for one in self.others.values():
            if isinstance(one, Running):
                one.close()

    def heed(self, stopped: Callable[[], bool]) -> None:
        """Let nobody be awaited for long once somebody has had enough."""
        for one in self.others.values():
            if isinstance(one, Running):
                one.stopped = stopped

    def begin(self, first: int) -> None:
        """Begin with other logits, of which some row is the first that is asked."""
        for one in self.others.values():
            if isinstance(one, Running):
                one.forget(first)

    def keep_steps(self, key: CellKey) -> bool:
        """Whether a cell's outputs come with the steps from which causes are told."""
        return key.algorithm not in self.others

    def answer(self, key: CellKey, block: Block) -> Output:
        """Give a cell's outputs on a block; of logsumexp, one for every row.

        Raises
        ------
        Unanswered
            If running code did not answer.
        """
        if key.algorithm in self.others:
            return self.others[key.algorithm].answer(key, block)
        return algorithms.run(key, block.evaluation(key.arithmetic))

    def noted(self) -> Noted:
        """Give what running code said of itself here, for who merges the work of processes."""
        return {
            name: (one.used, one.remarks, one.details)
            for name, one in self.others.items()
            if isinstance(one, Running)
        }

    def take_in(self, noted: Noted) -> None:
        """Take in what it said of itself elsewhere."""
        for name, (used, remarks, details) in noted.items():
            one = self.others[name]
            if isinstance(one, Running):
                one.used = one.used if used.version is used.device is None else used
                one.note(remarks)
                one.details = {**details, **one.details}

    def details(self) -> Details:
        """Give what code had to say when it failed."""
        return {
            reason: detail
            for one in self.others.values()
            if isinstance(one, Running)
            for reason, detail in one.details.items()
        }

    def used(self) -> tuple[Used, ...]:
        """Give what a report says of who answered."""
        return tuple(
            replace(one.used, remarks=_by_cell(one.remarks))
            if isinstance(one, Running)
            else one.used
            for one in self.others.values()
        )


def _command(implementation: Implementation) -> str:
    device = "" if implementation.device == "cpu" else f" --device {implementation.device}"
    return f"--implementation {quote(implementation.word)}{device}"


def _by_cell(remarks: Remarks) -> dict[str, tuple[str, ...]]:
    cells = dict.fromkeys(cell for cell, _ in sorted(remarks))
    return {
        name: tuple(words for (cell, _), (_, words) in sorted(remarks.items()) if cell == name)
        for name in cells
    }
