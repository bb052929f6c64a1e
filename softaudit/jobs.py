"""One audit in several processes: each takes the next block of rows, and only counts travel back.

Threads would not do: between the many small array operations of a block they wait for each other.
The processes are spawned, not forked, so that nothing of this one's state goes with them; they map
the file themselves, or a copy of what is only in memory.  They end with this one, however it ends.
"""

from __future__ import annotations

import mmap
import multiprocessing
import os
import signal
import tempfile
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.answers import Answers, Given
from softaudit.errors import InputError, SoftauditError
from softaudit.reference import check_processor
from softaudit.work import Work, let_memory_be_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.context import SpawnProcess

    from numpy.typing import NDArray

    from softaudit.answers import Noted, Running
    from softaudit.model import CellKey, Logits, Plan, Used

_LISTEN_EVERY = 0.1
_PART = 1 << 24
_STOPPED = 1 << 62
"""More rows than there are: none is left to begin."""


def share(
    logits: Logits,
    plan: Plan,
    keys: tuple[CellKey, ...],
    numbers: NDArray[np.int64],
    step: int,
    jobs: int,
    heard: Callable[[float], bool],
    answers: Answers,
) -> tuple[Work, int]:
    """Audit rows in several processes; see `softaudit.audit.audit`.

    Returns
    -------
    work : Work
        Of all rows that are done: those before the first block that nobody began.
    done : int
        How many these are.
    """
    context = multiprocessing.get_context("spawn")
    begun, finished, mapped = (context.Value("q", 0) for _ in range(3))
    team: dict[Any, SpawnProcess] = {}
    with ExitStack() as lent:
        lend = partial(_lend, lent)
        others = [
            (lend(one.outputs), one.used) if isinstance(one, Given) else one
            for one in answers.others.values()
        ]
        task = _Task(lend(logits), plan, keys, numbers, step, others)
        try:
            with uninterrupted():
                for _ in range(jobs):
                    here, there = context.Pipe(duplex=False)
                    counters = begun, finished, mapped
                    process = context.Process(target=_work, args=(task, there, *counters))
                    process.daemon = True
                    process.start()
                    there.close()
                    team[here] = process
            works = []
            while team:
                for ready in wait(list(team), _LISTEN_EVERY):
                    works.append(_received(ready))
                    team.pop(ready).join()
                if mapped.value == jobs:
                    task.forget()
                if finished.value and heard(finished.value):
                    with begun.get_lock():
                        begun.value = _STOPPED  # nobody begins another block
        finally:
            with uninterrupted():
                for process in team.values():
                    process.kill()
                    process.join()
    whole = Work(logits, plan, keys, answers)
    for work, noted in works:
        whole.merge(work)
        answers.take_in(noted)
    return whole, finished.value


def _received(there: Any) -> tuple[Work, Noted]:
    try:
        found = there.recv()
    except EOFError:
        raise SoftauditError(
            "a process ended before its work was done, perhaps for want of memory; try --jobs 1"
        ) from None
    if isinstance(found, SoftauditError):
        raise found
    work, noted = found
    return work, noted


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Start or end processes while Ctrl-C, which all of a terminal's processes get, is ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass(frozen=True)
class _Place:
    """Where another process finds the logits: an array in a file that it maps.

    `identity` tells whether that is still the file it was; a copy is forgotten once all have it.
    """

    name: str
    path: str
    identity: tuple[int, ...]
    is_copy: bool
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]

    def open(self) -> NDArray[Any]:
        """Map the array."""
        try:
            with Path(self.path).open("rb") as file:
                if _identity(os.fstat(file.fileno())) != self.identity:
                    raise InputError(f"{self.name}: changed while it was read; run it again")
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError(
                f"{self.name}: {reason}, while it was read; put it back, or try --jobs 1"
            ) from error
        return np.ndarray(self.shape, self.dtype, mapped, self.offset, self.strides)

    def forget(self) -> None:
        """Remove a copy: who has mapped it keeps it, and nothing is left behind in any case."""
        if self.is_copy:
            Path(self.path).unlink(missing_ok=True)


