"""One audit in several processes: each takes the next block of rows, and only counts travel back.

Threads would not do: between the many small array operations of a block they wait for each other.
The processes are spawned, not forked, so that nothing of this one's state goes with them; they map
the file themselves, or a copy of what is only in memory.
"""

from __future__ import annotations

import mmap
import multiprocessing
import signal
import tempfile
import threading
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.errors import SoftauditError
from softaudit.reference import check_processor
from softaudit.work import Work, let_memory_be_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from softaudit.model import CellKey, Logits, Plan

_LISTEN_EVERY = 0.1


def share(
    logits: Logits,
    plan: Plan,
    keys: tuple[CellKey, ...],
    numbers: NDArray[np.int64],
    step: int,
    processes: int,
    heard: Callable[[float], bool],
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
    with _placed(logits.values) as place:
        task = _Task(place, replace(logits, values=np.empty((0, 0))), plan, keys, numbers, step)
        with ProcessPoolExecutor(
            processes, context, initializer=_remember, initargs=(begun, finished)
        ) as pool:
            with _uninterrupted():
                parts = [pool.submit(_work, task) for _ in range(processes)]
            try:
                _listen(parts, lambda: finished.value, heard)
            finally:
                with begun.get_lock():
                    begun.value = len(numbers)  # nobody begins another block
            try:
                works = [part.result() for part in parts]
            except BrokenProcessPool as error:
                raise SoftauditError(
                    "a process ended before its work was done, perhaps for want of memory; "
                    "try --jobs 1"
                ) from error
    whole = Work(logits, plan, keys)
    for work in works:
        whole.merge(work)
    return whole, finished.value


def _listen(
    parts: list[Future[Work]], finished: Callable[[], int], heard: Callable[[float], bool]
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
    """Where another process finds the logits: an array in a file that it maps."""

    path: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]

    def open(self) -> NDArray[Any]:
        """Map the array."""
        with Path(self.path).open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return np.ndarray(self.shape, self.dtype, mapped, self.offset, self.strides)


@contextmanager
def _placed(values: NDArray[Any]) -> Iterator[_Place]:
    """Give the place of an array, in a temporary file if it is in memory alone."""
    root: Any = values
    while isinstance(root.base, np.ndarray):
        root = root.base
    if isinstance(root, np.memmap) and root.filename is not None:
        start, first = (a.__array_interface__["data"][0] for a in (values, root))
        offset = root.offset + start - first
        yield _Place(str(root.filename), offset, values.shape, values.strides, values.dtype)
        return
    with tempfile.NamedTemporaryFile(prefix="softaudit-") as file:
        whole = np.ascontiguousarray(values)
        try:
            file.write(whole.reshape(-1).view(np.uint8).data)
            file.flush()
        except OSError as error:
            raise SoftauditError(
                f"{tempfile.gettempdir()}: no room for {whole.nbytes} bytes that processes would "
                f"share ({error.strerror}); set TMPDIR, or try --jobs 1"
            ) from error
        yield _Place(file.name, 0, whole.shape, whole.strides, whole.dtype)


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
    work = Work(replace(task.about, values=task.place.open()), task.plan, task.keys)
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
