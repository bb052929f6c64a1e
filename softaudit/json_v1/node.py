"""A value of a JSON document that knows its place: so that what is wrong with it can be said.

Every way to take a value is strict about its type: a damaged file is an error where it is read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from softaudit.errors import InputError
from softaudit.sources.opening import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

SPECIAL = ("nan", "inf", "-inf")
LARGEST = 2**63
_DECIMAL = re.compile(r"-?\d{1,40}(\.\d{1,40})?(e[+-]?\d{1,400})?")


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document that knows its place."""

    value: Any
    file: str
    place: str

    def wrong(self, wanted: str) -> InputError:
        """Say what was wanted here."""
        is_nested = isinstance(self.value, dict | list)  # perhaps deeper than can be written
        kind = "an object" if isinstance(self.value, dict) else "a list"
        shown = kind if is_nested else json.dumps(self.value)
        shown = shown if len(shown) <= 30 else f"{shown[:29]}…"
        return InputError(
            f"{self.file}: {self.place or 'the document'} is {shown}, wanted {wanted}"
        )

    def _want(self, kind: type, wanted: str) -> Any:
        if not isinstance(self.value, kind) or isinstance(self.value, bool):
            raise self.wrong(wanted)
        return self.value

    def __getitem__(self, key: str) -> Node:
        """Give a part of an object."""
        value = self._want(dict, "an object")
        if key not in value:
            raise InputError(
                f"{self.file}: {self.place or 'the document'} lacks {key!r}; "
                f"if an older softaudit saved it, make it anew"
            )
        return Node(value[key], self.file, f"{self.place}.{key}" if self.place else key)

    def joined(self, key: str) -> Node:
        """Give a part that joined the contract later: null in what an older softaudit saved."""
        if key in self._want(dict, "an object"):
            return self[key]
        return Node(None, self.file, f"{self.place}.{key}" if self.place else key)

    def items(self, names: Collection[str] | None = None) -> Iterator[tuple[str, Node]]:
        """Go over an object's parts, which may be of a closed list of names."""
        for key in self._want(dict, "an object"):
            if names is not None and key not in names:
                raise InputError(f"{self.file}: {self.place} has {key!r}, which nothing is called")
            yield key, self[key]

    def parts(self) -> list[Node]:
        """Give a list's parts."""
        found = self._want(list, "a list")
        return [Node(v, self.file, f"{self.place}[{i}]") for i, v in enumerate(found)]

    def text(self) -> str:
        """Take it for text, of which a terminal or a file need fear nothing."""
        return printable(self._want(str, "a string"))

    def texts(self) -> list[str]:
        """Take it for a list of texts."""
        return [part.text() for part in self.parts()]

    def one_of(self, names: tuple[str, ...]) -> str:
        """Take it for one of some names."""
        if self.text() not in names:
            raise self.wrong(f"one of {', '.join(names)}")
        return self.text()

    def decimal(self) -> str:
        """Take it for a decimal number, written out."""
        if not _DECIMAL.fullmatch(self.text()):
            raise self.wrong("a decimal number in a string")
        return self.text()

    def integer(self) -> int:
        """Take it for an integer."""
        if not -LARGEST < self._want(int, "an integer") < LARGEST:
            raise self.wrong("an integer of at most 63 bits")
        return int(self.value)

    def count(self) -> int:
        """Take it for a number of things."""
        if self.integer() < 0:
            raise self.wrong("a count")
        return self.integer()

    def positive(self) -> int:
        """Take it for a number of things that happened."""
        if self.count() == 0:
            raise self.wrong("a count above 0")
        return self.count()

    def integers(self, least: int, most: int, wanted: str) -> list[int]:
        """Take it for a list of integers in a range: in one go, as there may be thousands."""
        found: list[int] = self._want(list, "a list")
        if set(map(type, found)) <= {int} and (
            not found or least <= min(found) <= max(found) <= most
        ):
            return found
        for part in self.parts():
            if not least <= part.integer() <= most:
                raise part.wrong(wanted)
        return found

    def counts(self) -> list[int]:
        """Take it for a list of numbers of things."""
        return self.integers(0, LARGEST - 1, "a count")

    def number(self) -> float:
        """Take it for a number; an integer stays one."""
        if self.value in SPECIAL and isinstance(self.value, str):
            return float(self.value)
        if isinstance(self.value, int):
            return self.integer()
        return float(self._want(float, "a number"))

    def size(self) -> float:
        """Take it for a number that is 0 or more."""
        if not self.number() >= 0:
            raise self.wrong("a number that is 0 or more")
        return self.number()

    def sizes(self) -> tuple[float | None, ...]:
        """Take it for a list of numbers that are 0 or more, with null where there is none."""
        found = self._want(list, "a list")
        if set(map(type, found)) <= {float} and all(value >= 0 for value in found):
            return tuple(found)
        return tuple(part.or_none(Node.size) for part in self.parts())

    def flag(self) -> bool:
        """Take it for true or false."""
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def index(self) -> tuple[int, ...]:
        """Take it for a place in an array, or its shape."""
        return tuple(self.counts())

    def same(self, value: Any) -> None:
        """Hold it against what other figures say that it is."""
        if self.value != value or isinstance(self.value, bool):
            raise self.wrong(f"{json.dumps(value)}, by what stands elsewhere")

    def or_none(self, read: Callable[[Node], Any]) -> Any:
        """Read it, but for null."""
        return None if self.value is None else read(self)
