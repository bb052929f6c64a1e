"""JSON as its standard has it, and no key twice: which a bad merge leaves behind."""

from __future__ import annotations

import json
from typing import Any


def loads(text: str) -> Any:
    """Parse JSON.

    Raises
    ------
    ValueError
        If it is none, has NaN or Infinity as numbers, a key twice, or is nested too deeply.
    """
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_each_once)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return found
