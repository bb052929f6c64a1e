"""Where results go: standard output, or a file that is there whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from softaudit.errors import OptionError
from softaudit.render.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN = str.maketrans({"·": ".", "∞": "inf", "×": "x", "…": "...", "−": "-", "–": "-", "≈": "~",
                        "→": "->", "½": "1/2", "Σ": "sum", "±": "+-"})  # fmt: skip


def screen(*, columns: tuple[str, ...] = (), quiet: bool = False, to_file: bool = False) -> Screen:
    """Find out how wide standard output is, and whether it takes colors.

    NO_COLOR and TERM=dumb turn colors off, FORCE_COLOR on; COLUMNS sets the width.
    """
    environment = os.environ
    terminal = sys.stdout is not None and sys.stdout.isatty() and not to_file
    color = terminal and "NO_COLOR" not in environment and environment.get("TERM") != "dumb"
    color = color or (bool(environment.get("FORCE_COLOR")) and not to_file)
    width = shutil.get_terminal_size((80, 24)).columns if terminal else _asked_width()
    return Screen(max(width, 20), color, columns, quiet)


def _asked_width() -> int:
    asked = os.environ.get("COLUMNS", "")
    return int(asked) if asked.isdecimal() and int(asked) > 0 else 80


@contextmanager
def destination(path: str | None) -> Iterator[Writable]:
    """Open the place for results before the work starts, so that a bad path fails at once.

    Parameters
    ----------
    path : str or None
        None and "-" are standard output.

    Raises
    ------
    OptionError
        If the file cannot be written.
    """
    if path is None or path == "-":
        yield _Standard()
        return
    target = Path(os.path.realpath(path))  # a link stays one, and what it names is written
    if target.is_dir():
        raise OptionError(f"{path}: is a directory; name a file for -o")
    if target.exists() and not target.is_file():
        with target.open("w", encoding="utf-8", newline="\n") as file:
            yield file  # a pipe or a device, which nothing may take the place of
        return
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OptionError(f"{path}: cannot be written: {reason}") from error
    temporary = Path(beside)
    try:
        os.close(handle)
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


class Writable(Protocol):
    """What takes text."""

    def write(self, text: str, /) -> int:
        """Take text."""


class _Standard:
    """Standard output, in plainer signs where its encoding lacks the better ones."""

    def write(self, text: str) -> int:
        if sys.stdout is None:
            raise OSError("standard output is closed")
        encoding = sys.stdout.encoding or "ascii"
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
        return sys.stdout.write(text)
