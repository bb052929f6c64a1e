"""Progress of questions that somebody is asked: a bar, and who is being asked."""

from __future__ import annotations

from time import monotonic

from softaudit.cli.progress.bar import BAR, Bar
from softaudit.cli.progress.listener import SHOWN_AFTER, Listener


class QuestionProgress:
    """What is told while one after the other is asked everything.

    Parameters
    ----------
    mode : str
        One of `MODES`.
    """

    def __init__(self, mode: str = "auto") -> None:
        self._wanted = Listener(mode).bar
        self._bar: Bar | None = None
        self._start = monotonic()

    def heard(self, name: str, done: int, whole: int) -> None:
        """Tell who is asked, and how many of their questions are done."""
        if self._wanted and monotonic() - self._start > SHOWN_AFTER:
            self._bar = self._bar or Bar(whole, _parts)
            self._bar.show(done, {"name": name, "place": f"{done} of {whole} questions"})

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.end()


def _parts(width: int) -> tuple[str, ...]:
    return ("name", BAR, "place") if width >= 45 else ("name", "place")
