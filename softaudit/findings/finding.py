"""The type of a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from softaudit.wording import plain

Kind = Literal["note", "breaks", "loses", "errors", "closer", "against", "holds"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about an audit.

    Attributes
    ----------
    kind : str
        note, breaks, loses, errors, closer, against or holds.
    cells : tuple of str
        Names of the cells it is about.
    cause : str or None
        The cause it names, which is a topic and a rule id.
    text : str
        With `wording.NO_BREAK` where a line is not to be broken.
    """

    kind: Kind
    cells: tuple[str, ...]
    cause: str | None
    text: str

    @property
    def plain(self) -> str:
        """The sentence with ordinary blanks."""
        return plain(self.text)
