"""Arrays that their file knows by names: which of them are asked for, and what to call them."""

from __future__ import annotations

from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from softaudit.errors import InputError
from softaudit.sources.opening import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from softaudit.sources.opening import Wanted

_MOST_LISTED = 20


def matching(keys: Sequence[str], word: str) -> list[str]:
    """Give the arrays that have a name or, if none has it, fit it as a shell's pattern."""
    return [each for each in keys if each == word] or [k for k in keys if fnmatchcase(k, word)]


def parts(keys: Sequence[str], word: str) -> list[str]:
    """Take a comma list of names and patterns apart; what is the name of an array is none."""
    return [word] if matching(keys, word) else [part.strip() for part in word.split(",")]


def chosen(keys: Sequence[str], key: Wanted, name: str) -> list[str]:
    """Choose among the arrays of a file.

    Parameters
    ----------
    keys : sequence of str
        The names that there are.
    key : str, tuple of str, or None
        A name, or a shell's pattern of names; all if None.  A name wins over a pattern of the same
        spelling.  Of a tuple, which may have comma lists, it is enough that one of them is there.
    name : str
        What to call the file in a message.

    Returns
    -------
    list of str
        At least one, in the order of the file.

    Raises
    ------
    InputError
        If there is no such array.
    """
    if key is None:
        return list(keys)
    words = [key] if isinstance(key, str) else [p for word in key for p in parts(keys, word)]
    wanted = {each for word in words for each in matching(keys, word)}
    found = [each for each in keys if each in wanted]
    if not found:
        listed = ", ".join(printable(each, 40) for each in keys[:_MOST_LISTED])
        more = ", …" if len(keys) > _MOST_LISTED else ""
        raise InputError(f"{name}: no array {_told(words)}; its keys are {listed}{more}")
    return found


def _told(words: Sequence[str]) -> str:
    return " or ".join(f"'{printable(word, 40)}'" for word in words)


def place_of(name: str, key: str | None) -> str:
    """Say where an array is: in which file, and under which name."""
    return name if key is None else f"{name}, array {printable(key, 60)}"


@contextmanager
def or_another(*, is_one_of_several: bool) -> Iterator[None]:
    """Add to what is wrong with an array that there are others."""
    try:
        yield
    except InputError as error:
        if not is_one_of_several:
            raise
        raise InputError(f"{error}; or choose another array with --key") from error
