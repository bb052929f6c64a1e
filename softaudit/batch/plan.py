"""Which files a batch takes, in what order, and what it calls them.

All of it depends on the words and on what lies there alone, never on the order in which a file
system lists it: a report of the same files is the same to the byte.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from dataclasses import dataclass
from glob import has_magic
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from softaudit.batch.choice import Choice
from softaudit.batch.folders import entries, expand, in_order
from softaudit.errors import InputError
from softaudit.sources import SOURCES, naming
from softaudit.sources.opening import printable, suffix_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from softaudit.batch.choice import Parts


@dataclass(frozen=True, slots=True)
class File:
    """A file to audit.

    Attributes
    ----------
    path : str
        Where it is, from the working directory.
    name : str
        What a report calls it: never an absolute path, and no other file's name.
    size : int
        In bytes; 0 if it is not there any more.
    """

    path: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Listing:
    """What words on the command line stand for.

    Attributes
    ----------
    files : tuple of File
        To be audited, in this order.
    others : mapping of str to int
        How many files in the directories are nothing that was looked for, by suffix ("" without
        one); hidden ones and those that were excluded are not counted.
    """

    files: tuple[File, ...]
    others: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file that a word leads to: `below` is what patterns are held against."""

    path: str
    below: Parts
    is_wanted: bool


def find(words: Sequence[str], include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Listing:
    """Find the files that words stand for.

    Parameters
    ----------
    words : sequence of str
        Files, taken whatever they are called; directories, looked through to the bottom; patterns
        with wildcards, whose matches are files or directories.  Directories are looked through
        without what is hidden (a name that begins with ".") and without linked directories; linked
        files are taken.
    include : sequence of str
        Patterns of the files to take from directories, in place of the suffixes that are read; held
        against the path below the directory, see `softaudit.batch.choice.matches`.
    exclude : sequence of str
        Patterns of what to leave out: files in directories by the path below the directory, files
        named themselves by the path as it was given.

    Returns
    -------
    Listing
        In the order of the words, within a word by path, each file once, where it came first.

    Raises
    ------
    InputError
        If a word is not there, or leads to no file that is wanted; if a directory cannot be read;
        if everything is excluded; or if two files would have the same name.
    """
    choice = Choice(tuple(include), tuple(exclude))
    taken: dict[str, str] = {}
    others: dict[str, str] = {}
    for word in words:
        found = _found(word, choice)
        for each in found:
            if not choice.leaves_out(each.below):
                (taken if each.is_wanted else others).setdefault(_absolute(each.path), each.path)
    if not taken:
        raise InputError(
            f"{printable(' '.join(words), 60)}: nothing is left; exclude less than "
            f"{printable(', '.join(exclude), 60)}"
        )
    counted = Counter(suffix_of(path) for there, path in others.items() if there not in taken)
    return Listing(_files(taken.values(), _root(words)), dict(sorted(counted.items())))


def _found(word: str, choice: Choice) -> list[_Candidate]:
    """Give what a word leads to, something wanted among it."""
    if word == "-" or (naming.is_literal(word) and word.endswith("]")):
        what = "standard input" if word == "-" else "literal logits"
        raise InputError(f"{printable(word, 40)}: {what}, which softaudit check takes; name files")
    if os.path.lexists(word):
        paths = [word]
    elif has_magic(word):
        paths = ["./-" if path == "-" else path for path in expand(word)]  # a file of that name
    else:
        shown = printable(word, 200) or "''"
        raise InputError(f"{shown}: no such file or directory")
    found = [each for path in paths for each in _candidates(path, choice)]
    if not any(each.is_wanted for each in found):
        raise InputError(_nothing(word, len(found), choice, is_pattern=not os.path.lexists(word)))
    return found


def _candidates(path: str, choice: Choice) -> Iterator[_Candidate]:
    if not os.path.isdir(path):  # noqa: PTH112  # which raises for nothing
        yield _Candidate(path, _parts(path), is_wanted=True)
        return
    below = entries(path, choice.closes)
    for parts, entry in sorted(below, key=lambda pair: in_order(pair[0])):
        if entry.is_dir(follow_symlinks=False):
            # A closed directory stands for its files, so that it is known why they are missing.
            is_there, is_wanted = choice.closes(parts), True
        else:
            is_there, is_wanted = _is_file(entry.path), choice.takes(parts)
        if is_there:
            yield _Candidate(entry.path, parts, is_wanted)


def _is_file(path: str) -> bool:
    """Tell what can be opened, or is a broken link, of which the report shall say so."""
    try:
        return stat.S_ISREG(Path(path).stat().st_mode)
    except OSError:
        return True


def _parts(path: str) -> Parts:
    given = Path(path)
    return given.relative_to(given.anchor).parts


def _nothing(word: str, others: int, choice: Choice, *, is_pattern: bool) -> str:
    shown = printable(word, 200)
    if is_pattern and not others:
        return f"{shown}: matches no file"
    wanted = ", ".join(choice.include or SOURCES)
    hint = "name files, or choose them by --include"
    return f"{shown}: no file of {printable(wanted, 200)} in it, {others} others; {hint}"


def _files(paths: Iterable[str], root: str | None) -> tuple[File, ...]:
    files: dict[str, File] = {}
    for path in paths:
        name, _ = naming.names(path, root)
        if name in files:
            both = f"{printable(files[name].path)} and {printable(path)}"
            raise InputError(f"{name}: {both} would have the same name; audit one at a time")
        files[name] = File(path, name, _size(path))
    return tuple(files.values())


def _root(words: Iterable[str]) -> str | None:
    """Give the common parent of absolute words that do not lie below the working directory."""
    absolute = [word for word in words if os.path.isabs(word)]  # noqa: PTH117
    above = [_above(word) for word in absolute if not naming.is_below_here(word)]
    return os.path.commonpath(above) if above else None


def _above(word: str) -> str:
    """Give the directory that a word stands in; of a pattern, the one where it is searched."""
    if os.path.lexists(word):
        return str(Path(_absolute(word)).parent)
    return str(Path(*takewhile(lambda part: not has_magic(part), Path(word).parts)))


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _absolute(path: str) -> str:
    return os.path.abspath(path)  # noqa: PTH100  # Path.resolve would follow links
