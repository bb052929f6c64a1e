"""Who is asked: our own algorithms here, everybody else in processes of their own."""

from __future__ import annotations

from contextlib import ExitStack
from shlex import quote
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from softaudit import algorithms
from softaudit.algorithms import ALGORITHM_NAMES, ALGORITHMS
from softaudit.arithmetic import Evaluation
from softaudit.formats import FORMATS
from softaudit.implementations import (
    CPU,
    TIMEOUT,
    Answer,
    Interrupted,
    Runner,
    Unanswered,
    check_timeout,
    installed,
)
from softaudit.keys import make_key
from softaudit.model import Used
from softaudit.others import check_word, find_all
from softaudit.plan import DEFAULT_FUNCTIONS
from softaudit.problem import pose
from softaudit.studies.probes import NOT_ASKED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.implementations import Implementation
    from softaudit.studies.probes import Layout

OWN = ("naive", "stable")
"""Algorithms of ours that are asked where nobody is named."""

GIVEN_UP_AFTER = 3
"""Questions in a row on which somebody may waste time."""

WASTED = 5.0
"""Seconds from which a question without an answer is a waste of time; what raises is quicker."""


class Unasked(Exception):  # noqa: N818  it is none
    """What a respondent is not asked, and why."""


class Respondent(Protocol):
    """Somebody who answers questions, between being entered and left."""

    name: str
    functions: tuple[str, ...]
    formats: tuple[str, ...]
    usual: tuple[str, ...]
    """Functions that it is asked for where none is named."""
    not_asked: Mapping[str, str]
    """Probes that mean nothing to it, each with the reason."""

    @property
    def used(self) -> Used:
        """Who it is, as far as is known by now, and what it did beside answering."""

    def heed(self, stopped: Callable[[], bool]) -> None:
        """Await no answer for long once somebody has had enough."""

    def start(self) -> None:
        """Start what has to be started before it can be asked.

        Raises
        ------
        Unanswered
            If that fails.
        """

    def __enter__(self) -> Any:
        """Begin."""

    def __exit__(self, *failure: object) -> None:
        """End all that was started."""

    def ask(
        self,
        function: str,
        x: NDArray[np.float64],
        form: Format,
        *,
        layout: Layout = "contiguous",
        threads: int | None = None,
        afresh: bool = False,
    ) -> Answer:
        """Answer for some rows, numbers of the format.

        Parameters
        ----------
        function : str
            One of `functions`.
        x : ndarray of float64, shape (rows, columns)
        form : Format
            One of `formats`.
        layout : str
            How the rows lie in memory; see `softaudit.implementations.Runner.ask`.
        threads : int, optional
            How many may answer.
        afresh : bool
            Whether a process of its own answers.

        Raises
        ------
        Unasked
            If it takes no such rows.
        Unanswered
            If there is no answer; Interrupted if somebody has had enough.
        """


def _go_on() -> bool:
    return False


def lack(one: Respondent, function: str, form: str) -> str | None:
    """Say what a respondent lacks for a question, to be read after its name; None for nothing."""
    if function not in one.functions:
        return f"has no {function}"
    return None if form in one.formats else f"takes no {form}"


class Ours:
    """An algorithm of ours, whose every step is done in the format asked for.

    Parameters
    ----------
    name : str
        Of an algorithm, of whatever function.
    """

    not_asked: Mapping[str, str] = NOT_ASKED

    def __init__(self, name: str) -> None:
        self.name = name
        self.functions = tuple(function for function, of in ALGORITHMS.items() if name in of)
        self.usual = tuple(name for name in DEFAULT_FUNCTIONS if name in self.functions)
        self.formats = tuple(FORMATS)
        self._stopped: Callable[[], bool] = _go_on
        self.used = Used(name, command=name)

    def heed(self, stopped: Callable[[], bool]) -> None:
        """See `Respondent`."""
        self._stopped = stopped

    def start(self) -> None:
        """See `Respondent`: there is nothing to start."""

    def __enter__(self) -> Ours:
        """Begin: nothing is started."""
        return self

    def __exit__(self, *failure: object) -> None:
        """End: nothing was started."""

    def ask(
        self,
        function: str,
        x: NDArray[np.float64],
        form: Format,
        *,
        layout: Layout = "contiguous",  # noqa: ARG002  not asked, but for this
        threads: int | None = None,  # noqa: ARG002  the same
        afresh: bool = False,  # noqa: ARG002  it keeps nothing from one question to the next
    ) -> Answer:
        """See `Respondent`."""
        if self._stopped():
            raise Interrupted("was interrupted")
        if not x.size:
            raise Unasked("algorithms of softaudit's own take rows of one logit or more")
        key = make_key(function, form.name, self.name)
        problem = pose(x, key.arithmetic.posed, 1.0)
        values = algorithms.run(key, Evaluation(problem, key.arithmetic)).values
        return Answer(values.astype(np.float64), ())


