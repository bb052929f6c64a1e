"""Outputs that somebody saved: read beside the logits, in their layout, row by row.

A file is as large as the logits are, so it stays mapped and is taken by blocks.  What a file says
is refused where it cannot be the answer to what is asked: by its shape in `fitting`, by its
numbers in `mistaken`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote, split
from typing import TYPE_CHECKING

from softaudit.errors import InputError
from softaudit.formats import FORMATS, round_to
from softaudit.implementations.fitting import in_layout
from softaudit.implementations.mistaken import refuse_other_answers
from softaudit.sources import naming, read_each
from softaudit.sources.keys import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from softaudit.formats import Format
    from softaudit.model import Function, Logits


@dataclass(frozen=True, slots=True, eq=False)
class OutputFile:
    """Outputs of one implementation, which a file or standard input has.

    Attributes
    ----------
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
    """

    name: str
    word: str
    format: Format
    values: Logits
    is_text: bool

    @property
    def sha256(self) -> str:
        """Of the bytes read."""
        return self.values.sha256


def read_outputs(
    word: str,
    logits: Logits,
    function: Function,
    *,
    form: Format | None = None,
    axis: int = -1,
    key: str | None = None,
    temperature: float = 1.0,
) -> list[OutputFile]:
    """Read somebody's outputs for some logits.

    Parameters
    ----------
    word : str
        A path, `-`, or literal outputs such as `[0.75, 0.25]`.
    logits : Logits
        What they are the outputs for.
    function : str
        softmax, log_softmax or logsumexp.
    form : Format, optional
        Their number format; by default that of their dtype.  A wider dtype is allowed, and so are
        integers, of a one-hot answer; decimals need it, having no dtype.
    axis : int
        The class axis, in both files.
    key : str, optional
        Which arrays, of a file that knows them by names: a name, or a pattern.
    temperature : float
        T, with which they should have been computed.

    Returns
    -------
    list of OutputFile
        One for each array.

    Raises
    ------
    InputError
        For what cannot be read, is not as large as the logits, or answers another question.

    Notes
    -----
    Numbers that the format does not have are kept, but for decimals: these are rounded once from
    float64, which gives what was printed with enough digits.  NaN and infinities are kept.
    """
    if word == "-" and logits.command == "-":
        raise InputError("<stdin>: the logits are read from it already; name a file of outputs")
    try:
        read = list(read_each(word, key=key))
    except InputError as error:
        raise InputError(str(error).replace("--key", "--outputs-key")) from error
    several = len(read) > 1
    return [_output(word, each, logits, function, form, axis, temperature, several=several)
            for each in read]  # fmt: skip


def _output(
    word: str,
    read: Logits,
    logits: Logits,
    function: Function,
    form: Format | None,
    axis: int,
    temperature: float,
    *,
    several: bool,
) -> OutputFile:
    try:
        place = place_of(read.name, read.key)
        own = _format(read, form, place)
        if read.format == "text":
            read = replace(read, values=round_to(read.values, own).astype(own.dtype))
        values = in_layout(read, logits, function, axis, place)
        output = OutputFile(_name(word, read), _word(read), own, values, read.format == "text")
        refuse_other_answers(values, own, logits, function, temperature, place)
    except InputError as error:
        if not several:
            raise
        raise InputError(f"{error}; or choose another array with --outputs-key") from error
    return output


def _format(read: Logits, form: Format | None, place: str) -> Format:
    """Give the format of outputs: the one named, if theirs has its numbers, or their own."""
    has_own = read.format in FORMATS
    if form is None and not has_own:
        what = "decimals have" if read.format == "text" else f"dtype {read.format} has"
        raise InputError(
            f"{place}: {what} no number format; name the one that the outputs were computed in "
            f"with --format ({', '.join(FORMATS)})"
        )
    own = FORMATS[read.format] if has_own else FORMATS["float64"]
    if form is not None and not own.holds(form):
        raise InputError(
            f"{place}: {own.name} does not hold the numbers of {form.name}; leave out --format, or "
            f"save the outputs as {form.name} before anything narrows them"
        )
    return own if form is None else form


def _word(read: Logits) -> str:
    key = f" --outputs-key {quote(read.key)}" if read.key else ""
    return read.command + key if read.command else ""


def _name(word: str, read: Logits) -> str:
    whole = {"-": "stdin"}.get(word, "literal" if naming.is_literal(word) else Path(word).name)
    return _as_name(whole + (f".{read.key}" if read.key else ""))


def _as_name(own: str) -> str:
    """Make a part of a cell's name, which is never an algorithm of ours."""
    plain = re.sub(r"[^\w.+-]", "_", own)
    if "." not in plain:
        return f"outputs.{plain}"
    return plain if re.match(r"\w", plain) else f"outputs{plain}"


def told_apart(files: Sequence[OutputFile]) -> list[OutputFile]:
    """Give outputs names of their own: of the same names, as many folders in front as it takes.

    Raises
    ------
    InputError
        If the same outputs are there twice.
    """
    apart = list(files)
    for folders in range(1, _MOST_FOLDERS):
        names = [file.name for file in apart]
        if len(set(names)) == len(names):
            return apart
        apart = [
            file if names.count(file.name) == 1 else replace(file, name=_in_folders(file, folders))
            for file in apart
        ]
    twice = next(name for name in names if names.count(name) > 1)
    raise InputError(f"{twice}: named twice; name each file of outputs once")


_MOST_FOLDERS = 32


def _in_folders(file: OutputFile, folders: int) -> str:
    """Give the name with so many of the folders that the file is in."""
    path = Path(*split(file.word)[:1]).absolute().parts[1:]
    key = f".{file.values.key}" if file.values.key else ""
    return _as_name("_".join(path[-1 - folders :]) + key)


__all__ = ["OutputFile", "read_outputs", "told_apart"]
