"""Read logits from files, standard input and the command line.

A reader turns bytes into arrays as they stand in the file; what all have in common (naming,
hashing, the class axis) is done once, in here.  The type is told by the first bytes and, where
those say nothing, by the suffix.  The other way round, by suffix alone, was rejected: it fails on
standard input and on every renamed file, and a name is the weaker evidence.

Nothing in here unpickles, and a header's claims are checked against the bytes at hand before
memory is asked for.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from softaudit.errors import InputError
from softaudit.model import Logits
from softaudit.sources import csv, literal, naming, npy, npz, opening, safetensors
from softaudit.sources.keys import place_of
from softaudit.sources.opening import Found, Opened, Wanted, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["SOURCES", "read", "read_each"]

Reader = Callable[[Opened, Wanted], Iterable[Found]]

SOURCES: Mapping[str, Reader] = {
    ".npy": npy.read,
    ".npz": npz.read,
    ".safetensors": safetensors.read,
    ".csv": csv.read,
    ".tsv": csv.read,
}
"""What is logits by its suffix, and what reads it; `.gz` may follow any of them."""

_PLAIN_TEXT = ("", ".txt", ".dat")
_TORCH = (
    "holds what PyTorch pickled, which is never loaded; in Python: "
    'np.save("logits.npy", tensor.float().numpy())'
)
_ADVICE = {
    ".pt": _TORCH,
    ".pth": _TORCH,
    ".bin": _TORCH,
    ".json": "JSON is read as saved results alone, by softaudit gate and diff; in Python: "
    'np.save("logits.npy", np.array(json.load(open(path)), dtype=np.float64))',
}


def read(
    word: str, *, axis: int = -1, key: str | None = None, stdin: BinaryIO | None = None
) -> list[Logits]:
    """Read what a word of the command line names.

    Parameters
    ----------
    word : str
        A path, `-` for standard input, or literal logits such as `[40, 0]`.  A file wins over a
        literal of the same spelling.
    axis : int
        The class axis in the file.
    key : str, optional
        Which arrays to read, from a file that knows them by names: a name, or a shell's pattern of
        names, such as `layer*`.
    stdin : binary file, optional
        What to read for `-`; the process's own standard input by default.

    Returns
    -------
    list of Logits
        One per array, in the order of the file, the class axis last.  Floating-point formats keep
        their dtype and byte order; integers and text arrive as float64, integers exactly, text
        rounded once.  The values are read-only, and mapped where they lie in a file as they are.

    Raises
    ------
    InputError
        If anything about the word or its bytes is not right; no other exception leaves.

    Notes
    -----
    NaN, ±inf and −0 are kept.  Arrays without an axis, or without elements, are refused.
    """
    return list(read_each(word, axis=axis, key=key, stdin=stdin))


def read_each(
    word: str,
    *,
    axis: int = -1,
    key: Wanted = None,
    stdin: BinaryIO | None = None,
    name: str | None = None,
    least_axes: int = 1,
) -> Iterator[Logits]:
    """Read what a word of the command line names, one array after the other.

    An array is read when it is asked for, and not kept: of a file of many, one at a time takes
    memory or room for temporary files.

    Parameters
    ----------
    word, axis, key, stdin
        As for `read`; of several keys, which may be comma lists, it is enough that a file has one.
    name : str, optional
        What to call the source in reports and messages, in place of the path as it was given.
    least_axes : int
        How many an array has to have: 1, or 0 where a single number is taken too, as it is.

    Yields
    ------
    Logits
        As for `read`.

    Raises
    ------
    InputError
        As for `read`, but of what is wrong with one array, only when it is asked for.
    """
    called, command = naming.names(word)
    # A message says the path as it was typed; a report never says an absolute one.
    as_typed = called if word == "-" or naming.is_literal(word) else printable(word)
    shown = as_typed if name is None else name

    def logits(array: Found) -> Logits:
        return Logits(
            values=_class_axis_last(array, axis, shown, least_axes),
            name=called if name is None else name,
            command=command,
            format=array.format,
            shape=array.values.shape,
            sha256=digest,
            key=None if array.key is None else printable(array.key),
            axis=axis,
        )

    with _refused(shown):
        if naming.is_literal(word):
            digest = hashlib.sha256(word.encode("utf-8", "surrogatepass")).hexdigest()
            yield from map(logits, literal.read(word, shown, key))
            return
        with closing(_open(word, shown, stdin)) as opened:
            digest = opened.sha256
            # map, unlike a loop, keeps none of the arrays.
            yield from map(logits, _read_opened(opened, key))


@contextmanager
def _refused(name: str) -> Iterator[None]:
    """Make one line of what the system refuses."""
    try:
        yield
    except OSError as error:
        reason = printable(error.strerror or str(error)).lower()
        raise InputError(f"{name}: {reason}; check the path and its disk") from error
    except MemoryError as error:
        raise InputError(f"{name}: does not fit in memory; save a part of it") from error


def _open(word: str, name: str, stdin: BinaryIO | None) -> Opened:
    if word == "-":
        return opening.from_stream(stdin or sys.stdin.buffer, name)
    return opening.from_path(word, name)


def _read_opened(opened: Opened, key: Wanted) -> Iterable[Found]:
    if opened.starts_with(opening.GZIP):
        opened = opening.unpack(opened)
    return _reader(opened)(opened, key)


def _reader(opened: Opened) -> Reader:
    if opened.starts_with(opening.NPY):
        return npy.read
    if safetensors.begins(opened.file):
        return safetensors.read
    # PyTorch's files are zip archives too, so here the suffix says more than the first bytes.
    if opened.starts_with(opening.ZIP) and _ADVICE.get(opened.suffix) is not _TORCH:
        return npz.read
    if opened.suffix in SOURCES:
        return SOURCES[opened.suffix]
    if opened.suffix in _PLAIN_TEXT:
        return csv.read
    known = ", ".join(SOURCES)
    advice = f'not a file type that is read ({known}); in Python: np.save("logits.npy", array)'
    raise InputError(f"{opened.name}: {_ADVICE.get(opened.suffix, advice)}")


def _class_axis_last(array: Found, axis: int, name: str, least_axes: int) -> NDArray[Any]:
    place = place_of(name, array.key)
    shape = "×".join(map(str, array.values.shape))
    axes = array.values.ndim
    if axes < least_axes:
        raise InputError(f"{place}: a single number without a class axis; save a row of them")
    if array.values.size == 0:
        raise InputError(
            f"{place}: shape {array.values.shape} has no elements; save at least one row"
        )
    if axes and not -axes <= axis < axes:
        raise InputError(
            f"{place}: axis {axis} is not there; the array is {shape}, "
            f"so choose --axis from {-axes} to {axes - 1}"
        )
    values = np.moveaxis(array.values, axis, -1) if axes else array.values
    values.flags.writeable = False
    return values
