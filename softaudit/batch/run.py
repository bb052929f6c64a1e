"""A batch: every file that is not done yet, by as many processes as there are."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from softaudit.audit import WORTH_SHARING, work_of
from softaudit.batch.team import work_alone, work_together
from softaudit.errors import InputError
from softaudit.report import INTERRUPTED, SkippedSource
from softaudit.sources import opening
from softaudit.wording import count, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from softaudit.batch.journal import Journal
    from softaudit.batch.one import Made, Question
    from softaudit.batch.plan import File

_BYTES = 4
"""Of a logit, about: before a file is read, its size is all that is known of it."""

_OVERHEAD = 2_000_000
"""The work that a file is beside its logits."""


class Listener(Protocol):
    """Who shows how far a batch is; files by their names."""

    def begun(self, name: str) -> None:
        """Take note that work on a file has begun."""

    def within(self, name: str, logits_done: float, logits: int) -> None:
        """Take note of how many logits of the array at hand are done."""

    def finished(self, name: str, logits: int, seconds: float, words: str) -> None:
        """Take note that a file is done."""

    def skipped(self, name: str, reason: str) -> None:
        """Take note that a file could not be read."""

    def taken_over(self, name: str, logits: int) -> None:
        """Take note that a file was done before."""

    def tick(self) -> None:
        """Take note that time has gone by."""


def run(
    files: Sequence[File],
    question: Question,
    journal: Journal,
    *,
    jobs: int,
    shown: Listener,
    stopped: Callable[[], bool],
) -> tuple[SkippedSource, ...]:
    """Audit files into a journal; what it has of them already is not done again.

    Parameters
    ----------
    files : sequence of File
    question : Question
    journal : Journal
        What it has of a file stands only if the file's hash is the same.
    jobs : int
        How many processes work; no figure depends on it.
    shown : Listener
    stopped : callable
        Asked between blocks; once it answers True nothing else is begun.

    Returns
    -------
    tuple of SkippedSource
        Files that could not be read, or were not done, in their order.
    """
    batch = _Batch(journal, shown, stopped)
    todo = [file for file in files if not batch.takes_over(file)]
    large, small = _by_size(todo, len(question.plan.keys), jobs)
    with question.answers:
        work_alone(large, question, jobs, batch)
    work_together(small, question, jobs, batch)
    return tuple(
        SkippedSource(file.name, batch.reasons.get(file.name, INTERRUPTED))
        for file in files
        if file.name not in journal.finished
    )


def _by_size(files: Sequence[File], cells: int, jobs: int) -> tuple[Sequence[File], Sequence[File]]:
    """Tell files that all processes work on together from those that each has its own of.

    The largest come first, so that no process is left with a long one when the others have ended.
    """
    costs = {file: work_of(file.size / _BYTES, cells) + _OVERHEAD for file in files}
    total = sum(costs.values())
    if jobs == 1 or total < WORTH_SHARING:
        return files, ()
    fair = max(total / (2 * jobs), WORTH_SHARING)
    large = [file for file in files if costs[file] > fair]
    small = [file for file in files if costs[file] <= fair]
    if sum(costs[file] for file in small) < WORTH_SHARING:
        return files, ()
    return large, sorted(small, key=lambda file: -file.size)


class _Batch:
    """What becomes of files, for the journal and for whoever watches."""

    def __init__(self, journal: Journal, shown: Listener, stopped: Callable[[], bool]) -> None:
        self._journal = journal
        self._shown = shown
        self._stopped = stopped
        self._started: dict[str, float] = {}
        self._made: dict[str, list[Made]] = {}
        self.reasons: dict[str, str] = {}

    def takes_over(self, file: File) -> bool:
        """Take a file over from the journal, if it is still what it was."""
        done = self._journal.finished.get(file.name)
        if done is None:
            return False
        if _sha256(file) != done.sha256:
            self._journal.drop(file.name)
            return False
        self._shown.taken_over(file.name, done.logits)
        return True

    def begun(self, file: File) -> None:
        self._started[file.name] = monotonic()
        self._made[file.name] = []
        self._shown.begun(file.name)

    def within(self, file: File, logits: int, done: float) -> bool:
        self._shown.within(file.name, done, logits)
        return self.stopped()

    def made(self, file: File, made: Made) -> None:
        self._journal.add(file.name, made)
        self._made[file.name].append(replace(made, text=b""))

    def finished(self, file: File) -> None:
        self._journal.finish(file.name)
        made, seconds = self._made.pop(file.name), monotonic() - self._started.pop(file.name)
        self._shown.finished(file.name, sum(m.logits for m in made), seconds, _words(made))

    def unreadable(self, file: File, reason: str) -> None:
        self._journal.drop(file.name)
        self.reasons[file.name] = reason
        self._shown.skipped(file.name, reason)

    def stopped(self) -> bool:
        self._shown.tick()
        return self._stopped()


def _words(made: list[Made]) -> str:
    """Say in one line what was found of a file's arrays."""
    broken, cells = (sum(getattr(m, name) for m in made) for name in ("broken", "cells"))
    inputs = "" if len(made) == 1 else f"{len(made)} arrays, "
    return plain(
        f"{inputs}{broken} of {count(cells, 'cell')} {'breaks' if broken == 1 else 'break'}"
    )


def _sha256(file: File) -> str:
    """Give a file's hash; "" where it cannot be read, which reading will complain about."""
    try:
        with closing(opening.from_path(file.path, file.name)) as opened:
            return opened.sha256
    except (InputError, OSError):
        return ""
