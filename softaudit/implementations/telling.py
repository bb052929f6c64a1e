"""How the process of an implementation tells the judge, whatever became of it meanwhile."""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from contextlib import suppress

from softaudit.implementations.messages import LOST_PIPES


class Teller:
    """The pipe to the judge, written to as long as it is that pipe, and this that process.

    Parameters
    ----------
    descriptor : int
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._process = os.getpid()
        self._pipe = os.fstat(descriptor)
        self._flush = ctypes.CDLL(None).fflush

    def __call__(self, message: bytes) -> None:
        """Send a message, after what was printed before it."""
        if os.getpid() != self._process:
            os._exit(0)  # a copy that returned from the user's function as the original does
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        self._flush(None)
        unsent = memoryview(message)
        try:
            found = os.fstat(self._descriptor)
            if not stat.S_ISFIFO(found.st_mode) or found.st_ino != self._pipe.st_ino:
                os._exit(LOST_PIPES)
            while unsent:
                unsent = unsent[os.write(self._descriptor, unsent) :]
        except OSError:
            os._exit(LOST_PIPES)
