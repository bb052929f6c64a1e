"""Which dtypes are logits: what a .npy header calls them, and what to do about the others.

Headers are read against this table.  NumPy's own reading of them was rejected: it refuses `<f1`,
takes bfloat16 for raw bytes, and accepts records and objects that would have to be refused later.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from softaudit.errors import InputError
from softaudit.formats import FORMATS
from softaudit.sources.opening import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

Order = Literal["C", "F"]

LARGEST_INTEGER = 2**53
"""Up to here float64 holds every integer."""

_DESCR = re.compile(r"([<>=|]?)([a-zA-Z?])(\d{0,9})(\[.*\])?")

# What plain .npy makes of the dtypes that NumPy does not know by itself.
_FOREIGN = {"V2": "bfloat16", "V1": "float8_e4m3fn", "f1": "float8_e5m2"}
_NATIVE = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")

_AS_FLOAT64 = 'save it as float64: np.save("logits.npy", a.astype(np.float64))'
_AS_REAL = 'save the real part: np.save("logits.npy", a.real)'
_AS_FIELD = 'save one field as an array: np.save("logits.npy", a["field"])'
_AS_LIST = 'save it as float64: np.save("logits.npy", np.array(a.tolist(), dtype=np.float64))'
_REFUSED = {
    "b": f"boolean, not numbers; {_AS_FLOAT64}",
    "?": f"boolean, not numbers; {_AS_FLOAT64}",
    "c": f"complex, which has no softmax; {_AS_REAL}",
    "O": f"pickled Python objects, which are never loaded; {_AS_LIST}",
    "S": f"text, not numbers; {_AS_FLOAT64}",
    "a": f"text, not numbers; {_AS_FLOAT64}",
    "U": f"text, not numbers; {_AS_FLOAT64}",
    "T": f"text, not numbers; {_AS_FLOAT64}",
    "M": f"dates, not numbers; {_AS_FLOAT64}",
    "m": f"durations, not numbers; {_AS_FLOAT64}",
    "f": f"wider than float64; {_AS_FLOAT64}",
    "g": f"wider than float64; {_AS_FLOAT64}",
    "V": f"raw bytes, not numbers; {_AS_FLOAT64}",
}


def dtype_of(descr: object, place: str) -> np.dtype[Any]:
    """Give the dtype that a .npy header's `descr` stands for.

    Parameters
    ----------
    descr : object
        As in the header; a string for everything that can be logits.
    place : str
        What to call the array in a message.

    Returns
    -------
    dtype
        Of a format or of an integer, in the byte order of the file.

    Raises
    ------
    InputError
        For every other dtype, with what to do.

    Notes
    -----
    `V2` and `V1` are raw bytes to NumPy; here they are bfloat16 and float8_e4m3fn, which is what
    np.save makes of those.  They know no byte order of their own: see `is_swapped`.
    """
    if isinstance(descr, list | tuple):
        raise InputError(f"{place}: records with fields; {_AS_FIELD}")
    if isinstance(descr, str) and descr in FORMATS:
        return FORMATS[descr].dtype
    match = _DESCR.fullmatch(descr) if isinstance(descr, str) else None
    if match is None:
        raise InputError(f"{place}: unknown dtype {printable(repr(descr), 40)}; {_AS_FLOAT64}")
    order, kind, size, unit = match.groups()
    code = kind + size
    if not unit and code in _FOREIGN:
        return FORMATS[_FOREIGN[code]].dtype
    if not unit and code in _NATIVE:
        return np.dtype(order + code)
    reason = _REFUSED.get(kind, f"not a dtype of numbers; {_AS_FLOAT64}")
    raise InputError(f"{place}: dtype {printable(str(descr), 40)!r} is {reason}")


def is_swapped(descr: object) -> bool:
    """Tell whether a header's `descr` is bfloat16 in the byte order that is not this machine's."""
    return isinstance(descr, str) and descr[1:] == "V2" and not np.dtype(descr[0] + "u2").isnative


def as_real(values: NDArray[Any], place: str) -> NDArray[Any]:
    """Turn integers into float64, exactly, and leave floating-point numbers alone.

    Parameters
    ----------
    values : ndarray
        Of a dtype that `dtype_of` gives.
    place : str
        What to call the array in a message.

    Returns
    -------
    ndarray
        The same numbers, of a floating-point dtype.

    Raises
    ------
    InputError
        At the first integer beyond ±2^53, even if float64 happens to hold it: its neighbours it
        does not.
    """
    if values.dtype.kind not in "iu":
        return values
    if values.dtype.itemsize == np.dtype(np.int64).itemsize:
        beyond = values > LARGEST_INTEGER
        if values.dtype.kind == "i":
            beyond |= values < -LARGEST_INTEGER
        if beyond.any():
            index = tuple(map(int, np.unravel_index(np.argmax(beyond), values.shape)))
            raise InputError(
                f"{place}, index {index}: {values[index]} is beyond 2**53, where float64 skips "
                f"integers; if rounding is meant, {_AS_FLOAT64}"
            )
    return values.astype(np.float64)


def from_bytes(
    stored: NDArray[np.uint8], descr: object, shape: tuple[int, ...], place: str, order: Order = "C"
) -> NDArray[Any]:
    """Take bytes for the numbers that they are.

    Parameters
    ----------
    stored : ndarray of uint8
        As many as the shape wants; at any address.
    descr : object
        As in a .npy header; see `dtype_of`.
    shape : tuple of int
    place : str
        What to call the array in a message.
    order : "C" or "F"
        Which axis varies fastest: the last one, or the first.

    Returns
    -------
    ndarray
        A view of the bytes, but of integers, and of numbers in a byte order that NumPy does not
        know.

    Raises
    ------
    InputError
        As `dtype_of` and `as_real` do.
    """
    if is_swapped(descr):
        stored = stored.view(np.uint16).byteswap().view(np.uint8)
    return as_real(stored.view(dtype_of(descr, place)).reshape(shape, order=order), place)
