"""The process of its own in which an implementation runs, seen from the judge.

Questions and answers travel through two pipes of their own, so that what is printed is never taken
for an answer.  It leads a session, and with it a group of processes: Ctrl-C in a terminal does not
reach it, and whatever it starts ends with it.  POSIX alone: file descriptors are handed down.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from softaudit.implementations.messages import BROKEN, LOST_PIPES, NO_MEMORY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from softaudit.implementations.messages import Incoming

MOST_OUTPUT = 2048
"""Bytes that are kept of what is printed."""

_START = (
    "import sys; sys.path[:] = sys.argv[4:]; given = [*map(int, sys.argv[1:4])]; "
    "from softaudit.implementations.guard import guard; guard(*given); "
    "from softaudit.implementations.worker import main; del sys.path[0]; main(*given)"
)
_OURS = str(Path(__file__).parents[2])
"""Where this very softaudit is, of which there may be others further on in the path."""

PATIENCE = 1.0
"""Seconds that an answer may still take when somebody has had enough."""

_LISTEN_EVERY = 0.1
_MOST_AT_ONCE = 1 << 16
_TO_END = 1.0


class Late(Exception):  # noqa: N818 -- what happened, and not how it is raised
    """No answer in time."""


class Ended(Exception):  # noqa: N818 -- what happened, and not how it is raised
    """The process ended, or can answer no more; in words."""


class Process:
    """A process that answers questions.

    Parameters
    ----------
    environment : mapping of str to str
        Variables that it has beside those of this process.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        its_questions, self._ask = os.pipe()
        self._told, its_answers = os.pipe()
        theirs = (its_questions, its_answers)
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-c",
                    _START,
                    *map(str, (*theirs, os.getpid())),
                    _OURS,
                    *sys.path,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=theirs,
                start_new_session=True,
                env={**os.environ, **environment},
            )
        except BaseException:
            os.close(self._ask)
            os.close(self._told)
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        assert self._process.stdout is not None
        self._output = self._process.stdout.fileno()
        for descriptor in (self._ask, self._told, self._output):
            os.set_blocking(descriptor, False)
        self._unsent = memoryview(b"")
        self.printed = bytearray()

    def exchange(
        self, sent: bytes, incoming: Incoming, deadline: float, stopped: Callable[[], bool]
    ) -> None:
        """Send a message, and take the one that comes back.

        Once `stopped` says so, what comes has to come soon.

        Raises
        ------
        Late
            If it is not complete by the deadline, a reading of `time.monotonic`.
        Ended
            If the process ended first.
        Junk
            If what comes back is no message.
        """
        self._unsent, soon = memoryview(sent), None
        self.printed.clear()
        with selectors.DefaultSelector() as ready:
            ready.register(self._ask, selectors.EVENT_WRITE, self._write)
            ready.register(self._told, selectors.EVENT_READ, partial(self._take, incoming))
            ready.register(self._output, selectors.EVENT_READ, self._listen)
            while not incoming.complete:
                self._go_on(ready, deadline)
                if soon is None and stopped():
                    soon = monotonic() + PATIENCE
                    deadline = min(deadline, soon)
        self._listen_to_the_rest()

    def _go_on(self, ready: selectors.BaseSelector, deadline: float) -> None:
        """Wait for one of the pipes, and read from it or write to it."""
        over = self.is_over()
        left = deadline - monotonic()
        if left <= 0:
            raise Late
        keys = [key for key, _ in ready.select(0 if over else min(left, _LISTEN_EVERY))]
        for key in keys:
            if not key.data():
                ready.unregister(key.fileobj)
        if over and self._told not in [key.fd for key in keys]:
            self._listen_to_the_rest()
            raise Ended(ending(self._process.returncode))

    def _write(self) -> bool:
        """Write some of the question, and tell whether any of it is left."""
        try:
            self._unsent = self._unsent[os.write(self._ask, self._unsent) :]
        except BlockingIOError:
            pass
        except BrokenPipeError:  # it has ended, or soon will
            return False
        return bool(self._unsent)

    def _take(self, incoming: Incoming) -> bool:
        """Take some of the answer, and tell whether there may be more."""
        with suppress(BlockingIOError):
            part = os.read(self._told, min(incoming.wanted(), _MOST_AT_ONCE))
            if not part:
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(_TO_END)
                self._listen_to_the_rest()
                raise Ended(ending(self._process.poll()))
            incoming.take(part)
        return True

    def _listen(self) -> bool:
        """Read some of what was printed, and tell whether there may be more."""
        part = self._heard()
        return part is None or bool(part)

    def _listen_to_the_rest(self) -> None:
        # What is printed before the answer is all in the pipe; others may go on printing.
        for _ in range(64):
            if not self._heard():
                return

    def _heard(self) -> bytes | None:
        """Read some of what was printed, and keep its beginning; None if nothing is there yet."""
        try:
            part = os.read(self._output, _MOST_AT_ONCE)
        except BlockingIOError:
            return None
        self.printed += part[: MOST_OUTPUT - len(self.printed)]
        return part

    def is_over(self) -> bool:
        """Tell whether it has ended by itself."""
        return self._process.poll() is not None

    def end(self, *, at_once: bool = False) -> None:
        """End the process, and all that it started and that has not left its group.

        Parameters
        ----------
        at_once : bool
            Whatever it is doing; otherwise it has a second for what it does when it ends.
        """
        for descriptor in (self._ask, self._told):
            os.close(descriptor)
        assert self._process.stdout is not None
        self._process.stdout.close()
        if not at_once:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_TO_END)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


_OWN_CODES = {
    LOST_PIPES: "closed the file descriptors through which it answers",
    BROKEN: "leaves Python or NumPy broken, so that what it returns cannot be told",
    NO_MEMORY: "leaves too little memory to tell what it returns",
}


def ending(code: int | None) -> str:
    """Say how a process ended."""
    code = LOST_PIPES if code is None else code
    if code in _OWN_CODES:
        return _OWN_CODES[code]
    if code >= 0:
        return f"ended its process with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    memory = ", perhaps for want of memory" if -code == signal.SIGKILL else ""
    return f"was ended by signal {name}{memory}"
