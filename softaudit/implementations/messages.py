"""What the judge and the process of an implementation tell each other: a line of JSON, and bytes.

Nothing is pickled: what comes back comes from a process in which code of others runs, and reading a
pickle would run what it says.  So every head is checked before anything is made of it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.formats import FORMATS

if TYPE_CHECKING:
    from typing import BinaryIO

    from numpy.typing import NDArray

MOST_HEAD = 1 << 16
"""Bytes of a head, at most."""

LOST_PIPES, BROKEN, NO_MEMORY = 113, 114, 115
"""Exit codes of a process that cannot answer: it lost its pipes to the judge, or our own part of it
fails after somebody else's code has run in it, for want of memory or otherwise."""

DTYPES: dict[str, np.dtype[Any]] = {
    np.dtype(np.longdouble).name: np.dtype(np.longdouble),  # float64, on some machines
    **{name: form.dtype for name, form in FORMATS.items()},
    **{np.dtype(code).name: np.dtype(code) for code in "bhilqBHILQ"},
}
"""Of what results are taken: every format, integers, and what is wider than float64."""

MOST_ITEM = max(dtype.itemsize for dtype in DTYPES.values())


class Junk(Exception):  # noqa: N818 -- what came, and not how it is raised
    """Bytes that are no message."""


def pack(head: dict[str, Any], raw: bytes | memoryview = b"") -> bytes:
    """Give a message as it travels."""
    line = json.dumps({**head, "bytes": len(raw)}, ensure_ascii=False)
    return b"".join((line.encode(errors="replace"), b"\n", raw))


def pack_array(head: dict[str, Any], x: NDArray[Any]) -> bytes:
    """Give a message that carries an array, row by row."""
    return pack({**head, "dtype": x.dtype.name, "shape": list(x.shape)}, _raw(x))


def _raw(x: NDArray[Any]) -> memoryview:
    """Give an array's bytes row by row, in its own memory where they lie so."""
    return np.ascontiguousarray(x).reshape(-1).view(np.uint8).data


def read(file: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read a message from somebody who is trusted; None at the end."""
    line = file.readline()
    if not line:
        return None
    head = json.loads(line)
    return head, file.read(head["bytes"])


class Incoming:
    """A message from somebody who is not trusted, as it comes in.

    Parameters
    ----------
    most : int
        Bytes that may follow the head.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = bytearray()
        self.head: dict[str, Any] | None = None

    def wanted(self) -> int:
        """Tell how many bytes to take next: of a head few, so that none of what follows is lost."""
        if self.head is None:
            return MOST_HEAD
        return int(self.head["bytes"]) - len(self._bytes)

    @property
    def complete(self) -> bool:
        """Whether there is nothing more to take."""
        return self.head is not None and len(self._bytes) == self.head["bytes"]

    def take(self, part: bytes) -> None:
        """Take some bytes.

        Raises
        ------
        Junk
            If they are not of a message, or of more than was asked for.
        """
        self._bytes += part
        if self.head is None:
            line, newline, rest = self._bytes.partition(b"\n")
            if len(line) > MOST_HEAD:
                raise Junk
            if newline:
                self.head = self._checked(bytes(line))
                self._bytes = rest
        if self.head is not None and len(self._bytes) > self.head["bytes"]:
            raise Junk

    def _checked(self, line: bytes) -> dict[str, Any]:
        try:
            head = json.loads(line)
        except (ValueError, RecursionError):
            raise Junk from None
        size = head.get("bytes") if isinstance(head, dict) else None
        if type(size) is not int or not 0 <= size <= self._most:
            raise Junk
        checked: dict[str, Any] = head
        return checked

    def text(self, name: str) -> str:
        """Give a text of the head; "" for none."""
        value = (self.head or {}).get(name)
        return value if isinstance(value, str) else ""

    def array(self) -> NDArray[Any]:
        """Give the array that the message carries.

        Raises
        ------
        Junk
            If dtype, shape and bytes do not go together.
        """
        head = self.head or {}
        dtype, shape = DTYPES.get(self.text("dtype")), head.get("shape")
        if dtype is None or not isinstance(shape, list) or len(shape) > 2:
            raise Junk
        if not all(type(n) is int and 0 <= n <= self._most for n in shape):
            raise Junk
        if int(np.prod(shape, dtype=object)) * dtype.itemsize != len(self._bytes):
            raise Junk
        return np.frombuffer(self._bytes, dtype).reshape(shape)
