"""Who is asked: our own algorithms here, everybody else in processes of their own."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

from softaudit import algorithms
from softaudit.algorithms import ALGORITHMS
from softaudit.arithmetic import Evaluation
from softaudit.errors import OptionError
from softaudit.formats import FORMATS
from softaudit.implementations import IMPLEMENTATIONS, Runner, find
from softaudit.keys import known, make_key
from softaudit.problem import pose
from softaudit.studies.probed import Who
from softaudit.studies.probes import NOT_ASKED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.implementations import Answer, Implementation
    from softaudit.studies.probes import Layout

DEFAULT_ALGORITHMS = ("naive", "stable")
DEFAULT_FUNCTIONS = ("softmax", "log_softmax")


class Subject(Protocol):
    """Somebody who answers questions, between being entered and left."""

    name: str
    functions: tuple[str, ...]
    formats: tuple[str, ...]
    usual: tuple[str, ...]
    """Functions that it is asked for where none is named."""
    not_asked: Mapping[str, str]
    """Probes that mean nothing to it, each with the reason."""

    def __enter__(self) -> Any:
        """Begin."""

    def __exit__(self, *failure: Any) -> None:
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
    ) -> NDArray[np.float64]:
        """Answer for some rows, numbers of the format.

        Raises
        ------
        Unanswered
            If there is no answer.
        """

    def who(self) -> Who:
        """Say who it is, as far as is known by now."""


class Ours:
    """An algorithm of ours, in its default arithmetic.

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

    def __enter__(self) -> Ours:
        """Begin: nothing is started."""
        return self

    def __exit__(self, *failure: Any) -> None:
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
    ) -> NDArray[np.float64]:
        """See `Subject`."""
        key = make_key(function, form.name, self.name)
        problem = pose(x, key.arithmetic.posed.logits, 1.0)
        return algorithms.run(key, Evaluation(problem, key.arithmetic)).values

    def who(self) -> Who:
        """See `Subject`."""
        return Who(self.name, self.name)


class Theirs:
    """Somebody else's implementation, in a process for each way that needs one.

    Parameters
    ----------
    implementation : Implementation
    timeout : float, optional
        Seconds for an answer.
    """

    not_asked: Mapping[str, str] = {}

    def __init__(self, implementation: Implementation, timeout: float | None = None) -> None:
        self.name = implementation.name
        self.functions, self.formats = implementation.functions, implementation.formats
        self.usual = _usual(implementation)
        self._implementation = implementation
        self._more: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
        self._runners: dict[tuple[int | None, bool], Runner] = {}
        self._remarks: dict[str, None] = {}
        self._open = ExitStack()

    def __enter__(self) -> Theirs:
        """Begin: a process starts when it is asked."""
        return self

    def __exit__(self, *failure: Any) -> None:
        """End every process."""
        self._open.close()

    def ask(
        self,
        function: str,
        x: NDArray[np.float64],
        form: Format,
        *,
        layout: Layout = "contiguous",
        threads: int | None = None,
        afresh: bool = False,
    ) -> NDArray[np.float64]:
        """See `Subject`."""
        found: Answer = self._runner(threads, afresh).ask(function, x, form, layout)
        self._remarks |= dict.fromkeys(found.remarks)
        return found.values

    def _runner(self, threads: int | None, afresh: bool) -> Runner:
        role = threads, afresh
        if role not in self._runners:
            runner = Runner(self._implementation, threads=threads, **self._more)
            self._runners[role] = self._open.enter_context(runner)
        return self._runners[role]

    def who(self) -> Who:
        """See `Subject`."""
        told = next((r.about for r in self._runners.values() if r.about is not None), None)
        version, device = (told.version, told.device) if told else (None, None)
        word = self._implementation.word
        return Who(self.name, word, version, device, tuple(self._remarks))


def _usual(implementation: Implementation) -> tuple[str, ...]:
    """Take a user's function for what its name says, or else for a softmax."""
    if implementation.word in IMPLEMENTATIONS:
        return DEFAULT_FUNCTIONS
    own = implementation.word.rpartition(":")[2]
    return (next((name for name in ("log_softmax", "logsumexp") if name in own), "softmax"),)


def subjects(
    words: Sequence[str], *, device: str = "cpu", timeout: float | None = None
) -> tuple[Subject, ...]:
    """Find those who are asked: by default, our naive and stable and the frameworks that are here.

    Parameters
    ----------
    words : sequence of str
        Names of our algorithms, of frameworks, or functions; see `softaudit.implementations.find`.
    device : str
        Of implementations that are not ours; frameworks that nobody named and that do not take it
        stay out.
    timeout : float, optional
        Seconds for each answer of theirs.

    Raises
    ------
    OptionError
        If somebody cannot be found.
    """
    if words:
        found = [_subject(word, device, timeout) for word in dict.fromkeys(words)]
    else:
        ours = [_subject(word, device, timeout) for word in DEFAULT_ALGORITHMS]
        found = ours + [Theirs(there, timeout) for there in _installed(device)]
    names = [subject.name for subject in found]
    for name in names:
        if names.count(name) > 1:
            raise OptionError(f"{name}: two implementations have this name; ask them one by one")
    return tuple(found)


def _subject(word: str, device: str, timeout: float | None) -> Subject:
    every = tuple(dict.fromkeys(name for of in ALGORITHMS.values() for name in of))
    if word in every:
        return Ours(word)
    if not set(word) & set(".:/\\"):
        known(word, (*every, *IMPLEMENTATIONS), "algorithm or implementation")
    return Theirs(find(word, device), timeout)


def _installed(device: str) -> list[Implementation]:
    found = []
    for word in IMPLEMENTATIONS:
        try:
            found.append(find(word, device))
        except OptionError:
            continue
    return found


__all__ = ["Ours", "Subject", "Theirs", "subjects"]
