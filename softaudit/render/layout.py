"""From what rich lays out to text: for a width, in colors or without."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console

from softaudit.wording import plain

if TYPE_CHECKING:
    from rich.console import RenderableType

    from softaudit.render.screen import Screen


class Fixed:
    """Content whose lines are as long as they are: it is never wrapped or cropped."""

    def __init__(self, content: RenderableType) -> None:
        self.content = content


def to_text(content: RenderableType | Fixed, screen: Screen) -> str:
    """Lay out content as a string without trailing blanks."""
    fixed = isinstance(content, Fixed)
    console = Console(
        file=StringIO(),
        width=WIDEST if fixed else screen.width,
        force_terminal=screen.color,
        color_system="standard" if screen.color else None,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(content.content if isinstance(content, Fixed) else content, crop=False)
    lines = plain(capture.get()).split("\n")
    return "\n".join(line.rstrip() for line in lines)


WIDEST = 10_000
