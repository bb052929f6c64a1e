"""Read .npz: a zip archive of .npy members, one source of logits each.

`np.load` was rejected for the reasons given in `npy`.  Members come one after the other.  What is
stored as it is gets mapped where it lies; what is packed is unpacked, into a temporary file if it
is large.  Claims are held against the archive's own size first, since deflate cannot pack more
than 1032 to 1.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from functools import partial
from typing import IO, TYPE_CHECKING

from softaudit.errors import InputError
from softaudit.sources import npy
from softaudit.sources.keys import chosen, or_another, place_of
from softaudit.sources.mapping import CHUNK, Mapped, unpack
from softaudit.sources.mapping import read as read_bytes
from softaudit.sources.opening import Opened, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from softaudit.sources.opening import Found, Wanted

_MOST_PACKED = 1032
_ENCRYPTED = 1
_AGAIN = "write it again with np.savez"

IN_MEMORY = 2**24
"""Bytes up to which a packed member is unpacked into memory."""

_LOCAL_NAMES = 26  # where a member's own header has the lengths of its name and of what follows it
_LOCAL_HEADER = 30

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


def read(opened: Opened, key: Wanted) -> Iterator[Found]:
    """Read a .npz file.

    Parameters
    ----------
    opened : Opened
        The file.
    key : str, tuple of str, or None
        Name of an array, or a pattern of names; all of them if None.

    Yields
    ------
    Found
        In the order of the archive, with their keys.  Mapped read-only: what is stored, in the
        file itself, what is packed and large, in a temporary file without a name.

    Raises
    ------
    InputError
        If the archive is corrupt, empty, or has no such key; if one of the arrays asked for is not
        a whole .npy member of real numbers; or if there is no room to unpack it.
    """
    try:
        with zipfile.ZipFile(opened.file) as archive:
            members = _choose(archive.infolist(), key, opened.name)
            _check_claims(members, opened)
            yield from _read_members(archive, members, opened)
    except _CORRUPT as error:
        reason = printable(str(error) or type(error).__name__, 60)
        raise InputError(f"{opened.name}: not a whole .npz file ({reason}); {_AGAIN}") from error


def _choose(members: list[zipfile.ZipInfo], key: Wanted, name: str) -> list[zipfile.ZipInfo]:
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
    wanted = set(chosen(keys, key, name))
    members = [member for member in members if _key(member) in wanted]
    if len(wanted) < len(members):
        raise InputError(f"{name}: two arrays of one key; {_AGAIN}")
    return members


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
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], opened: Opened
) -> Iterator[Found]:
    whole = Mapped(opened.file)

    def found(member: zipfile.ZipInfo) -> Found:
        with or_another(is_one_of_several=len(members) > 1), archive.open(member) as file:
            data = partial(_data, file, member, opened, whole)
            place = _place(opened.name, member)
            return npy.decode(file, member.file_size, place, data, _key(member))

    yield from map(found, members)  # map, unlike a loop, keeps none of them


def _data(
    file: IO[bytes],
    member: zipfile.ZipInfo,
    opened: Opened,
    whole: Mapped,
    offset: int,
    count: int,
) -> NDArray[np.uint8]:
    """Give a member's bytes from where its file stands to its end.

    A member's checksum is compared when its end is read, and not before.
    """
    if member.compress_type == zipfile.ZIP_STORED:
        while file.read(CHUNK):
            pass
        return whole.part(_start(opened.file, member) + offset, count)
    if count > IN_MEMORY:
        stored = unpack(file, count, _place(opened.name, member))
    else:
        stored = read_bytes(file, count)
    file.read(1)
    return stored


def _start(file: IO[bytes], member: zipfile.ZipInfo) -> int:
    """Give the offset of a stored member's bytes in the archive."""
    file.seek(member.header_offset + _LOCAL_NAMES)
    name, extra = struct.unpack("<HH", file.read(4))
    return int(member.header_offset + _LOCAL_HEADER + name + extra)


def _key(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _place(name: str, member: zipfile.ZipInfo) -> str:
    return place_of(name, _key(member))
