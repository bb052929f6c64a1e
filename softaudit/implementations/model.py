"""The data types of somebody else's code: what is named, what it takes, what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

CPU = "cpu"
FUNCTIONS = ("softmax", "log_softmax", "logsumexp")
"""What implementations can be asked."""

USUAL = ("softmax", "log_softmax")
"""What frameworks are asked where nothing is named."""

TIMEOUT = 120.0
"""Seconds that an answer may take, with the first one the start and its imports too."""

LAYOUTS = ("contiguous", "transposed", "strided")
"""How an array may lie in memory when it is handed over."""


@dataclass(frozen=True, slots=True)
class Implementation:
    """Somebody else's code by its name: nothing of it is imported or started yet.

    Attributes
    ----------
    name : str
        As in a cell's name: a framework's, or `kernels.softmax`.
    word : str
        As on a command line: `torch`, `package.kernels:softmax`, `path/kernels.py:softmax`.
    device : str
        Where it runs: `cpu`, `cuda`, `cuda:1`, `mps`.
    functions : tuple of str
        What it can be asked; of a user's function all, since only the user knows which it is.
    formats : tuple of str
        The number formats that it can be asked in.
    """

    name: str
    word: str
    device: str
    functions: tuple[str, ...]
    formats: tuple[str, ...]

    def takes(self, function: str, form: str) -> bool:
        """Tell whether it can be asked for a function in a format."""
        return function in self.functions and form in self.formats

    @property
    def usual(self) -> tuple[str, ...]:
        """Functions that it is asked for where none is named.

        Of a framework softmax and log_softmax.  Of a user's function the one that its own name
        tells, `fused_log_softmax` or `my_logsumexp`, and softmax where it tells neither.
        """
        _, is_users, own = self.word.rpartition(":")
        if not is_users:
            return tuple(name for name in USUAL if name in self.functions)
        return (next((name for name in ("log_softmax", "logsumexp") if name in own), "softmax"),)


@dataclass(frozen=True, slots=True)
class About:
    """What a process said of itself when it had started.

    Attributes
    ----------
    name, word : str
        As of the implementation.
    version : str or None
        Of the framework, or of the user's package if it says one.
    device : str or None
        In full: `cpu`, or `cuda:0` with the name of the accelerator; None of a user's function,
        which alone knows where it computes.
    """

    name: str
    word: str
    version: str | None
    device: str | None


class Unanswered(Exception):  # noqa: N818 -- what became of a question, and not how it is raised
    """A question that got no answer.

    Attributes
    ----------
    reason : str
        One line, to be read after the implementation's name: `raises ValueError: ...`.
    detail : str
        The user's own traceback, or what a process that died had written; "" for neither.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class Interrupted(Unanswered):
    """A question that somebody had no time to wait for."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What an implementation returned.

    Attributes
    ----------
    values : ndarray of float64, shape (rows, columns), or (rows, 1) for logsumexp
        Numbers of the format that was asked in; NaN and infinities as they were returned.
    remarks : tuple of str
        What it did beside answering, such as `writes to its input`.
    """

    values: NDArray[np.float64]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Framework:
    """What a framework takes, told without importing it.

    Attributes
    ----------
    needs : tuple of str
        Modules that must be there, named as their distributions are; the first is its own.
    formats : tuple of str
        The number formats that all of its functions take.
    devices : tuple of str
        Kinds of devices.
    lacks : mapping of str to tuple of str
        By device, the formats that it does not take there.
    environment : mapping of str to str
        Variables that must be set before it is imported.
    functions : tuple of str
        What it can be asked.
    """

    needs: tuple[str, ...]
    formats: tuple[str, ...]
    devices: tuple[str, ...] = (CPU,)
    lacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    functions: tuple[str, ...] = FUNCTIONS


@dataclass(frozen=True, slots=True)
class Loaded:
    """An implementation in its own process, imported and ready.

    Attributes
    ----------
    version : str or None
    device : str or None
        In full; None where nobody can tell.
    call : callable
        From a function's name and an array, class axis last, to whatever is returned.
    """

    version: str | None
    device: str | None
    call: Callable[[str, NDArray[Any]], Any]


class Refused(Exception):  # noqa: N818 -- what became of a request, and not how it is raised
    """What our side of the process refuses, in one line for the user."""
