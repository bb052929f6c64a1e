"""Who is asked: the names and options of the studies that put questions to implementations."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from softaudit.cli import completion
from softaudit.cli.asking import Device, Names, Timeout
from softaudit.cli.options import several, split_places
from softaudit.errors import OptionError, UnjudgedError
from softaudit.implementations import CPU, TIMEOUT, Interrupted, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from softaudit.studies.respondents import Respondent


Functions = Annotated[
    Names,
    several(
        "function", "softmax and log_softmax by default, of a user's function what its name says."
    ),
]


@dataclass(frozen=True, slots=True)
class Respondents:
    """The options that say who is asked."""

    names: Annotated[
        Names,
        typer.Argument(
            metavar="NAME...",
            help="Algorithms such as naive, scipy, torch, jax, onnxruntime, "
            "package.module:function, path.py:function; by default naive, stable and the "
            "frameworks that are here.",
            show_default=False,
            autocompletion=completion.several("against"),
        ),
    ] = None
    device: Device = CPU
    timeout: Timeout = TIMEOUT

    def found(self) -> tuple[Respondent, ...]:
        """Find them.

        Raises
        ------
        OptionError
            If somebody is not there.
        """
        from softaudit.studies.respondents import respondents

        return respondents(split_places(self.names), device=self.device, timeout=self.timeout)

    @contextmanager
    def started(self, stopped: Callable[[], bool]) -> Iterator[tuple[Respondent, ...]]:
        """Start those who are found, so that who cannot be asked is told of before any work.

        Parameters
        ----------
        stopped : callable
            Says whether somebody has had enough.

        Raises
        ------
        UnjudgedError
            If somebody who was named does not start, or anybody on a device that was; who was not
            named is left out.
        """
        from softaudit.cli.progress.listener import say

        there = []
        with ExitStack() as ending:
            for one in self.found():
                one.heed(stopped)
                ending.enter_context(one)
                try:
                    one.start()
                except Interrupted:
                    pass  # the study asks nothing more
                except Unanswered as error:
                    if self.names or self.device != CPU:
                        raise UnjudgedError(f"{one.name}: {error.reason}") from error
                    say(f"{one.name} is left out: {error.reason}")
                    continue
                there.append(one)
            yield tuple(there)

    def check_asked(self, unasked: Mapping[str, str | None]) -> None:
        """Refuse to call it done where nothing was asked.

        Parameters
        ----------
        unasked : mapping of str to (str or None)
            By name, why somebody was asked nothing; None of who was asked something.

        Raises
        ------
        OptionError
            Of somebody who was named, or of everybody.
        """
        reasons = {name: reason for name, reason in unasked.items() if reason is not None}
        if reasons and (self.names or len(reasons) == len(unasked)):
            name, reason = next(iter(reasons.items()))
            raise OptionError(f"nothing was asked of {name}: {reason}")

    def files(self) -> list[str]:
        """Give the files that functions are in, which must not be written over."""
        return [file for name in split_places(self.names) if (file := name.rpartition(":")[0])]
