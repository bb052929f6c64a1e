"""A line on a terminal that says how far the work is, and is gone when it is done."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from softaudit.cli.progress.listener import say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BAR = "bar"
"""The part that is drawn; all others are texts."""

_EVERY = 0.1


class Bar:
    """A bar with texts beside it.

    It is drawn by whoever calls, and not by a thread of its own: processes are started meanwhile.

    Parameters
    ----------
    total : float
        What there is to do.
    choose : callable
        Gives the parts to show on so many columns, in order: a narrow terminal drops parts whole.
    """

    def __init__(self, total: float, choose: Callable[[int], Sequence[str]]) -> None:
        self._total, self._choose = total, choose
        self._drawn: Any = None
        self._task: Any = None
        self._gone = False
        self._next = 0.0

    def show(self, done: float, texts: Mapping[str, str]) -> None:
        """Draw what is done, unless it was just drawn."""
        now = monotonic()
        if now >= self._next:
            self._next = now + _EVERY
            self._try(lambda: self._draw(done, texts))

    def above(self, line: str) -> None:
        """Say a line above the bar, if there is one yet."""
        if self._drawn is None:
            say(line)
        else:
            self._try(
                lambda: self._drawn.console.print(
                    f"softaudit: {line}", markup=False, highlight=False, emoji=False, soft_wrap=True
                )
            )

    def end(self) -> None:
        """Take the bar away."""
        if self._drawn is not None:
            self._try(self._drawn.stop)

    def _try(self, act: Callable[[], object]) -> None:
        """Do nothing more once the terminal is gone."""
        if not self._gone:
            try:
                act()
            except (OSError, ValueError):
                self._gone = True

    def _draw(self, done: float, texts: Mapping[str, str]) -> None:
        if self._drawn is None:
            self._begin(texts)
        self._drawn.update(self._task, completed=done, refresh=True, **texts)

    def _begin(self, texts: Mapping[str, str]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        console = Console(stderr=True)
        console.width -= 3  # room for the ^C that a terminal shows
        parts: list[Any] = [
            BarColumn(bar_width=None)
            if part == BAR
            else TextColumn(f"{{task.fields[{part}]}}", markup=False)
            for part in self._choose(console.width)
        ]
        self._drawn = Progress(
            *parts,
            console=console,
            auto_refresh=False,
            transient=True,
            expand=True,
            redirect_stdout=False,
        )
        self._task = self._drawn.add_task("", total=self._total, **texts)
        self._drawn.start()
