"""Progress of one source: rows done, speed, time left, and a way to less of it."""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from softaudit.cli.progress.bar import BAR, Bar
from softaudit.cli.progress.listener import PLAIN_EVERY, SHOWN_AFTER, Listener, say
from softaudit.cli.progress.words import duration, left, rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ESTIMATED_AFTER = 2.0
LONG = 30.0
"""Seconds from which work is long enough to name a way to less of it."""

SHORT = 10.0


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
        self._listener = Listener(mode)

    @contextmanager
    def of(
        self, name: str, rows: int, columns: int, *, starts: bool = False
    ) -> Iterator[Callable[[float], bool]]:
        """Give what to tell how many rows of a source are done.

        Where the work `starts` with other people's processes, its first news says nothing of how
        long the rest will take.
        """
        watch = _Watch(name, rows, columns)
        estimated, show = not self._listener.estimate, self._show(watch)

        def heard(done: float) -> bool:
            nonlocal estimated
            watch.note(done)
            telling = watch.elapsed > ESTIMATED_AFTER and (watch.is_paced or not starts)
            if telling and not estimated:
                estimated = True
                if watch.left > LONG:
                    say(watch.estimate())
            if watch.elapsed > SHOWN_AFTER:
                show(False)
            return self._stopped()

        try:
            yield heard
        finally:
            show(True)

    def _show(self, watch: _Watch) -> Callable[[bool], None]:
        if self._listener.bar:
            return _OnTerminal(watch).show
        return _Lines(watch).show if self._listener.lines else lambda _: None


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
    def is_paced(self) -> bool:
        """Whether there was news twice: the first has the start of processes in it."""
        return self._first is not None and self.done > self._first[0]

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
        return rate(self.done * self.columns, self.elapsed)

    def estimate(self) -> str:
        """Give the line that is printed before long work."""
        few = int(float(f"{max(1, int(SHORT / self.each)):.0e}"))
        rows = "1 row" if self.rows == 1 else f"{self.rows} rows"
        text = (
            f"{self.name}: {rows} of {self.columns} logits will take about "
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
        return f"{self.name}: {self.place}, {self.rate}, {left(self.left)}"


class _Lines:
    """Progress where no line can be written over: one now and then."""

    def __init__(self, watch: _Watch) -> None:
        self._watch = watch
        self._next = SHOWN_AFTER

    def show(self, ended: bool) -> None:
        if not ended and self._watch.elapsed >= self._next:
            self._next = self._watch.elapsed + PLAIN_EVERY
            say(self._watch.line())


class _OnTerminal:
    """Progress on a terminal."""

    def __init__(self, watch: _Watch) -> None:
        self._watch = watch
        self._bar = Bar(watch.rows, self._parts)

    def show(self, ended: bool) -> None:
        if ended:
            self._bar.end()
            return
        watch = self._watch
        texts = {"place": watch.place, "rate": watch.rate, "left": left(watch.left)}
        self._bar.show(watch.done, {"name": watch.name, **texts})

    def _parts(self, width: int) -> tuple[str, ...]:
        if width < 45:
            return ("place", "left")
        if width < 60 + len(self._watch.name):
            return ("place", "rate", "left")
        return ("name", BAR, "place", "rate", "left")
