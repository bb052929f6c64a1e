"""Files that a run writes: there whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from softaudit.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator


def spells(path: str, other: str) -> bool:
    """Whether two paths, of which neither need be there yet, are one."""
    return os.path.realpath(path) == os.path.realpath(other)


def is_same(path: str, other: str) -> bool:
    """Whether two paths are one file that is there."""
    # os.path, since pathlib raises for names as long as literals may be.
    both = os.path.exists(path) and os.path.exists(other)  # noqa: PTH110
    return both and Path(path).samefile(other)


@contextmanager
def appended(path: str) -> Iterator[BinaryIO]:
    """Open a file to write at its end."""
    try:
        with Path(path).open("ab") as file:
            yield file
    except OSError as error:
        raise OptionError(f"GITHUB_STEP_SUMMARY: {path}: {error.strerror}") from error


@contextmanager
def destination(path: str) -> Iterator[BinaryIO]:
    """Open a place for results; the file is there once all is well, or stays what it was.

    Where nothing is written, nothing is left, unless whoever has nothing to write closes the file.

    Raises
    ------
    OptionError
        If the file cannot be written.
    """
    if Path(path).is_dir():
        raise OptionError(f"{path}: is a directory; name a file to write")
    if Path(path).exists() and not Path(path).is_file():
        with Path(path).open("wb") as file:
            yield file  # a pipe or a device, which nothing may take the place of
        return
    target = Path(os.path.realpath(path))  # a link stays one, and what it names is written
    try:
        handle, beside = _unseen(target)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OptionError(f"{path}: cannot be written: {reason}") from error
    try:
        with os.fdopen(os.dup(handle), "wb") as file:
            yield file
            is_done = file.closed
        if is_done or os.fstat(handle).st_size:
            if not beside.exists():
                _name(handle, beside)
            beside.replace(target)
    finally:
        os.close(handle)
        beside.unlink(missing_ok=True)


def _unseen(target: Path) -> tuple[int, Path]:
    """Open a file beside another: without a name where the system can, so that a kill leaves none.

    Returns
    -------
    handle : int
    beside : Path
        Its name, or the one it may be given.
    """
    umask = os.umask(0)
    os.umask(umask)
    mode = 0o666 & ~umask
    try:
        if not Path("/proc/self/fd").is_dir():
            raise OSError
        handle = os.open(target.parent, os.O_TMPFILE | os.O_RDWR, mode)
    except (AttributeError, OSError):  # not every system, nor every file system
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        Path(name).chmod(mode)
        return handle, Path(name)
    return handle, target.with_name(f".{target.name}.{os.getpid()}-{handle}")


def _name(handle: int, path: Path) -> None:
    """Give a file a name that has none (see open(2), O_TMPFILE)."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # With a folder given, the link that /proc shows is followed.
        os.link(f"/proc/self/fd/{handle}", path.name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        os.close(folder)
