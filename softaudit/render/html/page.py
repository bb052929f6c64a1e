"""The page: what its template is given."""

from __future__ import annotations

from base64 import b64encode
from collections import deque
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Any

from softaudit.grouping import grouped
from softaudit.metrics import CAUSES, EXPLANATIONS
from softaudit.render import columns, verdicts
from softaudit.render.docstring import read
from softaudit.render.html.cells import STATES, views
from softaudit.render.html.figures import COLUMNS, columns_of, spoken
from softaudit.render.html.inputs import Inputs, json_text
from softaudit.render.html.scale import LABELS
from softaudit.render.html.templating import template, text_of
from softaudit.render.summary_words import summary_findings
from softaudit.summary import summarize
from softaudit.wording import count, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from softaudit.model import Cell
    from softaudit.render.html.cells import CellView
    from softaudit.report import Judgement, Report, Ruling, Verdict
    from softaudit.summary import CellSummary

MOST_FAILURES = 50
"""How many verdicts are shown in full."""


def page(report: Report) -> Iterator[str]:
    """Give the page piece by piece."""
    inputs = Inputs()
    passing = inputs.keeping(report.audits)
    summary = report.summary
    if summary is None:
        summary = summarize(passing)
    else:
        deque(passing, maxlen=0)
    cells = tuple(views(summary, inputs.numbers, inputs.first))
    yield from template("page.html").generate(_shown(report, inputs, summary, cells))


def _shown(
    report: Report, inputs: Inputs, found: Sequence[CellSummary], cells: Sequence[CellView]
) -> dict[str, Any]:
    style, script = map(text_of, ("page.css", "page.js"))
    return {
        "style": style,
        "script": script,
        "script_hash": b64encode(sha256(script.encode()).digest()).decode(),
        "title": _title(inputs, report),
        "report": report,
        "inputs": inputs,
        "logits": sum(line.logits for line in inputs.lines),
        "of": sum(line.of for line in inputs.lines),
        "late": sum(skipped.interrupted for skipped in report.skipped),
        "cells": cells,
        "matrix": matrix(cells),
        "heads": _heads(cells),
        "columns": _columns([summary.cell for summary in found]),
        "states": STATES,
        "labels": LABELS,
        "sentences": inputs.sentences if len(inputs.lines) == 1 else _overall(inputs, found),
        "judgement": None if report.judgement is None else _judgement(report.judgement),
        "causes": [(c, read(EXPLANATIONS[c])) for c in CAUSES if c in inputs.causes],
        "skipped": [(spoken(s.source), spoken(s.reason)) for s in report.skipped],
        "spoken": spoken,
        "data": _data(inputs, cells),
    }


def _columns(cells: Sequence[Cell]) -> list[tuple[str, str]]:
    return [columns.head(name, cells) for name in columns_of(cells)]


def _title(inputs: Inputs, report: Report) -> str:
    if len(inputs.lines) == 1 and not report.skipped:
        return inputs.lines[0].name
    return plain(f"{count(len(inputs.lines), 'input')} in {count(len(inputs.files), 'file')}")


@dataclass(frozen=True, slots=True)
class Matrix:
    """The cells of functions and algorithms, line by line, by their arithmetics.

    Attributes
    ----------
    formats : tuple of str
        The arithmetics: its columns.
    lines : tuple of (str, str, tuple of CellView or None)
        Function, algorithm, and the cell of each arithmetic.
    """

    formats: tuple[str, ...]
    lines: tuple[tuple[str, str, tuple[CellView | None, ...]], ...]


def matrix(cells: Sequence[CellView]) -> Matrix:
    """Lay out cells as a matrix, in the order in which they come."""
    formats = tuple(dict.fromkeys(cell.format for cell in cells))
    by_place = {(cell.function, cell.algorithm, cell.format): cell for cell in cells}
    lines = dict.fromkeys((cell.function, cell.algorithm) for cell in cells)
    return Matrix(
        formats,
        tuple((f, a, tuple(by_place.get((f, a, form)) for form in formats)) for f, a in lines),
    )


def _heads(cells: Sequence[CellView]) -> list[list[tuple[str, int]]]:
    """Give functions, and formats below them, with how many cells stand below each."""
    functions = [(name, len(list(run))) for name, run in groupby(c.function for c in cells)]
    formats = [
        (name, len(list(run))) for (_, name), run in groupby((c.function, c.format) for c in cells)
    ]
    return [functions, formats]


def _overall(inputs: Inputs, found: Sequence[CellSummary]) -> list[tuple[str, list[str]]]:
    """Say which inputs break most, and what holds in all of them."""
    if not inputs.first:
        return []
    sentences = summary_findings(found, len(inputs.lines))
    kinds = grouped((sentence.kind, spoken(sentence.text)) for sentence in sentences)
    return [(kind, list(texts)) for kind, texts in kinds.items()]


def _judgement(judgement: Judgement) -> dict[str, Any]:
    shown = judgement.failures[:MOST_FAILURES]
    return {
        "passed": judgement.passed,
        "summary": verdicts.summary(judgement),
        "rulings": [_ruling(ruling) for ruling in judgement.rulings],
        "failures": [_failure(verdict) for verdict in shown],
        "more": len(judgement.failures) - len(shown),
        "notes": [spoken(note) for note in judgement.notes],
    }  # fmt: skip


def _ruling(ruling: Ruling) -> dict[str, Any]:
    return {
        "text": spoken(ruling.requirement.text),
        "input": spoken(ruling.requirement.input or ""),
        "word": verdicts.ruling_word(ruling),
        "failed": sum(not verdict.passed for verdict in ruling.verdicts),
        "of": len(ruling.verdicts),
        "passing": verdicts.passing_words(ruling),
    }


def _failure(verdict: Verdict) -> dict[str, Any]:
    return {
        "word": verdicts.verdict_word(verdict),
        "input": spoken(verdict.input),
        "cell": spoken(verdict.cell),
        "texts": (spoken(verdict.text), verdicts.worst_words(verdict)),
        "command": verdict.command,
    }


def _data(inputs: Inputs, cells: Sequence[CellView]) -> str:
    """Give what the script lays out: JSON, of which each input's part is already written."""
    places = {
        cell.number: [cell.function, cell.format, cell.algorithm, cell.anchor, place]
        for place, cell in enumerate(cells)
    }
    head = json_text(
        {
            "columns": [" ".join(columns.COLUMNS[name].head) for name in COLUMNS],
            "cells": [places[number] for number in sorted(places)],
            "maps": inputs.maps.document(),
        }
    )
    details = ",".join(line.details for line in inputs.lines)
    return f'{head[:-1]},"inputs":[{details}]}}'


__all__ = ["Matrix", "matrix", "page"]
