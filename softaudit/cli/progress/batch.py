"""Progress of a batch: files and logits done, speed, time left, and a line for each file.

Time left goes by bytes, since nobody knows how many logits a file holds before it is read.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from softaudit.cli.progress.bar import BAR, Bar
from softaudit.cli.progress.listener import PLAIN_EVERY, SHOWN_AFTER, Listener, say
from softaudit.cli.progress.words import amount, left, rate, took
from softaudit.wording import count, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

ESTIMATED_AFTER = 2.0
ESTIMATED_FROM = 0.01
"""Seconds, and the share of the bytes to compute, from which time left is worth something."""

MOST_BYTES = 8
"""Of a logit; text apart, none takes more."""

_NAME_LENGTH = 32


class BatchProgress:
    """What is told while the files of a batch are audited, several of them at a time.

    Parameters
    ----------
    mode : str
        One of `MODES`.
    verbose : bool
        Whether to say a line for each file as it ends, wherever standard error goes.
    files : sequence of (str, int)
        Name, different for each, and size in bytes.

    Notes
    -----
    It never raises for what becomes of standard error.
    """

    def __init__(self, mode: str, verbose: bool, files: Sequence[tuple[str, int]]) -> None:
        listener = Listener(mode)
        self._state = state = _State(dict(files))
        self._verbose, self._lines = verbose, listener.lines
        self._bar = Bar(max(state.bytes, 1), _parts) if listener.bar else None
        self._start = monotonic()
        self._next = SHOWN_AFTER

    def __enter__(self) -> BatchProgress:
        """Take the time from here."""
        self._start = monotonic()
        return self

    def __exit__(self, *failure: Any) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.end()

    def begun(self, name: str) -> None:
        """Note that a file is in work."""
        self._state.begin(name)
        self.tick()

    def within(self, name: str, logits_done: float, logits: int) -> None:
        """Note how many logits are done of a file's array at hand, and how many that holds."""
        self._state.go_on(name, logits_done, logits)
        self.tick()

    def finished(self, name: str, logits: int, seconds: float, words: str = "") -> None:
        """Note that a file is audited, in so many seconds; `words` say what came of it."""
        self._state.finish(name, logits)
        self._ended(name, ", ".join(filter(None, (_logits(logits), took(seconds), words))))

    def skipped(self, name: str, reason: str) -> None:
        """Note that a file cannot be audited, and why."""
        self._state.skip(name)
        self._ended(name, f"skipped: {reason}")

    def taken_over(self, name: str, logits: int) -> None:
        """Note that a file was audited before."""
        self._state.take_over(name, logits)
        self._ended(name, f"{_logits(logits)}, taken over")

    def tick(self) -> None:
        """Show how far the work is, unless that was just done or nobody wants to know."""
        elapsed = monotonic() - self._start
        if self._bar is not None and elapsed >= SHOWN_AFTER:
            self._bar.show(self._state.bytes_over, self._state.texts())
        if self._lines and elapsed >= self._next:
            self._next = elapsed + PLAIN_EVERY
            texts = self._state.texts()
            say(", ".join(text for part in _SAID if (text := texts[part])))

    def _ended(self, name: str, what: str) -> None:
        if self._verbose:
            line = f"{self._state.ended}/{len(self._state.sizes)} {name}: {what}"
            (self._bar.above if self._bar is not None else say)(line)
        self.tick()


_SAID = ("place", "taken", "skipped", "logits", "rate", "left")


def _parts(width: int) -> tuple[str, ...]:
    """Choose what a bar shows on so many columns; numbers of files have up to five digits."""
    for least, parts in (
        (130, ("name", BAR, "place", "taken", "skipped", "logits", "rate", "left")),
        (75, (BAR, "place", "logits", "rate", "left")),
        (65, ("place", "logits", "rate", "left")),
        (50, ("place", "rate", "left")),
        (35, ("place", "left")),
    ):
        if width >= least:
            return parts
    return ("place",)


def _logits(number: int) -> str:
    return plain(count(number, "logit"))


class _State:
    """How far the files are, and what that says of the rest."""

    def __init__(self, sizes: dict[str, int]) -> None:
        self.sizes = sizes
        self.bytes = sum(sizes.values())
        self._finished = self._skipped = self._taken = 0
        self._bytes_finished = self._bytes_saved = 0
        self._logits_finished = self._logits_taken = 0
        self._within: dict[str, _File] = {}
        self._began: float | None = None

    def begin(self, name: str) -> None:
        self._began = monotonic() if self._began is None else self._began
        self._within[name] = _File(self.sizes[name])

    def go_on(self, name: str, done: float, logits: int) -> None:
        self._within[name].go_on(done, logits)

    def finish(self, name: str, logits: int) -> None:
        self._within.pop(name, None)
        self._finished += 1
        self._logits_finished += logits
        self._bytes_finished += self.sizes[name]

    def skip(self, name: str) -> None:
        self._within.pop(name, None)
        self._skipped += 1
        self._bytes_saved += self.sizes[name]

    def take_over(self, name: str, logits: int) -> None:
        self._taken += 1
        self._logits_taken += logits
        self._bytes_saved += self.sizes[name]

    @property
    def ended(self) -> int:
        """Files that nothing more is done about."""
        return self._finished + self._skipped + self._taken

    @property
    def bytes_over(self) -> float:
        """Bytes that nothing more is done about."""
        return self._bytes_computed + self._bytes_saved

    @property
    def _bytes_computed(self) -> float:
        return self._bytes_finished + sum(file.bytes for file in self._within.values())

    @property
    def _logits_computed(self) -> float:
        return self._logits_finished + sum(file.logits for file in self._within.values())

    def texts(self) -> dict[str, str]:
        """Give every part of what is shown; "" for one that there is nothing to say of."""
        computed = self._logits_computed
        elapsed = 0.0 if self._began is None else monotonic() - self._began
        return {
            "name": f"{_end_of(next(iter(self._within), '')):{_NAME_LENGTH}}",
            "place": f"{self.ended} of {plain(count(len(self.sizes), 'file'))}",
            "taken": f"{self._taken} taken over" if self._taken else "",
            "skipped": f"{self._skipped} skipped" if self._skipped else "",
            "logits": amount(computed + self._logits_taken),
            "rate": rate(computed, elapsed) if computed else "",
            "left": self._left(elapsed),
        }

    def _left(self, elapsed: float) -> str:
        """Say how long the rest takes, if its bytes take as long as those computed here."""
        wanted, done = self.bytes - self._bytes_saved, self._bytes_computed
        if elapsed < ESTIMATED_AFTER or done <= ESTIMATED_FROM * wanted:
            return ""
        return left(elapsed * (wanted - done) / done)


class _File:
    """How far a file in work is, of which nobody knows how many arrays are to come."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._before = self._done = 0.0
        self._array = 0
        self.bytes = 0.0

    def go_on(self, done: float, array: int) -> None:
        """Note how many of the array at hand are done; what is less than before is another's."""
        if done < self._done or array != self._array:
            self._before += self._array
        self._done, self._array = done, array
        share = self.logits / (self._before + array)
        self.bytes = max(self.bytes, min(share * self._size, MOST_BYTES * self.logits))

    @property
    def logits(self) -> float:
        """Logits that are done."""
        return self._before + self._done


def _end_of(name: str) -> str:
    return name if len(name) <= _NAME_LENGTH else f"…{name[1 - _NAME_LENGTH :]}"
