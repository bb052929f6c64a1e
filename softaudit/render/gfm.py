"""Pieces of GitHub-flavoured Markdown that hold whatever text is put into them.

Text is made harmless by character references, not by backslashes: in a table a backslash before |
means something else than before any other sign, and parsers differ in how many they count.

References
----------
.. [1] GitHub Flavored Markdown Spec, https://github.github.com/gfm/, 4.10 (tables), 6.2 (entity
   and numeric character references), 6.3 (code spans).
"""

from __future__ import annotations

import re
from textwrap import indent
from typing import TYPE_CHECKING

from softaudit.render.facts import line

if TYPE_CHECKING:
    from collections.abc import Sequence

_ACTIVE = re.compile(
    r"""[\\`*\[\]<|~$@#&]|(?<![^\W_])_|_(?![^\W_])|^[-+=>]|^\d+(?=[.)](?:\s|$))|://|www\."""
)
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_IN_CODE = re.compile(r"[^\w /(),=-]|_")


def escape(text: str) -> str:
    """Make text mean itself: no emphasis, link, tag, mention, nor the end of a table's cell."""
    return _ACTIVE.sub(_referred, line(text).strip())


def code(text: str) -> str:
    """Set text as code, on one line, also within tables."""
    text = line(text)
    if text and text == text.strip() and not re.search(r"[`|\\]", text):
        return f"`{text}`"
    return f"<code>{_IN_CODE.sub(_referred, text)}</code>"


def _referred(match: re.Match[str]) -> str:
    return "".join(_NAMED.get(c, f"&#{ord(c)};") for c in match[0])


def fence(command: str) -> str:
    """Set a command as a block that can be copied; "" for none."""
    runs = re.findall("`+", command)
    marks = "`" * max(3, *(len(run) + 1 for run in runs), 0)
    return f"{marks}sh\n{line(command)}\n{marks}" if command else ""


def item(*blocks: str) -> str:
    """Make an item of a list from blocks, which stand indented under its mark."""
    text = "\n\n".join(block for block in blocks if block)
    return f"- {indent(text, '  ').lstrip()}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Lay out a table, some columns aligned to the right."""
    rules = ["---:" if i in right else "---" for i in range(len(heads))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rules, *rows))
