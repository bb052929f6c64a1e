"""Open what a word names: bytes with a name, a size and a hash, whatever they came from.

Readers get one kind of thing, a seekable binary file, so that none of them knows about pipes,
compression or standard input.  Streams are held in memory; the other way, a temporary file, was
rejected because a read-only container must be able to audit a pipe.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import stat
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from softaudit.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

NPY = b"\x93NUMPY"
ZIP = b"PK\x03\x04"
GZIP = b"\x1f\x8b"

UNPACKED_LIMIT = 2**30
"""Bytes that a .gz may unpack to: a few megabytes can claim a thousand times their size."""

_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Opened:
    """A source's bytes.

    Attributes
    ----------
    file : binary file
        Seekable, at its beginning.
    name : str
        What to call it in a message.
    suffix : str
        In lower case, without `.gz`; empty where there is no name.
    size : int
        In bytes.
    sha256 : str
        Of the bytes as they came, before any unpacking.
    """

    file: IO[bytes]
    name: str
    suffix: str
    size: int
    sha256: str

    def starts_with(self, magic: bytes) -> bool:
        """Tell whether the first bytes are these; the file stays at its beginning."""
        first = self.file.read(len(magic))
        self.file.seek(0)
        return first == magic

    def close(self) -> None:
        """Close the file; what is mapped from it stays."""
        self.file.close()


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """An array as it stands in its file.

    Attributes
    ----------
    values : ndarray
        Shape as in the file, of a floating-point dtype that float64 holds.
    format : str
        Number format in the file: a format's name, an integer dtype's, or "text".
    key : str or None
        Its name inside the file, where the file has several.
    """

    values: NDArray[Any]
    format: str
    key: str | None = None


def from_path(path: str, name: str) -> Opened:
    """Open a file, or take in what a named pipe delivers.

    Parameters
    ----------
    path, name : str
        Where it is, and what to call it.

    Returns
    -------
    Opened
        To be closed by the caller.

    Raises
    ------
    InputError
        If it is missing, not a file, not permitted, or empty.
    OSError
        If reading fails.
    """
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{name}: a directory; name the files in it")
        if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
            raise InputError(f"{name}: not a file; copy its bytes into one, or pipe them to -")
        file = Path(path).open("rb")  # noqa: SIM115  # closed by the caller
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise InputError(f"{name}: no such file") from error
    except PermissionError as error:
        raise InputError(f"{name}: permission denied; make it readable") from error
    if stat.S_ISFIFO(mode):
        with file:
            return replace(from_stream(file, name), suffix=suffix_of(path))
    return _hash(file, name, suffix_of(path))


def _hash(file: BinaryIO, name: str, suffix: str) -> Opened:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    size = file.tell()
    file.seek(0)
    if size == 0:
        file.close()
        raise InputError(f"{name}: an empty file (0 bytes); write it again")
    return Opened(file, name, suffix, size, digest.hexdigest())


def suffix_of(path: str) -> str:
    """Give a path's suffix in lower case, that before `.gz` if it ends so."""
    return Path(Path(path).name.lower().removesuffix(".gz")).suffix


def from_stream(stream: BinaryIO, name: str) -> Opened:
    """Take in a stream to its end.

    Parameters
    ----------
    stream : binary file
        Read to its end, and not closed.
    name : str
        What to call it.

    Returns
    -------
    Opened
        The bytes in memory.

    Raises
    ------
    InputError
        If there are none.
    OSError
        If reading fails.
    """
    data = stream.read()
    if not data:
        raise InputError(f"{name}: nothing to read (0 bytes); pipe the bytes of a file into it")
    return Opened(io.BytesIO(data), name, "", len(data), hashlib.sha256(data).hexdigest())


def unpack(opened: Opened) -> Opened:
    """Unpack gzip into memory.

    Parameters
    ----------
    opened : Opened
        Compressed bytes.

    Returns
    -------
    Opened
        The bytes inside; the hash stays that of the compressed ones.

    Raises
    ------
    InputError
        If they are truncated or corrupt, or unpack to nothing or to more than `UNPACKED_LIMIT`.
    """
    try:
        with gzip.GzipFile(fileobj=opened.file) as packed:
            data = packed.read(UNPACKED_LIMIT + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{opened.name}: not a whole gzip file; compress it again") from error
    if not data:
        raise InputError(f"{opened.name}: unpacks to nothing; write it again")
    if len(data) > UNPACKED_LIMIT:
        raise InputError(
            f"{opened.name}: unpacks to over {UNPACKED_LIMIT} bytes; unpack it first, with gunzip"
        )
    return replace(opened, file=io.BytesIO(data), size=len(data))


def printable(text: str, length: int | None = None) -> str:
    """Make text fit for a line: control characters escaped, and shortened where a length is given.

    Parameters
    ----------
    text : str
        Anything, lone surrogates included.
    length : int, optional
        How many characters to keep at most; the last one is then "…".

    Returns
    -------
    str
        One line that any terminal and any UTF-8 file takes.
    """
    if length is not None and len(text) > length:
        text = text[: length - 1] + "…"
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


Wanted = str | tuple[str, ...] | None
"""Which arrays of a file that knows them by names: see `keys.chosen`.

A tuple is meant for several files: one that holds an array without a name is taken as it is.
"""


def refuse_key(key: Wanted, name: str) -> None:
    """Refuse a key for a source that holds one array without a name.

    Raises
    ------
    InputError
        If there is a key.
    """
    if isinstance(key, str):
        shown = printable(key, 40)
        raise InputError(f"{name}: holds one array without a key; leave out --key {shown}")