class Theirs:
    """Somebody else's implementation, in a process for each way that needs one.

    What hangs or dies slowly on several questions in a row is not asked any more: it would take
    hours to learn nothing else.

    Parameters
    ----------
    implementation : Implementation
    timeout : float
        Seconds for an answer.
    """

    not_asked: Mapping[str, str] = {}

    def __init__(self, implementation: Implementation, timeout: float = TIMEOUT) -> None:
        self.name, self.usual = implementation.name, implementation.usual
        self.functions, self.formats = implementation.functions, implementation.formats
        self._implementation, self._timeout = implementation, timeout
        self._runners: dict[tuple[int | None, bool], Runner] = {}
        self._remarks: dict[str, dict[str, None]] = {}
        self._wasted = 0
        self._open = ExitStack()
        self._stopped: Callable[[], bool] = _go_on

    def heed(self, stopped: Callable[[], bool]) -> None:
        """See `Respondent`."""
        self._stopped = stopped

    def start(self) -> None:
        """See `Respondent`; whose process is asked in any other way starts when that is."""
        self._runner(None, afresh=False).start()

    def __enter__(self) -> Theirs:
        """Begin: a process starts when it is asked, if it has not been started."""
        return self

    def __exit__(self, *failure: object) -> None:
        """End every process."""
        self._open.close()

    @property
    def used(self) -> Used:
        """See `Respondent`."""
        told = next((r.about for r in self._runners.values() if r.about is not None), None)
        version, device = (told.version, told.device) if told else (None, None)
        remarks = {cell: tuple(of) for cell, of in self._remarks.items()}
        command = quote(self._implementation.word)
        return Used(self.name, version, device, remarks=remarks, command=command)

    def ask(
        self,
        function: str,
        x: NDArray[np.float64],
        form: Format,
        *,
        layout: Layout = "contiguous",
        threads: int | None = None,
        afresh: bool = False,
    ) -> Answer:
        """See `Respondent`."""
        if self._stopped():
            raise Interrupted("was interrupted")
        if self._wasted >= GIVEN_UP_AFTER:
            raise Unanswered(f"was given up after {GIVEN_UP_AFTER} questions that took too long")
        runner, begun = self._runner(threads, afresh), monotonic()
        try:
            answer = runner.ask(function, x, form, layout)
        except Interrupted:
            raise
        except Unanswered:
            self._wasted = self._wasted + 1 if monotonic() - begun > WASTED else 0
            raise
        self._wasted = 0
        if answer.remarks:
            of_cell = self._remarks.setdefault(f"{function}/{form.name}/{self.name}", {})
            of_cell |= dict.fromkeys(answer.remarks)
        return answer

    def _is_enough(self) -> bool:
        return self._stopped()

    def _runner(self, threads: int | None, afresh: bool) -> Runner:
        role = threads, afresh
        if role not in self._runners:
            runner = Runner(
                self._implementation,
                timeout=self._timeout,
                threads=threads,
                stopped=self._is_enough,
            )
            self._runners[role] = self._open.enter_context(runner)
        return self._runners[role]


def respondents(
    words: Sequence[str] = (), *, device: str = CPU, timeout: float = TIMEOUT
) -> tuple[Respondent, ...]:
    """Find those who are asked: by default, our naive and stable and the frameworks that are here.

    Parameters
    ----------
    words : sequence of str
        Names of our algorithms, of frameworks, or functions; see `softaudit.implementations.find`.
    device : str
        For those who take it; see `softaudit.others.find_all`.
    timeout : float
        Seconds for each answer of theirs.

    Raises
    ------
    OptionError
        If somebody cannot be found, if two have one name, if none takes the device, or for a
        timeout that is no positive finite number.
    """
    check_timeout(timeout)
    named = tuple(dict.fromkeys(words or (*OWN, *installed())))
    for word in named:
        check_word(word)
    found = find_all([word for word in named if word not in ALGORITHM_NAMES], device)
    theirs = {one.word: Theirs(one, timeout) for one in found}
    return tuple(theirs[word] if word in theirs else Ours(word) for word in named)


__all__ = ["Ours", "Respondent", "Theirs", "Unasked", "lack", "respondents"]
