"""Read .npy: the header by hand, the data mapped.

`np.load` was rejected: it refuses float8_e5m2, gives bfloat16 as raw bytes, allocates what a
header claims, and ignores bytes that are left over.  The header is a Python literal by its
specification (NEP 1), so `ast.literal_eval` reads it, and no code in it ever runs.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from math import prod
from typing import IO, TYPE_CHECKING

from softaudit.errors import InputError
from softaudit.sources.dtypes import dtype_of, from_bytes
from softaudit.sources.mapping import Mapped
from softaudit.sources.opening import NPY, Found, Opened, printable, refuse_key

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from softaudit.sources.dtypes import Order
    from softaudit.sources.opening import Wanted

# Bytes of the header's length, and its encoding, by version.
_VERSIONS = {b"\x01\x00": (2, "latin-1"), b"\x02\x00": (4, "latin-1"), b"\x03\x00": (4, "utf-8")}
_LONGEST_HEADER = 10_000
_MOST_AXES = 32
_AGAIN = "write it again with np.save"


@dataclass(frozen=True, slots=True)
class Header:
    """What a .npy file says about itself, none of it checked against its data.

    Attributes
    ----------
    descr : object
        The dtype's description; a string, or a list for records.
    fortran_order : bool
        Whether the first axis varies fastest.
    shape : tuple of int
        Non-negative, of any size.
    offset : int
        Where the data begin, in bytes.
    """

    descr: object
    fortran_order: bool
    shape: tuple[int, ...]
    offset: int


def read(opened: Opened, key: Wanted) -> list[Found]:
    """Read a .npy file.

    Parameters
    ----------
    opened : Opened
        The file.
    key : str, tuple of str, or None
        Must be no string: there is one array.

    Returns
    -------
    list of Found
        The one array, mapped read-only where it lies in a file.

    Raises
    ------
    InputError
        If there is a key, or the bytes are not a whole .npy file of real numbers.
    """
    refuse_key(key, opened.name)

    def mapped(offset: int, count: int) -> NDArray[np.uint8]:
        return Mapped(opened.file).part(offset, count)

    return [decode(opened.file, opened.size, opened.name, mapped)]


def decode(
    file: IO[bytes],
    size: int,
    place: str,
    data: Callable[[int, int], NDArray[np.uint8]],
    key: str | None = None,
) -> Found:
    """Read one array in .npy format from a file's beginning to its end.

    Parameters
    ----------
    file : binary file
        At its beginning.
    size : int
        How many bytes it has, or claims to have.
    place : str
        What to call it in a message.
    data : callable
        Gives the file's bytes from an offset on, a number of them or as many as there are; asked
        once, when the file has been read up to that offset.
    key : str, optional
        Its name in the file that it is a part of.

    Returns
    -------
    Found
        Floating-point dtypes as they are, integers as float64.

    Raises
    ------
    InputError
        If header or data are not as the format wants them.

    Notes
    -----
    The size that shape and dtype ask for must be the size that is there: nothing is allocated for
    a claim, and no data are left unread.
    """
    header = read_header(file, place)
    dtype = dtype_of(header.descr, place)
    expected = prod(header.shape) * dtype.itemsize
    shape = printable(str(header.shape), 60)
    if expected != size - header.offset:
        raise InputError(
            f"{place}: {_bytes(expected)} of data expected for shape {shape} of {dtype.name}, "
            f"{_bytes(size - header.offset)} found; {_AGAIN}"
        )
    if expected == 0:
        raise InputError(f"{place}: shape {shape} has no elements; save at least one row")
    stored = data(header.offset, expected)
    if stored.size < expected:
        raise InputError(
            f"{place}: {expected} bytes of data expected, {stored.size} found; {_AGAIN}"
        )
    order: Order = "F" if header.fortran_order else "C"
    values = from_bytes(stored, header.descr, header.shape, place, order)
    return Found(values, dtype.name, key)


def read_header(file: IO[bytes], place: str) -> Header:
    """Read a .npy header.

    Parameters
    ----------
    file : binary file
        At its beginning; left where the data begin.
    place : str
        What to call it in a message.

    Returns
    -------
    Header
        Well-formed, and otherwise as the file has it.

    Raises
    ------
    InputError
        If it is truncated, longer than any honest one, or not a dictionary of the three entries.
    """
    magic, version = file.read(len(NPY)), file.read(2)
    if magic != NPY:
        raise InputError(f"{place}: not a .npy file (it starts with {magic!r}); {_AGAIN}")
    if version not in _VERSIONS:
        raise InputError(f"{place}: .npy version {version!r} is not known; {_AGAIN}")
    width, encoding = _VERSIONS[version]
    length = int.from_bytes(file.read(width), "little")
    if length > _LONGEST_HEADER:
        raise InputError(f"{place}: a header of {length} bytes, over {_LONGEST_HEADER}; {_AGAIN}")
    text = file.read(length)
    if len(text) < length or not length:
        raise InputError(f"{place}: {length} bytes of header expected, {len(text)} found; {_AGAIN}")
    return _parse_header(text, encoding, len(NPY) + 2 + width + length, place)


def _parse_header(text: bytes, encoding: str, offset: int, place: str) -> Header:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Python 2 wrote its long integers with an L.
            entries = ast.literal_eval(re.sub(r"(\d)L\b", r"\1", text.decode(encoding)))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        entries = None
    match entries:
        case {"descr": descr, "fortran_order": bool(order), "shape": tuple(shape), **rest} if (
            not rest and all(type(n) is int and n >= 0 for n in shape)
        ):
            if len(shape) > _MOST_AXES:
                raise InputError(
                    f"{place}: {len(shape)} axes, over {_MOST_AXES}; reshape it to rows"
                )
            return Header(descr, order, shape, offset)
    shown = printable(text.decode("latin-1").strip(), 60)
    raise InputError(f"{place}: {shown} is not a .npy header; {_AGAIN}")


def _bytes(count: int) -> str:
    return f"{count} bytes" if count < 10**18 else "over 10**18 bytes"
