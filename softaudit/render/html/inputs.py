"""What a page keeps of each input, while it goes through all of them once.

An audit is hundreds of kilobytes, and there may be hundreds of them: of each only what its line
shows is kept, and what it opens to, already as JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING, Any

from softaudit.findings import findings
from softaudit.grouping import grouped
from softaudit.json_v1.write import as_json
from softaudit.render.facts import header_facts
from softaudit.render.html.cells import STATES, mark
from softaudit.render.html.elements import element
from softaudit.render.html.figures import COLUMNS, figure, spoken, value
from softaudit.render.html.maps import Maps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from softaudit.model import Audit, Cell, CellKey
    from softaudit.render.html.cells import Mark
    from softaudit.state import State

IN_TABLE = "max"
"""The figure that an input's line in the table has already."""


@dataclass(frozen=True, slots=True)
class Line:
    """An input in the table of inputs.

    Attributes
    ----------
    name : str
    logits : int
        Of the rows that were audited.
    of : int
        How many its source has.
    state : str
        The worst of its cells'.
    broken : int
        How many cells break.
    marks : mapping of int to Mark
        By the cell's number on the page.
    details : str
        What it opens to, as JSON.
    """

    name: str
    logits: int
    of: int
    state: State
    broken: int
    marks: dict[int, Mark]
    details: str


@dataclass(slots=True)
class Inputs:
    """What is kept of all inputs.

    Attributes
    ----------
    lines : list of Line
    numbers : dict of CellKey to int
        The cells' numbers on the page.
    first : list of Audit
        For each cell the first input that has it, without its cells.
    sentences : list of (str, list of str)
        What was found in the first input, kind by kind.
    facts : tuple of str
        What the first input is.
    files : set of str
    causes : set of str
        Those that are named anywhere.
    partial : list of str
        Inputs that were interrupted.
    maps : Maps
    """

    lines: list[Line] = field(default_factory=list)
    numbers: dict[CellKey, int] = field(default_factory=dict)
    first: list[Audit] = field(default_factory=list)
    sentences: list[tuple[str, list[str]]] = field(default_factory=list)
    facts: tuple[str, ...] = ()
    files: set[str] = field(default_factory=set)
    causes: set[str] = field(default_factory=set)
    partial: list[str] = field(default_factory=list)
    maps: Maps = field(default_factory=Maps)

    def keeping(self, audits: Iterable[Audit]) -> Iterator[Audit]:
        """Give audits on, and keep of each what the page needs."""
        for audit in audits:
            self._keep(audit)
            yield audit

    def _keep(self, audit: Audit) -> None:
        sentences = _sentences(audit)
        facts = tuple(map(spoken, header_facts(audit)))
        if not self.lines:
            self.sentences, self.facts = sentences, facts
        name = spoken(audit.source.input)
        self.partial += [name] if audit.partial is not None else []
        self.files.add(audit.source.name)
        marks = {self._number(cell, audit): mark(cell) for cell in audit.cells}
        states = [found.state for found in marks.values()]
        broken = states.count("breaks")
        self.maps.add(len(self.lines), audit, self.numbers, broken)
        self.causes.update(worst.cause for cell in audit.cells for worst in cell.worst)
        self.lines.append(
            Line(
                name=name,
                logits=_audited(audit),
                of=prod(audit.source.shape),
                state=min(states, key=STATES.index, default="skipped"),
                broken=broken,
                marks=marks,
                details=self._details(audit, facts, sentences),
            )
        )

    def _number(self, cell: Cell, audit: Audit) -> int:
        if cell.key not in self.numbers:
            self.numbers[cell.key] = len(self.numbers)
            self.first.append(replace(audit, cells=(), tables=()))
        return self.numbers[cell.key]

    def _details(
        self, audit: Audit, facts: tuple[str, ...], sentences: list[tuple[str, list[str]]]
    ) -> str:
        commands: dict[tuple[str, str], int] = {}
        cells = [
            [self.numbers[cell.key], *_figures(cell), *_worst(audit, cell, commands)]
            for cell in audit.cells
        ]
        return json_text(
            {
                "facts": " · ".join(facts),
                "found": sentences,
                "cells": cells,
                "commands": list(commands),
                "skipped": [[spoken(s.cell), spoken(s.reason)] for s in audit.skipped],
            }
        )


def _audited(audit: Audit) -> int:
    """Count the logits of the rows that the audit took."""
    rows = max((sum(cell.rows.values()) for cell in audit.cells), default=0)
    return rows * audit.source.columns


def _sentences(audit: Audit) -> list[tuple[str, list[str]]]:
    kinds = grouped((found.kind, spoken(found.text)) for found in findings(audit))
    return [(kind, texts) for kind, texts in kinds.items()]


def _figures(cell: Cell) -> tuple[str, list[Any]]:
    texts = "\t".join(figure(cell, column).text for column in COLUMNS)
    return texts, [value(cell, column) for column in COLUMNS if column != IN_TABLE]


def _worst(audit: Audit, cell: Cell, commands: dict[tuple[str, str], int]) -> list[Any]:
    """Give cause, place, computed, exact, and the command as its number and the row in it."""
    if not cell.worst:
        return []
    found = element(audit, cell, cell.worst[0])
    index = cell.worst[0].index
    row = ",".join(map(str, (index if cell.key.function == "logsumexp" else index[:-1]) or (0,)))
    before, option, after = found.command.partition(f" --row {row}")
    number = commands.setdefault((before, after), len(commands))
    return [found.cause, found.place, found.computed, found.exact, number, row if option else ""]


def json_text(document: Any) -> str:
    """Give JSON as short as it gets, with nothing in it that ends an element of HTML."""
    text = json.dumps(as_json(document), ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
