"""What a file of outputs is called, and which of several is meant.

Names stand in cells, where only some signs may, so that different files can come to the same one.
They are made of what was typed and of nothing else: a report is sent around, and the folders above
what was judged are nobody's business.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from softaudit.errors import InputError, OptionError
from softaudit.sources import naming
from softaudit.sources.keys import place_of
from softaudit.sources.opening import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from softaudit.formats import Format
    from softaudit.model import Logits


@dataclass(frozen=True, slots=True, eq=False)
class OutputFile:
    """Outputs of one implementation, which a file or standard input has.

    Attributes
    ----------
    typed : str
        The word of the command line that it was read from.
    name : str
        What stands for the algorithm in a cell's name: the file's own name, with the array's after
        it where the file has several; it has a dot, which no algorithm of ours has.
    word : str
        What names it again on a command line.
    format : Format
        The number format in which it is judged.
    values : Logits
        The outputs in the logits' layout, class axis last; of logsumexp an axis of length 1.
        Mapped where they lie in a file as they are.
    is_text : bool
        Whether they were decimals, which are rounded to the format.
    remarks : tuple of str
        What is to be known of them, each to be read after their name.
    """

    typed: str
    name: str
    word: str
    format: Format
    values: Logits
    is_text: bool
    remarks: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Of the bytes read."""
        return self.values.sha256

    @property
    def place(self) -> tuple[str, str | None]:
        """What tells it from all others: the file, however it is spelled, and the array."""
        return _file(self.typed), self.values.key


def name_of(word: str, key: str | None) -> str:
    """Name outputs by the word that they are read from, and the array's own name."""
    return _as_name(_own_name(word) + _suffix(key))


def _own_name(word: str) -> str:
    return {"-": "stdin"}.get(word, "literal" if naming.is_literal(word) else Path(word).name)


def _suffix(key: str | None) -> str:
    return f".{key}" if key else ""


def _as_name(own: str) -> str:
    """Make a part of a cell's name, which is never an algorithm of ours."""
    plain = _plain(own)
    if "." not in plain:
        return f"outputs.{plain}"
    return plain if re.match(r"\w", plain) else f"outputs{plain}"


def _plain(text: str) -> str:
    return re.sub(r"[^\w.+-]", "_", text)


def _file(word: str) -> str:
    is_path = word != "-" and not naming.is_literal(word)
    return os.path.abspath(word) if is_path else word  # noqa: PTH100  links stay what they are


def told_apart(files: Sequence[OutputFile]) -> list[OutputFile]:
    """Give outputs names of their own.

    Of the same names, as many of the folders that were typed stand in front as it takes; where
    that does not help, since only signs differ that no name has, the later ones get a number.

    Raises
    ------
    InputError
        If the same outputs are there twice.
    """
    _refuse_twice(files)
    folders = [_folders(file.typed) for file in files]
    names = [file.name for file in files]
    for depth in range(1, max(map(len, folders), default=0) + 1):
        alike = [
            {f[-depth:] for f, other in zip(folders, names, strict=True) if other == name}
            for name in names
        ]
        names = [
            name if len(ends) < 2 else _in_folders(file, own[-depth:])
            for file, name, own, ends in zip(files, names, folders, alike, strict=True)
        ]
    return [replace(file, name=name) for file, name in zip(files, _numbered(names), strict=True)]


def _refuse_twice(files: Sequence[OutputFile]) -> None:
    known: dict[tuple[str, str | None], OutputFile] = {}
    for file in files:
        if file.place in known:
            first, again = _typed(known[file.place]), _typed(file)
            told = "named twice" if first == again else f"the same outputs as {first}"
            raise InputError(f"{again}: {told}; name each file of outputs once")
        known[file.place] = file


def _typed(file: OutputFile) -> str:
    return place_of(printable(file.typed), file.values.key)


def _folders(word: str) -> tuple[str, ...]:
    """Give the folders in a word as they can stand in a name."""
    if word == "-" or naming.is_literal(word):
        return ()
    parts = Path(os.path.normpath(word)).parent.parts
    return tuple(_plain(part) for part in parts if part not in ("..", os.sep))


def _in_folders(file: OutputFile, folders: tuple[str, ...]) -> str:
    return _as_name("_".join((*folders, _own_name(file.typed))) + _suffix(file.values.key))


def _numbered(names: Sequence[str]) -> list[str]:
    """Give the second and later ones of a name the least number that makes another of it."""
    own = list[str]()
    for name in names:
        others = (f"{name}.{number}" for number in count(2))
        free = next(other for other in others if other not in names and other not in own)
        own.append(free if name in own else name)
    return own


def trusted_among(word: str, files: Sequence[OutputFile]) -> OutputFile | None:
    """Find the outputs that somebody trusts.

    Parameters
    ----------
    word : str
        Their name, the words that name them, or their file, however it is spelled.
    files : sequence of OutputFile
        Told apart.

    Returns
    -------
    OutputFile or None
        None for what is neither outputs nor a file.

    Raises
    ------
    OptionError
        If it may be several of them, or is a file that is not among them.
    """
    exact = [file for file in files if word in (file.name, file.word)]
    found = exact or [f for f in files if _file(word) == f.place[0] or word == _first_name(f)]
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise OptionError(f"--against {printable(word)}: may be several outputs: choose {names}")
    if not found and os.path.isfile(word) and not word.endswith(".py"):  # noqa: PTH113
        raise OptionError(f"--against {printable(word)}: not among OUTPUTS; name it there too")
    return found[0] if found else None


def _first_name(file: OutputFile) -> str:
    return name_of(file.typed, file.values.key)


__all__ = ["OutputFile", "name_of", "told_apart", "trusted_among"]
