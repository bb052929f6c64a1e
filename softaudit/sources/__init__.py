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
from contextlib import closing
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from softaudit.errors import InputError
from softaudit.model import Logits
from softaudit.sources import csv, literal, naming, npy, npz, opening
from softaudit.sources.opening import Found, Opened, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

__all__ = ["SOURCES", "read"]

SOURCES: Mapping[str, Callable[[Opened, str | None], list[Found]]] = {
    ".npy": npy.read,
    ".npz": npz.read,
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
    ".safetensors": "safetensors is not supported yet; in Python: "
    'np.save("logits.npy", safetensors.numpy.load_file(path)["logits"])',
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
        Name of the one array to read, from a file that has several.
    stdin : binary file, optional
        What to read for `-`; the process's own standard input by default.

    Returns
    -------
    list of Logits
        One per array, in the order of the file, the class axis last.  Floating-point formats keep
        their dtype and byte order; integers and text arrive as float64, integers exactly, text
        rounded once.  The values are read-only, and mapped where a plain .npy file allows it.

    Raises
    ------
    InputError
        If anything about the word or its bytes is not right; no other exception leaves.

    Notes
    -----
    NaN, ±inf and −0 are kept.  Arrays without an axis, or without elements, are refused.
    """
    name, command = naming.names(word)
    # A message says the path as it was typed; a report never says an absolute one.
    shown = name if word == "-" or naming.is_literal(word) else printable(word)
    try:
        if naming.is_literal(word):
            digest = hashlib.sha256(word.encode("utf-8", "surrogatepass")).hexdigest()
            found = literal.read(word, shown, key)
        else:
            with closing(_open(word, shown, stdin)) as opened:
                digest = opened.sha256
                found = _read_opened(opened, key)
    except OSError as error:
        reason = printable(error.strerror or str(error)).lower()
        raise InputError(f"{shown}: {reason}; check the path and its disk") from error
    except MemoryError as error:
        raise InputError(f"{shown}: does not fit in memory; save a part of it") from error
    return [
        Logits(
            values=_class_axis_last(array, axis, shown),
            name=name,
            command=command,
            format=array.format,
            shape=array.values.shape,
            sha256=digest,
            key=array.key,
            axis=axis,
        )
        for array in found
    ]


def _open(word: str, name: str, stdin: BinaryIO | None) -> Opened:
    if word == "-":
        return opening.from_stream(stdin or sys.stdin.buffer, name)
    return opening.from_path(word, name)


def _read_opened(opened: Opened, key: str | None) -> list[Found]:
    if opened.starts_with(opening.GZIP):
        opened = opening.unpack(opened)
    return _reader(opened)(opened, key)


def _reader(opened: Opened) -> Callable[[Opened, str | None], list[Found]]:
    if opened.starts_with(opening.NPY):
        return npy.read
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


def _class_axis_last(array: Found, axis: int, name: str) -> NDArray[Any]:
    place = name if array.key is None else f"{name}, array {printable(array.key, 60)}"
    shape = "×".join(map(str, array.values.shape))
    axes = array.values.ndim
    if axes == 0:
        raise InputError(f"{place}: a single number without a class axis; save a row of logits")
    if array.values.size == 0:
        raise InputError(
            f"{place}: shape {array.values.shape} has no elements; save at least one row of logits"
        )
    if not -axes <= axis < axes:
        raise InputError(
            f"{place}: axis {axis} is not there; the array is {shape}, "
            f"so choose --axis from {-axes} to {axes - 1}"
        )
    values = np.moveaxis(array.values, axis, -1)
    values.flags.writeable = False
    return values


def read_each(word, *, axis=-1, key=None):
    yield from read(word, axis=axis, key=key)