@dataclass(frozen=True)
class _Lent:
    """Logits, or outputs in their layout, for another process."""

    place: _Place
    about: Logits

    def open(self) -> Logits:
        """Map them."""
        return replace(self.about, values=self.place.open())


def _lend(lent: ExitStack, logits: Logits) -> _Lent:
    """Lend logits until it is over."""
    place = lent.enter_context(_placed(logits))
    return _Lent(place, replace(logits, values=np.empty((0, 0))))


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def _placed(logits: Logits) -> Iterator[_Place]:
    """Give the place of logits, in a temporary file if they lie in none that has a name."""
    values = logits.values
    root: Any = values
    while isinstance(root.base, np.ndarray):
        root = root.base
    start, first = (a.__array_interface__["data"][0] for a in (values, root))
    if isinstance(root, np.memmap) and root.filename is not None:
        path, offset = str(root.filename), root.offset + start - first
        try:
            identity = _identity(Path(path).stat())
        except OSError:
            identity = ()  # which the processes will find, and say
        about = values.shape, values.strides, values.dtype
        yield _Place(logits.name, path, identity, False, offset, *about)
        return
    # What is mapped from a file without a name is copied as it lies there.
    lies = isinstance(root, np.memmap) and isinstance(root.base, mmap.mmap)
    whole: NDArray[Any] = root if lies else np.ascontiguousarray(values)
    copied, offset = (values, start - first) if lies else (whole, 0)
    handle, path = tempfile.mkstemp(prefix="softaudit-")
    try:
        identity = _fill(handle, whole, logits.release)
        about = copied.shape, copied.strides, copied.dtype
        yield _Place(logits.name, path, identity, True, offset, *about)
    finally:
        Path(path).unlink(missing_ok=True)


def _fill(handle: int, whole: NDArray[Any], release: Callable[[], None]) -> tuple[int, ...]:
    stored = whole.reshape(-1, order="A").view(np.uint8)
    try:
        with os.fdopen(handle, "wb") as file:
            for start in range(0, stored.size, _PART):
                file.write(stored[start : start + _PART].data)
                release()
            file.flush()
            return _identity(os.fstat(file.fileno()))
    except OSError as error:
        raise SoftauditError(
            f"{tempfile.gettempdir()}: no room for {whole.nbytes} bytes that processes would "
            f"share ({error.strerror}); set TMPDIR, or try --jobs 1"
        ) from error


@dataclass(frozen=True)
class _Task:
    """What every process is given."""

    logits: _Lent
    plan: Plan
    keys: tuple[CellKey, ...]
    numbers: NDArray[np.int64]
    step: int
    others: list[Running | tuple[_Lent, Used]]

    def forget(self) -> None:
        """Remove copies, which every process has mapped by now."""
        self.logits.place.forget()
        for one in self.others:
            if isinstance(one, tuple):
                one[0].place.forget()

    def open(self) -> Work:
        """Map everything, and begin."""
        others = [
            Given(one[0].open(), one[1]) if isinstance(one, tuple) else one for one in self.others
        ]
        return Work(self.logits.open(), self.plan, self.keys, Answers(others))


def _work(task: _Task, there: Any, begun: Any, finished: Any, mapped: Any) -> None:
    """Audit blocks of rows, in a process of its own, until none is left to begin."""
    parent = os.getppid()
    try:
        check_processor()
        let_memory_be_kept()
        work = task.open()
        work.answers.heed(lambda: bool(begun.value >= _STOPPED))
        with mapped.get_lock():
            mapped.value += 1
        while os.getppid() == parent:
            with begun.get_lock():
                first, begun.value = begun.value, begun.value + task.step
            if first >= len(task.numbers):
                break
            numbers = task.numbers[first : first + task.step]
            work.add(numbers)
            with finished.get_lock():
                finished.value += len(numbers)
        answer: tuple[Work, Noted] | SoftauditError = work, work.answers.noted()
    except SoftauditError as error:
        answer = error
    with suppress(BrokenPipeError):  # nobody is there any more
        there.send(answer)
