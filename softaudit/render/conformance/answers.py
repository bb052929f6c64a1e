"""The table of answers for a terminal: a mark for each format, as wide as there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from softaudit.render.cell_table import BAD, HEAD, QUIET
from softaudit.render.conformance.words import answer_words, asked_of, brief, marks
from softaudit.studies.conforming import worst_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from softaudit.studies.conforming import Conformance, Question

STYLES = {"×": BAD, "!": BAD, "≠": "yellow", "·": QUIET, "–": QUIET, "≈": ""}

LEAST_NAME = 12
"""Columns to which names are shortened at most."""


def fitting(found: Conformance, width: int) -> Shown:
    """Show as much as there is room for everybody's: formats over marks, words beside, whole names.

    What has no room even so goes into another table below.
    """
    for heads, with_words in ((True, True), (False, True), (True, False), (False, False)):
        shown = Shown(found, heads=heads, with_words=with_words)
        if shown.width() <= width:
            return shown
    longest = max((len(one.name) for one in found.respondents), default=LEAST_NAME)
    for most in range(longest, LEAST_NAME, -1):
        shown = Shown(found, most=most)
        if shown.width() <= width:
            return shown
    shown = Shown(found, most=LEAST_NAME)
    longest = max(shown.each.values(), default=0)
    narrow = shown.label + 1 + shown.answer + 1 + longest > width
    return Shown(found, most=LEAST_NAME, with_answers=False) if narrow else shown


def shortened(name: str, most: int) -> str:
    """Shorten a name in its middle: what tells one function from another is at its end."""
    if len(name) <= most:
        return name
    end = most * 2 // 3
    return f"{name[: most - end - 1]}…{name[len(name) - end :]}"


class Shown:
    """What a table shows, and how wide that is; the same for all functions, that they align."""

    def __init__(
        self,
        found: Conformance,
        *,
        heads: bool = False,
        with_words: bool = False,
        with_answers: bool = True,
        most: int | None = None,
    ) -> None:
        self.found, self.with_words = found, with_words
        names = [respondent.name for respondent in found.respondents]
        short = [shortened(name, most or len(name)) for name in names]
        self.names = dict(
            zip(names, short if len(set(short)) == len(names) else names, strict=True)
        )
        several = heads and len(found.formats) > 1
        self.head = " ".join(map(_brief_format, found.formats)) if several else ""
        self.rows = {f: [(row.name, found.about(f, row.name)) for row in found.edge_rows]
                     for f in found.functions}  # fmt: skip
        lines = [line for of in self.rows.values() for line in of]
        self.label = max(len(text) for text in (*(name for name, _ in lines), *found.functions))
        answers = [len(answer_words(qs)) for _, qs in lines] if with_answers else []
        self.answer = max([len("answer"), *answers]) if with_answers else 0
        self.each = {
            name: max(len(shown), len(self.head), *(len(self.cell(qs, name)) for _, qs in lines))
            for name, shown in self.names.items()
        }

    def cell(self, questions: Sequence[Question], name: str) -> Text:
        """Give marks, and of the worst reply how it deviates."""
        signs = marks(questions, name)
        words = brief(worst_of([q.of(name) for q in questions])) if self.with_words else ""
        text = Text()
        for sign in signs:
            text.append(sign, STYLES[sign])
        return text.append(f" {words}" if words else "")

    def width(self, names: Sequence[str] | None = None) -> int:
        """Give the columns that a table of respondents takes; of all by default."""
        shown = self.each if names is None else names
        return self.label + 1 + self.answer + sum(1 + self.each[name] for name in shown)

    def tables(self, width: int) -> Iterator[Table]:
        """Lay out functions one below the other, and as many respondents at once as have room."""
        for function in self.found.functions:
            part: list[str] = []
            for name in asked_of(self.found, function):
                if part and self.width([*part, name]) > width:
                    yield self.table(function, part)
                    part = []
                part.append(name)
            yield self.table(function, part)

    def table(self, function: str, names: Sequence[str]) -> Table:
        """Lay out one function."""
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style=HEAD)
        table.add_column(function, no_wrap=True, min_width=self.label)
        if self.answer:
            table.add_column("answer", no_wrap=True, min_width=self.answer)
        for name in names:
            head = Text(self.names[name]).append(f"\n{self.head}" if self.head else "", QUIET)
            table.add_column(head, no_wrap=True, min_width=self.each[name])
        for label, questions in self.rows[function]:
            cells = (self.cell(questions, name) for name in names)
            answer = [answer_words(questions)] if self.answer else []
            table.add_row(label, *answer, *cells)
        return table


def _brief_format(name: str) -> str:
    """Give a format in few letters: 16, b16, 32, e4m3fn."""
    return name.rpartition("_")[2].replace("bfloat", "b").replace("float", "")
