"""Directories, read without surprises: what is hidden stays so, what is closed is an error.

Linked directories are not followed, since a link such as `latest` would show the same logits
twice, and one to a directory above would never end.
"""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING

from softaudit.errors import InputError
from softaudit.sources.opening import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from softaudit.batch.choice import Parts

_NUMBER = re.compile("([0-9]+)")


def entries(
    folder: str, is_closed: Callable[[Parts], bool] = lambda _: False
) -> Iterator[tuple[Parts, os.DirEntry[str]]]:
    """Give everything below a directory, in no order, with its path from there part by part.

    Parameters
    ----------
    folder : str
    is_closed : callable
        Tells which directories are not to be opened, by their parts.

    Raises
    ------
    InputError
        At the first directory that cannot be read.
    """
    pending: list[tuple[Parts, str]] = [((), folder)]
    while pending:
        above, path = pending.pop()
        for entry in _listing(path):
            parts = (*above, entry.name)
            yield parts, entry
            if entry.is_dir(follow_symlinks=False) and not is_closed(parts):
                pending.append((parts, entry.path))


def expand(pattern: str) -> list[str]:
    """Give the paths that a pattern with wildcards matches, in their order.

    Parameters
    ----------
    pattern : str
        As in a shell: `*`, `?` and `[...]` stay within a part of the path, a part `**` stands for
        any number of directories.  Only a part that begins with "." matches what is hidden.

    Returns
    -------
    list of str
        Files and directories, none below a directory that is among them.

    Raises
    ------
    InputError
        If a directory that has to be searched cannot be read.
    """
    found = [""]
    for part in Path(pattern).parts:
        found = list(dict.fromkeys(path for folder in found for path in _step(folder, part)))
    return _topmost(sorted(filter(None, found), key=lambda path: in_order(Path(path).parts)))


def _topmost(paths: list[str]) -> list[str]:
    kept: dict[Path, str] = {}
    for path in paths:
        if kept.keys().isdisjoint(Path(path).parents):
            kept[Path(path)] = path
    return list(kept.values())


def in_order(parts: Parts) -> tuple[object, ...]:
    """Give the key by which paths are ordered: part by part, layer2 before layer10."""
    return tuple((_with_numbers(part), part) for part in parts)


def _with_numbers(part: str) -> tuple[str | int, ...]:
    # Text and numbers take turns, so that only like is compared with like.
    return tuple(int(each) if i % 2 else each for i, each in enumerate(_NUMBER.split(part)))


def _step(folder: str, part: str) -> Iterator[str]:
    """Go one part of a pattern further."""
    if not has_magic(part):
        path = os.path.join(folder, part)  # noqa: PTH118  # "" is here
        if os.path.lexists(path):
            yield path
    elif part == "**":
        yield folder
        for below, entry in entries(folder or "."):
            if entry.is_dir(follow_symlinks=False):
                yield os.path.join(folder, *below)  # noqa: PTH118
    elif os.path.isdir(folder or "."):  # noqa: PTH112
        for entry in _listing(folder or ".", hidden=part.startswith(".")):
            if fnmatchcase(entry.name, part):
                yield os.path.join(folder, entry.name)  # noqa: PTH118


def _listing(folder: str, *, hidden: bool = False) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return [entry for entry in found if entry.name.startswith(".") == hidden]
    except OSError as error:
        reason = printable(error.strerror or str(error)).lower()
        raise InputError(
            f"{printable(folder)}: {reason}; make the directory readable, or leave it out by a "
            "--exclude that ends in /**"
        ) from error
