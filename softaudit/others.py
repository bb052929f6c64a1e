"""Who else is asked, and who of them is trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from softaudit.algorithms import ALGORITHM_NAMES
from softaudit.answers import Answers, Running
from softaudit.errors import OptionError
from softaudit.implementations import CPU, IMPLEMENTATIONS, find, takes_device
from softaudit.keys import known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from softaudit.implementations import Implementation


@dataclass(frozen=True, slots=True)
class Others:
    """Somebody else's code that is asked, in place of algorithms of ours or beside them.

    Attributes
    ----------
    implementations : tuple of Implementation
        Those whose code is judged, each once.
    against : str, Implementation or None
        Who is trusted: an algorithm of ours, or somebody else's code.
    """

    implementations: tuple[Implementation, ...] = ()
    against: str | Implementation | None = None

    @property
    def trusted(self) -> str | None:
        """Give who is trusted, as in the names of its cells."""
        if self.against is None or isinstance(self.against, str):
            return self.against
        return self.against.name

    @property
    def everybody(self) -> tuple[Implementation, ...]:
        """Give all whose code runs, each once."""
        if self.against is None or isinstance(self.against, str):
            return self.implementations
        return tuple(dict.fromkeys((*self.implementations, self.against)))

    def answers(self, timeout: float) -> Answers:
        """Let them answer, in processes that end with the answers."""
        return Answers([Running(one, timeout) for one in self.everybody])


def choose(words: Sequence[str], against: str | None, device: str) -> Others:
    """Find who is asked by what a command line calls them.

    Parameters
    ----------
    words : sequence of str
        See `softaudit.implementations.find`.
    against : str or None
        Who is trusted: an algorithm of ours, or another such word.
    device : str
        For those that take it.

    Raises
    ------
    OptionError
        If one is not there, if two have one name, or if none takes the device.
    """
    if against is None or against in ALGORITHM_NAMES:
        return Others(find_all(words, device), against)
    check_word(against)
    found = find_all([*words, against], device)
    trusted = next(one for one in found if one.word == against)
    return Others(tuple(one for one in found if one.word in words), trusted)


def check_word(word: str) -> None:
    """Refuse a word for an algorithm of ours, or for an implementation, that is neither.

    Raises
    ------
    OptionError
        If there is none of that name; what names a file or a module is looked for elsewhere.
    """
    if not set(word) & set(".:/\\"):
        known(word, (*ALGORITHM_NAMES, *IMPLEMENTATIONS), "algorithm or implementation")


def find_all(words: Sequence[str], device: str) -> tuple[Implementation, ...]:
    """Find implementations, each once, on a device where they take it, and on the CPU elsewhere.

    Parameters
    ----------
    words : sequence of str
        See `softaudit.implementations.find`.
    device : str

    Raises
    ------
    OptionError
        If one is not there, if two have one name, or if none takes the device.
    """
    able = [word for word in words if takes_device(word, device)]
    if device != CPU and not words:
        raise OptionError(f"device {device}: nobody is asked who would run there; name torch")
    by_name: dict[str, Implementation] = {}
    for word in dict.fromkeys(words):
        one = find(word, device if word in able or not able else CPU)
        if one.name in by_name:
            first = by_name[one.name].word
            raise OptionError(f"{first} and {word} are both {one.name}; rename one of them")
        by_name[one.name] = one
    return tuple(by_name.values())
