"""Progress on standard error, for work that takes more than a second."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODES = ("auto", "always", "never")
"""auto: a bar on a terminal, but not under CI or TERM=dumb."""

SHOWN_AFTER = 1.0
ESTIMATED_AFTER = 2.0
LONG = 30.0
"""Seconds from which work is long enough to name a way to less of it."""

SHORT = 10.0
PLAIN_EVERY = 5.0


class Progress:
    """What is told while sources are audited.

    Parameters
    ----------
    mode : str
        One of `MODES`.
    stopped : callable
        Says whether to stop; the answer that auditing gets.
    """

    def __init__(self, mode: str, stopped: Callable[[], bool]) -> None:
        self._stopped = stopped
        quiet = bool(os.environ.get("CI")) or os.environ.get("TERM") == "dumb"
        if sys.stderr is None:  # closed: nothing is said
            quiet, mode = True, "never"
        self._terminal = sys.stderr is not None and sys.stderr.isatty() and not quiet
        self._bar_wanted = mode == "always" or (mode == "auto" and self._terminal)
        self._estimate_wanted = self._bar_wanted or (mode == "auto" and not quiet)

    @contextmanager
    def of(self, name: str, rows: int, columns: int) -> Iterator[Callable[[float], bool]]:
        """Give what to tell how many rows of a source are done."""
        watch = _Watch(name, rows, columns)
        estimated, show = not self._estimate_wanted, self._show(watch)

        def heard(done: float) -> bool:
            nonlocal estimated
            watch.note(done)
            if not estimated and watch.elapsed > ESTIMATED_AFTER:
                estimated = True
                if watch.left > LONG:
                    print(watch.estimate(), file=sys.stderr)  # noqa: T201
            if watch.elapsed > SHOWN_AFTER:
                show(False)
            return self._stopped()

        try:
            yield heard
        finally:
            show(True)

    def _show(self, watch: _Watch) -> Callable[[bool], None]:
        if not self._bar_wanted:
            return lambda _: None
        return _Bar(watch).show if self._terminal else _Lines(watch).show


class _Watch:
    """How far the work is, and what that says of the rest."""

    def __init__(self, name: str, rows: int, columns: int) -> None:
        self.name, self.rows, self.columns = name, rows, columns
        self.done = 0.0
        self.elapsed = 0.0
        self._start = monotonic()
        self._first: tuple[float, float] | None = None

    def note(self, done: float) -> None:
        self.done = done
        self.elapsed = monotonic() - self._start
        self._first = self._first or (done, self.elapsed)

    @property
    def each(self) -> float:
        """Seconds for a row; what came before the first news is the start of processes as well."""
        done, elapsed = self._first or (0.0, 0.0)
        if self.done > done:
            return (self.elapsed - elapsed) / (self.done - done)
        return self.elapsed / max(self.done, 1e-9)

    @property
    def left(self) -> float:
        """Seconds, if the rest goes as what is done."""
        return self.each * (self.rows - self.done)

    @property
    def rate(self) -> str:
        rate = self.done * self.columns / max(self.elapsed, 1e-9)
        for size, letter in ((1e6, "M"), (1e3, "k")):
            if rate >= size:
                return f"{rate / size:.1f} {letter} logits/s"
        return f"{rate:.0f} logits/s"

    def estimate(self) -> str:
        """Give the line that is printed before long work."""
        few = int(float(f"{max(1, int(SHORT / self.each)):.0e}"))
        rows = "1 row" if self.rows == 1 else f"{self.rows} rows"
        text = (
            f"softaudit: {self.name}: {rows} of {self.columns} logits will take about "
            f"{duration(self.elapsed + self.left)}"
        )
        if few >= self.rows:
            return text
        return f"{text}; --sample {few} about {duration(self.each * few)}"

    @property
    def place(self) -> str:
        """How far it is, in words."""
        if self.rows == 1:
            return f"{100 * self.done:.0f} % of 1 row"
        return f"{int(self.done)} of {self.rows} rows"

    def line(self) -> str:
        """Give what a bar says, as one line."""
        left = f"{duration(self.left)} left"
        return f"{self.name}: {self.place}, {self.rate}, {left}"


class _Lines:
    """Progress where no line can be written over: one now and then."""

    def __init__(self, watch: _Watch) -> None:
        self._watch = watch
        self._next = SHOWN_AFTER

    def show(self, ended: bool) -> None:
        if not ended and self._watch.elapsed >= self._next:
            self._next = self._watch.elapsed + PLAIN_EVERY
            print(f"softaudit: {self._watch.line()}", file=sys.stderr)  # noqa: T201


class _Bar:
    """Progress on a terminal: a bar that is gone when the work is done."""

    def __init__(self, watch: _Watch) -> None:
        self._watch = watch
        self._bar: Any = None
        self._task: Any = None

    def show(self, ended: bool) -> None:
        if ended:
            if self._bar is not None:
                self._bar.stop()
            return
        if self._bar is None:
            self._begin()
        watch = self._watch
        self._bar.update(
            self._task,
            completed=watch.done,
            place=watch.place,
            rate=watch.rate,
            left=f"{duration(watch.left)} left",
        )

    def _begin(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        console = Console(stderr=True)
        console.width -= 3  # room for the ^C that a terminal shows
        name, place, rate, left = (
            TextColumn(f"{{task.{part}}}", markup=False)
            for part in ("description", "fields[place]", "fields[rate]", "fields[left]")
        )
        parts: list[Any] = [place, left]
        if console.width >= 45:
            parts = [place, rate, left]
        if console.width >= 60 + len(self._watch.name):
            parts = [name, BarColumn(bar_width=None), *parts]
        self._bar = Progress(*parts, console=console, transient=True, expand=True)
        self._task = self._bar.add_task(
            self._watch.name, total=self._watch.rows, place="", rate="", left=""
        )
        self._bar.start()


def duration(seconds: float) -> str:
    """Give a time as a person would: 12 s, 4 min, 2.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
