"""One audit in several processes: each takes the next block of rows, and only counts travel back.

Threads would not do: between the many small array operations of a block they wait for each other.
The processes are spawned, not forked, so that nothing of this one's state goes with them; they map
the file themselves, or share a copy of what is only in memory.
"""

from __future__ import annotations

import mmap
import multiprocessing
import signal
import threading
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import shared_memory
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.errors import SoftauditError
from softaudit.reference import check_processor
from softaudit.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from softaudit.model import CellKey, Logits, Plan

_LISTEN_EVERY = 0.1


def let_memory_be_kept() -> None:
    """Let a block's arrays come from memory that the last one's had.

    glibc gives freed memory back to the system, and takes it again page by page, unless it has seen
    an array larger than all of a block's come and go; this one is never written to.
    """
    np.empty(3 << 20)


def share(
    logits: Logits,
    plan: Plan,
    keys: tuple[CellKey, ...],
    numbers: NDArray[np.int64],
    step: int,
    processes: int,
    heard: Callable[[int], bool],
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
    begun, finished = context.Value("q", 0), context.Value("q", 0)
    with _place(logits) as place:
        task = _Task(place, replace(logits, values=np.empty((0, 0))), plan, keys, numbers, step)
        with ProcessPoolExecutor(
            processes, context, initializer=_remember, initargs=(begun, finished)
        ) as pool:
            with _uninterrupted():
                parts = [pool.submit(_work, task) for _ in range(processes)]
            try:
                _listen(parts, lambda: finished.value, heard)
                works = [part.result() for part in parts]
            except BrokenProcessPool as error:
                raise SoftauditError(
                    "a process ended before its work was done, perhaps for want of memory; "
                    "try --jobs 1"
                ) from error
            finally:
                with begun.get_lock():
                    begun.value = len(numbers)
                    # Nobody begins another block, and the pool waits for those begun.
    whole = Work(logits, plan, keys)
    for work in works:
        whole.merge(work)
    return whole, finished.value


def _listen(
    parts: list[Future[Work]], finished: Callable[[], int], heard: Callable[[int], bool]
) -> None:
    """Tell of finished rows until all parts are done, one failed, or the answer is to stop."""
    told = 0
    while True:
        done, waiting = wait(parts, _LISTEN_EVERY, return_when=FIRST_EXCEPTION)
        if not waiting or any(part.exception() for part in done):
            return
        if finished() > told:
            told = finished()
            if heard(told):
                return


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Start processes that Ctrl-C, which all of a terminal's processes get, does not end."""
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
    """Where another process finds the numbers: in a mapped file, or in shared memory."""

    name: str
    in_file: bool
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]


@contextmanager
def _place(logits: Logits) -> Iterator[_Place]:
    values = logits.values
    root: Any = values
    while isinstance(root.base, np.ndarray):
        root = root.base
    if isinstance(root, np.memmap) and root.filename is not None:
        start, first = (a.__array_interface__["data"][0] for a in (values, root))
        offset = root.offset + start - first
        yield _Place(
            str(root.filename), True, offset, values.shape, values.strides, values.dtype
        )
        return
    memory = shared_memory.SharedMemory(create=True, size=values.nbytes)
    try:
        copy: NDArray[Any] = np.ndarray(values.shape, values.dtype, memory.buf)
        copy[...] = values
        yield _Place(memory.name, False, 0, copy.shape, copy.strides, copy.dtype)
        del copy
    finally:
        memory.close()
        memory.unlink()


@dataclass(frozen=True)
class _Task:
    """What every process is given."""

    place: _Place
    about: Logits
    plan: Plan
    keys: tuple[CellKey, ...]
    numbers: NDArray[np.int64]
    step: int


_counters: list[Any] = []


def _remember(begun: Any, finished: Any) -> None:
    _counters[:] = begun, finished


def _work(task: _Task) -> Work:
    """Audit blocks of rows, in a process of its own, until none is left to begin."""
    check_processor()
    let_memory_be_kept()
    place = task.place
    memory = None if place.in_file else shared_memory.SharedMemory(place.name)
    buffer = _map(place.name) if memory is None else memory.buf
    values = np.ndarray(place.shape, place.dtype, buffer, place.offset, place.strides)
    work = Work(replace(task.about, values=values), task.plan, task.keys)
    begun, finished = _counters
    while True:
        with begun.get_lock():
            first, begun.value = begun.value, begun.value + task.step
        if first >= len(task.numbers):
            break
        numbers = task.numbers[first : first + task.step]
        work.add(numbers)
        with finished.get_lock():
            finished.value += len(numbers)
    return work


def _map(name: str) -> mmap.mmap:
    with Path(name).open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
