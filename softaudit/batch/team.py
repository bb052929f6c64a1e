"""Processes that audit one file after the other, and send what they find.

They are spawned, ignore Ctrl-C, which a terminal sends to all of its processes, and end with this
one, however it ends.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from contextlib import suppress
from functools import partial
from multiprocessing.connection import wait
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, cast

from softaudit.batch.one import Stopped, Unreadable, audits_of
from softaudit.errors import SoftauditError
from softaudit.jobs import uninterrupted
from softaudit.reference import check_processor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from softaudit.batch.one import Made, Question
    from softaudit.batch.plan import File

_NEWS_EVERY = 0.2
_LISTEN_EVERY = 0.1


class Told(Protocol):
    """Who is told what becomes of files, while others work on them."""

    def begun(self, file: File) -> None:
        """Take note that work on a file has begun."""

    def within(self, file: File, logits: int, done: float) -> bool:
        """Take note of how many logits of an array are done; answer whether to stop."""

    def made(self, file: File, made: Made) -> None:
        """Take what was found of one of its arrays."""

    def finished(self, file: File) -> None:
        """Take note that all of them are audited."""

    def unreadable(self, file: File, reason: str) -> None:
        """Take note that it cannot be read."""

    def stopped(self) -> bool:
        """Tell whether somebody has had enough."""


def work_alone(files: Iterable[File], question: Question, jobs: int, told: Told) -> None:
    """Audit files one after the other in this process; others may share the rows of one."""
    for file in files:
        if told.stopped():
            return
        told.begun(file)
        try:
            for made in audits_of(file, question, jobs, partial(told.within, file)):
                told.made(file, made)
            told.finished(file)
        except Unreadable as error:
            told.unreadable(file, str(error))
        except Stopped:
            return


def work_together(files: Iterable[File], question: Question, jobs: int, told: Told) -> None:
    """Audit files in several processes, each one file at a time.

    A file whose process ends by itself is skipped, and another process takes its place.

    Raises
    ------
    SoftauditError
        If a process finds the processor's state or the options wrong.
    """
    todo = deque(files)
    team: dict[Connection, tuple[SpawnProcess, File]] = {}
    try:
        for _ in range(min(jobs, len(todo))):
            here, process = _begin(question)
            team[here] = process, _give(here, todo.popleft(), told)
        while team and not told.stopped():
            for ready in cast("list[Connection]", wait(list(team), _LISTEN_EVERY)):
                process, file = team[ready]
                news = _received(ready)
                if news is None:
                    told.unreadable(file, _ended(process))
                elif not _tell(told, file, *news):
                    continue
                del team[ready]
                here = ready
                if not todo:
                    ready.close()  # which ends the process
                    process.join()
                    continue
                if news is None:
                    here, process = _begin(question)
                team[here] = process, _give(here, todo.popleft(), told)
    finally:
        with uninterrupted():
            for process, _ in team.values():
                process.kill()
                process.join()


def _give(here: Connection, file: File, told: Told) -> File:
    told.begun(file)
    with suppress(BrokenPipeError):  # which the next look will find
        here.send(file)
    return file


def _received(here: Connection) -> tuple[Any, ...] | None:
    """Take a message; None where the process has ended, also in the middle of one."""
    try:
        message: tuple[Any, ...] = here.recv()
    except (EOFError, OSError):
        return None
    return message


def _tell(told: Told, file: File, what: str, *news: Any) -> bool:
    """Pass a message on, and say whether the process is free again."""
    if what == "failed":
        raise news[0]
    getattr(told, what)(file, *news)
    return what in ("finished", "unreadable")


def _ended(process: SpawnProcess) -> str:
    """Say why a file has no audit whose process is gone; the next run tries it again."""
    process.join()
    return (
        f"the process that audited it ended with {process.exitcode}, perhaps for want of memory; "
        f"try it alone, with --jobs 1"
    )


def _begin(question: Question) -> tuple[Connection, SpawnProcess]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, question), daemon=True)
    with uninterrupted():
        process.start()
    there.close()
    return here, process


def _serve(there: Connection, question: Question) -> None:
    """Audit files that are sent, until nobody sends one any more."""
    gone = suppress(EOFError, BrokenPipeError, ConnectionResetError, Stopped)
    with question.answers, gone:
        while True:
            file = there.recv()
            for message in _messages(file, question, _News(there)):
                there.send(message)


def _messages(file: File, question: Question, news: _News) -> Iterator[tuple[Any, ...]]:
    try:
        check_processor()
        for made in audits_of(file, question, 1, news.within):
            yield "made", made
        yield ("finished",)
    except Unreadable as error:
        yield "unreadable", str(error)
    except SoftauditError as error:
        yield "failed", error


class _News:
    """What a process tells now and then of the file that it is at."""

    def __init__(self, there: Connection) -> None:
        self._there = there
        self._parent = os.getppid()
        self._next = 0.0

    def within(self, logits: int, done: float) -> bool:
        """Tell, if it is time, and stop if nobody is there any more."""
        now = monotonic()
        if now >= self._next:
            self._next = now + _NEWS_EVERY
            self._there.send(("within", logits, done))
        return os.getppid() != self._parent
