"""What a renderer may know of where its text will be read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Screen:
    """A place to read text.

    Attributes
    ----------
    width : int
        Columns of text.
    color : bool
        Whether escape sequences are understood and wanted.
    columns : tuple of str
        Table columns asked for by name; none means what the width allows.
    quiet : bool
        Only what was found, without tables.
    tables : bool
        False where a judgement is wanted alone.
    overview : bool
        Whether a report of many files ends with what all of them say.
    folder : str
        What names of files are relative to, seen from the root of the repository; "" is the root.
    """

    width: int = 80
    color: bool = False
    columns: tuple[str, ...] = ()
    quiet: bool = False
    tables: bool = True
    overview: bool = False
    folder: str = ""
