"""Somebody else's code, audited in place of an algorithm of ours.

Each framework has a file of its own, which says what it takes and imports it only where it runs:
in a process of its own, so that what sets flush-to-zero, crashes, prints, hangs or writes to its
input cannot touch the judge.  To add one is a file and a line in `IMPLEMENTATIONS`.

Importing into this process and guarding its state was rejected: that does not survive a
segmentation fault, and what a library does to the processor's rounding is not undone by asking.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from softaudit.errors import OptionError
from softaudit.implementations.model import (
    CPU,
    TIMEOUT,
    About,
    Answer,
    Framework,
    Implementation,
    Interrupted,
    Unanswered,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from softaudit.implementations.running import Runner

__all__ = [
    "CPU",
    "IMPLEMENTATIONS",
    "TIMEOUT",
    "About",
    "Answer",
    "Implementation",
    "Interrupted",
    "Runner",
    "Unanswered",
    "check_timeout",
    "find",
    "framework",
    "installed",
    "missing",
    "takes_device",
]

IMPLEMENTATIONS: Mapping[str, str] = {
    "scipy": "softaudit.implementations.scipy",
    "torch": "softaudit.implementations.torch",
    "jax": "softaudit.implementations.jax",
    "onnxruntime": "softaudit.implementations.onnxruntime",
}
"""Frameworks by name, and the module that knows them."""

FUNCTION = "package.module:function or path.py:function"
"""How a user's function is written."""


def __getattr__(name: str) -> Any:
    # What starts processes is not wanted by who asks for names alone, nor within such a process.
    if name == "Runner":
        return import_module("softaudit.implementations.running").Runner
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def find(word: str, device: str = CPU) -> Implementation:
    """Find an implementation by what a command line calls it; nothing of it is run.

    Parameters
    ----------
    word : str
        A framework's name, `package.module:function`, or `path.py:function`.
    device : str
        `cpu`, `cuda`, `cuda:1`, `mps`: where the framework takes it.

    Returns
    -------
    Implementation

    Raises
    ------
    OptionError
        For an unknown name, a framework that is not installed, a module or file that is not there,
        or a device that is not taken.  Whether a function is in its module, and a device in the
        machine, is only known once the process has started.
    """
    if word not in IMPLEMENTATIONS:
        if ":" not in word:
            raise OptionError(_unknown(word))
        from softaudit.implementations.function import find_function

        return find_function(word, device)
    about = framework(word)
    if absent := missing(about):
        raise OptionError(f"{absent} is not installed: pip install 'softaudit[{word}]'")
    if not takes_device(word, device):
        takes = ", ".join(about.devices)
        raise OptionError(f"{word} takes no device {device!r}: choose from {takes}")
    formats = tuple(f for f in about.formats if f not in about.lacks.get(device, ()))
    return Implementation(word, word, device, about.functions, formats)


def takes_device(word: str, device: str) -> bool:
    """Tell whether an implementation may be asked to run on a device."""
    kind, _, number = device.partition(":")
    is_one = device == kind or (kind == "cuda" and number.isdecimal())
    return word in IMPLEMENTATIONS and is_one and kind in framework(word).devices


def framework(name: str) -> Framework:
    """Give what a framework takes, told without importing it."""
    about: Framework = import_module(IMPLEMENTATIONS[name]).FRAMEWORK
    return about


def missing(about: Framework) -> str:
    """Name the first module that a framework needs and that is not here; "" if all are."""
    return next((name for name in about.needs if find_spec(name) is None), "")


def check_timeout(seconds: float) -> float:
    """Refuse a time for an answer that is no positive finite number of seconds.

    Raises
    ------
    OptionError
    """
    if not 0 < seconds < float("inf"):
        raise OptionError(f"timeout {seconds:g}: must be a positive finite number of seconds")
    return seconds


def installed() -> tuple[str, ...]:
    """Name the frameworks that are here."""
    return tuple(name for name in IMPLEMENTATIONS if not missing(framework(name)))


def _unknown(word: str) -> str:
    if word.endswith(".py"):
        return f"{word}: name a function in it, such as {word}:softmax"
    near = get_close_matches(word.lower(), IMPLEMENTATIONS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(IMPLEMENTATIONS)}"
    return f"unknown implementation {word!r}: {hint}{'' if near else f', or name {FUNCTION}'}"
