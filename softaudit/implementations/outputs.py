"""Outputs that somebody saved: read beside the logits, in their layout, row by row.

A file is as large as the logits are, so it stays mapped and is taken by blocks.  What a file says
is refused where it cannot be the answer to what is asked: by its shape in `fitting`, by its
numbers in `mistaken`.
"""

from __future__ import annotations

from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING, Any

from softaudit.errors import InputError
from softaudit.formats import FORMATS, round_to
from softaudit.implementations.fitting import in_layout
from softaudit.implementations.mistaken import refuse_other_answers
from softaudit.implementations.narrower import narrower_numbers
from softaudit.implementations.output_file import (
    OutputFile,
    name_of,
    told_apart,
    trusted_among,
)
from softaudit.sources import read_each
from softaudit.sources.keys import matching, parts, place_of
from softaudit.sources.opening import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from softaudit.formats import Format
    from softaudit.model import Function, Logits
    from softaudit.sources.opening import Wanted


def read_all(
    words: Sequence[str], logits: Logits, function: Function, *, keys: tuple[str, ...], **rest: Any
) -> list[OutputFile]:
    """Read all outputs of a command line, and tell them apart.

    Parameters
    ----------
    words : sequence of str
    logits, function, rest
        See `read_outputs`.
    keys : tuple of str
        Names and patterns of arrays, also comma lists of them, of the files that know arrays by
        names; all arrays if there are none.

    Raises
    ------
    InputError
        As `read_outputs` does; if one of the keys is in no file; or if outputs are there twice.
    """
    wanted = keys or None
    read = [
        one for word in words for one in read_outputs(word, logits, function, key=wanted, **rest)
    ]
    _check_found(keys, read)
    return told_apart(read)


def _check_found(words: tuple[str, ...], read: Sequence[OutputFile]) -> None:
    keys = [one.values.key for one in read if one.values.key is not None]
    for word in words:
        for part in parts(keys, word):
            if not matching(keys, part):
                shown = printable(part, 40)
                raise InputError(f"--outputs-key {shown}: none of the outputs has such an array")


def read_outputs(
    word: str,
    logits: Logits,
    function: Function,
    *,
    form: Format | None = None,
    axis: int = -1,
    key: Wanted = None,
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
    key : str or tuple of str, optional
        Which arrays, of a file that knows them by names: a name, or a pattern.  One of a tuple is
        enough, and a file that holds one array without a name is taken as it is.
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
        read = list(read_each(word, key=key, least_axes=0))
    except InputError as error:
        raise InputError(_of_outputs(str(error))) from error
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
        laid_out = in_layout(read, logits, function, axis, place)
        own = _format(read, form, place)
        values = _rounded(laid_out, own) if read.format == "text" else laid_out
        refuse_other_answers(values, own, logits, function, temperature, place)
        remarks = narrower_numbers(values, own) if form is None else ()
    except InputError as error:
        if not several:
            raise
        raise InputError(f"{error}; or choose another array with --outputs-key") from error
    name, again = name_of(word, read.key), _word(read)
    return OutputFile(word, name, again, own, values, read.format == "text", remarks)


def _of_outputs(told: str) -> str:
    """Say of outputs what is said of logits."""
    return told.replace("--key", "--outputs-key").replace(
        _SAVED, _SAVED.replace("logits", "outputs")
    )


_SAVED = 'np.save("logits.npy"'


def _rounded(outputs: Logits, form: Format) -> Logits:
    values = round_to(outputs.values, form).astype(form.dtype)
    values.flags.writeable = False
    return replace(outputs, values=values)


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


__all__ = ["OutputFile", "read_all", "read_outputs", "told_apart", "trusted_among"]
