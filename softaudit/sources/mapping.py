"""A file's bytes as arrays that cost no memory: views of one map of the file.

One map for each array was rejected: every map keeps a file open, and a file of a thousand tensors
would need a thousand.
"""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from softaudit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

CHUNK = 2**20
"""Bytes to read at once."""


class Mapped:
    """A seekable file, of which parts are wanted as arrays.

    Parts are read-only views of its map, or of the bytes that are in memory already.  Where the
    file system does not map, each part is read.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._whole = _map(file)

    def part(self, offset: int, count: int) -> NDArray[np.uint8]:
        """Give some bytes, which must be there."""
        if self._whole is not None:
            return self._whole[offset : offset + count]
        self._file.seek(offset)
        return read(self._file, count)


def _map(file: IO[bytes]) -> NDArray[Any] | None:
    if isinstance(file, io.BytesIO):
        return np.frombuffer(file.getvalue(), np.uint8)
    try:
        return np.memmap(file, np.uint8, "r")
    except (OSError, ValueError):  # not every file system maps
        return None


def read(file: IO[bytes], count: int) -> NDArray[np.uint8]:
    """Read some bytes into memory, or as many as there are."""
    stored = np.empty(count, np.uint8)
    done = 0
    for chunk in _chunks(file, count):
        stored[done : done + len(chunk)] = np.frombuffer(chunk, np.uint8)
        done += len(chunk)
    return stored[:done]


def unpack(file: IO[bytes], count: int, place: str) -> NDArray[np.uint8]:
    """Read some bytes, or as many as there are, into a temporary file, and give its map.

    The file has no name: nothing is left behind, however the process ends, and its room is free
    again once the array is gone.

    Parameters
    ----------
    file : binary file
    count : int
    place : str
        What to call the array in a message.

    Raises
    ------
    InputError
        If there is no room.
    """
    with _room(count, place):
        unpacked = tempfile.TemporaryFile(prefix="softaudit-", buffering=0)  # noqa: SIM115
    with unpacked:
        done = 0
        for chunk in _chunks(file, count):
            done += len(chunk)
            with _room(count, place):
                rest = memoryview(chunk)
                while rest:
                    rest = rest[unpacked.write(rest) :]
        return Mapped(unpacked).part(0, done)


@contextmanager
def _room(count: int, place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise InputError(
            f"{place}: {count} bytes cannot be unpacked into a temporary file ({reason}); set "
            "TMPDIR to a directory with room for them"
        ) from error


def _chunks(file: IO[bytes], count: int) -> Iterator[bytes]:
    while count > 0 and (chunk := file.read(min(CHUNK, count))):
        count -= len(chunk)
        yield chunk
