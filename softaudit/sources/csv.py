"""Read tables of numbers as text: .csv, .tsv, and anything piped in.

Numbers are Python's `float()`, which rounds correctly; the csv module knows the quoting.
`np.loadtxt` was rejected: it gives no column with its errors, and takes `#` and quotes its own
way.  The place of an error is looked for only once there is one, so that good files are read at
the speed of `float()`.
"""

from __future__ import annotations

import csv
import io
import math
from array import array
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from softaudit.errors import InputError
from softaudit.sources.dtypes import LARGEST_INTEGER
from softaudit.sources.opening import Found, Opened, printable, refuse_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from softaudit.sources.opening import Wanted

_BY_SUFFIX = {".csv": ",", ".tsv": "\t"}
_SNIFFED = (",", "\t", ";")


def read(opened: Opened, key: Wanted) -> list[Found]:
    """Read a table of numbers.

    Parameters
    ----------
    opened : Opened
        UTF-8 text, with or without a byte order mark.
    key : str, tuple of str, or None
        Must be no string: there is one table.

    Returns
    -------
    list of Found
        The one table as float64, shape (rows, columns), always of two axes.

    Raises
    ------
    InputError
        If there is a key, or at the first place that is not as it should be: undecodable, ragged,
        or not a number.

    Notes
    -----
    A first line without a single number is a header; lines before it that begin with `#` are
    comments.  Blank lines are skipped.  Commas separate a .csv, tabs a .tsv; elsewhere the first
    line decides between comma, tab, semicolon and blanks.  Numbers are written as `float()` takes
    them (inf and nan in any case) but in ASCII and without underscores.
    """
    refuse_key(key, opened.name)
    data = opened.file.read()
    _check_text(data, opened.name)
    delimiter = _BY_SUFFIX.get(opened.suffix) or _sniff(data)
    return [Found(_read_table(data, delimiter, opened.name), "text")]


def number(text: str) -> float:
    """Read one number.

    Parameters
    ----------
    text : str
        As in a file, blanks around it allowed.

    Returns
    -------
    float
        Correctly rounded; ±inf beyond the range of float64.

    Raises
    ------
    ValueError
        If it is not a number, or one in other digits than ASCII's, or with underscores.
    """
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return float(text)


def changed(text: str, value: float) -> str | None:
    """Say what is wrong where reading a number as float64 would silently make another of it.

    Parameters
    ----------
    text : str
        As in a file.
    value : float
        As read.

    Returns
    -------
    str or None
        Decimals are rounded, as everywhere; but integers convert exactly or are refused, and only
        what is written as infinite is.
    """
    bare = text.strip().lstrip("+-")
    if math.isinf(value) and "inf" not in bare.lower():
        return "is beyond the range of float64; write inf if that is meant"
    if bare.isdigit() and abs(value) >= LARGEST_INTEGER and Decimal(bare) > LARGEST_INTEGER:
        return "is beyond 2**53, where float64 skips integers; write a decimal point to round it"
    return None


def _check_text(data: bytes, name: str) -> None:
    try:
        data.decode("utf-8")
        position = data.find(b"\0")
        what = "a NUL byte"
    except UnicodeDecodeError as error:
        position = error.start
        what = f"byte 0x{data[position]:02x} is not UTF-8 text"
    if position >= 0:
        line = data.count(b"\n", 0, position) + 1
        raise InputError(f"{name}, line {line}: {what}; save the table as UTF-8 text")


def _sniff(data: bytes) -> str | None:
    """Give the delimiter of the first line that is not a comment; None for blanks."""
    for line in _lines(data):
        if line.strip() and not line.startswith("#"):
            return next((delimiter for delimiter in _SNIFFED if delimiter in line), None)
    return None


def _read_table(data: bytes, delimiter: str | None, name: str) -> NDArray[np.float64]:
    convert = float if data.isascii() and b"_" not in data else number
    numbers = array("d")
    first = columns = 0
    for line, fields in _records(data, delimiter, name):
        if not numbers and fields[0].startswith("#"):
            continue
        if not columns:
            first, columns = line, len(fields)
            # By float() itself: a row of numbers like 1_000 is to be refused, not taken for names.
            if not any(_is_number(field, float) for field in fields):
                _check_header(fields, f"{name}, line {line}")
                continue
        if len(fields) != columns:
            raise InputError(
                f"{name}, line {line}: {len(fields)} columns, {columns} expected as in line "
                f"{first}; give every row as many"
            )
        try:
            numbers.extend(map(convert, fields))
        except ValueError as error:
            raise InputError(_not_a_number(name, line, fields)) from error
    if not numbers:
        raise InputError(f"{name}: no line of numbers; write one row on each line")
    table = np.frombuffer(numbers, np.float64).reshape(-1, columns)
    if np.any(np.abs(table) >= LARGEST_INTEGER):
        _refuse_changed(data, delimiter, name)
    return table


def _check_header(fields: list[str], place: str) -> None:
    if len(fields) > 1 and not fields[0].strip():
        raise InputError(
            f"{place}: the first column has no name, as pandas writes its index; "
            "write the table without it (index=False)"
        )
    if len(fields) == 1 and any(mark in fields[0] for mark in _SNIFFED):
        raise InputError(
            f"{place}: '{printable(fields[0], 40)}' is one column; "
            "if another sign separates the columns, name the file .txt"
        )


def _refuse_changed(data: bytes, delimiter: str | None, name: str) -> None:
    for line, fields in _records(data, delimiter, name):
        for column, text in enumerate(fields, 1):
            reason = changed(text, number(text)) if _is_number(text) else None
            if reason is not None:
                place = f"{name}, line {line}, column {column}"
                raise InputError(f"{place}: {printable(text.strip(), 40)} {reason}")


def _lines(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")


def _records(data: bytes, delimiter: str | None, name: str) -> Iterator[tuple[int, list[str]]]:
    """Give each line that is not blank as its number and its fields."""
    if delimiter is None:
        for line, text in enumerate(_lines(data), 1):
            if fields := text.split():
                yield line, fields
        return
    reader = csv.reader(_lines(data), delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        for fields in reader:
            if len(fields) > 1 or (fields and fields[0].strip()):
                yield reader.line_num, fields
    except csv.Error as error:
        reason = printable(str(error), 60)
        raise InputError(f"{name}, line {reader.line_num}: {reason}; mend its quotes") from error


def _is_number(text: str, convert: Callable[[str], float] = number) -> bool:
    try:
        convert(text)
    except ValueError:
        return False
    return True


def _not_a_number(name: str, line: int, fields: list[str]) -> str:
    column = next(i for i, field in enumerate(fields, 1) if not _is_number(field))
    text = fields[column - 1]
    place = f"{name}, line {line}, column {column}"
    if not text.strip():
        return f"{place}: an empty field is not a number; write nan or -inf, or drop the delimiter"
    hint = "write a number, inf, -inf or nan"
    if any(mark in text for mark in _SNIFFED):
        hint = "if another sign separates the columns, name the file .txt"
    return f"{place}: '{printable(text, 40)}' is not a number; {hint}"
