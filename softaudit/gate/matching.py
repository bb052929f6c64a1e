"""Patterns in requirements: * and ? stand for anything, and every other sign for itself.

fnmatch gives brackets a meaning too, which literal logits and many folders have in their names.
"""

from __future__ import annotations

import re
from functools import cache

WILDCARDS = "*?"


def is_pattern(text: str) -> bool:
    """Whether it has wildcards."""
    return any(sign in text for sign in WILDCARDS)


def matches(name: str, pattern: str) -> bool:
    """Whether a name is one that a pattern stands for."""
    return _compiled(pattern).fullmatch(name) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = [".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern]
    return re.compile("".join(parts), re.DOTALL)
