"""What to call a word of the command line: in reports, never by an absolute path, and in commands.

A report is sent around: the folders above what was audited are nobody's business.  A command is
run again where the first one was, so there a path stays whole.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from softaudit.sources.opening import printable

_LENGTH = 40


def is_literal(word: str) -> bool:
    """Tell whether a word is literal logits; a file of the same spelling wins."""
    # Path.exists raises for names that are too long, which literals may well be.
    return word.startswith("[") and not os.path.exists(word)  # noqa: PTH110


def names(word: str, root: str | None = None) -> tuple[str, str]:
    """Give the name of a word for reports, and the one for commands.

    Parameters
    ----------
    word : str
        A path, `-`, or literal logits.
    root : str, optional
        The folder from which absolute paths are named; by default that of each file.

    Returns
    -------
    name : str
        One line.  Below the working directory a path is relative to it, beside it as it was given.
    command : str
        As a shell takes it; "" for what cannot be shown.
    """
    if word == "-":
        return "<stdin>", "-"
    if is_literal(word):
        return printable(word, _LENGTH), _command(word)
    below = _from_here(word)
    if below is None:
        return printable(_from_elsewhere(word, root) or word), _command(word)
    # A leading dash would be taken for an option, or for standard input.
    return printable(below), _command(f"./{below}" if below.startswith("-") else below)


def is_below_here(path: str) -> bool:
    """Tell whether a path lies below the working directory."""
    return _from_here(path) is not None


def _from_here(path: str) -> str | None:
    try:
        # Path.resolve would follow links out of the directory.
        return Path(os.path.abspath(path)).relative_to(Path.cwd()).as_posix()  # noqa: PTH100
    except (ValueError, OSError):
        return None


def _from_elsewhere(path: str, root: str | None) -> str:
    if not os.path.isabs(path):  # noqa: PTH117
        return Path(os.path.normpath(path)).as_posix()
    return Path(path).name if root is None else Path(os.path.relpath(path, root)).as_posix()


def _command(word: str) -> str:
    return shlex.quote(word) if word.isprintable() else ""
