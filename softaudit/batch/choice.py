"""Which files below a directory are logits: by their suffix, or by patterns.

Patterns are those of a shell, and compared case by case everywhere.  Python's own `fnmatch` alone
was rejected, since its `*` goes through every "/", and so was `glob`, which follows linked
directories and passes over those that it may not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from softaudit.sources import SOURCES
from softaudit.sources.opening import suffix_of

_TOLD_OF = (".pt", ".pth")
"""Not read, but surely logits to somebody: taken, so that the report says what to do."""

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What to take from a directory.

    Attributes
    ----------
    include : tuple of str
        Patterns that take the place of the suffixes that are read; see `matches`.
    exclude : tuple of str
        Patterns of what is left out, whatever takes it.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def takes(self, parts: Parts) -> bool:
        """Tell whether a file is taken where nothing leaves it out."""
        if self.include:
            return any(matches(parts, pattern) for pattern in self.include)
        return suffix_of(parts[-1]) in (*SOURCES, *_TOLD_OF)

    def leaves_out(self, parts: Parts) -> bool:
        """Tell whether a file, or a closed directory, is left out."""
        return any(matches(parts, pattern) for pattern in self.exclude)

    def closes(self, parts: Parts) -> bool:
        """Tell whether a directory is left out with all that is in it, and need not be opened."""
        whole = [each for each in self.exclude if each.endswith(("/", "/**"))]
        return any(matches(parts, pattern) for pattern in whole)


def matches(parts: Parts, pattern: str) -> bool:
    """Hold a path against a pattern.

    Parameters
    ----------
    parts : tuple of str
        The path, part by part.
    pattern : str
        Without "/" it is held against the last part, the file's name; with one, against the whole
        path: `*`, `?` and `[...]` stay within a part, and a part `**` stands for any number of
        parts, none included.  "/" at the end stands for "/**".

    Returns
    -------
    bool
        Upper and lower case differ, on every system.
    """
    if "/" not in pattern:
        return fnmatchcase(parts[-1], pattern)
    wanted = [part for part in pattern.split("/") if part not in ("", ".")]
    return _all_match(parts, (*wanted, "**") if pattern.endswith("/") else tuple(wanted))


def _all_match(parts: Parts, wanted: Parts) -> bool:
    """Match part by part, keeping the set of places in the pattern that may come next."""
    places = _with_skipped({0}, wanted)
    for part in parts:
        places = _with_skipped(
            {
                place if wanted[place] == "**" else place + 1
                for place in places
                if place < len(wanted)
                and (wanted[place] == "**" or fnmatchcase(part, wanted[place]))
            },
            wanted,
        )
    return len(wanted) in places


def _with_skipped(places: set[int], wanted: Parts) -> set[int]:
    """Add the places behind each `**`, which may stand for nothing."""
    for place, part in enumerate(wanted):
        if place in places and part == "**":
            places.add(place + 1)
    return places
