"""Who listens on standard error, and what is said there: never a reason for work to fail."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

MODES = ("auto", "always", "never")
"""auto: a bar on a terminal, but not under CI or TERM=dumb."""

SHOWN_AFTER = 1.0
"""Seconds in which work may end without a word."""

PLAIN_EVERY = 5.0
"""Seconds from line to line where none can be written over."""


class Listener:
    """What standard error is, and what is wanted of it.

    Parameters
    ----------
    mode : str
        One of `MODES`.

    Attributes
    ----------
    bar : bool
        Whether to show a bar.
    lines : bool
        Whether to print a line now and then.
    estimate : bool
        Whether to say before long work how long it will be.
    """

    def __init__(self, mode: str) -> None:
        closed = sys.stderr is None or sys.stderr.closed
        quiet = closed or bool(os.environ.get("CI")) or os.environ.get("TERM") == "dumb"
        terminal = not quiet and sys.stderr.isatty()
        wanted = not closed and (mode == "always" or (mode == "auto" and terminal))
        self.bar = wanted and terminal
        self.lines = wanted and not terminal
        self.estimate = wanted or (mode == "auto" and not quiet)


def say(line: str) -> None:
    """Say a line, if anybody is there to read it."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):  # a pipe that nobody reads, a file that is closed
            print(f"softaudit: {line}", file=sys.stderr, flush=True)  # noqa: T201
