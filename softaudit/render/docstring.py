"""Docstrings, notes and descriptions taken apart, for people who read them on a screen.

The shape is numpydoc's: a first line, paragraphs, then sections.  A paragraph that begins with a
label, such as `Fails: `, is told beside it; labels stand in the section Notes of docstrings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from inspect import cleandoc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Docstring:
    """What a text says.

    Attributes
    ----------
    summary : str
        The first line, or the first sentence of a text that has one paragraph alone.
    body : tuple of str
        The paragraphs below it, and those of the notes that have no label.
    labels : tuple of (str, str)
        Labels of notes, and what stands beside them.
    references : tuple of str
        One for each source.
    """

    summary: str
    body: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    references: tuple[str, ...]


def read(text: str) -> Docstring:
    """Take a text apart."""
    head, *rest = _SECTION.split(cleandoc(text).replace("`", ""))
    sections = dict(zip(rest[::2], rest[1::2], strict=True))
    summary, body = _headed(head)
    notes = _paragraphs(sections.get("Notes", ""))
    told = [_LABEL.fullmatch(p) or p for p in (*body, *notes)]
    labels = tuple((n[1], n[2]) for n in told if isinstance(n, re.Match))
    unlabelled = tuple(n for n in told if isinstance(n, str))
    return Docstring(
        summary, unlabelled, labels, tuple(_references(sections.get("References", "")))
    )


_SECTION = re.compile(r"(?:\A|\n)\n*([A-Z][A-Za-z ]*)\n-{3,}\n")
_LABEL = re.compile(r"([A-Z][a-z]+(?: [a-z]+)?): (.+)")


def _headed(head: str) -> tuple[str, tuple[str, ...]]:
    first, *body = _paragraphs(head) or [""]
    if "\n" not in head.strip():
        summary, _, rest = first.partition(". ")
        return (f"{summary}.", (rest,)) if rest else (first, ())
    return first, tuple(body)


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]


def _references(text: str) -> Iterator[str]:
    """Give sources; one ends with the full stop of a line once it has a place, or before `.. [`."""
    source = ""
    for line in text.split("\n"):
        if line.startswith(".. [") and source:
            yield source
            source = ""
        source = f"{source} {re.sub(_NUMBER, '', line).strip()}".strip()
        if source.endswith(".") and _PLACE.search(source):
            yield source
            source = ""
    if source:
        yield source


_NUMBER = re.compile(r"^\.\. \[\d+\] ")
_PLACE = re.compile(r"doi:|arXiv:|https?:|\w/\w")
"""Where to find a source; the full stop of an abbreviation may end a line before it."""
