"""Read logits written on the command line, such as `[40, 0]` or `[[1, 2], [-inf, nan]]`.

The json module reads the brackets, `float()` the numbers.  JSON alone was rejected, since it knows
no `inf`, `+1` or `.5`, and so was `ast.literal_eval`, which knows no `inf` or `nan`.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from softaudit.errors import InputError
from softaudit.sources.csv import changed, number
from softaudit.sources.opening import Found, printable, refuse_key

if TYPE_CHECKING:
    from softaudit.sources.opening import Wanted

_MOST_AXES = 32


def read(text: str, name: str, key: Wanted) -> list[Found]:
    """Read literal logits.

    Parameters
    ----------
    text : str
        Numbers in nested brackets, separated by commas.
    name : str
        What to call it in a message.
    key : str, tuple of str, or None
        Must be no string: there is one array.

    Returns
    -------
    list of Found
        The one array as float64, with as many axes as brackets are nested.

    Raises
    ------
    InputError
        If there is a key, or the text is not a regular nest of numbers.
    """
    refuse_key(key, name)
    numbers: list[float] = []

    def take(match: re.Match[str]) -> str:
        try:
            numbers.append(number(match[0]))
            if reason := changed(match[0], numbers[-1]):
                raise InputError(f"{name}, character {match.start() + 1}: {match[0]} {reason}")
        except ValueError as error:
            shown = printable(match[0], 40)
            raise InputError(
                f"{name}, character {match.start() + 1}: '{shown}' is not a number "
                "(nor is there a file of this name)"
            ) from error
        return "0"

    skeleton = re.sub(r"[^\[\],\s]+", take, text)
    # Counted first, since whatever reads nested brackets recurses.
    if max(accumulate((c == "[") - (c == "]") for c in skeleton)) > _MOST_AXES:
        raise InputError(f"{name}: over {_MOST_AXES} brackets deep; write rows of numbers")
    try:
        shape = _shape(json.loads(skeleton))
    except json.JSONDecodeError as error:
        raise InputError(
            f"{name}: brackets or commas out of place; write it like '[[1, 2], [3, -inf]]'"
        ) from error
    if shape is None:
        raise InputError(f"{name}: rows of different length; give every row as many numbers")
    return [Found(np.array(numbers).reshape(shape), "text")]


def _shape(nest: object) -> tuple[int, ...] | None:
    """Give the shape of nested lists, or None where they are ragged."""
    if not isinstance(nest, list):
        return ()
    shapes = {_shape(part) for part in nest}
    if len(shapes) > 1 or None in shapes:
        return None
    return (len(nest), *(shapes.pop() or ())) if shapes else (0,)
