"""What went wrong in somebody else's code, told as theirs: our own frames are left out."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

MOST_REASON = 300
MOST_DETAIL = 8000
"""Characters: of six bytes at most, so that a head has room for them."""

_OURS = str(Path(__file__).parent)
_IMPORTING = ("<frozen importlib", importlib.__file__)


def failure(
    what: str, error: BaseException, home: str, *, named: bool = True, hint: str = ""
) -> dict[str, Any]:
    """Describe an exception of the user's.

    Parameters
    ----------
    what : str
        What the line begins with.
    error : BaseException
    home : str
        The directory of the user's own files, one of which the line names; "" for none.
    named : bool
        Whether the exception's type and message follow.
    hint : str
        What the line ends with.
    """
    theirs = _theirs(error)
    line = f"{what}{_named(error)}" if named else what
    text = " ".join(line.split())
    if len(text) > MOST_REASON:
        text = f"{text[: MOST_REASON - 1]}…"
    reason = f"{text}{place_of(theirs, home)}{hint}"
    return {"kind": "failure", "reason": reason, "detail": _detail(error, theirs)}


def _named(error: BaseException) -> str:
    public = (kind.__name__ for kind in type(error).__mro__ if not kind.__name__.startswith("_"))
    try:
        message = str(error)
    except Exception:  # a message of the user's own making
        message = ""
    return f"{next(public)}: {message}" if message else next(public)


def _theirs(error: BaseException) -> TracebackType | None:
    """Give the traceback from the first frame that is not ours, nor of what we import with."""
    found = error.__traceback__
    while found is not None and _file(found).startswith((_OURS, *_IMPORTING)):
        found = found.tb_next
    return found


def _file(found: TracebackType) -> str:
    return found.tb_frame.f_code.co_filename


def place_of(theirs: TracebackType | None, home: str) -> str:
    """Say where in the user's own files it was, at the deepest of them; "" for nowhere."""
    places = [frame for frame in _frames(theirs) if home and _is_own(_file(frame), home)]
    return f" ({Path(_file(places[-1])).name}, line {places[-1].tb_lineno})" if places else ""


def _frames(found: TracebackType | None) -> Iterator[TracebackType]:
    while found is not None:
        yield found
        found = found.tb_next


def _is_own(file: str, home: str) -> bool:
    path = Path(file).absolute()
    if not path.is_relative_to(home):
        return False
    return not {"site-packages", "dist-packages"} & set(path.relative_to(home).parts)


def _detail(error: BaseException, theirs: TracebackType | None) -> str:
    text = "".join(traceback.format_exception(type(error), error, theirs))
    return text if len(text) <= MOST_DETAIL else f"{text[:MOST_DETAIL]}…\n"
