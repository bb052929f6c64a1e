"""The process of its own in which an implementation runs, seen from within.

After the implementation has been called nothing here may be relied on: not the processor's rounding
(so results leave as the bits they are, and are computed with elsewhere), not the working directory,
not the file descriptors, and not even that this is still the process that was asked.
"""

from __future__ import annotations

import atexit
import builtins
import faulthandler
import os
import signal
import sys
import threading
import time
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.implementations import IMPLEMENTATIONS, function
from softaudit.implementations.failures import failure
from softaudit.implementations.kept import Kept
from softaudit.implementations.messages import (
    BROKEN,
    DTYPES,
    LOST_PIPES,
    NO_MEMORY,
    pack,
    pack_array,
    read,
)
from softaudit.implementations.model import Loaded, Refused
from softaudit.implementations.returned import is_masked, returned
from softaudit.implementations.telling import Teller

if TYPE_CHECKING:
    from typing import BinaryIO

    from numpy.typing import NDArray

_LOOK_EVERY = 0.5


def main(questions: int, answers: int, parent: int) -> None:
    """Answer questions until there are no more.

    Parameters
    ----------
    questions, answers : int
        File descriptors of pipes.
    parent : int
        The process with whose end this one ends, even while it is being asked.
    """
    sys.argv[:] = ["softaudit"]
    _end_with(parent)
    _say_little()
    try:
        _answer_all(questions, Teller(answers), Kept(builtins, np))
    except MemoryError:
        os._exit(NO_MEMORY)
    except BaseException:  # of our own code, which other code has run beside
        os._exit(BROKEN)


def _answer_all(questions: int, tell: Teller, theirs: Kept) -> None:
    loaded: Loaded | None = None
    home = ""
    with os.fdopen(questions, "rb", closefd=False) as file:
        while (message := _next(file)) is not None:
            head, raw = message
            if loaded is None:
                loaded, home, told = _started(head, theirs)
            else:
                told = _answered(loaded, home, head, raw, theirs)
            tell(told)


def _next(file: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    try:
        return read(file)
    except (OSError, ValueError):  # closed, or another file by now
        os._exit(LOST_PIPES)


def _end_with(parent: int) -> None:
    """End, with everything that was started from here, when the judge is no more, or has done.

    Where there is a guard it is quicker; elsewhere this is all, and needs the interpreter's lock.
    """
    me = os.getpid()

    def end() -> None:
        if os.getpid() == me:
            os.killpg(0, signal.SIGKILL)

    def watch(look: Any = os.getppid, rest: Any = time.sleep) -> None:
        while look() == parent:
            rest(_LOOK_EVERY)
        end()

    atexit.register(end)
    threading.Thread(target=watch, daemon=True).start()


def _say_little() -> None:
    """Leave out what the audit measures itself, and where warnings come from."""
    faulthandler.enable(all_threads=False)
    warnings.simplefilter("ignore", RuntimeWarning)
    warnings.formatwarning = lambda message, kind, *_, **__: f"{kind.__name__}: {message}\n"


def _started(head: dict[str, Any], theirs: Kept) -> tuple[Loaded | None, str, bytes]:
    """Import what is asked for."""
    word = head["word"]
    try:
        if word in IMPLEMENTATIONS:
            module = import_module(IMPLEMENTATIONS[word])
            with theirs:
                loaded: Loaded = module.load(head["device"], head["threads"])
        else:
            loaded = function.load(word, theirs)
    except Refused as refused:
        return None, "", pack({"kind": "failure", "reason": str(refused), "detail": ""})
    except BaseException as error:
        return None, "", pack(_unstarted(word, error))
    home = "" if word in IMPLEMENTATIONS else function.home(word)
    version = None if loaded.version is None else loaded.version[:100]
    return loaded, home, pack({"kind": "started", "version": version, "device": loaded.device})


def _unstarted(word: str, error: BaseException) -> dict[str, Any]:
    if word in IMPLEMENTATIONS:
        return failure("does not start: ", error, "")
    place = word.rpartition(":")[0].rpartition("/")[2]
    what, hint = f"cannot be imported from {place}: ", function.renamed(word, error)
    return failure(what, error, function.home(word), hint=hint)


def _answered(loaded: Loaded, home: str, head: dict[str, Any], raw: bytes, theirs: Kept) -> bytes:
    """Ask, and describe what comes back."""
    x = laid_out(raw, DTYPES[head["dtype"]], tuple(head["shape"]), head["layout"])
    try:
        with theirs:
            result = loaded.call(head["function"], x)
    except SystemExit as error:
        return pack(failure(f"calls sys.exit({error.code!r})", error, home, named=False))
    except BaseException as error:
        return pack(failure("raises ", error, home))
    wrote = x.tobytes() != raw
    try:
        y = returned(result, head["function"], tuple(head["shape"]))
    except Refused as refused:
        return pack({"kind": "failure", "reason": str(refused), "detail": ""})
    except BaseException as error:
        kind = type(result).__name__
        return pack(failure(f"returns {kind}, of which NumPy makes no array: ", error, home))
    typed = not isinstance(result, list | tuple)
    told = {"kind": "answer", "wrote": wrote, "typed": typed, "masked": is_masked(result)}
    return pack_array(told, y)


def laid_out(raw: bytes, dtype: np.dtype[Any], shape: tuple[int, int], layout: str) -> NDArray[Any]:
    """Lay out an array in memory, to be written to by whoever gets it.

    Parameters
    ----------
    raw : bytes
        Row by row.
    layout : str
        See `softaudit.implementations.model.LAYOUTS`.
    """
    given = np.frombuffer(raw, dtype).reshape(shape)
    rows, columns = shape
    if layout == "transposed":
        x = np.empty((columns, rows), dtype).T
    elif layout == "strided":
        # What lies between is NaN, so that whoever reads it shows it.
        x = np.full((rows, 2 * columns), np.nan, dtype)[:, ::2]
    else:
        x = np.empty(shape, dtype)
    x[...] = given
    return x
