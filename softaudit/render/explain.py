"""What a name stands for, laid out for a screen; and the list of all names."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from softaudit.figures import FIGURES
from softaudit.render.columns import COLUMNS
from softaudit.render.diff import FEWER_IS_WORSE
from softaudit.render.docstring import Docstring, read
from softaudit.render.layout import to_text
from softaudit.render.limits import rows
from softaudit.render.topics import by_last_part, figure_of, topics
from softaudit.schema import figures
from softaudit.studies.limits import limits
from softaudit.wording import NO_BREAK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.console import RenderableType

    from softaudit.render.screen import Screen
    from softaudit.render.topics import Topic

    Rows = Sequence[tuple[str, str]]


def explain(found: Sequence[Topic], screen: Screen) -> str:
    """Lay out what there is to say of some topics, one below the other.

    Parameters
    ----------
    found : sequence of Topic
    screen : Screen
        Text is wrapped to its width, and not within a formula where that can be helped.
    """
    return "\n".join(to_text(Group(*_parts(topic)), screen) for topic in found)


def _parts(topic: Topic) -> Iterator[RenderableType]:
    text = _with_group(topic)
    yield Text.assemble((topic.name, "bold"), "  ", (topic.kind, "dim"))
    yield Padding(Text(unbroken(text.summary)), (0, 0, 0, 2))
    for paragraph in text.body:
        yield Padding(Text(unbroken(paragraph)), (1, 0, 0, 2))
    more = _MORE[topic.kind](topic) if topic.kind in _MORE else ()
    for pairs in filter(None, (list(_told(topic, text)), *more)):
        yield Padding(_grid(pairs), (1, 0, 0, 2))


def _with_group(topic: Topic) -> Docstring:
    """Read a topic's text, and that of the group that a figure is in, which has the definition."""
    text = read(topic.text)
    group, _, own = _figure(topic).rpartition(".")
    if not (own and group in figures()):
        return text
    more = read(figures()[group])
    return Docstring(
        text.summary, (*text.body, more.summary, *more.body), (*text.labels, *more.labels), ()
    )


def _figure(topic: Topic) -> str:
    """Name the figure that a topic is, or shows; "" of others."""
    if topic.kind == "column":
        return figure_of(topic.name)
    return topic.name if topic.kind == "figure" else ""


def _told(topic: Topic, text: Docstring) -> Iterator[tuple[str, str]]:
    """Give labels and what stands beside them: of the text, of the command line, the sources."""
    yield from text.labels
    figure = _figure(topic)
    if topic.kind == "column":
        yield "Figure", figure
    if topic.kind == "figure":
        shown = [name for name in COLUMNS if figure_of(name) == topic.name]
        yield from (("Column", f"--columns{NO_BREAK}{name}") for name in shown)
    if figure in FIGURES:
        sign = ">=" if figure in FEWER_IS_WORSE else "<="
        yield "Require", f'--require "*: {figure} {sign} LIMIT"'.replace(" ", NO_BREAK)
    yield from (("Source", source) for source in text.references)


def _of_function(topic: Topic) -> Iterator[Rows]:
    own = (t for t in topics() if t.kind == "algorithm" and t.name.startswith(f"{topic.name}/"))
    yield [(t.short, read(t.text).summary) for t in own]


def _of_format(topic: Topic) -> Iterator[Rows]:
    (found,) = limits((topic.name,))
    yield rows(found)


def _of_figure(topic: Topic) -> Iterator[Rows]:
    own = [t for t in topics() if t.kind == "figure"]
    yield [(t.name, _brief(t)) for t in own if t.name.startswith(f"{topic.name}.")]
    if topic.kind == "column":
        others = [
            t.name
            for t in by_last_part(topic.name, own)
            if t.name not in (topic.name, figure_of(topic.name))
        ]
        yield [("Also", ", ".join(others))] if others else []


def _of_word(topic: Topic) -> Iterator[Rows]:
    yield [(t.name, _brief(t)) for t in topics() if t.kind == topic.name]


_MORE: dict[str, Callable[[Topic], Iterable[Rows]]] = {
    "function": _of_function,
    "format": _of_format,
    "figure": _of_figure,
    "column": _of_figure,
    "word": _of_word,
}
"""Tables that follow the text, by the kind of topic."""


def names(screen: Screen) -> str:
    """List all names, kind by kind, each with as much of its first sentence as one line takes."""
    parts: list[RenderableType] = [Text(unbroken(_HEAD))]
    for kind, group in groupby(topics(), lambda topic: topic.kind):
        found = {topic.name: _brief(topic) for topic in group}
        longest = max(map(len, found))
        parts.append(Text(f"\n{kind}s", style="bold"))
        for name, text in found.items():
            line = Text(f"  {name:{longest}}  {text}", no_wrap=True)
            line.truncate(screen.width, overflow="ellipsis")
            parts.append(line)
    return to_text(Group(*parts), screen)


_HEAD = (
    "softaudit explain NAME tells what a name stands for: one of these, the last part of a "
    "figure's, or a cell's name.  softaudit explain schema prints the JSON Schema."
)


def _brief(topic: Topic) -> str:
    return read(topic.text).summary.removesuffix(".")


def _grid(pairs: Rows) -> Table:
    """Lay out names and texts side by side; a name that is repeated stands once."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=max(len(name) for name, _ in pairs))
    table.add_column(overflow="fold")
    before = None
    for name, text in pairs:
        table.add_row("" if name == before else name, unbroken(text))
        before = name
    return table


def unbroken(text: str) -> str:
    """Keep the parts of formulas together: no line ends beside an operator."""
    text = re.sub(r" ([=−+/·×<>≤≥≈←]) ", rf"{NO_BREAK}\1{NO_BREAK}", text)
    return re.sub(r"(Σ|max|log) (?=[Σ\w]\b|Σ)", rf"\1{NO_BREAK}", text)
