"""Read .npz: a zip archive of .npy members, one source of logits each.

`np.load` was rejected for the reasons given in `npy`.  Members are loaded one after the other;
their claims are held against the archive's own size first, since deflate cannot pack more than
1032 to 1.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from softaudit.errors import InputError
from softaudit.sources import npy
from softaudit.sources.opening import Found, Opened, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_PACKED = 1032
_MOST_LISTED = 20
_ENCRYPTED = 1
_AGAIN = "write it again with np.savez"

# What zipfile lets through of a corrupt archive, beside its own error: NotImplementedError is a
# RuntimeError, UnicodeDecodeError a ValueError.
_CORRUPT = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    OverflowError,
    LookupError,
)


def read(opened: Opened, key: str | None) -> list[Found]:
    """Read a .npz file.

    Parameters
    ----------
    opened : Opened
        The file.
    key : str or None
        Name of the one array to read; all of them if None.

    Returns
    -------
    list of Found
        In the order of the archive, with their keys.

    Raises
    ------
    InputError
        If the archive is corrupt, empty, or has no such key; or if one of the arrays asked for is
        not a whole .npy member of real numbers.
    """
    try:
        with zipfile.ZipFile(opened.file) as archive:
            members = _choose(archive.infolist(), key, opened.name)
            _check_claims(members, opened)
            return _read_members(archive, members, opened.name)
    except _CORRUPT as error:
        reason = printable(str(error) or type(error).__name__, 60)
        raise InputError(f"{opened.name}: not a whole .npz file ({reason}); {_AGAIN}") from error


def _choose(members: list[zipfile.ZipInfo], key: str | None, name: str) -> list[zipfile.ZipInfo]:
    keys = [_key(member) for member in members]
    if not members:
        raise InputError(f"{name}: holds no arrays; {_AGAIN}")
    if key is None:
        for member in members:
            if not member.filename.endswith(".npy"):
                foreign = printable(member.filename, 60)
                raise InputError(
                    f"{name}: member '{foreign}' is not a .npy array; choose one with --key"
                )
    elif key not in keys:
        listed = ", ".join(printable(each, 40) for each in keys[:_MOST_LISTED])
        more = ", …" if len(keys) > _MOST_LISTED else ""
        raise InputError(f"{name}: no array '{printable(key, 40)}'; its keys are {listed}{more}")
    chosen = [member for member in members if key in (None, _key(member))]
    if len({_key(member) for member in chosen}) < len(chosen):
        raise InputError(f"{name}: two arrays of one key; {_AGAIN}")
    return chosen


def _check_claims(members: Iterable[zipfile.ZipInfo], opened: Opened) -> None:
    """Refuse what would allocate more than the archive can hold, in one member or in all."""
    claimed = 0
    for member in members:
        place = _place(opened.name, member)
        claimed += member.file_size
        if member.flag_bits & _ENCRYPTED:
            raise InputError(f"{place}: encrypted; {_AGAIN}")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(f"{place}: packed by method {member.compress_type}; {_AGAIN}")
        stored = member.compress_type == zipfile.ZIP_STORED
        packed = min(member.compress_size, opened.size)
        most = packed * (1 if stored else _MOST_PACKED)
        if member.file_size > most or claimed > opened.size * _MOST_PACKED:
            raise InputError(
                f"{place}: {member.file_size} bytes claimed, which {member.compress_size} packed "
                f"bytes in a file of {opened.size} cannot hold; {_AGAIN}"
            )


def _read_members(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], name: str
) -> list[Found]:
    found = []
    for member in members:
        try:
            with archive.open(member) as file:
                place = _place(name, member)
                found.append(npy.decode(file, member.file_size, place, _key(member)))
        except InputError as error:
            if len(members) == 1:
                raise
            raise InputError(f"{error}; or choose another array with --key") from error
    return found


def _key(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _place(name: str, member: zipfile.ZipInfo) -> str:
    return f"{name}, array {printable(_key(member), 60)}"
